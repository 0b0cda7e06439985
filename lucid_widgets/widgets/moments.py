"""Moments: how a picture grew, in few small pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lucid_widgets.widgets.kept_file import colours, kept_file

MOST = 12
"""Moments that are kept, at most."""

MOST_BYTES = 10_000
"""Bytes of each file, at most."""

AREA = 320 * 320
"""Pixels of each, at most."""


class Moments:
    """Pictures of one growth, in their order, evenly spread however long it goes on.

    Of those noted, every one is held at first. Whenever there are too many, every second
    one goes, and from then on only every second one, fourth, ... is held.
    """

    def __init__(self) -> None:
        self._held: list[Image.Image] = []
        self._every = 1
        self._noted = 0

    def __len__(self) -> int:
        return len(self._held)

    def note(self, pixels: NDArray[np.uint8]) -> None:
        """Take notice of how a picture looks now.

        Args:
            pixels: uint8 ``[height, width, 1 | 3 | 4]``.
        """
        is_due = self._noted % self._every == 0
        self._noted += 1
        if not is_due:
            return
        if len(self._held) == MOST:
            del self._held[1::2]
            self._every *= 2
        self._held.append(_small(pixels))

    def files(self) -> list[bytes]:
        """Return the pictures held, the first one first, as WebP files."""
        return [kept_file(np.asarray(image), MOST_BYTES) for image in self._held]


def _small(pixels: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(colours(pixels))
    scale = (AREA / (image.width * image.height)) ** 0.5
    if scale >= 1:
        return image
    return image.resize([max(1, round(side * scale)) for side in image.size])
