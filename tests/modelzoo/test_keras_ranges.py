from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo.vision_models import from_keras


def begins_with(layer) -> keras.Model:
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, layers.Conv2D(2, 1)(layer(inputs)), name="mine")


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
    ],
)
def test_preprocessing_inside_the_model_is_seen(layer, expected):
    model = from_keras(begins_with(layer()))
    assert [float(end) for end in model.image_value_range] == list(expected)
    assert not model.is_BGR


def test_without_a_clue_the_range_is_asked_for():
    with pytest.raises(ModelError, match="image_value_range is needed for mine"):
        from_keras(begins_with(layers.Activation("relu")))


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
