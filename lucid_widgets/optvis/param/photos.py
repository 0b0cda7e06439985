"""From photos back to the numbers that become them: to start from an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis.param.color import correlate_color

# Closer to 0 or 1 a sigmoid hardly moves any more; a photo has such pixels.
_EDGE = 1 / 512


def before_sigmoid(
    photo: Any, shape: tuple[int, ...], *, decorrelate: bool
) -> np.ndarray:
    """Return the numbers that `to_valid_rgb` turns into a photo.

    Args:
        photo: values in [0, 1] or bytes, `[height, width, channels]` or with a batch
            axis.
        shape: of the images to be made, `[batch, height, width, channels]`.
        decorrelate: return decorrelated coordinates of the first three channels.

    Returns:
        float32, of the rank of `photo`.

    Raises:
        ParameterizationError: it is no photo, or has other channels than `shape`.
    """
    given = np.asarray(photo)
    if given.dtype.kind not in "fiub":
        given = np.array(np.nan)
    values = given.astype(np.float32) / (255 if given.dtype == np.uint8 else 1)
    proper = values.ndim in (3, 4) and values.shape[-1] == shape[-1]
    if not proper or not (abs(values - 0.5) <= 0.51).all():
        raise ParameterizationError(
            f"init_val is {_described(photo)}; expected values in [0, 1] (or bytes), "
            f"{tuple(shape[1:])} or with a batch axis"
        )
    values = np.clip(values, _EDGE, 1 - _EDGE)
    logits = np.log(values / (1 - values))
    if decorrelate and logits.shape[-1] >= 3:
        rgb = correlate_color(logits[..., :3])
        logits = np.concatenate([rgb, logits[..., 3:]], axis=-1)
    return logits


def fitting(values: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return numbers broadcast to a shape.

    Raises:
        ParameterizationError: they do not go into it.
    """
    try:
        return np.array(np.broadcast_to(values, tuple(shape)))
    except ValueError:
        raise ParameterizationError(
            f"init_val has shape {values.shape}; expected {tuple(shape)}, or a shape "
            "that broadcasts to it"
        ) from None


def _described(value: Any) -> str:
    shape = np.shape(value)
    if not shape or np.asarray(value).dtype.kind not in "fiu":
        return f"{value!r:.60}"
    return f"an array of shape {shape}, from {np.min(value):g} to {np.max(value):g}"
