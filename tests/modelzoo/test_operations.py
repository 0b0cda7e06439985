from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.modelzoo.activations import NodeEvaluator
from lucid_widgets.modelzoo.nodes import Node, NodeTable
from lucid_widgets.modelzoo.operations import run_operation


def test_both_kinds_of_concat_find_their_axis():
    a, b = np.zeros([1, 2, 3, 1], np.float32), np.ones([1, 2, 3, 2], np.float32)
    old = run_operation("Concat", [3, a, b], {})
    new = run_operation("ConcatV2", [a, b, 3], {})
    assert old.shape == new.shape == [1, 2, 3, 3]
    np.testing.assert_array_equal(old, new)


def test_inputs_that_tensorflow_renamed_are_passed_on():
    x = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    mean = run_operation(
        "Mean", [x, np.int32([1])], {"keep_dims": True, "T": tf.float32}
    )
    assert mean.numpy().tolist() == [[[1.5, 2.5, 3.5]]]


def test_squeeze_takes_the_named_dimensions_or_all():
    x = np.zeros([1, 2, 1, 3], np.float32)
    assert run_operation("Squeeze", [x], {"squeeze_dims": [2]}).shape == [1, 2, 3]
    assert run_operation("Squeeze", [x], {}).shape == [2, 3]


def test_list_inputs_are_collected():
    parts = [np.float32([1, 2]), np.float32([3, 4]), np.float32([5, 6])]
    packed = run_operation("Pack", parts, {"axis": 1, "N": 3})
    assert packed.numpy().tolist() == [[1, 3, 5], [2, 4, 6]]


def test_operations_with_several_outputs_return_them_all():
    x = np.random.default_rng(0).random((2, 3, 4, 2), np.float32)
    ones, zeros = np.ones(2, np.float32), np.zeros(2, np.float32)
    outputs = run_operation(
        "FusedBatchNormV3", [x, ones, zeros, zeros, ones], {"is_training": False}
    )
    np.testing.assert_allclose(outputs[0], x, rtol=1e-3)
    assert len(outputs) == 6


def test_an_unknown_operation_is_named():
    with pytest.raises(ValueError, match="Frobnicate"):
        run_operation("Frobnicate", [], {})


def test_reshape_keeps_the_images_of_a_batch_apart():
    x = np.zeros([4, 2, 3, 5], np.float32)
    assert run_operation("Reshape", [x, np.int32([-1, 30])], {}).shape == [4, 30]
    with pytest.raises(ValueError, match="60 numbers per image"):
        run_operation("Reshape", [x, np.int32([-1, 60])], {})


def test_operations_that_are_not_ours_can_be_differentiated():
    x = tf.constant([[1.0, 2.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = run_operation("Mul", [x, x], {})
    assert tape.gradient(y, x).numpy().tolist() == [[2, 4, 8]]


def test_weights_and_tokens_may_be_reshaped_across_their_first_axis():
    kernel = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    table = NodeTable(
        [
            Node("kernel", "Const", value=lambda: kernel),
            Node("shape", "Const", value=lambda: np.array([-1, 4], np.int32)),
            Node("flat", "Reshape", ("kernel", "shape")),
        ]
    )
    flat = NodeEvaluator(table, {})("flat")
    np.testing.assert_array_equal(flat, kernel.reshape(6, 4))
    tokens = run_operation("Reshape", [kernel, np.array([-1, 4])], {})
    np.testing.assert_array_equal(tokens, kernel.reshape(6, 4))
    with pytest.raises(ValueError, match="numbers per image"):
        run_operation("Reshape", [kernel[None], np.array([-1, 4])], {})
