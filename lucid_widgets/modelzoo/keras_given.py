"""Activations given to a Keras model, in place of those it would compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.keras_model import KerasModel


@dataclass
class StepGiven:
    """What takes the place of values in one step.

    Args:
        by_output: by number of the output.
        of_before: for what goes into the fused activation.
        by_inner_name: by the name of a layer inside; its first tensor is exchanged.
    """

    by_output: dict[int, Any] = field(default_factory=dict)
    of_before: Any = None
    by_inner_name: dict[str, Any] = field(default_factory=dict)

    def outputs(self, values: Sequence[Any]) -> list[Any]:
        """Return the outputs of the step, those that are given exchanged."""
        return [_as(self.by_output.get(i), x) for i, x in enumerate(values)]

    def before(self, value: Any) -> Any:
        """Return what goes into the fused activation."""
        return _as(self.of_before, value)

    def inside(self, name: str, value: Any) -> Any:
        """Return what a layer inside returned, its first tensor exchanged."""
        import keras

        if name not in self.by_inner_name:
            return value
        flat = keras.tree.flatten(value)
        first = next(i for i, x in enumerate(flat) if hasattr(x, "shape"))
        flat[first] = _as(self.by_inner_name[name], flat[first])
        return keras.tree.pack_sequence_as(value, flat)


def _as(given: Any, computed: Any) -> Any:
    """Return what is given, in the precision of what it takes the place of."""
    import tensorflow as tf

    return computed if given is None else tf.cast(given, computed.dtype)


def steps_given(model: KerasModel, given: Mapping[str, Any]) -> dict[int, StepGiven]:
    """Return what is given by number of the step, for activations by layer name."""
    found: dict[int, StepGiven] = {}
    for name, value in given.items():
        if name in model.before_names:
            found.setdefault(model.before_names[name], StepGiven()).of_before = value
        elif name in model.sources:
            index, output = model.sources[name]
            found.setdefault(index, StepGiven()).by_output[output] = value
        else:
            index, inner, _ = model.inside[name]
            found.setdefault(index, StepGiven()).by_inner_name[inner] = value
    return found
