"""The operations of image networks: ``(inputs, attributes) -> output``.

`OPERATIONS` holds those that this package computes in its own way; every other
operation is handed to TensorFlow by `run_operation`. All of them work inside a
`tf.function` being traced as well as eagerly, and can be differentiated.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from lucid_widgets.modelzoo.convolution import conv2d, local_response_normalization
from lucid_widgets.modelzoo.nodes import Node, NodeTable
from lucid_widgets.modelzoo.pooling import max_pool

Attributes = Mapping[str, Any]


def window(attributes: Attributes, name: str) -> tuple[int, int]:
    """Return an attribute of the kind ``[1, height, width, 1]`` as (height, width)."""
    _, height, width, _ = attributes[name]
    return int(height), int(width)


def concat(inputs: Sequence[Any], attributes: Attributes) -> Any:
    """Legacy ``Concat``: the axis is the first input."""
    del attributes
    return tf.concat(inputs[1:], inputs[0])


def concat_v2(inputs: Sequence[Any], attributes: Attributes) -> Any:
    """``ConcatV2``: the axis is the last input."""
    del attributes
    return tf.concat(inputs[:-1], inputs[-1])


def reshape(inputs: Sequence[Any], attributes: Attributes) -> Any:
    """``Reshape`` that never mixes the images of a batch.

    Frozen classifiers hold ``[-1, 2048]`` as a constant; given a smaller image, TensorFlow
    would quietly take the missing numbers from the next image of the batch.
    """
    del attributes
    tensor, shape = tf.convert_to_tensor(inputs[0]), inputs[1]
    target = tf.get_static_value(shape)
    if target is not None and len(target) > 1 and target[0] == -1:
        numbers, wanted = tensor.shape[1:].num_elements(), int(np.prod(target[1:]))
        # Transformers put all tokens of a batch into one list, and back.
        listed = tensor.shape.rank == 3 and tensor.shape[-1] == wanted
        if numbers is not None and wanted > 0 and numbers != wanted and not listed:
            raise ValueError(
                f"{wanted} numbers per image are wanted, and there are {numbers}"
            )
    return tf.reshape(tensor, shape)


def identity(inputs: Sequence[Any], attributes: Attributes) -> Any:
    """Hand the input on, so that weights behind an ``Identity`` stay weights."""
    del attributes
    return inputs[0]


def squeeze(inputs: Sequence[Any], attributes: Attributes) -> Any:
    """``Squeeze``: of all dimensions of size 1, unless some are named."""
    return tf.squeeze(inputs[0], list(attributes.get("squeeze_dims", ())) or None)


OPERATIONS: dict[str, Callable[[Sequence[Any], Attributes], Any]] = {
    "CheckNumerics": identity,
    "Concat": concat,
    "ConcatV2": concat_v2,
    "Identity": identity,
    "Reshape": reshape,
    "Squeeze": squeeze,
    "StopGradient": lambda inputs, _: tf.stop_gradient(inputs[0]),
}


def run_operation(op: str, inputs: Sequence[Any], attributes: Attributes) -> Any:
    """Compute any operation of TensorFlow from its name, inputs and attributes.

    Args:
        op: the operation's name, such as ``"FusedBatchNormV3"``.
        inputs: its input tensors, in the order of a GraphDef (lists are flat).
        attributes: its attributes, as Python values; those that follow from the inputs
            may be left out.

    Returns:
        One tensor, or a tuple of tensors for an operation with several outputs.
    """
    if op in OPERATIONS:
        return OPERATIONS[op](inputs, attributes)
    return raw_operation(op, inputs, attributes)


def raw_operation(
    op: str, inputs: Sequence[Any], attributes: Attributes, name: str | None = None
) -> Any:
    """Compute an operation in TensorFlow's own way; see `run_operation`.

    Args:
        op: the operation's name.
        inputs: its input tensors.
        attributes: its attributes.
        name: what to call it in a graph being built.
    """
    definition = op_def_registry.get(op)
    function = getattr(tf.raw_ops, op, None)
    if definition is None or function is None:
        raise ValueError(f"TensorFlow {tf.__version__} has no operation {op!r}")
    wanted = [key for key in inspect.signature(function).parameters if key != "name"]
    declared = [argument.name for argument in definition.input_arg]
    # `raw_ops` calls a few inputs by newer names (Mean's reduction_indices are axis).
    known = {*declared, *(attribute.name for attribute in definition.attr)}
    renamed = iter([key for key in wanted if key not in known])
    arguments: dict[str, Any] = {} if name is None else {"name": name}
    rest = list(inputs)
    for argument in definition.input_arg:
        key = argument.name if argument.name in wanted else next(renamed)
        if argument.number_attr or argument.type_list_attr:
            count = _length(argument, attributes, rest, definition)
            arguments[key], rest = rest[:count], rest[count:]
        else:
            arguments[key] = rest.pop(0)
    for key, value in attributes.items():
        if key in wanted and key not in arguments:
            arguments[key] = value
    return function(**arguments)


def _length(argument: Any, attributes: Attributes, rest: list, definition: Any) -> int:
    """Return how many of the remaining inputs a list argument takes."""
    if argument.number_attr and argument.number_attr in attributes:
        return int(attributes[argument.number_attr])
    if argument.type_list_attr and argument.type_list_attr in attributes:
        return len(attributes[argument.type_list_attr])
    later = len(definition.input_arg) - 1 - list(definition.input_arg).index(argument)
    return len(rest) - later


PREPARED = {
    "Conv2D": conv2d,
    "LRN": local_response_normalization,
    "MaxPool": max_pool,
}
"""Operations with gradients of our own; they may prepare something from weights, once."""


def run_node(table: NodeTable, node: Node, inputs: Sequence[Any]) -> Any:
    """Compute one node of a network."""
    if node.op in PREPARED:
        prepare = functools.partial(table.prepare, node)
        return PREPARED[node.op](inputs, node.attributes, prepare)
    if node.op == "Reshape" and table.constant_shape(node.inputs[0]) is not None:
        return raw_operation(node.op, inputs, node.attributes)  # of a weight: no batch
    return run_operation(node.op, inputs, node.attributes)
