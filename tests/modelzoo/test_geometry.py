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
