"""Frame: what one step of an optimization shows; the one value that travels."""

from __future__ import annotations

import threading
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
            function that makes them. It is called once, on first access: most
            frames are never looked at.
        state: the engine's state after the update, to resume from.
    """

    __slots__ = ("_images", "_lock", "objective", "state", "step")

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
        self._lock = threading.Lock()

    @property
    def images(self) -> NDArray[np.float32]:
        """The images, float32 ``[batch, height, width, channels]`` in [0, 1]."""
        with self._lock:
            if callable(self._images):
                self._images = self._images()
            return self._images

    def __repr__(self) -> str:
        return f"Frame(step={self.step}, objective={self.objective:.4g})"
