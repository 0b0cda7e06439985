"""Adam against numpy, and Keras' and TensorFlow 1's optimizers against themselves."""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import SettingError
from lucid_widgets.optvis.optimizers import adam, as_optimizer, sgd

RNG = np.random.default_rng(0)
START = RNG.normal(size=(3, 2)).astype(np.float32)
OTHER = RNG.normal(size=(4,)).astype(np.float32)
GRADIENTS = RNG.normal(size=(6, 3, 2)).astype(np.float32)
train = tf.compat.v1.train


def run(optimizer, steps=6, rate=None, *, traced=False):
    """Return the variables after some updates with the given gradients."""
    optimizer = as_optimizer(optimizer)
    variables = (tf.constant(START), tf.constant(OTHER))
    slots = optimizer.init(variables)
    update = tf.function(optimizer.update, autograph=False) if traced else None
    rate = optimizer.learning_rate if rate is None else rate
    rate = tf.constant(0.0 if rate is None else rate, tf.float32)
    for step in range(steps):
        gradients = (tf.constant(GRADIENTS[step]), tf.constant(OTHER) * (step + 1))
        variables, slots = (update or optimizer.update)(
            variables, gradients, slots, tf.constant(step), rate
        )
    return [variable.numpy() for variable in variables]


def by_keras(optimizer, steps=6):
    """Return what Keras itself makes of the same gradients."""
    variables = [keras.Variable(START), keras.Variable(OTHER)]
    for step in range(steps):
        optimizer.apply([GRADIENTS[step], OTHER * (step + 1)], variables)
    return [np.asarray(variable.value) for variable in variables]


def adam_by_hand(rate=0.05, b1=0.9, b2=0.999, epsilon=1e-8, steps=5):
    x, m, v = START.astype(np.float64), 0.0, 0.0
    for t, g in enumerate(GRADIENTS[:steps].astype(np.float64), 1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        # TensorFlow 1: epsilon is added to the root of the uncorrected moment.
        x = x - rate * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + epsilon)
    return x


@pytest.mark.parametrize("epsilon", [1e-8, 0.1])
def test_adam_is_that_of_tensorflow_1(epsilon):
    found = run(adam(epsilon=epsilon), steps=5)
    np.testing.assert_allclose(found[0], adam_by_hand(epsilon=epsilon), atol=1e-5)


def test_nothing_means_adam_with_lucids_learning_rate():
    assert as_optimizer(None).learning_rate == 0.05
    np.testing.assert_allclose(run(None, steps=5)[0], adam_by_hand(), atol=1e-5)


def test_sgd_walks_down_the_gradient():
    expected = START - 0.25 * GRADIENTS.sum(0)
    np.testing.assert_allclose(run(sgd(0.25))[0], expected, atol=1e-5)


KERAS = {
    "Adam": lambda: keras.optimizers.Adam(0.02, beta_1=0.8),
    "SGD": lambda: keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "RMSprop": lambda: keras.optimizers.RMSprop(0.02, momentum=0.5),
    "Nadam": lambda: keras.optimizers.Nadam(1.0),
    "clipped": lambda: keras.optimizers.Adam(0.02, clipnorm=0.1),
    "decaying": lambda: keras.optimizers.AdamW(0.02, weight_decay=0.1),
    "schedule": lambda: keras.optimizers.Adam(
        keras.optimizers.schedules.ExponentialDecay(0.5, 2, 0.5)
    ),
}


@pytest.mark.parametrize("make", KERAS.values(), ids=KERAS)
@pytest.mark.parametrize("traced", [False, True])
def test_keras_optimizers_do_what_keras_does(make, traced):
    for mine, keras_own in zip(
        run(make(), traced=traced), by_keras(make()), strict=True
    ):
        np.testing.assert_allclose(mine, keras_own, atol=1e-6)


def test_the_optimizer_given_is_left_alone():
    given = keras.optimizers.Adam(0.02)
    first, second = run(given), run(given)
    np.testing.assert_array_equal(first[0], second[0])
    assert int(given.iterations) == 0
    assert float(given.learning_rate) == pytest.approx(0.02)


def test_the_learning_rate_is_what_the_run_says():
    for optimizer in (keras.optimizers.SGD(0.3), sgd(0.3)):
        assert as_optimizer(optimizer).learning_rate == pytest.approx(0.3)
        expected = START - 0.1 * GRADIENTS.sum(0)
        np.testing.assert_allclose(run(optimizer, rate=0.1)[0], expected, atol=1e-5)


def test_a_schedule_keeps_its_own_learning_rate():
    optimizer = as_optimizer(KERAS["schedule"]())
    assert optimizer.learning_rate is None


def test_the_memory_is_a_value_that_can_be_copied():
    optimizer = as_optimizer(keras.optimizers.Adam(0.1))
    variables = (tf.constant(START),)
    rate = tf.constant(0.1)
    slots = optimizer.init(variables)
    kept = optimizer.update(variables, (GRADIENTS[0],), slots, 0, rate)
    first = optimizer.update(kept[0], (GRADIENTS[1],), kept[1], 1, rate)
    again = optimizer.update(kept[0], (GRADIENTS[1],), kept[1], 1, rate)
    np.testing.assert_array_equal(first[0][0], again[0][0])


def test_updates_work_from_a_memory_of_another_day():
    """A resumed run never calls `init`."""
    maker = as_optimizer(keras.optimizers.Adam(0.1))
    variables, rate = (tf.constant(START),), tf.constant(0.1)
    slots = maker.init(variables)
    fresh = as_optimizer(keras.optimizers.Adam(0.1))
    mine = fresh.update(variables, (tf.constant(GRADIENTS[0]),), slots, 0, rate)
    theirs = maker.update(variables, (tf.constant(GRADIENTS[0]),), slots, 0, rate)
    np.testing.assert_array_equal(mine[0][0], theirs[0][0])


@pytest.mark.parametrize(
    "given",
    [
        keras.optimizers.SGD,
        lambda: keras.optimizers.SGD(0.01),
        functools.partial(keras.optimizers.SGD, 0.01),
        lambda: sgd(0.01),
        lambda: train.GradientDescentOptimizer(0.01),
    ],
)
def test_classes_and_functions_are_called(given):
    expected = START - 0.01 * GRADIENTS.sum(0)
    np.testing.assert_allclose(run(given)[0], expected, atol=1e-5)


def test_adam_of_tensorflow_1_is_ours():
    given = train.AdamOptimizer(0.01, beta1=0.8, beta2=0.99, epsilon=0.1)
    expected = adam_by_hand(0.01, 0.8, 0.99, 0.1)
    np.testing.assert_allclose(run(given, steps=5)[0], expected, atol=1e-5)
    assert as_optimizer(given).structure == adam(0.5, 0.8, 0.99, 0.1).structure


def momentum_by_hand(nesterov):
    x, a = START.astype(np.float64), 0.0
    for g in GRADIENTS:
        a = 0.9 * a + g
        x = x - 0.02 * (g + 0.9 * a if nesterov else a)
    return x


def rmsprop_by_hand():
    x, square, m = START.astype(np.float64), 1.0, 0.0
    for g in GRADIENTS:
        square = 0.8 * square + 0.2 * g * g
        m = 0.5 * m + 0.02 * g / np.sqrt(square + 1e-4)
        x = x - m
    return x


def adagrad_by_hand():
    x, total = START.astype(np.float64), 0.1
    for g in GRADIENTS:
        total = total + g * g
        x = x - 0.02 * g / np.sqrt(total)
    return x


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (train.MomentumOptimizer(0.02, 0.9), momentum_by_hand(False)),
        (
            train.MomentumOptimizer(0.02, 0.9, use_nesterov=True),
            momentum_by_hand(True),
        ),
        (train.AdagradOptimizer(0.02), adagrad_by_hand()),
        (train.RMSPropOptimizer(0.02, 0.8, 0.5, 1e-4), rmsprop_by_hand()),
    ],
    ids=["momentum", "nesterov", "adagrad", "rmsprop"],
)
def test_other_optimizers_of_tensorflow_1_do_the_same_here(given, expected):
    np.testing.assert_allclose(run(given)[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    "strange",
    [
        "adam",
        0.05,
        object(),
        lambda: 3,
        lambda: None,
        train.FtrlOptimizer(0.1),
        train.RMSPropOptimizer(0.1, centered=True),
    ],
)
def test_what_is_no_optimizer_is_refused(strange):
    with pytest.raises(SettingError, match=r"keras\.optimizers"):
        as_optimizer(strange)
