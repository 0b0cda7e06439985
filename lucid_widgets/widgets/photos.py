"""Photos that people hand to widgets: arrays, files, uploads; checked and made small."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lucid_widgets.errors import ImageError
from lucid_widgets.misc.io import load
from lucid_widgets.misc.io.decoding import decode_image
from lucid_widgets.shapes import Pixels

MAX_SIDE = 512
"""Networks see less; the page draws no more."""


def as_photo(given: Any, max_side: int = MAX_SIDE) -> Pixels:
    """Return a photo as an array, whatever it came as.

    Args:
        given: an array ``[height, width]`` or ``[height, width, 1 | 3 | 4]``, floats
            in [0, 1] or bytes; the bytes of an image file; its name or address; a
            Pillow image.
        max_side: a longer side is made so long, in pixels.

    Returns:
        float32 ``[height, width, 3]`` in [0, 1]; what is transparent shows white.

    Raises:
        ImageError: an array of another shape, or values that have no place in [0, 1].
        LoadError: a file that is no image, or broken.
    """
    if isinstance(given, bytes | bytearray | memoryview):
        pixels = decode_image(io.BytesIO(bytes(given)), "upload")
    elif isinstance(given, str | Path):
        pixels = load(given)
    elif isinstance(given, Image.Image):
        buffer = io.BytesIO()
        given.save(buffer, "PNG" if given.mode != "CMYK" else "TIFF")
        pixels = decode_image(io.BytesIO(buffer.getvalue()), "image")
    else:
        pixels = np.asarray(given)
    return _small(_colour(pixels), max_side)


def _colour(pixels: Any) -> Pixels:
    """Return an array as colours in [0, 1], or raise."""
    array = np.asarray(pixels)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise ImageError(
            f"the image has shape {list(np.shape(pixels))}; expected [height, width, "
            "3], or 1 or 4 channels"
        )
    if array.dtype == np.uint8:
        array = array.astype(np.float32) / 255
    elif not np.issubdtype(array.dtype, np.floating):
        raise ImageError(
            f"the image's values are {array.dtype}; expected floats from 0 to 1, or "
            "bytes (uint8)"
        )
    array = array.astype(np.float32)
    # Written so that NaN fails; resizing overshoots by a little.
    if not (array.min() >= -0.01 and array.max() <= 1.01):
        raise ImageError(
            f"the image has values from {np.nanmin(array):.4g} to "
            f"{np.nanmax(array):.4g}"
            f"{', and NaN' if np.isnan(array).any() else ''}; expected 0 to 1: divide "
            "values from 0 to 255 by 255"
        )
    array = array.clip(0, 1)
    if array.shape[-1] == 1:
        return np.repeat(array, 3, axis=-1)
    if array.shape[-1] == 4:
        alpha = array[..., 3:]
        array = array[..., :3] * alpha + (1 - alpha)
    return array.astype(np.float32)


def _small(pixels: Pixels, max_side: int) -> Pixels:
    height, width = pixels.shape[:2]
    longest = max(height, width)
    if longest <= max_side:
        return pixels
    size = (
        max(1, round(width * max_side / longest)),
        max(1, round(height * max_side / longest)),
    )
    bytes8 = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))
    smaller = bytes8.resize(size, Image.Resampling.LANCZOS)
    array = np.asarray(smaller).astype(np.float32)
    array /= 255
    return array
