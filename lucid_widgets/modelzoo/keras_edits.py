"""Edited Keras models: names of weights, and what is multiplied in which step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.keras_model import KerasModel

Factors = np.ndarray


@dataclass
class StepEdits:
    """Factors of one step, for its outputs, its fused activation and what is inside.

    Args:
        by_output: by number of the output.
        of_before: for what goes into the fused activation.
        by_inner_name: by the name of a layer inside.
    """

    by_output: dict[int, Factors] = field(default_factory=dict)
    of_before: Factors | None = None
    by_inner_name: dict[str, Factors] = field(default_factory=dict)

    def outputs(self, values: Sequence[Any]) -> list[Any]:
        """Return the outputs of the step, multiplied."""
        return [_times(x, self.by_output.get(i)) for i, x in enumerate(values)]

    def before(self, value: Any) -> Any:
        """Return what goes into the fused activation, multiplied."""
        return _times(value, self.of_before)

    def inside(self, name: str, value: Any) -> Any:
        """Return what a layer inside returned, its first tensor multiplied."""
        import keras

        factors = self.by_inner_name.get(name)
        if factors is None:
            return value
        flat = keras.tree.flatten(value)
        first = next(i for i, x in enumerate(flat) if hasattr(x, "shape"))
        flat[first] = _times(flat[first], factors)
        return keras.tree.pack_sequence_as(value, flat)


def _times(value: Any, factors: Factors | None) -> Any:
    import tensorflow as tf

    return value if factors is None else value * tf.cast(factors, value.dtype)


def step_edits(
    model: KerasModel, factors: Mapping[str, Factors]
) -> dict[int, StepEdits]:
    """Return the edits by number of the step, for factors by name of the layer."""
    found: dict[int, StepEdits] = {}
    for name, row in factors.items():
        if name in model.before_names:
            found.setdefault(model.before_names[name], StepEdits()).of_before = row
        elif name in model.sources:
            index, output = model.sources[name]
            edits = found.setdefault(index, StepEdits())
            edits.by_output[output] = row * edits.by_output.get(output, 1)
        else:
            index, inner, _ = model.inside[name]
            found.setdefault(index, StepEdits()).by_inner_name[inner] = row
    return found


def weights_by_name(model: KerasModel) -> dict[str, Any]:
    """Return a model's variables by ``layer/weight``, with the layers' stable names.

    A weight that several layers share is named after the innermost one, or the first.
    """
    paths: dict[int, tuple[int, str]] = {}
    for index, step in enumerate(model.steps):
        held = {"": step.operation, **model.composites.get(index, {})}
        for path, operation in held.items():
            prefix = "/".join(part for part in (step.name, path) if part)
            depth = path.count("/") + bool(path)
            for variable in getattr(operation, "weights", ()):
                if id(variable) not in paths or paths[id(variable)][0] < depth:
                    paths[id(variable)] = (depth, f"{prefix}/{variable.name}")
    found: dict[str, Any] = {}
    for variable in model.keras_model.weights:
        if id(variable) not in paths:
            continue
        name = paths[id(variable)][1].removeprefix("/")
        while name in found:  # two weights of one name in one layer
            name += "'"
        found[name] = variable
    return found
