"""as_photos: whatever a user calls a photo, as pixels that a model can be shown.

Files and bytes go through `misc.io` (CMYK, palettes, EXIF rotation, 16 bits, animations);
arrays, tensors and PIL images are checked here. What cannot be meant is refused with a
message; nothing is stretched or clipped in silence.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.shapes import Images, Pixels

MAX_SIDE = 2**15
_ROUNDING = 1e-3


def as_photo(
    photo: Any,
    channels: int = 3,
    *,
    size: Sequence[int] | None = None,
    max_side: int | None = None,
) -> Pixels:
    """Return one photo as pixels.

    Args:
        photo: the path or address of an image file, its bytes, an open file, a PIL image,
            or an array or tensor: ``[height, width]`` or ``[height, width, 1, 3 or
            4]``; floats in [0, 1], integers of 8 or 16 bits in their own range.
        channels: 3, or 1 for grey; other numbers are taken as they are.
        size: ``(height, width)`` in pixels to resize to, without regard to proportions.
        max_side: a larger photo is made smaller, so that its longer side has so many
            pixels.

    Returns:
        float32 ``[height, width, channels]`` in [0, 1]. Transparent places become white.

    Raises:
        ImageError: not one image; NaN, or values that are not in [0, 1]; too large a file.
        LoadError: a file that cannot be read.
        SettingError: `size` or `max_side` is no number of pixels.

    Example:
        >>> as_photo(np.full([4, 6], 255, np.uint8)).shape
        (4, 6, 3)
    """
    pixels = _checked_values(_array(photo))
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise ImageError(
            f"an array of shape {pixels.shape} is no photo; expected one image [height, "
            "width, channels], none of them 0"
        )
    if max(pixels.shape[:2]) > MAX_SIDE:
        raise ImageError(
            f"the photo has {pixels.shape[0]} x {pixels.shape[1]} px; expected at most "
            f"{MAX_SIDE} on a side"
        )
    pixels = _with_channels(pixels, channels)
    target = _target_size(pixels.shape[:2], size, max_side)
    return resize_pixels(pixels, *target) if target else pixels


def as_photos(
    photos: Any,
    channels: int = 3,
    *,
    size: Sequence[int] | None = None,
    max_side: int | None = None,
) -> Images:
    """Return photos as one batch; see `as_photo`.

    Args:
        photos: one photo, or a list of photos; or an array ``[n, height, width,
            channels]``.
        channels: of the result.
        size: ``(height, width)``; needed when the photos have different sizes.
        max_side: see `as_photo`.

    Returns:
        float32 ``[n, height, width, channels]`` in [0, 1].

    Raises:
        ImageError: see `as_photo`; no photos, or photos of different sizes.
    """
    if isinstance(photos, list | tuple):
        found = list(photos)
    elif hasattr(photos, "shape") and len(photos.shape) == 4:
        found = list(np.asarray(photos))
    else:
        found = [photos]
    if not found:
        raise ImageError("there are no photos; expected at least one")
    batch = [as_photo(photo, channels, size=size, max_side=max_side) for photo in found]
    if len({photo.shape for photo in batch}) > 1:
        shapes = sorted({photo.shape[:2] for photo in batch})
        raise ImageError(
            f"the photos have different sizes, {shapes[0]} and {shapes[1]} among them; "
            "give size=(height, width)"
        )
    return np.stack(batch)


def resize_pixels(pixels: np.ndarray, height: int, width: int) -> Pixels:
    """Return an image of any number of channels in another size.

    Averages when it gets smaller, and interpolates linearly when it gets larger; values
    never leave the range they had.

    Args:
        pixels: ``[height, width, channels]``.
        height: in pixels.
        width: in pixels.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    filtered = Image.Resampling.BILINEAR  # with Pillow, one that averages
    planes = [
        np.asarray(Image.fromarray(plane).resize((width, height), filtered))
        for plane in np.moveaxis(np.asarray(pixels, np.float32), -1, 0)
    ]
    return np.stack(planes, axis=-1)


def _array(photo: Any) -> np.ndarray:
    from lucid_widgets.misc.io import load
    from lucid_widgets.misc.io.decoding import decode_image

    if isinstance(photo, Image.Image):
        file = io.BytesIO()
        file.name = "photo.tiff"  # keeps every mode and depth
        try:
            photo.save(file, "TIFF")
        except (OSError, ValueError, KeyError) as error:
            raise ImageError(
                f"a PIL image of mode {photo.mode!r} cannot be used: {error}; convert it "
                "to 'RGB'"
            ) from error
        file.seek(0)
        return decode_image(file, "the PIL image")
    if isinstance(photo, bytes | bytearray | memoryview):
        return decode_image(io.BytesIO(bytes(photo)), "the photo")
    if isinstance(photo, str | Path) or hasattr(photo, "read"):
        loaded = load(photo)
        if isinstance(loaded, np.ndarray):
            return loaded
        raise ImageError(
            f"the file holds {type(loaded).__name__}; expected the file of an image"
        )
    try:
        array = np.asarray(photo)
    except (TypeError, ValueError) as error:
        raise ImageError(f"this is no photo: {error}; expected an array") from error
    if array.dtype.kind not in "fiub":
        raise ImageError(
            f"this is no photo: {photo!r:.100}; expected a path, bytes, a PIL image or an "
            "array"
        )
    return array


def _checked_values(array: np.ndarray) -> np.ndarray:
    """Return the array as float32 in [0, 1]."""
    if array.dtype.kind == "b":
        return array.astype(np.float32)
    if array.dtype.kind in "iu":
        return _from_integers(array)
    if not array.size:
        return array.astype(np.float32)
    if not np.isfinite(array).all():
        raise ImageError(
            "the photo has pixels that are NaN or infinite; expected numbers from 0 to 1"
        )
    low, high = float(array.min()), float(array.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        hint = "divide values from 0 to 255 by 255" if high > 2 else "rescale them"
        raise ImageError(
            f"the photo's values run from {low:g} to {high:g}; expected numbers from 0 to "
            f"1: {hint}"
        )
    return array.astype(np.float32).clip(0, 1)


def _from_integers(array: np.ndarray) -> np.ndarray:
    full = {"uint8": 255, "uint16": 65535}.get(array.dtype.name)
    if full is None:
        raise ImageError(
            f"the photo is an array of {array.dtype}; expected floats from 0 to 1, bytes "
            "(uint8), or 16 bits (uint16)"
        )
    return array.astype(np.float32) / np.float32(full)


def _with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    have = pixels.shape[-1]
    if have in (2, 4) and channels in (1, 3):
        opacity = pixels[..., -1:]
        pixels = pixels[..., :-1] * opacity + (1 - opacity)
        have -= 1
    if have == channels:
        return pixels
    if have == 1:
        return np.repeat(pixels, channels, axis=-1)
    if have == 3 and channels == 1:
        return pixels @ np.array([[0.299], [0.587], [0.114]], np.float32)
    raise ImageError(
        f"the photo has {have} channels ({pixels.shape[0]} x {pixels.shape[1]} px); the "
        f"model takes {channels}"
    )


def _target_size(
    have: tuple[int, ...], size: Sequence[int] | None, max_side: int | None
) -> tuple[int, int] | None:
    if size is not None:
        height, width = _sides(size)
        return height, width
    if max_side is None:
        return None
    (limit,) = _sides([max_side])
    longest = max(have)
    if longest <= limit:
        return None
    height, width = (max(1, round(side * limit / longest)) for side in have)
    return height, width


def _sides(size: Sequence[int]) -> list[int]:
    try:
        sides = [int(side) for side in size]
    except (TypeError, ValueError):
        sides = [0]
    if not all(1 <= side <= MAX_SIDE for side in sides) or len(sides) > 2:
        raise SettingError(
            f"size is {size!r}; expected (height, width) in pixels, up to {MAX_SIDE}"
        )
    return sides
