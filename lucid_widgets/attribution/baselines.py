"""Baselines: what stands for "nothing there"."""

from __future__ import annotations

from typing import Any

import numpy as np

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.photos import resize_pixels

_BLUR = 16


def baseline_of(points: np.ndarray, baseline: Any, *, image: bool) -> np.ndarray:
    """Return for each point what it is when nothing is there.

    Args:
        points: images or activations ``[n, ...]``.
        baseline: a number for all of it (0 is black, or no activation; 0.5 grey); one
            number for each channel; an array of the shape of one point; of images also
            ``"mean"``, the mean colour of each, or ``"blur"``, the image without detail.
        image: whether the points are images.

    Returns:
        float32 of the shape of `points`.

    Raises:
        SettingError: `baseline` is none of these.
    """
    if isinstance(baseline, str):
        if not image or baseline not in ("mean", "blur"):
            expected = "a number or an array" + (
                ", 'mean' or 'blur'" if image else " (of a hidden layer, no word)"
            )
            raise SettingError(f"baseline is {baseline!r}; expected {expected}")
        if baseline == "blur":
            return np.stack([_blurred(point) for point in points])
        means = points.mean(axis=(1, 2), keepdims=True)
        return np.broadcast_to(means, points.shape).astype(np.float32)
    try:
        array = np.asarray(baseline, np.float32)
        shaped = np.broadcast_to(array, points.shape)
    except (TypeError, ValueError):
        raise SettingError(
            f"baseline is {baseline!r:.100}; expected a number, one for each of the "
            f"{points.shape[-1]} channels, or an array of shape {points.shape[1:]}"
        ) from None
    if not np.isfinite(array).all():
        raise SettingError("the baseline has values that are NaN or infinite")
    return shaped


def _blurred(photo: np.ndarray) -> np.ndarray:
    height, width = photo.shape[:2]
    rough = resize_pixels(photo, -(-height // _BLUR) + 1, -(-width // _BLUR) + 1)
    return resize_pixels(rough, height, width)
