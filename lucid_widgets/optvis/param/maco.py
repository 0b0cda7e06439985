"""MACO: images whose phases are optimized, and whose magnitudes are those of photos.

However deep the network, an image with the magnitude spectrum of natural images
cannot turn into noise. After Fel et al., "Unlocking Feature Visualization for Deeper
Networks with MAgnitude Constrained Optimization" (NeurIPS 2023). Optimize with NAdam
and a large learning rate, and with `transform.crops_and_noise`:

    render_vis(
        model,
        "mixed4a:258",
        lambda: param.maco(192),
        optimizer=keras.optimizers.Nadam(1.0),
        transforms=[transform.crops_and_noise(16, size=64)],
        thresholds=[255],
    )

The model only ever sees crops of a fixed size, so that memory grows with the image no
faster than its spectrum does: 2,000 px are no problem.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis.param.color import to_valid_rgb
from lucid_widgets.optvis.param.photos import before_sigmoid, fitting
from lucid_widgets.optvis.param.variables import variable
from lucid_widgets.shapes import ImageTensor

_SHIPPED = Path(__file__).parent / "data" / "natural_spectrum.npz"


def maco(
    w: int,
    h: int | None = None,
    batch: int | None = None,
    magnitude: Any = None,
    init_val: Any = None,
) -> ImageTensor:
    """Return images with fixed magnitudes, `[batch, height, width, 3]` in [0, 1].

    Args:
        w: width, in pixels.
        h: height, in pixels; left out, the width.
        batch: number of images; left out, 1.
        magnitude: from `magnitude_spectrum`, of images of any size; left out, that of
            natural photos.
        init_val: start from this photo, `[height, width, 3]` or with a batch axis, in
            [0, 1] or bytes, and keep its own magnitudes: feature accentuation. It comes
            back exactly but for the pixels that are almost black or white.

    Raises:
        ParameterizationError: a size below 2, or a photo of another size.

    Example:
        >>> param_f = lambda: param.maco(512)
    """
    height, width, count = w if h is None else h, w, 1 if batch is None else batch
    if min(height, width) < 2 or count < 1:
        raise ParameterizationError(
            f"maco: {count} images of {height} x {width} px; expected at least one, "
            "of 2 x 2 px or more"
        )
    if init_val is None:
        table = _natural() if magnitude is None else np.asarray(magnitude)
        fixed = resized_spectrum(table, height, width)
        phase = variable(lambda rng: _random_phases(rng, (count, *fixed.shape)))
        # As photos, the images have standard deviation 1 before the sigmoid.
        fixed = fixed / _deviation(fixed, height, width)
    else:
        shape = (count, height, width, 3)
        numbers = before_sigmoid(init_val, shape, decorrelate=True)
        spectrum = np.fft.rfft2(fitting(numbers, shape).transpose(0, 3, 1, 2))
        fixed = np.abs(spectrum)
        phases = np.angle(spectrum).astype(np.float32)
        phase = variable(lambda rng: phases)
    scaled = tf.cast(fixed, tf.float32)
    spectrum = tf.complex(scaled * tf.cos(phase), scaled * tf.sin(phase))
    image = tf.signal.irfft2d(spectrum, fft_length=[height, width])
    image = tf.transpose(image, [0, 2, 3, 1])
    return to_valid_rgb(image, decorrelate=True, sigmoid=True)


def _random_phases(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-np.pi, np.pi, shape).astype(np.float32)


def magnitude_spectrum(images: Any) -> np.ndarray:
    """Return the mean magnitude spectrum of images, for `maco`.

    Measured on decorrelated colours before the sigmoid, under a Hann window, so that
    the borders of the photos leave no cross in it.

    Args:
        images: `[n, height, width, 3]` in [0, 1], or bytes.

    Returns:
        float32 `[3, height, width // 2 + 1]`; 0 at frequency 0.

    Raises:
        ParameterizationError: images of another shape.
    """
    array = np.asarray(images)
    if array.ndim != 4 or not len(array) or array.shape[-1] != 3:
        raise ParameterizationError(
            f"magnitude_spectrum: images have shape {array.shape}; expected "
            "[n, height, width, 3]"
        )
    _, height, width, _ = array.shape
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    total = np.zeros((3, height, width // 2 + 1))
    for image in array:
        numbers = before_sigmoid(image, array.shape, decorrelate=True)
        numbers = numbers.transpose(2, 0, 1)
        numbers = numbers - numbers.mean(axis=(1, 2), keepdims=True)
        total += np.abs(np.fft.rfft2(numbers * window))
    total[:, 0, 0] = 0
    return (total / len(array)).astype(np.float32)


def resized_spectrum(magnitude: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a magnitude spectrum for images of another size.

    Frequencies are compared in cycles per (longer) side. Those that the measured
    images are too small to have follow from the highest that they do have by the
    power law of natural images, 1 / f.

    Args:
        magnitude: from `magnitude_spectrum`, `[channels, h, w // 2 + 1]`.
        height: of the images, in pixels.
        width: of the images, in pixels.
    """
    if magnitude.ndim != 3 or min(magnitude.shape) < 2:
        raise ParameterizationError(
            f"magnitude has shape {magnitude.shape}; expected [3, height, "
            "width // 2 + 1], from magnitude_spectrum(images)"
        )
    rows, columns = magnitude.shape[1], 2 * (magnitude.shape[2] - 1)
    longer = max(height, width)
    y = np.fft.fftfreq(height)[:, None] * longer * rows / max(rows, columns)
    x = np.fft.rfftfreq(width)[None] * longer * columns / max(rows, columns)
    # Inside the box of measured frequencies; what lies outside is drawn to its edge.
    top, side = (rows - 1) // 2, (columns - 1) // 2
    beyond = np.maximum(1, np.maximum(np.abs(y) / max(top, 1), x / max(side, 1)))
    table = np.fft.fftshift(magnitude, axes=1)
    at_y, at_x = y / beyond + rows // 2, x / beyond
    found = _interpolated(table, at_y, at_x) / beyond
    found[:, 0, 0] = 0
    return found.astype(np.float32)


def _interpolated(table: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    y, x = np.broadcast_arrays(y, x)
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    v, h = y - top, x - left
    bottom = np.minimum(top + 1, table.shape[1] - 1)
    right = np.minimum(left + 1, table.shape[2] - 1)
    upper = table[:, top, left] * (1 - h) + table[:, top, right] * h
    lower = table[:, bottom, left] * (1 - h) + table[:, bottom, right] * h
    return upper * (1 - v) + lower * v


def _deviation(magnitude: np.ndarray, height: int, width: int) -> float:
    """Return the standard deviation of an image with random phases (Parseval)."""
    weights = np.full(magnitude.shape[2], 2.0)
    weights[0] = 1  # the other half of a real spectrum is its mirror image
    if width % 2 == 0:
        weights[-1] = 1
    energy = (magnitude.astype(np.float64) ** 2 * weights).sum() / len(magnitude)
    return float(np.sqrt(energy) / (height * width)) or 1.0


@functools.cache
def _natural() -> np.ndarray:
    """Return the spectrum of natural photos, measured on Tiny ImageNet."""
    with np.load(_SHIPPED, allow_pickle=False) as arrays:
        return arrays["magnitude"].astype(np.float32)
