"""From functions of arguments to factories of objectives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis import objectives_util as util
from lucid_widgets.optvis.objectives.objective import Objective


def wrap_objective(
    require_format: Any = None,
    handle_batch: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
) -> Any:
    """Turn a function that returns functions of `T` into one that returns objectives.

    Both forms are accepted: ``@wrap_objective`` and ``@wrap_objective()``.

    Args:
        require_format: "NHWC" hands the function activations of rank 4 always:
            those of dense layers become `[batch, 1, 1, channels]`.
        handle_batch: adds a keyword `batch` to a function that has none; given an
            index, `T` shows only that element of the batch. (Lucid accepted this
            argument and ignored it.)

    Example:
        >>> @wrap_objective
        ... def brightest(layer):
        ...     return lambda T: tf.reduce_max(T(layer))
        >>> brightest("mixed4a").description
        'Brightest(mixed4a)'
    """
    if callable(require_format):
        return wrap_objective()(require_format)

    def decorate(function: Callable[..., Any]) -> Callable[..., Objective]:
        adds_batch = (
            handle_batch and "batch" not in inspect.signature(function).parameters
        )

        @functools.wraps(function)
        def factory(*args: Any, **kwargs: Any) -> Objective:
            description = util.describe(function.__name__, args, kwargs)
            batch = kwargs.pop("batch", None) if adds_batch else None
            batch = None if batch is None else util.index(batch, "batch")
            inner = function(*args, **kwargs)
            return Objective(
                lambda T: inner(util.view(T, require_format, batch)),
                function.__name__,
                description,
            )

        return factory

    return decorate


def handle_batch(batch: int | None = None) -> Callable[..., Callable[[Any], Any]]:
    """Limit a function of `T` to one image of the batch: a decorator.

    Args:
        batch: index of the image; None for all of them.

    Example:
        >>> @handle_batch(1)
        ... def brightest_of_the_second(T):
        ...     return tf.reduce_max(T("mixed4a"))
    """
    only = None if batch is None else util.index(batch, "batch")

    def decorate(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return functools.wraps(function)(lambda T: function(util.view(T, None, only)))

    return decorate


def factory(
    *number_names: str, layers: Sequence[str] = (), channels: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Objective]]:
    """Turn a function of this package into a factory of structured objectives.

    The wrapped function receives all its arguments when the objective is made, and
    returns a function of `T` and of the arguments in `number_names`, as tensors.
    Arguments named `batch`, `x` and `y` are indices; `batch` limits `T` to one
    element of the batch.

    Args:
        number_names: arguments that are numbers: they change without a new trace.
        layers: arguments that name layers.
        channels: for each of `layers`, the argument with the channel's index, or
            with several.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Objective]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def make(*args: Any, **kwargs: Any) -> Objective:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            for name in ("batch", "x", "y"):
                if given.get(name) is not None:
                    given[name] = util.index(given[name], name)
            for name in channels:
                given[name] = util.indices(given[name], name)
            inner = function(**given)
            batch = given.get("batch")
            structural = tuple(
                (name, _hashable(value))
                for name, value in given.items()
                if name not in number_names
            )
            # Only indices are whole numbers: 0 and 0.5 must be of one type.
            numbers = [
                given[name] if name in channels else _float(given[name], name)
                for name in number_names
            ]
            return Objective(
                lambda T, *ns: inner(util.view(T, "NHWC", batch), *ns),
                function.__name__,
                util.describe(function.__name__, args, kwargs),
                numbers=numbers,
                structure=(function.__name__, structural),
                targets=_targets(given, layers, channels),
            )

        return make

    return decorate


def _targets(
    given: dict[str, Any], layers: Sequence[str], channels: Sequence[str]
) -> list[tuple[str, int | None]]:
    targets: list[tuple[str, int | None]] = []
    for position, layer in enumerate(layers):
        read = given[channels[position]] if position < len(channels) else None
        each = read if isinstance(read, list) else [read]
        targets += [(given[layer], channel) for channel in each]
    return targets


def _float(value: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(value, np.float32)
    except (TypeError, ValueError):
        raise ObjectiveError(f"{name} is {value!r}; expected numbers") from None


def _hashable(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        array = np.asarray(value)
        return (array.shape, str(array.dtype), array.tobytes())
    return value
