"""Affine resampling of images, and its exact gradient.

Maps go from positions in the output to positions in the input. Positions are
`(column, row)`, counted from the middle of the image, so that turning and zooming
are about the middle and a change of size needs no map of its own. A map is a 3 x 3
matrix for column vectors `(column, row, 1)`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from lucid_widgets.shapes import ImageTensor


def _matrix(entries: Sequence[Any]) -> Any:
    return tf.reshape(tf.stack([tf.cast(e, tf.float32) for e in entries]), [3, 3])


def translation(rows: Any, columns: Any) -> Any:
    """Return the map of a view moved down by `rows` and right by `columns`."""
    return _matrix([1, 0, columns, 0, 1, rows, 0, 0, 1])


def zoom(factor: Any) -> Any:
    """Return the map of a view whose pixels are `factor` input pixels apart."""
    return _matrix([factor, 0, 0, 0, factor, 0, 0, 0, 1])


def rotation(angle: Any) -> Any:
    """Return the map that turns the picture counter-clockwise by `angle` radians."""
    cos, sin = tf.cos(angle), tf.sin(angle)
    return _matrix([cos, -sin, 0, sin, cos, 0, 0, 0, 1])


def compose_maps(maps: Sequence[Any]) -> Any:
    """Return the map of several transforms, applied to the image left to right."""
    given = [matrix for matrix in maps if matrix is not None]
    return functools.reduce(tf.matmul, given, tf.eye(3))


def warp(
    images: ImageTensor,
    matrix: Any,
    size: tuple[int, int],
    *,
    fill: Any = 0.0,
    interpolation: str = "BILINEAR",
) -> ImageTensor:
    """Return images seen through an affine map.

    Args:
        images: `[batch, height, width, channels]`.
        matrix: a map, see above.
        size: height and width of the result, in pixels.
        fill: colour beyond the border of `images`.
        interpolation: "BILINEAR" or "NEAREST".

    Returns:
        `[batch, *size, channels]`. The gradient with respect to `images` is exact
        (TensorFlow's own, for this operation, is not: it interpolates the gradient
        at the inverse map, without the change of area).
    """
    shape = tf.shape(images)
    source = images.shape[1:3]
    rows, columns = (source[0] or shape[1]), (source[1] or shape[2])

    def middle(length: Any) -> Any:
        return (tf.cast(length, tf.float32) - 1) / 2

    to_middle = translation(-middle(size[0]), -middle(size[1]))
    from_middle = translation(middle(rows), middle(columns))
    pixels = tf.matmul(from_middle, tf.matmul(tf.cast(matrix, tf.float32), to_middle))

    @tf.custom_gradient
    def resample(images: ImageTensor) -> Any:
        output = tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=tf.reshape(pixels, [1, 9])[:, :8],
            output_shape=tf.stack(size),
            interpolation=interpolation,
            fill_mode="CONSTANT",
            fill_value=tf.cast(fill, tf.float32),
        )
        channels = images.shape[3]
        output = tf.ensure_shape(output, [images.shape[0], *_static(size), channels])

        def gradient(grad: Any) -> Any:
            scatter = _scatter_nearest if interpolation == "NEAREST" else _scatter
            return scatter(grad, pixels, (rows, columns))

        return output, gradient

    return resample(images)


def _static(size: tuple[Any, Any]) -> list[int | None]:
    return [None if tf.is_tensor(length) else length for length in size]


def _scatter(grad: Any, pixels: Any, source: tuple[Any, Any]) -> ImageTensor:
    """Return each output pixel's gradient to the input pixels it was made of.

    Args:
        grad: `[batch, height, width, channels]`, of the output.
        pixels: map from output pixels to input pixels, counted from the corner.
        source: height and width of the input.
    """
    shape = tf.shape(grad)
    height, width = shape[1], shape[2]
    rows, columns = source
    y, x = tf.meshgrid(
        tf.range(height, dtype=tf.float32),
        tf.range(width, dtype=tf.float32),
        indexing="ij",
    )
    y, x = tf.reshape(y, [-1]), tf.reshape(x, [-1])
    at_y = pixels[1, 0] * x + pixels[1, 1] * y + pixels[1, 2]
    at_x = pixels[0, 0] * x + pixels[0, 1] * y + pixels[0, 2]
    y0, x0 = tf.floor(at_y), tf.floor(at_x)
    wy, wx = at_y - y0, at_x - x0
    weights = tf.stack([(1 - wy) * (1 - wx), (1 - wy) * wx, wy * (1 - wx), wy * wx])
    # Each output pixel was made of a cell of four input pixels. The shares of all
    # four are summed by cell first: a quarter of the scattering. Cells reach one
    # pixel beyond the border on every side.
    y0, x0 = tf.cast(y0, tf.int32) + 1, tf.cast(x0, tf.int32) + 1
    inside = (y0 >= 0) & (y0 <= rows) & (x0 >= 0) & (x0 <= columns)
    cells = tf.where(inside, y0 * (columns + 1) + x0, -1)  # -1 is left out
    flat = tf.reshape(tf.transpose(grad, [1, 2, 0, 3]), [height * width, -1])
    depth = tf.shape(flat)[1]
    # weights.T[:, :, None] * flat[:, None, :], as products with matrices of 0 and 1:
    # broadcasting over short axes is slow on a CPU, and so is `tile`.
    spread = tf.repeat(tf.eye(4), depth, axis=1)
    few = None not in grad.shape and grad.shape[0] * grad.shape[3] <= 8
    four = (
        tf.matmul(flat, tf.tile(tf.eye(depth), [1, 4]))
        if few
        else tf.concat([flat] * 4, axis=1)
    )
    shares = tf.matmul(weights, spread, transpose_a=True) * four
    by_cell = tf.math.unsorted_segment_sum(shares, cells, (rows + 1) * (columns + 1))
    by_cell = tf.reshape(by_cell, [rows + 1, columns + 1, 4 * depth])
    corner = [by_cell[:, :, k * depth : (k + 1) * depth] for k in range(4)]
    summed = (
        corner[0][1:, 1:]
        + corner[1][1:, :-1]
        + corner[2][:-1, 1:]
        + corner[3][:-1, :-1]
    )
    summed = tf.reshape(summed, [rows, columns, shape[0], shape[3]])
    return tf.ensure_shape(
        tf.transpose(summed, [2, 0, 1, 3]),
        [grad.shape[0], *_static(source), grad.shape[3]],
    )


def _scatter_nearest(grad: Any, pixels: Any, source: tuple[Any, Any]) -> ImageTensor:
    """Do the same for pixels that were taken from their nearest neighbour."""
    shape = tf.shape(grad)
    rows, columns = source
    # The operation itself says what it took: ties are its own affair.
    taken = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.reshape(tf.range(rows * columns), [1, rows, columns, 1]),
        transforms=tf.reshape(pixels, [1, 9])[:, :8],
        output_shape=shape[1:3],
        interpolation="NEAREST",
        fill_mode="CONSTANT",
        fill_value=-1.0,
    )
    flat = tf.reshape(tf.transpose(grad, [1, 2, 0, 3]), [shape[1] * shape[2], -1])
    summed = tf.math.unsorted_segment_sum(flat, tf.reshape(taken, [-1]), rows * columns)
    summed = tf.reshape(summed, [rows, columns, shape[0], shape[3]])
    return tf.ensure_shape(
        tf.transpose(summed, [2, 0, 1, 3]),
        [grad.shape[0], *_static(source), grad.shape[3]],
    )
