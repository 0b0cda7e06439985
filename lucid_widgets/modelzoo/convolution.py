"""Convolution, and local response normalization, with faster input gradients.

The values are TensorFlow's, and so are the gradients with respect to the input, up to
rounding: only the way there is another. Weights are constants here, so everything that
depends on them alone is prepared once per network.

The input gradient of a convolution is a convolution of the output gradient: with the
kernel flipped, and input and output channels exchanged. With a stride of s, the s x s
input pixels of a block each see another part of the kernel; one convolution computes
them all as channels, and `depth_to_space` puts them in their places. TensorFlow runs
forward convolutions faster than its own gradient operation, by far so for the first
layer of most networks (large kernel, stride 2, three input channels).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

Attributes = Mapping[str, Any]
Prepare = Callable[[str, Callable[[], Any]], Any]

_PIECE = 48
"""Channels of a piece of the matrix that sums neighbours."""


def conv2d(inputs: Sequence[Any], attributes: Attributes, prepare: Prepare) -> Any:
    """``Conv2D``.

    Args:
        inputs: images ``[batch, height, width, in]`` and kernel ``[height, width, in,
            out]``.
        attributes: as TensorFlow's: strides, padding, explicit_paddings, dilations,
            data_format.
        prepare: returns what a function computes from the kernel, computed only once
            for each name.
    """
    x, kernel = inputs
    if not _applies(x, kernel, attributes):
        return _forward(x, kernel, attributes)
    stride = attributes["strides"][1]
    befores = _padding_before(x, kernel, attributes)

    @tf.custom_gradient
    def with_gradient(x: Any) -> Any:
        def gradient(grad: Any) -> Any:
            turned = prepare(
                "input gradient", lambda: tf.constant(turn(kernel.numpy(), stride))
            )
            size = (int(x.shape[1]), int(x.shape[2]))
            return _input_gradient(grad, turned, size, befores, stride)

        return _forward(x, kernel, attributes), gradient

    return with_gradient(x)


def _forward(x: Any, kernel: Any, attributes: Attributes) -> Any:
    return tf.raw_ops.Conv2D(
        input=x,
        filter=kernel,
        strides=list(attributes["strides"]),
        padding=attributes["padding"],
        explicit_paddings=list(attributes.get("explicit_paddings", ())),
        data_format=attributes.get("data_format", "NHWC"),
        dilations=list(attributes.get("dilations", (1, 1, 1, 1))),
    )


def _applies(x: Any, kernel: Any, attributes: Attributes) -> bool:
    strides, sides = tuple(attributes["strides"]), kernel.shape
    plain = (
        strides[1] == strides[2]
        and tuple(attributes.get("dilations", (1, 1, 1, 1))) == (1, 1, 1, 1)
        and attributes.get("data_format", "NHWC") == "NHWC"
    )
    constant = isinstance(kernel, tf.Tensor) and hasattr(kernel, "numpy")
    if not plain or not constant or None in x.shape[1:3] or x.dtype != tf.float32:
        return False
    # Grouped convolutions and kernels with holes between their steps go the usual way.
    height, width, depth, _ = map(int, sides)
    return x.shape[3] == depth and min(height, width) >= strides[1]


def _padding_before(x: Any, kernel: Any, attributes: Attributes) -> tuple[int, int]:
    """Return the rows and columns of zeros that stand before the image."""
    stride = attributes["strides"][1]
    if attributes["padding"] == "EXPLICIT":
        margins = attributes["explicit_paddings"]
        return int(margins[2]), int(margins[4])
    if attributes["padding"] == "VALID":
        return 0, 0

    def before(length: int, width: int) -> int:
        steps = -(-length // stride)
        return max((steps - 1) * stride + width - length, 0) // 2

    return (
        before(int(x.shape[1]), int(kernel.shape[0])),
        before(int(x.shape[2]), int(kernel.shape[1])),
    )


def turn(kernel: np.ndarray, stride: int) -> np.ndarray:
    """Return the kernel that takes output gradients to input gradients.

    Args:
        kernel: ``[height, width, in, out]``.
        stride: of the convolution, s.

    Returns:
        ``[ceil(height / s), ceil(width / s), out, s * s * in]``; the last axis holds the
        s x s pixels of a block, row by row.
    """
    height, width, depth_in, depth_out = kernel.shape
    rows, columns = -(-height // stride), -(-width // stride)
    padded = np.zeros((rows * stride, columns * stride, depth_in, depth_out), "f4")
    padded[:height, :width] = kernel
    blocks = padded.reshape(rows, stride, columns, stride, depth_in, depth_out)
    flipped = blocks[::-1, :, ::-1]
    turned = flipped.transpose(0, 2, 5, 1, 3, 4)
    return turned.reshape(rows, columns, depth_out, stride * stride * depth_in)


def _input_gradient(
    grad: Any, turned: Any, size: Sequence[int], befores: Sequence[int], stride: int
) -> Any:
    margins: list[tuple[int, int]] = []
    crops: list[int] = []
    for axis in (0, 1):
        taps = int(turned.shape[axis])
        first = befores[axis] // stride
        last = (befores[axis] + size[axis] - 1) // stride
        ahead = taps - 1 - first
        behind = last - first + taps - ahead - int(grad.shape[axis + 1])
        margins.append((ahead, behind))
        crops.append(befores[axis] - first * stride)
    # A negative margin: outputs that saw nothing but padding.
    cut = [(max(-ahead, 0), max(-behind, 0)) for ahead, behind in margins]
    if any(map(any, cut)):
        (top, bottom), (left, right) = cut
        height, width = grad.shape[1] - bottom, grad.shape[2] - right
        grad = grad[:, top:height, left:width]
    inside = [(max(ahead, 0), max(behind, 0)) for ahead, behind in margins]
    dx = _convolved(grad, turned, inside)
    if stride > 1:
        dx = tf.nn.depth_to_space(dx, stride)
    top, left = crops
    return dx[:, top : top + size[0], left : left + size[1]]


def _convolved(x: Any, kernel: Any, margins: Sequence[tuple[int, int]]) -> Any:
    """Return a convolution of stride 1.

    With few output channels (those of an image) matrix products are too narrow to be
    fast. There the rows of the kernel become output channels, which are put upon one
    another afterwards.
    """
    rows, columns, depth_in, depth_out = map(int, kernel.shape)
    if rows == 1 or depth_out > 16:
        return tf.nn.conv2d(x, kernel, 1, _named(margins, (rows, columns)))
    by_row = tf.reshape(
        tf.transpose(kernel, [1, 2, 0, 3]), [1, columns, depth_in, rows * depth_out]
    )
    padding: Any = [(0, 0), *margins, (0, 0)]
    wide: Any = tf.nn.conv2d(x, by_row, 1, padding)
    height = int(wide.shape[1]) - rows + 1
    return tf.add_n(
        [
            wide[:, row : row + height, :, row * depth_out : (row + 1) * depth_out]
            for row in range(rows)
        ]
    )


def _named(margins: Sequence[tuple[int, int]], kernel: Sequence[int]) -> Any:
    """Return the padding by its name if it has one.

    TensorFlow computes 1x1 convolutions as matrix products only under a name.
    """
    if not any(map(any, margins)):
        return "VALID"
    same = [((side - 1) // 2, side // 2) for side in kernel]
    return "SAME" if list(margins) == same else [(0, 0), *margins, (0, 0)]


def local_response_normalization(
    inputs: Sequence[Any], attributes: Attributes, prepare: Prepare
) -> Any:
    """``LRN``: each channel divided by a power of the energy of its neighbours.

    ``y = x * (bias + alpha * sum of x**2 over 2 * depth_radius + 1 channels) ** -beta``.
    The sum is a product with a band matrix; TensorFlow's own gradient is slow.
    """
    del prepare  # there are no weights
    (x,) = inputs
    depth = x.shape[-1]
    if depth is None or x.dtype != tf.float32:
        return tf.nn.local_response_normalization(x, **_lrn_options(attributes))
    options = _lrn_options(attributes)
    alpha, beta = options["alpha"], options["beta"]
    bands = _bands(depth, options["depth_radius"])

    def neighbours(values: Any) -> Any:
        flat = tf.reshape(values, [-1, depth])
        sums = [flat[:, first:last] @ band for first, last, band in bands]
        return tf.reshape(tf.concat(sums, axis=1), tf.shape(values))

    @tf.custom_gradient
    def normalize(x: Any) -> Any:
        scale = options["bias"] + alpha * neighbours(x * x)
        power = tf.math.rsqrt(scale) if beta == 0.5 else scale**-beta

        def gradient(grad: Any) -> Any:
            shared = neighbours(grad * x * power / scale)
            return grad * power - 2 * alpha * beta * x * shared

        return x * power, gradient

    return normalize(x)


def _bands(depth: int, radius: int) -> list[tuple[int, int, np.ndarray]]:
    """Return a matrix that sums neighbouring channels, in pieces: most of it is zero.

    Returns:
        For each piece the first channel that it reads, one past the last, and zeros and
        ones, `[channels read, channels written]`.
    """
    pieces = []
    for start in range(0, depth, _PIECE):
        written = np.arange(start, min(start + _PIECE, depth))
        first, last = max(start - radius, 0), min(written[-1] + radius + 1, depth)
        read = np.arange(first, last)
        near = abs(read[:, None] - written) <= radius
        pieces.append((first, int(last), near.astype("f4")))
    return pieces


def _lrn_options(attributes: Attributes) -> dict[str, Any]:
    return {
        "depth_radius": int(attributes.get("depth_radius", 5)),
        "bias": float(attributes.get("bias", 1.0)),
        "alpha": float(attributes.get("alpha", 1.0)),
        "beta": float(attributes.get("beta", 0.5)),
    }
