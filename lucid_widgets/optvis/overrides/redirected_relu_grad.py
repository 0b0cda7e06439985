"""Redirected ReLU: a gradient that wakes silent channels up.

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

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from lucid_widgets.optvis.overrides.gradient_override import Override
from lucid_widgets.shapes import ActivationTensor

WARM_UP_STEPS = 17
"""Updates during which ReLUs are redirected: those numbered 0 to 16."""


def _redirected_gradient(
    x: Any,
    grad: Any,
    blocked: Callable[[Any], Any],
    hopeless: Callable[[Any, Any], Any],
) -> Any:
    zeros = tf.zeros_like(grad)
    ordinary = tf.where(blocked(x), zeros, grad)
    axes = tf.range(1, tf.rank(x))
    alive = tf.reduce_any(ordinary != 0, axis=axes, keepdims=True)
    return tf.where(alive, ordinary, tf.where(hopeless(x, grad), zeros, grad))


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

    # Traced once for all the ReLUs of all networks: tracing a branch for each of a
    # network's many ReLUs took half of the time to the first frame.
    def gradient(x: Any, grad: Any, active: Any) -> Any:
        # A branch, so that the many updates after the warm-up cost nothing.
        return tf.cond(
            active,
            lambda: _redirected_gradient(x, grad, blocked, hopeless),
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


def _relu_blocked(x: Any) -> Any:
    return x < 0


def _relu_hopeless(x: Any, grad: Any) -> Any:
    return (x < 0) & (grad > 0)


def _relu6_blocked(x: Any) -> Any:
    return (x < 0) | (x > 6)


def _relu6_hopeless(x: Any, grad: Any) -> Any:
    return ((x < 0) & (grad > 0)) | ((x > 6) & (grad < 0))


redirected_relu = _redirected(
    tf.nn.relu, tf.raw_ops.ReluGrad, _relu_blocked, _relu_hopeless
)
"""``redirected_relu(active=True)``: a ReLU, redirected while `active` (a tensor)."""

redirected_relu6 = _redirected(
    tf.nn.relu6, tf.raw_ops.Relu6Grad, _relu6_blocked, _relu6_hopeless
)
"""``redirected_relu6(active=True)``: the same for ReLU6.

Above 6, a positive gradient passes (it leads back) and a negative one does not.
"""


def redirected_relu_grad(op: Any, grad: Any) -> Any:
    """Return the redirected gradient of a ReLU, at every step; for override maps."""
    return _redirected_gradient(op.inputs[0], grad, _relu_blocked, _relu_hopeless)


def redirected_relu6_grad(op: Any, grad: Any) -> Any:
    """Return the redirected gradient of a ReLU6, at every step; for override maps."""
    return _redirected_gradient(op.inputs[0], grad, _relu6_blocked, _relu6_hopeless)
