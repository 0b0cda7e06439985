"""What the tests of parameterizations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.optvis.param.variables import Parameterization, Variables


def made(
    function: Callable[[], Any], seed: int = 3, *, check: bool = True
) -> tuple[list[np.ndarray], Any]:
    """Return a parameterization's first variables and what they look like."""
    if not check:  # not an image
        return [], function().numpy()
    parameterization = Parameterization(function)
    variables = parameterization.init(seed)
    image = parameterization.to_image(variables).numpy()
    return [variable.numpy() for variable in variables], image


def smooth_photo(height: int, width: int) -> np.ndarray:
    """Return an image as smooth and as colourful as a photo, `[h, w, 3]`."""
    y, x = np.mgrid[:height, :width]
    red = 0.5 + 0.3 * np.sin(x / 11) * np.cos(y / 7)
    green = 0.45 + 0.3 * np.cos(x / 17 + y / 13)
    blue = 0.4 + 0.25 * np.sin((x + 2 * y) / 19)
    blue[height // 3 : height // 2, width // 3 : width // 2] += 0.2  # an edge
    return np.stack([red, green, blue], axis=-1).astype(np.float32)


def fitted(
    function: Callable[[], Any],
    photo: np.ndarray,
    steps: int = 1000,
    learning_rate: float = 0.05,
) -> float:
    """Return the mean error after fitting a parameterization to a photo by Adam."""
    from lucid_widgets.optvis.optimizers import adam

    optimizer = adam()
    parameterization = Parameterization(function)
    variables = parameterization.init(0)
    slots = optimizer.init(variables)
    target = tf.constant(photo)

    def loss(variables: Variables) -> Any:
        image = parameterization.to_image(variables)
        return tf.reduce_mean((image - target) ** 2), image

    @tf.function(autograph=False)
    def steps_of(variables: Variables, slots: Any, first: Any) -> Any:
        def step(i: Any, variables: Variables, slots: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(variables)
                value, _ = loss(variables)
            gradients = tape.gradient(value, variables)
            rate = learning_rate * tf.minimum(1.0, 4.0 * (1.0 - i / steps))
            return i + 1, *optimizer.update(variables, gradients, slots, i, rate)

        return tf.while_loop(
            lambda i, *_: i < first + 100, step, (first, variables, slots)
        )

    for first in range(0, steps, 100):
        _, variables, slots = steps_of(variables, slots, tf.constant(first, tf.float32))
        _, image = loss(variables)
        error = float(tf.reduce_mean(tf.abs(image - target)))
        if error < 0.005:
            break
    return error
