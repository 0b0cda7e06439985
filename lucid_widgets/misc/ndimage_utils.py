"""Images resized, pasted into each other and blended over a background."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucid_widgets.errors import ImageError, MissingPackageError, SettingError


def resize(
    image: ArrayLike,
    target_size: int | Sequence[int] | None = None,
    ratios: float | Sequence[float] | None = None,
    **kwargs: Any,
) -> NDArray[Any]:
    """Resize an image or a batch with scipy's `zoom`.

    Cubic splines by default (``order=3``), which overshoot at sharp edges: values can
    leave [0, 1] a little.

    Args:
        image: ``[height, width, channels]`` or ``[batch, height, width, channels]``.
        target_size: ``(height, width)`` in pixels, in this order although Lucid's
            documentation says otherwise; one number for a square.
        ratios: instead, the factor by which to enlarge; one, or ``(height, width)``.
        **kwargs: passed on to `scipy.ndimage.zoom`: `order`, `mode`, ...

    Returns:
        An array of the same rank; always a new one.

    Raises:
        ImageError: wrong rank.
        SettingError: neither or both of `target_size` and `ratios`, or not positive.
        MissingPackageError: scipy is not installed.
    """
    array = np.asarray(image)
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise ImageError(
            f"an array of shape {array.shape} cannot be resized; expected "
            "[height, width, channels] or [batch, height, width, channels]"
        )
    if (target_size is None) == (ratios is None):
        raise SettingError(
            f"target_size is {target_size!r} and ratios is {ratios!r}; "
            "expected one of them"
        )
    old = array.shape[-3:-1]
    if target_size is not None:
        new = _pair(target_size, "target_size")
        if not all(isinstance(side, Integral) for side in new):
            raise SettingError(
                f"target_size is {target_size!r}; expected whole numbers of pixels"
            )
    else:
        factors = _pair(ratios, "ratios")
        new = tuple(
            max(1, round(side * factor))
            for side, factor in zip(old, factors, strict=True)
        )
    if new == old:
        return array.copy()
    zoom = np.ones(array.ndim)
    zoom[-3:-1] = np.divide(new, old)
    return _zoom(array, zoom, **kwargs)


def _pair(value: Any, name: str) -> tuple[Any, Any]:
    pair = tuple(value) if isinstance(value, Sequence | np.ndarray) else (value, value)
    numbers = all(np.isreal(side) and np.isfinite(side) and side > 0 for side in pair)
    if len(pair) != 2 or not numbers:
        raise SettingError(
            f"{name} is {value!r}; expected a number above 0, or a pair (height, width)"
        )
    return pair


def _zoom(array: NDArray[Any], zoom: NDArray[Any], **kwargs: Any) -> NDArray[Any]:
    try:
        ndimage = importlib.import_module("scipy.ndimage")
    except ImportError as error:
        raise MissingPackageError(
            "resizing needs scipy, which is not installed: "
            "pip install 'lucid-widgets[analysis]'"
        ) from error
    return ndimage.zoom(array, zoom, **kwargs)


def composite(
    background_image: ArrayLike,
    foreground_image: ArrayLike,
    foreground_width_ratio: float = 0.25,
    foreground_position: tuple[float, float] = (0.0, 0.0),
) -> NDArray[Any]:
    """Paste one image into another.

    The foreground becomes a square, as in Lucid, which was made for the square
    pictures of `render_vis`.

    Args:
        background_image: ``[height, width, channels]``; is not changed.
        foreground_image: ``[height, width, channels]``, as many channels.
        foreground_width_ratio: width of the foreground, as a fraction of the width of
            the background; 0 or less leaves the background as it is.
        foreground_position: where, as fractions ``(y, x)`` of the space that is left:
            (0, 0) is the top left, (1, 1) the bottom right corner.

    Raises:
        ImageError: wrong ranks, or the channels differ.
        SettingError: the foreground does not fit, or the position leaves [0, 1].
    """
    background = np.array(background_image)
    foreground = np.asarray(foreground_image)
    if background.ndim != 3 or foreground.ndim != 3:
        raise ImageError(
            f"expected two images [height, width, channels], "
            f"not {background.shape} and {foreground.shape}"
        )
    if background.shape[-1] != foreground.shape[-1]:
        raise ImageError(
            f"the background has {background.shape[-1]} channels and the foreground "
            f"{foreground.shape[-1]}; expected as many"
        )
    height, width = background.shape[:2]
    side = int(foreground_width_ratio * width)
    if side <= 0:
        return background
    if side > min(height, width):
        raise SettingError(
            f"a foreground of {side} px does not fit into {height} x {width} px; "
            f"foreground_width_ratio is {foreground_width_ratio!r}"
        )
    if not all(0 <= fraction <= 1 for fraction in foreground_position):
        raise SettingError(
            f"foreground_position is {foreground_position!r}; expected two fractions "
            "(y, x) from 0 to 1"
        )
    top = int(foreground_position[0] * (height - side))
    left = int(foreground_position[1] * (width - side))
    background[top : top + side, left : left + side] = resize(foreground, side)
    return background


def soft_alpha_blend(
    image_with_alpha: ArrayLike,
    amount_background: float = 0.333,
    gamma: float = 2.2,
) -> NDArray[Any]:
    """Blend an image with transparency over a pale version of its own colours.

    Transparent places do not vanish but become light: the background is the image's
    own colour by `amount_background`, and white for the rest. Blending is done on
    linear light.

    Args:
        image_with_alpha: ``[..., height, width, 4]`` in [0, 1].
        amount_background: how much of the colour is seen where the image is
            transparent, from 0 to 1.
        gamma: exponent of the display.

    Returns:
        ``[..., height, width, 3]`` in [0, 1].

    Raises:
        ImageError: not four channels.
    """
    image = np.asarray(image_with_alpha)
    if image.ndim < 3 or image.shape[-1] != 4:
        raise ImageError(
            f"an array of shape {image.shape} has no transparency; "
            "expected [height, width, 4]"
        )
    alpha, colour = image[..., 3:], image[..., :3].clip(0, 1)
    background = amount_background * colour + (1 - amount_background)
    # Light, not the numbers that stand for it, is what mixes.
    light = alpha * colour**gamma + (1 - alpha) * background**gamma
    return light ** (1 / gamma)
