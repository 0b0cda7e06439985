from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import LayerNotFoundError, ModelError
from lucid_widgets.modelzoo.activations import Activations, NodeEvaluator
from lucid_widgets.modelzoo.nodes import Node, NodeTable, split_output


def constant(name: str, value) -> Node:
    return Node(name, "Const", value=lambda: np.asarray(value))


def evaluator(nodes: list[Node], images, overrides=None) -> NodeEvaluator:
    return NodeEvaluator(NodeTable(nodes), {"input": images}, overrides)


def test_a_name_with_a_colon_that_is_no_output_number_stays_whole():
    assert split_output("a:1") == ("a", 1)
    assert split_output("a:b") == ("a:b", 0)
    assert split_output("block/call:2") == ("block/call", 2)


def test_nodes_in_any_order_are_found_to_depend_on_the_input():
    table = NodeTable(
        [
            Node("c", "Relu", ("b",)),
            Node("b", "Relu", ("a:1",)),
            constant("weights", 1.0),
            Node("a", "Relu", ("input",)),
            Node("input", "Placeholder"),
        ]
    )
    assert set(table.depending_on("input")) == {"input", "a", "b", "c"}


def test_a_chain_deeper_than_pythons_recursion_limit_is_computed():
    nodes = [Node("0", "Relu", ("input",))]
    nodes += [Node(str(i), "Neg", (str(i - 1),)) for i in range(1, 3001)]
    value = evaluator(nodes, np.float32([2.0]))("3000")
    assert value.numpy() == 2


def test_a_loop_is_refused_and_not_followed():
    nodes = [Node("a", "Add", ("input", "b")), Node("b", "Relu", ("a",))]
    with pytest.raises(ModelError, match="loop"):
        evaluator(nodes, np.float32([1.0]))("b")


def test_a_node_that_reads_itself_is_refused():
    with pytest.raises(ModelError, match="loop"):
        evaluator([Node("a", "Add", ("input", "a"))], np.float32([1.0]))("a")


def test_a_second_input_is_refused_by_name():
    nodes = [Node("noise", "Placeholder"), Node("a", "Add", ("input", "noise"))]
    with pytest.raises(ModelError, match="'noise'"):
        evaluator(nodes, np.float32([1.0]))("a")


def test_further_outputs_are_read_by_their_number():
    nodes = [
        constant("axis", np.int32(1)),
        Node("parts", "Split", ("axis", "input"), {"num_split": 2}),
        Node("second", "Neg", ("parts:1",)),
    ]
    evaluate = evaluator(nodes, np.float32([[1, 2, 3, 4]]))
    assert evaluate("parts:1").numpy().tolist() == [[3, 4]]
    assert evaluate("second").numpy().tolist() == [[-3, -4]]
    with pytest.raises(LayerNotFoundError, match="2 outputs"):
        evaluate("parts:2")


def test_nothing_past_the_layer_that_was_read_is_computed():
    computed = []

    def counted(name):
        def count(x):
            computed.append(name)
            return x

        return count

    nodes = [
        Node("a", "Relu", ("input",)),
        Node("b", "Relu6", ("a",)),
        Node("side", "Elu", ("a",)),
    ]
    names = {"Relu": "a", "Relu6": "b", "Elu": "side"}
    overrides = {op: counted(name) for op, name in names.items()}
    evaluate = evaluator(nodes, np.float32([1.0]), overrides)
    evaluate("a")
    assert computed == ["a"]
    evaluate("b")
    evaluate("a")
    assert computed == ["a", "b"]


def test_pooling_overrides_are_given_height_and_width():
    seen = []

    def pool(x, ksize, strides, padding):
        seen.append((ksize, strides, padding))
        return x

    attributes = {"ksize": [1, 3, 2, 1], "strides": [1, 2, 1, 1], "padding": "SAME"}
    nodes = [Node("pool", "MaxPool", ("input",), attributes)]
    evaluator(nodes, np.zeros([1, 5, 4, 2], np.float32), {"MaxPool": pool})("pool")
    assert seen == [((3, 2), (2, 1), "SAME")]


def test_a_layer_first_read_inside_a_branch_can_be_used_outside_of_it():
    import tensorflow as tf

    nodes = [Node("a", "Neg", ("input",))]

    @tf.function(autograph=False)
    def run(x):
        evaluate = NodeEvaluator(NodeTable(nodes), {"input": x})
        T = Activations(evaluate, lambda name: name, lambda: ("a",))
        inside = tf.cond(tf.reduce_sum(x) > 0, lambda: T["a"] * 2, lambda: x)
        return inside + T["a"]

    assert run(tf.constant([3.0])).numpy() == -9


def test_what_was_assigned_is_read_back_and_changes_no_layer():
    evaluate = evaluator([Node("a", "Neg", ("input",))], np.float32([1.0]))
    T = Activations(evaluate, lambda name: name, lambda: ("a",))
    T["input"] = "raw"
    assert T["input"] == T("input") == "raw"
    assert T["a"].numpy() == -1
    assert set(T) == {"input", "a"}
    assert len(T) == 2
