"""Max-pooling: TensorFlow's values and gradients, on another way."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.modelzoo import pooling
from lucid_widgets.modelzoo.pooling import max_pool

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _on_any_machine(monkeypatch):
    """Test our own way also where TensorFlow's would be taken."""
    monkeypatch.setattr(pooling, "tensorflow_is_slow", lambda: True)


def both(x, attributes):
    """Return values and gradients, ours and TensorFlow's."""
    found = []
    for pool in (
        lambda x: max_pool([x], attributes),
        lambda x: tf.raw_ops.MaxPool(input=x, **attributes),
    ):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = pool(x)
            weights = tf.random.stateless_normal(tf.shape(y), [1, 2])
            total = tf.reduce_sum(y * weights)
        found.append((y.numpy(), tape.gradient(total, x).numpy()))
    return found


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("size", "window", "strides"),
    [
        ((9, 12), (3, 3), (1, 1)),
        ((9, 12), (3, 3), (2, 2)),
        ((10, 7), (3, 3), (2, 2)),
        ((10, 7), (2, 2), (2, 2)),
        ((11, 8), (2, 4), (3, 1)),
        ((11, 8), (5, 2), (2, 3)),
        ((8, 10), (1, 1), (2, 2)),
        ((8, 9), (2, 2), (3, 3)),
    ],
)
@pytest.mark.parametrize("tied", [False, True])
def test_values_and_gradients_are_tensorflows(size, window, strides, padding, tied):
    x = RNG.normal(size=(2, *size, 3)).astype("f4")
    if tied:  # as after a ReLU: of equal pixels TensorFlow takes the first
        x = np.maximum(np.round(x), 0)
    attributes = {
        "ksize": [1, *window, 1],
        "strides": [1, *strides, 1],
        "padding": padding,
    }
    ours, theirs = both(tf.constant(x), attributes)
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-6)


def test_a_batch_of_unknown_size_will_do():
    attributes = {"ksize": [1, 3, 3, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}

    @tf.function(input_signature=[tf.TensorSpec([None, 9, 6, 2])], autograph=False)
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(max_pool([x], attributes) ** 2)
        return tape.gradient(y, x)

    assert gradient(tf.ones([3, 9, 6, 2])).shape == (3, 9, 6, 2)


def test_sizes_that_are_unknown_go_tensorflows_way():
    attributes = {"ksize": [1, 3, 3, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
    spec = tf.TensorSpec([None, None, None, 2])
    pool = tf.function(lambda x: max_pool([x], attributes), input_signature=[spec])
    assert pool(tf.ones([1, 9, 6, 2])).shape == (1, 5, 3, 2)
