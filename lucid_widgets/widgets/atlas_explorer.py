"""AtlasExplorer: a map of all that a layer tells apart, to pan and zoom."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image

from lucid_widgets.errors import (
    ProtocolError,
    SettingError,
)
from lucid_widgets.recipes.icons import Icon
from lucid_widgets.recipes.units import Unit, direction
from lucid_widgets.stream.encoder import to_pixels
from lucid_widgets.widgets.answering import Answer
from lucid_widgets.widgets.base import BaseWidget
from lucid_widgets.widgets.class_choice import ClassTrait
from lucid_widgets.widgets.icon_sheet import IconSheet
from lucid_widgets.widgets.kept_file import kept_file

MAX_CELLS = 20_000
MAX_GRID = 200
TOP = 3
"""Classes that are told for each cell."""

MAX_SENT = 8_000_000
"""Most bytes of the sheet that the page is sent."""

CHUNK = 64
"""Icons looked up between two chances for more urgent work."""

POSTER_SIDE = 800


class AtlasExplorer(BaseWidget):
    """An activation atlas to pan and zoom; icons are rendered where one looks.

    Drag or use Shift and the arrow keys to move the map, the wheel, two fingers or
    + and - to zoom; 0 shows all of it. Point at a cell to see how many activations
    lie there and for which classes they speak; a click, or the arrow keys, select its
    direction, which linked widgets follow. See `recipes.activation_atlas`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        source: what to map: photos (a folder, files, arrays), activations that
            were collected before (`Collected`, or its `.npz` file), or an `Atlas`,
            whose icons are shown where they are drawn.
        layer: name of the layer, for photos; left out, one halfway up.
        classes: names or indices of classes, to tell which cells speak for them.
        grid_size: cells along each side, 2 to 200; left out, such that a cell holds a
            dozen activations.
        threshold: cells with no more activations than this are left out.
        number: how many photos to look at, from the first.
        path: an `.npz` file to keep what is collected in, and go on from.
        whiten: see `grow_atlas`.
        method: of the layout, see `aligned_umap`.
        layout: where each activation lies, `[n, 2]` in [0, 1], if that is known.
        seed: decides all that is random.
        **traits: first values of other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> atlas = AtlasExplorer(source="photos/", layer="mixed4c", classes=["goldfish"])
        >>> link(atlas, FeatureVis())
    """

    BUNDLE: ClassVar[str] = "atlas_explorer"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("grid_size", "label")

    layer = traitlets.Unicode().tag(sync=True)
    """Name of the layer."""

    grid_size = traitlets.Int(0).tag(sync=True)
    """Cells along each side; 0 until it is known."""

    grid_is_fixed = traitlets.Bool(default_value=True).tag(sync=True)
    """Whether the cells are given, by an `Atlas`, and cannot be cut anew."""

    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the classes that were collected for."""

    label = ClassTrait().tag(sync=True)
    """The class whose cells stand out; "" for none."""

    cells = traitlets.Bytes(b"").tag(sync=True)
    """uint16, little endian, ``[cells, 2]``: row and column."""

    counts = traitlets.Bytes(b"").tag(sync=True)
    """uint32, little endian, ``[cells]``: activations in each."""

    digests = traitlets.Bytes(b"").tag(sync=True)
    """``[cells, 6]``: a cell's unit is ``layer@`` and these, in hexadecimal."""

    top_classes = traitlets.Bytes(b"").tag(sync=True)
    """uint16, little endian, ``[cells, up to 3]``: places in `labels`, best first."""

    top_values = traitlets.Bytes(b"").tag(sync=True)
    """float32, little endian, as `top_classes`: mean attributions."""

    emphasis = traitlets.Bytes(b"").tag(sync=True)
    """A byte for each cell: how much it speaks for `label`; empty for no class."""

    version = traitlets.Int(0).tag(sync=True)
    """Grows when there is another map or sheet: the page then asks for it."""

    progress = traitlets.Float(1.0).tag(sync=True)
    """How much of the photos has been looked at, from 0 to 1."""

    sheet = traitlets.Bytes(b"").tag(sync=True)
    """The drawn icons at their places, small, as a WebP file: for no kernel."""

    drawn = traitlets.Bytes(b"").tag(sync=True)
    """A byte for each cell: whether `sheet` shows it."""

    def __init__(
        self,
        model: Any = None,
        source: Any = None,
        layer: str | None = None,
        *,
        classes: Any = (),
        grid_size: int | None = None,
        threshold: int | None = None,
        number: int = 100_000,
        path: Any = None,
        whiten: bool = True,
        method: str | None = None,
        layout: Any = None,
        seed: int = 0,
        **traits: Any,
    ) -> None:
        from lucid_widgets.widgets.atlas_source import AtlasSource

        self._ready = False
        self.found: Any = None
        """The newest `recipes.activation_atlas.Atlas`; None before the first."""
        self._sheet: IconSheet | None = None
        self._numbers: dict[str, int] = {}
        super().__init__(model, **traits)
        self._source = AtlasSource(
            self.model,
            source,
            layer,
            classes=classes,
            layout=layout,
            collecting={"number": number, "path": path, "seed": seed},
            laying_out={
                "threshold": threshold,
                "whiten": whiten,
                "method": method,
                "seed": seed,
            },
        )
        given = self._source.atlas
        with self.hold_sync():
            self.layer = self._source.layer
            if given is None or len(self.labels) != len(self._source.labels):
                self.labels = self._source.labels
            self.grid_is_fixed = given is not None
            if given is not None:
                self.grid_size = given.grid_size
            elif grid_size is not None:
                self.grid_size = grid_size
            self._ready = True
            self.label = self._valid_label(traitlets.Bunch(value=self.label))
            self._entitle()
        if given is not None:
            self._tell(given)
        self.compute("atlas", self._map)

    # What changes what ------------------------------------------------------------

    @traitlets.validate("grid_size")
    def _valid_grid_size(self, proposal: Any) -> int:
        if not 2 <= proposal.value <= MAX_GRID:
            raise SettingError(
                f"grid_size is {proposal.value!r}; expected 2 to {MAX_GRID} cells "
                "along each side"
            )
        if self._ready and self.grid_is_fixed:
            raise SettingError(
                "the cells of a finished Atlas cannot be cut anew; expected collected "
                "activations or photos as source"
            )
        return proposal.value

    @traitlets.validate("label")
    def _valid_label(self, proposal: Any) -> str:
        if proposal.value and self._ready and proposal.value not in self.labels:
            raise SettingError(
                f"label is {proposal.value[:60]!r}; expected one of the classes "
                f"collected for: {', '.join(self.labels) or 'none'}"
            )
        return proposal.value

    @traitlets.observe("grid_size")
    def _grid_changed(self, _change: Any) -> None:
        if self._ready and not self.grid_is_fixed and self.collected is not None:
            self.compute("atlas", self._map)

    @traitlets.observe("label")
    def _label_changed(self, _change: Any) -> None:
        if self._ready and self.found is not None:
            self.emphasis = self._emphasis()

    def _entitle(self) -> None:
        self.title = f"{self.model.name}, activation atlas of {self.layer}"

    # The work -----------------------------------------------------------------------

    def _map(self) -> Iterator[None]:
        if not self.grid_is_fixed:
            if self.collected is None:
                self._collect()
            self._tell(self._cut())
        yield from self._gather(self.found)

    def _collect(self) -> None:
        self.progress = 0.0
        try:
            self._source.collect(
                progress=self._note_progress, cancel=lambda: self.status == "closed"
            )
        finally:
            self.progress = 1.0

    def _note_progress(self, done: int, total: int) -> None:
        self.progress = done / max(1, total)

    def _cut(self) -> Any:
        source = self._source
        if not self.grid_size:
            self._set_quietly(grid_size=source.grid_size)
        if source.layout is None:
            self.notice = f"laying out {source.count:,} activations"
        found = source.cut(self.grid_size)
        self.notice = ""
        return found

    def _set_quietly(self, **traits: Any) -> None:
        self._ready = False
        try:
            for name, value in traits.items():
                setattr(self, name, value)
        finally:
            self._ready = True

    def _tell(self, found: Any) -> None:
        """Tell the page about another map."""
        found = _with_directions(found)
        count = len(found.counts)
        if count > MAX_CELLS:
            raise SettingError(
                f"an atlas of {count} cells; expected at most {MAX_CELLS}: choose a "
                "smaller grid_size, or a larger threshold"
            )
        units = [direction(self.layer, vector) for vector in found.directions]
        for unit in units:
            self.know(unit)
        self._numbers = {unit.name: number for number, unit in enumerate(units)}
        self._units = units
        self._sheet = IconSheet(found.coordinates, found.grid_size)
        top = min(TOP, len(self.labels))
        best = np.argsort(-found.attributions, axis=1, kind="stable")[:, :top]
        values = np.take_along_axis(found.attributions, best, axis=1)
        self.found = found
        with self.hold_sync():
            self.cells = found.coordinates.astype("<u2").tobytes()
            self.counts = found.counts.astype("<u4").tobytes()
            self.digests = b"".join(
                bytes.fromhex(unit.name.rpartition("@")[2]) for unit in units
            )
            self.top_classes = best.astype("<u2").tobytes()
            self.top_values = np.nan_to_num(values).astype("<f4").tobytes()
            self.emphasis = self._emphasis()
            self.sheet, self.drawn = b"", b""
            self.version += 1

    def _emphasis(self) -> bytes:
        if not self.label or self.label not in self.labels:
            return b""
        values = self.found.attributions[:, self.labels.index(self.label)]
        strongest = max(float(values.max(initial=0)), 1e-12)
        return (np.clip(values / strongest, 0, 1) ** 0.5 * 255).astype("u1").tobytes()

    def _gather(self, found: Any) -> Iterator[None]:
        """Put the icons that there are, given or rendered before, on the sheet."""
        sheet, units = self._sheet, self._units
        assert sheet is not None
        for start in range(0, len(units), CHUNK):
            for number in range(start, min(start + CHUNK, len(units))):
                if found.drawn[number]:
                    given = Icon(units[number], to_pixels(found.icons[number]), 0.0)
                    self.icons.hold(given)
                    sheet.draw(number, given.pixels)
                else:
                    icon = self.icons.get(units[number])
                    if icon is not None:
                        sheet.draw(number, icon.pixels)
            yield
        if sheet.drawn.any():
            self.version += 1

    def _keep_icons(self) -> None:
        super()._keep_icons()
        if self._sheet is None:
            return
        changed = self._sheet.drawn.any() and not self.sheet
        for icon in self.icons.held:
            number = self._numbers.get(icon.unit.name)
            if number is not None and icon.final and not self._sheet.drawn[number]:
                self._sheet.draw(number, icon.pixels)
                changed = True
        if changed:
            with self.hold_sync():
                self.sheet = kept_file(self._sheet.pixels())
                self.drawn = self._sheet.drawn.astype("u1").tobytes()

    def _answer(self, name: str, arguments: Any, upload: bytes | None) -> Answer:
        if name != "sheet":
            raise ProtocolError(f"AtlasExplorer knows no question {name[:60]!r}")
        if self._sheet is None or not self._sheet.drawn.any():
            return None, ()
        drawn = self._sheet.drawn.astype("u1").tobytes()
        file = kept_file(self._sheet.pixels(), MAX_SENT, (85, 60))
        return None, (file, drawn)

    # For users ----------------------------------------------------------------------

    @property
    def collected(self) -> Any:
        """What was collected; None before, and for a given `Atlas`."""
        return self._source.collected

    def cell_of(self, unit: Any) -> int | None:
        """Return which cell of `found` a unit is the direction of; None for none."""
        name = unit.name if isinstance(unit, Unit) else unit
        return self._numbers.get(name)

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return the map with what is drawn of it."""
        if self._sheet is None or not self._sheet.drawn.any():
            return None
        image = Image.fromarray(self._sheet.pixels())
        scale = POSTER_SIDE / max(image.size)
        if scale < 1:
            image = image.resize([round(side * scale) for side in image.size])
        return np.asarray(image)


def _with_directions(found: Any) -> Any:
    """Leave out cells where the layer is silent: nothing can be drawn of them."""
    loud = found.directions.any(axis=1) & np.isfinite(found.directions).all(axis=1)
    if loud.all():
        return found
    if not loud.any():
        raise SettingError(
            f"{found.layer} is silent in all {len(loud)} cells; expected another layer, "
            "or other photos"
        )
    names = ("coordinates", "counts", "means", "directions", "attributions", "icons")
    kept = {name: getattr(found, name)[loud] for name in (*names, "drawn")}
    return dataclasses.replace(found, **kept)
