"""Edited networks that are tables of nodes: `Edits` as other nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lucid_widgets.modelzoo.editing import Edits
from lucid_widgets.modelzoo.nodes import Node, NodeTable, split_output

BEFORE = "/before_edit"
"""Ending of the name of what a scaled layer was before."""


def weight_names(table: NodeTable) -> tuple[str, ...]:
    """Return the names of the constants that are weights: of floating point, not single."""
    found = []
    for name in table:
        node = table[name]
        if node.value is None or node.shape == ():
            continue
        value = node.value()
        if value.dtype.kind == "f" and value.ndim:
            found.append(name)
    return tuple(found)


def edited_table(table: NodeTable, edits: Edits) -> NodeTable:
    """Return the nodes of a network after some changes.

    A layer with factors is followed by a multiplication, which takes its name: whatever
    reads the layer, reads the product. The original is left as ``<layer>/before_edit``.
    """
    return NodeTable(_nodes(table, edits))


def _nodes(table: NodeTable, edits: Edits) -> Iterator[Node]:
    befores = {name: _free(table, name + BEFORE) for name in edits.factors}

    def source(tensor: str) -> str:
        # Further outputs of a scaled node still come from the node itself.
        name, output = split_output(tensor)
        return f"{befores[name]}:{output}" if output and name in befores else tensor

    for name in table:
        node = table[name]
        if name in edits.weights:
            value = edits.weights[name]
            yield replace(node, value=lambda value=value: value, shape=value.shape)
            continue
        node = replace(node, inputs=tuple(map(source, node.inputs)))
        if name not in befores:
            yield node
            continue
        factors, scale = edits.factors[name], _free(table, f"{name}/scale")
        yield replace(node, name=befores[name])
        yield Node(scale, "Const", value=lambda factors=factors: np.asarray(factors))
        yield Node(name, "Mul", (befores[name], scale), depth=node.depth)


def _free(table: NodeTable, name: str) -> str:
    """Return a name that no node has yet: a layer may be edited twice."""
    while name in table:
        name += "_"
    return name
