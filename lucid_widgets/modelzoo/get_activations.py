"""Activations of nested collections of images, and of repeated ones, as in Lucid.

`Model.activations` is the plain way. This module keeps Lucid's other one: images come
with an index, and what is computed for one index several times (augmented copies of an
image, say) is put together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

import numpy as np

from lucid_widgets.errors import ImageError, SettingError, did_you_mean
from lucid_widgets.modelzoo.vision_base import Model

REDUCERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "mean": (lambda x: x, lambda total, count: total / count),
    "rms": (np.square, lambda total, count: np.sqrt(total / count)),
    "max": (lambda x: x, lambda total, count: total),
}
"""What is gathered of repeated images, and what becomes of it in the end."""


def get_activations_iter(
    model: Model,
    layer: str,
    generator: Iterable[tuple[Hashable, Any]],
    reducer: str = "mean",
    batch_size: int = 64,
    dtype: Any = None,
    *,
    center_only: bool = False,
) -> dict[Any, np.ndarray]:
    """Return activations by index, for pairs (index, image).

    Args:
        model: the model.
        layer: name of the layer.
        generator: yields pairs of an index (a number, a tuple, a file name, ...) and an
            image ``[height, width, channels]`` in [0, 1] or its path.
        reducer: how several images of one index are put together: ``"mean"``, ``"rms"``
            (root of the mean square) or ``"max"``, each taken number by number.
        batch_size: images computed at a time.
        dtype: of the results; that of the layer when not given.
        center_only: only read the position in the centre.

    Returns:
        Array by index, in the order in which indices first came.

    Raises:
        SettingError: no such reducer.
        ImageError: there are no images, or one index has images of several sizes.

    Example:
        >>> from lucid_widgets.modelzoo.vision_models import TinyInception
        >>> image = np.full((64, 48, 3), 0.5)
        >>> found = get_activations_iter(TinyInception(), "mixed3a", [("a", image)] * 2)
        >>> found["a"].shape
        (16, 12, 144)
    """
    if reducer not in REDUCERS:
        raise SettingError(
            f"no reducer {reducer!r}{did_you_mean(str(reducer), REDUCERS)}"
        )
    before, after = REDUCERS[reducer]
    indices: list[Hashable] = []

    def images() -> Iterator[Any]:
        for index, image in generator:
            indices.append(index)
            yield image

    totals: dict[Any, np.ndarray] = {}
    counts: dict[Any, int] = {}
    found = model.iterate_activations(
        images(), layer, batch_size, center_only=center_only
    )
    for batch in found:
        for row in batch:
            index = indices.pop(0)
            value = before(row.astype(np.float64))
            if index not in totals:
                totals[index], counts[index] = value, 1
                continue
            if totals[index].shape != value.shape:
                raise ImageError(
                    f"index {index!r} has images of several sizes; resize them first"
                )
            join = np.maximum if reducer == "max" else np.add
            totals[index] = join(totals[index], value)
            counts[index] += 1
    if not totals:
        raise ImageError("there are no images to compute activations of")
    kind = np.dtype(dtype or np.float32)
    return {
        index: np.asarray(after(total, counts[index])).astype(kind)
        for index, total in totals.items()
    }


def get_activations(
    model: Model,
    layer: str,
    examples: Any,
    batch_size: int = 64,
    dtype: Any = None,
    ind_shape: tuple[int, ...] | None = None,
    *,
    center_only: bool = False,
) -> np.ndarray:
    """Return activations of a nested collection of images, in the same arrangement.

    Args:
        model: the model.
        layer: name of the layer.
        examples: images as for `Model.activations`; or lists of lists of them.
        batch_size: images computed at a time.
        dtype: of the result; that of the layer when not given.
        ind_shape: arrangement of the images, such as (rows, columns); that of the nested
            lists, or of the array in front of its last three axes, when not given.
        center_only: only read the position in the centre.

    Returns:
        ``[*ind_shape, ...]``.

    Raises:
        ImageError: the images cannot be arranged like that.
    """
    if ind_shape is None:
        ind_shape = _arrangement(examples)
    if isinstance(examples, np.ndarray) and examples.ndim > 4:
        examples = examples.reshape(-1, *examples.shape[-3:])
    found = model.activations(examples, layer, batch_size, center_only=center_only)
    found = found if dtype is None else found.astype(dtype)
    if ind_shape is None:
        return found
    if len(found) != int(np.prod(ind_shape)):
        raise ImageError(
            f"{len(found)} images cannot be arranged as {tuple(ind_shape)}"
        )
    return found.reshape(*ind_shape, *found.shape[1:])


def _arrangement(examples: Any) -> tuple[int, ...] | None:
    if isinstance(examples, np.ndarray):
        return tuple(examples.shape[:-3]) if examples.ndim > 3 else None
    shape: list[int] = []
    while isinstance(examples, (list, tuple)) and examples:
        shape.append(len(examples))
        examples = examples[0]
    if isinstance(examples, np.ndarray) and examples.ndim == 4:
        shape.append(len(examples))
    return tuple(shape) if len(shape) > 1 else None
