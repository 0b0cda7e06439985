"""Collecting activations for an atlas: one random position of every photo."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lucid_widgets.errors import LoadError, LucidError, ObjectiveError, SettingError
from lucid_widgets.misc.progress import Cancel, Progress, Tracker
from lucid_widgets.modelzoo.classes import class_index, logits_of
from lucid_widgets.modelzoo.tracing import traced
from lucid_widgets.recipes.dataset_examples import Photos
from lucid_widgets.recipes.positions import class_values, grid_of

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

# How many batches are done between two writings of the file.
_SAVE_EVERY = 8


@dataclass(frozen=True)
class Collected:
    """Activations of a layer, each at a random position of a photo.

    Args:
        layer: name of the layer.
        activations: float32 `[n, channels]`.
        photos: int32 `[n]`, number of the photo that each is from.
        places: int32 `[n, 2]`, row and column in the layer.
        classes: int32 `[classes]`, the classes of `attributions`.
        attributions: float32 `[n, classes]`, gradient times activation at that
            position: how much it speaks for the class, in units of its value before
            the softmax.
        looked_at: how many photos were read, the skipped ones too.
        key: what it was collected from; a file is only continued if this agrees.
    """

    layer: str
    activations: NDArray[np.float32]
    photos: NDArray[np.int32]
    places: NDArray[np.int32]
    classes: NDArray[np.int32]
    attributions: NDArray[np.float32]
    looked_at: int
    key: str

    def save(self, path: str | Path) -> None:
        """Write an `.npz` file, whole or not at all."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with unfinished.open("wb") as file:
                np.savez(file, **_as_arrays(self))
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | Path) -> Collected:
        """Return what `save` wrote.

        Raises:
            LoadError: the file is none of that kind.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                given = {f.name: file[f.name] for f in dataclasses.fields(cls)}
        except (OSError, ValueError, KeyError) as error:
            raise LoadError(
                f"{path} holds no collected activations: {error}; expected a file "
                "written by collect_activations"
            ) from error
        given["layer"], given["key"] = str(given["layer"]), str(given["key"])
        given["looked_at"] = int(given["looked_at"])
        return cls(**given)


def _as_arrays(collected: Collected) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(collected)]
    return {name: np.asarray(getattr(collected, name)) for name in names}


def collect_activations(
    model: Model,
    layer: str,
    images: Any,
    *,
    number: int = 100_000,
    classes: Sequence[int | str] = (),
    path: str | Path | None = None,
    batch_size: int = 32,
    seed: int = 0,
    progress: Progress = None,
    cancel: Cancel = None,
) -> Collected:
    """Return a layer's activations, each at a random position of one photo.

    Which position it is depends on the seed and the photo's number alone, so that
    layers of one grid, and a run that was continued, see the same places.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        layer: the layer.
        images: a folder; a list of files or arrays; an array `[n, height, width,
            channels]`.
        number: how many photos to look at, from the first.
        classes: names or indices, to have each position's attribution to them.
        path: an `.npz` file to keep what is collected in. If it is there, and of the
            same collection, the work goes on where it was left.
        batch_size: photos in memory at a time.
        seed: decides the positions.
        progress: True for a bar, or a function of (done, total), in photos.
        cancel: a `threading.Event`, or a function that says whether to stop; what was
            collected is in the file by then.

    Raises:
        LoadError, ImageError: there are no photos, or none that can be read; or `path`
            holds another collection.
        LayerNotFoundError, ObjectiveError: no such layer or class.
        SettingError: a number out of its range.
        StoppedError: the work was cancelled.

    Example:
        >>> collected = collect_activations(model, "mixed4c", "photos/", path="4c.npz")
    """
    for name, value in (("number", number), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SettingError(f"{name} is {value!r}; expected a whole number from 1")
    name = model.canonical_name(layer)
    indices = tuple(class_index(model, label) for label in classes)
    photos = Photos.of(images)
    total = min(number, len(photos))
    key = f"{model.identity.partition('#')[0]} {name} {indices} {seed} {photos.name}"
    file = None if path is None else Path(path)
    found = _begun(file, key, name, indices)
    reader = _Reader(model, name, indices)
    with Tracker(total, progress, cancel, f"collecting {layer}") as tracker:
        try:
            tracker.advance(min(found.looked_at, total))
            since = 0
            while found.looked_at < total:
                end = min(found.looked_at + batch_size, total)
                found = _with_batch(reader, model, found, photos, end, seed)
                since += 1
                if file is not None and (since % _SAVE_EVERY == 0 or end == total):
                    found.save(file)
                tracker.advance(end - tracker.done)
        finally:
            if file is not None and found.looked_at:
                found.save(file)
    if not len(found.activations):
        raise LoadError(f"none of the {total} images of {photos.name} can be read")
    return found


def _begun(
    file: Path | None, key: str, layer: str, classes: tuple[int, ...]
) -> Collected:
    if file is not None and file.exists():
        found = Collected.load(file)
        if found.key != key:
            raise LoadError(
                f"{file} holds another collection: {found.key!r:.200}; expected "
                f"{key!r:.200}: give another path, or delete it"
            )
        return found
    return Collected(
        layer,
        np.empty((0, 0), np.float32),
        np.empty(0, np.int32),
        np.empty((0, 2), np.int32),
        np.array(classes, np.int32),
        np.empty((0, len(classes)), np.float32),
        0,
        key,
    )


def _with_batch(
    reader: _Reader,
    model: Model,
    found: Collected,
    photos: Photos,
    end: int,
    seed: int,
) -> Collected:
    numbers, batch = [], []
    for number in range(found.looked_at, end):
        try:
            batch.append(photos.open(model, number)[0])
            numbers.append(number)
        except LucidError:
            continue
    if not batch:
        return dataclasses.replace(found, looked_at=end)
    acts, attributions = reader.read(np.stack(batch))
    grid = acts.shape[1:3]
    places = [
        np.random.default_rng([seed, n]).integers(grid).astype(np.int32)
        for n in numbers
    ]
    rows, columns = np.array(places).T
    every = np.arange(len(numbers))
    old = found.activations.reshape(-1, acts.shape[-1])
    return dataclasses.replace(
        found,
        activations=np.concatenate([old, acts[every, rows, columns]]),
        photos=np.concatenate([found.photos, np.array(numbers, np.int32)]),
        places=np.concatenate([found.places, np.array(places)]),
        attributions=np.concatenate(
            [found.attributions, attributions[every, rows, columns]]
        ),
        looked_at=end,
    )


class _Reader:
    """What a layer makes of photos, and what it then says for classes.

    Gradients are compiled once for all classes and for batches of any length: computed
    one operation after the other, they would take most of the time.
    """

    def __init__(self, model: Model, layer: str, classes: Sequence[int]) -> None:
        self._model, self._layer, self._classes = model, layer, tuple(classes)
        self._compiled: dict[tuple[int, ...], Any] = {}

    def read(
        self, batch: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return `[n, rows, columns, channels]` and `[n, rows, columns, classes]`."""
        acts = self._model.activations(batch, self._layer)
        grids = self._grids(acts)
        attributions = np.zeros((*grids.shape[:3], len(self._classes)), np.float32)
        for place, index in enumerate(self._classes):
            arguments = (tf.constant(batch), tf.constant(acts), tf.constant(index))
            gradient = self._gradient(arguments)(*arguments).numpy()
            attributions[..., place] = (self._grids(gradient) * grids).sum(axis=-1)
        return grids, attributions

    def _grids(self, activations: Any) -> NDArray[np.float32]:
        return np.stack([grid_of(one, self._layer) for one in activations])

    def _gradient(self, arguments: tuple[Any, ...]) -> Any:
        images, acts, _ = arguments
        key = (*images.shape[1:], *acts.shape[1:])
        if key not in self._compiled:
            specs = [
                tf.TensorSpec([None, *one.shape[1:]], tf.float32)
                for one in (images, acts)
            ]
            self._compiled[key] = traced(
                self._trace, [*specs, tf.TensorSpec([], tf.int32)]
            )
        return self._compiled[key]

    def _trace(self, images: Any, acts: Any, index: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(acts)
            T = self._model.import_graph(images, given={self._layer: acts})
            value = tf.reduce_sum(
                tf.gather(class_values(T[logits_of(self._model)]), index, axis=1)
            )
        gradient = tape.gradient(value, acts)
        if gradient is None:
            raise ObjectiveError(
                f"the classes are not computed from {self._layer}; expected a layer "
                "before them"
            )
        return gradient
