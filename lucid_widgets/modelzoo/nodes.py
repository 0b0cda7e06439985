"""Networks as tables of named nodes; TensorFlow is imported only to compute them.

A `Node` says which operation makes which tensor from which others, as in a GraphDef. A
`NodeTable` holds the nodes of one network together with what is shared by everything
compiled from it: its weights as tensors, and what was prepared from them once (such as
the flipped kernels of `lucid_widgets.modelzoo.operations`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Integer constants up to this many numbers (shapes, axes) are put into each compiled
# function, where TensorFlow's shape inference can read them.
_SMALL = 64


@dataclass(frozen=True)
class Node:
    """One operation of a network.

    Args:
        name: its name; what users write to read its (first) output.
        op: TensorFlow's name of the operation, such as ``"Conv2D"``.
        inputs: names of the tensors it reads: ``"node"``, or ``"node:1"`` for a further
            output of that node.
        attributes: the operation's attributes, as in TensorFlow's ``raw_ops``.
        value: for ``Const`` nodes, a function that returns the array.
        shape: for ``Const`` nodes, its shape when known without making it.
        depth: number of channels of its output, when known without computing.
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    value: Callable[[], np.ndarray] | None = None
    shape: tuple[int, ...] | None = None
    depth: int | None = None


def split_output(name: str) -> tuple[str, int]:
    """Return node name and output number of a tensor name.

    Example:
        >>> split_output("mixed4a"), split_output("moments:1")
        (('mixed4a', 0), ('moments', 1))
    """
    node, colon, number = name.rpartition(":")
    if colon and number.isdecimal():
        return node, int(number)
    return name, 0


class NodeTable:
    """The nodes of one network, in order, and the tensors made from its constants."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._constants: dict[str, Any] = {}
        self._prepared: dict[tuple[str, str], Any] = {}

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    def get(self, name: str) -> Node | None:
        """Return the node of a name; None if there is none."""
        return self._nodes.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def constant(self, node: Node) -> Any:
        """Return the value of a ``Const`` node as a tensor.

        Weights are made once, outside of any function being traced, so that all compiled
        functions share them and nothing is kept alive by a function that is gone.
        """
        import tensorflow as tf

        if node.name in self._constants:
            return self._constants[node.name]
        assert node.value is not None
        value = node.value()
        if value.dtype.kind in "iu" and value.size <= _SMALL:
            return tf.constant(value)
        with tf.init_scope():
            tensor = tf.constant(value)
            if tf.executing_eagerly():  # not so in the graphs of TensorFlow 1
                self._constants[node.name] = tensor
        return tensor

    def prepare(self, node: Node, what: str, make: Callable[[], Any]) -> Any:
        """Return what `make` computes from the weights of a node, computed only once."""
        import tensorflow as tf

        if (node.name, what) not in self._prepared:
            with tf.init_scope():
                self._prepared[node.name, what] = make()
        return self._prepared[node.name, what]

    def constant_shape(self, name: str) -> tuple[int, ...] | None:
        """Return the shape of a ``Const`` node; None for all others.

        Weights behind an ``Identity`` (variables that were frozen) are looked up.
        """
        node = self.get(split_output(name)[0])
        while node is not None and node.op == "Identity":
            node = self.get(split_output(node.inputs[0])[0])
        if node is None or node.value is None:
            return None
        return tuple(node.value().shape) if node.shape is None else node.shape

    def depending_on(self, name: str) -> list[str]:
        """Return the names of all nodes computed from the given one, itself first."""
        found = {name: None}
        waiting = [node for node in self._nodes.values() if node.name not in found]
        # Most files list nodes in topological order, and one pass is enough.
        grown = True
        while grown:
            grown = False
            remaining = []
            for node in waiting:
                if any(split_output(source)[0] in found for source in node.inputs):
                    found[node.name] = None
                    grown = True
                else:
                    remaining.append(node)
            waiting = remaining if grown else []
        return list(found)
