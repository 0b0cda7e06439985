"""Gradients of images of any size, computed tile by tile in bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from lucid_widgets.errors import ImageError
from lucid_widgets.shapes import Pixels

Gradient = Callable[[Pixels], Pixels]


def tiled_gradient(
    gradient: Gradient, image: Pixels, tile: int = 512, offset: tuple[int, int] = (0, 0)
) -> Pixels:
    """Return the gradient of a large image, computed on tiles of one size.

    Tiles meet at seams, where neither side sees the other. Drawing a new `offset` in
    every step moves the seams about, so that none of them shows; the image is taken
    to go on periodically.

    Args:
        gradient: from a tile `[height, width, channels]` to its gradient, of the same
            shape. It is called with tiles of one shape only.
        image: `[height, width, channels]`.
        tile: the longest side of a tile, in pixels.
        offset: where the first tile begins: row and column.

    Raises:
        ImageError: `image` has another rank, or `tile` is below 1.

    Example:
        >>> step = tiled_gradient(gradient, image, 512, rng.integers(512, size=2))
    """
    if image.ndim != 3 or not image.size or tile < 1:
        raise ImageError(
            f"an image of shape {image.shape} in tiles of {tile} px; expected [height, "
            "width, channels] and at least 1 px"
        )
    moved = np.roll(image, [-int(offset[0]), -int(offset[1])], axis=(0, 1))
    total, times = np.zeros_like(moved), np.zeros_like(moved[..., :1])
    for part in _tiles(image.shape[0], image.shape[1], tile):
        total[part] += gradient(moved[part])
        times[part] += 1
    return np.roll(total / times, [int(offset[0]), int(offset[1])], axis=(0, 1))


def _tiles(height: int, width: int, tile: int) -> Iterator[tuple[slice, slice]]:
    """Yield the fewest tiles of one size that cover everything; some overlap."""

    def parts(length: int) -> list[slice]:
        count = -(-length // tile)
        side = -(-length // count)
        starts = [min(i * side, length - side) for i in range(count)]
        return [slice(start, start + side) for start in starts]

    yield from itertools.product(parts(height), parts(width))
