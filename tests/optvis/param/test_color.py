"""Decorrelated colour, and the two ways into [0, 1]."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis.param import color
from lucid_widgets.optvis.param.color import correlate_color, to_valid_rgb

T = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype(np.float32)
# Lucid's matrix, transposed and divided by its largest column norm.
MATRIX = np.array(
    [
        [0.56283, 0.58448, 0.58448],
        [0.19483, 0.0, -0.19483],
        [0.04329, -0.10824, 0.06494],
    ]
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_matrix_is_lucids():
    assert color.max_norm_svd_sqrt == pytest.approx(0.461952, abs=1e-6)
    unit = np.eye(3, dtype=np.float32)[None, None]
    logits = np.asarray(to_valid_rgb(unit, decorrelate=True))
    np.testing.assert_allclose(np.log(logits / (1 - logits))[0, 0], MATRIX, atol=1e-4)


def test_a_sigmoid_brings_numbers_into_range():
    np.testing.assert_allclose(to_valid_rgb(T), sigmoid(T), rtol=1e-5)
    correlated = sigmoid(T @ MATRIX)
    np.testing.assert_allclose(to_valid_rgb(T, decorrelate=True), correlated, atol=1e-5)
    many = np.zeros((1, 2, 2, 7), np.float32)
    np.testing.assert_allclose(to_valid_rgb(many), many + 0.5)


def test_without_a_sigmoid_numbers_are_cut_off():
    np.testing.assert_allclose(
        to_valid_rgb(T, sigmoid=False), np.clip(T, 0, 1), atol=1e-6
    )
    expected = np.clip(T @ MATRIX + [0.48, 0.46, 0.41], 0, 1)
    found = to_valid_rgb(T, decorrelate=True, sigmoid=False)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_what_is_cut_off_still_comes_back():
    x = tf.constant([[[[1.5, -0.5, 0.5]]]])
    for sign, alive in ((1.0, [1, 0, 1]), (-1.0, [0, 1, 1])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = sign * tf.reduce_sum(to_valid_rgb(x, sigmoid=False))
        gradient = tape.gradient(loss, x).numpy().ravel()
        np.testing.assert_allclose(gradient != 0, np.array(alive, bool))


def test_correlate_color_undoes_decorrelation():
    logits = np.asarray(to_valid_rgb(T, decorrelate=True))
    logits = np.log(logits / (1 - logits))
    np.testing.assert_allclose(correlate_color(logits), T, atol=1e-3)


def test_decorrelated_colour_needs_three_channels():
    with pytest.raises(ParameterizationError, match="3 channels; got 4"):
        to_valid_rgb(np.zeros((1, 2, 2, 4), np.float32), decorrelate=True)
