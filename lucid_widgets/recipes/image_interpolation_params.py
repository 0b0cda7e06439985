"""A parameterization of pictures between every pair of objectives, well aligned."""

from __future__ import annotations

from collections.abc import Sequence

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
    frame = [width, width, channels]

    def coarse(shape: Sequence[int], first: int, sizes: Sequence[int]) -> ImageTensor:
        """Return a sum of tensors of lower and lower resolution."""
        lengths = [[first] if len(shape) > len(frame) else [], [channels]]
        return tf.add_n(
            [
                lowres_tensor(
                    shape, [*lengths[0], *[max(1, width // k)] * 2, *lengths[1]]
                )
                for k in sizes
            ]
        )

    common = coarse(frame, 0, (1, 2, 4, 8))
    # For each objective, what changes from its own picture to the far end.
    leaving = [coarse([steps, *frame], 2, (1, 2, 4, 8)) for _ in range(n)]
    rows = []
    own: dict[tuple[int, int], ImageTensor] = {}
    for a in range(n):
        for b in range(a + 1, n):
            own[a, b] = coarse([steps, *frame], steps, (1, 2))
            own[b, a] = own[a, b][::-1]
    for a in range(n):
        ways = [
            leaving[a] + leaving[b][::-1] + own.get((a, b), tf.zeros([steps, *frame]))
            for b in range(n)
        ]
        rows.append(tf.stack(ways))
    return tf.stack(rows) + common
