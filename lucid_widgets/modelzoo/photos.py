"""Photos on their way to a model, in the size in which it is to see them.

What a photo may be is said in `lucid_widgets.misc.photos`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lucid_widgets.errors import ImageError
from lucid_widgets.misc.photos import MAX_SIDE, as_photo
from lucid_widgets.shapes import Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

MIN_SIDE = 8


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
    photo = as_photo(image, channels=model.image_shape[-1])
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
