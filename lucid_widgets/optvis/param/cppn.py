"""Compositional pattern-producing networks: images as functions of position.

A small network maps each pixel's (x, y) to its colour; its weights are optimized.
The result has no resolution of its own and looks like a vector drawing. After
Mordvintsev, Pezzotti, Schubert & Olah, "Differentiable Image Parameterizations"
(Distill, 2018), and Stanley (2007), who introduced CPPNs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis.param.variables import Init, normal, variable
from lucid_widgets.shapes import ImageTensor

# A normal distribution cut off at two standard deviations has this one itself.
_TRUNCATED_SD = 0.87962566


def _composite_activation(x: Any, biased: bool = True) -> Any:  # noqa: FBT001, FBT002 - Lucid's signature
    """Return two features for each: the arc tangent, and its square.

    Unless `biased`, the features have mean 0 and standard deviation 1 for normally
    distributed input.
    """
    x = tf.atan(x)
    if biased:
        return tf.concat([x / 0.67, x**2 / 0.6], axis=-1)
    return tf.concat([x / 0.67, (x**2 - 0.45) / 0.396], axis=-1)


def _relu_normalized_activation(x: Any) -> Any:
    """Return a ReLU of mean 0 and standard deviation 1 for normal input."""
    return (tf.nn.relu(x) - 0.40) / 0.58


def cppn(
    width: int,
    batch: int = 1,
    num_output_channels: int = 3,
    num_hidden_channels: int = 24,
    num_layers: int = 8,
    activation_func: Callable[[Any], Any] = _composite_activation,
    normalize: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
) -> ImageTensor:
    """Return images drawn by a small network, `[batch, width, width, channels]`.

    Best without transforms and with a learning rate of about 0.005. The variables
    do not depend on `width`: render a finished run again at any size.

    Args:
        width: height and width, in pixels.
        batch: how many images, all the same.
        num_output_channels: of the images.
        num_hidden_channels: of every hidden layer.
        num_layers: how many hidden layers.
        activation_func: between them; may change the number of channels.
        normalize: normalise every hidden layer over the image first.

    Raises:
        ParameterizationError: a number below 1.

    Example:
        >>> render_vis(model, "mixed4a:30", lambda: param.cppn(128), transforms=[])
    """
    counts = (width, batch, num_output_channels, num_hidden_channels, num_layers)
    if min(counts) < 1:
        raise ParameterizationError(f"cppn{counts}: expected numbers of at least 1")
    # Uniform numbers between -sqrt(3) and sqrt(3) have standard deviation 1.
    line = np.linspace(-math.sqrt(3), math.sqrt(3), width, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    t: Any = tf.constant(np.stack([x, y], axis=-1).reshape(-1, 2))
    for _ in range(num_layers):
        fan_in = int(t.shape[-1])
        t = tf.matmul(t, variable(_scaled(fan_in, num_hidden_channels)))
        t += variable(normal([num_hidden_channels], 0.1))
        if normalize:
            mean, variance = tf.nn.moments(t, axes=[0])
            t = (t - mean) / tf.sqrt(variance + 1e-6)
        t = activation_func(t)
    shape = (int(t.shape[-1]), num_output_channels)
    # Zero weights: the first image is one colour.
    t = tf.matmul(t, variable(lambda rng: np.zeros(shape, np.float32)))
    t += variable(normal([num_output_channels], 0.1))
    image = tf.reshape(tf.sigmoid(t), [1, width, width, num_output_channels])
    return tf.tile(image, [batch, 1, 1, 1])


def _scaled(fan_in: int, fan_out: int) -> Init:
    """Return an `init` with variance 1 / fan_in, cut off at two deviations."""

    def init(rng: np.random.Generator) -> np.ndarray:
        values = rng.standard_normal((fan_in, fan_out))
        while (far := np.abs(values) > 2).any():
            values[far] = rng.standard_normal(int(far.sum()))
        return (values / _TRUNCATED_SD / math.sqrt(fan_in)).astype(np.float32)

    return init
