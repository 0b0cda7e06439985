"""Heat maps: numbers by position as colours, over a photo.

Signed values go from blue (against) over nothing to orange (for), a pair that people with
any of the common kinds of colour blindness tell apart; values without a sign go from dark
violet over orange to pale yellow, and differ in lightness too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc.photos import resize_pixels
from lucid_widgets.shapes import Pixels

FOR = np.array([0.90, 0.45, 0.00], np.float32)
AGAINST = np.array([0.00, 0.36, 0.72], np.float32)
"""Colours of the largest positive and negative values, RGB."""

_HEAT = np.array(
    [
        [0.05, 0.03, 0.15],
        [0.30, 0.07, 0.42],
        [0.62, 0.17, 0.38],
        [0.89, 0.36, 0.20],
        [0.98, 0.65, 0.15],
        [0.99, 0.97, 0.75],
    ],
    np.float32,
)


def resize_map(
    values: ArrayLike, height: int, width: int, *, smooth: bool = True
) -> Any:
    """Return maps in another size.

    Args:
        values: ``[..., height, width]``.
        height: in pixels.
        width: in pixels.
        smooth: interpolate linearly; otherwise every position stays a rectangle.

    Returns:
        float32 ``[..., height, width]``.
    """
    array = _finite(values)
    if array.ndim < 2 or 0 in array.shape:
        raise ImageError(f"a map is [height, width], and this has shape {array.shape}")
    if not smooth:
        rows = np.arange(height) * array.shape[-2] // height
        columns = np.arange(width) * array.shape[-1] // width
        return array[..., rows[:, None], columns]
    stacked = array.reshape(-1, *array.shape[-2:]).transpose(1, 2, 0)
    resized = resize_pixels(stacked, height, width).transpose(2, 0, 1)
    return resized.reshape(*array.shape[:-2], height, width)


def color_limit(values: ArrayLike, percentile: float = 99.5) -> float:
    """Return the size of value to show in full colour: few single ones may exceed it."""
    sizes = np.abs(_finite(values))
    if not sizes.size or not sizes.max():
        return 1.0
    return float(np.percentile(sizes, percentile)) or float(sizes.max())


def signed_colors(values: ArrayLike, limit: float | None = None) -> Any:
    """Return colours of signed values: orange for, blue against, white for 0.

    Args:
        values: of any shape.
        limit: the size shown in full colour; `color_limit` when not given.

    Returns:
        float32 ``[..., 3]`` in [0, 1].
    """
    strength = _strength(values, limit)
    full = np.where(strength[..., None] > 0, FOR, AGAINST)
    return 1 + np.abs(strength)[..., None] * (full - 1)


def heat_colors(values: ArrayLike, limit: float | None = None) -> Any:
    """Return colours of values from 0 (dark) to `limit` (pale); negative ones count as 0.

    Args:
        values: of any shape.
        limit: the value shown palest; `color_limit` when not given.

    Returns:
        float32 ``[..., 3]`` in [0, 1].
    """
    place = _strength(values, limit).clip(0) * (len(_HEAT) - 1)
    below = np.minimum(place.astype(int), len(_HEAT) - 2)
    between = (place - below)[..., None]
    return _HEAT[below] * (1 - between) + _HEAT[below + 1] * between


def overlay(
    photo: ArrayLike,
    values: ArrayLike,
    *,
    limit: float | None = None,
    strength: float = 0.85,
    smooth: bool = True,
) -> Pixels:
    """Return a photo, paled and without colour, under a map.

    The larger a value, the more of its colour (orange for, blue against) covers the photo.

    Args:
        photo: ``[height, width, 1 or 3]`` in [0, 1].
        values: ``[rows, columns]``, of any size.
        limit: the size shown in full colour; `color_limit` when not given.
        strength: how much of the photo full colour covers, from 0 to 1.
        smooth: see `resize_map`.

    Returns:
        float32 ``[height, width, 3]`` in [0, 1].

    Raises:
        ImageError: `photo` is no image, or `values` no map.
        SettingError: `strength` is out of its range.

    Example:
        >>> overlay(np.ones([40, 60, 3]), [[0, 1], [-1, 0]]).shape
        (40, 60, 3)
    """
    pixels = np.asarray(photo, np.float32)
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3) or not pixels.size:
        raise ImageError(
            f"a photo is [height, width, 3], and this has shape {pixels.shape}"
        )
    if not 0 <= strength <= 1:
        raise SettingError(f"strength is {strength!r}; expected 0 to 1")
    array = _finite(values)
    if array.ndim != 2:
        raise ImageError(f"a map is [height, width], and this has shape {array.shape}")
    limit = color_limit(array) if limit is None else limit
    shown = resize_map(array, *pixels.shape[:2], smooth=smooth)
    weight = _strength(shown, limit)[..., None]
    grey = pixels.mean(-1, keepdims=True) * 0.75 + 0.2
    covered = strength * np.abs(weight)
    return (grey * (1 - covered) + np.where(weight > 0, FOR, AGAINST) * covered).clip(
        0, 1
    )


def _strength(values: ArrayLike, limit: float | None) -> np.ndarray:
    array = _finite(values)
    limit = color_limit(array) if limit is None else float(limit)
    if not (np.isfinite(limit) and limit > 0):
        raise SettingError(f"limit is {limit!r}; expected a number above 0")
    return (array / np.float32(limit)).clip(-1, 1)


def _finite(values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, np.float32)
    if not np.isfinite(array).all():
        raise ImageError("the map has values that are NaN or infinite")
    return array
