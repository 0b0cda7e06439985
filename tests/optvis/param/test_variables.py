"""From functions that build images to pairs of pure functions."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis import param
from lucid_widgets.optvis.param.variables import (
    Parameterization,
    as_parameterization,
    normal,
    structure_of,
    variable,
)


def test_init_collects_and_to_image_replays():
    def function():
        a = variable(normal([1, 4, 5, 3], 1.0))
        b = variable(normal([3], 1.0))
        return tf.sigmoid(a) * 0.5 + b

    pair = as_parameterization(function)
    a, b = pair.init(0)
    assert a.shape == (1, 4, 5, 3)
    assert b.shape == (3,)
    other = (tf.zeros_like(a), tf.constant([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(pair.to_image(other)[0, 0, 0], [1.25, 2.25, 3.25])
    np.testing.assert_allclose(pair.to_image((a, b)), tf.sigmoid(a) * 0.5 + b)


def test_the_seed_decides_the_first_values_and_each_variable_its_own():
    def function():
        return variable(normal([1, 2, 3, 4], 1)) + variable(normal([1, 2, 3, 4], 1))

    pair = as_parameterization(function)
    first, again, other = pair.init(1), pair.init(1), pair.init(2)
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], other[0])


def test_arithmetic_around_param_is_kept():
    def function():
        t = param.image(12, 10, batch=3, fft=False)
        shared = param.image(12, 10, fft=False)
        return tf.concat([0.3 * t + 0.7 * shared, t], axis=3)

    pair = as_parameterization(function)
    variables = pair.init(0)
    assert len(variables) == 2
    assert pair.to_image(variables).shape == (3, 10, 12, 6)
    assert pair.structure is None


def test_variables_of_tensorflow_are_optimized_too():
    def function():
        v = tf.Variable(np.full((1, 4, 5, 3), 0.25, np.float32), name="v")
        w = tf.Variable(lambda: tf.zeros([3]))
        return v * 2 + w

    pair = as_parameterization(function)
    v, w = pair.init(0)
    np.testing.assert_allclose(pair.to_image((v, w)), np.full((1, 4, 5, 3), 0.5))
    np.testing.assert_allclose(pair.to_image((2 * v, w + 1)), np.full((1, 4, 5, 3), 2))

    @tf.function(autograph=False)
    def gradient(v, w):
        with tf.GradientTape() as tape:
            tape.watch([v, w])
            total = tf.reduce_sum(pair.to_image((v, w)))
        return tape.gradient(total, [v, w])

    dv, dw = gradient(v, w)
    np.testing.assert_allclose(dv, np.full(v.shape, 2))
    np.testing.assert_allclose(dw, np.full(3, 20))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda: tf.zeros([1, 4, 4, 3]), "no variables"),
        (lambda: np.zeros((1, 4, 4, 3)), "returned ndarray"),
        (lambda: None, "returned NoneType"),
        (lambda: param.image(8)[0], "shape .8, 8, 3."),
        (lambda: tf.cast(param.image(8) * 255, tf.uint8), "uint8"),
        (lambda: tf.sigmoid(tf.Variable(np.zeros([1, 4, 6, 3]))), "float64; expected"),
    ],
)
def test_functions_that_make_no_images_are_refused(function, says):
    with pytest.raises(ParameterizationError, match=says):
        as_parameterization(function).init(0)


@pytest.mark.parametrize("strange", [3, "image", None, np.zeros((1, 4, 4, 3))])
def test_other_things_are_no_parameterization(strange):
    with pytest.raises(ParameterizationError, match="expected a function"):
        as_parameterization(strange)


def test_a_function_that_makes_more_variables_later_is_refused():
    calls = []

    def function():
        calls.append(1)
        parts = [variable(normal([1, 2, 2, 3], 1)) for _ in calls]
        return tf.add_n(parts)

    pair = Parameterization(function)
    variables = pair.init(0)
    with pytest.raises(ParameterizationError, match="more variables"):
        pair.to_image(variables)


def test_lambdas_that_mean_the_same_have_one_structure():
    assert structure_of(lambda: param.image(8)) == structure_of(lambda: param.image(8))
    different = [
        structure_of(lambda: param.image(8)),
        structure_of(lambda: param.image(8, 9)),
        structure_of(lambda: param.image(8, fft=False)),
        structure_of(lambda: param.image(8, decorrelate=False)),
        structure_of(lambda: param.image(8, alpha=True)),
        structure_of(lambda: param.image(8, batch=2)),
        structure_of(lambda: param.image(8, channels=3)),
        structure_of(lambda: param.grayscale_image_rgb(8)),
    ]
    assert None not in different
    assert len(set(different)) == len(different)
    assert structure_of(lambda: 1 * param.image(8)) is None


def test_only_what_a_function_returns_counts_for_its_structure():
    def function():
        param.image(8)
        return param.image(8)

    assert structure_of(function) is None
