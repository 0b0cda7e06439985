"""Frame: what one step of an optimization shows; the one value that travels."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Frame:
    """The outcome of one step.

    Args:
        step: the number of the update just done, counted from 0.
        objective: the value of the objective which that update saw; higher is
            better; may be NaN.
        images: float32 ``[batch, height, width, channels]`` in [0, 1], or a
            function that makes them, always the same. It is called when they are
            looked at, as most frames never are, and again once nobody holds them.
        state: the engine's state after the update, to resume from.
    """

    __slots__ = ("_held", "_images", "_lock", "objective", "state", "step")

    def __init__(
        self,
        step: int,
        objective: float,
        images: NDArray[np.float32] | Callable[[], NDArray[np.float32]],
        state: Any = None,
    ) -> None:
        self.step = step
        self.objective = objective
        self.state = state
        self._images = images
        self._held: Callable[[], NDArray[np.float32] | None] = lambda: None
        self._lock = threading.Lock()

    @property
    def images(self) -> NDArray[np.float32]:
        """The images, float32 ``[batch, height, width, channels]`` in [0, 1]."""
        if not callable(self._images):
            return self._images
        with self._lock:
            images = self._held()
            if images is None:
                images = self._images()
                self._held = weakref.ref(images)
            return images

    def __repr__(self) -> str:
        return f"Frame(step={self.step}, objective={self.objective:.4g})"
