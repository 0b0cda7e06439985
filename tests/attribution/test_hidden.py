"""Attribution between layers: exact on a linear network, complete on a bent one."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets import attribution
from lucid_widgets.errors import ObjectiveError, SettingError
from lucid_widgets.optvis.objectives import Objective

PATHS = ("linear", "integrated", "stochastic", "factors")


@pytest.mark.parametrize("path", PATHS)
def test_on_a_linear_network_every_path_gives_the_same(linear, photos, path):
    each = linear.features_of(photos) * (
        linear.feature_gradient(1) - linear.feature_gradient(0)
    )
    how = {"path": path, "steps": 2, "draws": 3, "groups": 2}
    by_position = attribution.spatial(linear, photos, (1, 0), "features", **how)
    by_channel = attribution.channel(linear, photos, (1, 0), "features", **how)
    by_group = attribution.group(linear, photos, (1, 0), "features", **how)
    np.testing.assert_allclose(by_position.values, each.sum(-1), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        by_channel.values, each.sum((1, 2)), rtol=1e-3, atol=1e-5
    )
    total = each.sum((1, 2, 3))
    np.testing.assert_allclose(by_group.values.sum(-1), total, rtol=1e-3, atol=1e-4)
    assert by_position.axes == ("image", "row", "column")
    assert by_channel.axes == ("image", "channel")
    assert by_group.axes == ("image", "group")
    assert by_group.values.shape == (3, 3)  # two groups, and what they leave over
    assert (by_channel.delta is None) == (path == "linear")
    if path != "linear":
        assert np.abs(by_channel.delta).max() < 1e-5
    logits = linear.logits_of(photos)
    np.testing.assert_allclose(
        by_channel.target_values, logits[:, 1] - logits[:, 0], rtol=1e-4
    )


@pytest.mark.parametrize("path", ["linear", "integrated", "stochastic"])
def test_neurons_add_up_to_positions_and_to_channels(tiny_model, path):
    photos = np.random.default_rng(4).random((2, 20, 28, 3), np.float32)
    how = {"path": path, "steps": 3, "draws": 2}
    found = attribution.neuron(tiny_model, photos, (1, 0), "conv2", **how)
    assert found.axes == ("image", "row", "column", "channel")
    by_position = attribution.spatial(tiny_model, photos, (1, 0), "conv2", **how)
    by_channel = attribution.channel(tiny_model, photos, (1, 0), "conv2", **how)
    np.testing.assert_allclose(
        found.sum("channel").values, by_position.values, rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(
        found.sum("row", "column").values, by_channel.values, rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(found.target_values, by_channel.target_values)
    with pytest.raises(SettingError, match="use group"):
        attribution.neuron(tiny_model, photos, 0, "conv2", path="factors")


def test_groups_are_factors_of_the_activations(linear, photos):
    found = attribution.group(
        linear, photos, "ant", "features", groups=3, positions=True
    )
    factors, strength = found.details["factors"], found.details["strength"]
    assert found.axes == ("image", "row", "column", "group")
    gradient = linear.feature_gradient(0)
    np.testing.assert_allclose(
        found.values[..., :3], strength * (factors @ gradient), rtol=1e-3, atol=1e-6
    )
    given = attribution.group(linear, photos, "ant", "features", groups=np.eye(5)[:2])
    features = np.maximum(linear.features_of(photos), 0)[..., :2]
    np.testing.assert_allclose(
        given.values[:, :2], (features * gradient[:2]).sum((1, 2)), rtol=1e-3, atol=1e-5
    )
    with pytest.raises(SettingError, match=r"directions \[groups, 5\]"):
        attribution.group(linear, photos, "ant", "features", groups=np.ones([2, 4]))
    with pytest.raises(SettingError, match="no more groups than channels"):
        attribution.group(linear, photos, "ant", "features", groups=6)


@pytest.mark.parametrize("path", PATHS[1:])
def test_paths_are_complete_where_the_target_is_bent(linear, photos, path):
    import tensorflow as tf

    energy = Objective(lambda T: tf.reduce_sum(T("features") ** 2), "energy", "energy")
    found = attribution.channel(linear, photos, energy, "features", path=path, steps=64)
    assert found.relative_delta.max() < 1e-3


def test_factors_share_what_they_only_do_together(linear, photos):
    """The square of a sum: what a pair does together is shared by both, in the mean."""
    import tensorflow as tf

    squared = Objective(
        lambda T: tf.reduce_sum(T("features")[..., :2]) ** 2, "squared", "squared"
    )
    found = attribution.group(
        linear,
        photos[:1],
        squared,
        "features",
        groups=np.eye(5)[:2],
        path="factors",
        draws=64,
        baseline=0,
    )
    one, two = np.maximum(linear.features_of(photos[:1]), 0).sum((0, 1, 2))[:2]
    # The remainder (negative activations) comes last, whatever the order of the others.
    together = found.values[0, 0] - one**2, found.values[0, 1] - two**2
    np.testing.assert_allclose(sum(together), 2 * one * two, rtol=1e-3)
    assert abs(together[0] / (one * two) - 1) < 0.3


def test_each_position_of_a_later_layer_is_explained(tiny_model):
    photo = np.random.default_rng(0).random([1, 20, 28, 3]).astype(np.float32)
    found = attribution.spatial(tiny_model, photo, "conv2", "conv1", batch_size=32)
    assert found.axes == ("image", "target row", "target column", "row", "column")
    assert found.values.shape == (1, 10, 14, 20, 28)
    acts = tiny_model.activations(photo, "conv2")
    length = np.linalg.norm(acts, axis=-1)
    np.testing.assert_allclose(found.target_values, length, rtol=1e-4, atol=1e-6)
    # conv2 sees a 3 x 3 window of the pooled conv1: 6 x 6 positions.
    inner = length[0, 1:-1, 1:-1]
    row, column = np.add(np.unravel_index(inner.argmax(), inner.shape), 1)
    seen = np.argwhere(found.values[0, row, column] != 0)
    assert (seen.min(0) >= [2 * row - 2, 2 * column - 2]).all()
    assert (seen.max(0) <= [2 * row + 3, 2 * column + 3]).all()
    one = attribution.spatial(
        tiny_model,
        photo,
        attribution.position(tiny_model, "conv2", row, column),
        "conv1",
    )
    np.testing.assert_allclose(
        one.values[0], found.values[0, row, column], rtol=1e-4, atol=1e-7
    )


def test_each_channel_and_group_of_a_later_layer_is_explained(tiny_model):
    photo = np.random.default_rng(0).random([2, 20, 28, 3]).astype(np.float32)
    channels = attribution.channel(tiny_model, photo, "conv2", "conv1")
    assert channels.values.shape == (2, 7, 5)
    assert channels.axes == ("image", "target channel", "channel")
    third = attribution.channel(tiny_model, photo, "conv2:3", "conv1")
    np.testing.assert_allclose(
        channels.values[:, 3], third.values, rtol=1e-4, atol=1e-7
    )
    groups = attribution.group(tiny_model, photo, "conv2", "conv1", groups=2)
    assert groups.axes == ("image", "target group", "group")
    assert groups.values.shape == (2, 2, 3)


def test_smoothed_max_pooling_reaches_every_position(tiny_model):
    photo = np.random.default_rng(0).random([1, 20, 28, 3]).astype(np.float32)
    sharp, smooth = (
        attribution.spatial(tiny_model, photo, "bee", "conv1", overrides=overrides)
        for overrides in (None, "smoothed max-pool")
    )
    assert (sharp.values == 0).mean() > (smooth.values == 0).mean()
    np.testing.assert_allclose(sharp.target_values, smooth.target_values, rtol=1e-5)


def test_wrong_arguments_are_told_before_work_starts(linear, photos):
    with pytest.raises(SettingError, match="path is 'curved'"):
        attribution.spatial(linear, photos, "ant", "features", path="curved")
    with pytest.raises(SettingError, match="no overrides 'smooth'"):
        attribution.spatial(linear, photos, "ant", "features", overrides="smooth")
    with pytest.raises(SettingError, match="no argument 'batchsize'"):
        attribution.spatial(linear, photos, "ant", "features", batchsize=3)
    with pytest.raises(SettingError, match="no positions"):
        attribution.spatial(linear, photos, "ant", "mean")
    with pytest.raises(ObjectiveError, match="a whole layer"):
        attribution.saliency(linear, photos, "features")
