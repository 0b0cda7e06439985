"""Controls: ipywidgets made from what `optvis.settings` declares, on their guard.

A control's model lives in the browser too, and anyone who can reach the page can
write to it. ipywidgets would silently clip a number out of range, or print a
traceback into some cell; a guarded control refuses, says why, and shows the old
value again.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import ipywidgets

from lucid_widgets.errors import ProtocolError
from lucid_widgets.optvis.settings import Hyperparameters, setting
from lucid_widgets.widgets.looks import Looks
from lucid_widgets.widgets.setting_trait import NUMBERS, STRUCTURE

Check = Callable[[Any], Any]
"""Takes what the browser sent; raises a `LucidError` if it will not do."""

Refuse = Callable[[Exception], None]

WRITABLE = ("value", "index")
"""What a browser may write of a control."""

FINE = ("l1", "total_variation", "blur")
"""Numbers whose useful values are too near zero for a slider."""

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Hyperparameters)}

SIZES = (64, 96, 128, 160, 192, 224, 256, 320, 384, 512)
"""Sizes worth offering, in pixels; any other can be set from Python."""


class Guarded:
    """Mixed into a control: refuses what its setting would refuse."""

    _check: Check | None = None
    _refuse: Refuse | None = None

    def guard(self, check: Check, refuse: Refuse) -> None:
        """Check what the browser writes from now on.

        Args:
            check: raises a `LucidError` for a bad value.
            refuse: is handed the error.
        """
        self._check, self._refuse = check, refuse

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser wrote, or refuse it and send the old value."""
        try:
            for name, value in sync_data.items():
                self._inspect(name, value)
            super().set_state(sync_data)  # type: ignore[misc]
        except Exception as error:
            if self._refuse is not None:
                self._refuse(error)
            self.send_state([n for n in sync_data if n in self.keys])  # type: ignore[attr-defined]

    def _inspect(self, name: str, value: Any) -> None:
        if name not in WRITABLE:
            raise ProtocolError(
                f"the front end tried to write {str(name)[:60]!r} of a control, which "
                "only the kernel may"
            )
        if name == "index":
            options: Any = self.options  # type: ignore[attr-defined]
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not 0 <= value < len(options):
                raise ProtocolError(
                    f"the front end chose entry {str(value)[:60]} of a menu that has "
                    f"{len(options)}"
                )
            value = options[value][1]
        if self._check is not None:
            self._check(value)


class Dropdown(Guarded, ipywidgets.Dropdown):
    """A menu."""


class Checkbox(Guarded, ipywidgets.Checkbox):
    """Yes or no."""


class IntSlider(Guarded, ipywidgets.IntSlider):
    """A whole number, by feel."""


class Rounding(Guarded):
    """Mixed into a slider: its handle stands on a step, its value need not.

    The front end rounds what it is shown, and writes that back: 0.05 would become
    0.0501 by being looked at. Such an echo is not an answer, and gets none.
    """

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser wrote, unless it is the value, rounded."""
        if set(sync_data) == {"value"} and self._is_echo(sync_data["value"]):
            return
        super().set_state(sync_data)

    def _is_echo(self, written: Any) -> bool:
        try:
            moved = abs(self._position(written) - self._position(self.value))  # type: ignore[attr-defined]
        except (TypeError, ValueError, OverflowError):
            return False
        return moved <= self.step / 2 + 1e-9  # type: ignore[attr-defined]

    def _position(self, value: float) -> float:
        """Return where the handle would stand, were there no steps."""
        return min(self.max, max(self.min, value))  # type: ignore[attr-defined]


class FloatSlider(Rounding, ipywidgets.FloatSlider):
    """A number, by feel."""


class FloatLogSlider(Rounding, ipywidgets.FloatLogSlider):
    """A number over several orders of magnitude, by feel."""

    def _position(self, value: float) -> float:
        return super()._position(math.log10(value))


class BoundedIntText(Guarded, ipywidgets.BoundedIntText):
    """A whole number, exactly."""


class BoundedFloatText(Guarded, ipywidgets.BoundedFloatText):
    """A number, exactly."""


class ToggleButton(Guarded, ipywidgets.ToggleButton):
    """A button that stays down."""


def tooltip_of(name: str) -> str:
    """Return what a setting does, its range, and when a change takes effect."""
    declared = setting(name)
    parts = [declared.help]
    if declared.min is not None and declared.max is not None:
        parts.append(f"{declared.range_text().capitalize()}.")
    parts.append(
        "A change starts a new run."
        if name in STRUCTURE or name == "seed"
        else "A change acts at the next step."
    )
    return " ".join(parts)


def setting_controls(name: str, value: Any, looks: Looks) -> list[Any]:
    """Return the controls of one setting, the one with the label first.

    A choice gets a menu, a yes or no a box, structure a field; a number that acts
    while running gets a slider and a field.

    Args:
        name: the setting.
        value: its value now.
        looks: what the controls share.
    """
    declared, tooltip = setting(name), tooltip_of(name)
    labelled = {"description": declared.label, "tooltip": tooltip}
    if declared.choices is not None:
        options = [(choice, choice) for choice in declared.choices]
        return [
            Dropdown(options=options, value=value, **labelled, **looks.of(Dropdown))
        ]
    if isinstance(value, bool):
        shared = looks.of(Checkbox)
        return [Checkbox(value=value, indent=False, **labelled, **shared)]
    if name == "size":
        options = size_options(value)
        return [
            Dropdown(options=options, value=value, **labelled, **looks.of(Dropdown))
        ]
    if name not in NUMBERS or name in FINE:
        return [_field(name, value, labelled, looks)]
    unlabelled = {"tooltip": f"{declared.label}: {tooltip}"}
    return [
        _slider(name, value, labelled, looks),
        _field(name, value, unlabelled, looks),
    ]


def size_options(size: int | tuple[int, int]) -> list[tuple[str, Any]]:
    """Return the entries of the menu of sizes, `size` among them."""
    sizes: list[Any] = sorted({*SIZES, *([size] if isinstance(size, int) else [])})
    options: list[tuple[str, Any]] = [(f"{side} x {side} px", side) for side in sizes]
    if not isinstance(size, int):
        options.append((f"{size[0]} x {size[1]} px", size))
    return options


def _is_whole(name: str) -> bool:
    return name not in NUMBERS or isinstance(_DEFAULTS.get(name), int)


def _slider(name: str, value: Any, labelled: dict[str, str], looks: Looks) -> Any:
    declared = setting(name)
    low, high = declared.slider_range
    common: dict[str, Any] = {"readout": False, "step": declared.step, **labelled}
    if declared.log:
        low, high = math.log10(low), math.log10(high)
        shared = looks.of(FloatLogSlider)
        return FloatLogSlider(value, min=low, max=high, **common, **shared)
    make = IntSlider if _is_whole(name) else FloatSlider
    return make(value, min=low, max=high, **common, **looks.of(make))


def _field(name: str, value: Any, labelled: dict[str, str], looks: Looks) -> Any:
    declared = setting(name)
    common: dict[str, Any] = {"value": value, "continuous_update": False, **labelled}
    if _is_whole(name):
        shared = looks.of(BoundedIntText)
        return BoundedIntText(min=declared.min, max=declared.max, **common, **shared)
    step = None if declared.log else declared.step
    limits: dict[str, Any] = {"min": declared.min, "max": declared.max, "step": step}
    return BoundedFloatText(**limits, **common, **looks.of(BoundedFloatText))
