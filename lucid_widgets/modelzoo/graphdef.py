"""GraphDef files (``.pb``) as tables of nodes, checked before anything runs.

A GraphDef is a program. It is never handed to TensorFlow as a whole: its nodes are
computed one by one (see `lucid_widgets.modelzoo.activations`), only those that a layer
needs, and every operation in the file must be on the list of those that image networks
use. Operations that read or write files, start processes or call Python are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lucid_widgets.errors import ModelError, UntrustedModelError
from lucid_widgets.modelzoo.allowlist import ALLOWED_OPERATIONS
from lucid_widgets.modelzoo.archives import what_it_is
from lucid_widgets.modelzoo.nodes import Node, split_output

# Protocol buffers cannot be larger.
_MOST_BYTES = 2**31
# A few bytes may declare a constant of any size.
_MOST_NUMBERS = _MOST_BYTES // 4


def need_trust(path: Any, trust: object) -> None:
    """Refuse a program that was not declared trustworthy.

    Raises:
        UntrustedModelError: `trust` is anything but True.
    """
    if trust is not True:
        raise UntrustedModelError(
            f"{path} is a program, and loading it needs your word that you trust where "
            "it comes from: pass trust=True (--trust on the command line)"
        )


def parse_graphdef(content: bytes, source: str) -> Any:
    """Return the GraphDef in a file's bytes.

    Args:
        content: the bytes.
        source: name of the file, for messages.

    Raises:
        ModelError: they are not a GraphDef.
        UntrustedModelError: it contains operations that networks do not need.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    graph_def = tf.compat.v1.GraphDef()
    try:
        graph_def.ParseFromString(content)
    except DecodeError as error:
        raise ModelError(_not_a_graphdef(source, content)) from error
    if not graph_def.node or not all(node.name and node.op for node in graph_def.node):
        raise ModelError(_not_a_graphdef(source, content))
    check_operations(graph_def, source)
    return graph_def


def read_file(path: str | Path) -> bytes:
    """Return the bytes of a model file.

    Raises:
        ModelError: there is no such file, or it is empty or too large.
    """
    file = Path(path).expanduser()
    if file.is_dir():
        raise ModelError(
            f"{file} is a folder; for a SavedModel use models.from_saved_model(path, "
            "trust=True)"
        )
    if not file.is_file():
        raise ModelError(f"there is no file {file}")
    size = file.stat().st_size
    if not 0 < size < _MOST_BYTES:
        raise ModelError(
            f"{file} has {size} bytes; a GraphDef has between 1 byte and 2 GB. Was the "
            "download interrupted?"
        )
    return file.read_bytes()


def _not_a_graphdef(source: str, content: bytes) -> str:
    return f"{source} is not a GraphDef (a frozen .pb file) but {what_it_is(content)}"


def check_operations(graph_def: Any, source: str) -> None:
    """Refuse a GraphDef with operations that image networks do not need.

    Raises:
        UntrustedModelError: names the operations, and a node of each.
    """
    nodes = list(graph_def.node)
    for function in graph_def.library.function:
        nodes.extend(function.node_def)
    refused: dict[str, str] = {}
    for node in nodes:
        if node.op not in ALLOWED_OPERATIONS:
            refused.setdefault(node.op, node.name)
    if refused:
        listed = ", ".join(f"{op} ('{name}')" for op, name in list(refused.items())[:5])
        more = f" and {len(refused) - 5} more" if len(refused) > 5 else ""
        raise UntrustedModelError(
            f"{source} contains operations that are not on the list of those that image "
            f"networks use: {listed}{more}. Operations on files, processes and Python "
            "are always refused; if this is a training graph or one with loops, freeze "
            "it for inference first"
        )


def table_nodes(graph_def: Any) -> Iterator[Node]:
    """Yield the nodes of a GraphDef."""
    for proto in graph_def.node:
        inputs = tuple(_tensor_name(name) for name in proto.input if name[:1] != "^")
        if proto.op == "Const":
            dims = proto.attr["value"].tensor.tensor_shape.dim
            shape = tuple(int(dim.size) for dim in dims)
            if math.prod(shape) > _MOST_NUMBERS:
                raise ModelError(
                    f"'{proto.name}' declares {math.prod(shape):,} numbers, more than "
                    "any network has: the file is damaged, or made to fill the memory"
                )
            yield Node(proto.name, "Const", value=_constant(proto), shape=shape)
            continue
        attributes = {
            name: value
            for name, attribute in proto.attr.items()
            if not name.startswith("_") and (value := decode(attribute)) is not None
        }
        yield Node(proto.name, proto.op, inputs, attributes)


def _tensor_name(name: str) -> str:
    node, output = split_output(name)
    return node if output == 0 else f"{node}:{output}"


def _constant(proto: Any) -> Callable[[], np.ndarray]:
    def value() -> np.ndarray:
        import tensorflow as tf

        return tf.make_ndarray(proto.attr["value"].tensor)

    return value


def decode(attribute: Any) -> Any:
    """Return an attribute of a GraphDef node as a Python value; None if it has none."""
    import tensorflow as tf

    kind = attribute.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(attribute, kind)
    if kind == "list":
        for name, values in value.ListFields():
            return [_decode_single(name.name, item) for item in values]
        return []
    if kind == "shape":
        return tf.TensorShape(value)
    return _decode_single(kind, value)


def _decode_single(kind: str, value: Any) -> Any:
    import tensorflow as tf

    if kind == "s":
        return value.decode("utf-8", "replace")
    if kind == "type":
        return tf.as_dtype(value)
    if kind == "shape":
        return tf.TensorShape(value)
    return value


def pre_relu_concats(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes, with what blocks would be without their last ReLUs added.

    After every concatenation of ReLUs named ``block`` comes ``block_pre_relu``, which
    concatenates what went into those ReLUs. Lucid adds them to InceptionV1, and its
    tutorial uses them: ``mixed4a_pre_relu:476``.
    """
    nodes = list(nodes)
    by_name = {node.name: node for node in nodes}
    for node in nodes:
        yield node
        before = f"{node.name}_pre_relu"
        if node.op not in ("Concat", "ConcatV2") or before in by_name:
            continue
        axis = 0 if node.op == "Concat" else len(node.inputs) - 1
        inputs = list(node.inputs)
        for i, name in enumerate(inputs):
            source = by_name.get(split_output(name)[0])
            if i != axis and source is not None and source.op in ("Relu", "Relu6"):
                inputs[i] = source.inputs[0]
        changed = sum(new != old for new, old in zip(inputs, node.inputs, strict=True))
        if changed == len(inputs) - 1:
            yield Node(before, node.op, tuple(inputs), node.attributes)
