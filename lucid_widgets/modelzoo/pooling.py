"""Max-pooling with a faster input gradient.

Values and gradients are TensorFlow's to the bit, ties included: of equal pixels the
first, row by row, is given everything. On processors TensorFlow's own gradient looks at
every pixel of every window one by one; in InceptionV1 that took a third of the whole
backward pass. Here a window is taken apart into columns and rows: the largest of each
row of the window, then the largest of these. Each of the two steps is undone with a few
operations on whole arrays, as many as the window has rows, or columns. Where TensorFlow
runs on a GPU, or with oneDNN, its own gradient is the faster one and is used.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

Attributes = Mapping[str, Any]


def max_pool(
    inputs: Sequence[Any],
    attributes: Attributes,
    prepare: Callable[[str, Callable[[], Any]], Any] | None = None,
) -> Any:
    """``MaxPool``.

    Args:
        inputs: images ``[batch, height, width, channels]``.
        attributes: as TensorFlow's: ksize, strides, padding, data_format.
        prepare: not used; there are no weights.
    """
    del prepare
    x: Any = tf.convert_to_tensor(inputs[0])  # activations given may be numpy's
    ksize, strides = list(attributes["ksize"]), list(attributes["strides"])
    padding = attributes["padding"]

    def largest(x: Any, ksize: Any, strides: Any) -> Any:
        return tf.raw_ops.MaxPool(
            input=x,
            ksize=ksize,
            strides=strides,
            padding=padding,
            data_format=attributes.get("data_format", "NHWC"),
            explicit_paddings=list(attributes.get("explicit_paddings", ())),
        )

    if not _applies(x, attributes):
        return largest(x, ksize, strides)
    height, width, depth = map(int, x.shape[1:])

    @tf.custom_gradient
    def with_gradient(x: Any) -> Any:
        y = largest(x, ksize, strides)

        def gradient(grad: Any) -> Any:
            of_rows = largest(x, [1, 1, ksize[2], 1], [1, 1, strides[2], 1])
            columns = int(of_rows.shape[2])
            by_rows = _undone(
                tf.reshape(of_rows, [-1, height, columns * depth]),
                tf.reshape(y, [-1, y.shape[1], columns * depth]),
                tf.reshape(grad, [-1, y.shape[1], columns * depth]),
                ksize[1],
                strides[1],
                padding,
            )
            by_columns = _undone(
                tf.reshape(x, [-1, width, depth]),
                tf.reshape(of_rows, [-1, columns, depth]),
                tf.reshape(by_rows, [-1, columns, depth]),
                ksize[2],
                strides[2],
                padding,
            )
            return tf.reshape(by_columns, [-1, height, width, depth])

        return y, gradient

    return with_gradient(x)


@functools.cache
def tensorflow_is_slow() -> bool:
    """Return whether TensorFlow's own gradient runs as generic code on a processor."""
    if tf.config.list_logical_devices("GPU"):
        return False
    try:  # what it decided from the processor and TF_ENABLE_ONEDNN_OPTS is not public
        from tensorflow.python.util import _pywrap_util_port as port

        return not port.IsMklEnabled()
    except (ImportError, AttributeError):
        return os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "1"


def _applies(x: Any, attributes: Attributes) -> bool:
    plain = (
        attributes["padding"] in ("SAME", "VALID")
        and attributes.get("data_format", "NHWC") == "NHWC"
        and all(
            attributes[name][axis] == 1
            for name in ("ksize", "strides")
            for axis in (0, 3)
        )
    )
    known = x.shape.rank == 4 and None not in x.shape[1:]
    return plain and known and x.dtype == tf.float32 and tensorflow_is_slow()


def _undone(
    x: Any, largest: Any, grad: Any, taps: int, stride: int, padding: str
) -> Any:
    """Return the gradient of a maximum along the middle axis.

    Args:
        x: ``[n, length, m]``.
        largest: of each window, ``[n, windows, m]``.
        grad: with respect to `largest`.
        taps: length of a window.
        stride: distance of windows.
        padding: "SAME" or "VALID".
    """
    length, windows, depth = x.shape[1], largest.shape[1], x.shape[2]
    before = 0
    if padding == "SAME":
        before = max((windows - 1) * stride + taps - length, 0) // 2
    # Blocks of `stride` pixels; all pixels in the same place of theirs are a phase.
    blocks = -(-length // stride)
    x = _extended(x, blocks * stride - length, x.dtype.min)
    phases = tf.split(tf.reshape(x, [-1, blocks, stride * depth]), stride, axis=2)
    # There is a window for each block, or a few less, without padding.
    largest = _extended(largest, blocks - windows, 0.0)
    rest = _extended(grad, blocks - windows, 0.0)
    nothing = tf.zeros_like(rest)
    shares: list[list[Any]] = [[] for _ in range(stride)]
    for tap in range(taps):
        shift, phase = divmod(tap - before, stride)
        share = rest
        if tap < taps - 1:  # whatever the others were not is the last
            seen = _shifted(phases[phase], shift, x.dtype.min)
            share = tf.where(seen == largest, rest, nothing)
            rest = rest - share
        # What comes out at one end and goes in at the other is zero: no window's
        # largest pixel lies outside of the image.
        shares[phase].append(tf.roll(share, shift, axis=1) if shift else share)
    summed = [tf.add_n(share) if share else nothing for share in shares]
    whole = tf.reshape(tf.concat(summed, axis=2), [-1, blocks * stride, depth])
    return whole[:, :length] if length % stride else whole


def _extended(x: Any, after: int, value: float) -> Any:
    """Return `x` with `after` times `value` behind its middle axis."""
    return tf.concat([x, _filled(x, after, value)], axis=1) if after else x


def _shifted(x: Any, ahead: int, value: float) -> Any:
    """Return what lies `ahead` of each position of the middle axis; outside, `value`."""
    length = x.shape[1]
    count = min(abs(ahead), length)
    if ahead > 0:
        return _extended(x[:, count:], count, value)
    if ahead < 0:
        return tf.concat([_filled(x, count, value), x[:, : length - count]], axis=1)
    return x


def _filled(x: Any, length: int, value: float) -> Any:
    # Joining with a constant: TensorFlow pads several times slower.
    return tf.fill([tf.shape(x)[0], length, x.shape[2]], tf.constant(value, x.dtype))
