"""How well a map says what mattered: take away what it points at, and look.

All metrics ask for one map for each image: an `Attribution` with positions, or an array
``[n, rows, columns]``. Larger values are taken to matter more. For a class, the score is its
probability; for any other target, the target itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from lucid_widgets.attribution.baselines import baseline_of
from lucid_widgets.attribution.probe import INPUT, How, Job, Probe, checked_count
from lucid_widgets.attribution.result import Attribution
from lucid_widgets.attribution.targets import class_of, class_probability
from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc.heat_maps import resize_map
from lucid_widgets.modelzoo.vision_base import Model


@dataclass(frozen=True, eq=False)
class Curve:
    """The score while pixels are changed one part after the other.

    Attributes:
        parts: which part of the pixels is changed, from 0 to 1, ``[steps + 1]``.
        scores: for each image, ``[n, steps + 1]``.
        metric: ``"deletion"`` or ``"insertion"``.
    """

    parts: np.ndarray
    scores: np.ndarray
    metric: str

    @property
    def area(self) -> np.ndarray:
        """The mean score along the way, ``[n]``: low is good for deletion, high for insertion."""
        widths = np.diff(self.parts)
        return ((self.scores[:, 1:] + self.scores[:, :-1]) / 2 * widths).sum(axis=-1)

    def __repr__(self) -> str:
        return (
            f"<{self.metric}: {len(self.scores)} images, area {self.area.mean():.4g}>"
        )


def deletion(
    model: Model,
    images: Any,
    target: Any,
    attribution: Any,
    *,
    steps: int = 32,
    baseline: Any = "mean",
    **how: Unpack[How],
) -> Curve:
    """Take away the pixels that matter most, first; the score should fall at once.

    Petsiuk et al. 2018 (arXiv:1806.07421).

    Args:
        model: the model.
        images: photos of one size; see `misc.photos.as_photos`.
        target: see `attribution.targets`.
        attribution: what is judged; see the top of this module.
        steps: in how many parts.
        baseline: what takes the pixels' place; see `baselines.baseline_of`.
        **how: see `How`.

    Returns:
        A `Curve`; the smaller its area, the better.

    Raises:
        ImageError: `attribution` does not have one map for each image.
        LucidError: another argument that cannot be used; the work was stopped.
    """
    return _curve(model, images, target, attribution, steps, baseline, how, "deletion")


def insertion(
    model: Model,
    images: Any,
    target: Any,
    attribution: Any,
    *,
    steps: int = 32,
    baseline: Any = "blur",
    **how: Unpack[How],
) -> Curve:
    """Put the pixels that matter most, first, into a blurred image; the score should rise.

    Args:
        model: the model.
        images: photos of one size.
        target: see `attribution.targets`.
        attribution: what is judged.
        steps: in how many parts.
        baseline: what the image is before.
        **how: see `How`.

    Returns:
        A `Curve`; the larger its area, the better.

    Raises:
        LucidError: as for `deletion`.
    """
    return _curve(model, images, target, attribution, steps, baseline, how, "insertion")


def mu_fidelity(
    model: Model,
    images: Any,
    target: Any,
    attribution: Any,
    *,
    subsets: int = 128,
    cells: int = 9,
    part: float = 0.2,
    baseline: Any = "mean",
    **how: Unpack[How],
) -> np.ndarray:
    """Do the values of random parts of the image say how far the score falls without them?

    The rank correlation (Spearman's) over random subsets of the image's cells, between the
    sum of their values and the fall of the score when they are taken away. Bhatt et al. 2020
    (arXiv:2005.00631).

    Args:
        model: the model.
        images: photos of one size.
        target: see `attribution.targets`.
        attribution: what is judged.
        subsets: how many.
        cells: the image is cut into so many along each side.
        part: of the cells, in each subset.
        baseline: what takes the pixels' place.
        **how: see `How`.

    Returns:
        ``[n]``, from -1 to 1; larger is better, 0 is chance. 0, too, where the score or
        the map never changes.

    Raises:
        LucidError: as for `deletion`.
    """
    subsets, cells = checked_count("subsets", subsets, 3), checked_count("cells", cells)
    if not 0 < part < 1:
        raise SettingError(f"part is {part!r}; expected a number between 0 and 1")
    probe = _probe(model, images, target, how)
    photos = probe.images
    size = photos.shape[1], photos.shape[2]
    maps = _maps(attribution, photos)
    base = baseline_of(photos, baseline, image=True)
    chosen = max(1, round(part * cells**2))
    masks = []
    for number in range(subsets):
        rng = np.random.default_rng([probe.seed, number])
        grid = np.zeros(cells**2, np.float32)
        grid[rng.permutation(cells**2)[:chosen]] = 1
        masks.append(resize_map(grid.reshape(cells, cells), *size, smooth=False) > 0)

    def jobs() -> Iterator[Job]:
        for i, photo in enumerate(photos):
            yield Job(i, photo)
            for mask in masks:
                yield Job(i, np.where(mask[..., np.newaxis], base[i], photo))

    with probe.tracker(len(photos) * (subsets + 1), "mu-fidelity") as tracker:
        answers = [answer.value for answer in probe.values(jobs(), tracker)]
    scores = np.reshape(answers, [len(photos), subsets + 1])
    falls = scores[:, :1] - scores[:, 1:]
    sums = np.stack([[values[mask].sum() for mask in masks] for values in maps])
    return np.array(
        [_rank_correlation(*pair) for pair in zip(falls, sums, strict=True)]
    )


def _curve(
    model: Model,
    images: Any,
    target: Any,
    attribution: Any,
    steps: int,
    baseline: Any,
    how: Any,
    metric: str,
) -> Curve:
    steps = checked_count("steps", steps)
    probe = _probe(model, images, target, how)
    photos = probe.images
    maps = _maps(attribution, photos)
    base = baseline_of(photos, baseline, image=True)
    before, after = (photos, base) if metric == "deletion" else (base, photos)
    pixels = maps[0].size
    counts = np.round(np.linspace(0, pixels, steps + 1)).astype(int)

    def jobs() -> Iterator[Job]:
        for i in range(len(photos)):
            order = np.argsort(-maps[i].ravel(), kind="stable")
            rank = np.empty(pixels, int)
            rank[order] = np.arange(pixels)
            for count in counts:
                changed = (rank < count).reshape(maps[i].shape)[..., np.newaxis]
                yield Job(i, np.where(changed, after[i], before[i]))

    with probe.tracker(len(photos) * len(counts), metric) as tracker:
        answers = [answer.value for answer in probe.values(jobs(), tracker)]
    return Curve(counts / pixels, np.reshape(answers, [len(photos), -1]), metric)


def _probe(model: Model, images: Any, target: Any, how: Any) -> Probe:
    index = class_of(model, target) if isinstance(model, Model) else None
    score = target if index is None else class_probability(model, index)
    return Probe(model, images, score, INPUT, how)


def _maps(attribution: Any, photos: np.ndarray) -> np.ndarray:
    """Return one map for each photo, in the photos' size."""
    found = attribution.maps if isinstance(attribution, Attribution) else attribution
    maps = np.asarray(found, np.float32)
    if maps.ndim != 3 or len(maps) != len(photos):
        raise ImageError(
            f"the maps have shape {maps.shape}; expected one map [rows, columns] for each "
            f"of {len(photos)} images"
        )
    return resize_map(maps, photos.shape[1], photos.shape[2])


def _rank_correlation(left: np.ndarray, right: np.ndarray) -> float:
    """Return Spearman's rank correlation; equal values share their ranks."""
    ranks = []
    for values in (left, right):
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks.append((ends - (counts - 1) / 2)[inverse])
    a, b = (r - r.mean() for r in ranks)
    size = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / size) if size else 0.0
