"""Frames that need no engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from lucid_widgets.frame import Frame


def picture(step: int, height: int = 6, width: int = 10) -> np.ndarray:
    """Return a batch of one image that differs from step to step."""
    rng = np.random.default_rng(step)
    return rng.random((1, height, width, 3), dtype=np.float32)


class Source:
    """An endless iterator of frames, with a gate, that remembers what befell it."""

    def __init__(self, *, gated: bool = False, fail_at: int | None = None) -> None:
        self.gate = threading.Semaphore(0) if gated else None
        self.fail_at = fail_at
        self.threads: set[threading.Thread] = set()
        self.yielded = 0
        self.closed = 0
        self.made = 0

    def __call__(self) -> Iterator[Frame]:
        self.made += 1
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        step = 0
        try:
            while True:
                if self.gate is not None:
                    assert self.gate.acquire(timeout=10), "nobody opened the gate"
                self.threads.add(threading.current_thread())
                if step == self.fail_at:
                    raise ZeroDivisionError("the model divides by zero")
                self.yielded += 1
                yield Frame(step, step / 10, lambda step=step: picture(step))
                step += 1
        finally:
            self.closed += 1
