"""Tensors made of few variables: parts that several images share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis.param.resize_bilinear_nd import resize_bilinear_nd
from lucid_widgets.optvis.param.variables import normal, variable


def lowres_tensor(
    shape: Sequence[int],
    underlying_shape: Sequence[int],
    offset: int | bool | Sequence[int | bool] | None = None,  # noqa: FBT001 - Lucid's
    sd: float | None = None,
) -> Any:
    """Return a tensor that is a smaller variable, interpolated along every axis.

    Along the batch, too: an underlying batch of 1 is shared by all images, which
    keeps them aligned; one of 2 changes gradually from the first to the last.

    Args:
        shape: of the result.
        underlying_shape: of the variable; as many lengths.
        offset: moves the result towards higher indices, along each axis or along
            all alike: by a number of elements; by half the distance of two
            variables (True); or not at all (False). What comes in is mirrored.
        sd: standard deviation of the first values; 0.01 when left out.

    Raises:
        ParameterizationError: the shapes or offsets do not go together.

    Example:
        >>> shared = lowres_tensor([6, 128, 128, 3], [1, 16, 16, 3])
    """
    lengths, small = [int(n) for n in shape], [int(n) for n in underlying_shape]
    if len(lengths) != len(small) or min([*lengths, *small], default=0) < 1:
        raise ParameterizationError(
            f"lowres_tensor: shape is {tuple(shape)} and underlying_shape "
            f"{tuple(underlying_shape)}; expected as many lengths, 1 or more"
        )
    t = resize_bilinear_nd(variable(normal(small, sd or 0.01)), lengths)
    if offset is None:
        return t
    given: Any = offset if np.ndim(offset) else [offset] * len(lengths)
    if len(given) != len(lengths):
        raise ParameterizationError(
            f"lowres_tensor: offset is {offset!r}; expected {len(lengths)} entries, "
            "one for each axis"
        )
    moves = [
        length // few // 2 if isinstance(move, bool | np.bool_) and move else int(move)
        for move, length, few in zip(given, lengths, small, strict=True)
    ]
    if any(not 0 <= m <= length for m, length in zip(moves, lengths, strict=True)):
        raise ParameterizationError(
            f"lowres_tensor: offset is {offset!r}; expected 0 up to the length of the "
            "axis"
        )
    padded = tf.pad(t, [(move, 0) for move in moves], mode="SYMMETRIC")
    return tf.slice(padded, [0] * len(lengths), lengths)
