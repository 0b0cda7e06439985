"""CompareModels: which channel of one model does what a channel of another does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.sprites import sprite_sheet
from lucid_widgets.recipes.icons import IconSettings
from lucid_widgets.recipes.units import Unit, as_unit
from lucid_widgets.widgets.base import POSTER_TILE, BaseWidget
from lucid_widgets.widgets.icon_supply import KEPT_BYTES, IconSupply
from lucid_widgets.widgets.model_choice import as_model
from lucid_widgets.widgets.objective_choice import check_layer, first_choice

SECOND = "second "
"""Stands before units of the second model where the page names them: layers of the two
may have the same names."""

MATCHINGS = ("most alike", "same number")
POSTER_PAIRS = 24

FIRST_PAIRS = 8
"""Pairs of icons made for the poster where no page asks for any."""


class CompareModels(BaseWidget):
    """Two models, or two states of one, channel beside channel, the most alike first.

    Both look at the same photos; channels are alike when their activations rise and fall
    together (correlation). See `recipes.compare_models`. Choosing a pair selects the first
    model's channel; `match` is the second's.

    Args:
        first: a model, its name, or a Keras model.
        second: another one; of one architecture or of two.
        images: what both look at: a folder; a list of files or arrays; an array
            ``[n, height, width, channels]``. The more, the surer.
        layer: a layer of the first; left out, one halfway up.
        other_layer: a layer of the second; left out, the one of the same name if there is
            one, else one halfway up.
        icon_settings: how icons are made.
        **traits: first values of `matching` and other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> compare = CompareModels(before, after, "photos/", layer="mixed4a")
        >>> link(compare, FeatureVis(before))
    """

    BUNDLE: ClassVar[str] = "compare_models"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("layer", "other_layer", "matching")

    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the two models."""

    layer = traitlets.Unicode().tag(sync=True)
    """A layer of the first model."""

    layers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Layers to choose from."""

    other_layer = traitlets.Unicode().tag(sync=True)
    """A layer of the second model. If it is of the same name, it follows `layer`."""

    other_layers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Layers to choose from."""

    matching = traitlets.Enum(MATCHINGS, MATCHINGS[0]).tag(sync=True)
    """Whether a channel stands beside its like, or beside that of its own number: what
    has become of it, in another state of one model."""

    matchings = traitlets.List(traitlets.Unicode(), list(MATCHINGS)).tag(sync=True)
    """Ways to choose from: layers of different depths have only the first."""

    pairs = traitlets.List().tag(sync=True)
    """``[channel of the first, channel of the second, correlation]``, best first."""

    cka = traitlets.Float(0.0).tag(sync=True)
    """How alike the layers are as a whole, from 0 to 1 (linear CKA)."""

    samples = traitlets.Int(0).tag(sync=True)
    """How many positions were compared."""

    done = traitlets.Float(0.0).tag(sync=True)
    """How much of the work is done, from 0 to 1."""

    match = traitlets.Unicode().tag(sync=True)
    """The second model's unit beside the selected one; "" for none."""

    def __init__(
        self,
        first: Any,
        second: Any,
        images: Any,
        layer: str | None = None,
        other_layer: str | None = None,
        *,
        icon_settings: IconSettings | None = None,
        **traits: Any,
    ) -> None:
        from lucid_widgets.recipes.dataset_examples import Photos

        self._ready = False
        self._wish = object()
        self.found: Any = None
        """The newest `recipes.compare_models.Comparison`; None before the first."""
        self._images, self._count = images, len(Photos.of(images))
        self.second = as_model(second)
        """The second model; the first is `model`."""
        self.other_icons = IconSupply(
            self.second,
            icon_settings or IconSettings(),
            self._send_second,
            self.show_error,
            self._note_status,
        )
        super().__init__(first, icon_settings=icon_settings, **traits)
        with self.hold_sync():
            self.names = _told_apart(self.model.name, self.second.name)
            self.layers = [known.name for known in self.model.layers if known.depth]
            self.other_layers = [
                known.name for known in self.second.layers if known.depth
            ]
            self.layer = layer or first_choice(self.model).layer
            same = self.layer in self.other_layers
            other = self.layer if same else first_choice(self.second).layer
            self.other_layer = other_layer or other
            self._ready = True
            self._entitle()
        self._begin()

    # What changes what ------------------------------------------------------------

    @traitlets.validate("layer")
    def _valid_layer(self, proposal: Any) -> str:
        return check_layer(self.model, proposal.value).name

    @traitlets.validate("other_layer")
    def _valid_other_layer(self, proposal: Any) -> str:
        return check_layer(self.second, proposal.value).name

    @traitlets.validate("matching")
    def _valid_matching(self, proposal: Any) -> str:
        depths = self._depths() if self._ready else (0, 0)
        if proposal.value == "same number" and depths[0] != depths[1]:
            raise SettingError(
                f"{self.layer} has {depths[0]} channels and {self.other_layer} of the "
                f"second model {depths[1]}: those of the same number can be compared only "
                "where there are equally many; choose 'most alike'"
            )
        return proposal.value

    @traitlets.observe("layer", "other_layer")
    def _layer_changed(self, change: Any) -> None:
        if not self._ready:
            return
        followed = change.name == "layer" and self.other_layer == change.old
        if followed and change.new in self.other_layers:
            self._ready = False
            self.other_layer = change.new
            self._ready = True
        if len(set(self._depths())) > 1:
            self.matching = "most alike"
        self._entitle()
        self._begin()

    @traitlets.observe("matching")
    def _matching_changed(self, _change: Any) -> None:
        if self._ready and self.found is not None:
            # Where comparisons are shown, too, lest an older one be shown last.
            self.compute("arrangement", self._arrange, urgency=1)

    @traitlets.observe("selection", "pairs")
    def _selection_changed(self, _change: Any) -> None:
        unit = self.selection["unit"]
        beside = {f"{self.layer}:{a}": b for a, b, _ in self.pairs}.get(unit)
        self.match = "" if beside is None else f"{self.other_layer}:{beside}"

    def _depths(self) -> tuple[int, int]:
        first = self.model.get_layer(self.layer).depth or 0
        return first, self.second.get_layer(self.other_layer).depth or 0

    def _entitle(self) -> None:
        first, second = self.names
        self.title = f"{first}, {self.layer}, beside {second}, {self.other_layer}"
        if self.layer not in self.layers:
            self.layers = [*self.layers, self.layer]
        if self.other_layer not in self.other_layers:
            self.other_layers = [*self.other_layers, self.other_layer]

    # The work -----------------------------------------------------------------------

    def _begin(self) -> None:
        self.error = ""
        self._wish = object()
        self.compute("comparison", self._look)

    def _look(self) -> Iterator[None]:
        from lucid_widgets.recipes.compare_models import comparing_layers

        wish = self._wish
        with self.hold_sync():
            self.found, self.pairs, self.done = None, [], 0.0
        going = comparing_layers(
            self.model, self.layer, self.second, self.other_layer, self._images
        )
        for found in going:
            if wish is not self._wish:
                return
            read = found.photos + found.skipped
            self._show(found, read / self._count)
            yield

    def _arrange(self) -> None:
        if self.found is not None:
            self._show(self.found, self.done)

    def _show(self, found: Any, done: float) -> None:
        correlation = found.correlation
        pairs = found.matches()
        if self.matching == "same number":
            same = [(n, n, float(r)) for n, r in enumerate(np.diagonal(correlation))]
            pairs = sorted(same, key=lambda pair: -pair[2])
        with self.hold_sync():
            self.found = found
            # Four digits are more than photos can tell, and half the size.
            self.pairs = [[a, b, round(r, 4)] for a, b, r in pairs]
            self.cka = float(np.nan_to_num(found.cka))
            self.samples = int(found.samples)
            self.done = float(done)
            if found.skipped:
                self.notice = f"{found.skipped} images could not be read"

    # Icons of two models --------------------------------------------------------------

    def _supplies(self) -> list[IconSupply]:
        return [self.icons, self.other_icons]

    def _want(self, names: Sequence[str]) -> None:
        first = [name for name in names if not name.startswith(SECOND)]
        second = [name for name in names if name.startswith(SECOND)]
        self.icons.want([self.unit(name) for name in first])
        self.other_icons.want(
            [self._second_unit(name.removeprefix(SECOND)) for name in second]
        )

    def _want_poster(self) -> None:
        best = self.pairs[:FIRST_PAIRS]
        self.icons.want([Unit(self.layer, a) for a, _, _ in best])
        self.other_icons.want([Unit(self.other_layer, b) for _, b, _ in best])

    def _second_unit(self, name: str) -> Unit:
        unit = as_unit(name)
        depth = self.second.get_layer(self.second.canonical_name(unit.layer)).depth
        if depth:
            unit.direction(depth)
        return unit

    def _send_second(self, message: Any, files: list[bytes]) -> None:
        for icon in message["icons"]:
            icon["unit"] = SECOND + icon["unit"]
        self.send_message(message, files)

    def _kept_icons(self) -> tuple[bytes, list[list[Any]]]:
        first, index = self.icons.kept(KEPT_BYTES // 2)
        second, others = self.other_icons.kept(KEPT_BYTES // 2)
        index += [[SECOND + unit, *rest] for unit, *rest in others]
        return first + second, index

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return pairs of icons, the most alike first."""
        tiles, labels = [], []
        for a, b, _ in self.pairs:
            units = (Unit(self.layer, a), Unit(self.other_layer, b))
            found = [s.get(u) for s, u in zip(self._supplies(), units, strict=True)]
            held = [icon for icon in found if icon is not None]
            if len(held) < 2 or len(tiles) >= 2 * POSTER_PAIRS:
                continue
            for icon, number in zip(held, (a, b), strict=True):
                small = Image.fromarray(icon.pixels[..., :3])
                small = small.resize((POSTER_TILE, POSTER_TILE))
                tiles.append(np.asarray(small, np.float32) / 255)
                labels.append(f"{number}")
        if not tiles:
            return None
        sheet = sprite_sheet(tiles, labels, columns=min(8, len(tiles)), gap=4)
        return (sheet * 255 + 0.5).astype(np.uint8)


def _told_apart(first: str, second: str) -> list[str]:
    if first == second:
        return [f"{first} (first)", f"{second} (second)"]
    return [first, second]
