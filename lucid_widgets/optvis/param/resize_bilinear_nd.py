"""Linear interpolation along any number of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf


def resize_bilinear_nd(t: Any, target_shape: Sequence[int]) -> Any:
    """Return a tensor resized to a shape, linearly along every axis.

    As TensorFlow 1's `resize_bilinear`: the first elements of source and target
    coincide, and there are no half pixels.

    Args:
        t: a tensor of known shape.
        target_shape: as many lengths as `t` has axes.

    Raises:
        ValueError: another number of lengths.

    Example:
        >>> resize_bilinear_nd(tf.zeros([1, 8, 8, 3]), [6, 128, 128, 3])
    """
    if len(target_shape) != len(t.shape):
        raise ValueError(
            f"target_shape is {tuple(target_shape)}; expected {len(t.shape)} lengths, "
            f"one for each axis of {tuple(t.shape)}"
        )
    t = tf.convert_to_tensor(t)
    for axis, length in enumerate(target_shape):
        if t.shape[axis] != length:
            weights = tf.cast(_interpolation(int(t.shape[axis]), int(length)), t.dtype)
            t = tf.tensordot(weights, t, axes=[[1], [axis]])
            # tensordot puts the new axis first.
            order = [*range(1, axis + 1), 0, *range(axis + 1, len(target_shape))]
            t = tf.transpose(t, order)
    return t


def _interpolation(source: int, target: int) -> np.ndarray:
    """Return the weights of source elements in target elements."""
    at = np.arange(target) * source / target
    low = at.astype(int)
    high = np.minimum(low + 1, source - 1)
    weights = np.zeros((target, source), np.float32)
    np.add.at(weights, (np.arange(target), low), 1 - (at - low))
    np.add.at(weights, (np.arange(target), high), at - low)
    return weights
