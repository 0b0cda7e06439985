"""AttributionExplorer: what each place and channel of a layer says for a class."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image

from lucid_widgets.errors import ObjectiveError, StoppedError
from lucid_widgets.recipes.units import Unit
from lucid_widgets.shapes import Pixels
from lucid_widgets.stream.encoder import to_pixels
from lucid_widgets.widgets.answering import Answer
from lucid_widgets.widgets.class_choice import (
    ClassTrait,
    checked_class,
    class_name,
    find_class,
    offered,
)
from lucid_widgets.widgets.photo_widget import PhotoWidget

PATHS = {
    "gradient x activation": "linear",
    "integrated gradients": "integrated",
    "stochastic path": "stochastic",
}
"""Methods, and the paths of `attribution.hidden` that they are."""

OVERRIDES = ("none", "smoothed max-pool", "linear")

MAX_SENT = 2_000_000
"""Most values that the page is sent; of a large layer, those of the strongest channels."""

MAX_KEPT = 75_000
"""Most values that a saved notebook keeps, 2 bytes each."""

PREDICTIONS = 5
BETWEEN = 0.25
"""Seconds between two reports of progress."""

POSTER_SIDE = 320


class AttributionExplorer(PhotoWidget):
    """A photo, a layer, a class: which places and channels speak for it, or against.

    The map over the photo and the channels beside it are two sums of the same values: point
    at a place, and the channels are those that count there; point at a channel, and the map
    is its own. With a second class, the question is why the one rather than the other.
    After the spatial and channel attribution of Olah et al., "The Building Blocks of
    Interpretability" (Distill, 2018). See `attribution.neuron`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        image: a photo: a file, an array, a PIL image; left out, the page asks for one.
        layer: name of the layer; left out, one halfway up.
        label: a class by name or index; left out, the one that the model sees most.
        versus: a class that `label` is compared with; left out, none.
        method: one of `PATHS`: "gradient x activation" is fast, and exact to first order;
            the others add up to the class's value.
        overrides: what gradients do at some operations: "none" is exact, "smoothed
            max-pool" gives maps with fewer spots; see `attribution.OVERRIDES`.
        size: shorter side of what the model sees, in pixels, or ``(height, width)``; left
            out, as it was trained.
        **traits: first values of other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> AttributionExplorer(image="dog.jpg", layer="mixed4a", versus="tabby")
    """

    BUNDLE: ClassVar[str] = "attribution_explorer"
    CHANGEABLE: ClassVar[tuple[str, ...]] = (
        "layer",
        "label",
        "versus",
        "method",
        "overrides",
    )
    DECISIVE: ClassVar[tuple[str, ...]] = ("label", "versus", "method", "overrides")
    AT_ONCE: ClassVar[tuple[str, ...]] = ("classes",)

    label = ClassTrait().tag(sync=True)
    """The class; "" for the one that the model sees most."""

    versus = ClassTrait().tag(sync=True)
    """The class that it is compared with; "" for none."""

    method = traitlets.Enum(list(PATHS), next(iter(PATHS))).tag(sync=True)
    """How contributions are found."""

    methods = traitlets.List(traitlets.Unicode(), list(PATHS)).tag(sync=True)
    """Methods to choose from."""

    overrides = traitlets.Enum(OVERRIDES, OVERRIDES[0]).tag(sync=True)
    """What gradients do at some operations, changed."""

    target = traitlets.Unicode().tag(sync=True)
    """What contributions are to, in words."""

    sides = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Name of the class, and of the one it is compared with, if there is one."""

    value = traitlets.Float(0.0).tag(sync=True)
    """The target's value on the photo, in its own unit."""

    delta = traitlets.Float(-1.0).tag(sync=True)
    """How far contributions are from adding up, as a part of what they should add up to;
    -1 where the method does not promise it."""

    predictions = traitlets.List().tag(sync=True)
    """The classes that the model sees most: ``[name, probability]`` of each."""

    places = traitlets.Bytes(b"").tag(sync=True)
    """float32, little endian, ``[rows, columns]``: sums over channels."""

    totals = traitlets.Bytes(b"").tag(sync=True)
    """float32, little endian, ``[channels]``: sums over positions."""

    version = traitlets.Int(0).tag(sync=True)
    """Grows when there are new values: the page then asks for them."""

    kept_channels = traitlets.List(traitlets.Int()).tag(sync=True)
    """The strongest channels, whose values are kept for pages without a kernel."""

    kept_scales = traitlets.Bytes(b"").tag(sync=True)
    """float32: what their values are multiplied with."""

    kept_values = traitlets.Bytes(b"").tag(sync=True)
    """int16, little endian, ``[channels, rows, columns]``."""

    done = traitlets.Float(0.0).tag(sync=True)
    """How much of the work is done, from 0 to 1."""

    def __init__(
        self,
        model: Any = None,
        image: Any = None,
        layer: str | None = None,
        *,
        size: int | tuple[int, int] | None = None,
        **traits: Any,
    ) -> None:
        self._size = size
        self.found: Any = None
        """The newest `attribution.Attribution`, of neurons; None before the first."""
        self._values: NDArray[np.float32] | None = None
        self._seen: Pixels | None = None
        super().__init__(model, image, layer, **traits)

    def _displayed(self) -> None:
        self.icons.prepare(Unit(self.layer, 0))

    # What changes what ------------------------------------------------------------

    @traitlets.validate("label", "versus")
    def _valid_class(self, proposal: Any) -> str:
        return checked_class(self.model, proposal.value)

    def _entitle(self) -> None:
        super()._entitle()
        to = f" to {self.target}" if self.target else ""
        self.title = f"{self.model.name}, contributions of {self.layer}{to}"

    def _answer(self, name: str, arguments: Any, upload: bytes | None) -> Answer:
        match name:
            case "classes":
                return offered(self.model, str(arguments.get("text", ""))), ()
            case "values" if self._values is not None:
                return None, _packed(self._values, MAX_SENT)
            case "values":
                return None, ()
        return super()._answer(name, arguments, upload)

    # The work -----------------------------------------------------------------------

    def _look(self) -> None:
        from lucid_widgets.attribution import neuron
        from lucid_widgets.modelzoo.photos import photo_for
        from lucid_widgets.recipes.positions import grid_of

        wish, layer = self._wish, self.layer
        photo = photo_for(self.model, self.image, self._size)
        predictions = self._predict(photo)
        classes = self._classes(predictions)
        with contextlib.suppress(StoppedError):
            found = neuron(
                self.model,
                photo[np.newaxis],
                classes[0] if len(classes) == 1 else classes,
                layer,
                path=PATHS[self.method],
                overrides=self.overrides,
                progress=self._reporter(wish),
                cancel=lambda: wish is not self._wish,
            )
            if wish is not self._wish:
                return  # a newer one is waiting
            values = np.nan_to_num(grid_of(found.values[0], layer))
            off = found.relative_delta
            with self.hold_sync():
                self.found, self._values, self._seen = found, values, photo
                self._show_photo(photo, values.shape[:2])
                self.predictions = [
                    [class_name(self.model, i), value] for i, value in predictions
                ]
                self.target = found.target
                self.sides = [class_name(self.model, i) for i in classes]
                self.value = float(np.nan_to_num(found.target_values.ravel()[0]))
                self.delta = -1.0 if off is None else float(np.nan_to_num(off.max()))
                self.places = values.sum(axis=-1).astype("<f4").tobytes()
                self.totals = values.sum(axis=(0, 1)).astype("<f4").tobytes()
                channels, self.kept_scales, self.kept_values = _packed(values, MAX_KEPT)
                self.kept_channels = np.frombuffer(channels, "<u4").tolist()
                self.done = 1.0
                self.version += 1
                self._entitle()

    def _predict(self, photo: Pixels) -> list[tuple[int, float]]:
        from lucid_widgets.modelzoo.classes import class_probabilities

        found = class_probabilities(self.model, photo[np.newaxis])[0]
        best = np.argsort(-found, kind="stable")[:PREDICTIONS]
        return [(int(i), float(np.nan_to_num(found[i]))) for i in best]

    def _classes(self, predictions: list[tuple[int, float]]) -> tuple[int, ...]:
        first = find_class(self.model, self.label) if self.label else predictions[0][0]
        if not self.versus:
            return (first,)
        second = find_class(self.model, self.versus)
        if first == second:
            raise ObjectiveError(
                f"{class_name(self.model, first)!r} is compared with itself; choose "
                "another class, or none, to compare it with"
            )
        return first, second

    def _reporter(self, wish: object) -> Callable[[int, int], None]:
        """Return what tells the page about progress, now and then."""
        told = time.monotonic()

        def report(done: int, total: int) -> None:
            nonlocal told
            if time.monotonic() - told > BETWEEN and wish is self._wish:
                told = time.monotonic()
                self.done = min(1.0, done / max(total, 1))

        self.done = 0.0
        return report

    def _poster_units(self) -> list[Unit]:
        if self._values is None:
            return []
        totals = self._values.sum(axis=(0, 1))
        best = np.argsort(-np.abs(totals), kind="stable")[:8]
        return [Unit(self.layer, int(channel)) for channel in best]

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return the map over the photo, and the icons of the strongest channels."""
        from lucid_widgets.misc.heat_maps import overlay

        if self._values is None or self._seen is None:
            return None
        seen = overlay(self._seen, self._values.sum(axis=-1), smooth=False)
        photo = Image.fromarray(to_pixels(seen))
        scale = POSTER_SIDE / max(photo.size)
        photo = photo.resize([max(1, round(n * scale)) for n in photo.size])
        tile = POSTER_SIDE // 4
        found = map(self.icons.get, self._poster_units())
        icons = [icon for icon in found if icon is not None]
        width = photo.width + 8 + -(-len(icons) // 4) * tile
        sheet = Image.new("RGB", (width, POSTER_SIDE), "white")
        sheet.paste(photo, (0, 0))
        for number, icon in enumerate(icons):
            column, row = divmod(number, 4)
            small = Image.fromarray(icon.pixels[..., :3]).resize((tile - 4, tile - 4))
            sheet.paste(small, (photo.width + 8 + column * tile, row * tile))
        return np.asarray(sheet)


def _packed(values: NDArray[np.float32], most: int) -> tuple[bytes, bytes, bytes]:
    """Return the strongest channels' numbers, scales and values, small.

    Args:
        values: ``[rows, columns, channels]``.
        most: values at most.

    Returns:
        uint32 ``[n]``, float32 ``[n]``, int16 ``[n, rows, columns]``, little endian. Each
        channel has its own scale: what is lost is a 32,767th of its largest value.
    """
    rows, columns, depth = values.shape
    count = max(1, min(depth, most // (rows * columns)))
    largest = np.abs(values).max(axis=(0, 1))
    strength = np.abs(values).sum(axis=(0, 1))
    chosen = np.sort(np.argsort(-strength, kind="stable")[:count])
    scales = np.maximum(largest[chosen], 1e-30) / 32767
    whole = np.rint(values[..., chosen] / scales).astype("<i2").transpose(2, 0, 1)
    return (
        chosen.astype("<u4").tobytes(),
        scales.astype("<f4").tobytes(),
        whole.tobytes(),
    )
