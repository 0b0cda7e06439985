"""What several objectives share: views of `T`, positions, norms, blurs."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ObjectiveError, did_you_mean
from lucid_widgets.shapes import ActivationTensor, ImageTensor, ScalarTensor


class view:  # noqa: N801 - reads as a function: view(T, "NHWC", batch)
    """`T` seen in one format, and perhaps one element of the batch only.

    Args:
        T: maps a name to a tensor: a function or a mapping.
        require_format: "NHWC" gives activations of rank 2 (dense layers) and of
            rank 3 (tokens) axes of length 1 for what they lack; None changes
            nothing.
        batch: index of the only element to show; None shows all.
    """

    def __init__(
        self, T: Any, require_format: str | None = None, batch: int | None = None
    ) -> None:
        if require_format not in (None, "NHWC"):
            raise ObjectiveError(
                f"require_format is {require_format!r}; expected 'NHWC' or None"
            )
        self._T, self._format, self._batch = T, require_format, batch

    def __call__(self, name: str) -> Any:
        """Return a tensor, in the format and of the images asked for."""
        tensor: Any = self._T(name) if callable(self._T) else self._T[name]
        if not tf.is_tensor(tensor) or tensor.shape.rank in (None, 0):
            return tensor
        if self._format == "NHWC" and tensor.shape.rank == 2:
            tensor = tensor[:, tf.newaxis, tf.newaxis, :]
        elif self._format == "NHWC" and tensor.shape.rank == 3:
            tensor = tensor[:, tf.newaxis]
        if self._batch is None:
            return tensor
        count = tensor.shape[0]
        if count is not None and not -count <= self._batch < count:
            raise ObjectiveError(
                f"batch is {self._batch}; expected an index below {count}, the number "
                "of images: give the parameterization a larger batch"
            )
        start = self._batch if self._batch >= 0 else self._batch + tf.shape(tensor)[0]
        return tensor[start : start + 1]

    __getitem__ = __call__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._T, name)


def index(value: Any, name: str) -> int:
    """Return `value` as an index; numpy integers count.

    Raises:
        ObjectiveError: it is no whole number.
    """
    if isinstance(value, bool | np.bool_):
        raise ObjectiveError(f"{name} is {value!r}; expected a whole number")
    try:
        return operator.index(value)
    except TypeError:
        raise ObjectiveError(f"{name} is {value!r}; expected a whole number") from None


def indices(value: Any, name: str) -> Any:
    """Return one index as an `int`, or several as a list of them.

    Raises:
        ObjectiveError: one is no whole number, or there are none.
    """
    if isinstance(value, str) or not np.ndim(value):
        return index(value, name)
    if not len(value):
        raise ObjectiveError(f"{name} is empty; expected at least one whole number")
    return [index(each, name) for each in value]


def check_rank(value: Any, rank: int, what: str, expected: str) -> None:
    """Raise unless an array has so many axes.

    Raises:
        ObjectiveError: it has not.
    """
    if np.ndim(value) != rank:
        raise ObjectiveError(f"{what} has shape {np.shape(value)}; expected {expected}")


def label_index(labels: Sequence[str] | None, label: str) -> int:
    """Return the index of a class's name.

    Raises:
        ObjectiveError: the model has no labels, or not this one.
    """
    if not labels:
        raise ObjectiveError(
            f"cannot look up the class {label!r}: the model has no labels; "
            "give the class's index"
        )
    labels = list(labels)
    if label not in labels:
        raise ObjectiveError(
            f"no class {label!r} among the model's {len(labels)} labels"
            f"{did_you_mean(label, labels)}"
        )
    return labels.index(label)


def describe(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    """Return such as "Channel(mixed4a, 30)", arguments left out from 41 letters on.

    (Lucid left them out from 16 on, which hid the name of many a layer.)
    """
    given = [_short(arg) for arg in args]
    given += [f"{key}={_short(arg)}" for key, arg in kwargs.items()]
    return f"{name.title()}({', '.join(given)})"


def _short(argument: Any) -> str:
    text = str(argument)
    return "..." if len(text) > 40 or "\n" in text else text


def pick(acts: ActivationTensor, channel: ScalarTensor) -> ActivationTensor:
    """Return one channel of `[batch, height, width, channels]`, without its axis.

    A negative index counts from the end, as in Python.
    """
    depth = tf.shape(acts)[-1]
    channel = tf.cast(channel, tf.int32)
    return acts[..., tf.where(channel < 0, channel + depth, channel)]


def at_position(
    acts: ActivationTensor, x: int | None, y: int | None, radius: int = 0
) -> ActivationTensor:
    """Return the activations around one position, `[batch, 1 + 2r, 1 + 2r, channels]`.

    Args:
        acts: `[batch, height, width, channels]`.
        x: row; None is height // 2.
        y: column; None is width // 2.
        radius: how far to reach; cut off at the border.
    """
    height, width = tf.shape(acts)[1], tf.shape(acts)[2]
    for value, size, axis in ((x, acts.shape[1], "x"), (y, acts.shape[2], "y")):
        if value is not None and size is not None and not 0 <= value < size:
            raise ObjectiveError(
                f"{axis} is {value}; the activations have {size} positions that way, "
                f"counted from 0"
            )
    row = height // 2 if x is None else x
    column = width // 2 if y is None else y
    top, left = tf.maximum(row - radius, 0), tf.maximum(column - radius, 0)
    return acts[:, top : row + radius + 1, left : column + radius + 1]


def crop_middle(acts: ActivationTensor, height: int, width: int) -> ActivationTensor:
    """Return the middle `height` by `width` positions (rounded towards the start)."""
    shape = tf.shape(acts)
    top, left = (shape[1] - height) // 2, (shape[2] - width) // 2
    static = (acts.shape[1] or height) < height or (acts.shape[2] or width) < width
    if static:
        raise ObjectiveError(
            f"vec is {height} x {width} positions; the activations have only "
            f"{acts.shape[1]} x {acts.shape[2]}: crop it, or use a larger image"
        )
    return acts[:, top : top + height, left : left + width]


def safe_sqrt(x: ActivationTensor) -> ActivationTensor:
    """Return the square root, with gradient 0 at 0 instead of infinity."""
    positive = x > 0
    return tf.where(positive, tf.sqrt(tf.where(positive, x, 1.0)), 0.0)


def dot_cossim(
    acts: ActivationTensor, vec: ActivationTensor, cossim_pow: float = 0
) -> ActivationTensor:
    """Return `dot * max(0.1, cos) ** cossim_pow` over the last axis.

    The cosine is `dot / (1e-4 + |acts|) / (1e-4 + |vec|)`, as in Lucid; where the
    activations are all zero its gradient is 0 here, where Lucid's was NaN.

    Args:
        acts: `[..., channels]`.
        vec: the direction, of a shape that broadcasts against `acts`.
        cossim_pow: 0 gives the dot product.
    """
    vec = tf.cast(vec, acts.dtype)
    if acts.shape[-1] is not None and vec.shape[-1] not in (None, acts.shape[-1]):
        raise ObjectiveError(
            f"the direction has {vec.shape[-1]} numbers; expected {acts.shape[-1]}, "
            "one for each channel of the layer"
        )
    dot = tf.reduce_sum(acts * vec, axis=-1)
    if cossim_pow == 0:
        return dot
    norms = 1e-4 + safe_sqrt(tf.reduce_sum(acts**2, axis=-1))
    cosine = dot / norms / (1e-4 + safe_sqrt(tf.reduce_sum(vec**2, axis=-1)))
    return dot * tf.maximum(0.1, cosine) ** cossim_pow


def blur(image: ImageTensor, width: int) -> ImageTensor:
    """Return the image blurred by Lucid's 3x3 or 5x5 kernel, channel by channel.

    The 3x3 kernel has 1 in its middle and 0.5 around it; the 5x5 kernel 1 in its
    middle 3x3 and 0.5 around that. Near the border only what lies inside counts.

    Args:
        image: `[batch, height, width, channels]`.
        width: 3 or 5.
    """
    kernel = np.full((width, width), 0.5, np.float32)
    kernel[1:-1, 1:-1] = 1.0
    channels = tf.shape(image)[-1]
    stacked = tf.reshape(tf.transpose(image, [0, 3, 1, 2]), [-1, *image.shape[1:3], 1])
    filters = kernel[:, :, np.newaxis, np.newaxis]

    def convolve(x: Any) -> Any:
        return tf.nn.conv2d(x, filters, strides=1, padding="SAME")

    blurred = convolve(stacked) / convolve(tf.ones_like(stacked[:1]))
    blurred = tf.reshape(blurred, [-1, channels, *image.shape[1:3]])
    return tf.ensure_shape(tf.transpose(blurred, [0, 2, 3, 1]), image.shape)


def border(shape: Sequence[int], width: ScalarTensor) -> ImageTensor:
    """Return 1 on the outer frame of `width` pixels and 0 inside.

    Args:
        shape: `[batch, height, width, channels]`, or `[height, width]` and more.
        width: how wide the frame is, in pixels.
    """
    height, length = shape[1:3] if len(shape) == 4 else shape[:2]
    rows, columns = tf.range(height), tf.range(length)
    from_edge = tf.minimum(
        tf.minimum(rows, height - 1 - rows)[:, tf.newaxis],
        tf.minimum(columns, length - 1 - columns)[tf.newaxis, :],
    )
    inside = from_edge >= tf.cast(width, tf.int32)
    return tf.cast(~inside, tf.float32)[tf.newaxis, :, :, tf.newaxis]


def _dot(x: ActivationTensor, y: ActivationTensor) -> ActivationTensor:
    return tf.reduce_sum(x * y, axis=-1)


# The names that Lucid's notebooks import, underscores and all.
_dot_cossim = dot_cossim
_extract_act_pos = at_position
_make_arg_str = _short


def _T_force_NHWC(T: Any) -> Any:  # noqa: N802
    return view(T, "NHWC")


def _T_handle_batch(T: Any, batch: int | None = None) -> Any:  # noqa: N802
    return view(T, None, batch)
