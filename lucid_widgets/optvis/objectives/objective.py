"""Objective: a function of activations, with arithmetic.

The numbers inside an objective (a channel's index, a direction, a coefficient) are
kept apart from its structure. Two objectives of equal structure share one compiled
step, and moving from one to the other costs nothing.
"""

from __future__ import annotations

import functools
import numbers as number_types
import operator
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.shapes import ScalarTensor

Numbers = tuple[Any, ...]


class Objective:
    """A function of activations, to be maximised.

    Args:
        objective_func: called with `T`, and with one tensor for each of `numbers`;
            returns a tensor. When it is not a scalar, its sum is maximised.
        name: short name, shown on screen.
        description: longer name, printed by `render_vis`.
        numbers: arrays that may change without a new trace.
        structure: everything else about the objective, hashable. Leave it out
            for functions of your own: they are traced anew for every run, so
            that they always mean what they say at the time.
        targets: the `(layer, channel)` pairs it reads, to be checked against the
            model before work starts; channel None stands for all of them.
        classes: the names of classes it looks up in the model's labels, to be
            checked likewise.

    Raises:
        ObjectiveError: `objective_func` is no function, or a number is not finite.

    Example:
        >>> Objective(lambda T: tf.reduce_max(T("mixed4a")), name="brightest")
    """

    def __init__(
        self,
        objective_func: Callable[..., ScalarTensor],
        name: str = "",
        description: str = "",
        *,
        numbers: Iterable[Any] = (),
        structure: Hashable | None = None,
        targets: Sequence[tuple[str, int | None]] = (),
        classes: Sequence[str] = (),
    ) -> None:
        if not callable(objective_func):
            raise ObjectiveError(
                f"an objective is made of a function of T; got {objective_func!r}"
            )
        self._function = objective_func
        self.name = name
        self.description = description
        self.numbers: Numbers = tuple(_as_number(number) for number in numbers)
        self.structure = structure
        self.targets = tuple(targets)
        self.classes = tuple(classes)

    @property
    def objective_func(self) -> Callable[..., ScalarTensor]:
        """The objective as a function of `T`; Lucid's name for it."""
        return self.__call__

    def __call__(self, T: Any, numbers: Numbers | None = None) -> ScalarTensor:
        """Return the objective's value for the activations `T`.

        Args:
            T: maps a layer's name to its activations.
            numbers: tensors to use in place of `self.numbers`, in their order.
        """
        return self._function(T, *(self.numbers if numbers is None else numbers))

    def __add__(self, other: Any) -> Objective:
        return _combine(operator.add, "sum", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Objective:
        return _combine(operator.sub, "difference", self, other)

    def __rsub__(self, other: Any) -> Objective:
        return -self + other

    def __neg__(self) -> Objective:
        return -1 * self

    def __mul__(self, other: Any) -> Objective:
        return _combine(operator.mul, "product", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Objective:
        return _combine(operator.truediv, "quotient", self, other)

    def __rtruediv__(self, other: Any) -> Objective:
        return _combine(_divided, "reciprocal", self, other)

    def __pos__(self) -> Objective:
        return self

    @staticmethod
    def sum(objs: Iterable[Objective]) -> Objective:
        """Return the sum of several objectives, as one objective."""
        from lucid_widgets.optvis.objectives.reading import as_objective

        objs = [as_objective(obj) for obj in objs]
        if not objs:
            raise ObjectiveError("the sum of no objectives; expected at least one")
        return functools.reduce(operator.add, objs)

    def __repr__(self) -> str:
        return f"<Objective {self.description or self.name}>"


# Python's operators must not be left to numpy: `np.float32(2) * objective` would
# otherwise become an array of objectives.
Objective.__array_ufunc__ = None  # type: ignore[attr-defined]


def _as_number(number: Any) -> np.ndarray:
    """Return an array of whole numbers (indices) or of float32."""
    try:
        array = np.asarray(number)
        if array.dtype.kind in "iu":
            return array.astype(np.int32)
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
    except (TypeError, ValueError, OverflowError):
        array = np.array(np.nan)
    if not np.isfinite(array).all():
        raise ObjectiveError(
            f"an objective was given {number!r}; expected finite numbers"
        )
    return array


def _as_float(number: Any) -> np.ndarray:
    whole = isinstance(number, int | np.integer)
    return _as_number(np.float64(number) if whole and abs(number) < 2**62 else number)


def _divided(value: Any, number: Any) -> Any:
    return number / value


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if tf.is_tensor(value):
        return tf.executing_eagerly() and value.shape.rank == 0
    return isinstance(value, number_types.Real | np.number) or (
        isinstance(value, np.ndarray) and value.ndim == 0
    )


def _combine(
    operation: Callable[[Any, Any], Any], word: str, left: Objective, right: Any
) -> Objective:
    """Return ``operation(left, right)`` as an objective."""
    if _is_number(right):
        coefficient = _as_float(right)
        return Objective(
            lambda T, *ns: operation(left(T, ns[:-1]), ns[-1]),
            left.name,
            left.description
            if word not in ("sum", "difference")
            else f"{left.description} {'+-'[word != 'sum']} {right:g}",
            numbers=(*left.numbers, coefficient),
            structure=left.structure and (word, left.structure),
            targets=left.targets,
            classes=left.classes,
        )
    if not isinstance(right, Objective):
        return NotImplemented  # type: ignore[return-value]
    split = len(left.numbers)
    joined = ", ".join(name for name in (left.name, right.name) if name)
    symbol = {"sum": "+", "difference": "-", "product": "*", "quotient": "/"}[word]
    return Objective(
        lambda T, *ns: operation(left(T, ns[:split]), right(T, ns[split:])),
        joined if word in ("sum", "difference") else left.name,
        f"{word.title()}({left.description} {symbol}\n{right.description})",
        numbers=(*left.numbers, *right.numbers),
        structure=left.structure
        and right.structure
        and (word, left.structure, right.structure),
        targets=(*left.targets, *right.targets),
        classes=(*left.classes, *right.classes),
    )


def scheduled(
    objective: Objective, coefficient: Callable[[ScalarTensor], ScalarTensor]
) -> Objective:
    """Return the objective times a coefficient that depends on the step.

    Args:
        objective: what to multiply.
        coefficient: maps the step's number, a float32 scalar tensor counted from
            0, to a number. Use TensorFlow functions.

    Example:
        >>> scheduled(channel("mixed4a", 3), lambda step: tf.exp(-step / 100))
    """

    def value(T: Any, *ns: Any) -> ScalarTensor:
        step = tf.cast(T("global_step"), tf.float32)
        return coefficient(step) * objective(T, ns)

    return Objective(
        value,
        objective.name,
        f"Scheduled({objective.description})",
        numbers=objective.numbers,
        targets=objective.targets,
        classes=objective.classes,
    )
