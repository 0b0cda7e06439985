"""IconSheet: many icons, small, at their places on one picture.

What is far away is drawn from it: one file for the whole map instead of thousands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lucid_widgets.widgets.kept_file import colours

LARGEST_SIDE = 2400
"""Of a sheet, in pixels."""


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
        small = Image.fromarray(colours(pixels)).resize(
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
