"""The activations of a network for given images, computed when they are read.

`Activations` is what objectives and users see: ``T["mixed4a"]``, or in Lucid's words
``T("mixed4a")``. Behind it stands an evaluator; `NodeEvaluator` is the one for networks
that are tables of nodes (the embedded model, GraphDef files).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lucid_widgets.errors import LayerNotFoundError, LucidError, ModelError
from lucid_widgets.modelzoo.nodes import Node, NodeTable, split_output

Overrides = Mapping[str, Callable[..., Any]]
"""Replacements by operation type.

``{"Relu": f(x), "MaxPool": f(x, ksize, strides, padding), "AvgPool": ...}``, where ksize
and strides are (height, width). For any other operation the function is given the
operation's inputs.
"""

Given = Mapping[str, Any]
"""Activations by canonical layer name that take the place of the computed ones."""


class Activations(Mapping[str, Any]):
    """Layer name to activations, each computed at the first time it is asked for.

    Nothing past the layers that were read is ever computed, and nothing twice. Use it as
    a mapping or as a function; ``"name:0"`` is accepted too. Names that were assigned
    (``T["labels"] = ...``) are read back as they are and change nothing that is computed.

    Args:
        evaluate: returns the tensor of a name; must remember what it computed.
        find: returns the canonical name for a given one.
        names: the names to iterate over.
    """

    def __init__(
        self,
        evaluate: Callable[[str], Any],
        find: Callable[[str], str],
        names: Callable[[], tuple[str, ...]],
    ) -> None:
        self._evaluate = evaluate
        self._find = find
        self._names = names
        self._assigned: dict[str, Any] = {}
        self._trace = _current_trace()

    def __getitem__(self, name: str) -> Any:
        if name in self._assigned:
            return self._assigned[name]
        found = self._find(name)
        # A layer first read inside a branch or loop is still computed outside of it,
        # where everybody can use it.
        with _entered(self._trace):
            return self._evaluate(found)

    def __setitem__(self, name: str, value: Any) -> None:
        self._assigned[name] = value

    def __call__(self, name: str) -> Any:
        """Return the activations of a layer: the same as ``T[name]``."""
        return self[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._assigned
        yield from (name for name in self._names() if name not in self._assigned)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        if name in self._assigned:
            return True
        try:
            self._find(name)
        except LayerNotFoundError:
            return False
        return True

    def __repr__(self) -> str:
        return f"<Activations: {len(self)} names>"


def _current_trace() -> Any:
    """Return the graph being traced, or None in eager code."""
    import tensorflow as tf

    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


def _entered(trace: Any) -> contextlib.AbstractContextManager[Any]:
    if trace is None or trace is _current_trace():
        return contextlib.nullcontext()
    return trace.as_default()


class NodeEvaluator:
    """Computes nodes of a table from the network's input, each at most once.

    Args:
        table: the network.
        feeds: tensors that stand for nodes: at least the input's.
        overrides: see `Overrides`.
        explain: makes the message for an image size that the network cannot take.
    """

    def __init__(
        self,
        table: NodeTable,
        feeds: Mapping[str, Any],
        overrides: Overrides | None = None,
        explain: Callable[[Node, str], str] | None = None,
    ) -> None:
        self._table = table
        self._values: dict[str, tuple[Any, ...]] = {
            name: (tensor,) for name, tensor in feeds.items()
        }
        self._overrides = dict(overrides or {})
        self._explain = explain or (lambda node, why: f"{node.name}: {why}")

    def __call__(self, name: str) -> Any:
        """Return the tensor of a name; compute what it needs and nothing else."""
        node, output = split_output(name)
        self._evaluate(node)
        outputs = self._values[node]
        if output >= len(outputs):
            raise LayerNotFoundError(
                f"'{node}' has {len(outputs)} outputs, numbered from 0, and output "
                f"{output} was asked for"
            )
        return outputs[output]

    @property
    def computed(self) -> Mapping[str, tuple[Any, ...]]:
        """All outputs of the nodes that were computed so far, by name."""
        return self._values

    def _evaluate(self, name: str) -> None:
        # A loop with its own stack: networks are deeper than Python's recursion limit.
        stack, opened = [name], set()
        while stack:
            current = stack[-1]
            if current in self._values:
                stack.pop()
                continue
            node = self._table[current]
            sources = [split_output(source)[0] for source in node.inputs]
            missing = [source for source in sources if source not in self._values]
            if not missing:
                self._values[current] = self._compute(node)
                continue
            if opened.intersection(missing) or current in missing:
                raise ModelError(
                    f"'{current}' belongs to a loop; networks with loops in their graph "
                    "are not supported: export one without (no tf.while_loop)"
                )
            opened.add(current)
            stack.extend(missing)

    def _compute(self, node: Node) -> tuple[Any, ...]:
        from lucid_widgets.modelzoo import operations

        if node.op == "Const":
            return (self._table.constant(node),)
        if node.op in ("Placeholder", "PlaceholderV2"):
            raise ModelError(
                f"'{node.name}' is a further input of the network; only networks with "
                "one image input can be used"
            )
        inputs = []
        for source in node.inputs:
            name, output = split_output(source)
            inputs.append(self._values[name][output])
        try:
            outputs = self._run(node, inputs, operations)
        except LucidError:
            raise
        except (ValueError, _invalid_argument()) as error:
            raise ModelError(self._explain(node, str(error))) from error
        if isinstance(outputs, (tuple, list)):
            return tuple(outputs)
        return (outputs,)

    def _run(self, node: Node, inputs: list[Any], operations: Any) -> Any:
        override = self._overrides.get(node.op)
        if override is None:
            return operations.run_node(self._table, node, inputs)
        if node.op not in ("MaxPool", "AvgPool"):
            return override(*inputs)
        return override(
            inputs[0],
            operations.window(node.attributes, "ksize"),
            operations.window(node.attributes, "strides"),
            node.attributes["padding"],
        )


def _invalid_argument() -> type[Exception]:
    import tensorflow as tf

    return tf.errors.InvalidArgumentError
