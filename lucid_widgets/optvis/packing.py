"""Many optimizations in one batch, each as if it were alone.

One image at a time leaves a processor half idle: eight together take about five times
as long as one, not eight times. A pack is a batch in which every image, or every group
of images, has an objective of its own. Nothing is shared that would let one disturb
another: each starts from the first values that it would have by itself, the optimizer
works element by element, and the objective is a vector with one value for each.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from lucid_widgets.optvis.objectives import Objective
from lucid_widgets.optvis.param.images import image
from lucid_widgets.optvis.param.variables import Parameterization, Variables
from lucid_widgets.shapes import ImageTensor, ScalarTensor

CPU_PIXELS = 8 * 128 * 128
"""Pixels of a batch beyond which a processor gains nothing more from it."""

GPU_PIXELS = 64 * 128 * 128
"""The same for a graphics processor: as much as fits into a few gigabytes."""


def images_at_once(height: int, width: int) -> int:
    """Return how many images of a size are best optimized together, 1 or more."""
    device = GPU_PIXELS if tf.config.list_logical_devices("GPU") else CPU_PIXELS
    return max(1, device // (height * width))


def pack_sizes(count: int, most: int) -> list[int]:
    """Return sizes of packs for so many objectives, as even as can be.

    Even packs have at most two sizes, and so need at most two compiled steps.

    Example:
        >>> pack_sizes(13, 8)
        [7, 6]
    """
    packs = math.ceil(count / most)
    small, larger = divmod(count, packs) if packs else (0, 0)
    return [small + 1] * larger + [small] * (packs - larger)


def by_structure(objectives: Sequence[Objective]) -> list[list[int]]:
    """Group objectives that fit into one compiled step; return their indices."""
    groups: dict[Hashable, list[int]] = {}
    for index, objective in enumerate(objectives):
        groups.setdefault(objective.structure, []).append(index)
    return list(groups.values())


class _Share:
    """`T` as one of several objectives sees it: its own images only."""

    def __init__(self, T: Any, index: int, count: int, split: dict[str, Any]) -> None:
        self._T, self._index, self._count, self._split = T, index, count, split

    def __call__(self, name: str) -> Any:
        """Return a tensor, of this objective's images."""
        tensor = self._T(name)
        if not tf.is_tensor(tensor) or tensor.shape.rank in (None, 0):
            return tensor
        if name not in self._split:
            self._split[name] = tf.split(tensor, self._count)
        return self._split[name][self._index]

    __getitem__ = __call__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._T, name)


def pack_objectives(objectives: Sequence[Objective]) -> Objective:
    """Return one objective for a batch of which each is given an equal share.

    Its value is a vector, one number for each. They are given the images in order:
    of a batch of six, the second of three objectives is given images 2 and 3.

    Args:
        objectives: one or more; packs of objectives of equal structures are of equal
            structure.
    """
    count = len(objectives)

    def values(T: Any, *numbers: Any) -> ScalarTensor:
        rest, split, found = list(numbers), {}, []
        for index, objective in enumerate(objectives):
            own = [rest.pop(0) for _ in objective.numbers]
            value = objective(_Share(T, index, count, split), tuple(own))
            found.append(tf.reduce_sum(tf.cast(value, tf.float32)))
        return tf.stack(found)

    structures = tuple(objective.structure for objective in objectives)
    return Objective(
        values,
        ", ".join(objective.name for objective in objectives),
        "\n".join(objective.description for objective in objectives),
        numbers=[number for each in objectives for number in each.numbers],
        structure=None if None in structures else ("pack", structures),
        targets=[target for each in objectives for target in each.targets],
        classes=[name for each in objectives for name in each.classes],
    )


@dataclass(frozen=True)
class Pack(Parameterization):
    """Copies of a parameterization side by side; made by `pack_parameterization`.

    Args:
        single: what is copied.
        copies: how often.
        axis: of the variables, along which copies are put; None where nothing is
            known about them, and every copy keeps its own.
    """

    single: Any = None
    copies: int = 1
    axis: int | None = None

    def init(self, seed: int) -> Variables:
        """Return the first values: for each copy those that it would have alone."""
        first = self.single.init(seed)
        if self.axis is None:
            return first * self.copies
        return tuple(tf.concat([v] * self.copies, self.axis) for v in first)

    def to_image(self, variables: Variables) -> ImageTensor:
        """Return the images of the first copy, the second, and so on."""
        if self.axis is not None:
            return super().to_image(variables)
        each = len(variables) // self.copies
        shares = [variables[i : i + each] for i in range(0, len(variables), each)]
        return tf.concat([self.single.to_image(share) for share in shares], axis=0)


def pack_parameterization(single: Parameterization, copies: int) -> Parameterization:
    """Return a parameterization of several times as many images.

    Args:
        single: makes the images of one objective.
        copies: number of objectives.
    """
    known = single.structure
    structure = known and ("pack", copies, known)
    if not isinstance(known, tuple) or known[0] != "image":
        return Pack(single.function, structure, single, copies)
    _, (batch, height, width, _), channels, decorrelate, fft, alpha = known

    def function() -> ImageTensor:
        return image(
            width,
            height,
            batch=batch * copies,
            decorrelate=decorrelate,
            fft=fft,
            alpha=alpha,
            channels=channels,
        )

    return Pack(function, structure, single, copies, axis=1 if fft else 0)
