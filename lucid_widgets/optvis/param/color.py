"""Decorrelated colour.

The colours of natural images vary mostly together: a patch is light or dark
before it is red. Optimizing red, green and blue one by one therefore makes steps
that hardly ever happen in photographs. Lucid measured the covariance of colours on
ImageNet and took the root S of it (covariance = S S^T, from a singular value
decomposition): multiplying independent coordinates by S gives colours correlated as
in photographs. S is divided by the largest norm of its columns, so that the result
has about the scale of what came in.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis.param.unit_balls import constrain_L_inf
from lucid_widgets.shapes import ImageTensor

color_correlation_svd_sqrt = np.array(
    [[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32
)
"""S: rows are red, green, blue; columns are lightness and two colour axes."""

max_norm_svd_sqrt = float(np.max(np.linalg.norm(color_correlation_svd_sqrt, axis=0)))
"""The largest norm of a column of S, 0.461952."""

color_mean = np.array([0.48, 0.46, 0.41], np.float32)
"""Mean colour of ImageNet's photographs, in [0, 1]."""

_TO_RGB = (color_correlation_svd_sqrt / max_norm_svd_sqrt).T


def _linear_decorrelate_color(t: ImageTensor) -> ImageTensor:
    """Return RGB made from decorrelated coordinates, `[..., 3]`."""
    return tf.tensordot(t, tf.constant(_TO_RGB), 1)


def correlate_color(rgb: np.ndarray) -> np.ndarray:
    """Return the decorrelated coordinates of RGB values, `[..., 3]`: the inverse."""
    return (rgb @ np.linalg.inv(_TO_RGB)).astype(np.float32)


def to_valid_rgb(
    t: ImageTensor,
    decorrelate: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
    sigmoid: bool = True,  # noqa: FBT001, FBT002
) -> ImageTensor:
    """Return an image with values in [0, 1], made from any numbers.

    Args:
        t: `[batch, height, width, 3]`; more or fewer channels need
            `decorrelate=False`.
        decorrelate: whether the numbers are decorrelated coordinates.
        sigmoid: squash by a sigmoid; else values are cut off at 0 and 1, and what
            has been cut off stays until it is pulled back.

    Raises:
        ParameterizationError: decorrelated colour needs three channels.
    """
    if decorrelate:
        if t.shape[-1] != 3:
            raise ParameterizationError(
                f"decorrelated colour needs 3 channels; got {t.shape[-1]}: use "
                "decorrelate=False"
            )
        t = _linear_decorrelate_color(t)
    if sigmoid:
        return tf.sigmoid(t)
    if decorrelate:
        t = t + color_mean
    return constrain_L_inf(2 * t - 1) / 2 + 0.5
