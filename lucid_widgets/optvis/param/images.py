"""image(): the usual front door to parameterizations."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.optvis.param.color import to_valid_rgb
from lucid_widgets.optvis.param.photos import before_sigmoid
from lucid_widgets.optvis.param.spatial import fft_image, pixel_image
from lucid_widgets.optvis.param.variables import recorded, recording
from lucid_widgets.optvis.settings import RenderSettings
from lucid_widgets.shapes import ImageTensor


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
        start = before_sigmoid(
            init_val, shape, decorrelate=bool(decorrelate and not channels)
        )
    make = fft_image if fft else pixel_image
    t = make(shape, sd=sd, init_val=start)
    if channels:
        output = tf.sigmoid(t)
    else:
        rgb = t[..., :3] if alpha else t
        output = to_valid_rgb(rgb, decorrelate=decorrelate, sigmoid=True)
        if alpha:
            output = tf.concat([output, tf.sigmoid(t[..., 3:])], axis=-1)
    return recorded(
        output, ("image", shape, channels, bool(decorrelate), bool(fft), bool(alpha))
    )


def grayscale_image_rgb(*args: Any, init_val: Any = None, **kwargs: Any) -> ImageTensor:
    """Return grey images as RGB: `image` with one channel, three times over.

    Takes the arguments of `image`, apart from `channels`.

    Args:
        *args: see `image`.
        init_val: start from this image; of a coloured one, from the mean of its
            channels.
        **kwargs: see `image`.
    """
    if init_val is not None and np.ndim(init_val) > 2 and np.shape(init_val)[-1] == 3:
        photo = np.asarray(init_val)
        scale = 255 if photo.dtype == np.uint8 else 1
        init_val = photo.mean(axis=-1, keepdims=True) / scale
    with recording() as inside:
        grey = image(*args, channels=1, init_val=init_val, **kwargs)
    return recorded(tf.tile(grey, [1, 1, 1, 3]), ("grey", inside[-1][1]))
