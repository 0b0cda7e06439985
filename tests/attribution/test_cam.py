"""Grad-CAM and Grad-CAM++, against their formulas written out."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets import attribution
from lucid_widgets.errors import ObjectiveError, SettingError


def test_grad_cam_is_what_its_formula_says(linear, photos):
    found = attribution.grad_cam(linear, photos, "ant")
    features = linear.features_of(photos)
    expected = np.maximum(features @ linear.feature_gradient(0), 0)
    np.testing.assert_allclose(found.values, expected, rtol=1e-4, atol=1e-7)
    assert found.layer == "features"
    assert (found.axes, found.signed) == (("image", "row", "column"), False)


def test_grad_cam_plus_plus_is_what_its_formula_says(linear, photos):
    found = attribution.grad_cam_plus_plus(linear, photos, "ant", "features")
    features = linear.features_of(photos)
    for image in range(3):
        expected = np.zeros(features.shape[1:3])
        for c in range(5):
            g = linear.feature_gradient(0)[c]
            weight = 0.0
            for _ in range(
                features[0, ..., 0].size
            ):  # the gradient is the same everywhere
                alpha = g**2 / (2 * g**2 + features[image, ..., c].sum() * g**3)
                weight += alpha * max(g, 0)
            expected += weight * features[image, ..., c]
        np.testing.assert_allclose(
            found.values[image], np.maximum(expected, 0), rtol=1e-3, atol=1e-6
        )


def test_the_last_layer_with_positions_is_chosen(tiny_model, photos):
    photo = np.random.default_rng(0).random([20, 28, 3]).astype(np.float32)
    found = attribution.grad_cam(tiny_model, photo, "cat")
    assert (found.layer, found.values.shape) == ("conv2", (1, 10, 14))
    # Before a channel of conv2, that is conv1.
    assert attribution.grad_cam(tiny_model, photo, "conv2:3").layer == "conv2"


def test_layers_behind_the_target_and_without_positions_are_refused(linear, photos):
    with pytest.raises(ObjectiveError, match="does not depend on 'softmax'"):
        attribution.gradient_x_input(linear, photos, "features:0", "softmax")
    with pytest.raises(SettingError, match="such as 'features'"):
        attribution.grad_cam(linear, photos, "ant", "mean")
