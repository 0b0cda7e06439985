from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from lucid_widgets.errors import ModelError, ValueRangeError
from lucid_widgets.modelzoo.vision_models import from_keras


def begins_with(layer) -> keras.Model:
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, layers.Conv2D(2, 1)(layer(inputs)), name="mine")


def augmented(x):
    turn = [layers.RandomFlip(), layers.RandomRotation(0.1), layers.GaussianNoise(0.1)]
    return keras.Sequential(turn)(x)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: layers.Rescaling(1 / 255), (0, 255)),
        (lambda: layers.Rescaling(1 / 127.5, offset=-1), (0, 255)),
        (lambda: layers.Rescaling(2.0, offset=-1), (0, 1)),
        (
            lambda: layers.Normalization(mean=[120.0, 110, 100], variance=[9.0, 9, 9]),
            (0, 255),
        ),
        (lambda: layers.Normalization(mean=[0.5] * 3, variance=[0.1] * 3), (0, 1)),
        (keras.applications.mobilenet_v2.preprocess_input, (0, 255)),
        (keras.applications.resnet50.preprocess_input, (0, 255)),  # turns to BGR inside
        (keras.applications.densenet.preprocess_input, (0, 255)),
        (lambda: lambda x: x * 2 - 1, (0, 1)),
        (lambda: layers.Lambda(lambda x: x / 255), (0, 255)),
        (lambda: lambda x: layers.Rescaling(1 / 255)(augmented(x)), (0, 255)),
        (
            lambda: lambda x: layers.Rescaling(1 / 255)(layers.Resizing(8, 6)(x)),
            (0, 255),
        ),
    ],
)
def test_preprocessing_inside_the_model_is_seen(layer, expected):
    is_layer = layer.__name__ == "<lambda>"
    model = from_keras(begins_with(layer() if is_layer else layer))
    assert [float(end) for end in model.image_value_range] == list(expected)
    assert not model.is_BGR


@pytest.mark.parametrize(
    "layer",
    [
        layers.Activation("relu"),
        layers.Rescaling(0.1),  # neither for bytes nor for numbers up to 1
        layers.Lambda(lambda x: x * x / 255),
        lambda x: x / 255 + layers.Conv2D(3, 1)(x),  # the network begins beside it
        lambda x: x / 255 * 0,
    ],
)
def test_without_a_clue_the_range_is_asked_for(layer):
    with pytest.raises(ValueRangeError, match="image_value_range is needed for mine"):
        from_keras(begins_with(layer))


def test_what_belongs_to_a_base_of_keras_applications_is_told():
    base = keras.applications.MobileNet(weights=None, include_top=False, alpha=0.25)
    with pytest.raises(ValueRangeError, match=r"its base, mobilenet_0.*\(-1.0, 1.0\)"):
        from_keras(begins_with(base))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((0,), "a pair"),
        ("01", "a pair"),
        ((0, float("nan")), "a pair"),
        ((np.zeros(4), np.ones(4)), "one number per channel"),
        ((1, 1), "look alike"),
        (5, "a pair"),
    ],
)
def test_ranges_that_are_none_are_refused(given, words):
    with pytest.raises(ModelError, match=words):
        from_keras(begins_with(layers.Activation("relu")), given)


@pytest.mark.parametrize(
    ("application", "preprocess"),
    [
        (keras.applications.MobileNetV2, keras.applications.mobilenet_v2),
        (keras.applications.DenseNet121, keras.applications.densenet),
        (keras.applications.VGG16, keras.applications.vgg16),
    ],
)
def test_applications_get_what_their_own_preprocessing_makes(application, preprocess):
    keras_model = application(weights=None, include_top=False)
    model = from_keras(keras_model)
    images = np.random.default_rng(0).random((1, 4, 6, 3), np.float32)
    expected = preprocess.preprocess_input(images * 255)
    np.testing.assert_allclose(model.network_input(images), expected, atol=1e-3)
