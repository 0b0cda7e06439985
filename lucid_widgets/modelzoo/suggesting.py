"""What to give to ``Model.save``, found out as far as possible."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lucid_widgets.errors import ModelError, ValueRangeError
from lucid_widgets.modelzoo import freezing, graphdef
from lucid_widgets.modelzoo.keras_model import from_keras
from lucid_widgets.modelzoo.vision_base import Model

_RANGES = "(0, 1), (-1, 1), (0, 255) or (-117, 138)"


class SaveArguments(dict[str, Any]):
    """Arguments of ``Model.save``; shown as the call to be completed."""

    def __repr__(self) -> str:
        lines = ["Model.save(", '    "model.pb",', "    network,"]
        for name, value in self.items():
            known = (
                repr(value) if value is not None else "...,  # you have to know this"
            )
            lines.append(f"    {name}={known}" + ("," if value is not None else ""))
        lines.append(")")
        if self.get("image_value_range") is None:
            lines += [
                f"# image_value_range: what black and white become, such as {_RANGES}.",
                "# A wrong one is the commonest cause of pictures that show nothing.",
            ]
        return "\n".join(lines)


def suggest_save_args(network: Any) -> SaveArguments:
    """Find out what to give to `save`; see `Model.suggest_save_args`."""
    import keras
    import tensorflow as tf

    graph_type: Any = tf.compat.v1.GraphDef
    if isinstance(network, Model):
        return _of_model(network)
    if isinstance(network, keras.Model):
        return _of_keras(network)
    if isinstance(network, (str, Path)):
        network = graphdef.parse_graphdef(graphdef.read_file(network), str(network))
    if isinstance(network, graph_type):
        return _of_graph(network)
    if callable(network):
        frozen = freezing.frozen_function(network, None)
        found = _of_graph(frozen.graph.as_graph_def())
        if not found["output_names"]:
            found["output_names"] = [tensor.op.name for tensor in frozen.outputs]
        return found
    raise ModelError(
        f"expected a Keras model, a tf.function, a GraphDef or its file, not "
        f"{str(network)[:100]!r}"
    )


def _arguments(
    input_name: str | None,
    output_names: Sequence[str],
    image_shape: Sequence[int] | None,
    image_value_range: tuple[Any, Any] | None,
) -> SaveArguments:
    return SaveArguments(
        input_name=input_name,
        output_names=list(output_names) or None,
        image_shape=None if image_shape is None else [int(n) for n in image_shape],
        image_value_range=image_value_range,
    )


def _of_model(model: Model) -> SaveArguments:
    low, high = (np.asarray(end).tolist() for end in model.image_value_range)
    dense = [layer.name for layer in model.layers if "dense" in layer.tags]
    outputs = dense[-1:] or [model.layers[-1].name]
    return _arguments(model.input_name, outputs, model.image_shape, (low, high))


def _of_keras(network: Any) -> SaveArguments:
    try:
        return _of_model(from_keras(network))
    except ValueRangeError:
        # The range has to be given; everything else can be known without it.
        found = _of_model(from_keras(network, (0, 1)))
        found["image_value_range"] = None
        return found


def _of_graph(graph_def: Any) -> SaveArguments:
    """Read a graph as Lucid does: one placeholder, and the softmaxes."""
    inputs = [node for node in graph_def.node if node.op.startswith("Placeholder")]
    found = inputs[0] if len(inputs) == 1 else None
    name = shape = values = None
    if found is not None:
        name, shape = found.name, _shape(found)
        dtype = graphdef.decode(found.attr["dtype"]) if "dtype" in found.attr else None
        if dtype is not None and dtype.name == "uint8":
            name, values = _scaled(graph_def)
    outputs = [node.name for node in graph_def.node if node.op == "Softmax"]
    return _arguments(name, outputs, shape, values)


def _shape(placeholder: Any) -> list[int] | None:
    shape = graphdef.decode(placeholder.attr["shape"]) if placeholder.attr else None
    if shape is None or shape.rank != 4 or not shape[1:].is_fully_defined():
        return None
    return shape[1:].as_list()


def _scaled(graph_def: Any) -> tuple[str | None, tuple[float, float] | None]:
    """Return where the pixels of a graph that takes bytes have been divided by 255."""
    import tensorflow as tf

    constants = {node.name: node for node in graph_def.node if node.op == "Const"}
    divisions = [
        node.name
        for node in graph_def.node
        if node.op in ("RealDiv", "Div")
        and (divisor := constants.get(node.input[1].partition(":")[0])) is not None
        and np.all(tf.make_ndarray(divisor.attr["value"].tensor) == 255)
    ]
    return (divisions[0], (0.0, 1.0)) if len(divisions) == 1 else (None, None)
