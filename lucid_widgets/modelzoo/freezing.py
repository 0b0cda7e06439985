"""Networks as frozen GraphDefs: constants and operations, and no more than needed.

Two ways lead there. A table of nodes is written node by node, so that every name stays
(`table_graphdef`). Anything else is traced, its variables are made constants, and the
nodes that stand for layers are given the layers' names (`traced_graphdef`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo.activations import NodeEvaluator
from lucid_widgets.modelzoo.nodes import Node, NodeTable

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_./\\>-]")


def node_name(name: str) -> str:
    """Return a layer's name as it can stand in a GraphDef.

    Example:
        >>> node_name("conv/call:1")
        'conv/call_1'
    """
    allowed = _FORBIDDEN.sub("_", name)
    return allowed if re.match(r"[A-Za-z0-9.]", allowed) else f"layer_{allowed}"


class _Writer(NodeEvaluator):
    """Adds nodes to the graph being built, instead of computing them."""

    def _compute(self, node: Node) -> tuple[Any, ...]:
        import tensorflow as tf

        if node.op == "Const":
            assert node.value is not None
            return (tf.constant(node.value(), name=node.name),)
        return super()._compute(node)

    def _run(self, node: Node, inputs: list[Any], operations: Any) -> Any:
        return operations.raw_operation(node.op, inputs, node.attributes, node.name)


def table_graphdef(
    table: NodeTable, input_name: str, channels: int, wanted: Iterable[str]
) -> Any:
    """Return a table of nodes as a GraphDef.

    Args:
        table: the network.
        input_name: the node that takes the images; becomes a placeholder
            ``[batch, height, width, channels]`` of any size.
        channels: number of channels of the images.
        wanted: names of nodes; these, and what they need, are written.
    """
    import tensorflow as tf

    names: dict[str, str] = {}
    with tf.Graph().as_default() as graph:
        shape = [None, None, None, channels]
        images = tf.compat.v1.placeholder(tf.float32, shape, name=input_name)
        names[images.op.name] = input_name
        writer = _Writer(table, {input_name: images})
        for name in wanted:
            writer(name)
        for name, tensors in writer.computed.items():
            names.update({tensor.op.name: name for tensor in tensors})
    return renamed(graph.as_graph_def(), names)


def renamed(graph_def: Any, names: Mapping[str, str]) -> Any:
    """Return a GraphDef with some nodes under other names.

    Args:
        graph_def: the network; changed.
        names: new name by old name. Other nodes that have one of the new names
            already make way.
    """
    taken = {node.name for node in graph_def.node} | set(names.values())
    wanted = dict(names)
    for node in graph_def.node:
        if node.name not in names and node.name in set(names.values()):
            count = 1
            while f"{node.name}_{count}" in taken:
                count += 1
            wanted[node.name] = f"{node.name}_{count}"
            taken.add(wanted[node.name])

    def source(name: str) -> str:
        control, plain = name[:1] == "^", name.lstrip("^")
        plain, colon, output = plain.partition(":")
        return "^" * control + wanted.get(plain, plain) + colon + output

    for node in graph_def.node:
        inputs = [source(name) for name in node.input]
        node.name = wanted.get(node.name, node.name)
        del node.input[:]
        node.input.extend(inputs)
    return graph_def


def frozen_function(function: Any, image_shape: Sequence[int | None] | None) -> Any:
    """Return a concrete function of images with its variables made constants.

    Args:
        function: a `tf.function`, a concrete function, or any callable that takes a
            batch of images.
        image_shape: ``[height, width, channels]``; needed unless the function has an
            input signature.

    Raises:
        ModelError: it cannot be traced, or takes something else than images.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    concrete = function
    if not hasattr(function, "get_concrete_function"):
        concrete = function if hasattr(function, "graph") else tf.function(function)
    if hasattr(concrete, "get_concrete_function"):
        signature = []
        if getattr(concrete, "input_signature", None) is None:
            if image_shape is None:
                raise ModelError(
                    "the size of images is needed to trace the function: "
                    "image_shape=[height, width, channels]"
                )
            signature = [tf.TensorSpec([None, *image_shape], tf.float32)]
        try:
            concrete = concrete.get_concrete_function(*signature)
        except (TypeError, ValueError) as error:
            why = str(error).strip().splitlines() or [repr(error)]
            raise ModelError(
                f"the function cannot be traced for images {image_shape}: {why[0]}"
            ) from error
    frozen = convert_variables_to_constants_v2(concrete)
    images = [tensor for tensor in frozen.inputs if tensor.shape.rank == 4]
    if len(frozen.inputs) != 1 or not images or not images[0].dtype.is_floating:
        given = (
            ", ".join(f"{t.dtype.name} {t.shape}" for t in frozen.inputs) or "nothing"
        )
        raise ModelError(
            f"the function takes {given}; a function of one batch of images "
            "[batch, height, width, channels], in floating point, is needed"
        )
    return frozen


def traced_graphdef(
    evaluate: Callable[[Any], Mapping[str, Any]],
    image_shape: Sequence[int | None],
    input_name: str,
) -> tuple[Any, dict[str, str]]:
    """Return what a function computes as a GraphDef, its results under their names.

    Args:
        evaluate: takes the network's input, ``[batch, height, width, channels]``;
            returns tensors by layer name, in the order of the network.
        image_shape: ``[height, width, channels]``; None for any.
        input_name: what to call the placeholder.

    Returns:
        The GraphDef, and node name by layer name.
    """
    import tensorflow as tf

    layers: list[str] = []

    def network(images: Any) -> list[Any]:
        found = evaluate(images)
        layers[:] = found
        return [tf.identity(found[name]) for name in layers]

    frozen = frozen_function(tf.function(network, autograph=False), image_shape)
    graph_def = frozen.graph.as_graph_def()
    nodes = {node.name: node for node in graph_def.node}
    names = {frozen.inputs[0].op.name: input_name}
    found: dict[str, str] = {}
    for name, tensor in zip(layers, frozen.outputs, strict=True):
        # The operation itself gets the name, so that what is changed there later
        # changes everything behind it; unless it has one.
        node = nodes[tensor.op.name]
        while node.op == "Identity" and ":" not in node.input[0].removesuffix(":0"):
            before = nodes[node.input[0].removesuffix(":0")]
            if before.name in names or before.op == "Const":
                break
            node = before
        if node.name in names:
            node = nodes[tensor.op.name]
        allowed = node_name(name)
        while allowed in names.values():
            allowed += "_"
        names[node.name] = found[name] = allowed
    return pruned(renamed(graph_def, names), [input_name, *found.values()]), found


def pruned(graph_def: Any, wanted: Iterable[str]) -> Any:
    """Return a GraphDef with only some nodes and what they need, in the same order."""
    nodes = {node.name: node for node in graph_def.node}
    kept: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            waiting += [
                source.lstrip("^").partition(":")[0] for source in nodes[name].input
            ]
    smaller = type(graph_def)()
    smaller.CopyFrom(graph_def)
    del smaller.node[:]
    smaller.node.extend(node for node in graph_def.node if node.name in kept)
    return smaller
