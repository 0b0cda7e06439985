"""Models read from GraphDef files: ``models.from_graphdef``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from lucid_widgets.errors import ModelError, ValueRangeError
from lucid_widgets.modelzoo import graphdef
from lucid_widgets.modelzoo.given import checked_labels, checked_range, checked_shape
from lucid_widgets.modelzoo.node_model import NodeModel
from lucid_widgets.modelzoo.nodes import NodeTable
from lucid_widgets.modelzoo.vision_base import Layer

# What is worth looking at when nobody has listed the layers.
_SUBJECTS = frozenset(
    {"Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Concat", "ConcatV2"}
)
_OUTPUTS = frozenset({"Softmax"})


class GraphDefModel(NodeModel):
    """A network in a frozen GraphDef file; see `from_graphdef`.

    Args:
        content: the file's bytes.
        path: where they came from, for messages.
    """

    def __init__(self, content: bytes, path: str) -> None:
        self.model_path = path
        self._digest = hashlib.sha256(content).hexdigest()
        self._graph_def = graphdef.parse_graphdef(content, path)
        self._labels: list[str] | None = None

    @property
    def graph_def(self) -> Any:
        """The network as TensorFlow's protocol buffer."""
        return self._graph_def

    @cached_property
    def network_identity(self) -> str:
        """A digest of structure and weights."""
        return f"{self.model_name}:{self._digest}"

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, in the order of the network's outputs; or None."""
        return self._labels

    @cached_property
    def _table(self) -> NodeTable:
        nodes = graphdef.table_nodes(self._graph_def)
        return NodeTable(graphdef.pre_relu_concats(nodes))

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that make good subjects, in the network's order."""
        return self.found_layers()

    def found_layers(self) -> tuple[Layer, ...]:
        """Return all activations and concatenations, for want of a list."""
        found = []
        shapes = self._shapes
        for name in self.layer_names:
            op, shape = self._table[name].op, shapes.get(name)
            if shape is None or op not in _SUBJECTS | _OUTPUTS:
                continue
            if "Concat" in op and name.endswith("_pre_relu"):  # added on loading
                continue
            tag = "conv" if len(shape) == 4 else "dense"
            if len(shape) in (2, 4):
                found.append(self.describe(name, shape[-1], {tag}))
        return tuple(found)

    @cached_property
    def _shapes(self) -> dict[str, list | None]:
        """Shapes of everything that can be computed at the model's image size."""
        return self.shapes_of(self.layer_names)


def from_graphdef(
    path: str | Path,
    *,
    trust: bool = False,
    input_name: str | None = None,
    image_shape: Sequence[int] | None = None,
    image_value_range: tuple[Any, Any] | None = None,
    is_BGR: bool = False,
    labels: Sequence[str] | None = None,
    layers: Sequence[tuple[str, int]] | None = None,
    name: str | None = None,
) -> GraphDefModel:
    """Return the model in a frozen GraphDef file (``.pb``).

    Args:
        path: the file.
        trust: must be True: a GraphDef is a program, and running it is your decision.
            Operations on files, processes or Python are refused all the same.
        input_name: name of the node that takes the images; found by itself when there is
            only one placeholder.
        image_shape: ``[height, width, channels]`` of the images it was trained on; found
            by itself when the placeholder says so.
        image_value_range: the values that 0 and 1 in an image become for the network,
            such as ``(-1, 1)``, ``(0, 255)`` or ``(-117, 138)``.
        is_BGR: whether the network wants blue, green, red.
        labels: names of the classes, in order.
        layers: names and depths of the layers worth looking at; found by themselves
            when not given.
        name: what to call the model; the file's name when not given.

    Raises:
        UntrustedModelError: `trust` is not True, or the file has refused operations.
        ModelError: the file cannot be used, or something must be given and was not.

    Example:
        >>> from_graphdef(
        ...     "my.pb", trust=True, image_value_range=(-1, 1)
        ... )  # doctest: +SKIP
    """
    graphdef.need_trust(path, trust)
    return from_graph_content(
        graphdef.read_file(path),
        str(path),
        input_name=input_name,
        image_shape=image_shape,
        image_value_range=image_value_range,
        is_BGR=is_BGR,
        labels=labels,
        layers=layers,
        name=name or Path(path).stem,
    )


def from_graph_content(
    content: bytes,
    path: str,
    *,
    name: str,
    input_name: str | None = None,
    image_shape: Sequence[int] | None = None,
    image_value_range: tuple[Any, Any] | None = None,
    is_BGR: bool = False,
    labels: Sequence[str] | None = None,
    layers: Sequence[tuple[str, int]] | None = None,
) -> GraphDefModel:
    """Return the model in the bytes of a GraphDef; see `from_graphdef`."""
    model = GraphDefModel(content, path)
    model.model_name = name
    metadata = _metadata(model.graph_def)
    model.input_name = input_name or metadata.get("input_name") or _input_name(model)
    if model.input_name not in model._table:
        raise ModelError(f"{path} has no node {model.input_name!r} to take the images")
    model.image_shape = checked_shape(
        image_shape or metadata.get("image_shape") or _input_shape(model)
    )
    given = image_value_range or metadata.get("image_value_range")
    if given is None:
        raise ValueRangeError(
            "image_value_range is needed: the values that black and white become for the "
            "network, such as (0, 1), (-1, 1), (0, 255) or (-117, 138). A wrong range is "
            "the commonest cause of pictures that show nothing"
        )
    model.image_value_range = checked_range(given, model.image_shape[-1])
    model.is_BGR = is_BGR or bool(metadata.get("is_BGR", False))
    model._labels = checked_labels(metadata.get("labels") if labels is None else labels)
    if metadata.get("fixed_size"):
        model.fixed_size = (model.image_shape[0], model.image_shape[1])
    listed = metadata.get("layers") if layers is None else layers
    if listed is not None:
        model.layers = tuple(
            model.describe(name, depth, tags) for name, depth, *tags in listed
        )
    return model


def _metadata(graph_def: Any) -> dict[str, Any]:
    """Return what ``Model.save``, ours or Lucid's, wrote about the model into the file."""
    for node in graph_def.node:
        if node.name.rpartition("/")[2] == "lucid_metadata_json" and node.op == "Const":
            import tensorflow as tf

            value = tf.make_ndarray(node.attr["value"].tensor)
            try:
                return dict(json.loads(value.item().decode("utf-8")))
            except (ValueError, AttributeError, TypeError) as error:
                raise ModelError(
                    "the node lucid_metadata_json does not hold JSON; pass input_name, "
                    "image_shape and image_value_range yourself"
                ) from error
    return {}


def _placeholders(graph_def: Any) -> list[Any]:
    kinds = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
    return [node for node in graph_def.node if node.op in kinds]


def _input_name(model: GraphDefModel) -> str:
    names = [node.name for node in _placeholders(model.graph_def)]
    if len(names) == 1:
        return names[0]
    raise ModelError(
        f"{model.model_path} has {len(names)} placeholders ({', '.join(names[:5])}); say "
        "which node takes the images: input_name=..."
    )


def _input_shape(model: GraphDefModel) -> tuple[int, ...]:
    for node in _placeholders(model.graph_def):
        if node.name == model.input_name and "shape" in node.attr:
            shape = graphdef.decode(node.attr["shape"])
            if shape is not None and shape.rank == 4 and shape[1:].is_fully_defined():
                return tuple(shape[1:].as_list())
    raise ModelError(
        f"{model.model_path} does not say what size of image it takes: "
        "image_shape=[height, width, channels] is needed"
    )
