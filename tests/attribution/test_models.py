"""Any model of the zoo: Keras of several shapes; progress, stopping, bad targets."""

from __future__ import annotations

import threading

import keras
import numpy as np
import pytest

from lucid_widgets import attribution
from lucid_widgets.errors import (
    ImageError,
    LayerNotFoundError,
    ModelError,
    ObjectiveError,
    StoppedError,
)
from lucid_widgets.modelzoo.tiny_inception import TinyInception
from lucid_widgets.modelzoo.vision_models import from_keras

PHOTO = np.random.default_rng(0).random([1, 20, 28, 3]).astype(np.float32)


class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.one = keras.layers.Conv2D(6, 3, activation="relu", name="one")
        self.two = keras.layers.Conv2D(4, 3, name="two")

    def call(self, x):
        return self.two(self.one(x))


def residual_with_softmax():
    x = inputs = keras.Input([20, 28, 3])
    x = keras.layers.Conv2D(5, 3, padding="same", activation="relu", name="first")(x)
    y = keras.layers.Conv2D(5, 3, padding="same", name="branch")(x)
    x = keras.layers.Add(name="sum")([x, y])
    x = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = keras.layers.Conv2D(4, 1, name="scores")(x)
    x = keras.layers.Flatten(name="flat")(x)
    return keras.Model(inputs, keras.layers.Softmax()(x))


def block():
    x = inputs = keras.Input([20, 28, 3])
    x = keras.layers.GlobalAveragePooling2D()(Block()(x))
    return keras.Model(inputs, keras.layers.Dense(3, "softmax", name="classes")(x))


def tokens():
    x = inputs = keras.Input([20, 28, 3])
    x = keras.layers.Conv2D(6, (5, 7), strides=(5, 7), name="patches")(x)
    x = keras.layers.Reshape([16, 6])(x)
    x = keras.layers.Dense(6, activation="gelu", name="mixer")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, keras.layers.Dense(3, name="classes")(x))


def test_keras_models_have_their_logits_found_and_their_last_layer():
    model = from_keras(residual_with_softmax(), (-1, 1), labels=["a", "b", "c", "d"])
    found = attribution.grad_cam(model, PHOTO, "c")
    assert (found.layer, found.values.shape) == ("sum", (1, 20, 28))
    logits = model.activations(PHOTO, "flat")
    np.testing.assert_allclose(found.target_values, logits[:, 2], rtol=1e-4)
    # Beside the branch, the target depends on what comes before it as well.
    branch = attribution.spatial(model, PHOTO, "c", "branch", path="integrated")
    assert branch.relative_delta.max() < 0.01


def test_layers_inside_of_blocks_can_be_explained():
    model = from_keras(block(), (-1, 1))
    for layer in ("block/one", "block/one_pre_relu", "block/two"):
        found = attribution.channel(model, PHOTO, 1, layer, path="integrated", steps=32)
        assert found.values.shape[1] == (4 if layer == "block/two" else 6)
        assert found.relative_delta.max() < 0.02
    assert attribution.integrated_gradients(model, PHOTO, 0).relative_delta.max() < 0.02


def test_tokens_are_shown_as_the_square_they_form():
    model = from_keras(tokens(), (-1, 1))
    found = attribution.spatial(model, PHOTO, 2, "mixer")
    assert (found.axes, found.maps.shape) == (("image", "token"), (1, 4, 4))
    np.testing.assert_array_equal(found.maps[0].ravel(), found.values[0])
    assert found.overlay(PHOTO[0]).shape == (20, 28, 3)


def test_every_method_works_on_the_embedded_model():
    model = TinyInception()
    photo = np.random.default_rng(1).random([1, 64, 48, 3]).astype(np.float32)
    short = {
        "SmoothGrad": {"draws": 2},
        "integrated gradients": {"steps": 2, "max_steps": 2},
        "occlusion": {"patch": 24},
        "RISE": {"masks": 4},
    }
    seen = model.activations(photo, "softmax2")[0].argmax()
    for name, method in attribution.METHODS.items():
        found = method(model, photo, seen, batch_size=4, **short.get(name, {}))
        assert np.isfinite(found.values).all()
        assert np.ptp(found.values) > 0
        assert found.method.lower() == name.lower()
        assert found.target == model.labels[seen]
        assert (found.values.min() >= 0) or found.signed
        assert found.overlay(photo[0]).shape == (64, 48, 3)


def test_progress_is_told_and_the_work_can_be_stopped(tiny_model):
    told = []
    attribution.smoothgrad(
        tiny_model,
        PHOTO,
        "cat",
        draws=7,
        batch_size=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(3, 7), (6, 7), (7, 7)]
    event = threading.Event()
    with pytest.raises(StoppedError, match="SmoothGrad was stopped after 3 of 7"):
        attribution.smoothgrad(
            tiny_model,
            PHOTO,
            "cat",
            draws=7,
            batch_size=3,
            progress=lambda *_: event.set(),
            cancel=event,
        )


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ("ca t", ObjectiveError, "no class"),
        ("conv2:7", ObjectiveError, "0 to 6"),
        ("conv9:1", LayerNotFoundError, "conv2"),
        (4, ObjectiveError, "expected 0 to 3"),
        (("ant", "bee", "cat"), ObjectiveError, "a pair"),
        (None, ObjectiveError, "class None"),
        (1.5, ObjectiveError, "1.5"),
    ],
)
def test_targets_that_make_no_sense_are_told(tiny_model, target, error, message):
    with pytest.raises(error, match=message):
        attribution.saliency(tiny_model, PHOTO, target)


def test_ambiguous_labels_name_the_candidates(linear, photos):
    with pytest.raises(ObjectiveError, match=r"'crane \(2\)', 'crane \(3\)'"):
        attribution.saliency(linear, photos, "crane")
    assert attribution.saliency(linear, photos, "crane (3)").target == "crane"


def test_models_and_images_that_are_none_are_told(tiny_model):
    with pytest.raises(ModelError, match="from_keras"):
        attribution.saliency("tiny", PHOTO, 0)
    with pytest.raises(ImageError, match="NaN"):
        attribution.saliency(tiny_model, PHOTO * np.nan, 0)
    with pytest.raises(ImageError, match="5 channels"):
        attribution.saliency(tiny_model, np.zeros([20, 28, 5]), 0)


def test_a_trained_keras_model_is_not_answered_from_an_older_trace():
    network = residual_with_softmax()
    model = from_keras(network, (-1, 1))
    before = attribution.saliency(model, PHOTO, 0).target_values
    scores = network.get_layer("scores")
    scores.set_weights([weight + 1 for weight in scores.get_weights()])
    after = attribution.saliency(model, PHOTO, 0).target_values
    assert np.abs(after - before).max() > 0.5
