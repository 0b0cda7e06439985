"""Gradient overrides: what backpropagation does at an operation, changed.

An override is a function that takes the place of an operation of the model, such
as "Relu", and computes the same value with another gradient. `overrides` arguments
are mappings from operation types to such functions; nothing is registered anywhere.

    render.frames(model, "mixed4a:30", overrides=pooling_overrides())

    with pooling_overrides():  # Lucid's way: for all that is imported in the block
        T = model.import_graph(images)

`gradient_override_map` makes overrides of gradient functions `(op, grad)`, as Lucid's
users write them; the `*_map` dictionaries are the same overrides in that form.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from lucid_widgets.optvis.overrides.gradient_override import (
    Override,
    OverrideMap,
    gradient_override_map,
    use_gradient,
)
from lucid_widgets.optvis.overrides.redirected_relu_grad import (
    WARM_UP_STEPS,
    redirected_relu,
    redirected_relu6,
    redirected_relu6_grad,
    redirected_relu_grad,
)
from lucid_widgets.optvis.overrides.smoothed_maxpool_grad import (
    avg_smoothed_maxpool_grad,
    l2_smoothed_maxpool_grad,
    make_smoothed_maxpool_grad,
    smoothed_max_pool,
)
from lucid_widgets.optvis.randomness import current_step

__all__ = [
    "Override",
    "OverrideMap",
    "avg_smoothed_maxpool_grad",
    "default_overrides",
    "default_overrides_map",
    "gradient_override_map",
    "identity_grad",
    "l2_smoothed_maxpool_grad",
    "linearization_overrides",
    "linearization_overrides_map",
    "make_smoothed_maxpool_grad",
    "pooling_overrides",
    "pooling_overrides_map",
    "redirected_relu",
    "redirected_relu6",
    "redirected_relu6_grad",
    "redirected_relu_grad",
    "relu_overrides",
    "relu_overrides_map",
    "smoothed_max_pool",
    "use_gradient",
]


def identity_grad(op: Any, grad: Any) -> Any:
    """Hand the gradient on as it is."""
    del op
    return grad


relu_overrides_map = {"Relu": redirected_relu_grad, "Relu6": redirected_relu6_grad}
pooling_overrides_map = {"MaxPool": avg_smoothed_maxpool_grad}
default_overrides_map = {**relu_overrides_map, **pooling_overrides_map}
linearization_overrides_map = {
    "Relu": identity_grad,
    "Relu6": identity_grad,
    "MaxPool": avg_smoothed_maxpool_grad,
}


def relu_overrides(step: Any = None) -> OverrideMap:
    """Return the overrides of ReLU and ReLU6.

    Args:
        step: number of the update, counted from 0; may be a tensor. Left out, that of
            the run they are used in; outside of a run they are always redirected.
    """

    def active() -> Any:
        now = current_step() if step is None else step
        return True if now is None else tf.convert_to_tensor(now) < WARM_UP_STEPS

    return OverrideMap(
        {
            "Relu": lambda x: redirected_relu(active())(x),
            "Relu6": lambda x: redirected_relu6(active())(x),
        }
    )


def pooling_overrides() -> OverrideMap:
    """Return the override of max-pooling: smoothed, "avg"."""
    return OverrideMap({"MaxPool": smoothed_max_pool()})


def default_overrides(step: Any = None) -> OverrideMap:
    """Return the overrides of ReLU, ReLU6 and max-pooling.

    Args:
        step: see `relu_overrides`.
    """
    return OverrideMap({**relu_overrides(step), **pooling_overrides()})


def linearization_overrides() -> OverrideMap:
    """Return overrides that make gradients those of a linear network.

    Values stay what they are; the gradient passes every ReLU, and max-pooling hands it
    to the whole window: for first-order questions.
    """
    return gradient_override_map(linearization_overrides_map)
