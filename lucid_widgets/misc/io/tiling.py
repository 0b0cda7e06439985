"""Images of one size, side by side in one picture: the geometry, and the copying.

Tiles stand row by row. Anything that may import `misc.io` shares this, the encoder of
frames as well as sprite sheets.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import ImageError, SettingError


def columns_for(count: int, height: int, width: int) -> int:
    """Return how many columns make the sheet of `count` tiles nearest to a square.

    Args:
        count: number of tiles.
        height: height of a tile.
        width: width of a tile.

    Example:
        >>> columns_for(6, 10, 10), columns_for(4, 10, 40)
        (3, 1)
    """

    def elongation(columns: int) -> float:
        rows = math.ceil(count / columns)
        return abs(math.log(columns * width / (rows * height)))

    # Of two equally square sheets, the wide one suits a screen.
    return min(range(count, 0, -1), key=elongation)


def tile(
    images: NDArray[Any], columns: int | None = None, empty: float = 0
) -> NDArray[Any]:
    """Return the images of a batch side by side, row by row.

    Args:
        images: ``[batch, height, width, channels]``, of any type.
        columns: how many stand in a row; as near to a square as can be by default.
        empty: value of the places that no image fills.

    Returns:
        ``[rows * height, columns * width, channels]``, of the same type.

    Raises:
        ImageError: the array has another rank, or is empty.
        SettingError: `columns` is not a positive number.
    """
    if images.ndim != 4 or 0 in images.shape:
        raise ImageError(
            f"images have shape {images.shape}; "
            "expected [batch, height, width, channels], none of them 0"
        )
    count, height, width, channels = images.shape
    if columns is None:
        columns = columns_for(count, height, width)
    if columns < 1:
        raise SettingError(f"columns is {columns!r}; expected at least 1")
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    sheet = np.full((rows * columns, height, width, channels), empty, images.dtype)
    sheet[:count] = images
    grid = sheet.reshape(rows, columns, height, width, channels)
    return grid.swapaxes(1, 2).reshape(rows * height, columns * width, channels)
