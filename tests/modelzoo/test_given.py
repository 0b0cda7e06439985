"""`import_graph(given=...)`: going on from activations instead of computing them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import LayerNotFoundError, ModelError
from lucid_widgets.modelzoo.vision_models import from_keras

RANGE = (-1, 1)


def photo(height=20, width=28):
    return np.random.default_rng(5).random([2, height, width, 3]).astype(np.float32)


def functional():
    x = inputs = keras.Input([20, 28, 3])
    x = keras.layers.Conv2D(5, 3, activation="relu", name="first")(x)
    y = keras.layers.Conv2D(5, 3, padding="same", name="branch")(x)
    x = keras.layers.Add(name="sum")([x, y])
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(4, activation="softmax", name="classes")(x)
    return keras.Model(inputs, x)


class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.one = keras.layers.Conv2D(6, 3, activation="relu", name="one")
        self.two = keras.layers.Conv2D(4, 3, name="two")

    def call(self, x):
        return self.two(self.one(x))


def with_block():
    inputs = keras.Input([20, 28, 3])
    x = Block()(inputs)
    return keras.Model(inputs, keras.layers.GlobalMaxPooling2D(name="top")(x))


def half():
    x = inputs = keras.Input([20, 28, 3])
    x = keras.layers.Conv2D(5, 3, dtype="mixed_float16", name="first")(x)
    x = keras.layers.Conv2D(3, 3, dtype="mixed_float16", name="second")(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(
    ("make", "layer", "read"),
    [
        (functional, "first", "classes"),
        (functional, "first_pre_relu", "classes"),
        (functional, "branch", "classes_pre_activation"),
        (with_block, "block/one", "top"),
        (with_block, "block/one_pre_relu", "block/two"),
        (half, "first", "second"),
    ],
)
def test_keras_models_go_on_from_what_is_given(make, layer, read):
    model = from_keras(make(), RANGE)
    images = photo()
    own = model.import_graph(images)
    before, expected = own[layer], own[read]
    same = model.import_graph(images, given={layer: before})
    np.testing.assert_allclose(same[read], expected, rtol=1e-3, atol=1e-4)
    other = model.import_graph(images, given={layer: before * 2})
    np.testing.assert_allclose(other[layer], before * 2, rtol=1e-3)
    assert np.abs(other[read] - expected).max() > 1e-3


def test_gradients_with_respect_to_what_is_given_exist():
    model = from_keras(half(), RANGE)
    images = photo()
    given = model.import_graph(images)["first"]
    with tf.GradientTape() as tape:
        tape.watch(given)
        T = model.import_graph(images, given={"first": given})
        value = tf.reduce_sum(T["second"])
    gradient = tape.gradient(value, given)
    assert gradient.dtype == tf.float32
    assert float(tf.reduce_max(tf.abs(gradient))) > 0


def test_what_lies_before_is_not_computed(tiny_model):
    images = photo()
    given = tiny_model.activations(images, "conv1")
    T = tiny_model.import_graph(images, given={"conv1": given + 1})
    assert T["logits"].shape == (2, 4)
    with tf.GradientTape() as tape:
        watched = tf.convert_to_tensor(images)
        tape.watch(watched)
        value = tiny_model.import_graph(watched, given={"conv1": given})["logits"]
    assert tape.gradient(value, watched) is None


def test_what_comes_before_what_is_given_can_still_be_read():
    model = from_keras(functional(), RANGE)
    images = photo()
    own = model.import_graph(images)
    T = model.import_graph(images, given={"first": own["first"] + 1})
    np.testing.assert_allclose(T["first_pre_relu"], own["first_pre_relu"], rtol=1e-5)
    np.testing.assert_allclose(T["first"], own["first"] + 1, rtol=1e-5)


def test_a_layer_that_is_not_there_is_named(tiny_model):
    with pytest.raises(LayerNotFoundError, match="did you mean 'conv2', 'conv1'"):
        tiny_model.import_graph(photo(), given={"conv3": 0})
    with pytest.raises(ModelError, match="first outputs"):
        tiny_model.import_graph(photo(), given={"conv1:1": 0})
