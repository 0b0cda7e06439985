"""Activations of many images, batch by batch."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.modelzoo.layer import Layer
from lucid_widgets.modelzoo.tracing import traced

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

# Compiled functions kept per model: one per set of layers and image size.
_KEPT = 8


def read_activations(
    model: Model,
    images: Any,
    layers: str | Sequence[str],
    batch_size: int,
    *,
    center_only: bool = False,
) -> Any:
    """Compute `Model.activations`; see there."""
    layers = _as_names(layers)
    names = _checked(model, layers, batch_size)
    batches = _batches(model, images, names, int(batch_size), center_only=center_only)
    gathered = {name: _Gathered(_count(images)) for name in names}
    for batch in batches:
        for name, array in batch.items():
            gathered[name].add(array)
    joined = {name: found.joined() for name, found in gathered.items()}
    return joined[layers] if isinstance(layers, str) else joined


def iterate_batches(
    model: Model,
    images: Any,
    layers: str | Sequence[str],
    batch_size: int,
    *,
    center_only: bool = False,
) -> Iterator[Any]:
    """Compute `Model.iterate_activations`; see there."""
    layers = _as_names(layers)
    names = _checked(model, layers, batch_size)
    found = _batches(model, images, names, int(batch_size), center_only=center_only)
    return (batch[layers] if isinstance(layers, str) else batch for batch in found)


def _as_names(layers: Any) -> str | tuple[str, ...]:
    """Return one name, or several, for names and `Layer`s."""
    if isinstance(layers, Layer):
        return layers.name
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        return layers
    return tuple(x.name if isinstance(x, Layer) else x for x in layers)


def _checked(
    model: Model, layers: str | Sequence[str], batch_size: int
) -> tuple[str, ...]:
    """Return the names of the layers, if they and the batch size can be used."""
    whole = isinstance(batch_size, numbers.Real) and int(batch_size) == batch_size
    if isinstance(batch_size, bool) or not whole or batch_size < 1:
        raise SettingError(
            f"batch_size is a whole number from 1, and was given {batch_size!r}"
        )
    if not isinstance(layers, (str, tuple)):
        raise SettingError(f"layers are names of layers, and were given {layers!r}")
    names = (layers,) if isinstance(layers, str) else layers
    if not names:
        raise SettingError(
            "no layers were given; name at least one, such as model.layers[0].name"
        )
    for name in names:
        model.canonical_name(name)
    return names


def _batches(
    model: Model,
    images: Any,
    names: tuple[str, ...],
    batch_size: int,
    *,
    center_only: bool,
) -> Iterator[dict[str, np.ndarray]]:
    for batch in batches(iterate_images(images), batch_size):
        yield compute_batch(model, batch, names, center_only=center_only)


def _count(images: Any) -> int | None:
    """Return how many images there are, where that is known without reading them."""
    if isinstance(images, np.ndarray):
        return {3: 1, 4: len(images)}.get(images.ndim)
    return None


class _Gathered:
    """The activations of one layer, put where they belong as they come.

    Args:
        count: how many images there will be; None when nobody knows.
    """

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._whole: np.ndarray | None = None
        self._parts: list[np.ndarray] = []
        self._filled = 0

    def add(self, array: np.ndarray) -> None:
        """Append the activations of a batch."""
        if self._count is None:
            self._parts.append(array)
            return
        if self._whole is None:
            self._whole = np.empty([self._count, *array.shape[1:]], array.dtype)
        self._whole[self._filled : self._filled + len(array)] = array
        self._filled += len(array)

    def joined(self) -> np.ndarray:
        """Return all of them; the parts are given up on the way."""
        if self._whole is not None:
            return self._whole
        if not self._parts:
            raise ImageError("there are no images to compute activations of")
        shapes = {part.shape[1:] for part in self._parts}
        if len(shapes) > 1:
            raise ImageError(
                "the images have different sizes, and so has this layer: "
                f"{', '.join(map(str, sorted(shapes)))}. Resize the images, or read them "
                "with center_only=True or iterate_activations"
            )
        whole = np.empty(
            [sum(map(len, self._parts)), *self._parts[0].shape[1:]],
            self._parts[0].dtype,
        )
        end = len(whole)
        while self._parts:
            part = self._parts.pop()
            whole[end - len(part) : end] = part
            end -= len(part)
        return whole


def compute_batch(
    model: Model,
    batch: np.ndarray,
    names: tuple[str, ...],
    *,
    center_only: bool = False,
) -> dict[str, np.ndarray]:
    """Return the activations of one batch of images of equal size."""
    import tensorflow as tf

    function = _function(model, names, batch.shape[1:], center_only=center_only)
    found = function(tf.constant(batch, tf.float32))
    return {name: tensor.numpy() for name, tensor in found.items()}


def _function(
    model: Model, names: tuple[str, ...], shape: tuple[int, ...], *, center_only: bool
) -> Any:
    """Return the compiled function for these layers and this image size."""
    import tensorflow as tf

    kept = model.__dict__.setdefault("_reading_functions", {})
    key = (names, shape, center_only)
    if key not in kept:

        def compute(images: Any) -> dict[str, Any]:
            activations = model.import_graph(images)
            found = {name: activations[name] for name in names}
            return (
                {name: _center(x) for name, x in found.items()}
                if center_only
                else found
            )

        signature = [tf.TensorSpec([None, *shape], tf.float32)]
        kept[key] = traced(compute, signature)
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)))
    return kept[key]


def _center(tensor: Any) -> Any:
    """Return the position in the centre of ``[batch, height, width, depth]``."""
    import tensorflow as tf

    if tensor.shape.rank != 4:
        return tensor
    height, width = tf.unstack(tf.shape(tensor)[1:3])
    return tensor[:, height // 2, width // 2]


def iterate_images(images: Any) -> Iterator[np.ndarray]:
    """Yield single images, float32 ``[height, width, channels]``, from any collection.

    Args:
        images: an array of rank 3 or 4, a path, a `tf.data.Dataset`, or an iterable of
            these.

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
    pairs = isinstance(getattr(images, "element_spec", None), tuple)
    if isinstance(getattr(images, "element_spec", None), dict):
        raise ImageError(
            "this dataset yields dictionaries; choose the images first: "
            "dataset.map(lambda item: item['image'])"
        )
    for item in images:
        yield from iterate_images(item[0] if pairs else item)


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
