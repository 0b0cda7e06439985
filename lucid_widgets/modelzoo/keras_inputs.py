"""What images a Keras model takes, and making the weights of one never called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo import keras_graph
from lucid_widgets.modelzoo.given import checked_shape


def input_shape(
    keras_model: Any, given: Sequence[int] | None
) -> tuple[int | None, ...]:
    """Return ``(height, width, channels)`` of a model's input, height and width or None."""
    import keras

    if not isinstance(keras_model, keras.Model):
        raise _not_a_model(keras_model)
    wanted = None if given is None else checked_shape(given)
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
        if own[0] in (1, 3) and own[2] not in (None, 1, 2, 3, 4):
            raise ModelError(
                f"{keras_model.name} takes images with channels first, {shape}; here they "
                "come last. Build the network with data_format='channels_last': the "
                "weights are the same, new.set_weights(old.get_weights())"
            )
        if wanted is not None and own[-1] not in (None, wanted[-1]):
            raise ModelError(
                f"{keras_model.name} takes images with {own[-1]} channels, and "
                f"image_shape says {wanted[-1]}"
            )
        return own if wanted is None else wanted
    if wanted is None:
        raise ModelError(
            f"{keras_model.name} does not say what images it takes; pass "
            "image_shape=[height, width, channels]"
        )
    return wanted


def _not_a_model(given: Any) -> ModelError:
    """Say what was given in place of a Keras model, and what to do about it."""
    kinds = type(given).__mro__
    if any(kind.__module__.startswith("torch") for kind in kinds):
        advice = "PyTorch models: convert them first, see KerasHub's from_preset"
    elif any(kind.__module__.startswith("tf_keras") for kind in kinds):
        advice = (
            "this one is of Keras 2 (tf_keras): save it as .h5, and load it with "
            "models.from_file(path)"
        )
    elif callable(given) and not isinstance(given, str):
        advice = "call what makes the model, and give what it returns"
    else:
        advice = (
            "for a file use models.from_file(path), for a name models.by_name(name)"
        )
    return ModelError(
        f"from_keras needs a keras.Model, and was given {type(given).__name__}; {advice}"
    )


def check_size(keras_model: Any, size: tuple[int, int]) -> None:
    """Refuse a size other than the one size that a model takes.

    Raises:
        ModelError: the model was built for another one.
    """
    inputs = _inputs_of(keras_model)
    own = size if inputs is None else tuple(inputs[0].shape[1:3])
    if any(
        built not in (None, length) for built, length in zip(own, size, strict=True)
    ):
        raise ModelError(
            f"{keras_model.name} takes images of {own[0]} x {own[1]} px only, and "
            f"image_shape says {size[0]} x {size[1]}; leave image_shape out"
        )


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
        image = np.zeros((1, *(size or 224 for size in shape)), np.float32)
        try:
            keras_model(image)
        except Exception as error:  # whatever the model's own code raises
            why = " ".join(str(error).split())[:300]
            raise ModelError(
                f"{keras_model.name} cannot be called with one batch of images of shape "
                f"{image.shape}: {why}. A model with further inputs needs a wrapper that "
                "takes the image alone; if the size is wrong, pass image_shape="
            ) from error
