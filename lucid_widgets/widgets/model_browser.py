"""ModelBrowser: the architecture as a picture; a layer chosen in it, and its channels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lucid_widgets.errors import LucidError
from lucid_widgets.modelzoo.diagram import Diagram, diagram
from lucid_widgets.modelzoo.outline import outline
from lucid_widgets.widgets.base import BaseWidget
from lucid_widgets.widgets.objective_choice import check_layer, first_choice

POSTER_HEIGHT = 620
"""Most of a long network's picture that is shown to those without widgets, in px."""

_MOST_MEMBERS = 40

_COLOURS = {
    "conv": (66, 133, 190),
    "dense": (142, 104, 173),
    "pool": (207, 138, 48),
    "join": (77, 153, 93),
    "block": (66, 133, 190),
    "input": (120, 120, 120),
    "other": (150, 150, 150),
}


class ModelBrowser(BaseWidget):
    """A network as a picture; choose a layer with the mouse or the arrow keys.

    Of the layer that is chosen it tells kind, number of channels, shape, stride and
    receptive field, and shows its channels, whose icons are rendered where somebody
    looks.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        layer: name of the layer that is chosen first; left out, one halfway up.
        **traits: first values of other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> browser, vis = ModelBrowser(), FeatureVis()
        >>> ipywidgets.link((browser, "layer"), (vis, "layer"))
    """

    BUNDLE: ClassVar[str] = "model_browser"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("layer",)

    layer = traitlets.Unicode().tag(sync=True)
    """Name of the layer that is chosen."""

    layers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Layers that make good subjects."""

    depth = traitlets.Int(0).tag(sync=True)
    """Number of channels of the chosen layer."""

    shape = traitlets.List().tag(sync=True)
    """Shape of the chosen layer at the model's own image size; empty until known."""

    boxes = traitlets.List().tag(sync=True)
    """The picture: one dictionary for each box, see `box_state`."""

    lines = traitlets.List().tag(sync=True)
    """One ``[x1, y1, x2, y2]`` for each line between boxes, in px."""

    size = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)
    """Width and height of the picture, in px."""

    def __init__(
        self, model: Any = None, layer: str | None = None, **traits: Any
    ) -> None:
        self._diagram = Diagram()
        super().__init__(model, **traits)
        self._diagram = diagram(outline(self.model))
        with self.hold_sync():
            self.layers = [known.name for known in self.model.layers if known.depth]
            self.boxes = self._states({})
            self.lines = [list(line) for line in self._diagram.lines]
            self.size = [self._diagram.width, self._diagram.height]
            self.layer = layer or first_choice(self.model).layer
        self.compute("shapes", self._find_shapes)

    @traitlets.validate("layer")
    def _valid_layer(self, proposal: Any) -> str:
        return check_layer(self.model, proposal.value).name

    @traitlets.observe("layer")
    def _layer_changed(self, _change: Any) -> None:
        with self.hold_sync():
            self.error = ""
            self.depth = self.model.get_layer(self.layer).depth or 0
            self.shape = []
            self.title = f"{self.model.name}, {self.layer}"
        # Its box stands out in the picture for those without widgets.
        self._show_poster()
        self.compute("shape", self._find_shape, urgency=1)

    @traitlets.observe("selection")
    def _selection_changed(self, change: Any) -> None:
        """Follow a linked widget to the layer of its unit."""
        unit = change.new["unit"]
        if unit is not None:
            layer = self.unit(unit).layer
            if layer != self.layer:
                self.layer = layer

    # The picture --------------------------------------------------------------------

    def _states(self, shapes: dict[str, Any]) -> list[dict[str, Any]]:
        depths = {layer.name: layer.depth for layer in self.model.layers}
        geometry = self.model.geometry
        found = []
        for placed in self._diagram.boxes:
            box = placed.box
            shape, known = shapes.get(box.name), geometry.get(box.name)
            depth = shape[-1] if shape else depths.get(box.name)
            found.append(
                {
                    "name": box.name,
                    "label": placed.label,
                    "kind": box.kind,
                    "rectangle": [placed.x, placed.y, placed.width, placed.height],
                    "depth": depth,
                    "shape": [] if shape is None else list(shape[1:]),
                    "stride": known and known.stride,
                    "field": known and known.receptive_field,
                    "members": list(box.members[:_MOST_MEMBERS]),
                }
            )
        return found

    def _find_shapes(self) -> None:
        """Find the shapes of all boxes at the model's own image size: on the worker."""
        readable = set(self.model.layer_names)
        names = [placed.box.name for placed in self._diagram.boxes]
        wanted = [name for name in names if name in readable]
        try:
            shapes = self.model.shapes_of(wanted)
        except LucidError:
            return  # the picture is as good without
        self.boxes = self._states(shapes)

    def _find_shape(self) -> None:
        layer = self.layer
        shape = self.model.shapes_of([layer]).get(layer)
        if layer == self.layer:
            self.shape = list(shape[1:]) if shape else []

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        return draw(self._diagram, self.layer)


def draw(picture: Diagram, chosen: str) -> NDArray[np.uint8]:
    """Return a diagram as an image, ``[height, width, 3]``, the chosen layer marked.

    Args:
        picture: the diagram.
        chosen: name of the layer.
    """
    height = max(1, min(picture.height, POSTER_HEIGHT))
    marked = next(
        (
            placed
            for placed in picture.boxes
            if chosen in (placed.box.name, *placed.box.members)
        ),
        None,
    )
    middle = 0 if marked is None else marked.y - height // 2
    top = max(0, min(middle, picture.height - height))
    image = Image.new("RGB", (picture.width, height), "white")
    pen = ImageDraw.Draw(image)
    for x1, y1, x2, y2 in picture.lines:
        pen.line((x1, y1 - top, x2, y2 - top), fill=(160, 160, 160))
    for placed in picture.boxes:
        x, y = placed.x, placed.y - top
        corner = (x + placed.width - 1, y + placed.height - 1)
        colour = _COLOURS[placed.box.kind]
        is_chosen = placed is marked
        pen.rectangle(
            ((x, y), corner),
            fill=(255, 236, 179) if is_chosen else (245, 245, 245),
            outline=(200, 90, 0) if is_chosen else (190, 190, 190),
        )
        pen.rectangle(((x, y), (x + 3, corner[1])), fill=colour)
        text = _fitting(pen, placed.label, placed.width - 12)
        pen.text((x + 8, y + placed.height // 2), text, fill=(30, 30, 30), anchor="lm")
    return np.asarray(image)


def _fitting(pen: ImageDraw.ImageDraw, text: str, room: int) -> str:
    """Return as much of the end of a text as there is room for: ends tell names apart."""
    if pen.textlength(text) <= room:
        return text
    while text and pen.textlength(f"…{text}") > room:
        text = text[1:]
    return f"…{text}" if text else ""
