"""IconSheet: many icons, small, at their places on one picture.

What is far away is drawn from it: one file for the whole map instead of thousands.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LARGEST_SIDE = 2400
"""Of a sheet, in pixels."""

MAX_KEPT = 250_000
"""Most bytes of a sheet that a saved notebook keeps."""


class IconSheet:
    """Icons at their places, small; empty at first.

    Args:
        places: `[cells, 2]`, row and column.
        grid_size: rows and columns of the sheet.

    Attributes:
        tile: side of a place, in pixels: 8 to 32.
        drawn: bool `[cells]`.
    """

    def __init__(self, places: NDArray[np.int32], grid_size: int) -> None:
        self._places = places
        self._grid_size = grid_size
        self.tile = max(8, min(32, LARGEST_SIDE // grid_size))
        self.drawn = np.zeros(len(places), bool)
        self._tiles = np.zeros((len(places), self.tile, self.tile, 3), np.uint8)

    def draw(self, cell: int, pixels: NDArray[np.uint8]) -> None:
        """Put an icon at its place."""
        small = Image.fromarray(_three(pixels)).resize(
            (self.tile, self.tile), Image.Resampling.BOX
        )
        self._tiles[cell] = np.asarray(small)
        self.drawn[cell] = True

    def pixels(self) -> NDArray[np.uint8]:
        """Return the sheet, on white."""
        side, tile = self._grid_size, self.tile
        sheet = np.full((side, tile, side, tile, 3), 255, np.uint8)
        for cell in np.flatnonzero(self.drawn):
            row, column = self._places[cell]
            sheet[row, :, column] = self._tiles[cell]
        return sheet.reshape(side * tile, side * tile, 3)

    def file(self, qualities: Sequence[int] = (85,), most: int | None = None) -> bytes:
        """Return the sheet as a WebP file.

        Args:
            qualities: from 1 to 100, tried one after the other.
            most: bytes; what is still larger is made smaller, in pixels.
        """
        image = Image.fromarray(self.pixels())
        data = b""
        for quality in qualities:
            data = _webp(image, quality)
            if most is None or len(data) <= most:
                return data
        while most is not None and len(data) > most and min(image.size) > 16:
            # A sheet has more blank space than its files say: not all at once.
            scale = max(0.5, 0.9 * (most / len(data)) ** 0.5)
            image = image.resize([max(1, int(side * scale)) for side in image.size])
            data = _webp(image, qualities[-1])
        return data


def _webp(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality, method=4)
    return file.getvalue()


def _three(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels[..., :3]
