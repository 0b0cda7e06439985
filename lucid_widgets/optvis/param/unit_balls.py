"""Variables that stay inside a ball, and gradients that know where the edge is.

Lucid's sign tests suited gradient ascent while its optimizers minimised, so that at
the edge it blocked the steps that led inwards. Here the blocked steps are those
that lead outwards, for an optimizer that minimises (`optvis.step` hands optimizers
the gradient of minus the objective).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.optvis.param.variables import variable


def dot(x: Any, y: Any) -> Any:
    """Return the dot product over the last axis, which is kept."""
    return tf.reduce_sum(x * y, axis=-1, keepdims=True)


def _zeros(shape: Sequence[int]) -> Callable[[Any], np.ndarray]:
    return lambda rng: np.zeros(tuple(shape), np.float32)


@tf.custom_gradient
def constrain_L2(x: Any) -> Any:  # noqa: N802 - Lucid's name
    """Return `x` projected onto the unit ball of its last axis.

    Gradient: outside the ball, the part that would push further out is removed.
    """
    norm = tf.norm(x, axis=-1, keepdims=True)
    y = x / tf.maximum(1.0, norm)

    def gradient(grad: Any) -> Any:
        direction = x / tf.maximum(norm, 1e-12)
        along = dot(grad, direction)
        # Descending along a negative component moves outwards.
        outwards = (norm >= 1.0) & (along < 0)
        return tf.where(outwards, grad - along * direction, grad)

    return y, gradient


def unit_ball_L2(shape: Sequence[int]) -> Any:  # noqa: N802 - Lucid's name
    """Return a tensor whose last axis has norm at most 1; starts at 0.

    Args:
        shape: of the tensor.
    """
    return constrain_L2(variable(_zeros(shape)))


@tf.custom_gradient
def constrain_L_inf(x: Any) -> Any:  # noqa: N802 - Lucid's name
    """Return `x` cut off at -1 and 1.

    Gradient: as if nothing were cut off, but 0 where it would push further out.
    """
    y = x / tf.maximum(1.0, tf.abs(x))

    def gradient(grad: Any) -> Any:
        outwards = (tf.abs(x) >= 1.0) & (x * grad < 0)
        return tf.where(outwards, 0.0, grad)

    return y, gradient


@tf.custom_gradient
def constrain_L_inf_precondition(x: Any) -> Any:  # noqa: N802 - Lucid's name
    """Return `x` cut off at -1 and 1, with the sign of its gradient as gradient."""
    y = x / tf.maximum(1.0, tf.abs(x))

    def gradient(grad: Any) -> Any:
        outwards = (tf.abs(x) >= 1.0) & (x * grad < 0)
        return tf.where(outwards, 0.0, tf.sign(grad))

    return y, gradient


def unit_ball_L_inf(  # noqa: N802 - Lucid's name
    shape: Sequence[int],
    precondition: bool = True,  # noqa: FBT001, FBT002 - Lucid's signature
) -> Any:
    """Return a tensor with values in [-1, 1]; starts at 0.

    Args:
        shape: of the tensor.
        precondition: use the sign of the gradient, so that all values move alike.
    """
    x = variable(_zeros(shape))
    return constrain_L_inf_precondition(x) if precondition else constrain_L_inf(x)
