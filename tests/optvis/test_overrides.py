"""Redirected ReLU by truth table, smoothed pooling against numpy, linearization."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import SettingError
from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.optvis import overrides, param, render
from lucid_widgets.optvis.randomness import drawing

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


def gradient_at(model, image, given, layer="logits", unit=3):
    image = tf.constant(image)
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = model.import_graph(image, given)(layer)[..., unit]
    return value.numpy(), tape.gradient(value, image).numpy()


def test_a_linearized_network_keeps_its_values_and_has_one_gradient(tiny_model):
    """The gradient of a linear function is the same everywhere."""
    x, y = RNG.uniform(size=(2, 1, 20, 28, 3)).astype(np.float32)
    linear = overrides.linearization_overrides()
    (value, at_x), (_, at_y) = (gradient_at(tiny_model, i, linear) for i in (x, y))
    np.testing.assert_allclose(at_x, at_y, atol=1e-6)
    plain_value, plain = gradient_at(tiny_model, x, {})
    np.testing.assert_array_equal(value, plain_value)
    assert np.abs(plain - at_x).max() > 1e-3


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


def half(op, grad):
    return grad / 2


@pytest.fixture(params=["nodes", "keras"])
def any_model(request, tiny_model):
    if request.param == "nodes":
        return tiny_model
    keras.utils.set_random_seed(0)
    layers = keras.layers
    network = keras.Sequential(
        [
            layers.Input((None, None, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv1"),
            layers.MaxPooling2D(name="pool1"),
            layers.Conv2D(5, 3, activation="tanh", name="conv2"),
        ]
    )
    return models.from_keras(network, image_value_range=(0, 1))


def test_a_gradient_function_halves_the_gradient(any_model):
    image = RNG.uniform(size=(1, 20, 28, 3)).astype(np.float32)
    given = overrides.gradient_override_map({"Relu": half})
    value, found = gradient_at(any_model, image, given, "conv1")
    plain_value, _ = gradient_at(any_model, image, {}, "conv1")
    _, unblocked = gradient_at(any_model, image, {"Relu": tf.identity}, "conv1")
    np.testing.assert_array_equal(value, plain_value)
    np.testing.assert_allclose(found, unblocked / 2, atol=1e-6)
    assert np.abs(found).max() > 0


def test_overrides_hold_within_their_block_and_no_longer(any_model):
    image = RNG.uniform(size=(1, 20, 28, 3)).astype(np.float32)

    def gradient():
        return gradient_at(any_model, image, None, "pool1")[1]

    plain = gradient()
    with overrides.pooling_overrides():
        smooth = gradient()
        with overrides.gradient_override_map({"Relu": half}):
            both = gradient()
        np.testing.assert_array_equal(gradient(), smooth)
    np.testing.assert_array_equal(gradient(), plain)
    assert len({g.tobytes() for g in (plain, smooth, both)}) == 3


def test_a_run_keeps_the_overrides_of_the_block_it_was_made_in(tiny_model):
    def run(seen):
        T = render.make_vis_T(tiny_model, "conv2:1", lambda: param.image(24, 20))
        T.step()
        return T

    def watched(op, grad):
        seen.append(op.outputs[0].shape)
        return grad

    seen = []
    with overrides.gradient_override_map({"Relu": watched}):
        T = run(seen)
    count = len(seen)
    assert count > 0
    T.step()
    run(seen)
    assert len(seen) == count  # neither traced again, nor in force for others


def test_relu_overrides_know_the_step_of_the_run_they_are_used_in():
    for step, redirects in ((16, 1), (17, 0)):
        with drawing(0, step):
            function = overrides.relu_overrides()["Relu"]
            assert gradient_of(function, [[-1.0]], [[-1.0]]).item() == -redirects


def test_the_maps_hold_the_same_gradients():
    x, grad = RNG.normal(size=(2, 3, 5)) * 5, RNG.normal(size=(2, 3, 5))
    made = overrides.gradient_override_map(overrides.relu_overrides_map)
    for op, function in overrides.relu_overrides().items():
        np.testing.assert_array_equal(
            gradient_of(made[op], x, grad), gradient_of(function, x, grad)
        )
    x, grad = RNG.normal(size=(1, 4, 6, 2)), RNG.normal(size=(1, 2, 3, 2))
    window = ((2, 2), (2, 2), "SAME")
    for kind, function in (
        ("avg", overrides.avg_smoothed_maxpool_grad),
        ("L2", overrides.l2_smoothed_maxpool_grad),
    ):
        pools = (
            overrides.gradient_override_map({"MaxPool": function})["MaxPool"],
            overrides.smoothed_max_pool(kind),
        )
        one, other = (
            gradient_of(lambda x, pool=pool: pool(x, *window), x, grad)
            for pool in pools
        )
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_gradient_functions_written_for_tensorflow_1_work():
    """`tf.gradients` inside, and the attributes of pooling, as notebooks have them."""

    def smooth(op, grad):
        x = op.inputs[0]
        window = [op.get_attr(name) for name in ("ksize", "strides", "padding")]
        pooled = tf.nn.avg_pool(x**2, *window) / (
            1e-2 + tf.nn.avg_pool(tf.abs(x), *window)
        )
        return tf.gradients(pooled, [x], grad)[0]

    x, grad = RNG.normal(size=(1, 4, 6, 2)), RNG.normal(size=(1, 2, 3, 2))
    window = ((2, 2), (2, 2), "VALID")
    mine = overrides.gradient_override_map({"MaxPool": smooth})["MaxPool"]
    ours = overrides.smoothed_max_pool("L2")
    one, other = (
        gradient_of(lambda x, pool=pool: pool(x, *window), x, grad)
        for pool in (mine, ours)
    )
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_use_gradient_keeps_the_value_and_takes_several_inputs():
    @overrides.use_gradient(lambda op, grad: [grad * op.inputs[1], -grad])
    def product(a, b):
        return a * b

    a, b = tf.constant([2.0, 3.0]), tf.constant([5.0, 7.0])
    with tf.GradientTape() as tape:
        tape.watch((a, b))
        value = product(a, b)
    np.testing.assert_array_equal(value, [10, 21])
    by_a, by_b = tape.gradient(value, (a, b))
    np.testing.assert_array_equal(by_a, [5, 7])
    np.testing.assert_array_equal(by_b, [-1, -1])


def test_what_cannot_be_overridden_is_refused():
    for given, told in (({"Conv2D": half}, "'Conv2D'.*Relu"), ({"Relu": "f"}, "name")):
        with pytest.raises(SettingError, match=told):
            overrides.gradient_override_map(given)


def test_a_keras_model_refuses_operations_it_cannot_exchange():
    network = keras.Sequential(
        [keras.layers.Input((8, 8, 3)), keras.layers.Conv2D(2, 3, name="c")]
    )
    model = models.from_keras(network, image_value_range=(0, 1))
    T = model.import_graph(np.zeros([1, 8, 8, 3], "f4"), {"Conv2D": tf.identity})
    with pytest.raises(SettingError, match=r"Conv2D.*Keras.*Relu"):
        T("c")


def test_nothing_is_registered_for_the_rest_of_the_program():
    gradient_of(overrides.redirected_relu(), [[-1.0]], [[-1.0]])
    assert gradient_of(tf.nn.relu, [[-1.0]], [[-1.0]]).item() == 0
