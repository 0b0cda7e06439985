"""Comparing layers: which unit of one model does what a unit of another does?

Two models, or two checkpoints of one, look at the same photos. Units are alike when
their activations rise and fall together (correlation); layers, when they tell the same
photos apart (CKA: Kornblith et al., "Similarity of Neural Network Representations
Revisited", 2019).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import ImageError, LucidError, SettingError
from lucid_widgets.modelzoo.reading import compute_batch
from lucid_widgets.recipes.dataset_examples import Photos
from lucid_widgets.recipes.positions import grid_of

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


@dataclass(frozen=True)
class Comparison:
    """How the units of two layers go together.

    Args:
        layers: names of the two layers.
        correlation: float32 `[channels of the first, channels of the second]`, from -1
            to 1; 0 where a unit never changes.
        cka: linear CKA of the layers, from 0 to 1: 1 for equal layers, also if one is
            turned or scaled.
        samples: how many positions were compared.
        photos: how many photos they are from.
        skipped: how many could not be read.
    """

    layers: tuple[str, str]
    correlation: NDArray[np.float32]
    cka: float
    samples: int
    photos: int
    skipped: int

    def nearest(
        self, channel: int, count: int = 5, *, backwards: bool = False
    ) -> list[tuple[int, float]]:
        """Return the units that go with one unit best, with their correlations.

        Args:
            channel: of the first layer.
            count: how many.
            backwards: `channel` is one of the second layer, its like of the first.

        Raises:
            SettingError: no such channel.
        """
        table = self.correlation.T if backwards else self.correlation
        if isinstance(channel, bool) or not 0 <= channel < len(table):
            raise SettingError(f"channel {channel!r}; expected 0 to {len(table) - 1}")
        order = np.argsort(-table[channel], kind="stable")[:count]
        return [(int(n), float(table[channel, n])) for n in order]

    def matches(self) -> list[tuple[int, int, float]]:
        """Return each unit of the first layer with its like, the best pairs first."""
        best = self.correlation.argmax(axis=1)
        values = self.correlation[np.arange(len(best)), best]
        order = np.argsort(-values, kind="stable")
        return [(int(n), int(best[n]), float(values[n])) for n in order]


def compare_layers(
    first: Model, layer: str, second: Model, other_layer: str, images: Any, **how: Any
) -> Comparison:
    """Return how the units of two layers go together on photos.

    Args:
        first: a model.
        layer: one of its layers.
        second: another model, or another state of it.
        other_layer: one of its layers.
        images: a folder; a list of files or arrays; an array `[n, height, width,
            channels]`. The more, the surer the result: there should be many more
            positions than channels.
        **how: see `comparing_layers`.

    Raises:
        LucidError: see `comparing_layers`.

    Example:
        >>> found = compare_layers(before, "mixed4a", after, "mixed4a", "photos/")
        >>> found.cka, found.nearest(30)
    """
    going = comparing_layers(first, layer, second, other_layer, images, **how)
    return deque(going, maxlen=1).pop()


def comparing_layers(
    first: Model,
    layer: str,
    second: Model,
    other_layer: str,
    images: Any,
    *,
    batch_size: int = 16,
) -> Generator[Comparison, None, None]:
    """Return an iterator over a comparison, batch by batch.

    Only sums are kept: memory does not grow with the number of photos. Where the
    layers have different grids, both are averaged over a common coarser one.

    Args:
        first: a model.
        layer: one of its layers.
        second: another model.
        other_layer: one of its layers.
        images: see `compare_layers`.
        batch_size: photos in memory at a time.

    Raises:
        LoadError, ImageError: there are no photos, or none that can be read.
        LayerNotFoundError: no such layer.
        SettingError: `batch_size` is no positive whole number.
    """
    if (
        isinstance(batch_size, bool)
        or not isinstance(batch_size, int)
        or batch_size < 1
    ):
        raise SettingError(f"batch_size is {batch_size!r}; expected a number from 1")
    models = (first, second)
    names = (first.canonical_name(layer), second.canonical_name(other_layer))
    return _compare(models, names, Photos.of(images), batch_size)


def _compare(
    models: tuple[Model, Model],
    names: tuple[str, str],
    photos: Photos,
    batch_size: int,
) -> Generator[Comparison, None, None]:
    sums: _Sums | None = None
    skipped = 0
    for start in range(0, len(photos), batch_size):
        batches: tuple[list[Any], list[Any]] = ([], [])
        for number in range(start, min(start + batch_size, len(photos))):
            try:
                both = [photos.open(model, number)[0] for model in models]
            except LucidError:
                skipped += 1
                continue
            for batch, photo in zip(batches, both, strict=True):
                batch.append(photo)
        if not batches[0]:
            continue
        acts = [
            np.stack([grid_of(one, name) for one in _acts(model, batch, name)])
            for model, batch, name in zip(models, batches, names, strict=True)
        ]
        common = tuple(min(a.shape[i] for a in acts) for i in (1, 2))
        flat = [_pooled(a, common).reshape(-1, a.shape[-1]) for a in acts]
        sums = sums or _Sums(flat[0].shape[1], flat[1].shape[1])
        sums.add(flat[0].astype(np.float64), flat[1].astype(np.float64))
        read = min(start + batch_size, len(photos)) - skipped
        yield Comparison(
            names, sums.correlation(), sums.cka(), sums.count, read, skipped
        )
    if sums is None:
        raise ImageError(f"none of the {len(photos)} images can be read")


def _acts(model: Model, batch: list[Any], name: str) -> Any:
    return compute_batch(model, np.stack(batch), (name,))[name]


def _pooled(acts: NDArray[np.float32], grid: tuple[int, ...]) -> NDArray[np.float32]:
    """Return means over a coarser grid, `[n, rows, columns, channels]`."""
    for axis, count in zip((1, 2), grid, strict=True):
        length = acts.shape[axis]
        starts = np.arange(count) * length // count
        sizes = np.diff([*starts, length])
        shape = [1] * acts.ndim
        shape[axis] = count
        summed = np.add.reduceat(acts, starts, axis=axis)
        acts = (summed / sizes.reshape(shape)).astype(np.float32)
    return acts


class _Sums:
    """First and second moments of two sets of units, about a fixed origin.

    Args:
        first: number of units in the one.
        second: and in the other.
    """

    def __init__(self, first: int, second: int) -> None:
        self.count = 0
        self._origin = np.zeros(first + second)
        self._split = first
        self._sum = np.zeros(first + second)
        self._products = np.zeros((first + second, first + second))

    def add(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
        """Count samples in, `[n, units]` each."""
        both = np.concatenate([a, b], axis=1)
        if not self.count:
            # Near the mean, so that little is lost when squares are subtracted.
            self._origin = both.mean(axis=0)
        both = both - self._origin
        self.count += len(both)
        self._sum += both.sum(axis=0)
        self._products += both.T @ both

    def _covariance(self) -> NDArray[np.float64]:
        mean = self._sum / self.count
        return self._products / self.count - np.outer(mean, mean)

    def correlation(self) -> NDArray[np.float32]:
        """Return Pearson's correlation of every unit with every other."""
        covariance = self._covariance()
        deviation = np.sqrt(np.maximum(np.diag(covariance), 0))
        # What is but rounding must not count as change.
        scale = np.where(
            deviation > 1e-7 * max(deviation.max(), 1e-30), deviation, np.inf
        )
        both = covariance / np.outer(scale, scale)
        cut = self._split
        return np.clip(both[:cut, cut:], -1, 1).astype(np.float32)

    def cka(self) -> float:
        """Return linear CKA."""
        covariance, cut = self._covariance(), self._split
        across = np.linalg.norm(covariance[:cut, cut:]) ** 2
        within = np.linalg.norm(covariance[:cut, :cut])
        within *= np.linalg.norm(covariance[cut:, cut:])
        return float(across / within) if within else 0.0
