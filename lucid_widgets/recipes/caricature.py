"""Caricatures: a photo as a layer sees it, exaggerated.

An image is optimized so that its activations point where those of the photo point,
as far as they will go. What the layer cares about grows, and the rest goes away.
After the notebook "Feature inversion: caricatures" of Lucid.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ImageError
from lucid_widgets.frame import Frame
from lucid_widgets.misc.io import show
from lucid_widgets.optvis import param, transform
from lucid_widgets.optvis.objectives import Objective
from lucid_widgets.optvis.objectives_util import safe_sqrt
from lucid_widgets.optvis.render import frames
from lucid_widgets.optvis.settings import Hyperparameters
from lucid_widgets.shapes import Images, Pixels, ScalarTensor


def dot_compare(layer: str, batch: int = 1, cossim_pow: float = 0.0) -> Objective:
    """How well one image of the batch points where the first one points.

    The dot product of all their activations; with `cossim_pow`, times
    `max(0.1, dot / norm) ** cossim_pow`, the norm being that of the second image
    alone (Lucid's choice): then direction counts more than strength.

    Args:
        layer: the layer.
        batch: index of the image to be compared with image 0.
        cossim_pow: how much the angle matters.
    """

    def value(T: Any, power: Any) -> ScalarTensor:
        acts = T(layer)
        photo, picture = acts[0], acts[batch]
        dot = tf.reduce_sum(photo * picture)
        norm = 1e-6 + safe_sqrt(tf.reduce_sum(picture**2))
        return dot * tf.maximum(0.1, dot / norm) ** power

    return Objective(
        value,
        f"caricature {layer}",
        f"Dot Compare({layer}, {batch}, {cossim_pow})",
        numbers=[np.float32(cossim_pow)],
        structure=("dot_compare", layer, batch),
        targets=[(layer, None)],
    )


def caricature(
    img: Pixels,
    model: Any,
    layers: str | Sequence[str],
    n_steps: int = 512,
    cossim_pow: float = 0.0,
    verbose: bool = True,  # noqa: FBT001, FBT002 - Lucid's signature
    seed: int = 0,
) -> Images:
    """Return a photo, and below it what layers make of it.

    Args:
        img: the photo, `[height, width, 3]` in [0, 1]; resized to what the model
            was trained on.
        model: from `lucid_widgets.modelzoo.vision_models`.
        layers: one layer, or several: one picture for each.
        n_steps: how many updates.
        cossim_pow: 0 for the strongest exaggeration; up to 2 keeps more of the
            photo.
        verbose: show the result.
        seed: decides all that is random.

    Returns:
        `[1 + number of layers, height, width, 3]`, the photo first.

    Raises:
        ImageError: `img` is no image.
        LucidError: no such layer, or an impossible number.

    Example:
        >>> pictures = caricature(load("dog.jpg"), model, ["mixed3b", "mixed4c"])
    """
    names = [layers] if isinstance(layers, str) else list(layers)
    run = grow_caricature(
        _resized(img, model.image_shape),
        model,
        names,
        n_steps=n_steps,
        cossim_pow=cossim_pow,
        seed=seed,
    )
    images = deque(run, maxlen=1).pop().images
    if verbose:
        show(np.hstack([*images]))
    return images


def grow_caricature(
    photo: Pixels,
    model: Any,
    layers: Sequence[str],
    *,
    n_steps: int = 512,
    cossim_pow: float | Callable[[], float] = 0.0,
    seed: int = 0,
    state: Any = None,
) -> Generator[Frame, None, None]:
    """Return an iterator over caricatures that grow.

    Args:
        photo: `[height, width, 3]` in [0, 1], as the model is to see it.
        model: from `lucid_widgets.modelzoo.vision_models`.
        layers: one picture for each.
        n_steps: how many updates in all.
        cossim_pow: see `dot_compare`; a function is asked before every update, so that
            the running optimization can be changed.
        seed: decides all that is random.
        state: go on from a frame's `state`, of the same photo and layers.

    Yields:
        A `Frame` for each update; its images are the photo, and one for each layer.

    Raises:
        LucidError: no such layer, or an impossible number.
    """
    height, width = photo.shape[:2]

    def objective(power: float) -> Objective:
        return Objective.sum(
            [dot_compare(name, i + 1, power) for i, name in enumerate(layers)]
        )

    def photo_and_pictures() -> Any:
        pictures = param.image(width, height, batch=len(layers))
        return tf.concat([photo[np.newaxis], pictures], axis=0)

    power = cossim_pow if callable(cossim_pow) else lambda: cossim_pow
    return frames(
        model,
        objective(power()),
        photo_and_pictures,
        transforms=_TRANSFORMS,
        seed=seed,
        steps=n_steps,
        state=state,
        live=lambda: (objective(power()), Hyperparameters()),
    )


feature_inversion = caricature

# Gentler than the standard set: the photo should stay recognisable. One draw is
# shared by the batch, so that photo and pictures are moved alike.
_TRANSFORMS = [
    transform.pad(8, mode="constant", constant_value=0.5),
    transform.jitter(8),
    transform.random_scale([0.9, 0.95, 1, 1, 1, 1.05, 1.1]),
    transform.random_rotate([*range(-5, 6), *[0] * 5]),
    transform.jitter(2),
]


def _resized(img: Any, shape: Sequence[int]) -> np.ndarray:
    array = np.asarray(img, np.float32)
    proper = array.ndim == 3 and array.shape[-1] == 3 and array.size
    if not proper or not (abs(array - 0.5) <= 0.51).all():
        raise ImageError(
            f"img has shape {array.shape}; expected a photo [height, width, 3] with "
            "values in [0, 1], as load() gives"
        )
    resized = tf.image.resize(array, list(shape[:2]), antialias=True)
    return np.clip(resized.numpy(), 0, 1)
