"""A parameterization of pictures between every pair of objectives, well aligned."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from lucid_widgets.optvis.param import lowres_tensor
from lucid_widgets.shapes import ImageTensor


def multi_interpolation_basis(
    n_objectives: int = 6,
    n_interp_steps: int = 5,
    width: int = 128,
    channels: int = 3,
) -> ImageTensor:
    """Return numbers for pictures on the way from each objective to each other.

    All pictures share a common part; those that begin or end at an objective share a
    part that changes gradually along the way; and each way has a part of its own. So
    neighbours look alike, and `t[a, b]` is `t[b, a]` read backwards, exactly.

    Args:
        n_objectives: N.
        n_interp_steps: M, pictures on each way, both ends included.
        width: W, height and width in pixels.
        channels: C.

    Returns:
        `[N, N, M, W, W, C]`, to be passed through `to_valid_rgb`. On the diagonal, a
        way from an objective to itself.

    Example:
        >>> t = multi_interpolation_basis(3, 4, width=64)
        >>> images = to_valid_rgb(tf.reshape(t, [-1, 64, 64, 3]), decorrelate=True)
    """
    n, steps = n_objectives, n_interp_steps
    way = [steps, width, width, channels]

    def coarse(first: int, divisors: Sequence[int], shape: Sequence[int] = way) -> Any:
        """Return a sum of tensors of lower and lower resolution, `shape`."""
        sides = [max(1, width // divisor) for divisor in divisors]
        return tf.add_n(
            [lowres_tensor(shape, [first, side, side, channels]) for side in sides]
        )

    common = coarse(1, (1, 2, 4, 8), [1, width, width, channels])
    # What changes from each objective's own picture to the far end of any way.
    leaving = [coarse(2, (1, 2, 4, 8)) for _ in range(n)]
    # What each way has for itself.
    own = {pair: coarse(steps, (1, 2)) for pair in itertools.combinations(range(n), 2)}

    def between(a: int, b: int) -> Any:
        if a > b:
            return between(b, a)[::-1]
        return leaving[a] + leaving[b][::-1] + own.get((a, b), 0.0) + common

    rows = [tf.stack([between(a, b) for b in range(n)]) for a in range(n)]
    return tf.stack(rows)
