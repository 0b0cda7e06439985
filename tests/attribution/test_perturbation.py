"""Occlusion and RISE, against what a linear network must answer."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets import attribution
from lucid_widgets.errors import SettingError


def test_occlusion_is_the_fall_of_the_target(linear, photos):
    found = attribution.occlusion(linear, photos, "ant", patch=(2, 3), stride=(2, 3))
    mean = photos.mean((1, 2), keepdims=True)
    pixel = ((photos - mean) * linear.image_gradient(0)).sum(-1)
    for top in (0, 2, 4):
        for left in (0, 3):  # the third patch begins at 5, and overlaps the second
            place = np.s_[:, top : top + 2, left : left + 2]
            expected = pixel[:, top : top + 2, left : left + 3].sum((1, 2))
            got = found.values[place]
            np.testing.assert_allclose(
                got, np.broadcast_to(expected[:, None, None], got.shape), atol=1e-5
            )
    last = pixel[:, 0:2, 5:8].sum((1, 2))
    np.testing.assert_allclose(found.values[:, 0, 7], last, atol=1e-5)
    both = (pixel[:, 0:2, 3:6].sum((1, 2)) + last) / 2
    np.testing.assert_allclose(found.values[:, 0, 5], both, atol=1e-5)
    assert found.signed
    np.testing.assert_allclose(
        found.target_values, linear.logits_of(photos)[:, 0], rtol=1e-4
    )


def test_positions_of_hidden_layers_can_be_covered(linear, photos):
    found = attribution.occlusion(linear, photos, 1, "features")
    expected = linear.features_of(photos) @ linear.feature_gradient(1)
    np.testing.assert_allclose(found.values, expected, rtol=1e-3, atol=1e-5)


def test_rise_is_the_difference_between_seen_and_hidden(linear, photos):
    """With cells of one pixel, a linear network's map is each pixel's own share."""
    found = attribution.rise(
        linear, photos[:1], "ant", masks=6000, cells=8, baseline=0.0, batch_size=512
    )
    pixel = (photos[0] * linear.image_gradient(0)).sum(-1)
    wanted, got = pixel - pixel.mean(), found.values[0] - found.values[0].mean()
    assert np.corrcoef(wanted.ravel(), got.ravel())[0, 1] > 0.9
    assert found.unit == "logit"
    once, again, other = (
        attribution.rise(linear, photos, "ant", masks=8, seed=seed).values
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(once, again)
    assert np.abs(once - other).max() > 0


@pytest.mark.parametrize(
    "wrong",
    [{"patch": 7}, {"patch": (1, 2, 3)}, {"stride": 0}, {"baseline": "noise"}],
)
def test_occlusion_refuses_what_makes_no_sense(linear, photos, wrong):
    with pytest.raises(SettingError, match="expected"):
        attribution.occlusion(linear, photos, "ant", **wrong)


@pytest.mark.parametrize("wrong", [{"visible": 1}, {"masks": 1}, {"cells": 0.5}])
def test_rise_refuses_what_makes_no_sense(linear, photos, wrong):
    with pytest.raises(SettingError, match="expected"):
        attribution.rise(linear, photos, "ant", **wrong)
    with pytest.raises(SettingError, match="rows and columns"):
        attribution.rise(linear, photos, "ant", "mean")
