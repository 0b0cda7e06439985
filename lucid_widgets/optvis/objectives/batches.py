"""Objectives about the images of a batch together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis import objectives_util as util
from lucid_widgets.optvis.objectives.wrapping import factory
from lucid_widgets.shapes import ScalarTensor


@factory("n_channels", layers=["layer"], channels=["n_channels"])
def channels(layer: str, n_channels: Sequence[int]) -> Any:
    """One channel for each image of the batch; for contact sheets.

    The value is a vector `[batch]`: each image has its own, and none takes anything
    from the others. Added to a single number, such as a sum over the whole batch,
    that number counts once for each image.

    Args:
        layer: the layer.
        n_channels: the channel that image 0 shall show, image 1, and so on.

    Example:
        >>> channels("mixed4a", [30, 31, 32, 33])  # with a batch of four
    """

    def inner(T: Any, n_channels: Any) -> ScalarTensor:
        means = tf.reduce_mean(T(layer), axis=[1, 2])
        _check_count(means, n_channels, "channels")
        depth = tf.shape(means)[-1]
        n_channels = tf.where(n_channels < 0, n_channels + depth, n_channels)
        return tf.gather(means, n_channels, axis=1, batch_dims=1)

    return inner


@factory("vecs", layers=["layer"])
def directions(layer: str, vecs: Any, cossim_pow: float = 0) -> Any:
    """One direction in channel space for each image of the batch; for grids.

    The value is a vector `[batch]`; see `direction`.

    Args:
        layer: the layer.
        vecs: the directions, `[batch, channels]`.
        cossim_pow: how much the angle matters.
    """
    util.check_rank(vecs, 2, "directions: vecs", "[batch, channels]")

    def inner(T: Any, vecs: Any) -> ScalarTensor:
        acts = T(layer)
        _check_count(acts, vecs, "directions")
        values = util.dot_cossim(acts, vecs[:, tf.newaxis, tf.newaxis], cossim_pow)
        return tf.reduce_mean(values, axis=[1, 2])

    return inner


def _check_count(acts: Any, given: Any, what: str) -> None:
    if acts.shape[0] is not None and acts.shape[0] != given.shape[0]:
        raise ObjectiveError(
            f"{given.shape[0]} {what} for a batch of {acts.shape[0]} images; expected "
            "one for each: change the batch"
        )


@factory(
    "n_channel1",
    "n_channel2",
    layers=["layer1", "layer2"],
    channels=["n_channel1", "n_channel2"],
)
def channel_interpolate(
    layer1: str, n_channel1: int, layer2: str, n_channel2: int
) -> Any:
    """One channel in the batch's first image, another in its last, a blend between.

    Image `b` of `B` is worth `(1 - w)` of the first channel and `w` of the second,
    `w = b / (B - 1)`; the value is the sum over the batch. A batch of one shows
    the first channel (Lucid divided by zero).

    Args:
        layer1: layer of the first channel.
        n_channel1: index of the first channel.
        layer2: layer of the second channel.
        n_channel2: index of the second channel.
    """

    def inner(T: Any, n_channel1: Any, n_channel2: Any) -> ScalarTensor:
        first = tf.reduce_mean(util.pick(T(layer1), n_channel1), axis=[1, 2])
        second = tf.reduce_mean(util.pick(T(layer2), n_channel2), axis=[1, 2])
        count = tf.shape(first)[0]
        weights = tf.cast(tf.range(count) / tf.maximum(count - 1, 1), tf.float32)
        return tf.reduce_sum((1 - weights) * first + weights * second)

    return inner


@factory("decay_ratio", layers=["layer"])
def alignment(layer: str, decay_ratio: float = 2) -> Any:
    """Minus the differences between neighbouring images of the batch: add it.

    The sum, over distances d from 1 to 4 and over pairs of images d apart, of the
    mean squared difference of activations divided by `decay_ratio ** d`.

    Args:
        layer: the layer.
        decay_ratio: how fast the weight falls with distance.
    """

    def inner(T: Any, decay_ratio: Any) -> ScalarTensor:
        acts = T(layer)
        count = acts.shape[0]
        decay_ratio = tf.cast(decay_ratio, tf.float32)
        total = tf.constant(0.0)
        for distance in range(1, min(5, count)):
            difference = acts[:-distance] - acts[distance:]
            mean = tf.reduce_mean(difference**2, axis=[1, 2, 3])
            total += tf.reduce_sum(mean) / decay_ratio**distance
        return -total

    return inner


@factory(layers=["layer"])
def diversity(layer: str) -> Any:
    """How alike the images of a batch are, in style: subtract it.

    Each image's Gram matrix (channels by channels, summed over positions) is
    normalised as a whole; the value is the sum of the products of all ordered
    pairs of different images, divided by the size of the batch.

    Args:
        layer: the layer.

    Example:
        >>> channel("mixed4a", 30) - 1e2 * diversity("mixed4a")
    """

    def inner(T: Any) -> ScalarTensor:
        acts = T(layer)
        count = tf.shape(acts)[0]
        flat = tf.reshape(acts, [count, -1, acts.shape[-1]])
        grams = tf.reshape(tf.matmul(flat, flat, transpose_a=True), [count, -1])
        grams = tf.math.l2_normalize(grams, axis=1, epsilon=1e-10)
        products = tf.matmul(grams, grams, transpose_b=True)
        others = 1 - tf.eye(count)
        return tf.reduce_sum(products * others) / tf.cast(count, tf.float32)

    return inner
