"""What images a Keras model takes, and making the weights of one never called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo import keras_graph


def input_shape(
    keras_model: Any, given: Sequence[int] | None
) -> tuple[int | None, ...]:
    """Return ``(height, width, channels)`` of a model's input, height and width or None."""
    import keras

    if not isinstance(keras_model, keras.Model):
        raise ModelError(
            f"from_keras needs a keras.Model, and was given {type(keras_model).__name__}"
        )
    inputs = _inputs_of(keras_model)
    if inputs is not None and len(inputs) != 1:
        names = ", ".join(f"'{tensor.name}'" for tensor in inputs)
        raise ModelError(
            f"{keras_model.name} has {len(inputs)} inputs ({names}), and only models "
            "with one image input can be used. Fix the others: "
            "keras.Model(image, model([image, constant]))"
        )
    if inputs is not None:
        shape = tuple(inputs[0].shape)
        if len(shape) != 4:
            raise ModelError(
                f"{keras_model.name} takes inputs of shape {shape}, which are not images: "
                "[batch, height, width, channels] is needed"
            )
        own = shape[1:]
        if given is not None:
            own = tuple(given) if own[-1] in (None, given[-1]) else own
        return own
    if given is None:
        raise ModelError(
            f"{keras_model.name} does not say what images it takes; pass "
            "image_shape=[height, width, channels]"
        )
    if len(given) != 3:
        raise ModelError(
            f"image_shape is [height, width, channels], and was given {given!r}"
        )
    return tuple(given)


def _inputs_of(keras_model: Any) -> list[Any] | None:
    graph = keras_graph.functional_graph(keras_model)
    return None if graph is None else list(graph.inputs)


def make_weights(keras_model: Any, shape: tuple[int | None, ...]) -> None:
    """Make the weights of a model that was never called."""
    import keras

    if isinstance(keras_model, keras.Sequential) and not keras_model.built:
        keras_model.build((None, *shape))
    elif not keras_model.built or _inputs_of(keras_model) is None:
        # Blocks make their weights when they are called for the first time, which must
        # not happen inside of a function being traced.
        keras_model(np.zeros((1, *(size or 224 for size in shape)), np.float32))
