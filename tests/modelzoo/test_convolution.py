"""Convolution and LRN: TensorFlow's values and gradients, on another way."""

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.modelzoo.convolution import conv2d, local_response_normalization

RNG = np.random.default_rng(0)


def prepare(what, make):
    with tf.init_scope():
        return make()


def both_gradients(ours, theirs, x, seed=1):
    results = []
    for function in (ours, theirs):

        @tf.function(autograph=False)
        def run(x, function=function):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
                weights = tf.random.stateless_normal(tf.shape(y), [seed, 2])
                total = tf.reduce_sum(y * weights)
            return y, tape.gradient(total, x)

        results.append([t.numpy() for t in run(tf.constant(x))])
    return results


@pytest.mark.parametrize("padding", ["SAME", "VALID", "EXPLICIT"])
@pytest.mark.parametrize(
    ("size", "kernel", "stride"),
    [
        ((11, 14), (3, 3), 1),
        ((11, 14), (1, 1), 1),
        ((10, 13), (4, 3), 1),
        ((21, 16), (7, 7), 2),
        ((20, 15), (7, 5), 2),
        ((17, 19), (3, 3), 3),
        ((18, 12), (5, 4), 3),
        ((9, 8), (2, 2), 2),
        ((9, 8), (1, 1), 2),
    ],
)
def test_gradient_of_convolution_is_tensorflows(size, kernel, stride, padding):
    x = RNG.normal(size=(2, *size, 3)).astype("f4")
    weights = tf.constant(RNG.normal(size=(*kernel, 3, 5)).astype("f4"))
    attributes = {"strides": [1, stride, stride, 1], "padding": padding}
    if padding == "EXPLICIT":
        attributes["explicit_paddings"] = [0, 0, 3, 1, 0, 2, 0, 0]
    ours, theirs = both_gradients(
        lambda x: conv2d([x, weights], attributes, prepare),
        lambda x: tf.raw_ops.Conv2D(input=x, filter=weights, **attributes),
        x,
    )
    for mine, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("beta", [0.5, 0.75])
def test_gradient_of_lrn_is_tensorflows(beta):
    x = (20 * RNG.normal(size=(2, 5, 7, 13))).astype("f4")
    attributes = {"depth_radius": 3, "bias": 2.0, "alpha": 1e-2, "beta": beta}
    ours, theirs = both_gradients(
        lambda x: local_response_normalization([x], attributes, prepare),
        lambda x: tf.nn.local_response_normalization(x, **attributes),
        x,
    )
    for mine, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-3, atol=1e-4)


def test_convolution_of_unknown_size_still_works():
    weights = tf.constant(RNG.normal(size=(3, 3, 2, 4)).astype("f4"))
    attributes = {"strides": [1, 2, 2, 1], "padding": "SAME"}

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, None, 2])], autograph=False
    )
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(conv2d([x, weights], attributes, prepare) ** 2)
        return tape.gradient(y, x)

    assert gradient(tf.ones([1, 9, 6, 2])).shape == (1, 9, 6, 2)
