"""Objectives about what a layer responds to: neurons, channels, directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis import objectives_util as util
from lucid_widgets.optvis.objectives.objective import Objective
from lucid_widgets.optvis.objectives.wrapping import factory
from lucid_widgets.shapes import ScalarTensor


@factory("channel_n", layers=["layer_name"], channels=["channel_n"])
def neuron(
    layer_name: str,
    channel_n: int,
    x: int | None = None,
    y: int | None = None,
    batch: int | None = None,
) -> Any:
    """One channel at one position; larger means more active.

        +---+---+---+---+
        |   |   |   |   |     x counts rows and y columns (Lucid's order).
        +---+---+---+---+     Left out, each is size // 2: of an even size,
        |   |   |   |   |     the lower right of the two middle positions.
        +---+---+---+---+
        |   |   | X |   |
        +---+---+---+---+

    Args:
        layer_name: the layer.
        channel_n: the channel's index, from 0.
        x: row, from 0.
        y: column, from 0.
        batch: index of one image; left out, the mean over the batch.

    Example:
        >>> neuron("mixed4a", 30)
    """

    def inner(T: Any, channel_n: Any) -> ScalarTensor:
        acts = util.at_position(T(layer_name), x, y)
        return tf.reduce_mean(util.pick(acts, channel_n))

    return inner


@factory("n_channel", layers=["layer"], channels=["n_channel"])
def channel(layer: str, n_channel: int, batch: int | None = None) -> Any:
    """One channel, averaged over positions and batch; larger means more active.

    Args:
        layer: the layer.
        n_channel: the channel's index, from 0.
        batch: index of one image; left out, the mean over the batch.

    Example:
        >>> channel("mixed4a", 30)
    """

    def inner(T: Any, n_channel: Any) -> ScalarTensor:
        return tf.reduce_mean(util.pick(T(layer), n_channel))

    return inner


@factory("weights", layers=["layer"])
def channel_weighted(layer: str, weights: Any, batch: int | None = None) -> Any:
    """A weighted sum of a layer's channels, averaged over positions.

    Args:
        layer: the layer.
        weights: one coefficient for each channel, `[channels]`.
        batch: index of one image; left out, the mean over the batch.
    """
    util.check_rank(weights, 1, "channel_weighted: weights", "[channels]")

    def inner(T: Any, weights: Any) -> ScalarTensor:
        return tf.reduce_mean(util.dot_cossim(T(layer), weights))

    return inner


@factory("weights", layers=["layer"])
def local_group(
    layer: str,
    weights: Any,
    x: int | None = None,
    y: int | None = None,
    radius: int = 1,
    batch: int | None = None,
) -> Any:
    """A weighted sum of channels around one position.

    Args:
        layer: the layer.
        weights: one coefficient for each channel, `[channels]`.
        x: row of the middle, from 0; left out, height // 2.
        y: column of the middle, from 0; left out, width // 2.
        radius: how many positions it reaches to each side.
        batch: index of one image; left out, the mean over the batch.
    """
    util.check_rank(weights, 1, "local_group: weights", "[channels]")

    def inner(T: Any, weights: Any) -> ScalarTensor:
        acts = util.at_position(T(layer), x, y, radius)
        return tf.reduce_mean(util.dot_cossim(acts, weights))

    return inner


@factory("vec", layers=["layer"])
def direction(
    layer: str, vec: Any, cossim_pow: float = 0, batch: int | None = None
) -> Any:
    """A direction in a layer's channel space, averaged over positions.

    With `cossim_pow` 0 the value is the dot product of activation and direction;
    else that times the cosine of the angle between them, floored at 0.1, to this
    power (see `objectives_util.dot_cossim`).

    Args:
        layer: the layer.
        vec: the direction, `[channels]`; used as it is, not normalised.
        cossim_pow: how much the angle matters.
        batch: index of one image; left out, the mean over the batch.

    Example:
        >>> direction("mixed4a", np.eye(224)[3], cossim_pow=1)
    """
    util.check_rank(vec, 1, "direction: vec", "[channels]")

    def inner(T: Any, vec: Any) -> ScalarTensor:
        return tf.reduce_mean(util.dot_cossim(T(layer), vec, cossim_pow))

    return inner


direction_cossim = direction


@factory("vec", layers=["layer_name"])
def direction_neuron(
    layer_name: str,
    vec: Any,
    x: int | None = None,
    y: int | None = None,
    cossim_pow: float = 0,
    batch: int | None = None,
) -> Any:
    """A direction in channel space at one position: `direction` meets `neuron`.

    Args:
        layer_name: the layer.
        vec: the direction, `[channels]`.
        x: row, from 0; left out, height // 2.
        y: column, from 0; left out, width // 2.
        cossim_pow: how much the angle matters.
        batch: index of one image; left out, the mean over the batch.
    """
    util.check_rank(vec, 1, "direction_neuron: vec", "[channels]")

    def inner(T: Any, vec: Any) -> ScalarTensor:
        acts = util.at_position(T(layer_name), x, y)
        return tf.reduce_mean(util.dot_cossim(acts, vec, cossim_pow))

    return inner


@factory("vec", layers=["layer"])
def tensor_direction(
    layer: str, vec: Any, cossim_pow: float = 0, batch: int | None = None
) -> Any:
    """A direction for each of several positions, held against the layer's middle.

    Args:
        layer: the layer.
        vec: `[height, width, channels]`, or the same with a leading 1; not larger
            than the layer's activations.
        cossim_pow: how much the angle matters.
        batch: index of one image; left out, the mean over the batch.

    Raises:
        ObjectiveError: `vec` has another rank.
    """
    shape = np.shape(vec)
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[0] != 1):
        raise ObjectiveError(
            f"tensor_direction: vec has shape {shape}; expected [height, width, "
            "channels]"
        )
    height, width = shape[-3:-1]

    def inner(T: Any, vec: Any) -> ScalarTensor:
        acts = util.crop_middle(T(layer), height, width)
        vec = tf.reshape(vec, [1, height, width, -1])
        return tf.reduce_mean(util.dot_cossim(acts, vec, cossim_pow))

    return inner


@factory(layers=["layer"])
def deepdream(layer: str, batch: int | None = None) -> Any:
    """The mean square of a layer: whatever it sees, more of it.

    Args:
        layer: the layer.
        batch: index of one image; left out, the mean over the batch.
    """

    def inner(T: Any) -> ScalarTensor:
        return tf.reduce_mean(T(layer) ** 2)

    return inner


def class_logit(layer: str, label: int | str, batch: int | None = None) -> Objective:
    """A class's value in a layer of logits, summed over the batch.

    Args:
        layer: the layer of logits, such as "softmax2_pre_activation".
        label: the class's index, or its name exactly as in the model's labels. An
            index may change without a new trace.
        batch: index of one image; left out, all of them.

    Raises:
        ObjectiveError: `label` is neither; or, when a run is made, no class has
            that name.
    """
    name = label if isinstance(label, str) else None
    batch = None if batch is None else util.index(batch, "batch")
    number = 0 if name is not None else util.index(label, "label")

    def value(T: Any, number: Any) -> ScalarTensor:
        logits = util.view(T, "NHWC", batch)(layer)
        if name is not None:
            number = util.label_index(T("labels"), name)
        return tf.reduce_sum(util.pick(logits, number))

    return Objective(
        value,
        "class_logit",
        util.describe("class_logit", (layer, label), {}),
        numbers=[number],
        structure=("class_logit", layer, name, batch),
        targets=[(layer, number if name is None else None)],
        classes=[] if name is None else [name],
    )
