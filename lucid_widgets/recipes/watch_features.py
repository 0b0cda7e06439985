"""WatchFeatures: see features grow while a Keras model is being trained.

A callback for `fit`. Every few epochs the pictures of a fixed set of units are improved
by some updates, starting from where they were: a filmstrip across training time. Nothing
of the training is touched: weights are only read, random numbers are the engine's own,
and the time it may take is bounded.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.io.tiling import tile
from lucid_widgets.modelzoo.keras_model import from_keras
from lucid_widgets.optvis import param
from lucid_widgets.optvis.objectives import as_objective
from lucid_widgets.optvis.plan import Plan, plan
from lucid_widgets.optvis.settings import STEPS, RenderSettings, setting
from lucid_widgets.optvis.step import State, hyperparameter_tensors, number_tensors
from lucid_widgets.recipes.neuron_interaction import of_pictures
from lucid_widgets.shapes import Images, Pixels

log = logging.getLogger(__name__)

MAX_UNITS = 64


@dataclass(frozen=True)
class Watched:
    """What units looked like at one time of the training.

    Args:
        epoch: how many epochs had been done; 0 before the first.
        images: `[units, height, width, channels]` in [0, 1].
        updates: how many updates went into them this time.
    """

    epoch: int
    images: Images
    updates: int


class WatchFeatures(keras.callbacks.Callback):
    """Renders a fixed set of units every few epochs of `fit`.

    Args:
        units: "layer:channel", or any objectives; 1 to 64.
        every: render after so many epochs.
        n_steps: how many updates at a time; fewer, where `budget` does not allow them.
        size: of a picture in pixels: a side, or `(height, width)`.
        budget: the most time that rendering may take, as a fraction of the time that
            training took since the last rendering; at least one update is done. The
            pictures before the first epoch, and compiling, do not count.
        seed: decides all that is random.
        image_value_range: the values that black and white become for the model; left
            out, inferred from its layers; see `from_keras`.
        on_render: called with `self` after every rendering, such as to show
            `self.filmstrip()`.

    Attributes:
        history: a list of `Watched`, one for every rendering.

    Raises:
        SettingError: an impossible number, or no units.
        LucidError: when training begins: no such layer or channel.

    Example:
        >>> watch = WatchFeatures(["conv2:3", "conv2:8"], image_value_range=(0, 1))
        >>> model.fit(x, y, epochs=10, callbacks=[watch])
        >>> show(watch.filmstrip())
    """

    def __init__(
        self,
        units: Sequence[Any],
        *,
        every: int = 1,
        n_steps: int = 32,
        size: int | tuple[int, int] = 64,
        budget: float = 0.25,
        seed: int = 0,
        image_value_range: tuple[Any, Any] | None = None,
        on_render: Callable[[WatchFeatures], Any] | None = None,
    ) -> None:
        super().__init__()
        if isinstance(units, str) or not 1 <= len(units) <= MAX_UNITS:
            raise SettingError(
                f"units is {units!r:.100}; expected a list of 1 to {MAX_UNITS}, such "
                "as ['conv2:3']"
            )
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise SettingError(
                f"every is {every!r}; expected a number of epochs from 1"
            )
        if isinstance(budget, bool) or not budget > 0:
            raise SettingError(f"budget is {budget!r}; expected a fraction above 0")
        self._objectives = [as_objective(unit) for unit in units]
        self._settings = RenderSettings(size=size, batch=len(units))
        self._every, self._budget = every, float(budget)
        self._n_steps = STEPS.check("n_steps", n_steps, int)
        self._seed = setting("seed").check("seed", seed, int)
        self._range = image_value_range
        self._on_render = on_render
        self._plan: Plan | None = None
        self._trained = 0.0
        self._begun = 0.0
        self._seconds_per_update = 0.0
        self._variables: Any = None
        self._epochs = 0
        self.history: list[Watched] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Check the units, and render what they are before training."""
        del logs
        if self._plan is None or self._plan.step.structure.model.keras_model is not (
            self.model
        ):
            self._plan = self._planned()
            self._variables = self._plan.start.variables
            self._render(self._n_steps)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock."""
        del epoch, logs
        self._begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Render, if it is time."""
        del logs, epoch
        self._trained += time.perf_counter() - self._begun
        self._epochs += 1
        if self._epochs % self._every:
            return
        allowed = self._budget * self._trained / max(self._seconds_per_update, 1e-6)
        self._render(max(1, min(self._n_steps, int(allowed))))
        self._trained = 0.0

    def filmstrip(self) -> Pixels:
        """Return all pictures as one: a row for each unit, a column for each time.

        Raises:
            SettingError: nothing was rendered yet.
        """
        if not self.history:
            raise SettingError("nothing was rendered yet; train the model first")
        images = np.stack([watched.images for watched in self.history], axis=1)
        return tile(images.reshape(-1, *images.shape[2:]), images.shape[1])

    @property
    def epochs(self) -> NDArray[np.int32]:
        """Epochs done at each rendering."""
        return np.array([watched.epoch for watched in self.history], np.int32)

    def _planned(self) -> Plan:
        model = from_keras(self.model, self._range)
        settings, channels = self._settings, model.image_shape[-1]

        def pictures() -> Any:
            return param.image(
                settings.width,
                settings.height,
                batch=settings.batch,
                channels=None if channels == 3 else channels,
            )

        objective = of_pictures([[unit] for unit in self._objectives])
        return plan(model, objective, pictures, settings=settings, seed=self._seed)

    def _render(self, updates: int) -> None:
        made = self._plan
        assert made is not None
        numbers = number_tensors(made.objective.numbers)
        hyper = hyperparameter_tensors(made.hyperparameters)
        # From where the pictures were, with the memory of the optimizer empty: the
        # model is another one now.
        state = State(self._variables, made.start.slots, 0, self._seed)
        seconds = []
        for _ in range(updates):
            begun = time.perf_counter()
            state, values = made.step.update(state, numbers, hyper)
            values.numpy()
            seconds.append(time.perf_counter() - begun)
        self._seconds_per_update = float(np.median(seconds))
        images = made.step.images(state)
        if np.isfinite(images).all():
            self._variables = state.variables
        else:
            log.warning("epoch %d: the activations are not finite", self._epochs)
            images = made.step.images(
                State(self._variables, state.slots, 0, self._seed)
            )
        self.history.append(Watched(self._epochs, images, updates))
        if self._on_render is not None:
            self._on_render(self)
