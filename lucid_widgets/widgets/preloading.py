"""When TensorFlow is imported, and on which thread.

TensorFlow and Keras import each other. If one thread imports the one while another
thread imports the other, Python breaks the deadlock by showing one of them half a
module, and somebody's `import keras` fails with an AttributeError. A widget that
imports TensorFlow on its worker thread would do that to the user's next cell.

So in a notebook the import is done on the main thread, between two cells: it is put
into the kernel's event loop as soon as a widget is made, and runs when the cell that
made it has ended. Where that does not come about (a cell that goes on and on; no
kernel), the worker thread does it after all, and keeps clear of imports in progress.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
import time
from collections.abc import Callable

ENGINE = "lucid_widgets.optvis.render"

PATIENCE_S = 2.0
"""Seconds that the worker thread waits for the cell in progress to end."""

LONGEST_S = 60.0
"""Seconds after which an import in progress is taken for a dead one."""

_imported = threading.Event()
_asked = threading.Event()


def import_engine() -> None:
    """Import the engine, and TensorFlow with it, here and now."""
    importlib.import_module(ENGINE)
    _imported.set()


def import_between_cells() -> None:
    """Have the engine imported on the kernel's main thread, when the cell has ended.

    Does nothing where there is no kernel.
    """
    if _imported.is_set() or _asked.is_set():
        return
    if between_cells(_import_quietly):
        _asked.set()


def between_cells(call: Callable[[], object]) -> bool:
    """Have something called on the kernel's main thread, between two cells.

    Returns:
        False where there is no kernel: it will not be called.
    """
    kernel_module = sys.modules.get("ipykernel.kernelbase")
    if kernel_module is None or not kernel_module.Kernel.initialized():
        return False
    kernel_module.Kernel.instance().io_loop.add_callback(call)
    return True


def import_on_worker() -> None:
    """Import the engine on a thread that is not the main one, if nobody else does."""
    if _asked.is_set():
        _imported.wait(PATIENCE_S)
    deadline = time.monotonic() + LONGEST_S
    while _is_in_progress() and time.monotonic() < deadline:
        _imported.wait(0.05)
    import_engine()


def _import_quietly() -> None:
    # What fails here fails again on the worker thread, which reports it.
    with contextlib.suppress(Exception, KeyboardInterrupt):
        import_engine()


def _is_in_progress() -> bool:
    """Return whether some thread is importing TensorFlow or Keras now."""
    for name in ("tensorflow", "keras"):
        spec = getattr(sys.modules.get(name), "__spec__", None)
        if getattr(spec, "_initializing", False):
            return True
    return False
