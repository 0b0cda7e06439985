"""Compiled functions: what is dropped is gone, and what belongs to others stays."""

import gc
import weakref

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops

from lucid_widgets.modelzoo.tracing import traced


@tf.custom_gradient
def doubled_backwards(x):
    return tf.identity(x), lambda grad: 2 * grad


def gradient(x):
    """A trace with gradients of its own, one of them in a branch."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = doubled_backwards(x) + tf.cond(
            x[0] > 0, lambda: doubled_backwards(3 * x), lambda: -x
        )
    return tape.gradient(y, x)


def test_it_computes_what_the_function_computes():
    function = traced(gradient, [tf.TensorSpec([None])])
    np.testing.assert_array_equal(function(tf.constant([1.0, 2.0])), [8, 8])
    np.testing.assert_array_equal(function(tf.constant([-1.0])), [1])


def test_nothing_is_left_of_a_function_that_is_dropped():
    before = set(ops.gradient_registry.list())
    function = traced(gradient, [tf.TensorSpec([2])])
    function(tf.constant([1.0, 2.0]))
    graph = weakref.ref(function.graph)
    assert set(ops.gradient_registry.list()) == before
    del function
    gc.collect()
    assert graph() is None


def test_functions_of_others_can_still_be_differentiated():
    theirs = tf.function(doubled_backwards, autograph=False)
    compiled = theirs.get_concrete_function(tf.TensorSpec([2]))
    traced(lambda x: compiled(x) + 1, [tf.TensorSpec([2])])
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = compiled(x)
    np.testing.assert_array_equal(tape.gradient(y, x), [2, 2])


def test_gradients_that_users_registered_stay():
    @ops.RegisterGradient("TestTracingTripled")
    def tripled(_, grad):
        return 3 * grad

    def function(x):
        graph = tf.compat.v1.get_default_graph()
        with graph.gradient_override_map({"IdentityN": "TestTracingTripled"}):
            return tf.identity_n([x])[0]

    traced(function, [tf.TensorSpec([2])])
    assert ops.gradient_registry.lookup("TestTracingTripled") is tripled
