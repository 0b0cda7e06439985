"""Image files to arrays, whatever the camera or the painting program made of them.

One answer for every kind of file: float32 ``[height, width, channels]`` in [0, 1] with
3 channels, or 4 when the file has transparency. Grey is repeated, palettes are looked
up, CMYK becomes RGB, EXIF rotation is applied, 16-bit grey keeps its depth, and of an
animation the first picture counts.
"""

from __future__ import annotations

import struct
from numbers import Integral
from typing import IO, Any

import numpy as np
from PIL import Image, ImageOps

from lucid_widgets.errors import ImageError, LoadError
from lucid_widgets.shapes import Pixels

# Pillow reads some sixty formats, among them ones that start other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO")

MAX_SIDE = 2**15

_BROKEN_FILE = (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError,
                KeyError, TypeError, OverflowError, MemoryError)  # fmt: skip


def decode_image(
    file: IO[bytes], name: str, size: tuple[int, int] | None = None
) -> Pixels:
    """Return the picture in an image file.

    Args:
        file: the open file.
        name: what to call it in messages.
        size: ``(width, height)`` in pixels to resize to (Lanczos); in this order, as
            in Lucid, although shapes are height first.

    Returns:
        float32 ``[height, width, 3 or 4]`` in [0, 1].

    Raises:
        LoadError: the file is no image, or is broken.
        ImageError: it is too large to be opened safely, or holds values that have no
            place in [0, 1].
    """
    checked_size = None if size is None else _check_size(size)
    try:
        with Image.open(file, formats=FORMATS) as image:
            _check_pixel_count(image, name)
            return _to_array(_upright(image), name, checked_size)
    except (ImageError, LoadError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, str(error)) from error
    except Image.UnidentifiedImageError as error:
        raise LoadError(
            f"{name} is no image that can be read; expected one of {', '.join(FORMATS)}"
        ) from error
    except _BROKEN_FILE as error:
        raise LoadError(f"the image {name} is broken: {error}") from error


def _check_size(size: Any) -> tuple[int, int]:
    try:
        width, height = size
    except (TypeError, ValueError):
        width = height = None
    for side in (width, height):
        if not isinstance(side, Integral) or not 1 <= int(side) <= MAX_SIDE:
            raise ImageError(
                f"size is {size!r}; expected (width, height), whole numbers "
                f"from 1 to {MAX_SIDE}"
            )
    return int(width), int(height)  # type: ignore[arg-type]


def _check_pixel_count(image: Image.Image, name: str) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise _too_large(name, f"it has {image.width} x {image.height} pixels")


def _too_large(name: str, why: str) -> ImageError:
    return ImageError(
        f"the image {name} is too large to be opened safely: {why}. "
        "If you trust it, raise PIL.Image.MAX_IMAGE_PIXELS"
    )


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _BROKEN_FILE:
        # Damaged metadata does not spoil the pixels; damaged pixels raise again below.
        return image


def _to_array(image: Image.Image, name: str, size: tuple[int, int] | None) -> Pixels:
    deep = image.mode == "F" or image.mode.startswith("I")
    if deep:
        return _deep_grey_to_array(image, name, size)
    flat = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if size is not None and flat.size != size:
        flat = flat.resize(size, Image.Resampling.LANCZOS)
    # Divided in place: a photo in float32 is large enough once.
    pixels = np.asarray(flat).astype(np.float32)
    pixels /= 255
    return pixels


def _deep_grey_to_array(
    image: Image.Image, name: str, size: tuple[int, int] | None
) -> Pixels:
    values = np.asarray(image).astype(np.float32)
    if image.mode != "F":
        values /= 65535
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ImageError(
            f"the image {name} has values from {np.nanmin(values):.4g} to "
            f"{np.nanmax(values):.4g} (NaN apart), in mode {image.mode!r}; expected 0 "
            "to 1, or 16 bits: convert it to a .npy file, and load that"
        )
    if size is not None:
        grey = Image.fromarray(values).resize(size, Image.Resampling.LANCZOS)
        # Lanczos overshoots at edges, which 8-bit images clip by themselves.
        values = np.asarray(grey).clip(0, 1)
    return np.repeat(values[..., None], 3, axis=-1)
