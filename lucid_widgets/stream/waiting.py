"""Waiting that Ctrl-C ends, on any platform."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

INTERRUPT_S = 0.5
"""Seconds between two looks for Ctrl-C where waiting cannot be interrupted."""


def wait_until(
    changed: threading.Condition, done: Callable[[], bool], timeout: float | None
) -> bool:
    """Wait until something is so.

    Args:
        changed: held by the caller, and notified when it may have become so.
        done: whether it is so.
        timeout: most seconds to wait; None: as long as it takes.

    Returns:
        Whether it is so.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while not done():
        left = INTERRUPT_S
        if deadline is not None:
            left = min(left, deadline - time.monotonic())
            if left <= 0:
                return False
        changed.wait(left)
    return True
