"""The operations of a model and what they read, of whichever family it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lucid_widgets.modelzoo.keras_model import KerasModel
from lucid_widgets.modelzoo.node_model import NodeModel
from lucid_widgets.modelzoo.nodes import NodeTable, split_output

# What only looks at the shape of its input passes nothing on.
_SHAPES = {"Shape", "ShapeN", "Size", "Rank"}


@dataclass(frozen=True)
class GraphNode:
    """One operation of a model's graph.

    Args:
        name: its name.
        kind: TensorFlow's operation or Keras' class, such as ``"Conv2D"``.
        sources: names of the nodes it reads.
    """

    name: str
    kind: str
    sources: tuple[str, ...] = ()


def graph_nodes(model: Any) -> list[GraphNode]:
    """Return the operations of a model and what they read, in order of computation."""
    if isinstance(model, NodeModel):
        return _of_table(model._table, model.input_name)
    if isinstance(model, KerasModel) and model.steps[0].node is not None:
        return _of_steps(model)
    # What a model of Python code connects with what is not known: the order is.
    names = ["input", *(layer.name for layer in model.layers)]
    kinds = ["InputLayer", *_kinds_inside(model)]
    sources = [(), *((name,) for name in names)]
    return [GraphNode(*node) for node in zip(names, kinds, sources, strict=False)]


def _kinds_inside(model: Any) -> list[str]:
    found = []
    for layer in model.layers:
        operation = (
            model._described(layer.name)[0] if isinstance(model, KerasModel) else None
        )
        found.append(type(operation).__name__)
    return found


def _of_table(table: NodeTable, input_name: str) -> list[GraphNode]:
    # A node after those it reads, whatever the order of the file.
    found: dict[str, GraphNode] = {}
    for name in _table_order(table, input_name):
        node = table[name]
        read = dict.fromkeys(split_output(source)[0] for source in node.inputs)
        sources = tuple(source for source in read if source in found)
        if name == input_name or (sources and node.op not in _SHAPES):
            found[name] = GraphNode(
                name, node.op, () if name == input_name else sources
            )
    read = {source for node in found.values() for source in node.sources}
    # Blocks before their ReLUs, added on loading, stand beside the network.
    return [
        node
        for node in found.values()
        if node.name in read or not node.name.endswith("_pre_relu")
    ]


def _table_order(table: NodeTable, input_name: str) -> Iterable[str]:
    depending = set(table.depending_on(input_name))
    graph = {
        name: tuple(
            source
            for source in (split_output(one)[0] for one in table[name].inputs)
            if source in depending and name != input_name
        )
        for name in table
        if name in depending
    }
    return in_order(graph)


def in_order(graph: Mapping[str, Sequence[str]]) -> list[str]:
    """Return names so that each comes after what it reads, near to it."""
    placed: dict[str, None] = {}
    for start in graph:
        stack = [start]
        while stack:
            name = stack[-1]
            waiting = [s for s in graph.get(name, ()) if s not in placed and s in graph]
            if name in placed or not waiting:
                placed[name] = None
                stack.pop()
            else:
                # Reversed, so that the first source is placed first.
                stack.extend(reversed(waiting))
    return list(placed)


def _of_steps(model: KerasModel) -> list[GraphNode]:
    names = {index: step.name for index, step in enumerate(model.steps)} | {-1: "input"}
    found = [GraphNode("input", "InputLayer")]
    for index, step in enumerate(model.steps):
        kind = "block" if index in model.composites else type(step.operation).__name__
        sources = tuple(dict.fromkeys(names[source] for source, _ in step.sources))
        found.append(GraphNode(step.name, kind, sources))
    return found
