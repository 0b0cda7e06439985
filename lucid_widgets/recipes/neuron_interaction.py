"""Neuron interaction: what do two channels like together, for every pair of several?

A grid of pictures: on the diagonal each unit alone, elsewhere the sum of two. A pair's
picture is built on those of its units, which only they themselves change, so that the
grid is aligned: what is new in a pair is what the two do to each other. After Lucid's
notebook "Neuron interaction grids".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.misc.io.tiling import tile
from lucid_widgets.optvis import param
from lucid_widgets.optvis.objectives import Objective, as_objective
from lucid_widgets.optvis.objectives_util import view
from lucid_widgets.optvis.param.spatial import fft_image
from lucid_widgets.optvis.param.variables import Parameterization
from lucid_widgets.optvis.render import frames
from lucid_widgets.optvis.settings import STEPS, RenderSettings
from lucid_widgets.shapes import Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

MAX_UNITS = 8


@dataclass(frozen=True)
class InteractionGrid:
    """Pictures of all pairs of units.

    Args:
        units: descriptions of the units.
        images: `[units, units, height, width, channels]` in [0, 1]; row and column
            say which two; symmetric.
    """

    units: tuple[str, ...]
    images: NDArray[np.float32]

    def sheet(self) -> Pixels:
        """Return all pictures as one."""
        count = len(self.units)
        return tile(self.images.reshape(-1, *self.images.shape[2:]), count)


def interaction_grid(
    model: Model,
    units: Sequence[Any],
    *,
    size: int | tuple[int, int] = 96,
    n_steps: int = 128,
    seed: int = 0,
) -> InteractionGrid:
    """Return pictures of all pairs of units, aligned with each other.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        units: 2 to 8 of them: "layer:channel", or any objective about all images.
        size: of a picture in pixels: a side, or `(height, width)`.
        n_steps: how many updates.
        seed: decides all that is random.

    Raises:
        ObjectiveError: too few or too many units.
        LucidError: no such layer or channel, or an impossible number.

    Example:
        >>> grid = interaction_grid(model, ["mixed4a:55", "mixed4a:203", "mixed4a:44"])
        >>> show(grid.sheet())
    """
    if isinstance(units, str) or not 2 <= len(units) <= MAX_UNITS:
        raise ObjectiveError(
            f"units is {units!r:.100}; expected a list of 2 to {MAX_UNITS} units, such "
            "as ['mixed4a:55', 'mixed4a:203']"
        )
    STEPS.check("n_steps", n_steps, int)
    wanted = [as_objective(unit) for unit in units]
    pairs = [(a, b) for a in range(len(wanted)) for b in range(a, len(wanted))]
    settings = RenderSettings(size=size, batch=len(pairs))
    shape = (settings.height, settings.width, model.image_shape[-1])
    run = frames(
        model,
        of_pictures([[wanted[a], wanted[b]][: 1 + (a != b)] for a, b in pairs]),
        Parameterization(lambda: _pictures(len(wanted), pairs, shape)),
        seed=seed,
        steps=n_steps,
    )
    last = deque(run, maxlen=1).pop()
    images = np.empty((len(wanted), len(wanted), *shape), np.float32)
    for (a, b), picture in zip(pairs, last.images, strict=True):
        images[a, b] = images[b, a] = picture
    return InteractionGrid(tuple(o.description for o in wanted), images)


def _pictures(
    units: int, pairs: Sequence[tuple[int, int]], shape: tuple[int, int, int]
) -> Any:
    alone = fft_image((units, *shape))
    together = fft_image((len(pairs) - units, *shape)) if len(pairs) > units else None
    kept, t, own = tf.stop_gradient(alone), [], 0
    for a, b in pairs:
        if a == b or together is None:
            t.append(alone[a])
            continue
        t.append((kept[a] + kept[b]) / 2 + together[own])
        own += 1
    stacked = tf.stack(t)
    if shape[-1] == 3:
        return param.to_valid_rgb(stacked, decorrelate=True, sigmoid=True)
    return tf.sigmoid(stacked)


def of_pictures(shown: Sequence[Sequence[Objective]]) -> Objective:
    """Return an objective: each picture of a batch is worth the sum of its own units.

    Args:
        shown: for each picture the objectives that it is to show.
    """

    def value(T: Any) -> Any:
        values = [
            tf.reduce_sum(unit(view(T, None, place)))
            for place, units in enumerate(shown)
            for unit in units
        ]
        return tf.add_n(values)

    units = [unit for units in shown for unit in units]
    return Objective(
        value,
        "pictures",
        targets=[target for unit in units for target in unit.targets],
        classes=[name for unit in units for name in unit.classes],
    )
