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
found something to build on. Both rules are Lucid's. As there, exactly 0 counts as
active (TensorFlow's ReLU blocks it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from lucid_widgets.shapes import ActivationTensor

Override = Callable[..., ActivationTensor]

WARM_UP_STEPS = 17
"""Updates during which ReLUs are redirected: those numbered 0 to 16."""


def _redirected(
    forward: Callable[[Any], Any],
    blocked: Callable[[Any], Any],
    hopeless: Callable[[Any, Any], Any],
    active: Any,
) -> Override:
    """Return an activation function with a redirected gradient.

    Args:
        forward: the activation function.
        blocked: where the ordinary gradient is blocked, given the input.
        hopeless: where the redirected one is, given input and gradient.
        active: whether to redirect at all; may be a tensor.
    """

    @tf.custom_gradient
    def activation(x: ActivationTensor) -> Any:
        def gradient(grad: Any) -> Any:
            ordinary = tf.where(blocked(x), tf.zeros_like(grad), grad)

            def redirect() -> Any:
                redirected = tf.where(hopeless(x, grad), tf.zeros_like(grad), grad)
                axes = list(range(1, x.shape.rank))
                alive = tf.reduce_any(ordinary != 0, axis=axes, keepdims=True)
                return tf.where(alive, ordinary, redirected)

            return tf.cond(tf.cast(active, tf.bool), redirect, lambda: ordinary)

        return forward(x), gradient

    return activation


def redirected_relu(active: Any = True) -> Override:
    """Return a ReLU whose gradient is redirected while `active` (may be a tensor)."""
    return _redirected(
        tf.nn.relu,
        lambda x: x < 0,
        lambda x, grad: (x < 0) & (grad > 0),
        active,
    )


def redirected_relu6(active: Any = True) -> Override:
    """Return a ReLU6 whose gradient is redirected while `active`.

    Above 6, a positive gradient passes (it leads back) and a negative one does not.
    """
    return _redirected(
        tf.nn.relu6,
        lambda x: (x < 0) | (x > 6),
        lambda x, grad: ((x < 0) & (grad > 0)) | ((x > 6) & (grad < 0)),
        active,
    )


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
    """

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
