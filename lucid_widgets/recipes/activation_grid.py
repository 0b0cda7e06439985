"""Activation grid: every position of a layer drawn as what it sees.

The activations of one position are a direction in the layer's channel space; the
picture that points the same way shows what the layer knows about that place of the
photo. After Olah et al., "The Building Blocks of Interpretability" (Distill, 2018).

A layer may have thousands of positions. Two things keep that within reach:

- The network sees a few positions at a time; all have their turn before any has the
  next, so the whole grid sharpens together. What waits are spectra in plain arrays.
- Neighbours share half of what they are made of: a coarse grid of pictures, blended
  between, which all its neighbours improve. Pictures come out faster, and alike where
  the layer sees alike.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.io.tiling import tile
from lucid_widgets.optvis import objectives, param, transform
from lucid_widgets.optvis.param.spatial import fft_image, rfft2d_freqs
from lucid_widgets.optvis.param.variables import Parameterization, normal, variable
from lucid_widgets.optvis.plan import Plan, plan
from lucid_widgets.optvis.settings import (
    STEPS,
    Hyperparameters,
    RenderSettings,
    setting,
)
from lucid_widgets.optvis.step import State, hyperparameter_tensors, number_tensors
from lucid_widgets.recipes.positions import Seen, cell_box, look
from lucid_widgets.shapes import Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

MAX_CELLS = 4096

# How much of a picture is its own, and how much its neighbourhood's; Lucid's numbers.
_OWN, _SHARED = 0.7, 0.5
# So many pixels around each icon are drawn and cut off: near the edge, where jitter
# often hides them, they mean little.
_RIM = 3
# So many positions along each axis share a picture.
_REACH = 4


@dataclass(frozen=True)
class ActivationGrid:
    """A picture for every position of a layer.

    Args:
        layer: name of the layer.
        photo: as the model saw it, `[height, width, channels]` in [0, 1].
        icons: `[rows, columns, icon height, icon width, channels]` in [0, 1].
        norms: float32 `[rows, columns]`, length of the activation vector.
        progress: how much of the work is done, from 0 to 1.
    """

    layer: str
    photo: Pixels
    icons: NDArray[np.float32]
    norms: NDArray[np.float32]
    progress: float

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.icons.shape[0], self.icons.shape[1]

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Return what lies under an icon: `(top, left, bottom, right)` of `photo`.

        Raises:
            SettingError: no such icon.
        """
        return cell_box(self.photo.shape, self.grid, row, column)

    def sheet(self, *, by_norm: bool = False) -> Pixels:
        """Return all icons as one picture.

        Args:
            by_norm: fade icons to white where the activation is weak: the strongest
                stays as it is.
        """
        icons = self.icons
        if by_norm:
            strength = (self.norms / max(self.norms.max(), 1e-12)) ** 0.5
            icons = 1 - strength[..., None, None, None] * (1 - icons)
        return tile(icons.reshape(-1, *icons.shape[2:]), self.grid[1])


def activation_grid(
    model: Model, image: Any, layer: str, **options: Any
) -> ActivationGrid:
    """Return a picture for every position of a layer.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        image: a photo: a file, an array, a PIL image; see `photos.as_photo`.
        layer: the layer.
        **options: see `grow_activation_grid`.

    Raises:
        LucidError: see `grow_activation_grid`.

    Example:
        >>> grid = activation_grid(model, "dog.jpg", "mixed4a")
        >>> show(grid.sheet())
    """
    return deque(grow_activation_grid(model, image, layer, **options), maxlen=1).pop()


def grow_activation_grid(
    model: Model,
    image: Any,
    layer: str,
    *,
    size: int | tuple[int, int] | None = None,
    icon_size: int = 48,
    n_steps: int = 64,
    batch_size: int = 32,
    subsample: int = 1,
    cossim_pow: float = 1.0,
    lr: float = 0.05,
    seed: int = 0,
) -> Generator[ActivationGrid, None, None]:
    """Return an iterator over an activation grid that sharpens.

    Arguments are checked at once. Closing it ends the work.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        image: a photo: a file, an array, a PIL image; see `photos.as_photo`.
        layer: the layer.
        size: shorter side in pixels, or `(height, width)`, of what the model sees; left
            out, as it was trained. A larger size has more positions.
        icon_size: side of an icon, in pixels.
        n_steps: how many updates each icon gets.
        batch_size: how many icons the network sees at a time: what bounds memory.
        subsample: draw every second, third, ... position only, along both axes.
        cossim_pow: how much the angle to the activations matters, against strength.
        lr: the learning rate.
        seed: decides all that is random.

    Yields:
        The grid after every batch of icons; those that have not had their turn are
        grey.

    Raises:
        ImageError: `image` is no photo.
        LayerNotFoundError: no such layer.
        SettingError: an impossible number, or more than `MAX_CELLS` icons.

    Example:
        >>> for grid in grow_activation_grid(model, photo, "mixed4a"):
        ...     print(grid.progress)
    """
    STEPS.check("n_steps", n_steps, int)
    setting("seed").check("seed", seed, int)
    for name, value in (("batch_size", batch_size), ("subsample", subsample)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SettingError(f"{name} is {value!r}; expected a whole number from 1")
    setting("size").check("icon_size", icon_size, int)
    settings = RenderSettings(size=icon_size + 2 * _RIM, batch=min(batch_size, 64))
    seen = look(model, image, layer, size)
    offset = (subsample - 1) // 2
    acts = seen.activations[offset::subsample, offset::subsample]
    if acts.shape[0] * acts.shape[1] > MAX_CELLS:
        raise SettingError(
            f"{layer} has {acts.shape[0]} x {acts.shape[1]} positions here; expected "
            f"at most {MAX_CELLS}: choose a larger subsample, or a smaller size"
        )
    cells = _Cells(
        acts.reshape(-1, acts.shape[-1]),
        acts.shape[:2],
        settings,
        model.image_shape[-1],
        seed,
    )
    made = _planned(model, layer, cells, min(batch_size, cells.count), cossim_pow, lr)
    return _grow(seen, acts, cells, made, n_steps)


def _grow(
    seen: Seen, acts: NDArray[np.float32], cells: _Cells, made: Plan, n_steps: int
) -> Generator[ActivationGrid, None, None]:
    rng = np.random.default_rng(cells.seed)
    hyper = hyperparameter_tensors(made.hyperparameters)
    batch = len(made.objective.numbers[0])
    norms = np.linalg.norm(acts, axis=-1)
    height, width, channels = cells.icon_shape
    shape = (height - 2 * _RIM, width - 2 * _RIM, channels)
    icons = np.full((*acts.shape[:2], *shape), 0.5, np.float32)
    for step in range(n_steps):
        order = rng.permutation(cells.count)
        for first in range(0, cells.count, batch):
            # The last batch is filled up with some that have had their turn.
            chosen = order[min(first, cells.count - batch) :][:batch]
            state = cells.state(chosen, step)
            numbers = number_tensors([cells.directions[chosen]])
            state, _ = made.step.update(state, numbers, hyper)
            cells.keep(chosen, state)
            icons = icons.copy()
            images = made.step.images(state)[:, _RIM:-_RIM, _RIM:-_RIM]
            icons.reshape(-1, *shape)[chosen] = images
            turn = min(first + batch, cells.count) / cells.count
            yield ActivationGrid(
                seen.layer, seen.photo, icons, norms, (step + turn) / n_steps
            )


class _Cells:
    """What icons are made of, while they wait for their turn.

    An icon's variables are a spectrum of its own; the shared ones are those of a
    coarse grid; how they are blended does not change. The optimizer has a first and
    a second moment for each.

    Args:
        acts: `[cells, channels]`.
        grid: rows and columns.
        settings: tell the size.
        channels: of an icon.
        seed: decides the first values.
    """

    def __init__(
        self,
        acts: NDArray[np.float32],
        grid: tuple[int, ...],
        settings: RenderSettings,
        channels: int,
        seed: int,
    ) -> None:
        self.seed = seed
        self.count = len(acts)
        self.directions = (
            acts / np.maximum(np.linalg.norm(acts, axis=1), 1e-12)[:, None]
        )
        self.blend = _blend(grid)
        self.icon_shape = (settings.height, settings.width, channels)
        frequencies = rfft2d_freqs(settings.height, settings.width).shape
        rng = np.random.default_rng([seed, 1])
        shape = (2, self.count, channels, *frequencies)
        own = (0.01 * rng.standard_normal(shape)).astype(np.float32)
        self._own = [own, np.zeros_like(own), np.zeros_like(own)]
        shape = (2, self.blend.shape[1], channels, *frequencies)
        shared = tf.constant(0.01 * rng.standard_normal(shape), tf.float32)
        self._shared = [shared, tf.zeros_like(shared), tf.zeros_like(shared)]

    def parameterization(self, batch: int) -> Parameterization:
        """Return how the variables of so many icons become images."""
        shape = (batch, *self.icon_shape)
        shared_shape = (self.blend.shape[1], *self.icon_shape)

        def images() -> Any:
            own = fft_image(shape)
            shared = fft_image(shared_shape)
            blend = tf.stop_gradient(variable(normal((batch, shared_shape[0]), 1)))
            t = _OWN * own + _SHARED * tf.einsum("bs,shwc->bhwc", blend, shared)
            if shape[-1] == 3:
                return param.to_valid_rgb(t, decorrelate=True, sigmoid=True)
            return tf.sigmoid(t)

        return Parameterization(images, ("activation_grid", shape, shared_shape))

    def state(self, chosen: NDArray[np.int64], step: int) -> State:
        """Return the state of a run of the chosen icons."""
        blend = tf.constant(self.blend[chosen])
        parts = [
            (
                tf.constant(own[:, chosen]),
                shared,
                blend if i == 0 else tf.zeros_like(blend),
            )
            for i, (own, shared) in enumerate(zip(self._own, self._shared, strict=True))
        ]
        return State(parts[0], (*parts[1], *parts[2]), step, self.seed)

    def keep(self, chosen: NDArray[np.int64], state: State) -> None:
        """Put back what an update has changed."""
        values = (*state.variables, *state.slots)
        for i in range(3):
            self._own[i][:, chosen] = values[3 * i].numpy()
            self._shared[i] = values[3 * i + 1]


def _blend(grid: tuple[int, ...]) -> NDArray[np.float32]:
    """Return how much of every shared picture is in every icon, `[cells, shared]`.

    Bilinear in both axes; each row sums to 1.
    """

    def along(count: int) -> NDArray[np.float32]:
        knots = math.ceil(count / _REACH)
        where = (np.arange(count) + 0.5) / count * knots - 0.5
        distance = np.abs(np.clip(where, 0, knots - 1)[:, None] - np.arange(knots))
        return np.maximum(1 - distance, 0).astype(np.float32)

    both = np.einsum("ra,cb->rcab", along(grid[0]), along(grid[1]))
    return both.reshape(grid[0] * grid[1], -1)


def _planned(
    model: Model, layer: str, cells: _Cells, batch: int, cossim_pow: float, lr: float
) -> Plan:
    return plan(
        model,
        objectives.directions(layer, cells.directions[:batch], cossim_pow),
        cells.parameterization(batch),
        transforms=_TRANSFORMS,
        hyperparameters=Hyperparameters(learning_rate=lr),
        seed=cells.seed,
    )


# Icons are small: what would be little for a picture is much for them.
_TRANSFORMS = [
    transform.pad(4, mode="constant", constant_value=0.5),
    transform.jitter(4),
    transform.random_scale([0.95, 0.975, 1, 1.025, 1.05]),
    transform.random_rotate([*range(-5, 6), *[0] * 5]),
    transform.jitter(2),
]
