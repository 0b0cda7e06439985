"""Icons: small pictures of many units, rendered where they are wanted, kept on disk.

    units -> in the cache?  -> Icon, at once
          -> the rest, in batches, most urgent first -> Icon, growing -> Icon, final -> cache

One compiled step serves all units of a layer: what a unit is, is a tensor (a
direction in channel space), so neither another channel nor a direction of one's own
costs a new trace. Every icon begins with the same noise and meets the same
transforms, so it does not depend on what was rendered beside it.

TensorFlow is imported when something has to be rendered, and not before: a cached
icon needs none.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.misc.render_cache import RenderCache
from lucid_widgets.recipes.units import Unit, as_unit

ICONS_VERSION = 1
"""Grows when this file makes icons look different; old ones are then rendered anew."""

BATCH = 4
"""Icons rendered together: nearly the least time for each, and soon the first ones."""

PREVIEWS = (4, 12, 28)
"""Updates after which an unfinished icon is worth showing: the first is pale, but soon."""


@dataclass(frozen=True)
class IconSettings:
    """How icons are made.

    Args:
        size: height and width, in pixels.
        margin: so many pixels more on every side are rendered and cut off: at its
            border, where transforms cut, a picture is not itself.
        steps: updates.
        learning_rate: how far every update goes.
        jitter: movement, in pixels; half as much once more.
        rotate: most degrees either way.
        scale: most growth or shrinkage, as a fraction.
        pad: grey border that moves into view, in pixels.
        cossim_pow: how much the angle matters, for directions; channels have 0.
        seed: decides the noise they begin with, and the transforms.
    """

    size: int = 88
    margin: int = 6
    steps: int = 64
    learning_rate: float = 0.12
    jitter: int = 7
    rotate: float = 8.0
    scale: float = 0.08
    pad: int = 10
    cossim_pow: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Icon:
    """A picture of a unit.

    Args:
        unit: what it shows.
        pixels: uint8 ``[height, width, 3]``.
        strength: the value of the unit's objective, in the last update.
        final: False for one that is still being rendered.
        data: its file (PNG), where there is one already.
    """

    unit: Unit
    pixels: NDArray[np.uint8]
    strength: float
    final: bool = True
    data: bytes | None = None


Wanted = Callable[[], Sequence[Unit]]
"""Returns the units wanted now, most urgent first."""


class IconMaker:
    """Makes the icons of one model.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        settings: how icons are made.
        cache: where they are kept; left out, the cache of this user.
        between: called before every update; may take its time, for others to have theirs.
    """

    def __init__(
        self,
        model: Any,
        settings: IconSettings | None = None,
        cache: RenderCache | None = None,
        between: Callable[[], object] = lambda: None,
    ) -> None:
        self.model = model
        self.settings = settings or IconSettings()
        self.cache = cache or RenderCache.shared()
        self._between = between
        self._fingerprint: str | None = None
        self._lock = threading.Lock()

    def prepare(self, unit: Unit) -> None:
        """Compile what renders the icons of a layer, unless this one is cached.

        What takes longest is then done when the first icon is wanted.

        Args:
            unit: of the layer; others of its kind are served, too.
        """
        if self.cached(unit) is None:
            made, state = self._plan([unit])
            state, _ = made.step.update(state, *_tensors(made))
            made.step.images(state)

    def cached(self, unit: Unit) -> Icon | None:
        """Return an icon if it was made before, by whomever."""
        entry = self.cache.get(self.spec(unit))
        if entry is None:
            return None
        strength = entry.info.get("strength")
        known = float(strength) if isinstance(strength, float | int) else 0.0
        return Icon(unit, entry.pixels, known, data=entry.data)

    def render(self, wanted: Wanted | Iterable[Unit]) -> Generator[Icon, None, None]:
        """Return an iterator over icons: cached ones at once, then the others.

        Args:
            wanted: units, most urgent first; or a function that returns them, asked
                before every batch and while one is being rendered: what nobody wants
                any more is left unfinished.

        Yields:
            An `Icon` for each unit, some of them several times while they grow; the
            last one of each is final.

        Raises:
            LucidError: a unit that the model does not have.
        """
        if callable(wanted):
            ask = wanted
        else:
            fixed = [as_unit(unit) for unit in wanted]
            ask = lambda: fixed  # noqa: E731
        done: set[str] = set()
        absent: set[str] = set()
        while True:
            missing: list[Unit] = []
            for unit in ask():
                if unit.name in done:
                    continue
                icon = None if unit.name in absent else self.cached(unit)
                if icon is None:
                    absent.add(unit.name)
                    missing.append(unit)
                else:
                    done.add(unit.name)
                    yield icon
            if not missing:
                return
            batch = self._next_batch(missing)
            # Another kernel may have made them meanwhile.
            for icon in filter(None, map(self.cached, batch)):
                done.add(icon.unit.name)
                yield icon
            batch = [unit for unit in batch if unit.name not in done]
            if batch:
                finished = yield from self._render_batch(batch, ask)
                done.update(unit.name for unit in batch if finished)

    def spec(self, unit: Unit) -> dict[str, Any]:
        """Return all that decides an icon, as JSON can hold it: the key of the cache."""
        settings = dataclasses.asdict(self.settings)
        if unit.channel is not None:
            settings.pop("cossim_pow")
        return {
            "kind": "icon",
            "model": self.fingerprint,
            "value_range": [
                np.asarray(end, float).tolist() for end in self.model.image_value_range
            ],
            "unit": unit.name,
            "settings": settings,
            "version": f"{_engine_version()}/{ICONS_VERSION}",
        }

    @property
    def fingerprint(self) -> str:
        """What identifies the model: a digest of structure and weights."""
        with self._lock:
            if self._fingerprint is None:
                self._fingerprint = str(self.model.fingerprint())
            return self._fingerprint

    def forget_weights(self) -> None:
        """Look at the weights anew: they may have been trained further."""
        self._fingerprint = None

    # Rendering ------------------------------------------------------------------

    def _next_batch(self, missing: Sequence[Unit]) -> list[Unit]:
        """Return the most urgent units that can be rendered together."""
        first = missing[0]
        alike = [u for u in missing if _structure(u) == _structure(first)]
        return alike[:BATCH]

    def _render_batch(
        self, units: Sequence[Unit], ask: Wanted
    ) -> Generator[Icon, None, bool]:
        made, state = self._plan(units)
        tensors = _tensors(made)
        values: Any = None
        for step in range(1, self.settings.steps + 1):
            self._between()
            state, values = made.step.update(state, *tensors)
            if step not in PREVIEWS or step == self.settings.steps:
                continue
            yield from self._icons(units, made.step.images(state), values, final=False)
            names = {unit.name for unit in ask()}
            if names.isdisjoint(unit.name for unit in units):
                return False
        for icon in self._icons(units, made.step.images(state), values, final=True):
            entry = self.cache.put(
                self.spec(icon.unit), icon.pixels, {"strength": icon.strength}
            )
            yield dataclasses.replace(icon, data=entry.data)
        return True

    def _icons(
        self, units: Sequence[Unit], images: Any, values: Any, *, final: bool
    ) -> Generator[Icon, None, None]:
        finite = np.nan_to_num(np.asarray(images), nan=0.5)
        pixels = (np.clip(finite, 0, 1) * 255 + 0.5).astype(np.uint8)
        inside = slice(self.settings.margin, self.settings.margin + self.settings.size)
        strengths = np.nan_to_num(np.asarray(values).reshape(-1))
        for unit, one, strength in zip(units, pixels, strengths, strict=False):
            shown = np.ascontiguousarray(one[inside, inside, :3])
            yield Icon(unit, shown, float(strength), final)

    def _plan(self, units: Sequence[Unit]) -> tuple[Any, Any]:
        """Return the plan of a batch, and the state it starts from."""
        import tensorflow as tf

        from lucid_widgets.optvis import objectives, param
        from lucid_widgets.optvis.plan import plan
        from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings

        settings, layer = self.settings, layer_to_read(self.model, units[0])
        side = settings.size + 2 * settings.margin
        depth = self.model.get_layer(layer).depth
        if not depth:
            raise ObjectiveError(f"the number of channels of {layer} is not known")
        vectors = np.stack([unit.direction(depth) for unit in units])
        # Always a full batch: another number of images would be another trace.
        vectors = np.resize(vectors, (BATCH, depth))
        is_channel = units[0].channel is not None
        made = plan(
            self.model,
            objectives.directions(
                layer, vectors, 0 if is_channel else settings.cossim_pow
            ),
            lambda: param.image(side, side, batch=BATCH),
            settings=RenderSettings(pad=settings.pad),
            hyperparameters=Hyperparameters(
                learning_rate=settings.learning_rate,
                jitter=settings.jitter,
                rotate=settings.rotate,
                scale=settings.scale,
            ),
            seed=settings.seed,
        )
        # [2, batch, channels, rows, columns]: the spectrum of the first image for all.
        (spectrum,) = made.start.variables
        same = tf.repeat(spectrum[:, :1], BATCH, axis=1)
        return made, dataclasses.replace(made.start, variables=(same,))


def render_icons(
    model: Any,
    units: Iterable[Any],
    settings: IconSettings | None = None,
    cache: RenderCache | None = None,
) -> NDArray[np.float32]:
    """Return the icons of units, from the cache or rendered now.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        units: `Unit` values or names, such as ``["mixed4a:30", "-mixed4a:31"]``.
        settings: how icons are made.
        cache: where they are kept; left out, the cache of this user.

    Returns:
        float32 ``[units, height, width, 3]`` in [0, 1], in the order of `units`.

    Raises:
        LucidError: something is no unit, or the model does not have it.

    Example:
        >>> render_icons(models.TinyInception(), ["mixed4a:30"]).shape
        (1, 88, 88, 3)
    """
    wanted = [as_unit(unit) for unit in units]
    if not wanted:
        raise ObjectiveError("icons of no units; expected at least one")
    found: dict[str, NDArray[np.uint8]] = {}
    for icon in IconMaker(model, settings, cache).render(wanted):
        if icon.final:
            found[icon.unit.name] = icon.pixels
    images = np.stack([found[unit.name] for unit in wanted]).astype(np.float32)
    images /= 255
    return images


def objective_of(model: Any, unit: Unit, cossim_pow: float = 1.0) -> Any:
    """Return what is maximised to show a unit, as an `Objective` for one image.

    Args:
        model: the model.
        unit: the unit.
        cossim_pow: how much the angle matters, for directions.

    Raises:
        LucidError: the model does not have the unit.
    """
    from lucid_widgets.optvis import objectives

    layer = layer_to_read(model, unit)
    vector = unit.direction(model.get_layer(layer).depth or 0)
    return objectives.direction(
        layer, vector, cossim_pow=0 if unit.channel is not None else cossim_pow
    )


def _tensors(made: Any) -> tuple[Any, Any]:
    """Return the numbers and hyperparameters of a plan, as its step takes them."""
    from lucid_widgets.optvis.step import hyperparameter_tensors, number_tensors

    return (
        number_tensors(made.objective.numbers),
        hyperparameter_tensors(made.hyperparameters),
    )


def _engine_version() -> str:
    try:
        return importlib.metadata.version("lucid-widgets")
    except importlib.metadata.PackageNotFoundError:
        return "source"  # a clone that was put on the path


def _structure(unit: Unit) -> tuple[Any, ...]:
    return (
        unit.layer,
        unit.channel is None,
        unit.negative and unit.channel is not None,
    )


def layer_to_read(model: Any, unit: Unit) -> str:
    """Return where a unit is read: what a channel dislikes shows before its ReLU.

    A rectified channel that is silent cannot be made more silent.
    """
    if unit.negative:
        for ending in ("_pre_relu", "_pre_activation"):
            before = f"{unit.layer}{ending}"
            if model.depth_of(before) == model.get_layer(unit.layer).depth:
                return before
    return unit.layer
