"""Work that goes on when the interpreter ends is stopped then, and waited for."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
import weakref
from typing import Protocol

EXIT_S = 20.0
"""Most seconds that the end is held up.

Importing TensorFlow, or compiling a first step, takes several.
"""


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
    deadline = time.monotonic() + EXIT_S
    all_open = list(_open)
    threads = [one.thread for one in all_open]
    for one in all_open:
        with contextlib.suppress(Exception):
            one.close()
    for thread in threads:
        if thread is not None:
            thread.join(max(0.0, deadline - time.monotonic()))


# TensorFlow imports it, and when the end has come it can no longer be imported.
importlib.import_module("concurrent.futures.thread")

# With `atexit` it would be too late: what h5py, which TensorFlow imports, registers there
# while the registered functions are being called is left out, and HDF5 then calls into an
# interpreter that is gone: a segmentation fault. `concurrent.futures` ends its threads in
# this way; the public one, a thread that waits for the main one, would be there all the time.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]
