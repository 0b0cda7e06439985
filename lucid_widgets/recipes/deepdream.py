"""DeepDream: a photo, and more of whatever a layer sees in it.

Plain gradient ascent on the pixels, from small to large: structures found in a small
version grow details in the next larger one ("octaves"). After Mordvintsev, Olah &
Tyka, "Inceptionism: Going Deeper into Neural Networks" (Google Research Blog, 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.frame import Frame
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
    dream = np.asarray(img)
    for frame in grow_deepdream(
        img,
        model,
        objective,
        n_steps=n_steps,
        octaves=octaves,
        octave_scale=octave_scale,
        step_size=step_size,
        tile=tile,
        seed=seed,
    ):
        dream = frame.images[0]
        if on_octave is not None and (frame.step + 1) % n_steps == 0:
            on_octave(dream)
    return dream


def grow_deepdream(
    img: Pixels,
    model: Any,
    objective: Any,
    *,
    n_steps: int = 10,
    octaves: int = 4,
    octave_scale: float = 1.4,
    step_size: float = 0.01,
    jitter: int | None = None,
    tile: int = 512,
    seed: int = 0,
    live: Callable[[], Mapping[str, Any]] | None = None,
) -> Generator[Frame, None, None]:
    """Return an iterator over a dream that grows; see `deepdream`.

    Args:
        img: see `deepdream`.
        model: see `deepdream`.
        objective: see `deepdream`.
        n_steps: see `deepdream`.
        octaves: see `deepdream`.
        octave_scale: see `deepdream`.
        step_size: see `deepdream`.
        jitter: by how many pixels at most the picture is moved before an update, and
            back afterwards; left out, as far as it goes.
        tile: see `deepdream`.
        seed: see `deepdream`.
        live: asked before every update for other values of `objective`, `step_size` and
            `jitter`, to be used from then on.

    Yields:
        A `Frame` for each update, of one image, whose size is that of the octave.

    Raises:
        ImageError: `img` is no photo.
        LucidError: no such layer, or an impossible number.
    """
    photo = _checked(img)
    check_targets(model, _objective(model, objective))
    STEPS.check("n_steps", n_steps, int)
    if octaves < 1 or octave_scale <= 1 or step_size <= 0 or tile < 16:
        raise SettingError(
            f"octaves={octaves}, octave_scale={octave_scale}, step_size={step_size}, "
            f"tile={tile}; expected at least 1, above 1, above 0, and at least 16"
        )
    now = {"objective": objective, "step_size": step_size, "jitter": jitter}
    sizes = [
        [max(16, int(n / octave_scale**octave)) for n in photo.shape[:2]]
        for octave in reversed(range(octaves))
    ]
    return _grow(photo, model, now, sizes, n_steps, tile, seed, live)


def _grow(
    photo: np.ndarray,
    model: Any,
    now: dict[str, Any],
    sizes: list[list[int]],
    n_steps: int,
    tile: int,
    seed: int,
    live: Callable[[], Mapping[str, Any]] | None,
) -> Generator[Frame, None, None]:
    rng = np.random.default_rng(seed)
    detail = np.zeros_like(photo)
    asked: Any = None
    gradient: Any = None
    for octave, size in enumerate(sizes):
        base = _resized(photo, size)
        dream = np.clip(base + _resized(detail, size), 0, 1)
        for step in range(n_steps):
            if live is not None:
                now = {**now, **live()}
            if gradient is None or now["objective"] != asked:
                asked = now["objective"]
                gradient = _gradient_of(model, _objective(model, asked))
            move = _moved_gradient(gradient, dream, tile, now["jitter"], rng)
            scale = now["step_size"] / (np.abs(move).mean() + 1e-12)
            dream = np.clip(dream + scale * move, 0, 1)
            yield Frame(octave * n_steps + step, float("nan"), dream[np.newaxis])
        detail = dream - base


def _moved_gradient(
    gradient: Callable[[Pixels], Pixels],
    image: Pixels,
    tile: int,
    jitter: int | None,
    rng: np.random.Generator,
) -> Pixels:
    """Return the gradient of a picture that is moved at random, and moved back."""
    height, width = image.shape[:2]
    offset = (int(rng.integers(height)), int(rng.integers(width)))
    if jitter is not None:
        offset = tuple(int(n) for n in rng.integers(-jitter, jitter + 1, 2))
    return tiled_gradient(gradient, image, tile, (offset[0], offset[1]))


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
