"""Activations of many images, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lucid_widgets.errors import ImageError, SettingError

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

# Compiled functions kept per model: one per set of layers and image size.
_KEPT = 8


def read_activations(
    model: Model, images: Any, layers: str | Sequence[str], batch_size: int
) -> Any:
    """Compute `Model.activations`; see there."""
    if isinstance(batch_size, bool) or int(batch_size) != batch_size or batch_size < 1:
        raise SettingError(
            f"batch_size is a whole number from 1, and was given {batch_size!r}"
        )
    names = (layers,) if isinstance(layers, str) else tuple(layers)
    if not names:
        raise SettingError(
            "no layers were given; name at least one, such as model.layers[0].name"
        )
    for name in names:
        model.canonical_name(name)
    collected: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for batch in batches(iterate_images(images), int(batch_size)):
        for name, array in compute_batch(model, batch, names).items():
            collected[name].append(array)
    if not collected[names[0]]:
        raise ImageError("there are no images to compute activations of")
    joined = {name: np.concatenate(arrays) for name, arrays in collected.items()}
    return joined[layers] if isinstance(layers, str) else joined


def compute_batch(
    model: Model, batch: np.ndarray, names: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Return the activations of one batch of images of equal size."""
    function = _function(model, names, batch.shape[1:])
    return {name: tensor.numpy() for name, tensor in function(batch).items()}


def _function(model: Model, names: tuple[str, ...], shape: tuple[int, ...]) -> Any:
    """Return the compiled function for these layers and this image size."""
    import tensorflow as tf

    kept = model.__dict__.setdefault("_reading_functions", {})
    key = (names, shape)
    if key not in kept:

        def compute(images: Any) -> dict[str, Any]:
            activations = model.import_graph(images)
            return {name: activations[name] for name in names}

        signature = [tf.TensorSpec([None, *shape], tf.float32)]
        kept[key] = tf.function(compute, input_signature=signature, autograph=False)
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)))
    return kept[key]


def iterate_images(images: Any) -> Iterator[np.ndarray]:
    """Yield single images, float32 ``[height, width, channels]``, from any collection.

    Args:
        images: an array of rank 3 or 4, a path, or an iterable of these.

    Raises:
        ImageError: something in it is not an image in [0, 1].
    """
    if isinstance(images, (str, Path)):
        yield from iterate_images(_load(images))
        return
    if hasattr(images, "__array__") and not isinstance(images, (list, tuple)):
        yield from _single_images(np.asarray(images))
        return
    if not isinstance(images, Iterable):
        raise ImageError(
            f"images are an array, a path or a collection of these, not {images!r}"
        )
    for item in images:
        yield from iterate_images(item)


def _load(path: str | Path) -> np.ndarray:
    from lucid_widgets.misc.io import load

    return load(str(path))


def _single_images(array: np.ndarray) -> Iterator[np.ndarray]:
    if array.ndim not in (3, 4):
        raise ImageError(
            "an image is an array [height, width, channels], a batch [n, height, width, "
            f"channels]; this array has shape {array.shape}"
        )
    if array.dtype.kind not in "f":
        raise ImageError(
            f"images must be numbers from 0 to 1, and these are {array.dtype}; for "
            "integers from 0 to 255, divide them by 255"
        )
    if array.size and not (array.min() >= -1e-3 and array.max() <= 1 + 1e-3):
        raise ImageError(
            "images must be numbers from 0 to 1, and these run from "
            f"{array.min():g} to {array.max():g}; divide values from 0 to 255 by 255"
        )
    yield from array[np.newaxis] if array.ndim == 3 else array


def batches(images: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Yield batches of consecutive images of equal shape, each at most `size` long."""
    waiting: list[np.ndarray] = []
    for image in images:
        if waiting and (len(waiting) == size or image.shape != waiting[0].shape):
            yield np.stack(waiting).astype(np.float32)
            waiting = []
        waiting.append(image)
    if waiting:
        yield np.stack(waiting).astype(np.float32)
