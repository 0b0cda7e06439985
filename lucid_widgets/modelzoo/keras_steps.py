"""Running one step of a Keras model while watching what happens inside.

Keras code cannot be split at will, but it calls things by name, and those can be exchanged
for the time of a call:

- ``layer.activation`` is exchanged to see what a fused activation was given
  (`recorded_activation`);
- ``layer.call`` of the layers inside a block is exchanged to see what they return, to
  stop once the wanted one has returned, and to give the same tensors again when the block
  is run further later (`watched`);
- ``tf.nn.relu``, ``max_pool`` and the like are exchanged when they are to be overridden
  (`overridden`).

All of this happens under one lock and only affects the thread that holds it.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lucid_widgets.errors import SettingError

LOCK = threading.RLock()
"""Held while a step runs: what is exchanged belongs to the whole process."""

# Activations whose input is called `<layer>_pre_relu`, as in InceptionV1.
_RELUS = {"relu", "relu6", "leaky_relu", "ReLU", "LeakyReLU"}


class Stopped(BaseException):
    """Ends a block whose remaining layers are not wanted."""


def fused_activation(operation: Any) -> Callable[..., Any] | None:
    """Return the activation that a layer applies to its own result, if any."""
    import keras

    activation = vars(operation).get("activation")
    if not callable(activation) or activation is keras.activations.linear:
        return None
    return activation


def before_suffix(operation: Any) -> str:
    """Return how the input of a fused activation is called."""
    activation = fused_activation(operation)
    name = getattr(activation, "__name__", type(activation).__name__)
    return "_pre_relu" if name in _RELUS else "_pre_activation"


@contextlib.contextmanager
def recorded_activation(operation: Any, record: Callable[[Any], Any]) -> Iterator[None]:
    """Hand the input of a layer's fused activation to `record`, which may replace it."""
    activation = fused_activation(operation)
    if activation is None:
        yield
        return

    def recorded(x: Any, *args: Any, **kwargs: Any) -> Any:
        return activation(record(x), *args, **kwargs)

    object.__setattr__(operation, "activation", recorded)
    try:
        yield
    finally:
        object.__setattr__(operation, "activation", activation)


def inner_operations(operation: Any) -> dict[str, Any]:
    """Return the layers inside a layer by their paths, in order of definition."""
    from lucid_widgets.modelzoo.keras_graph import canonical_names, functional_graph

    found: dict[str, Any] = {}
    seen = {id(operation)}

    def visit(parent: Any, prefix: str) -> None:
        graph = functional_graph(parent)
        if graph is not None:
            children = list(graph.operations)
        else:
            children = list(getattr(parent, "_layers", ()))
        names = canonical_names(children)
        for child in children:
            if id(child) in seen:
                continue
            seen.add(id(child))
            path = prefix + names[id(child)]
            while path in found:  # two children of one name
                path += "'"
            found[path] = child
            visit(child, f"{path}/")

    visit(operation, "")
    return found


@contextlib.contextmanager
def watched(
    operations: Mapping[str, Any],
    memory: dict[str, Any],
    wanted: str | None,
    change: Callable[[str, Any], Any] = lambda name, value: value,
) -> Iterator[None]:
    """Watch the layers inside a block while it runs.

    Args:
        operations: the layers, by path.
        memory: what was returned by name (path, and ``/call:1`` for a second call) is
            added; what is in it already is not computed again.
        wanted: the name after which to raise `Stopped`; None to run to the end.
        change: what is made of each value before it is remembered and used.
    """
    counts: Counter[str] = Counter()
    trace = _trace()

    def remember(name: str, value: Any) -> Any:
        value = change(name, value)
        if _trace() is trace:  # not inside a loop, whose tensors nobody else can use
            memory[name] = value
        if name == wanted:
            raise Stopped
        return value

    def watch(path: str, operation: Any) -> Callable[..., Any]:
        call, suffix = operation.call, before_suffix(operation)

        def watching(*args: Any, **kwargs: Any) -> Any:
            name = path if not counts[path] else f"{path}/call:{counts[path]}"
            counts[path] += 1
            if name in memory:
                return memory[name]
            before = name + suffix
            with recorded_activation(operation, lambda x: remember(before, x)):
                value = call(*args, **kwargs)
            return remember(name, value)

        return watching

    watching = {path: watch(path, operation) for path, operation in operations.items()}
    try:
        for path, operation in operations.items():
            object.__setattr__(operation, "call", watching[path])
        yield
    finally:
        for operation in operations.values():
            vars(operation).pop("call", None)


def _trace() -> Any:
    import tensorflow as tf

    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


@contextlib.contextmanager
def overridden(overrides: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
    """Let ``tf.nn.relu``, ``max_pool`` and the like be computed by others.

    Covers Keras' layers, its ``keras.ops`` and TensorFlow code that writes ``tf.nn.relu``;
    not names imported from there earlier.
    """
    import tensorflow as tf

    known = {**_ACTIVATIONS, **_POOLINGS}
    if unknown := sorted(set(overrides) - set(known)):
        raise SettingError(
            f"operations of type {', '.join(unknown)} cannot be overridden in a Keras "
            f"model; expected some of {', '.join(known)}"
        )
    replaced: dict[str, Callable[..., Any]] = {}
    owner, busy = threading.get_ident(), [False]

    def exchange(name: str, make: Callable[[Callable], Callable]) -> None:
        original = getattr(tf.nn, name)
        replacement = make(original)

        def dispatch(*args: Any, **kwargs: Any) -> Any:
            # The override itself may well use what it overrides.
            if busy[0] or threading.get_ident() != owner:
                return original(*args, **kwargs)
            busy[0] = True
            try:
                return replacement(*args, **kwargs)
            finally:
                busy[0] = False

        replaced[name] = original
        setattr(tf.nn, name, dispatch)

    try:
        for op, override in overrides.items():
            if op in _ACTIVATIONS:
                exchange(_ACTIVATIONS[op], _activation(override))
            for name in _POOLINGS.get(op, ()):
                exchange(name, _pooling(override))
        yield
    finally:
        for name, original in replaced.items():
            setattr(tf.nn, name, original)


_ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Elu": "elu",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
}
_POOLINGS = {
    "MaxPool": ("max_pool", "max_pool2d"),
    "AvgPool": ("avg_pool", "avg_pool2d"),
}


def _activation(override: Callable[..., Any]) -> Callable[[Callable], Callable]:
    def activation(*args: Any, **kwargs: Any) -> Any:
        # TensorFlow calls the argument x here and features there.
        return override(args[0] if args else kwargs.get("x", kwargs.get("features")))

    return lambda original: activation


def _pooling(override: Callable[..., Any]) -> Callable[[Callable], Callable]:
    def make(original: Callable) -> Callable:
        def pool(
            input: Any,  # noqa: A002 - TensorFlow's name
            ksize: Any,
            strides: Any,
            padding: Any,
            data_format: str | None = None,
            name: str | None = None,
        ) -> Any:
            plain = isinstance(padding, str) and data_format in (None, "NHWC")
            if not plain or len(input.shape) != 4:
                return original(input, ksize, strides, padding, data_format, name)
            return override(input, _pair(ksize), _pair(strides), padding)

        return pool

    return make


def _pair(size: Any) -> tuple[int, int]:
    """Return (height, width) of a window given in one of TensorFlow's ways."""
    numbers = [size] if isinstance(size, int) else [int(number) for number in size]
    if len(numbers) == 4:
        numbers = numbers[1:3]
    return (numbers[0], numbers[-1])
