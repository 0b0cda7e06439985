"""image(): the usual front door to parameterizations."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis.param.color import correlate_color, to_valid_rgb
from lucid_widgets.optvis.param.spatial import fft_image, pixel_image
from lucid_widgets.optvis.param.variables import recorded, recording
from lucid_widgets.optvis.settings import RenderSettings
from lucid_widgets.shapes import ImageTensor

# Closer to 0 or 1 a sigmoid hardly moves any more; a photo has such pixels.
_EDGE = 1 / 512


def image(
    w: int,
    h: int | None = None,
    batch: int | None = None,
    sd: float | None = None,
    decorrelate: bool = True,  # noqa: FBT001, FBT002 - Lucid's signature
    fft: bool = True,  # noqa: FBT001, FBT002
    alpha: bool = False,  # noqa: FBT001, FBT002
    channels: int | None = None,
    init_val: Any = None,
) -> ImageTensor:
    """Return images to optimize, `[batch, height, width, channels]` in [0, 1].

    Args:
        w: width, in pixels.
        h: height, in pixels; left out, the width.
        batch: number of images; left out, 1.
        sd: standard deviation of the first values; 0.01 when left out.
        decorrelate: optimize colours along the axes in which photographs vary.
        fft: optimize frequencies; else pixels.
        alpha: a fourth channel, for transparency.
        channels: any number of channels, without decorrelated colour or alpha.
        init_val: start from this image, values in [0, 1] or bytes, `[height,
            width, channels]` or with a batch axis.

    Raises:
        SettingError: a size that is no number of pixels.
        ParameterizationError: `init_val` does not fit.

    Example:
        >>> param_f = lambda: param.image(128, fft=False)
    """
    settings = RenderSettings(
        size=(w if h is None else h, w),
        batch=1 if batch is None else batch,
        channels=channels,
    )
    depth = channels or (4 if alpha else 3)
    shape = (settings.batch, settings.height, settings.width, depth)
    start = None
    if init_val is not None:
        start = _before_sigmoid(init_val, shape, bool(decorrelate and not channels))
    make = fft_image if fft else pixel_image
    t = make(shape, sd=sd, init_val=start)
    if channels:
        output = tf.sigmoid(t)
    else:
        output = to_valid_rgb(t[..., :3], decorrelate=decorrelate, sigmoid=True)
        if alpha:
            output = tf.concat([output, tf.sigmoid(t[..., 3:])], axis=-1)
    return recorded(
        output, ("image", shape, channels, bool(decorrelate), bool(fft), bool(alpha))
    )


def _before_sigmoid(
    init_val: Any,
    shape: tuple[int, ...],
    decorrelate: bool,  # noqa: FBT001 - private
) -> np.ndarray:
    """Return the numbers that become `init_val` when passed through the sigmoid."""
    given = np.asarray(init_val)
    if given.dtype.kind not in "fiub":
        given = np.array(np.nan)
    start = given.astype(np.float32) / (255 if given.dtype == np.uint8 else 1)
    proper = start.ndim in (3, 4) and start.shape[-1] == shape[-1]
    if not proper or not (abs(start - 0.5) <= 0.51).all():
        raise ParameterizationError(
            f"init_val is {_described(init_val)}; expected values in [0, 1] (or bytes), "
            f"{shape[1:]} or with a batch axis"
        )
    start = np.clip(start, _EDGE, 1 - _EDGE)
    logits = np.log(start / (1 - start))
    if decorrelate and logits.shape[-1] >= 3:
        rgb = correlate_color(logits[..., :3])
        logits = np.concatenate([rgb, logits[..., 3:]], axis=-1)
    return logits


def _described(value: Any) -> str:
    shape = np.shape(value)
    if not shape or np.asarray(value).dtype.kind not in "fiu":
        return f"{value!r:.60}"
    return f"an array of shape {shape}, from {np.min(value):g} to {np.max(value):g}"


def grayscale_image_rgb(*args: Any, **kwargs: Any) -> ImageTensor:
    """Return grey images as RGB: `image` with one channel, three times over.

    Takes the arguments of `image`, apart from `channels`.
    """
    with recording() as inside:
        grey = image(*args, channels=1, **kwargs)
    return recorded(tf.tile(grey, [1, 1, 1, 3]), ("grey", inside[-1][1]))
