from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from lucid_widgets.modelzoo.vision_models import InceptionV1, from_keras


def seen_by(model, name: str, size: tuple[int, int]) -> tuple[int, int]:
    """Measure stride and receptive field, along the height, with gradients."""
    images = tf.random.stateless_uniform([1, *size, 3], (1, 2))
    spans = []
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        # Averages pass gradients on to everything that a maximum might have chosen.
        pool = {"MaxPool": lambda x, k, s, p: tf.nn.avg_pool2d(x, k, s, p)}
        linear = {"Relu": lambda x: x, **pool}
        found = model.import_graph(images, linear)[name]
        middle = found.shape[1] // 2
        values = [
            tf.reduce_sum(found[0, middle + i, found.shape[2] // 2]) for i in (0, 1)
        ]
    for value in values:
        gradient = tape.gradient(value, images).numpy()[0].sum((1, 2))
        rows = np.flatnonzero(np.abs(gradient) > 0)
        spans.append((rows[0], rows[-1]))
    return spans[1][0] - spans[0][0], spans[0][1] - spans[0][0] + 1


@pytest.mark.parametrize(
    ("name", "stride", "field"),
    [("conv2d0", 2, 7), ("conv2d2", 4, 19), ("mixed3a", 4, 35), ("mixed4a", 8, 91)],
)
def test_tiny_inception_sees_what_it_says(tiny, name, stride, field):
    layer = tiny.get_layer(name)
    assert (layer.stride, layer.receptive_field) == (stride, field)
    assert seen_by(tiny, name, (160, 32)) == (stride, field)


def test_inception_v1_has_its_published_receptive_fields(stand_in):
    model = InceptionV1(path=stand_in)
    layer = model.get_layer("mixed3a")
    assert (layer.stride, layer.receptive_field) == (8, 59)
    assert model.get_layer("softmax2").receptive_field is None
    before = model.get_layer("mixed3a_pre_relu")
    assert (before.stride, before.receptive_field) == (8, 59)


def test_keras_models_see_what_they_say():
    x = inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, strides=2, name="a")(x)
    x = layers.Conv2D(4, 3, dilation_rate=2, name="b", activation="relu")(x)
    y = layers.Conv2D(4, 1, name="c")(x)
    x = layers.Add(name="sum")([x, y])
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    model = from_keras(keras.Model(inputs, x), (0, 1))
    for name, expected in {"a": (2, 3), "b": (2, 11), "sum": (2, 11)}.items():
        layer = model.get_layer(name)
        assert (layer.stride, layer.receptive_field) == expected
        assert seen_by(model, name, (64, 24)) == expected
    assert model.get_layer("pool").stride == 4
    assert model.get_layer("mean").receptive_field is None
    assert model.get_layer("b_pre_relu").receptive_field == 11


def test_squeeze_and_excitation_sees_the_whole_image_and_keeps_the_stride():
    x = inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, strides=2, name="a")(x)
    y = layers.GlobalAveragePooling2D(name="mean")(x)
    y = layers.Dense(4, activation="sigmoid", name="gate")(layers.Reshape((1, 1, 4))(y))
    x = layers.Multiply(name="gated")([x, y])
    x = layers.Conv2D(4, 3, strides=2, name="b")(x)
    model = from_keras(keras.Model(inputs, x), (0, 1))
    places = {
        layer.name: (layer.stride, layer.receptive_field) for layer in model.layers
    }
    assert places["a"] == (2, 3)
    assert places["mean"] == places["gate"] == (None, None)
    assert (places["gated"], places["b"]) == ((2, None), (4, None))
    assert seen_by(model, "b", (61, 24)) == (0, 61)


def largest_seen(model, name: str, size: tuple[int, int]) -> int:
    """Measure the largest receptive field of eight neighbours, along the height."""
    images = tf.random.stateless_uniform([1, *size, 3], (1, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        found = model.import_graph(images)[name]
        row, column = found.shape[1] // 2, found.shape[2] // 2
        values = [tf.reduce_sum(found[0, row + i, column]) for i in range(8)]
    spans = []
    for value in values:
        gradient = tape.gradient(value, images).numpy()[0]
        rows = np.flatnonzero(np.abs(gradient).sum((1, 2)) > 0)
        spans.append(rows[-1] - rows[0] + 1)
    return max(spans)


FINER = {
    "transposed": lambda name: layers.Conv2DTranspose(
        4, 3, strides=2, padding="same", name=name
    ),
    "nearest": lambda name: layers.UpSampling2D(2, name=name),
    "bilinear": lambda name: layers.UpSampling2D(
        2, interpolation="bilinear", name=name
    ),
}


@pytest.mark.parametrize("kind", FINER)
def test_layers_of_finer_grids_see_what_they_say(kind):
    finer = FINER[kind]
    x = inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 5, strides=2, padding="same", name="a")(x)
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="b")(x)
    y = finer("up")(x)
    y = layers.Conv2D(4, 3, padding="same", name="c")(finer("up again")(y))
    model = from_keras(keras.Model(inputs, y), (0, 1))
    strides = {layer.name: layer.stride for layer in model.layers}
    assert strides == {"a": 2, "b": 4, "up": 2, "up again": 1, "c": 1}
    for name in ("up", "up again", "c"):
        found = model.get_layer(name).receptive_field
        assert found == largest_seen(model, name, (64, 24)), name


def test_grids_finer_than_pixels_have_no_stride():
    inputs = keras.Input((None, None, 3))
    model = from_keras(keras.Model(inputs, FINER["nearest"]("up")(inputs)), (0, 1))
    assert model.get_layer("up").stride is None


class PythonCode(keras.Model):
    """A network that says nothing about its structure."""

    def __init__(self):
        super().__init__()
        self.first = layers.Conv2D(4, 3, strides=2, padding="same", name="first")
        self.depthwise = layers.DepthwiseConv2D(3, name="depthwise", activation="relu")
        self.pool = layers.MaxPooling2D(2, name="pool")
        self.up = layers.UpSampling2D(2, name="up")
        self.spread = layers.Conv2DTranspose(4, 2, strides=2, name="spread")
        self.mean = layers.GlobalAveragePooling2D(name="mean")

    def call(self, x):
        x = self.first(x)
        x = self.pool(tf.nn.gelu(x) + 0.5 * x)
        return self.mean(self.spread(self.up(self.depthwise(x))))


def test_layers_of_python_code_tell_stride_and_field():
    model = from_keras(PythonCode(), (0, 1), image_shape=(64, 48, 3))
    places = {
        layer.name: (layer.stride, layer.receptive_field) for layer in model.layers
    }
    assert places["first"] == (2, 3)
    assert places["pool"] == (4, 5)
    assert places["depthwise"] == (4, 13)
    assert model.get_layer("depthwise_pre_relu").stride == 4
    # What positions of a finer grid see is not told here.
    assert (places["up"], places["spread"]) == ((2, None), (1, None))
    assert places["mean"] == (None, None)
