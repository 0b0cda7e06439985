"""Metrics, on a linear network whose pixels have known shares."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets import attribution
from lucid_widgets.attribution.metrics import _rank_correlation
from lucid_widgets.errors import ImageError
from lucid_widgets.optvis.objectives import class_logit


def shares(linear, photos, k=0):
    return (photos * linear.image_gradient(k)).sum(-1)


def test_deletion_goes_from_the_whole_image_to_the_baseline(linear, photos):
    target = class_logit("logits", 0)
    curve = attribution.deletion(
        linear, photos, target, shares(linear, photos), steps=48, baseline=0
    )
    assert curve.parts.tolist() == [n / 48 for n in range(49)]
    np.testing.assert_allclose(
        curve.scores[:, 0], linear.logits_of(photos)[:, 0], rtol=1e-4
    )
    for image in range(3):
        sorted_shares = np.sort(shares(linear, photos)[image].ravel())[::-1]
        expected = curve.scores[image, 0] - np.concatenate(
            [[0], np.cumsum(sorted_shares)]
        )
        np.testing.assert_allclose(curve.scores[image], expected, atol=1e-4)


def test_the_true_map_beats_random_ones_and_its_opposite(linear, photos):
    true = shares(linear, photos, 1)
    random = np.random.default_rng(0).random(true.shape)
    areas = {}
    for metric in (attribution.deletion, attribution.insertion):
        for name, maps in (("true", true), ("random", random), ("wrong", -true)):
            curve = metric(linear, photos, "bee", maps, steps=16, baseline=0)
            areas[metric.__name__, name] = curve.area.mean()
            assert 0 <= curve.scores.min() <= curve.scores.max() <= 1  # probabilities
    assert areas["deletion", "true"] < areas["deletion", "random"]
    assert areas["deletion", "random"] < areas["deletion", "wrong"]
    assert areas["insertion", "true"] > areas["insertion", "random"]
    assert areas["insertion", "random"] > areas["insertion", "wrong"]


def test_mu_fidelity_is_1_for_the_true_map(linear, photos):
    target = class_logit("logits", 2)
    true = shares(linear, photos, 2)
    found = attribution.mu_fidelity(linear, photos, target, true, cells=6, baseline=0)
    assert found.min() > 0.99
    wrong = attribution.mu_fidelity(linear, photos, target, -true, cells=6, baseline=0)
    assert wrong.max() < -0.99
    flat = attribution.mu_fidelity(linear, photos, target, 0 * true, subsets=8)
    assert flat.tolist() == [0, 0, 0]


def test_rank_correlation_shares_ranks_among_equals():
    # By hand: ranks 1, 2.5, 2.5, 4 and 4, 1, 3, 2.
    left, right = np.array([1, 2, 2, 5]), np.array([9, 1, 7, 3])
    a, b = np.array([-1.5, 0, 0, 1.5]), np.array([1.5, -1.5, 0.5, -0.5])
    expected = (a @ b) / np.sqrt((a @ a) * (b @ b))
    assert _rank_correlation(left, right) == pytest.approx(expected)


def test_coarse_maps_are_enlarged_and_wrong_ones_refused(linear, photos):
    curve = attribution.deletion(linear, photos, "ant", np.ones([3, 2, 2]), steps=2)
    assert curve.scores.shape == (3, 3)
    with pytest.raises(ImageError, match="one map"):
        attribution.deletion(linear, photos, "ant", np.ones([2, 6, 8]))
    found = attribution.channel(linear, photos, "ant", "features")
    with pytest.raises(ValueError, match="no positions"):
        attribution.deletion(linear, photos, "ant", found)
