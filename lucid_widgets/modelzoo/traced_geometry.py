"""Stride and receptive field inside models of Python code, from TensorFlow's trace.

Such a model says nothing of its structure; but while it is traced to find its layers,
TensorFlow writes down the operations, and these lead from the image to every layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lucid_widgets.modelzoo.geometry import START, Geometry, after, join, read_by
from lucid_widgets.modelzoo.keras_geometry import after_layer
from lucid_widgets.modelzoo.nodes import Node

_ATTRIBUTES = ("strides", "ksize", "dilations")


def traced_geometry(
    images: Any, tensors: Mapping[str, Any], layers: Mapping[str, Any]
) -> dict[str, Geometry]:
    """Return the geometry of tensors of a graph that have one.

    Args:
        images: the tensor that the network was given.
        tensors: the tensors to be told, by name.
        layers: the Keras layers that made them, where known, by the same names.
    """
    made_by = {
        tensor.op.name: layers[name]
        for name, tensor in tensors.items()
        if layers.get(name) is not None
    }
    found: dict[str, Geometry | None] = {images.op.name: START}
    for operation in images.graph.get_operations():
        if operation.name in found:
            continue
        read = {tensor.name: tensor for tensor in operation.inputs}
        if not any(tensor.op.name in found for tensor in read.values()):
            continue
        node = _node(operation)
        sources = [read[name].op.name for name in read_by(node)]
        met = join([found[source] for source in sources if source in found])
        shapes = {name: _shape(tensor) for name, tensor in read.items()}
        place = None if met is None else after(node, met, shapes.get)
        if place is None and operation.name in made_by:
            before = join(_known_before(operation, found))
            layer = made_by[operation.name]
            place = None if before is None else after_layer(layer, before)
        found[operation.name] = place
    places = {name: found.get(tensor.op.name) for name, tensor in tensors.items()}
    return {name: place for name, place in places.items() if place is not None}


def _node(operation: Any) -> Node:
    known = {attribute.name for attribute in operation.op_def.attr}
    attributes = {
        name: operation.get_attr(name) for name in _ATTRIBUTES if name in known
    }
    inputs = tuple(tensor.name for tensor in operation.inputs)
    return Node(operation.name, operation.type, inputs, attributes)


def _shape(tensor: Any) -> list[int | None] | None:
    return None if tensor.shape.rank is None else tensor.shape.as_list()


def _known_before(
    operation: Any, found: Mapping[str, Geometry | None]
) -> list[Geometry | None]:
    """Return the nearest geometries that are known among what an operation depends on."""
    known: list[Geometry | None] = []
    waiting, visited = list(operation.inputs), set()
    while waiting:
        source = waiting.pop().op
        if source.name in visited or source.name not in found:
            continue
        visited.add(source.name)
        if found[source.name] is not None:
            known.append(found[source.name])
        else:
            waiting.extend(source.inputs)
    return known
