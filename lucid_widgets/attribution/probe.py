"""Asking a model: the target and its gradient, at many points, a batch at a time.

A point is what a layer's activations could be, ``[rows, columns, channels]`` for most
layers; the layer ``"input"`` stands for the image itself. Methods are lists of points and
what to make of the answers; that only one batch is ever held in memory is seen to here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypedDict

import numpy as np
import tensorflow as tf

from lucid_widgets.attribution.targets import Target, as_target, layer_name
from lucid_widgets.errors import ModelError, ObjectiveError, SettingError, did_you_mean
from lucid_widgets.misc.photos import as_photos
from lucid_widgets.misc.progress import Cancel, Progress, Tracker
from lucid_widgets.modelzoo.overriding import current_overrides
from lucid_widgets.modelzoo.tracing import traced
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.optvis import overrides as overrides_module
from lucid_widgets.optvis.objectives_util import view

INPUT = "input"

OVERRIDES: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "none": dict,
    "smoothed max-pool": overrides_module.pooling_overrides,
    "linear": overrides_module.linearization_overrides,
}
"""Gradient overrides by name: what backpropagation does at an operation, changed.

"smoothed max-pool" lets gradients reach all inputs of a pool, not the largest only; maps
are less spotty, and no longer exact. "linear" makes ReLUs let everything through as well,
which also changes the values. See `optvis.overrides`.
"""

# Compiled functions kept per model.
_KEPT = 16

AXES = {
    1: ("channel",),
    2: ("token", "channel"),
    3: ("row", "column", "channel"),
}
"""Names of the axes of a point, by its rank."""


class How(TypedDict, total=False):
    """How to compute, the same for every method.

    Attributes:
        batch_size: images, or points, computed at a time; 16 when not given. Memory
            grows with it, and results do not depend on it.
        overrides: a name in `OVERRIDES`; or a mapping of operation types to functions, as
            for `Model.import_graph`; left out, those of the block it stands in.
        seed: decides all that is random, 0 when not given. What happens to an image does
            not depend on the others in the batch.
        progress: True for a bar, or a function of (done, total).
        cancel: a `threading.Event` which, once set, makes the method raise
            `StoppedError`; or a function that returns whether to stop.
    """

    batch_size: int
    overrides: str | Mapping[str, Any] | None
    seed: int
    progress: Progress
    cancel: Cancel


class Job(NamedTuple):
    """A point to be asked about.

    Args:
        image: index of the image.
        point: activations of the layer; None for those that the image gives.
        unit: number of the member, where the target is a family.
        tag: anything the method wants to find again beside the answer.
    """

    image: int
    point: np.ndarray
    unit: int = 0
    tag: Any = None


class Answer(NamedTuple):
    """What the model said to a job.

    Args:
        job: the job.
        value: the target's value.
        gradient: of it, with respect to the point; None if not asked for.
    """

    job: Job
    value: float
    gradient: Any


class Probe:
    """A model, images, a layer and a target: what is asked about.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        images: anything `misc.photos.as_photos` takes; all of one size.
        target: see `attribution.targets`.
        layer: name of a layer, or ``"input"``.
        how: see `How`.
        family: makes a target of the bare name of a layer, from the probe and the name;
            without it, such a name is refused.

    Raises:
        ModelError: `model` is none.
        ImageError: an image that cannot be used.
        LayerNotFoundError, ObjectiveError, SettingError: an argument that makes no sense.
    """

    def __init__(
        self,
        model: Model,
        images: Any,
        target: Any,
        layer: str,
        how: Mapping[str, Any],
        family: Callable[[Probe, str], Target] | None = None,
    ) -> None:
        if not isinstance(model, Model):
            raise ModelError(
                f"model is {model!r:.100}; expected one of lucid_widgets.modelzoo."
                "vision_models, such as TinyInception(); a Keras model goes through "
                "from_keras(model)"
            )
        unknown = [name for name in how if name not in How.__annotations__]
        if unknown:
            known = How.__annotations__
            raise SettingError(
                f"no argument {unknown[0]!r}{did_you_mean(unknown[0], known)}"
            )
        self.model = model
        self.images = as_photos(images, channels=model.image_shape[-1])
        self.layer = INPUT if layer == INPUT else model.canonical_name(layer)
        self.batch_size = checked_count("batch_size", how.get("batch_size", 16))
        self.seed = checked_count("seed", how.get("seed", 0), least=0)
        self.overrides = _overrides(how.get("overrides"))
        self._progress, self._cancel = how.get("progress"), how.get("cancel")
        self._own: dict[Any, Any] = {}
        whole = layer_name(model, target) if family else None
        self.target = (
            family(self, whole) if family and whole else as_target(model, target)
        )

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self.images)

    def tracker(self, total: int, what: str) -> Tracker:
        """Return what tells about the progress of so many jobs, and stops them."""
        return Tracker(total, self._progress, self._cancel, what)

    def activations(self) -> np.ndarray:
        """Return the layer's activations for the images, ``[n, ...]``."""
        if self.layer == INPUT:
            return self.images
        found = self.model.activations(self.images, self.layer, self.batch_size)
        if found.ndim - 1 not in AXES:
            raise ObjectiveError(
                f"'{self.layer}' has activations of shape {found.shape[1:]}; expected "
                "[rows, columns, channels], [tokens, channels] or [channels]"
            )
        return found

    def values(
        self, jobs: Iterable[Job], tracker: Tracker, count: int | None = None
    ) -> Iterator[Answer]:
        """Yield the target's value for every job, in order.

        Args:
            jobs: what to ask.
            tracker: is told, and stops the work.
            count: how many jobs there are; the tracker's total when not given.
        """
        return self._run(jobs, tracker, count, gradient=False)

    def gradients(
        self, jobs: Iterable[Job], tracker: Tracker, count: int | None = None
    ) -> Iterator[Answer]:
        """Yield the target's value and gradient for every job, in order; see `values`.

        Raises:
            ObjectiveError: the target does not depend on the layer.
            StoppedError: on request.
        """
        return self._run(jobs, tracker, count, gradient=True)

    def _run(
        self,
        jobs: Iterable[Job],
        tracker: Tracker,
        count: int | None,
        *,
        gradient: bool,
    ) -> Iterator[Answer]:
        size = min(self.batch_size, max(tracker.total if count is None else count, 1))
        numbers = [tf.convert_to_tensor(number) for number in self.target.numbers]
        waiting = iter(jobs)
        while chunk := list(islice(waiting, size)):
            # The last batch is filled up, so that one size is compiled and no second.
            filled = chunk + [chunk[-1]] * (size - len(chunk))
            points = np.stack([job.point for job in filled]).astype(np.float32)
            indices = [job.image for job in filled]
            images = points if self.layer == INPUT else self.images[indices]
            units = np.array([job.unit for job in filled], np.int32)
            function = self._function(images.shape, points.shape, gradient=gradient)
            values, gradients = function(images, points, units, *numbers)
            rows = [None] * size if gradients is None else gradients.numpy()
            tracker.advance(len(chunk))
            yield from map(Answer, chunk, values.numpy().tolist(), rows)

    def _function(self, images: Any, points: Any, *, gradient: bool) -> Any:
        """Return the compiled function for batches of these shapes."""
        target, kept = self.target, self._own
        overrides = tuple(sorted(self.overrides.items(), key=lambda item: item[0]))
        key = (target.structure, self.layer, images, points, overrides, gradient)
        if target.structure is not None:
            kept = vars(self.model).setdefault("_attribution_functions", {})
        if key not in kept:
            kept[key] = self._compiled(images, points, gradient=gradient)
            while len(kept) > _KEPT:
                kept.pop(next(iter(kept)))
        return kept[key]

    def _compiled(self, images: Any, points: Any, *, gradient: bool) -> Any:
        model, target, layer = self.model, self.target, self.layer
        overrides, batch = self.overrides, points[0]

        def scores(images: Any, points: Any, units: Any, numbers: Any) -> Any:
            given = {} if layer == INPUT else {layer: points}
            T = model.import_graph(
                points if layer == INPUT else images, overrides, given
            )
            T["labels"] = model.labels
            # What an objective says of a batch is said here of each image by itself.
            each = [
                target.score(view(T, None, i), units[i], *numbers) for i in range(batch)
            ]
            return tf.stack([tf.reshape(value, []) for value in each])

        def compute(images: Any, points: Any, units: Any, *numbers: Any) -> Any:
            if not gradient:
                return scores(images, points, units, numbers), None
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(points)
                values = scores(images, points, units, numbers)
            found = tape.gradient(values, points)
            if found is None:
                raise ObjectiveError(
                    f"{target.text} does not depend on '{layer}': choose a layer on the "
                    "way from the image to the target"
                )
            return values, tf.convert_to_tensor(found)

        signature = [
            tf.TensorSpec(images, tf.float32),
            tf.TensorSpec(points, tf.float32),
            tf.TensorSpec([batch], tf.int32),
            *(tf.TensorSpec(n.shape, n.dtype) for n in target.numbers),
        ]
        return traced(compute, signature)


def checked_count(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number.

    Raises:
        SettingError: it is none, or too small.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not least <= value < 2**31:
        raise SettingError(f"{name} is {value!r}; expected a whole number from {least}")
    return int(value)


def _overrides(given: Any) -> Mapping[str, Any]:
    if given is None:
        return dict(current_overrides())
    if isinstance(given, str):
        if given not in OVERRIDES:
            raise SettingError(
                f"no overrides {given!r}{did_you_mean(given, OVERRIDES)}"
            )
        return OVERRIDES[given]()
    if isinstance(given, Mapping) and all(map(callable, given.values())):
        return dict(given)
    raise SettingError(
        f"overrides is {given!r:.100}; expected one of {', '.join(map(repr, OVERRIDES))}, "
        "or a mapping of operation types to functions"
    )
