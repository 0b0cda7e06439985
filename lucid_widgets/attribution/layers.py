"""Which layer to look at, when nobody says."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.attribution.targets import Target
from lucid_widgets.errors import ObjectiveError
from lucid_widgets.modelzoo.tracing import traced
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.optvis.objectives_util import view


def last_layer_with_positions(model: Model, target: Target) -> str:
    """Return the last of `model.layers` with more than one position before a target.

    Args:
        model: the model.
        target: what depends on it.

    Raises:
        ObjectiveError: there is none.
    """
    kept = vars(model).setdefault("_attribution_functions", {})
    key = ("last layer", target.structure)
    if target.structure is not None and key in kept:
        return kept[key]
    candidates = _before(model, target)
    for positions in (2, 1):  # rows and columns; of transformers, tokens
        for name in reversed(candidates):
            shape = candidates[name]
            if len(shape) == positions + 1 and np.prod(shape[:-1]) > 1:
                kept[key] = name
                return name
    raise ObjectiveError(
        f"no layer of {model.name} before {target.text} has more than one position; name "
        "the layer"
    )


def _before(model: Model, target: Target) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the layers that a target depends on, in the model's order."""
    names = [layer.name for layer in model.layers if layer.tags & {"conv", "token"}]
    numbers = [tf.convert_to_tensor(number) for number in target.numbers]
    shapes: dict[str, tuple[int, ...]] = {}

    def trace(images: Any) -> None:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            T = model.import_graph(images)
            T["labels"] = model.labels
            value = target.score(view(T, None, 0), tf.constant(0), *numbers)
            # Read after the target: what it did not need does not lead to it.
            read = [T[name] for name in names]
        gradients = tape.gradient(value, read)
        for name, tensor, gradient in zip(names, read, gradients, strict=True):
            if gradient is not None and None not in tensor.shape[1:]:
                shapes[name] = tuple(tensor.shape[1:])

    signature = [tf.TensorSpec([1, *model.image_shape], tf.float32)]
    traced(trace, signature)
    return shapes
