"""DeepDream: a photo, and more of whatever a layer sees in it.

Plain gradient ascent on the pixels, from small to large: structures found in a small
version grow details in the next larger one ("octaves"). After Mordvintsev, Olah &
Tyka, "Inceptionism: Going Deeper into Neural Networks" (Google Research Blog, 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.optvis.objectives import Objective, as_objective
from lucid_widgets.optvis.objectives import deepdream as _everything
from lucid_widgets.optvis.settings import STEPS
from lucid_widgets.optvis.step import check_targets
from lucid_widgets.optvis.tiling import tiled_gradient
from lucid_widgets.shapes import Pixels


def deepdream(
    img: Pixels,
    model: Any,
    objective: Any,
    n_steps: int = 10,
    octaves: int = 4,
    octave_scale: float = 1.4,
    step_size: float = 0.01,
    tile: int = 512,
    seed: int = 0,
    on_octave: Callable[[Pixels], None] | None = None,
) -> Pixels:
    """Return a photo in which a model has found more than there was.

    Memory is bounded by `tile`, whatever the size of the photo.

    Args:
        img: the photo, `[height, width, 3]` in [0, 1], of any size.
        model: from `lucid_widgets.modelzoo.vision_models`.
        objective: the name of a layer, for all it sees; "layer:n"; an `Objective`.
        n_steps: updates for each octave.
        octaves: how many sizes, the last being that of the photo.
        octave_scale: each size is so many times the one before, above 1.
        step_size: by how much the average pixel changes in an update, of 1.
        tile: the longest side of what the model sees at once, in pixels.
        seed: decides where the seams of tiles lie.
        on_octave: called with the image after every octave.

    Returns:
        `[height, width, 3]` in [0, 1].

    Raises:
        ImageError: `img` is no photo.
        LucidError: no such layer, or an impossible number.

    Example:
        >>> dream = deepdream(load("sky.jpg"), model, "mixed4c")
    """
    photo = _checked(img)
    wanted = _objective(model, objective)
    check_targets(model, wanted)
    STEPS.check("n_steps", n_steps, int)
    if octaves < 1 or octave_scale <= 1 or step_size <= 0 or tile < 16:
        raise SettingError(
            f"octaves={octaves}, octave_scale={octave_scale}, step_size={step_size}, "
            f"tile={tile}; expected at least 1, above 1, above 0, and at least 16"
        )
    gradient = _gradient_of(model, wanted)
    rng = np.random.default_rng(seed)
    detail = np.zeros_like(photo)
    dream = photo
    for octave in reversed(range(octaves)):
        size = [max(16, int(n / octave_scale**octave)) for n in photo.shape[:2]]
        base = _resized(photo, size)
        dream = np.clip(base + _resized(detail, size), 0, 1)
        for _ in range(n_steps):
            offset = (int(rng.integers(size[0])), int(rng.integers(size[1])))
            step = tiled_gradient(gradient, dream, tile, offset)
            scale = step_size / (np.abs(step).mean() + 1e-12)
            dream = np.clip(dream + scale * step, 0, 1)
        detail = dream - base
        if on_octave is not None:
            on_octave(dream)
    return dream


def _checked(img: Any) -> np.ndarray:
    photo = np.asarray(img, np.float32)
    proper = photo.ndim == 3 and photo.shape[-1] == 3 and min(photo.shape) > 0
    if not proper or min(photo.shape[:2]) < 16 or not (abs(photo - 0.5) <= 0.51).all():
        raise ImageError(
            f"img has shape {photo.shape}; expected a photo [height, width, 3] of at "
            "least 16 x 16 px with values in [0, 1], as load() gives"
        )
    return photo


def _objective(model: Any, objective: Any) -> Objective:
    if isinstance(objective, str) and objective in model.layer_names:
        return _everything(objective)
    return as_objective(objective)


def _gradient_of(model: Any, objective: Objective) -> Callable[[Pixels], Pixels]:
    """Return the gradient of an objective at a tile, scaled to a deviation of 1."""

    @tf.function(autograph=False, reduce_retracing=False)
    def compiled(tile: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(tile)
            T = model.import_graph(tile[tf.newaxis])
            T["labels"], T["global_step"] = model.labels, tf.constant(0)
            value = tf.reduce_sum(tf.cast(objective(T), tf.float32))
        gradient = tape.gradient(
            value, tile, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        # Tiles with little in them get their share, too.
        return gradient / (tf.math.reduce_std(gradient) + 1e-12)

    return lambda tile: compiled(tf.constant(tile)).numpy()


def _resized(image: np.ndarray, size: list[int]) -> np.ndarray:
    if list(image.shape[:2]) == size:
        return image
    return tf.image.resize(image, size, antialias=True).numpy()
