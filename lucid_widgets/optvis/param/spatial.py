"""Parameterizations of space: pixels, frequencies, pyramids, textures.

All return numbers of any size, `[batch, height, width, channels]`;
`color.to_valid_rgb` turns them into images.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.optvis.param.lowres import lowres_tensor
from lucid_widgets.optvis.param.photos import fitting
from lucid_widgets.optvis.param.variables import normal, variable
from lucid_widgets.shapes import ImageTensor

_SD = 0.01
# Lucid's: brings first images to the contrast of those made of pixels.
_FFT_GAIN = 4.0


def pixel_image(
    shape: Sequence[int], sd: float | None = None, init_val: Any = None
) -> ImageTensor:
    """Return an image whose variables are its pixels.

    Args:
        shape: `[batch, height, width, channels]`.
        sd: standard deviation of the first values; 0.01 when left out.
        init_val: start from these numbers instead, of this shape or one that
            broadcasts to it. (In Lucid this always failed.)

    Raises:
        ParameterizationError: `init_val` does not fit the shape.
    """
    if init_val is None:
        return variable(normal(shape, sd or _SD))
    return variable(lambda rng: fitting(np.asarray(init_val, np.float32), shape))


def rfft2d_freqs(h: int, w: int) -> np.ndarray:
    """Return the frequency of each coefficient of a real 2-D spectrum.

    Args:
        h: height of the image.
        w: width of the image.

    Returns:
        `[h, w // 2 + 1]` for even widths and `[h, w // 2 + 2]` for odd ones, in
        cycles per pixel.
    """
    rows = np.fft.fftfreq(h)[:, np.newaxis]
    # One column alone would make an image without any.
    columns = np.fft.fftfreq(max(w, 2))[: w // 2 + 1 + w % 2]
    return np.sqrt(columns**2 + rows**2)


def _fft_scale(h: int, w: int, decay_power: float) -> np.ndarray:
    freqs = rfft2d_freqs(h, w)
    scale = 1.0 / np.maximum(freqs, 1.0 / max(w, h)) ** decay_power
    return (scale * np.sqrt(w * h)).astype(np.float32)


def spectrum_to_image(
    spectrum: Any, shape: Sequence[int], decay_power: float
) -> ImageTensor:
    """Return the image of a scaled spectrum.

    Args:
        spectrum: `[2, batch, channels, *rfft2d_freqs(h, w).shape]`: real and
            imaginary parts.
        shape: `[batch, height, width, channels]`.
        decay_power: how much lower frequencies weigh.
    """
    _, h, w, _ = shape
    scaled = tf.complex(*tf.unstack(spectrum)) * _fft_scale(h, w, decay_power)
    image = tf.signal.irfft2d(scaled)
    image = tf.transpose(image, [0, 2, 3, 1]) / _FFT_GAIN
    # Odd widths come out one column too wide. Cutting off nothing would cost time.
    return image[:, :, :w] if w % 2 else image


def fft_image(
    shape: Sequence[int],
    sd: float | None = None,
    decay_power: float = 1,
    init_val: Any = None,
) -> ImageTensor:
    """Return an image whose variables are the coefficients of its spectrum.

    Each coefficient is divided by its frequency, so that steps look like natural
    images, whose spectra fall off that way.

    Args:
        shape: `[batch, height, width, channels]`.
        sd: standard deviation of the first values; 0.01 when left out.
        decay_power: the power of the frequency that divides.
        init_val: start from these numbers, of this shape or one that broadcasts
            to it.

    Raises:
        ParameterizationError: `init_val` does not fit the shape.
    """
    shape = tuple(int(length) for length in shape)
    batch, h, w, channels = shape
    size = (2, batch, channels, *rfft2d_freqs(h, w).shape)
    init = normal(size, sd or _SD)
    if init_val is not None:
        start = _image_to_spectrum(
            fitting(np.asarray(init_val, np.float32), shape), decay_power
        )
        init = lambda rng: start  # noqa: E731 - takes the place of the other

    return spectrum_to_image(variable(init), shape, decay_power)


def _image_to_spectrum(image: np.ndarray, decay_power: float) -> np.ndarray:
    """Return the variables of `fft_image` that make this image."""
    _, h, w, _ = image.shape
    stacked = image.transpose(0, 3, 1, 2) * _FFT_GAIN
    # irfft2d makes 2 * (columns - 1) columns: for odd widths one more than the
    # image has, which may hold anything; repeating the last one keeps it smooth.
    columns = 2 * (rfft2d_freqs(h, w).shape[1] - 1)
    padded = np.pad(stacked, [(0, 0)] * 3 + [(0, columns - w)], mode="edge")
    spectrum = np.fft.rfft2(padded) / _fft_scale(h, w, decay_power)
    return np.stack([spectrum.real, spectrum.imag]).astype(np.float32)


def laplacian_pyramid_image(
    shape: Sequence[int], n_levels: int = 4, sd: float | None = None
) -> ImageTensor:
    """Return a sum of images of lower and lower resolution.

    Args:
        shape: `[batch, height, width, channels]`.
        n_levels: how many; the first has the full resolution, each next half of it.
        sd: standard deviation of the first values; 0.01 when left out.
    """
    batch, h, w, channels = (int(length) for length in shape)
    levels = [
        (batch, max(1, h >> level), max(1, w >> level), channels)
        for level in range(n_levels)
    ]
    full = (batch, h, w, channels)
    return tf.add_n([lowres_tensor(full, level, sd=sd) for level in levels])


def bilinearly_sampled_image(texture: Any, uv: Any) -> Any:
    """Return a texture's colours at positions on it; for meshes.

    OpenGL's conventions: u counts columns from the left, v rows from the *bottom*,
    pixels have their centres at +0.5, and the texture goes on periodically.

    Args:
        texture: `[height, width, channels]`.
        uv: positions, `[..., 2]`, of which [0, 1] covers the texture once.

    Returns:
        `[..., channels]`.
    """
    height, width = tf.shape(texture)[0], tf.shape(texture)[1]
    uv = tf.convert_to_tensor(uv)
    column = uv[..., 0] * tf.cast(width, uv.dtype) - 0.5
    row = (1 - uv[..., 1]) * tf.cast(height, uv.dtype) - 0.5
    left, top = tf.floor(column), tf.floor(row)
    h, v = (column - left)[..., tf.newaxis], (row - top)[..., tf.newaxis]
    h, v = tf.cast(h, texture.dtype), tf.cast(v, texture.dtype)

    def at(down: int, right: int) -> Any:
        rows = tf.cast(top, tf.int32) + down
        columns = tf.cast(left, tf.int32) + right
        place = tf.stack([rows % height, columns % width], axis=-1)
        return tf.gather_nd(texture, place)

    upper = at(0, 0) * (1 - h) + at(0, 1) * h
    lower = at(1, 0) * (1 - h) + at(1, 1) * h
    return upper * (1 - v) + lower * v


def naive(*args: Any, **kwargs: Any) -> ImageTensor:
    """Do what `pixel_image` does, under an older name of Lucid's."""
    _deprecated("naive", "pixel_image")
    return pixel_image(*args, **kwargs)


def laplacian_pyramid(*args: Any, **kwargs: Any) -> ImageTensor:
    """Do what `laplacian_pyramid_image` does, under an older name of Lucid's."""
    _deprecated("laplacian_pyramid", "laplacian_pyramid_image")
    return laplacian_pyramid_image(*args, **kwargs)


def sample_bilinear(*args: Any, **kwargs: Any) -> Any:
    """Do what `bilinearly_sampled_image` does, under an older name of Lucid's."""
    _deprecated("sample_bilinear", "bilinearly_sampled_image")
    return bilinearly_sampled_image(*args, **kwargs)


def _deprecated(old: str, new: str) -> None:
    warnings.warn(f"param.spatial.{old} is now {new}", DeprecationWarning, stacklevel=3)
