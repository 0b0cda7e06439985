"""Neuron groups: the factors are right, and so is what they say about classes."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import (
    ImageError,
    LayerNotFoundError,
    ObjectiveError,
    SettingError,
)
from lucid_widgets.recipes.direction_icons import direction_icons
from lucid_widgets.recipes.neuron_groups import neuron_groups
from lucid_widgets.recipes.positions import class_gradient

PHOTO = np.random.default_rng(0).random((20, 28, 3), np.float32)


def test_maps_times_directions_are_the_activations(tiny_model):
    found = neuron_groups(tiny_model, PHOTO, "conv2", groups=5)
    acts = tiny_model.activations(PHOTO, "conv2")[0]
    again = found.maps[0] @ found.directions
    left = ((acts - again) ** 2).sum() / (acts**2).sum()
    assert found.explained == pytest.approx(1 - left, abs=1e-5)
    assert found.explained > 0.95
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1, rtol=1e-5)
    assert found.maps[0].min() >= 0
    assert found.directions.min() >= 0
    strengths = (found.maps[0] ** 2).sum(axis=(0, 1))
    assert (np.diff(strengths) <= 0).all()
    channel, share = found.top_channels(0)[0]
    assert channel == found.directions[0].argmax()
    assert share == pytest.approx(found.directions[0].max() ** 2, rel=1e-5)


def test_groups_of_several_photos_are_found_together(tiny_model):
    found = neuron_groups(tiny_model, [PHOTO, PHOTO[:, :14]], "conv2", groups=3)
    assert [one.shape for one in found.maps] == [(10, 14, 3), (15, 10, 3)]
    alone = neuron_groups(tiny_model, PHOTO[None], "conv2", groups=3)
    assert len(alone) == 3
    again = neuron_groups(tiny_model, [PHOTO], "conv2", groups=3)
    np.testing.assert_array_equal(alone.directions, again.directions)


def test_attribution_against_the_weights_of_the_last_layer(tiny_model):
    # Classes are a linear function of the mean over positions of conv2.
    found = neuron_groups(tiny_model, PHOTO, "conv2", groups=4)
    weights = tiny_model.weight("logits_w")[:, 2]
    expected = found.maps[0].mean(axis=(0, 1)) * (found.directions @ weights)
    np.testing.assert_allclose(
        found.attribution(tiny_model, "cat")[0], expected, rtol=1e-4
    )
    gradient = class_gradient(tiny_model, PHOTO, "conv2", 2)
    np.testing.assert_allclose(gradient[3, 4], weights / 140, rtol=1e-4)


def test_each_group_gets_a_picture_of_its_direction(tiny_model):
    found = neuron_groups(tiny_model, PHOTO, "conv2", groups=2)
    assert found.icons is None
    drawn = found.with_icons(tiny_model, size=(12, 16), n_steps=3)
    assert drawn.icons.shape == (2, 12, 16, 3)
    long = direction_icons(
        tiny_model, "conv2", 9 * found.directions, size=(12, 16), n_steps=3
    )
    np.testing.assert_allclose(long, drawn.icons, atol=1e-5)


def test_negative_activations_are_left_out_and_told_of(tiny_model, caplog):
    found = neuron_groups(tiny_model, PHOTO, "conv2_pre_relu", groups=5)
    assert "negative activations" in caplog.text
    assert found.explained < 0.9


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (ImageError, {"images": []}),
        (ImageError, {"images": [PHOTO, None]}),
        (LayerNotFoundError, {"layer": "conv9"}),
        (SettingError, {"groups": 0}),
        (SettingError, {"groups": 8}),
        (SettingError, {"groups": 2.5}),
    ],
)
def test_bad_input_is_refused(tiny_model, error, given):
    with pytest.raises(error):
        neuron_groups(
            **{"model": tiny_model, "images": PHOTO, "layer": "conv2", **given}
        )


def test_classes_and_directions_that_do_not_fit_are_refused(tiny_model):
    found = neuron_groups(tiny_model, PHOTO, "conv2", groups=2)
    with pytest.raises(ObjectiveError):
        found.attribution(tiny_model, "eel")
    for strange in (np.ones((2, 6)), np.ones(7), np.full((1, 7), np.nan)):
        with pytest.raises(ObjectiveError, match="expected finite numbers"):
            direction_icons(tiny_model, "conv2", strange)
