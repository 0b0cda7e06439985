"""Where the positions of a layer lie on a photo, and what is active there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lucid_widgets.errors import ImageError, ObjectiveError, SettingError
from lucid_widgets.misc.photos import as_photo
from lucid_widgets.modelzoo.classes import class_index, logits_of
from lucid_widgets.modelzoo.photos import photo_for, resized
from lucid_widgets.shapes import Images, Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


Box = tuple[int, int, int, int]
"""`(top, left, bottom, right)` in pixels, the ends excluded."""


@dataclass(frozen=True)
class Seen:
    """A photo, and what a layer makes of it.

    Args:
        photo: as the model sees it, `[height, width, channels]` in [0, 1].
        layer: name of the layer.
        activations: float32 `[rows, columns, channels]`.
    """

    photo: Pixels
    layer: str
    activations: NDArray[np.float32]


def look(
    model: Model, image: Any, layer: str, size: int | tuple[int, int] | None = None
) -> Seen:
    """Return a photo and a layer's activations for it.

    Layers without positions (dense ones) count as one row and one column, tokens of
    transformers as one row.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        image: see `photos.as_photo`.
        layer: the layer.
        size: see `photos.photo_for`.

    Raises:
        ImageError: `image` is no photo.
        LayerNotFoundError: no such layer.
        ObjectiveError: the layer's activations have no channels.
    """
    name = model.canonical_name(layer)
    photo = photo_for(model, image, size)
    return Seen(photo, layer, grid_of(model.activations(photo, name)[0], layer))


def grid_of(activations: NDArray[Any], layer: str) -> NDArray[np.float32]:
    """Return activations of one image as `[rows, columns, channels]`.

    Raises:
        ObjectiveError: they cannot be seen so.
    """
    array = np.asarray(activations, np.float32)
    if not 1 <= array.ndim <= 3 or 0 in array.shape:
        raise ObjectiveError(
            f"activations of {layer} have shape {array.shape} for one image; expected "
            "[rows, columns, channels]: choose another layer"
        )
    return array.reshape((1,) * (3 - array.ndim) + array.shape)


def cell_box(
    shape: tuple[int, ...], grid: tuple[int, ...], row: int, column: int
) -> Box:
    """Return the part of an image that lies under one position of a layer.

    Args:
        shape: of the image, `(height, width, ...)`, in pixels.
        grid: of the layer, `(rows, columns, ...)`.
        row: of the position.
        column: of the position.

    Returns:
        `(top, left, bottom, right)` in pixels; at least one pixel, the ends excluded.

    Raises:
        SettingError: the layer has no such position.
    """
    if not (0 <= row < grid[0] and 0 <= column < grid[1]):
        raise SettingError(
            f"position ({row}, {column}); expected rows 0 to {grid[0] - 1} and columns "
            f"0 to {grid[1] - 1}"
        )
    top, bottom = (round(shape[0] * n / grid[0]) for n in (row, row + 1))
    left, right = (round(shape[1] * n / grid[1]) for n in (column, column + 1))
    return top, left, max(bottom, top + 1), max(right, left + 1)


def field_box(
    shape: tuple[int, ...],
    grid: tuple[int, ...],
    row: int,
    column: int,
    field: int | None,
) -> Box:
    """Return what one position sees: its receptive field, moved into the image.

    Args:
        shape: of the image, `(height, width, ...)`, in pixels.
        grid: of the layer, `(rows, columns, ...)`.
        row: of the position.
        column: of the position.
        field: side of the receptive field in pixels; None for the whole image.

    Returns:
        `(top, left, bottom, right)`, the ends excluded; a square of that side, or as
        much of it as the image is large.
    """
    height, width = shape[:2]
    if field is None:
        return 0, 0, height, width
    top, left, bottom, right = cell_box(shape, grid, row, column)
    tall, wide = min(field, height), min(field, width)
    start = round((top + bottom - tall) / 2), round((left + right - wide) / 2)
    top = min(max(start[0], 0), height - tall)
    left = min(max(start[1], 0), width - wide)
    return top, left, top + tall, left + wide


def covering(photo: Pixels, size: tuple[int, int]) -> tuple[Pixels, Box]:
    """Return the middle of a photo in another size, and where the middle is."""
    height, width = photo.shape[:2]
    scale = min(height / size[0], width / size[1])
    tall = min(height, max(1, round(size[0] * scale)))
    wide = min(width, max(1, round(size[1] * scale)))
    top, left = (height - tall) // 2, (width - wide) // 2
    box = (top, left, top + tall, left + wide)
    return resized(photo[top : box[2], left : box[3]], size), box


def photo_list(images: Any) -> list[Any]:
    """Return one photo or several as a list.

    Raises:
        ImageError: there are none.
    """
    if getattr(images, "ndim", 0) == 4:
        images = list(images)
    if not isinstance(images, list | tuple):
        return [images]
    if not images:
        raise ImageError("there are no photos in the list; expected at least one")
    return list(images)


def photo_batch(model: Model, images: Any) -> Images:
    """Return photos in the size that a model was trained on, the middle of each.

    Args:
        model: the model.
        images: a photo or a list of them; see `photos.as_photo`.

    Raises:
        ImageError: there are none.
    """
    size = model.fixed_size or (model.image_shape[0], model.image_shape[1])
    channels = model.image_shape[-1]
    photos = [as_photo(image, channels) for image in photo_list(images)]
    return np.stack([covering(photo, size)[0] for photo in photos])


def class_gradient(
    model: Model, photo: Pixels, layer: str, label: int | str
) -> NDArray[np.float32]:
    """Return how a class's value changes with a layer's activations.

    Args:
        model: the model.
        photo: as the model sees it.
        layer: the layer.
        label: see `classes.class_index`.

    Returns:
        float32 `[rows, columns, channels]`: the gradient of the class's value before
        the softmax.

    Raises:
        ObjectiveError: no such class, or it is not computed from this layer.
    """
    index = class_index(model, label)
    with tf.GradientTape() as tape:
        T = model.import_graph(tf.constant(photo[np.newaxis]))
        acts = T[layer]
        tape.watch(acts)
        value = tf.reduce_sum(class_values(T[logits_of(model)])[:, index])
    gradient = tape.gradient(value, acts)
    if gradient is None:
        raise ObjectiveError(
            f"the classes are not computed from {layer}; expected a layer on the way"
        )
    return grid_of(gradient.numpy()[0], layer)


def class_values(logits: Any) -> Any:
    """Return logits as `[batch, classes]`; where they have positions, the mean."""
    return tf.reduce_mean(
        tf.reshape(logits, [tf.shape(logits)[0], -1, logits.shape[-1]]), axis=1
    )
