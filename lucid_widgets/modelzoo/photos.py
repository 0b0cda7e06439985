"""Photos on their way to a model: whatever they come as, checked and resized.

Analyses take a file, an array of bytes or of floats, or a PIL image; grey, colour or
transparent; of any size. What they look at is a float32 array as the model wants it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lucid_widgets.errors import ImageError
from lucid_widgets.shapes import Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

MIN_SIDE = 8
MAX_SIDE = 2**15


def as_photo(image: Any, channels: int = 3) -> Pixels:
    """Return an image as float32 `[height, width, channels]` in [0, 1].

    Grey images are repeated for as many channels as are wanted; transparency is laid
    over white.

    Args:
        image: the path of a file; an array `[height, width]` or `[height, width, 1 to
            4]` of bytes, or of floats in [0, 1]; a PIL image; a tensor.
        channels: how many channels the model takes.

    Raises:
        ImageError: it is none of these, or has NaN, or values outside of [0, 1].
        LoadError: the file cannot be read.
    """
    if isinstance(image, str | Path):
        from lucid_widgets.misc.io import load

        image = load(str(image))
        if not isinstance(image, np.ndarray):
            raise ImageError(
                f"the file holds {type(image).__name__}; expected the file of an image"
            )
    array = _numbers(image)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3 or 0 in array.shape:
        raise ImageError(
            f"an array of shape {array.shape} is no image; expected one image "
            "[height, width, channels], none of them 0"
        )
    array = _with_channels(array, channels)
    if max(array.shape[:2]) > MAX_SIDE:
        raise ImageError(
            f"the image has {array.shape[0]} x {array.shape[1]} px; expected at most "
            f"{MAX_SIDE} on a side"
        )
    # Written so that NaN fails.
    if not (array.min() >= -1e-3 and array.max() <= 1 + 1e-3):
        what = "NaN" if np.isnan(array).any() else f"{array.min():g} to {array.max():g}"
        raise ImageError(
            f"the image has values of {what}; expected floats from 0 to 1, or bytes "
            "(uint8) from 0 to 255"
        )
    return np.clip(array, 0, 1)


def _numbers(image: Any) -> np.ndarray:
    if isinstance(getattr(image, "mode", None), str) and hasattr(image, "convert"):
        image = image.convert("RGBA" if "A" in image.getbands() else "RGB")
    try:
        array = np.asarray(image)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    if array.dtype.kind != "f":
        raise ImageError(
            f"an image of {array.dtype if array.ndim else type(image).__name__}; "
            "expected a file, or an array of floats from 0 to 1 or of bytes (uint8)"
        )
    return array.astype(np.float32)


def _with_channels(array: np.ndarray, channels: int) -> np.ndarray:
    given = array.shape[-1]
    if given == channels:
        return array
    if given == 1:
        return np.repeat(array, channels, axis=-1)
    if given == 2 or (given == 4 and channels in (1, 3)):
        alpha = array[..., -1:]
        return _with_channels(array[..., :-1] * alpha + (1 - alpha), channels)
    if given == 3 and channels == 1:
        # Luma of ITU-R BT.601, as Pillow turns colour to grey.
        weights = np.array([0.299, 0.587, 0.114], np.float32)
        return (array @ weights)[..., np.newaxis]
    raise ImageError(f"the image has {given} channels, and the model takes {channels}")


def photo_for(
    model: Model, image: Any, size: int | tuple[int, int] | None = None
) -> Pixels:
    """Return a photo in the size in which a model is to see it.

    Args:
        model: the model.
        image: see `as_photo`.
        size: its shorter side in pixels, or `(height, width)`; left out, the shorter
            side is that of the images that the model was trained on. For models that
            take one size only it is that size.

    Returns:
        float32 `[height, width, channels]` in [0, 1]; a whole image, not cropped.

    Raises:
        ImageError: no image, or no size.
    """
    photo = as_photo(image, model.image_shape[-1])
    if model.fixed_size is not None:
        return resized(photo, model.fixed_size)
    if isinstance(size, tuple | list):
        return resized(photo, (size[0], size[1]))
    side = min(model.image_shape[:2]) if size is None else size
    if isinstance(side, bool) or not isinstance(side, int | np.integer):
        raise ImageError(f"size is {size!r:.80}; expected pixels, or (height, width)")
    scale = side / min(photo.shape[:2])
    height, width = (max(int(side), round(n * scale)) for n in photo.shape[:2])
    return resized(photo, (height, width))


def resized(photo: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a photo in another size `(height, width)`, without aliasing.

    Raises:
        ImageError: the size is none, or makes more than 64 million pixels.
    """
    height, width = size
    proper = all(
        isinstance(side, int | np.integer) and MIN_SIDE <= side <= MAX_SIDE
        for side in size
    )
    if not proper or height * width > 2**26:
        raise ImageError(
            f"a size of {height!r} x {width!r} px; expected {MIN_SIDE} to {MAX_SIDE} "
            f"px on a side, and at most {2**26:,} px in all"
        )
    if photo.shape[:2] == (height, width):
        return photo
    import tensorflow as tf

    smaller = height < photo.shape[0] or width < photo.shape[1]
    found = tf.image.resize(photo, (height, width), antialias=smaller).numpy()
    return np.clip(found, 0, 1)
