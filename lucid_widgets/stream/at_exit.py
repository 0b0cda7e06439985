"""Work that goes on when the interpreter ends is stopped then, and waited for."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
import weakref
from typing import Protocol

EXIT_S = 20.0
"""Most seconds that the end is held up: importing TensorFlow, or compiling a first step, takes several."""


class Closable(Protocol):
    """Something that works on a thread of its own."""

    @property
    def thread(self) -> threading.Thread | None:
        """The thread, if there is one."""

    def close(self) -> None:
        """Stop after what is in progress."""


_open: weakref.WeakSet[Closable] = weakref.WeakSet()


def close_at_exit(one: Closable) -> None:
    """Close something before the interpreter takes its modules apart."""
    _open.add(one)


def _close_all() -> None:
    all_open = list(_open)
    for one in all_open:
        with contextlib.suppress(Exception):
            one.close()
    deadline = time.monotonic() + EXIT_S
    for one in all_open:
        if one.thread is not None:
            one.thread.join(max(0.0, deadline - time.monotonic()))


# TensorFlow imports it, and when the end has come it can no longer be imported.
importlib.import_module("concurrent.futures.thread")

# With `atexit` it would be too late: what h5py, which TensorFlow imports, registers there
# while the registered functions are being called is left out, and HDF5 then calls into an
# interpreter that is gone: a segmentation fault.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]
