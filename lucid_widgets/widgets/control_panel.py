"""The control panel of `FeatureVis`: a thin skin over its traits.

Five settings that matter come first; the others fold away, and are made when they are
first unfolded: a control costs every page that opens a saved notebook two milliseconds,
and a page without a kernel cannot unfold anything. Every control follows one trait, and
writes to no other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import ipywidgets

from lucid_widgets.errors import LucidError, SettingError
from lucid_widgets.modelzoo.classes import class_names
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.widgets.comms import handle_where_received
from lucid_widgets.widgets.controls import (
    BoundedIntText,
    Dropdown,
    Guarded,
    IntSlider,
    ToggleButton,
    setting_controls,
    size_options,
)
from lucid_widgets.widgets.looks import Looks
from lucid_widgets.widgets.model_choice import model_options
from lucid_widgets.widgets.objective_choice import KINDS, kinds_of, max_channel
from lucid_widgets.widgets.setting_trait import STRUCTURE

if TYPE_CHECKING:
    from lucid_widgets.widgets.feature_vis import FeatureVis

SECTIONS = {
    "Image": ("size", "batch", "parameterization", "decorrelate", "alpha", "seed"),
    "Transforms": ("transforms", "jitter", "rotate", "scale", "pad"),
    "Penalties": ("l1", "total_variation", "blur"),
}
"""What folds away, under which heading."""

TOOLTIPS = {
    "model": "The network to look into. A change starts a new run.",
    "layer": "The layer to look into. A change starts a new run.",
    "objective_kind": (
        "What to show: a channel at every position, a neuron (the channel at the "
        "middle position only), a whole layer, or a class. A change starts a new run."
    ),
    "channel": "Which channel of the layer, from 0. A change acts at the next step.",
    "label": "The class whose evidence is maximised. A change acts at the next step.",
}


class ControlPanel(ipywidgets.VBox):
    """Controls for everything that can be set about a `FeatureVis`.

    Args:
        vis: whose traits they follow.
    """

    def __init__(self, vis: FeatureVis) -> None:
        self._vis = vis
        self._used: dict[str, Model] = {}
        self._looks = Looks()
        super().__init__(
            [
                self._menu_row("model", "Model", self._model_options),
                self._menu_row("layer", "Layer", self._layer_options, "model"),
                self._menu_row("objective_kind", "Objective", self._kinds, "model"),
                self._channel_row(),
                self._menu_row("label", "Class", self._class_options, "model"),
                self._setting_row("learning_rate"),
                self._setting_row("steps"),
                *(self._heading(title) for title in SECTIONS),
            ]
        )
        self.add_class("lucid-panel")
        _handle_where_received(self)

    def close(self) -> None:
        """Close the panel and every control in it."""
        for widget in [*walk(self)][::-1]:
            if widget is not self:
                widget.close()
        super().close()

    # Rows -----------------------------------------------------------------------

    def _menu_row(
        self, name: str, label: str, options: Callable[[], Any], *also: str
    ) -> ipywidgets.Box:
        """Return a menu whose entries are made anew when `name` or `also` change."""
        looks = self._looks.of(Dropdown)
        menu = Dropdown(description=label, tooltip=TOOLTIPS[name], **looks)
        bind(menu, self._vis, name, lambda: {"options": options()}, *also)
        row = self._row([menu], structural=name != "label", hides=name == "label")
        if name == "label":
            self._show_only_for(row, "class")
        return row

    def _channel_row(self) -> ipywidgets.Box:
        vis, tooltip = self._vis, TOOLTIPS["channel"]
        looks = self._looks
        slider = IntSlider(
            description="Channel",
            tooltip=tooltip,
            readout=False,
            **looks.of(IntSlider),
        )
        field = BoundedIntText(
            tooltip=f"Channel: {tooltip}",
            continuous_update=False,
            **looks.of(BoundedIntText),
        )
        for control in (slider, field):
            bind(control, vis, "channel", self._channel_range, "model", "layer")
        button = ipywidgets.Button(
            description="Random",
            tooltip="Show another channel of this layer, picked at random.",
            **looks.of(ipywidgets.Button),
        )
        button.on_click(lambda _button: self._pick_channel())
        row = self._row([slider, field, button], hides=True)
        self._show_only_for(row, "channel", "neuron")
        return row

    def _pick_channel(self) -> None:
        last = max_channel(self._vis.model, self._vis.layer)
        if last > 0:
            drawn = random.randrange(last)
            self._vis.channel = drawn + (drawn >= self._vis.channel)

    def _setting_row(self, name: str) -> ipywidgets.Box:
        vis = self._vis
        controls = setting_controls(name, getattr(vis, name), self._looks)
        for control in controls:
            bind(control, vis, name, self._sizes if name == "size" else dict)
        return self._row(controls, structural=name in STRUCTURE or name == "seed")

    def _row(
        self, controls: list[Any], *, structural: bool = False, hides: bool = False
    ) -> ipywidgets.HBox:
        # Hiding is a matter of layout: a row that does needs one of its own.
        looks = {} if hides else self._looks.of(ipywidgets.HBox)
        row = ipywidgets.HBox(controls, **looks)
        row.add_class("lucid-row")
        if structural:
            row.add_class("lucid-new-run")  # the style sheet writes "new run" behind it
        return row

    def _heading(self, title: str) -> ipywidgets.Widget:
        heading = ToggleButton(
            description=title,
            icon="caret-right",
            tooltip=f"Show or hide: {title}",
            **self._looks.of(ToggleButton),
        )
        heading.add_class("lucid-section-heading")
        body: ipywidgets.Box | None = None

        def fold(change: Any) -> None:
            nonlocal body
            if body is None:
                body = self._section(title)
                place = self.children.index(heading) + 1
                self.children = (*self.children[:place], body, *self.children[place:])
            body.layout.display = None if change.new else "none"
            heading.icon = "caret-down" if change.new else "caret-right"

        heading.guard(_check_flag, self._vis._refuse)
        heading.observe(fold, "value")
        return heading

    def _section(self, title: str) -> ipywidgets.Box:
        body = ipywidgets.VBox([self._setting_row(name) for name in SECTIONS[title]])
        body.add_class("lucid-section")
        _handle_where_received(body)
        return body

    def _show_only_for(self, row: ipywidgets.Box, *kinds: str) -> None:
        def show(_change: Any = None) -> None:
            row.layout.display = None if self._vis.objective_kind in kinds else "none"

        show()
        self._vis.observe(show, "objective_kind")

    # What controls offer -------------------------------------------------------

    def _model_options(self) -> list[tuple[str, Any]]:
        # A model that was shown once can be chosen again, a user's own too.
        self._used[self._vis.model.name] = self._vis.model
        return model_options(self._used)

    def _layer_options(self) -> list[tuple[str, str]]:
        vis = self._vis
        depths = {layer.name: layer.depth for layer in vis.model.layers}
        if vis.layer not in depths:
            depths[vis.layer] = vis.model.get_layer(vis.layer).depth
        return [
            (name if depth is None else f"{name} - {depth} ch.", name)
            for name, depth in depths.items()
        ]

    def _kinds(self) -> list[tuple[str, str]]:
        custom = self._vis.objective_kind == "custom"
        kinds = kinds_of(self._vis.model, with_custom=custom)
        return [(KINDS[kind], kind) for kind in kinds]

    def _channel_range(self) -> dict[str, Any]:
        return {"max": max_channel(self._vis.model, self._vis.layer)}

    def _sizes(self) -> dict[str, Any]:
        return {"options": size_options(self._vis.size)}

    def _class_options(self) -> list[tuple[str, str | None]]:
        names = class_names(self._vis.model)
        return [(name, name) for name in names] or [("no classes", None)]


def bind(
    control: Guarded,
    vis: FeatureVis,
    name: str,
    attributes: Callable[[], dict[str, Any]] = dict,
    *also: str,
) -> None:
    """Keep a control's value and a trait the same.

    Args:
        control: the control.
        vis: has the trait.
        name: the trait.
        attributes: returns what else the control shall have, such as its options.
        also: other traits on which that depends.
    """
    widget: Any = control
    showing = False

    def show(_change: Any = None) -> None:
        nonlocal showing
        showing = True
        try:
            for attribute, value in attributes().items():
                setattr(widget, attribute, value)
            if widget.value != getattr(vis, name):
                widget.value = getattr(vis, name)
        finally:
            showing = False

    def assign(value: Any) -> None:
        try:
            setattr(vis, name, value)
        except LucidError as error:
            refuse(error)

    def refuse(error: Exception | None) -> None:
        if error is not None:
            vis._refuse(error)
        show()

    def take(value: Any) -> None:
        assign(value)
        show()  # a model equal to the one at hand is no change, but an answer

    def write(change: Any) -> None:
        if showing:
            return
        if name == "model":
            vis._loader.give_up()
        if name == "model" and isinstance(change.new, str):
            vis._loader.load(change.new, take, refuse)
        else:
            assign(change.new)

    show()
    control.guard(lambda value: vis._check(name, value), vis._refuse)
    widget.observe(write, "value")
    vis.observe(show, [name, *also])


def walk(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """Yield a widget, its layout and style, and the same of all its descendants."""
    yield widget
    for part in ("layout", "style"):
        if widget.has_trait(part) and isinstance(
            getattr(widget, part), ipywidgets.Widget
        ):
            yield getattr(widget, part)
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def _handle_where_received(widget: ipywidgets.Widget) -> None:
    for part in walk(widget):
        handle_where_received(part)


def _check_flag(value: Any) -> None:
    if not isinstance(value, bool):
        raise SettingError(f"a button is {str(value)[:60]!r}; expected true or false")
