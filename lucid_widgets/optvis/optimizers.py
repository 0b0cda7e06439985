"""Optimizers as pure functions of variables, gradients and slots.

`render_vis` accepts what its users have: nothing (Adam with a learning rate of
0.05, as in Lucid), a Keras optimizer, one of TensorFlow 1, or a function that
returns one. All become an `Optimizer`, whose memory is a value: a run can be paused,
copied and continued.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from lucid_widgets.errors import SettingError

Tensors = tuple[Any, ...]


@dataclass(frozen=True)
class Optimizer:
    """How gradients change variables.

    Args:
        init: makes the slots (moments and the like) for some variables.
        update: `(variables, gradients, slots, step, learning_rate)` to new
            variables and slots; gradients are those of a loss to be minimised, and
            `step` counts from 0.
        learning_rate: the default; None where the optimizer keeps a schedule.
        structure: hashable; equal for equal optimizers, None when unknown.
    """

    init: Callable[[Sequence[Any]], Tensors]
    update: Callable[[Tensors, Tensors, Tensors, Any, Any], tuple[Tensors, Tensors]]
    learning_rate: float | None
    structure: Hashable | None


def adam(
    learning_rate: float = 0.05,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> Optimizer:
    """Return Adam (Kingma & Ba, 2015, the variant at the end of section 2).

    `epsilon` is added to the root of the uncorrected second moment, as in
    TensorFlow 1.

    Args:
        learning_rate: how far every update goes.
        beta_1: decay of the first moment.
        beta_2: decay of the second moment.
        epsilon: keeps the quotient finite.
    """

    def init(variables: Sequence[Any]) -> Tensors:
        return tuple(tf.zeros_like(v) for v in (*variables, *variables))

    def update(
        variables: Tensors, gradients: Tensors, slots: Tensors, step: Any, rate: Any
    ) -> tuple[Tensors, Tensors]:
        count = tf.cast(step, tf.float32) + 1
        rate = rate * tf.sqrt(1 - beta_2**count) / (1 - beta_1**count)
        half = len(variables)
        first = tuple(
            m + (1 - beta_1) * (g - m)
            for m, g in zip(slots[:half], gradients, strict=True)
        )
        second = tuple(
            v + (1 - beta_2) * (g * g - v)
            for v, g in zip(slots[half:], gradients, strict=True)
        )
        moved = tuple(
            x - rate * m / (tf.sqrt(v) + epsilon)
            for x, m, v in zip(variables, first, second, strict=True)
        )
        return moved, (*first, *second)

    structure = ("adam", beta_1, beta_2, epsilon)
    return Optimizer(init, update, learning_rate, structure)


def sgd(learning_rate: float = 0.05) -> Optimizer:
    """Return plain gradient descent.

    Args:
        learning_rate: how far every update goes.
    """

    def update(
        variables: Tensors, gradients: Tensors, slots: Tensors, step: Any, rate: Any
    ) -> tuple[Tensors, Tensors]:
        del step
        moved = (x - rate * g for x, g in zip(variables, gradients, strict=True))
        return tuple(moved), slots

    return Optimizer(lambda variables: (), update, learning_rate, ("sgd",))


def rmsprop(
    learning_rate: float = 0.05,
    decay: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-10,
) -> Optimizer:
    """Return RMSProp as in TensorFlow 1, whose mean square starts at 1, not at 0.

    Args:
        learning_rate: how far every update goes.
        decay: of the mean square.
        momentum: how much of the last update goes into the next.
        epsilon: added under the root.
    """

    def init(variables: Sequence[Any]) -> Tensors:
        ones = tuple(tf.ones_like(v) for v in variables)
        return (*ones, *(tf.zeros_like(v) for v in variables))

    def update(
        variables: Tensors, gradients: Tensors, slots: Tensors, step: Any, rate: Any
    ) -> tuple[Tensors, Tensors]:
        del step
        half = len(variables)
        squares = tuple(
            s + (1 - decay) * (g * g - s)
            for s, g in zip(slots[:half], gradients, strict=True)
        )
        moves = tuple(
            momentum * m + rate * g / tf.sqrt(s + epsilon)
            for m, g, s in zip(slots[half:], gradients, squares, strict=True)
        )
        moved = tuple(x - m for x, m in zip(variables, moves, strict=True))
        return moved, (*squares, *moves)

    structure = ("rmsprop", decay, momentum, epsilon)
    return Optimizer(init, update, learning_rate, structure)


def as_optimizer(optimizer: Any) -> Optimizer:
    """Return an `Optimizer` made from what `render_vis` accepts.

    Args:
        optimizer: None for Adam(0.05); a Keras optimizer; one of
            `tf.compat.v1.train`; or a function without arguments (or a class) that
            returns one.

    Raises:
        SettingError: it is none of these.
    """
    if optimizer is None:
        return adam()
    if isinstance(optimizer, Optimizer):
        return optimizer
    import keras

    if isinstance(optimizer, keras.optimizers.Optimizer):
        return _from_keras(optimizer)
    if isinstance(optimizer, tf.compat.v1.train.Optimizer):
        return _from_tf1(optimizer)
    if callable(optimizer):
        made = optimizer()
        known = keras.optimizers.Optimizer | tf.compat.v1.train.Optimizer | Optimizer
        if isinstance(made, known):
            return as_optimizer(made)
        optimizer = made
    raise SettingError(
        f"optimizer is {type(optimizer).__name__}; expected a Keras optimizer, such as "
        "keras.optimizers.Adam(0.05), or None"
    )


def _from_keras(optimizer: Any) -> Optimizer:
    """Return an optimizer that runs a copy of a Keras one.

    Keras optimizers keep their slots in variables of their own. Here these serve as
    registers: filled from the slots before an update, read out after it.
    """
    import keras

    registers: dict[str, Any] = {}

    def build(variables: Sequence[Any]) -> None:
        with tf.init_scope():
            copy = type(optimizer).from_config(optimizer.get_config())
            holders = [keras.Variable(tf.zeros(v.shape, v.dtype)) for v in variables]
            copy.build(holders)
        registers.update(copy=copy, holders=holders)

    # There is no public way to see a schedule.
    scheduled = isinstance(
        optimizer._learning_rate,
        keras.optimizers.schedules.LearningRateSchedule,
    )

    def init(variables: Sequence[Any]) -> Tensors:
        build(variables)
        return tuple(tf.convert_to_tensor(v.value) for v in registers["copy"].variables)

    def update(
        variables: Tensors, gradients: Tensors, slots: Tensors, step: Any, rate: Any
    ) -> tuple[Tensors, Tensors]:
        del step
        if not registers:  # a resumed run begins with the slots of an earlier one
            build(variables)
        copy, holders = registers["copy"], registers["holders"]
        for holder, value in zip(holders, variables, strict=True):
            holder.value.assign(value)
        for holder, value in zip(copy.variables, slots, strict=True):
            holder.value.assign(value)
        if not scheduled:
            copy.learning_rate.assign(rate)
        copy.apply(list(gradients), holders)
        return (
            tuple(tf.identity(holder.value) for holder in holders),
            tuple(tf.identity(holder.value) for holder in copy.variables),
        )

    rate = None if scheduled else float(optimizer.learning_rate)
    # The registers belong to one compiled step; sharing would mix two runs up.
    return Optimizer(init, update, rate, structure=None)


def _from_tf1(optimizer: Any) -> Optimizer:
    """Return the counterpart of an optimizer of TensorFlow 1."""
    import keras

    train = tf.compat.v1.train
    given: dict[str, Any] = vars(optimizer)

    def number(*names: str) -> Any:
        value: Any = next(given[name] for name in names if name in given)
        value = value() if callable(value) else value
        return float(value)  # pyright: ignore[reportArgumentType]

    if isinstance(optimizer, train.AdamOptimizer):
        return adam(
            number("_lr"), number("_beta1"), number("_beta2"), number("_epsilon")
        )
    if isinstance(optimizer, train.GradientDescentOptimizer):
        return sgd(number("_learning_rate"))
    if isinstance(optimizer, train.MomentumOptimizer):
        return _from_keras(
            keras.optimizers.SGD(
                number("_learning_rate"),
                momentum=number("_momentum"),
                nesterov=bool(given["_use_nesterov"]),
            )
        )
    if isinstance(optimizer, train.AdagradOptimizer):
        return _from_keras(
            keras.optimizers.Adagrad(
                number("_learning_rate"),
                initial_accumulator_value=number("_initial_accumulator_value"),
            )
        )
    if isinstance(optimizer, train.RMSPropOptimizer) and not given["_centered"]:
        return rmsprop(
            number("_learning_rate"),
            number("_decay"),
            number("_momentum"),
            number("_epsilon"),
        )
    raise SettingError(
        f"optimizer is TensorFlow 1's {type(optimizer).__name__}, which has no "
        "counterpart here; use one of keras.optimizers"
    )
