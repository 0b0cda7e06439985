"""Traits made from the declarations in `optvis.settings`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import traitlets

from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings, setting

Owner = type[RenderSettings] | type[Hyperparameters]

STRUCTURE = tuple(field.name for field in dataclasses.fields(RenderSettings))
"""Names of the settings that need a new run."""

NUMBERS = tuple(field.name for field in dataclasses.fields(Hyperparameters))
"""Names of the settings that act at the next step."""


class SettingTrait(traitlets.TraitType[Any, Any]):
    """A field of `RenderSettings` or `Hyperparameters`, as a trait.

    The dataclass validates, together with the values of its other fields.

    Args:
        owner: the dataclass.
        name: the field.
    """

    def __init__(self, owner: Owner, name: str) -> None:
        field = owner.__dataclass_fields__[name]
        super().__init__(field.default, help=setting(name).help)
        self._owner = owner

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the value as the dataclass keeps it.

        Raises:
            SettingError: the value, or its combination with others, is not allowed.
        """
        if getattr(obj, "_settings_checked", False):
            return value
        checked = collect(self._owner, obj, {str(self.name): value})
        return getattr(checked, str(self.name))


class CountTrait(traitlets.TraitType[int, Any]):
    """A whole number that stands in neither dataclass: `steps` or `seed`.

    Args:
        name: the setting.
        default: its value when nobody has said anything.
    """

    def __init__(self, name: str, default: int) -> None:
        super().__init__(default, help=setting(name).help)
        self._setting = setting(name)

    def validate(self, obj: Any, value: Any) -> int:
        """Return the number.

        Raises:
            SettingError: it is none, or out of range.
        """
        return self._setting.check(str(self.name), value, int)


class ChosenTrait(traitlets.TraitType[Any, Any]):
    """A part of what is shown; the widget checks it against the others.

    Not `traitlets.Any`, which lets None pass unchecked.
    """


def collect(owner: Owner, obj: Any, changes: dict[str, Any]) -> Any:
    """Return the settings that an object's traits hold, with some changes.

    Raises:
        SettingError: they are not allowed.
    """
    fields = dataclasses.fields(owner)
    # Not getattr: reading a trait for the first time validates it, which reads all.
    held = {
        field.name: obj._trait_values.get(field.name, field.default) for field in fields
    }
    return owner(**{**held, **changes})


@contextmanager
def already_checked(obj: Any) -> Iterator[None]:
    """Set several settings one after the other that were checked together."""
    obj._settings_checked = True
    try:
        yield
    finally:
        obj._settings_checked = False
