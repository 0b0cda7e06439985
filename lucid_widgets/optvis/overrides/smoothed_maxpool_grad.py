"""Max-pooling whose gradient reaches all inputs, not the largest only.

What pooled the maximum tells little about what the rest of the window could have
done; attributions through many max-pools become speckled. After Lucid's.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from lucid_widgets.errors import SettingError
from lucid_widgets.optvis.overrides.gradient_override import (
    GradientFunction,
    Override,
)


def _smooth(x: Any, window: Any, smooth_type: str, epsilon: float) -> Any:
    average = tf.nn.avg_pool2d(x, *window)
    if smooth_type == "avg":
        return average
    squares = tf.nn.avg_pool2d(x**2, *window)
    return squares / (epsilon + tf.nn.avg_pool2d(tf.abs(x), *window))


def smoothed_max_pool(smooth_type: str = "avg", epsilon: float = 1e-2) -> Override:
    """Return a max-pooling with a smooth gradient.

    Args:
        smooth_type: "avg": the gradient of average pooling; "L2": that of
            `avg_pool(x ** 2) / (epsilon + avg_pool(|x|))`, which favours larger
            inputs.
        epsilon: keeps "L2" finite.

    Raises:
        SettingError: another `smooth_type`.
    """
    if smooth_type not in ("avg", "L2"):
        raise SettingError(f"smooth_type is {smooth_type!r}; expected 'avg' or 'L2'")

    def pool(x: Any, ksize: Any, strides: Any, padding: Any) -> Any:
        window = (ksize, strides, padding)
        smoothed = _smooth(x, window, smooth_type, epsilon)
        return smoothed + tf.stop_gradient(tf.nn.max_pool2d(x, *window) - smoothed)

    return pool


def make_smoothed_maxpool_grad(
    smooth_type: str = "avg", epsilon: float = 1e-2
) -> GradientFunction:
    """Return the same as a function `(op, grad) -> gradient`, for override maps.

    Args:
        smooth_type: see `smoothed_max_pool`.
        epsilon: see `smoothed_max_pool`.

    Raises:
        SettingError: another `smooth_type`.
    """
    pool = smoothed_max_pool(smooth_type, epsilon)

    def gradient(op: Any, grad: Any) -> Any:
        x = op.inputs[0]
        window = [op.get_attr(name) for name in ("ksize", "strides", "padding")]
        with tf.GradientTape() as tape:
            tape.watch(x)
            pooled = pool(x, *window)
        return tape.gradient(pooled, x, output_gradients=grad)

    return gradient


avg_smoothed_maxpool_grad = make_smoothed_maxpool_grad("avg")
l2_smoothed_maxpool_grad = make_smoothed_maxpool_grad("L2")
