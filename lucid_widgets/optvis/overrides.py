"""Gradient overrides: what backpropagation does at an operation, changed.

An override is a function that takes the place of an operation of the model, such
as "Relu", and computes the same value with another gradient. `overrides` arguments
are mappings from operation types to such functions; nothing is registered anywhere.

Redirected ReLU
---------------
A unit whose input is negative passes no gradient back, so an optimization that
starts where its channel is silent stays grey for ever. The redirected gradient lets
through what would wake the unit up. Gradients here are those of a loss that is
minimised, so a *negative* gradient asks for more of the unit:

    input        gradient < 0 (more, please)    gradient > 0 (less, please)
    x >= 0       passes                         passes
    x <  0       passes (ReLU: blocked)         blocked: it is silent already

It is used for an image only if the ordinary gradient of this operation is zero for
the whole image; and only for the first 17 updates, after which the picture has
found something to build on. Both rules are Lucid's. As there, an input of exactly 0
counts as active; after the warm-up TensorFlow's own gradient, which blocks it, is used
(Lucid let it through to the end; it is twice as fast, and exact zeros are rare).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from lucid_widgets.errors import SettingError
from lucid_widgets.shapes import ActivationTensor

Override = Callable[..., ActivationTensor]

WARM_UP_STEPS = 17
"""Updates during which ReLUs are redirected: those numbered 0 to 16."""


def _redirected(
    forward: Callable[[Any], Any],
    plain_gradient: Callable[..., Any],
    blocked: Callable[[Any], Any],
    hopeless: Callable[[Any, Any], Any],
) -> Callable[[Any], Override]:
    """Return a function from "redirect now?" to an activation function.

    Args:
        forward: the activation function.
        plain_gradient: TensorFlow's operation for its gradient.
        blocked: where the ordinary gradient is blocked, given the input.
        hopeless: where the redirected one is, given input and gradient.
    """

    def redirected_gradient(x: Any, grad: Any) -> Any:
        zeros = tf.zeros_like(grad)
        ordinary = tf.where(blocked(x), zeros, grad)
        axes = tf.range(1, tf.rank(x))
        alive = tf.reduce_any(ordinary != 0, axis=axes, keepdims=True)
        return tf.where(alive, ordinary, tf.where(hopeless(x, grad), zeros, grad))

    # Traced once for all the ReLUs of all networks: tracing a branch for each of a
    # network's many ReLUs took half of the time to the first frame.
    def gradient(x: Any, grad: Any, active: Any) -> Any:
        # A branch, so that the many updates after the warm-up cost nothing.
        return tf.cond(
            active,
            lambda: redirected_gradient(x, grad),
            lambda: plain_gradient(gradients=grad, features=x),
        )

    traced_gradient = tf.function(gradient, autograph=False, reduce_retracing=True)

    def override(active: Any = True) -> Override:  # noqa: FBT002 - often a tensor
        active = tf.convert_to_tensor(active, tf.bool)

        @tf.custom_gradient
        def activation(x: ActivationTensor) -> Any:
            unknown = [None] * x.shape.rank
            traced = traced_gradient.get_concrete_function(
                tf.TensorSpec(unknown, x.dtype),
                tf.TensorSpec(unknown, x.dtype),
                tf.TensorSpec([], tf.bool),
            )
            return forward(x), lambda grad: tf.ensure_shape(
                traced(x, grad, active), x.shape
            )

        return activation

    return override


redirected_relu = _redirected(
    tf.nn.relu,
    tf.raw_ops.ReluGrad,
    lambda x: x < 0,
    lambda x, grad: (x < 0) & (grad > 0),
)
"""``redirected_relu(active=True)``: a ReLU, redirected while `active` (a tensor)."""

redirected_relu6 = _redirected(
    tf.nn.relu6,
    tf.raw_ops.Relu6Grad,
    lambda x: (x < 0) | (x > 6),
    lambda x, grad: ((x < 0) & (grad > 0)) | ((x > 6) & (grad < 0)),
)
"""``redirected_relu6(active=True)``: the same for ReLU6.

Above 6, a positive gradient passes (it leads back) and a negative one does not.
"""


def relu_overrides(step: Any = 0) -> Mapping[str, Override]:
    """Return the overrides of ReLU and ReLU6 for an update.

    Args:
        step: the update's number, counted from 0; may be a tensor.
    """
    active = tf.convert_to_tensor(step) < WARM_UP_STEPS
    return {"Relu": redirected_relu(active), "Relu6": redirected_relu6(active)}


def _max_pool(x: Any, ksize: Any, strides: Any, padding: Any) -> Any:
    return tf.nn.max_pool2d(x, ksize, strides, padding)


def _avg_pool(x: Any, ksize: Any, strides: Any, padding: Any) -> Any:
    return tf.nn.avg_pool2d(x, ksize, strides, padding)


def smoothed_max_pool(smooth_type: str = "avg", epsilon: float = 1e-2) -> Override:
    """Return a max-pooling whose gradient reaches all inputs, not the largest only.

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

    def smooth(x: Any, ksize: Any, strides: Any, padding: Any) -> Any:
        average = _avg_pool(x, ksize, strides, padding)
        if smooth_type == "avg":
            return average
        squares = _avg_pool(x**2, ksize, strides, padding)
        return squares / (epsilon + _avg_pool(tf.abs(x), ksize, strides, padding))

    def pool(x: Any, ksize: Any, strides: Any, padding: Any) -> Any:
        smoothed = smooth(x, ksize, strides, padding)
        exact = _max_pool(x, ksize, strides, padding)
        return smoothed + tf.stop_gradient(exact - smoothed)

    return pool


def pooling_overrides() -> Mapping[str, Override]:
    """Return the override of max-pooling: smoothed, "avg"."""
    return {"MaxPool": smoothed_max_pool()}


def default_overrides(step: Any = 0) -> Mapping[str, Override]:
    """Return the overrides of ReLU, ReLU6 and max-pooling for an update."""
    return {**relu_overrides(step), **pooling_overrides()}


def linearization_overrides() -> Mapping[str, Override]:
    """Return overrides that make a network linear: for first-order questions.

    ReLU lets everything through, and max-pooling takes averages.
    """
    return {"Relu": tf.identity, "Relu6": tf.identity, "MaxPool": _avg_pool}
