"""NeuronGroups: what fires together on a photo, as pictures and as maps."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.sprites import sprite_sheet
from lucid_widgets.recipes.units import Unit, direction
from lucid_widgets.widgets.answering import Answer
from lucid_widgets.widgets.class_choice import (
    ClassTrait,
    checked_class,
    find_class,
    offered,
)
from lucid_widgets.widgets.photo_widget import PhotoWidget

MAX_GROUPS = 12
SEEN = 128
"""Shorter side of what the model sees, in pixels, unless it was trained on more."""


class NeuronGroups(PhotoWidget):
    """Channels that fire together on a photo: a picture and a map of each group.

    Choose a group, and the photo is bright where it is active; point at the photo, and
    every group tells how active it is there. See `recipes.neuron_groups`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        image: a photo: a file, an array, a PIL image; left out, the page asks for one.
        layer: name of the layer; left out, one halfway up.
        count: how many groups, 1 to 12.
        label: a class, for how much each group speaks for it; see `classes.class_index`.
        **traits: first values of other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> NeuronGroups(image="dog.jpg", layer="mixed4a", count=6)
    """

    BUNDLE: ClassVar[str] = "neuron_groups"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("layer", "count", "label")
    AT_ONCE: ClassVar[tuple[str, ...]] = ("classes",)
    DECISIVE: ClassVar[tuple[str, ...]] = ("count",)
    ABOUT: ClassVar[str] = "groups of"

    count = traitlets.Int(6).tag(sync=True)
    """How many groups are looked for."""

    label = ClassTrait().tag(sync=True)
    """The class that attributions are to; "" for none."""

    maps = traitlets.Bytes(b"").tag(sync=True)
    """A byte for each group, row and column; 255 is the largest of all."""

    units = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The groups' directions, by name."""

    shares = traitlets.List(traitlets.Float()).tag(sync=True)
    """How much of all groups' squares each group has, from 0 to 1."""

    attributions = traitlets.List(traitlets.Float()).tag(sync=True)
    """How much each group speaks for the class, in units of its value."""

    explained = traitlets.Float().tag(sync=True)
    """How much of the activations' squares the groups account for."""

    def __init__(
        self,
        model: Any = None,
        image: Any = None,
        layer: str | None = None,
        **traits: Any,
    ) -> None:
        self.found: Any = None
        """The newest `recipes.neuron_groups.NeuronGroups`; None before the first."""
        super().__init__(model, image, layer, **traits)

    # What changes what ------------------------------------------------------------

    @traitlets.validate("count")
    def _valid_count(self, proposal: Any) -> int:
        if not 1 <= proposal.value <= MAX_GROUPS:
            raise SettingError(
                f"count is {proposal.value}; expected 1 to {MAX_GROUPS} groups"
            )
        return proposal.value

    @traitlets.validate("label")
    def _valid_label(self, proposal: Any) -> str:
        return checked_class(self.model, proposal.value)

    @traitlets.observe("label")
    def _label_changed(self, _change: Any) -> None:
        if self._ready and self.found is not None:
            self.compute("attributions", self._attribute)

    def _answer(self, name: str, arguments: Any, upload: bytes | None) -> Answer:
        if name == "classes":
            return offered(self.model, str(arguments.get("text", ""))), ()
        return super()._answer(name, arguments, upload)

    # The work -----------------------------------------------------------------------

    def _look(self) -> None:
        from lucid_widgets.recipes.neuron_groups import neuron_groups

        wish, layer = self._wish, self.layer
        size = max(SEEN, min(self.model.image_shape[:2]))
        found = neuron_groups(self.model, self.image, layer, self.count, size=size)
        if wish is not self._wish:
            return  # a newer one is waiting
        # A group that nothing is in has no direction.
        alive = [k for k in range(len(found)) if found.directions[k].any()]
        units = [self.know(direction(layer, found.directions[k])).name for k in alive]
        maps = found.maps[0][..., alive]
        strengths = (maps**2).sum(axis=(0, 1))
        scaled = np.sqrt(maps / max(float(maps.max()), 1e-12))  # as the eye sees light
        with self.hold_sync():
            self.found = found
            self._show_photo(found.photos[0], maps.shape[:2])
            self.maps = (scaled.transpose(2, 0, 1) * 255).astype(np.uint8).tobytes()
            self.units = units
            self.shares = (strengths / max(strengths.sum(), 1e-12)).tolist()
            self.explained = float(found.explained)
            self.attributions = []
        self._attribute()

    def _attribute(self) -> None:
        label, found = self.label, self.found
        values: list[float] = []
        if label:
            known = found.attribution(self.model, find_class(self.model, label))[0]
            alive = [k for k in range(len(found)) if found.directions[k].any()]
            values = np.nan_to_num(known[alive]).tolist()
        if label == self.label and found is self.found:
            self.attributions = values

    def _poster_units(self) -> list[Unit]:
        return [self.unit(name) for name in self.units]

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return the groups' icons, and below each where it is active."""
        from PIL import Image

        if self.found is None:
            return None
        icons = {icon.unit.name: icon.pixels for icon in self.icons.held}
        maps = np.frombuffer(self.maps, np.uint8)
        if not self.units or maps.size != len(self.units) * int(np.prod(self.grid)):
            return None
        side = 96
        photo = self.found.photos[0][..., :3]
        shown: list[Any] = []
        for unit in self.units:
            icon = icons.get(unit, np.full((side, side, 3), 128, np.uint8))
            small = Image.fromarray(icon[..., :3]).resize((side, side))
            shown.append(np.asarray(small, np.float32) / 255)
        for one in maps.reshape(len(self.units), *self.grid):
            light = Image.fromarray(one).resize(photo.shape[1::-1], 0)
            lit = photo * (0.15 + 0.85 * np.asarray(light, np.float32)[..., None] / 255)
            bytes8 = Image.fromarray((lit * 255).astype(np.uint8))
            small = np.asarray(bytes8.resize((side, side)), np.float32) / 255
            shown.append(np.broadcast_to(small, (side, side, 3)))
        sheet = sprite_sheet(shown, columns=len(self.units), gap=4)
        return (sheet * 255 + 0.5).astype(np.uint8)
