"""Gradients of operations exchanged, for a block or for one function.

In Lucid's words a gradient override is a function `(op, grad) -> gradient`:

    def mine(op, grad):
        return grad * tf.cast(op.inputs[0] > -1, grad.dtype)

    with gradient_override_map({"Relu": mine}):
        T = model.import_graph(images)

It says nothing about the operation's value, which stays. `op.inputs`, `op.outputs` and
`op.get_attr` are there, and `tf.gradients` may be used. (Lucid's overrides held for a
TensorFlow 1 graph and were found by name; these are values, and end with the block.)
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from lucid_widgets.errors import SettingError
from lucid_widgets.modelzoo.overriding import overriding
from lucid_widgets.shapes import ActivationTensor

Override = Callable[..., ActivationTensor]
GradientFunction = Callable[[Any, Any], Any]

_VALUES: dict[str, Callable[..., Any]] = {
    "Relu": tf.nn.relu,
    "Relu6": tf.nn.relu6,
    "Elu": tf.nn.elu,
    "Selu": tf.nn.selu,
    "Sigmoid": tf.nn.sigmoid,
    "Softplus": tf.nn.softplus,
    "Tanh": tf.nn.tanh,
    "MaxPool": tf.nn.max_pool2d,
    "AvgPool": tf.nn.avg_pool2d,
}


@dataclass(frozen=True)
class Operation:
    """What a gradient function may ask its operation.

    Args:
        inputs: its tensors.
        outputs: what it makes of them.
        attributes: of pooling: "ksize" and "strides", four numbers each, and "padding".
    """

    inputs: Sequence[Any]
    outputs: Sequence[Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def get_attr(self, name: str) -> Any:
        """Return an attribute, as TensorFlow 1's operations did."""
        return self.attributes[name]


class OverrideMap(dict[str, Override]):
    """Overrides by operation type; as a context manager they hold within its block.

    Models that are imported, and runs that are started, inside the block use them.
    """

    def __init__(self, overrides: Mapping[str, Override]) -> None:
        super().__init__(overrides)
        self._open = contextlib.ExitStack()

    def __enter__(self) -> OverrideMap:
        self._open.enter_context(overriding(self))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()


def gradient_override_map(overrides: Mapping[str, GradientFunction]) -> OverrideMap:
    """Return overrides made of gradient functions, to be used with ``with``.

    Args:
        overrides: operation types to functions `(op, grad) -> gradient`.

    Raises:
        SettingError: an operation whose gradient cannot be exchanged, or a value that
            is no function.
    """
    return OverrideMap({op: _override(op, f) for op, f in overrides.items()})


def _override(op_type: str, gradient: Any) -> Override:
    if op_type not in _VALUES:
        raise SettingError(
            f"the gradient of {op_type!r} cannot be exchanged; expected one of "
            f"{', '.join(_VALUES)}"
        )
    if not callable(gradient):
        raise SettingError(
            f"the gradient of {op_type!r} is {gradient!r}; expected a function (op, "
            "grad) itself, not the name that it was registered under"
        )

    def override(x: Any, *window: Any) -> Any:
        return use_gradient(gradient, _attributes(*window) if window else {})(
            lambda x: _VALUES[op_type](x, *window)
        )(x)

    return override


def _attributes(ksize: Any, strides: Any, padding: str) -> dict[str, Any]:
    return {
        "ksize": [1, *ksize, 1],
        "strides": [1, *strides, 1],
        "padding": padding,
    }


def use_gradient(
    grad_f: GradientFunction, attributes: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function of tensors: its value stays, its gradient is another.

    Args:
        grad_f: `(op, grad) -> gradient`, or a list of gradients for several inputs.
        attributes: what `op.get_attr` shall find.

    Example:
        >>> @use_gradient(lambda op, grad: tf.sign(grad))
        ... def signed(x):
        ...     return tf.identity(x)
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def gradient(inputs: Any, grad: Any) -> Any:
            op = Operation(inputs, [function(*inputs)], attributes or {})
            return grad_f(op, grad)

        @tf.custom_gradient
        def computed(*inputs: Any) -> Any:
            def backwards(grad: Any) -> Any:
                # In a graph, so that `tf.gradients` works in eager code, too.
                given = (list(inputs), grad)
                traced = tf.function(gradient, autograph=False)
                return traced.get_concrete_function(*given)(*given)

            return function(*inputs), backwards

        return functools.wraps(function)(lambda *inputs: computed(*inputs))

    return decorate
