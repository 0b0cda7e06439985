"""Icons for an atlas: directions at the middle of a layer, many at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from lucid_widgets.errors import ObjectiveError, SettingError
from lucid_widgets.optvis import objectives, param, transform
from lucid_widgets.optvis import objectives_util as util
from lucid_widgets.optvis.many import render_many
from lucid_widgets.optvis.objectives import Objective
from lucid_widgets.shapes import Images, Pixels, ScalarTensor

BORDER = 5
"""Pixels at the border of an icon that are kept calm."""


def direction_neuron_S(  # noqa: N802 - Lucid's name
    layer_name: str,
    vec: ArrayLike,
    batch: int | None = None,
    x: int | None = None,
    y: int | None = None,
    S: ArrayLike | None = None,
) -> Objective:
    """A direction at one position, through a matrix: `direction_neuron_cossim_S` plain.

    Takes the same arguments, apart from `cossim_pow`.
    """
    return direction_neuron_cossim_S(layer_name, vec, batch, x, y, 0, S)


def direction_neuron_cossim_S(  # noqa: N802 - Lucid's name
    layer_name: str,
    vec: ArrayLike,
    batch: int | None = None,
    x: int | None = None,
    y: int | None = None,
    cossim_pow: float = 1,
    S: ArrayLike | None = None,
) -> Objective:
    """A direction in channel space at one position, seen through a matrix.

    The value is `dot * max(0.1, cos) ** cossim_pow`, where `dot` is the mean over
    channels of the activations times `vec @ S`, and `cos` is `dot` divided by the
    length of the activation vector (and 1e-4): Lucid's choice.

    Args:
        layer_name: the layer.
        vec: the direction, `[channels]`.
        batch: index of one image; left out, the mean over the batch.
        x: row, from 0; left out, height // 2.
        y: column, from 0; left out, width // 2.
        cossim_pow: how much the angle matters.
        S: `[channels, channels]`, such as the inverse covariance of the layer, which
            lets count what is rare; left out, the direction is taken as it is.

    Raises:
        ObjectiveError: `vec` and `S` do not go together.
    """
    direction = np.asarray(vec, np.float32)
    util.check_rank(direction, 1, "direction_neuron_cossim_S: vec", "[channels]")
    if S is not None:
        matrix = np.asarray(S, np.float32)
        if matrix.ndim != 2 or len(matrix) != len(direction):
            raise ObjectiveError(
                f"S has shape {matrix.shape}; expected [{len(direction)}, channels]"
            )
        direction = direction @ matrix

    def value(T: Any, direction: Any) -> ScalarTensor:
        acts = util.at_position(util.view(T, "NHWC", batch)(layer_name), x, y)
        dot = tf.reduce_mean(acts * direction, axis=-1)
        if cossim_pow == 0:
            return tf.reduce_mean(dot)
        lengths = 1e-4 + util.safe_sqrt(tf.reduce_sum(acts**2, axis=-1))
        return tf.reduce_mean(dot * tf.maximum(dot / lengths, 0.1) ** cossim_pow)

    return Objective(
        value,
        "direction_neuron_cossim_S",
        util.describe("direction_neuron_cossim_S", (layer_name,), {}),
        numbers=[direction],
        structure=("direction_neuron_cossim_S", layer_name, batch, x, y, cossim_pow),
        targets=[(layer_name, None)],
    )


def icon_transforms(size: int) -> list[Any]:
    """Return Lucid's transforms for icons: long jitter, a slow shrinking, many angles."""
    return [
        transform.pad(16, mode="constant"),
        *(transform.jitter(d) for d in (4, 4, 8, 8, 8)),
        transform.random_scale([0.998**n for n in range(20, 40)]),
        transform.random_rotate(
            [*range(-20, 20), *range(-10, 10), *range(-5, 5), *[0] * 5]
        ),
        transform.jitter(2),
        transform.crop_or_pad_to(size, size),
    ]


def render_icons(
    directions: ArrayLike,
    model: Any,
    layer: str,
    size: int = 80,
    n_steps: int = 128,
    verbose: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
    S: ArrayLike | None = None,
    num_attempts: int = 3,
    cossim: bool = True,  # noqa: FBT001, FBT002
    alpha: bool = False,  # noqa: FBT001, FBT002
    *,
    batch: int | None = None,
    seed: int = 0,
) -> tuple[Images, list[Any]]:
    """Return an icon of each direction, with Lucid's call.

    Args:
        directions: `[n, channels]`.
        model: from `lucid_widgets.modelzoo.vision_models`.
        layer: the layer.
        size: side of an icon, in pixels.
        n_steps: how many updates.
        verbose: has no effect.
        S: see `direction_neuron_cossim_S`.
        num_attempts: how often each is tried, from another start; the best is kept.
        cossim: whether the angle matters.
        alpha: optimize transparency too; icons come on black.
        batch: icons made together; left out, as many as suit.
        seed: decides all that is random.

    Returns:
        `(icons, [])`, the icons `[n, size, size, 3]` in [0, 1]; the list was always
        empty in Lucid, too.

    Raises:
        LucidError: no such layer, or an impossible number.
    """
    del verbose
    icons: dict[int, Pixels] = {}
    for index, icon in rendering_icons(
        directions,
        model,
        layer,
        size=size,
        n_steps=n_steps,
        S=S,
        num_attempts=num_attempts,
        cossim_pow=2 if cossim else 0,
        alpha=alpha,
        batch=batch,
        seed=seed,
    ):
        icons[index] = icon
    return np.stack([icons[index] for index in range(len(icons))]), []


def rendering_icons(
    directions: ArrayLike,
    model: Any,
    layer: str,
    *,
    size: int = 80,
    n_steps: int = 128,
    S: ArrayLike | None = None,
    num_attempts: int = 1,
    cossim_pow: float = 2,
    alpha: bool = False,
    batch: int | None = None,
    seed: int = 0,
) -> Generator[tuple[int, Pixels], None, None]:
    """Return an iterator over icons, as they get ready; see `render_icons`.

    Yields:
        `(index, icon)`: which direction, and its icon; again when a later attempt was
        better.
    """
    vectors = np.asarray(directions, np.float32)
    if vectors.ndim != 2 or not len(vectors) or not np.isfinite(vectors).all():
        raise ObjectiveError(
            f"directions have shape {vectors.shape}; expected finite numbers "
            "[n, channels], at least one"
        )
    if isinstance(num_attempts, bool) or not 1 <= num_attempts <= 100:
        raise SettingError(f"num_attempts is {num_attempts!r}; expected 1 to 100")
    # Lucid subtracts the sum over the border, several hundred where the direction gives
    # ten at most: what is not found at once then stays grey. Here it is the mean.
    border = 3 * (size**2 - max(0, size - 2 * BORDER) ** 2)
    calm = objectives.penalize_boundary_complexity([1, size, size, 3], w=BORDER)
    calm = (1 / border) * calm
    wanted = [
        direction_neuron_cossim_S(layer, vector, cossim_pow=cossim_pow, S=S) + calm
        for vector in vectors
    ]
    # All that can be checked is checked here, before the first icon.
    runs = [
        render_many(
            model,
            wanted,
            lambda: param.image(size, alpha=alpha),
            transforms=[
                *([transform.collapse_alpha_random()] if alpha else []),
                *icon_transforms(size),
            ],
            steps=n_steps,
            batch=batch,
            seed=seed + attempt,
        )
        for attempt in range(num_attempts)
    ]
    return _best(runs)


def _best(runs: list[Any]) -> Generator[tuple[int, Pixels], None, None]:
    best: dict[int, float] = {}
    for run in runs:
        for index, frame in run:
            if frame.objective > best.get(index, -np.inf) or index not in best:
                best[index] = frame.objective
                yield index, _on_black(frame.images[0])


def _on_black(icon: Pixels) -> Pixels:
    if icon.shape[-1] != 4:
        return icon
    # Lucid's: a little of what is transparent shines through.
    return (icon[..., :3] * (0.2 + 0.8 * icon[..., 3:])).astype(np.float32)
