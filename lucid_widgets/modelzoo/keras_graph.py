"""A Keras model as a list of steps with stable names.

Functional and Sequential models are graphs of calls; models inside models are opened up,
so that every call of a layer or operation is one `Step`. A layer that holds further
layers without being such a graph (a subclassed model, a transformer block) is one step
too, and what happens inside is found by watching it run (see `keras_steps`).

Names. A layer keeps the name its author gave it. Layers that Keras numbered
(``conv2d_37``) are counted anew for each model, because Keras counts on through the life
of a process: the second model built would get other names than the first. Layers of a
nested model are called ``outer/inner``; further calls of a shared layer
``layer/call:1``, ``layer/call:2``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Source = tuple[int, int]
"""Which step (-1: the input), and which of its outputs."""

INPUT: Source = (-1, 0)


@dataclass(frozen=True)
class Step:
    """One call of a layer or operation.

    Args:
        name: its canonical name.
        operation: the Keras layer or operation.
        node: Keras' record of the call; None when a whole subclassed model is the step.
        sources: where its tensors come from, in the order of the record.
        shapes: shapes of its outputs, where they are known.
    """

    name: str
    operation: Any
    node: Any
    sources: tuple[Source, ...]
    shapes: tuple[tuple[int | None, ...] | None, ...]


def functional_graph(operation: Any) -> Any:
    """Return the functional model that an operation is; None if it is not one."""
    import keras
    from keras.src.models.functional import Functional

    if isinstance(operation, keras.Sequential):
        plain = type(operation).call is keras.Sequential.call
        return operation._functional if plain else None
    if isinstance(operation, Functional) and type(operation).call is Functional.call:
        return operation
    return None


def flatten(model: Any) -> tuple[list[Step], dict[str, Source]]:
    """Return the steps of a model in the order of computation, and all names.

    Args:
        model: a Keras model with one input.
    """
    steps: list[Step] = []
    names: dict[str, Source] = {}
    graph = functional_graph(model)
    if graph is None:
        steps.append(Step("", model, None, (INPUT,), (None,)))
    else:
        _flatten_graph(graph, "", [INPUT], steps, names)
    return steps, names


def _flatten_graph(
    graph: Any,
    prefix: str,
    inputs: Sequence[Source],
    steps: list[Step],
    names: dict[str, Source],
) -> list[Source]:
    """Append the steps of one graph; return where its outputs come from."""
    sources = {id(x): s for x, s in zip(graph.inputs, inputs, strict=True)}
    canonical = canonical_names(graph.operations)
    nodes = _ordered_nodes(graph)
    members = {id(node) for node in nodes}
    for node in nodes:
        operation = node.operation
        call = _call_number(node, members)
        name = prefix + canonical[id(operation)] + (f"/call:{call}" if call else "")
        given = [sources[id(tensor)] for tensor in node.arguments.keras_tensors]
        inner = functional_graph(operation)
        if inner is not None and len(inner.inputs) == len(given):
            outputs = _flatten_graph(inner, f"{name}/", given, steps, names)
        else:
            shapes = tuple(tuple(tensor.shape) for tensor in node.outputs)
            steps.append(Step(name, operation, node, tuple(given), shapes))
            outputs = [(len(steps) - 1, i) for i in range(len(node.outputs))]
        for tensor, source in zip(node.outputs, outputs, strict=True):
            sources[id(tensor)] = source
        names[name] = outputs[0]
        names.update({f"{name}:{i}": s for i, s in enumerate(outputs) if i})
    return [sources[id(tensor)] for tensor in graph.outputs]


def _ordered_nodes(graph: Any) -> list[Any]:
    by_depth = graph._nodes_by_depth
    ordered = [
        node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]
    ]
    return [node for node in ordered if node.operation and not node.is_input]


def _call_number(node: Any, members: set[int]) -> int:
    """Return which call of its layer a node is, among those that belong to the model."""
    calls = [other for other in node.operation._inbound_nodes if id(other) in members]
    return next(i for i, other in enumerate(calls) if other is node)


def canonical_names(operations: Iterable[Any]) -> dict[int, str]:
    """Return names that do not depend on what was built before.

    Args:
        operations: the layers and operations of one model.

    Returns:
        Name by ``id()`` of the operation.

    Example:
        In a process that built other models first, the layers ``conv2d_94``,
        ``conv2d_95`` and ``block1_out`` become ``conv2d``, ``conv2d_1``, ``block1_out``.
    """
    numbered: dict[str, list[tuple[int, Any]]] = {}
    names: dict[int, str] = {}
    for operation in operations:
        base, number = _automatic_name(operation)
        if base is None:
            names[id(operation)] = operation.name
        else:
            numbered.setdefault(base, []).append((number, operation))
    for base, found in numbered.items():
        if _numbered_by_hand(found):
            names.update({id(operation): operation.name for _, operation in found})
            continue
        # By Keras' own numbers, which are in the order of construction, so that the
        # first model built in a process keeps the names Keras gave.
        for count, (_, operation) in enumerate(sorted(found, key=lambda item: item[0])):
            names[id(operation)] = f"{base}_{count}" if count else base
    return names


def model_name(model: Any) -> str:
    """Return a model's name; without the number that Keras counts on, as for layers."""
    return _automatic_name(model)[0] or model.name


def _numbered_by_hand(found: list[tuple[int, Any]]) -> bool:
    """Return whether names that look like Keras' were given by the author.

    Keras begins with ``block``, ``block_1``. Whoever writes ``block_0`` or begins with
    ``block_1`` counts by hand; for layers that come with Keras, which other models in the
    process use as well, the latter says nothing.
    """
    if any(operation.name.endswith("_0") for _, operation in found):
        return True
    if any(type(operation).__module__.startswith("keras") for _, operation in found):
        return False
    numbers = sorted(number for number, _ in found)
    return len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1))


def _automatic_name(operation: Any) -> tuple[str | None, int]:
    """Split a name that Keras made from the class: ('conv2d', 37); else (None, 0)."""
    match = re.fullmatch(r"(.*?)(?:_(\d+))?", operation.name)
    assert match is not None
    base, number = match.group(1), match.group(2)
    if base.replace("_", "") != type(operation).__name__.replace("_", "").lower():
        return None, 0
    return base, int(number or 0)
