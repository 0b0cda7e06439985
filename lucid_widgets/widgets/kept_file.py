"""Pictures as files of bounded size, for what a saved notebook keeps."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_KEPT = 250_000
"""Most bytes of a picture that a saved notebook keeps."""

QUALITIES = (80, 60, 40)


def kept_file(
    pixels: NDArray[np.uint8],
    most: int = MAX_KEPT,
    qualities: Sequence[int] = QUALITIES,
) -> bytes:
    """Return a picture as a WebP file, the better the smaller it is.

    Args:
        pixels: uint8 ``[height, width, 1 | 3 | 4]``; opacity is dropped.
        most: bytes. A picture that is still larger loses pixels.
        qualities: 1 to 100, tried one after the other.
    """
    image = Image.fromarray(colours(pixels))
    data = b""
    for quality in qualities:
        data = _webp(image, quality)
        if len(data) <= most:
            return data
    while len(data) > most and min(image.size) > 16:
        # A few steps: files do not shrink in proportion to their pixels.
        scale = max(0.5, 0.9 * (most / len(data)) ** 0.5)
        image = image.resize([max(1, int(side * scale)) for side in image.size])
        data = _webp(image, qualities[-1])
    return data


def colours(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels with three channels."""
    return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels[..., :3]


def _webp(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality, method=4)
    return file.getvalue()
