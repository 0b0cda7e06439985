"""Pictures of directions in a layer's channel space, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis import objectives
from lucid_widgets.optvis.many import render_many
from lucid_widgets.optvis.settings import RenderSettings
from lucid_widgets.shapes import Images

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


def direction_icons(
    model: Model,
    layer: str,
    directions: ArrayLike,
    *,
    size: int | tuple[int, int] = 96,
    n_steps: int = 128,
    cossim_pow: float = 1.0,
    transforms: Sequence[Any] | None = None,
    seed: int = 0,
) -> Images:
    """Return a picture of each direction.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        layer: the layer.
        directions: `[n, channels]`; only where they point counts, not how far.
        size: of a picture in pixels: a side, or `(height, width)`.
        n_steps: how many updates.
        cossim_pow: how much the angle matters, against strength.
        transforms: a list of transforms; left out, the standard set.
        seed: decides all that is random.

    Returns:
        `[n, height, width, channels]` in [0, 1].

    Raises:
        LayerNotFoundError: no such layer.
        ObjectiveError: the directions do not fit the layer, or are not finite.
        SettingError: an impossible number.

    Example:
        >>> direction_icons(model, "mixed4a", np.eye(224)[[3, 5]]).shape
        (2, 96, 96, 3)
    """
    vectors = unit_vectors(model, layer, directions)
    settings = RenderSettings(size=size)
    wanted = [objectives.direction(layer, v, cossim_pow) for v in vectors]
    shape = (len(vectors), settings.height, settings.width, model.image_shape[-1])
    icons = np.empty(shape, np.float32)
    for index, frame in render_many(
        model,
        wanted,
        transforms=None if transforms is None else list(transforms),
        settings=settings if shape[-1] == 3 else _channels(settings, shape[-1]),
        steps=n_steps,
        seed=seed,
    ):
        icons[index] = frame.images[0]
    return icons


def _channels(settings: RenderSettings, channels: int) -> RenderSettings:
    return RenderSettings(size=settings.size, channels=channels)


def unit_vectors(
    model: Model, layer: str, directions: ArrayLike
) -> NDArray[np.float32]:
    """Return directions `[n, channels]` with length 1; zeros stay zeros.

    Raises:
        LayerNotFoundError: no such layer.
        ObjectiveError: they do not fit the layer, or are not finite.
    """
    depth = model.depth_of(model.canonical_name(layer))
    array = np.asarray(directions, np.float32)
    proper = array.ndim == 2 and len(array) and depth in (None, array.shape[-1])
    if not proper or not np.isfinite(array).all():
        raise ObjectiveError(
            f"directions have shape {array.shape}; expected finite numbers "
            f"[n, {depth}]: one for each channel of {layer}"
        )
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    return array / np.maximum(lengths, 1e-12)
