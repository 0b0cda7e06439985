"""Images drawn by a small network."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis import param
from lucid_widgets.optvis.param.cppn import (
    _composite_activation,
    _relu_normalized_activation,
)
from lucid_widgets.optvis.param.variables import Parameterization

from .helpers import made


def by_hand(variables, width, layers):
    line = np.linspace(-np.sqrt(3), np.sqrt(3), width)
    x, y = np.meshgrid(line, line)
    t = np.stack([x, y], -1)
    for weights, bias in zip(
        variables[: 2 * layers : 2], variables[1 : 2 * layers : 2], strict=True
    ):
        t = np.arctan(t @ weights + bias)
        t = np.concatenate([t / 0.67, t**2 / 0.6], -1)
    return 1 / (1 + np.exp(-(t @ variables[-2] + variables[-1])))


def test_the_network_maps_positions_to_colours():
    function = Parameterization(
        lambda: param.cppn(
            7, 2, num_output_channels=4, num_hidden_channels=5, num_layers=3
        )
    )
    variables = function.init(0)
    assert [tuple(v.shape) for v in variables] == [
        *((2, 5), (5,), (10, 5), (5,), (10, 5), (5,), (10, 4), (4,))
    ]
    rng = np.random.default_rng(0)
    drawn = [rng.normal(size=v.shape).astype(np.float32) for v in variables]
    image = function.to_image(drawn).numpy()
    assert image.shape == (2, 7, 7, 4)
    np.testing.assert_array_equal(image[0], image[1])
    np.testing.assert_allclose(image[0], by_hand(drawn, 7, 3), atol=1e-5)
    assert np.abs(image[0] - image[0].transpose(1, 0, 2)).max() > 0.01


def test_the_first_image_is_one_colour():
    variables, image = made(lambda: param.cppn(9))
    assert image.shape == (1, 9, 9, 3)
    assert np.ptp(image, axis=(1, 2)).max() < 1e-6
    assert (variables[-2] == 0).all()
    assert len(variables) == 18
    weights, biases = (
        variables[2],
        np.concatenate([v for v in variables if v.ndim == 1]),
    )
    assert weights.shape == (48, 24)
    assert weights.std() == pytest.approx(1 / np.sqrt(48), rel=0.1)
    assert np.abs(weights).max() < 2.3 / np.sqrt(48)  # cut off at two deviations
    assert biases.std() == pytest.approx(0.1, rel=0.2)


def test_a_finished_picture_can_be_drawn_at_any_size():
    small = Parameterization(lambda: param.cppn(5))
    large = Parameterization(lambda: param.cppn(9))
    rng = np.random.default_rng(1)
    drawn = [rng.normal(size=v.shape).astype(np.float32) for v in small.init(0)]
    np.testing.assert_allclose(
        large.to_image(drawn)[:, ::2, ::2], small.to_image(drawn), atol=1e-4
    )


def test_activations_have_unit_statistics():
    x = tf.random.stateless_normal([200_000, 1], [0, 0])
    for function in (
        lambda x: _composite_activation(x, biased=False),
        _relu_normalized_activation,
    ):
        features = function(x).numpy()
        np.testing.assert_allclose(features.mean(0), 0, atol=0.05)
        np.testing.assert_allclose(features.std(0), 1, atol=0.1)
    biased = _composite_activation(x).numpy()
    np.testing.assert_allclose(
        biased[:, 1], np.arctan(x.numpy()[:, 0]) ** 2 / 0.6, rtol=1e-5
    )


def test_layers_can_be_normalized_and_of_any_activation():
    _, image = made(
        lambda: param.cppn(8, num_layers=2, normalize=True, activation_func=tf.nn.relu)
    )
    assert np.isfinite(image).all()


@pytest.mark.parametrize("given", [{"width": 0}, {"width": 8, "num_layers": 0}])
def test_impossible_networks_are_refused(given):
    with pytest.raises(ParameterizationError, match="at least 1"):
        param.cppn(**given)
