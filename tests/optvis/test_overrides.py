"""Redirected ReLU by truth table, smoothed pooling against numpy, linearization."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.optvis import overrides

RNG = np.random.default_rng(0)


def gradient_of(function, x, grad) -> np.ndarray:
    """Return what `function` hands back, given the gradient that comes to it."""
    x = tf.constant(x, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(function(x) * tf.constant(grad, tf.float32))
    return tape.gradient(total, x).numpy()


# (gradient, input) -> gradient handed on; gradients are those of a loss.
RELU = {(1, -1): 0, (-1, -1): -1, (1, 1): 1, (-1, 1): -1}
RELU6 = {**RELU, (1, 7): 1, (-1, 7): 0}


@pytest.mark.parametrize(("case", "expected"), RELU.items())
def test_redirected_relu_obeys_its_truth_table(case, expected):
    grad, x = case
    found = gradient_of(overrides.redirected_relu(), [[x]], [[grad]])
    assert found.item() == expected


@pytest.mark.parametrize(("case", "expected"), RELU6.items())
def test_redirected_relu6_obeys_its_truth_table(case, expected):
    grad, x = case
    found = gradient_of(overrides.redirected_relu6(), [[x]], [[grad]])
    assert found.item() == expected


@pytest.mark.parametrize(
    "make", [overrides.redirected_relu, overrides.redirected_relu6]
)
def test_exactly_zero_counts_as_active(make):
    found = gradient_of(make(), [[0.0, -1.0]], [[1.0, -1.0]])
    np.testing.assert_array_equal(found, [[1, 0]])  # so -1 is not redirected


@pytest.mark.parametrize("rank", [2, 3, 4])
def test_each_image_of_the_batch_decides_for_itself(rank):
    """A gradient is redirected only where the whole image would get none."""
    shape = {2: (3, 6), 3: (3, 2, 3), 4: (3, 1, 2, 3)}[rank]
    x = -np.ones((3, 6))
    x[1, 2] = 1  # image 1 has one active unit ...
    grad = np.tile([1.0, -2, 3, -4, 5, -6], (3, 1))
    grad[2] = [1, 2, 0, 4, 5, 6]  # ... and image 2 no way to wake up
    found = gradient_of(
        overrides.redirected_relu(), x.reshape(shape), grad.reshape(shape)
    ).reshape(3, 6)
    np.testing.assert_array_equal(found[0], [0, -2, 0, -4, 0, -6])
    np.testing.assert_array_equal(found[1], [0, 0, 3, 0, 0, 0])
    np.testing.assert_array_equal(found[2], np.zeros(6))


def test_an_active_unit_without_gradient_does_not_count():
    found = gradient_of(overrides.redirected_relu(), [[1.0, -1.0]], [[0.0, -1.0]])
    np.testing.assert_array_equal(found, [[0, -1]])


def test_values_are_those_of_the_plain_function():
    x = tf.constant(RNG.normal(size=(2, 3, 4, 5)) * 6, tf.float32)
    np.testing.assert_array_equal(overrides.redirected_relu()(x), np.maximum(x, 0))
    np.testing.assert_array_equal(overrides.redirected_relu6()(x), np.clip(x, 0, 6))


@pytest.mark.parametrize(("step", "redirects"), [(0, 1), (16, 1), (17, 0), (500, 0)])
def test_redirection_ends_after_seventeen_updates(step, redirects):
    for name, x in (("Relu", [[-1.0]]), ("Relu6", [[-1.0]])):
        function = overrides.relu_overrides(step)[name]
        assert gradient_of(function, x, [[-1.0]]).item() == -redirects


def test_the_step_may_be_a_tensor_in_a_trace():
    x = tf.constant([[-1.0, -2.0]])

    @tf.function(autograph=False)
    def gradient(step):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = -tf.reduce_sum(overrides.relu_overrides(step)["Relu"](x))
        return tape.gradient(total, x)

    np.testing.assert_array_equal(gradient(tf.constant(16)), [[-1, -1]])
    np.testing.assert_array_equal(gradient(tf.constant(17)), [[0, 0]])


def average_pool(x: np.ndarray, size: int) -> np.ndarray:
    """Average disjoint squares; sizes must be divisible."""
    b, h, w, c = x.shape
    return x.reshape(b, h // size, size, w // size, size, c).mean((2, 4))


def test_smoothed_pooling_pools_the_maximum():
    x = RNG.normal(size=(2, 6, 9, 3)).astype(np.float32)
    for kind in ("avg", "L2"):
        pool = overrides.smoothed_max_pool(kind)
        for arguments in [((2, 2), (2, 2), "SAME"), ((3, 3), (1, 1), "VALID")]:
            np.testing.assert_allclose(
                pool(x, *arguments), tf.nn.max_pool2d(x, *arguments), atol=1e-5
            )


def test_the_gradient_of_avg_smoothing_is_that_of_average_pooling():
    x = RNG.normal(size=(1, 4, 6, 2))
    grad = RNG.normal(size=(1, 2, 3, 2))
    pool = overrides.smoothed_max_pool("avg")
    found = gradient_of(lambda x: pool(x, (2, 2), (2, 2), "VALID"), x, grad)
    np.testing.assert_allclose(found, grad.repeat(2, 1).repeat(2, 2) / 4, atol=1e-6)


def test_the_gradient_of_l2_smoothing_agrees_with_differences():
    x = RNG.normal(size=(1, 4, 6, 1))
    grad = RNG.normal(size=(1, 2, 3, 1))
    epsilon = 0.05

    def smoothed(x):
        quotient = average_pool(x**2, 2) / (epsilon + average_pool(np.abs(x), 2))
        return (quotient * grad).sum()

    pool = overrides.smoothed_max_pool("L2", epsilon)
    found = gradient_of(lambda x: pool(x, (2, 2), (2, 2), "VALID"), x, grad)
    for index in np.ndindex(1, 4, 6, 1):
        bump = np.zeros_like(x)
        bump[index] = 1e-5
        slope = (smoothed(x + bump) - smoothed(x - bump)) / 2e-5
        assert found[index] == pytest.approx(slope, abs=2e-4)


def test_an_unknown_kind_of_smoothing_is_refused():
    with pytest.raises(ValueError, match=r"'max'.*'avg' or 'L2'"):
        overrides.smoothed_max_pool("max")


def test_default_overrides_are_both():
    assert set(overrides.default_overrides(3)) == {"Relu", "Relu6", "MaxPool"}
    assert set(overrides.pooling_overrides()) == {"MaxPool"}


def test_a_linearized_network_is_linear(tiny_model):
    """f(x) + f(y) = f(x + y) + f(0), through ReLUs and pooling."""
    x, y = RNG.uniform(size=(2, 1, 20, 28, 3)).astype(np.float32) / 2

    def linear(image):
        T = tiny_model.import_graph(image, overrides.linearization_overrides())
        return T("logits").numpy()

    np.testing.assert_allclose(
        linear(x) + linear(y), linear(x + y) + linear(0 * x), atol=1e-4
    )
    plain = tiny_model.import_graph(x)("logits").numpy()
    assert np.abs(plain - linear(x)).max() > 1e-3


def test_overrides_reach_the_operations_of_a_model(tiny_model):
    image = RNG.uniform(size=(1, 20, 28, 3)).astype(np.float32)
    seen = []

    def pool(x, ksize, strides, padding):
        seen.append((ksize, strides, padding))
        return tf.nn.max_pool2d(x, ksize, strides, padding)

    given = {"MaxPool": pool, "Relu": lambda x: x + 100}
    T = tiny_model.import_graph(image, given)
    plain = tiny_model.import_graph(image)
    assert seen == []  # nothing is computed before it is asked for
    np.testing.assert_allclose(T("conv1"), plain("conv1_pre_relu") + 100, rtol=1e-5)
    assert float(tf.reduce_min(T("pool1"))) > 50
    assert seen == [((2, 2), (2, 2), "SAME")]


def test_nothing_is_registered_for_the_rest_of_the_program():
    gradient_of(overrides.redirected_relu(), [[-1.0]], [[-1.0]])
    assert gradient_of(tf.nn.relu, [[-1.0]], [[-1.0]]).item() == 0
