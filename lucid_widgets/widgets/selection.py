"""The selection: what a person is looking at, in one format, shared by linked widgets.

    {"unit": "mixed4a:30" or None, "position": [row, column] or None, "image": 0 or None}

`link(a, b)` makes widgets follow one another: choosing a channel in a grid makes a
`FeatureVis` draw it, and the other way round. What another widget cannot show (a unit
of a layer that its model does not have) leaves it as it is. In a page without a kernel
those that hold a selection still follow one another (`js/src/base/own_choice.ts`).
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import traitlets

from lucid_widgets.errors import LucidError, SettingError
from lucid_widgets.recipes.units import Unit, as_unit

Selection = dict[str, Any]

NOTHING: Selection = {"unit": None, "position": None, "image": None}


def as_selection(given: Any) -> Selection:
    """Return a selection for whatever stands for one.

    Args:
        given: None, a `Unit` or the name of one, or a mapping with some of the keys.

    Raises:
        SettingError: it is none of these.
        ObjectiveError: the unit is no unit.
    """
    if given is None:
        return dict(NOTHING)
    if isinstance(given, str | Unit):
        return {**NOTHING, "unit": str(given)}
    unknown = set(given) - set(NOTHING) if isinstance(given, Mapping) else {"?"}
    if unknown:
        raise SettingError(
            f"selection is {str(given)[:100]!r}; expected the name of a unit such as "
            "'mixed4a:30', or a dictionary of unit, position and image"
        )
    made = {**NOTHING, **given}
    unit, position, image = made["unit"], made["position"], made["image"]
    if isinstance(unit, Unit):
        unit = unit.name
    if unit is not None and not isinstance(unit, str):
        raise SettingError(f"the selected unit is {unit!r:.80}; expected its name")
    if position is not None:
        position = _position(position)
    if image is not None and (isinstance(image, bool) or not isinstance(image, int)):
        raise SettingError(f"the selected image is {image!r:.80}; expected its number")
    return {"unit": unit, "position": position, "image": image}


def _position(given: Any) -> list[int]:
    try:
        row, column = (int(number) for number in given)
    except (TypeError, ValueError):
        row = column = -1
    if row < 0 or column < 0:
        raise SettingError(
            f"the selected position is {given!r:.80}; expected (row, column), from 0"
        )
    return [row, column]


class SelectionTrait(traitlets.TraitType):
    """A trait that holds a selection, and takes whatever stands for one."""

    info_text = "a selection: the name of a unit, or unit, position and image"

    def __init__(self) -> None:
        super().__init__(dict(NOTHING))

    def validate(self, obj: Any, value: Any) -> Selection:
        """Return the value as a selection, or raise."""
        return as_selection(value)


class Link:
    """Widgets that follow one another; made by `link`."""

    def __init__(self, widgets: tuple[Any, ...]) -> None:
        name = uuid.uuid4().hex
        self._ends = [_End(widget, self._spread, name) for widget in widgets]
        self._spreading = False

    def unlink(self) -> None:
        """Let every widget go its own way again."""
        for end in self._ends:
            end.stop()

    def _spread(self, source: _End, selection: Selection) -> None:
        if self._spreading:
            return
        self._spreading = True
        try:
            for end in self._ends:
                if end is not source:
                    # What one cannot show must not keep the others from showing it.
                    with contextlib.suppress(LucidError, traitlets.TraitError):
                        end.show(selection, source.unit_of(selection))
        finally:
            self._spreading = False


def link(*widgets: Any) -> Link:
    """Make widgets follow one another's selection.

    Args:
        *widgets: two or more of this package's widgets, `FeatureVis` included.

    Returns:
        The link, whose `unlink` ends it.

    Raises:
        SettingError: fewer than two, or something that has no selection.

    Example:
        >>> link(ChannelGrid(layer="mixed4a"), FeatureVis())
    """
    if len(widgets) < 2:
        raise SettingError(f"link got {len(widgets)} widgets; expected two or more")
    for widget in widgets:
        if not hasattr(widget, "selection") and not _is_feature_vis(widget):
            raise SettingError(
                f"link got {type(widget).__name__}, which has no selection; expected "
                "FeatureVis, ChannelGrid or another widget of lucid_widgets"
            )
    return Link(widgets)


def _is_feature_vis(widget: Any) -> bool:
    return all(hasattr(widget, name) for name in ("objective_kind", "layer", "channel"))


class _End:
    """One widget of a link."""

    def __init__(
        self, widget: Any, changed: Callable[[_End, Selection], None], link: str
    ) -> None:
        self._widget = widget
        self._changed = changed
        self._link = link
        self._names = ["selection"]
        if not hasattr(widget, "selection"):
            self._names = ["layer", "channel"]
        elif widget.has_trait("links"):
            widget.links = [*widget.links, link]
        widget.observe(self._notice, names=self._names)

    def stop(self) -> None:
        self._widget.unobserve(self._notice, names=self._names)
        if self._widget.has_trait("links"):
            others = [link for link in self._widget.links if link != self._link]
            self._widget.links = others

    def unit_of(self, selection: Selection) -> Unit | None:
        """Return the unit that is selected; only its widget may know a direction."""
        name = selection["unit"]
        if name is None:
            return None
        return (
            self._widget.unit(name) if hasattr(self._widget, "unit") else as_unit(name)
        )

    def show(self, selection: Selection, unit: Unit | None) -> None:
        if self._names == ["selection"]:
            if (
                unit is not None
                and unit.channel is None
                and self._widget.has(unit.layer)
            ):
                self._widget.know(unit)
            if self._widget.selection != selection:
                self._widget.selection = selection
        elif unit is not None:
            self._draw(unit)

    def _draw(self, unit: Unit) -> None:
        """Let a `FeatureVis` show a unit."""
        if unit.channel is None or unit.negative:
            from lucid_widgets.recipes.icons import objective_of

            self._widget.objective = objective_of(self._widget.model, unit)
            return
        shown = (self._widget.layer, self._widget.channel)
        plain = self._widget.objective_kind in ("channel", "neuron")
        if not plain or (unit.layer, unit.channel) != shown:
            self._widget.objective = f"{unit.layer}:{unit.channel}"

    def _notice(self, change: Any) -> None:
        if change.name == "selection":
            self._changed(self, change.new)
        elif self._widget.objective_kind in ("channel", "neuron"):
            unit = f"{self._widget.layer}:{self._widget.channel}"
            self._changed(self, as_selection(unit))
