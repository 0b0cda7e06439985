"""ChannelGrid: all channels of a layer as icons, rendered where somebody looks."""

from __future__ import annotations

import contextlib
import re
from typing import Any, ClassVar

import numpy as np
import traitlets

from lucid_widgets.errors import LucidError, SettingError
from lucid_widgets.misc.photos import as_photo
from lucid_widgets.recipes.units import Unit
from lucid_widgets.widgets.base import BaseWidget
from lucid_widgets.widgets.objective_choice import (
    check_layer,
    first_choice,
    logits_of,
)

MAX_SIDE = 512
"""A longer side of a photo is made so long, in pixels: networks see no more."""

POSTER_ICONS = 16
"""Icons made for the poster where no page asks for any."""

SORTS = ("channel", "activation", "strength")

_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)


class ChannelGrid(BaseWidget):
    """All channels of a layer; choose one with the mouse or the arrow keys.

    Icons are rendered for the tiles in view, and kept on disk.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        layer: name of the layer; left out, one halfway up.
        image: a photo whose activations tiles can be sorted by: an array
            ``[height, width, channels]`` in [0, 1], or the name of a file.
        negative: show what the channels like least.
        **traits: first values of `sort`, `filter` and other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> grid = ChannelGrid(layer="mixed4a")
        >>> link(grid, FeatureVis())
    """

    BUNDLE: ClassVar[str] = "channel_grid"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("layer", "sort", "filter", "negative")

    layer = traitlets.Unicode().tag(sync=True)
    """Name of the layer."""

    layers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Layers to choose from."""

    sort = traitlets.Enum(SORTS, "channel").tag(sync=True)
    """By number, by activation on the image, or by strength of the icon."""

    filter = traitlets.Unicode().tag(sync=True)
    """Which channels are shown: "10-20, 35", or a part of a class's name; "" for all."""

    negative = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether icons show what the channels like least."""

    order = traitlets.List(traitlets.Int()).tag(sync=True)
    """The channels shown, in their order."""

    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the channels, where they are classes; else empty."""

    activations = traitlets.List(traitlets.Float()).tag(sync=True)
    """Mean activation of every channel on the image; empty without one."""

    def __init__(
        self,
        model: Any = None,
        layer: str | None = None,
        *,
        image: Any = None,
        **traits: Any,
    ) -> None:
        self._ready = False
        self._image: Any = None
        super().__init__(model, **traits)
        with self.hold_sync():
            self.layers = [known.name for known in self.model.layers if known.depth]
            self.layer = layer or first_choice(self.model).layer
            self._ready = True
            self._arrange()
        if image is not None:
            self.image = image

    @property
    def image(self) -> Any:
        """The photo that activations are of; assign another, or None for none."""
        return self._image

    @image.setter
    def image(self, given: Any) -> None:
        channels = self.model.image_shape[-1]
        self._image = (
            None if given is None else as_photo(given, channels, max_side=MAX_SIDE)
        )
        self._measure()

    def _poster_units(self) -> list[Unit]:
        chosen = self.order[:POSTER_ICONS]
        return [Unit(self.layer, n, negative=self.negative) for n in chosen]

    def _displayed(self) -> None:
        self.icons.prepare(Unit(self.layer, 0, negative=self.negative))

    # What changes what ------------------------------------------------------------

    @traitlets.validate("layer")
    def _valid_layer(self, proposal: Any) -> str:
        return check_layer(self.model, proposal.value).name

    @traitlets.validate("filter")
    def _valid_filter(self, proposal: Any) -> str:
        if len(proposal.value) > 200:
            raise SettingError(
                f"filter has {len(proposal.value)} characters; expected at most 200"
            )
        return proposal.value

    @traitlets.observe("layer", "sort", "filter", "negative")
    def _changed(self, change: Any) -> None:
        if not self._ready:
            return
        with self.hold_sync():
            if change.name == "layer":
                self.activations = []
            self._arrange()
        if change.name == "layer":
            self._measure()

    @traitlets.observe("selection")
    def _follow(self, change: Any) -> None:
        """Show the layer of what was selected elsewhere."""
        if not self._ready or change.new["unit"] is None:
            return
        unit = self.unit(change.new["unit"])
        if unit.channel is not None:
            self.layer = unit.layer
            self.negative = unit.negative

    @property
    def depth(self) -> int:
        """Number of channels of the layer."""
        return self.model.get_layer(self.layer).depth or 0

    def units(self) -> list[Unit]:
        """Return the units shown, in their order."""
        return [
            Unit(self.layer, channel, negative=self.negative) for channel in self.order
        ]

    def _arrange(self) -> None:
        depth = self.depth
        if self.layer not in self.layers:
            self.layers = [*self.layers, self.layer]
        labels = self.model.labels
        fits = (
            labels is not None
            and len(labels) == depth
            and _is_last(self.model, self.layer)
        )
        self.labels = [str(label) for label in labels or []] if fits else []
        self.order = [
            int(c) for c in self._sorted(_chosen(self.filter, depth, self.labels))
        ]
        what = "least liked by channels of" if self.negative else "channels of"
        self.title = f"{self.model.name}, {what} {self.layer}"

    def _sorted(self, channels: list[int]) -> list[int]:
        match self.sort:
            case "activation" if self.activations:
                return sorted(channels, key=lambda c: -self.activations[c])
            case "strength":
                strengths = {
                    icon.unit.channel: icon.strength
                    for icon in self.icons.held
                    if icon.unit.layer == self.layer
                    and icon.unit.negative == self.negative
                }
                return sorted(channels, key=lambda c: -strengths.get(c, -np.inf))
        return channels

    def _measure(self) -> None:
        """Compute activations on the image, on the worker's thread."""
        if self._image is None:
            with self.hold_sync():
                self.activations = []
                self._arrange()
            return
        image, layer = self._image, self.layer

        def work() -> None:
            acts = self.model.activations(image[None], layer)
            means = np.asarray(acts, np.float64).reshape(-1, acts.shape[-1]).mean(0)
            if layer == self.layer:
                with self.hold_sync():
                    self.activations = np.nan_to_num(means).tolist()
                    self._arrange()

        self.compute("activations", work)


def _chosen(text: str, depth: int, labels: list[str]) -> list[int]:
    """Return the channels that a filter lets through."""
    text = text.strip()
    if not text:
        return list(range(depth))
    parts = [part.strip() for part in text.split(",") if part.strip()]
    chosen: set[int] = set()
    for part in parts:
        match = _RANGE.fullmatch(part)
        if match is not None:
            first = int(match[1])
            chosen.update(range(first, min(int(match[2] or first), depth - 1) + 1))
        else:
            wanted = part.casefold()
            chosen.update(
                number
                for number, label in enumerate(labels)
                if wanted in label.casefold()
            )
    return sorted(channel for channel in chosen if channel < depth)


def _is_last(model: Any, layer: str) -> bool:
    """Return whether a layer's channels are the classes."""
    if model.layers[-1].name == layer:
        return True
    with contextlib.suppress(LucidError):
        return logits_of(model) == layer
    return False
