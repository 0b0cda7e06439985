"""Attribution by covering parts up: needs no gradient, only answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

import numpy as np

from lucid_widgets.attribution.baselines import baseline_of
from lucid_widgets.attribution.probe import (
    AXES,
    INPUT,
    How,
    Job,
    Probe,
    checked_count,
)
from lucid_widgets.attribution.result import Attribution
from lucid_widgets.errors import SettingError
from lucid_widgets.misc.heat_maps import resize_map
from lucid_widgets.modelzoo.vision_base import Model

# A patch is such a part of the longer side, when nobody says.
_PATCHES = 7


def occlusion(
    model: Model,
    images: Any,
    target: Any,
    layer: str = INPUT,
    *,
    patch: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    baseline: Any = None,
    **how: Unpack[How],
) -> Attribution:
    """How much the target falls when a patch is covered up.

    Every position gets the mean over the patches that cover it (Zeiler and Fergus 2014,
    arXiv:1311.2901).

    Args:
        model: the model.
        images: photos of one size; see `misc.photos.as_photos`.
        target: see `attribution.targets`.
        layer: whose positions are covered.
        patch: (height, width) of the patch, or one number for a square; a seventh of the
            longer side when not given, of hidden layers one position.
        stride: from one patch to the next, down and across; half a patch when not given.
        baseline: what covers; see `baselines.baseline_of`. When not given, the mean colour
            of each image, and 0 in hidden layers.
        **how: see `How`.

    Returns:
        ``image, row, column``; signed: positive where covering lowers the target; in the
        target's unit.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.

    Example:
        >>> found = occlusion(model, photo, "goldfish", patch=16)  # doctest: +SKIP
    """
    probe = Probe(model, images, target, layer, how)
    points = probe.activations()
    size = _grid_size(probe, points)
    covers = _covers(probe, points, baseline)
    default = -(-max(size) // _PATCHES) if probe.layer == INPUT else 1
    height, width = _pair("patch", default if patch is None else patch, size)
    half = ((height + 1) // 2, (width + 1) // 2)
    down, across = _pair("stride", half if stride is None else stride, size)
    corners = [
        (top, left)
        for top in _starts(size[0], height, down)
        for left in _starts(size[1], width, across)
    ]

    def jobs() -> Iterator[Job]:
        for i, point in enumerate(points):
            yield Job(i, point)
            for top, left in corners:
                covered = point.copy()
                place = np.s_[top : top + height, left : left + width]
                covered[place] = covers[i][place]
                yield Job(i, covered, tag=place)

    falls = np.zeros([probe.count, *size], np.float32)
    times = np.zeros(size, np.float32)
    values = np.zeros(probe.count, np.float32)
    total = probe.count * (len(corners) + 1)
    with probe.tracker(total, "occlusion") as tracker:
        for job, value, _ in probe.values(jobs(), tracker):
            if job.tag is None:
                values[job.image] = value
                continue
            falls[job.image][job.tag] += values[job.image] - value
            if job.image == 0:
                times[job.tag] += 1
    # A stride wider than the patch leaves positions that were never covered: 0.
    return _result(probe, falls / np.maximum(times, 1), values, "occlusion", points)


def rise(
    model: Model,
    images: Any,
    target: Any,
    layer: str = INPUT,
    *,
    masks: int = 512,
    cells: int = 7,
    visible: float = 0.5,
    baseline: Any = None,
    **how: Unpack[How],
) -> Attribution:
    """How much higher the target is while a position is seen than while it is not.

    The mean over many random soft masks. Petsiuk et al. 2018 (arXiv:1806.07421) sum the
    target times the masks; the difference of means is their map, shifted and scaled so that
    it has the target's unit, and a sign.

    Args:
        model: the model.
        images: photos of one size.
        target: see `attribution.targets`.
        layer: whose positions are masked.
        masks: how many. The map gets better with their square root.
        cells: a mask is a grid of so many cells along each side, enlarged and shifted.
        visible: the part of the cells that is seen.
        baseline: what is there instead; as for `occlusion`.
        **how: see `How`.

    Returns:
        ``image, row, column``; signed; in the target's unit.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.
    """
    masks, cells = checked_count("masks", masks, 2), checked_count("cells", cells)
    if not 0 < visible < 1:
        raise SettingError(f"visible is {visible!r}; expected a number between 0 and 1")
    probe = Probe(model, images, target, layer, how)
    points = probe.activations()
    size = _grid_size(probe, points)
    covers = _covers(probe, points, baseline)

    def jobs() -> Iterator[Job]:
        for number in range(masks):
            mask = _mask(size, cells, visible, [probe.seed, number])
            for i, point in enumerate(points):
                seen = mask[..., np.newaxis]
                yield Job(i, covers[i] + seen * (point - covers[i]), tag=mask)
        for i, point in enumerate(points):
            yield Job(i, point)

    seen_sum = np.zeros([probe.count, *size])
    value_sum, mask_sum = np.zeros([probe.count, 1, 1]), np.zeros(size)
    values = np.zeros(probe.count, np.float32)
    with probe.tracker(probe.count * (masks + 1), "RISE") as tracker:
        for job, value, _ in probe.values(jobs(), tracker):
            if job.tag is None:
                values[job.image] = value
                continue
            seen_sum[job.image] += value * job.tag
            value_sum[job.image] += value
            if job.image == 0:
                mask_sum += job.tag
    hidden_sum = value_sum - seen_sum
    seen = seen_sum / np.maximum(mask_sum, 1e-6)
    hidden = hidden_sum / np.maximum(masks - mask_sum, 1e-6)
    return _result(probe, (seen - hidden).astype(np.float32), values, "RISE", points)


def _grid_size(probe: Probe, points: np.ndarray) -> tuple[int, int]:
    if points.ndim != 4:
        raise SettingError(
            f"'{probe.layer}' has no rows and columns that could be covered; choose a "
            "layer that has, or 'input'"
        )
    return points.shape[1], points.shape[2]


def _covers(probe: Probe, points: np.ndarray, baseline: Any) -> np.ndarray:
    is_image = probe.layer == INPUT
    if baseline is None:
        baseline = "mean" if is_image else 0.0
    return baseline_of(points, baseline, image=is_image)


def _pair(name: str, given: Any, size: tuple[int, int]) -> tuple[int, int]:
    pair = tuple(given) if isinstance(given, tuple | list) else (given, given)
    if len(pair) != 2:
        raise SettingError(
            f"{name} is {given!r}; expected a number, or (height, width)"
        )
    height, width = (checked_count(name, side) for side in pair)
    if height > size[0] or width > size[1]:
        raise SettingError(
            f"{name} is {height} x {width}; expected at most {size[0]} x {size[1]}, the "
            "size of what is covered"
        )
    return height, width


def _starts(size: int, patch: int, stride: int) -> list[int]:
    """Return where patches begin; the last one ends where the image does."""
    last = size - patch
    return sorted({*range(0, last + 1, stride), last})


def _mask(size: tuple[int, int], cells: int, visible: float, seed: Any) -> np.ndarray:
    """Return a soft random mask of a size, values in [0, 1]."""
    rng = np.random.default_rng(seed)
    grid = (rng.random([cells + 1, cells + 1]) < visible).astype(np.float32)
    step = [-(-side // cells) for side in size]
    large = resize_map(grid, step[0] * (cells + 1), step[1] * (cells + 1))
    top, left = (int(rng.integers(0, s)) for s in step)
    return large[top : top + size[0], left : left + size[1]]


def _result(
    probe: Probe, maps: np.ndarray, values: Any, method: str, points: np.ndarray
) -> Attribution:
    return Attribution(
        maps,
        ("image", *AXES[points.ndim - 1][:-1]),
        probe.layer,
        probe.target.text,
        method,
        probe.target.unit,
        signed=True,
        target_values=np.asarray(values, np.float32),
    )
