"""Gradient methods: exact on a linear network, complete on a real one."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets import attribution
from lucid_widgets.errors import LayerNotFoundError, SettingError
from lucid_widgets.optvis.objectives import Objective

CLOSE = {"rtol": 2e-4, "atol": 1e-6}


def test_saliency_is_the_largest_gradient_among_the_colours(linear, photos):
    found = attribution.saliency(linear, photos, 2)
    expected = np.abs(linear.image_gradient(2)).max(-1)
    np.testing.assert_allclose(found.values, [expected] * 3, **CLOSE)
    np.testing.assert_allclose(
        found.target_values, linear.logits_of(photos)[:, 2], **CLOSE
    )
    assert found.axes == ("image", "row", "column")
    assert (found.signed, found.unit) == (False, "logit per pixel value")


def test_smoothgrad_finds_the_same_where_gradients_do_not_change(linear, photos):
    found = attribution.smoothgrad(linear, photos, "ant", draws=3)
    expected = np.abs(linear.image_gradient(0)).max(-1)
    np.testing.assert_allclose(found.values, [expected] * 3, **CLOSE)


def test_gradient_x_input_and_integrated_gradients_agree_on_a_linear_model(
    linear, photos
):
    expected = photos * linear.image_gradient(1)
    product = attribution.gradient_x_input(linear, photos, "honey bee")
    integrated = attribution.integrated_gradients(linear, photos, "honey bee", steps=2)
    for found in (product, integrated):
        np.testing.assert_allclose(found.values, expected, **CLOSE)
        assert found.axes == ("image", "row", "column", "channel")
        assert (found.signed, found.unit) == (True, "logit")
    rise = linear.logits_of(photos) - linear.logits_of(np.zeros_like(photos))
    np.testing.assert_allclose(integrated.difference, rise[:, 1], **CLOSE)
    assert np.abs(integrated.delta).max() < 1e-5
    assert product.delta is None


def test_a_class_pair_is_the_difference_of_two(linear, photos):
    found = attribution.gradient_x_input(linear, photos, ("ant", 3))
    gradient = linear.image_gradient(0) - linear.image_gradient(3)
    np.testing.assert_allclose(found.values, photos * gradient, **CLOSE)
    assert found.target == "ant minus crane"


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        (0.25, lambda x: np.full_like(x, 0.25)),
        ([0.1, 0.2, 0.3], lambda x: np.broadcast_to([0.1, 0.2, 0.3], x.shape)),
        ("mean", lambda x: np.broadcast_to(x.mean((1, 2), keepdims=True), x.shape)),
    ],
)
def test_baselines_are_taken_off(linear, photos, baseline, expected):
    found = attribution.integrated_gradients(linear, photos, 1, baseline=baseline)
    rise = photos - expected(photos)
    np.testing.assert_allclose(found.values, rise * linear.image_gradient(1), **CLOSE)


def test_gradients_of_hidden_layers(linear, photos):
    found = attribution.gradient_x_input(linear, photos, 1, "features")
    expected = linear.features_of(photos) * linear.feature_gradient(1)
    np.testing.assert_allclose(found.values, expected, **CLOSE)
    assert found.layer == "features"


def test_integrated_gradients_of_squares_are_the_squares(linear, photos):
    import tensorflow as tf

    energy = Objective(lambda T: tf.reduce_sum(T("features") ** 2), "energy", "energy")
    found = attribution.integrated_gradients(linear, photos, energy, "features")
    np.testing.assert_allclose(found.values, linear.features_of(photos) ** 2, rtol=5e-3)
    assert found.relative_delta.max() < 5e-3
    assert found.unit == "objective"


def test_a_function_of_the_activations_is_asked_of_each_image_alone(linear, photos):
    import tensorflow as tf

    found = attribution.gradient_x_input(
        linear, photos, lambda T: tf.reduce_max(T("features")), "features"
    )
    features = linear.features_of(photos)
    highest = features == features.max(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(found.values, highest * features, **CLOSE)


def test_results_depend_neither_on_the_batch_nor_on_its_size(linear, photos):
    many = attribution.smoothgrad(linear, photos, 1, "colours", draws=5, batch_size=4)
    one = attribution.smoothgrad(
        linear, photos[2], 1, "colours", draws=5, batch_size=64
    )
    np.testing.assert_allclose(many.values[2:], one.values, rtol=1e-5)


def test_the_seed_decides(tiny_model):
    photo = np.random.default_rng(0).random([20, 28, 3]).astype(np.float32)
    once, again, other = (
        attribution.smoothgrad(tiny_model, photo, "cat", draws=4, seed=seed).values
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(once, again)
    assert np.abs(once - other).max() > 0


def test_integrated_gradients_take_more_steps_until_they_add_up(tiny_model):
    photo = np.random.default_rng(0).random([1, 20, 28, 3]).astype(np.float32)
    rough = attribution.integrated_gradients(
        tiny_model, photo, "bee", steps=2, max_steps=2
    )
    fine = attribution.integrated_gradients(
        tiny_model, photo, "bee", steps=2, tolerance=1e-3, max_steps=2000
    )
    assert rough.relative_delta[0] > 1e-3 >= fine.relative_delta[0]
    assert fine.details["steps"][0] in (6, 18, 54, 162, 486, 1458)


def test_layers_without_positions_have_no_saliency_map(linear, photos):
    with pytest.raises(SettingError, match="no positions"):
        attribution.saliency(linear, photos, 1, "mean")
    with pytest.raises(LayerNotFoundError, match="features"):
        attribution.saliency(linear, photos, 1, "fatures")


def test_integrated_gradients_are_complete_on_mobilenet(mobilenet, shared_data):
    folder = shared_data / "data" / "photos"
    files = [folder / f"{name}.jpg" for name in ("n02123045_tabby", "n11939491_daisy")]
    from lucid_widgets.misc.photos import as_photos

    photos = as_photos(files, size=(224, 224))
    found = attribution.integrated_gradients(mobilenet, photos[:1], "tabby cat")
    assert found.relative_delta.max() <= 0.01
    found = attribution.integrated_gradients(
        mobilenet, photos[1:], "daisy", "conv_pw_11_relu"
    )
    assert found.relative_delta.max() <= 0.01


@pytest.mark.parametrize("name", attribution.METHODS)
def test_randomised_weights_change_the_map(tiny_model, name):
    photo = np.random.default_rng(0).random([1, 20, 28, 3]).astype(np.float32)
    rng = np.random.default_rng(1)
    random = tiny_model.edit(
        weights={
            name: lambda w: rng.normal(scale=w.std(), size=w.shape).astype(np.float32)
            for name in ("conv1_w", "conv2_w", "logits_w")
        }
    )
    of_model, of_random = (
        attribution.METHODS[name](model, photo, "dog").maps[0].ravel()
        for model in (tiny_model, random)
    )
    assert abs(np.corrcoef(of_model, of_random)[0, 1]) < 0.8
