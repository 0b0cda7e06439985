"""WatchFeatures: a filmstrip of training that leaves the training alone."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest

from lucid_widgets.errors import LayerNotFoundError, SettingError
from lucid_widgets.recipes.watch_features import WatchFeatures

UNITS = ["seen:1", "seen:3", "logits:2"]


def training(callbacks, epochs=3):
    """Train a small network with dropout and batch normalisation, always alike."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((12, 16, 1)),
            keras.layers.Conv2D(4, 3, name="seen"),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Dropout(0.3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, name="logits"),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(0)
    x, y = rng.random((48, 12, 16, 1), np.float32), rng.integers(0, 3, 48)
    losses = model.fit(
        x, y, epochs=epochs, batch_size=16, verbose=0, callbacks=callbacks
    ).history["loss"]
    draws = [random.random(), float(np.random.random())]  # noqa: NPY002 - global on purpose
    weights = [w.value.numpy() for w in (*model.weights, *model.optimizer.variables)]
    return losses, weights, draws


def watching(**options):
    return WatchFeatures(
        UNITS, image_value_range=(0, 1), **{"size": (10, 14), "n_steps": 4, **options}
    )


def test_the_training_is_what_it_would_have_been():
    watch = watching()
    losses, weights, draws = training([watch])
    plain_losses, plain_weights, plain_draws = training([])
    assert losses == plain_losses
    assert draws == plain_draws
    for found, expected in zip(weights, plain_weights, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert watch.epochs.tolist() == [0, 1, 2, 3]
    images = np.stack([watched.images for watched in watch.history])
    assert images.shape == (4, 3, 10, 14, 1)
    assert np.abs(np.diff(images, axis=0)).max(axis=(1, 2, 3, 4)).min() > 1e-3
    assert watch.filmstrip().shape == (3 * 10, 4 * 14, 1)


def test_it_renders_every_few_epochs_within_its_budget():
    seen = []
    watch = watching(
        every=2, budget=1e-9, on_render=lambda w: seen.append(w.epochs[-1])
    )
    training([watch], epochs=5)
    assert seen == [0, 2, 4]
    assert [watched.updates for watched in watch.history] == [4, 1, 1]


@pytest.mark.parametrize(
    "given",
    [{"every": 0}, {"budget": 0}, {"n_steps": 0}, {"size": 0}, {"seed": -1}],
)
def test_impossible_settings_are_refused_at_once(given):
    with pytest.raises(SettingError):
        watching(**given)
    with pytest.raises(SettingError):
        WatchFeatures([])


def test_a_wrong_layer_is_told_before_training_and_an_empty_strip_too():
    with pytest.raises(SettingError, match="nothing was rendered"):
        watching().filmstrip()
    with pytest.raises(LayerNotFoundError):
        training([WatchFeatures(["sean:1"], image_value_range=(0, 1))])
