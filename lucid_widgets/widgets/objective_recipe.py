"""Objectives as plain values: what a file can carry, and code can be made of.

    channel("mixed4a", 3) - 0.5 * deepdream("conv2d0")
        <->  {"operation": "difference", "terms": [
                 {"call": "channel", "arguments": {"layer": "mixed4a", "n_channel": 3}},
                 {"operation": "product", "terms": [{"call": "deepdream", ...}, 0.5]}]}

That works for the objectives of this package and their arithmetic. A function of the
user's own has no such form: it would have to be run, and nothing read from a file is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from lucid_widgets.errors import ProvenanceError

CALLS = (
    "channel",
    "channel_interpolate",
    "channel_weighted",
    "channels",
    "class_logit",
    "deepdream",
    "direction",
    "direction_neuron",
    "directions",
    "diversity",
    "L1",
    "L2",
    "local_group",
    "neuron",
    "tensor_direction",
    "total_variation",
    "blur_input_each_step",
    "blur_alpha_each_step",
)
"""The only names that are looked up for a file."""

SYMBOLS = {"sum": "+", "difference": "-", "product": "*", "quotient": "/"}

MAX_DEPTH = 40
MAX_NUMBERS = 16_384
"""Most numbers in one argument: a direction has one for every channel."""


def to_tree(objective: Any) -> Any | None:
    """Return an objective as lists, dictionaries, texts and numbers.

    Args:
        objective: an `Objective`.

    Returns:
        None where it has no such form.
    """
    try:
        tree = _tree(objective.structure, list(objective.numbers))
        again = from_tree(tree)
    except (LookupError, TypeError, ValueError):
        return None
    same = again.structure == objective.structure and all(
        np.array_equal(one, other)
        for one, other in zip(again.numbers, objective.numbers, strict=True)
    )
    return tree if same else None


def from_tree(tree: Any, depth: int = 0) -> Any:
    """Return the objective of a tree. Imports TensorFlow.

    Args:
        tree: as made by `to_tree`, trusted in nothing.
        depth: how deep in the tree this part is.

    Raises:
        ProvenanceError: it is no such tree.
        ObjectiveError: an argument is out of its range.
    """
    if not isinstance(tree, dict) or depth > MAX_DEPTH:
        raise _bad(tree)
    if "call" in tree:
        return _call(tree)
    word, terms = tree.get("operation"), tree.get("terms")
    if word not in SYMBOLS or not isinstance(terms, list) or len(terms) != 2:
        raise _bad(tree)
    left, right = (
        _number(term) if not isinstance(term, dict) else from_tree(term, depth + 1)
        for term in terms
    )
    if isinstance(left, float):
        raise _bad(tree)
    match word:
        case "sum":
            return left + right
        case "difference":
            return left - right
        case "product":
            return left * right
        case _:
            return left / right


def to_code(tree: Any) -> str:
    """Return a tree as Python, with `objectives` imported.

    Args:
        tree: as made by `to_tree`.
    """
    if not isinstance(tree, dict):
        return repr(tree)
    if "call" in tree:
        given = [f"{name}={value!r}" for name, value in tree["arguments"].items()]
        return f"objectives.{tree['call']}({', '.join(given)})"
    left, right = (to_code(term) for term in tree["terms"])
    return f"({left} {SYMBOLS[tree['operation']]} {right})"


def _tree(structure: Any, numbers: list[Any]) -> Any:
    """Return the tree of a structure, taking its numbers from the list's front."""
    word = structure[0]
    if word in SYMBOLS:
        left = _tree(structure[1], numbers)
        right = _tree(structure[2], numbers) if len(structure) == 3 else None
        # A number alone stands behind those of the left side.
        term = right if right is not None else _plain(numbers.pop(0))
        return {"operation": word, "terms": [left, term]}
    if word == "class_logit":
        _, layer, name, batch = structure
        number = _plain(numbers.pop(0))
        arguments = {"layer": layer, "label": number if name is None else name}
        return _called(word, arguments | ({} if batch is None else {"batch": batch}))
    parameters = inspect.signature(_function(word)).parameters
    structural = dict(structure[1])
    arguments: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name not in structural:
            arguments[name] = _plain(numbers.pop(0))
        elif structural[name] != parameter.default:
            arguments[name] = _plain(structural[name])
    return _called(word, arguments)


def _called(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"call": name, "arguments": arguments}


def _plain(value: Any) -> Any:
    """Return what JSON can hold, exactly; float32 values fit into its numbers."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no plain form")


def _function(name: Any) -> Callable[..., Any]:
    from lucid_widgets.optvis import objectives

    if name not in CALLS:
        raise ProvenanceError(
            f"the recipe names the objective {str(name)[:60]!r}, which is none of "
            f"{', '.join(CALLS)}"
        )
    return getattr(objectives, name)


def _call(tree: dict[str, Any]) -> Any:
    arguments = tree.get("arguments")
    if not isinstance(arguments, dict):
        raise _bad(tree)
    function = _function(tree["call"])
    for value in arguments.values():
        _check_argument(value)
    try:
        return function(**arguments)
    except (TypeError, AttributeError, LookupError) as error:
        raise _bad(tree) from error


def _check_argument(value: Any) -> None:
    if value is None or isinstance(value, str | bool):
        return
    array = np.asarray(value, dtype=object)
    if array.size > MAX_NUMBERS or array.ndim > 4:
        raise ProvenanceError(f"the recipe's objective has over {MAX_NUMBERS} numbers")
    for item in array.ravel():
        if not isinstance(item, str):
            _number(item)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(value)
    if abs(value) > 3e38:
        raise _bad(value)
    return float(value)


def _bad(tree: Any) -> ProvenanceError:
    return ProvenanceError(
        f"the recipe's objective makes no sense: {str(tree)[:100]!r}"
    )
