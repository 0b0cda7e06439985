"""Nested iterables as n-dimensional arrays: indices, batches, and back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError

Item = TypeVar("Item")
Index = tuple[int, ...]


def recursive_enumerate_nd(
    it: Iterable[Any],
    stop_iter: Callable[[Any], bool] | None = None,
    prefix: Index = (),
) -> Iterator[tuple[Index, Any]]:
    """Enumerate nested iterables with n-dimensional indices.

    Texts are values, not iterables of letters (which would be texts again, forever).

    Args:
        it: what to walk through, first index outermost.
        stop_iter: says of a value that it is to be yielded as it is, although it could
            be walked through; for instance an image.
        prefix: indices to put before every index.

    Yields:
        Pairs of an index and a value.

    Example:
        >>> list(recursive_enumerate_nd([[5, 6], [7]]))
        [((0, 0), 5), ((0, 1), 6), ((1, 0), 7)]
    """
    for position, value in enumerate(it):
        index = (*prefix, position)
        # Arrays of rank 0 have an __iter__, which raises.
        is_number = isinstance(value, np.ndarray) and value.ndim == 0
        is_leaf = isinstance(value, str | bytes) or not isinstance(value, Iterable)
        if is_leaf or is_number or (stop_iter is not None and stop_iter(value)):
            yield index, value
        else:
            yield from recursive_enumerate_nd(value, stop_iter, index)


def dict_to_ndarray(d: Mapping[Index, Any]) -> NDArray[Any]:
    """Return an array with the values of `d` at its keys, and zeros elsewhere.

    Args:
        d: indices, all of the same length, to numbers or to arrays of one shape.

    Raises:
        SettingError: `d` is empty, or its indices differ in length.

    Example:
        >>> dict_to_ndarray({(0, 1): 3.0, (1, 0): 7.0}).tolist()
        [[0.0, 3.0], [7.0, 0.0]]
    """
    ranks = {len(index) for index in d}
    if len(ranks) != 1:
        raise SettingError(
            f"the dictionary has indices of {len(ranks)} different lengths; "
            "expected at least one index, all of one length"
        )
    shape = [max(axis) + 1 for axis in zip(*d, strict=True)]
    first = np.asarray(next(iter(d.values())))
    # Numbers become float32, as in Lucid; arrays keep their type.
    dtype = first.dtype if first.ndim else np.float32
    result = np.zeros([*shape, *first.shape], dtype)
    for index, value in d.items():
        result[index] = value
    return result


def batch_iter(it: Iterable[Item], batch_size: int = 64) -> Iterator[list[Item]]:
    """Yield lists of `batch_size` items; the last one may be shorter.

    Takes any iterable. (Lucid's takes iterators alone, and never ends on a list.)

    Raises:
        SettingError: `batch_size` is not positive.
    """
    if batch_size < 1:
        raise SettingError(f"batch_size is {batch_size!r}; expected at least 1")
    items = iter(it)
    while batch := list(itertools.islice(items, batch_size)):
        yield batch
