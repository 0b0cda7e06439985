"""What is explained: from what users write to a score of one image.

282, "tabby"                    a class, by its value before the softmax
("tabby", "beagle")             the first minus the second
"mixed4a:30"                    a channel, averaged over positions
objectives.neuron(...), f(T)    any objective
"mixed4d"                       each position (or channel) of a layer: hidden layers only
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import LayerNotFoundError, ObjectiveError
from lucid_widgets.modelzoo.classes import class_index, logits_of
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.optvis.objectives import (
    Objective,
    as_objective,
    channel,
    class_logit,
)
from lucid_widgets.optvis.objectives_util import safe_sqrt
from lucid_widgets.optvis.step import check_targets


@dataclass(frozen=True)
class Target:
    """A score of one image, or a family of scores.

    Args:
        score: from the activations of one image (`T`), the number of the member of the
            family, and the tensors of `numbers`, to a scalar.
        text: what it is, in words.
        unit: of the score.
        structure: hashable, and equal for targets that differ in `numbers` alone; None if
            it is not known.
        numbers: arrays that may change without a new trace.
        axes: names of the axes of the family; empty for a single score.
        shape: its size along them.
    """

    score: Callable[..., Any]
    text: str
    unit: str
    structure: Hashable | None = None
    numbers: tuple[np.ndarray, ...] = ()
    axes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many scores the family has."""
        return int(np.prod(self.shape, dtype=int))


def as_target(model: Model, target: Any) -> Target:
    """Return what a user wrote as a target.

    Args:
        model: the model.
        target: see the top of this module.

    Raises:
        ObjectiveError: it cannot be read; or several classes fit, which are then named.
        LayerNotFoundError: no such layer.
    """
    if isinstance(target, Target):
        return target
    if isinstance(target, tuple | list):
        return _pair(model, target)
    objective, text, unit = _single(model, target)
    check_targets(model, objective)
    return _of_objective(objective, text, unit)


def class_of(model: Model, target: Any) -> int | None:
    """Return the index of the class that a target stands for; None if it is no class."""
    if isinstance(target, str):
        return None if _layer_and_channel(model, target) else class_index(model, target)
    whole = isinstance(target, int | np.integer) and not isinstance(target, bool)
    return class_index(model, target) if whole else None


def class_probability(model: Model, index: int) -> Target:
    """Return the probability of a class: the softmax of the logits."""
    layer = logits_of(model)

    def score(T: Any, _: Any, number: Any) -> Any:
        return tf.reshape(tf.nn.softmax(T(layer)), [-1])[number]

    return Target(
        score,
        f"probability of {class_text(model, index)}",
        "probability",
        ("probability", layer),
        (np.asarray(index, np.int32),),
    )


def class_text(model: Model, index: int) -> str:
    """Return a class's label, or its number where there are no labels."""
    labels = model.labels or ()
    return labels[index] if index < len(labels) else f"class {index}"


def positions_of(layer: str, shape: tuple[int, ...]) -> Target:
    """Return the family: the length of the activation vector at each position.

    Args:
        layer: the layer.
        shape: of its activations for one image, ``[rows, columns, channels]`` or
            ``[tokens, channels]``.
    """
    if len(shape) < 2:
        raise ObjectiveError(
            f"'{layer}' has no positions: its activations have shape {shape}; name a "
            "channel, such as 'layer:0'"
        )

    def score(T: Any, unit: Any) -> Any:
        vectors = tf.reshape(T(layer), [-1, shape[-1]])
        return safe_sqrt(tf.reduce_sum(vectors[unit] ** 2))

    names = ("target row", "target column") if len(shape) == 3 else ("target token",)
    return Target(
        score,
        f"each position of {layer}",
        "activation",
        ("positions", layer, shape),
        axes=names,
        shape=shape[:-1],
    )


def position(model: Model, layer: str, row: int, column: int) -> Target:
    """Return the length of a layer's activation vector at one position.

    Args:
        model: the model.
        layer: a layer with positions.
        row: from 0.
        column: from 0.

    Raises:
        LayerNotFoundError: no such layer.

    Example:
        >>> target = position(model, "mixed4d", 3, 4)  # doctest: +SKIP
        >>> found = spatial(model, photo, target, "mixed4a")  # doctest: +SKIP
    """
    layer = model.canonical_name(layer)

    def score(T: Any, _: Any, row: Any, column: Any) -> Any:
        return safe_sqrt(tf.reduce_sum(T(layer)[0, row, column] ** 2))

    return Target(
        score,
        f"{layer} at row {row}, column {column}",
        "activation",
        ("position", layer),
        (np.asarray(row, np.int32), np.asarray(column, np.int32)),
    )


def channels_of(layer: str, depth: int) -> Target:
    """Return the family: each channel of a layer, averaged over positions."""

    def score(T: Any, unit: Any) -> Any:
        return tf.reduce_mean(T(layer)[..., unit])

    return Target(
        score,
        f"each channel of {layer}",
        "activation",
        ("channels", layer),
        axes=("target channel",),
        shape=(depth,),
    )


def directions_of(layer: str, directions: np.ndarray) -> Target:
    """Return the family: each direction in a layer, summed over positions.

    Args:
        layer: the layer.
        directions: ``[count, channels]``; each is used at length 1.
    """
    length = np.linalg.norm(directions, axis=-1, keepdims=True)
    unit_length = (directions / np.maximum(length, 1e-12)).astype(np.float32)

    def score(T: Any, unit: Any, vectors: Any) -> Any:
        return tf.reduce_sum(T(layer) * vectors[unit])

    return Target(
        score,
        f"each group of {layer}",
        "activation",
        ("directions", layer, directions.shape),
        (unit_length,),
        axes=("target group",),
        shape=(len(directions),),
    )


def layer_name(model: Model, target: Any) -> str | None:
    """Return the canonical name if a target is the bare name of a layer; else None."""
    if not isinstance(target, str) or target in (model.labels or ()):
        return None
    if _layer_and_channel(model, target):
        return None
    try:
        return model.canonical_name(target)
    except LayerNotFoundError:
        return None


def _pair(model: Model, target: Any) -> Target:
    if len(target) != 2:
        raise ObjectiveError(
            f"a target of several parts is a pair (for, against); {len(target)} were given"
        )
    (left, for_text, unit), (right, against_text, _) = (
        _single(model, part) for part in target
    )
    objective = left - right
    check_targets(model, objective)
    return _of_objective(objective, f"{for_text} minus {against_text}", unit)


def _single(model: Model, target: Any) -> tuple[Objective, str, str]:
    """Return objective, text and unit of a target that is no pair."""
    if isinstance(target, Objective) or (
        callable(target) and not hasattr(target, "__index__")
    ):
        objective = as_objective(target)
        return objective, objective.description or objective.name, "objective"
    found = _layer_and_channel(model, target) if isinstance(target, str) else None
    if found:
        layer, number = found
        return channel(layer, number), f"{layer}:{number}", "activation"
    if layer_name(model, target):
        raise ObjectiveError(
            f"'{target}' is a whole layer; name a channel of it, '{target}:0'. (Only "
            "spatial(), channel() and group() attribute to all of a layer.)"
        )
    index = class_index(model, target)
    return class_logit(logits_of(model), index), class_text(model, index), "logit"


def _layer_and_channel(model: Model, text: str) -> tuple[str, int] | None:
    """Return layer and channel of "layer:n", if there is such a layer."""
    if text in (model.labels or ()) or text in model.layer_names:
        return None
    layer, colon, number = text.rpartition(":")
    if not colon or not number.strip().isdecimal():
        return None
    return model.canonical_name(layer.strip()), int(number)


def _of_objective(objective: Objective, text: str, unit: str) -> Target:
    def score(T: Any, _: Any, *numbers: Any) -> Any:
        return tf.reduce_sum(objective(T, numbers))

    return Target(score, text, unit, objective.structure, objective.numbers)
