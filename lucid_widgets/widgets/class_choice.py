"""Classes as a person types them, and as the page offers them."""

from __future__ import annotations

import contextlib
from numbers import Integral
from typing import Any

import traitlets

from lucid_widgets.errors import ObjectiveError

MAX_OFFERED = 20


class ClassTrait(traitlets.Unicode):
    """A class by its name or its index; "" for none. What it holds is text."""

    def validate(self, obj: Any, value: Any) -> str:
        """Return the name, or the index as text.

        Raises:
            ObjectiveError: it is neither.
        """
        if isinstance(value, Integral) and not isinstance(value, bool):
            return f"{int(value)}"
        if not isinstance(value, str):
            raise ObjectiveError(
                f"{self.name} is {value!r:.60}; expected a class by its name or index, "
                'or "" for none'
            )
        return value


def find_class(model: Any, text: str) -> int:
    """Return the index of a class.

    Args:
        model: the model.
        text: a name, see `modelzoo.classes.class_index`; or an index.

    Raises:
        ObjectiveError: there is none, or there are several.
    """
    from lucid_widgets.modelzoo.classes import class_index

    text = text.strip()
    if text.isdecimal():
        # Where classes are called "0" to "9", the name counts.
        with contextlib.suppress(ObjectiveError):
            return class_index(model, text)
        return class_index(model, int(text))
    return class_index(model, text)


def class_name(model: Any, index: int) -> str:
    """Return a name by which `find_class` finds a class."""
    from lucid_widgets.modelzoo.classes import class_names

    names = class_names(model)
    return names[index] if index < len(names) else f"{index}"


def checked_class(model: Any, text: str) -> str:
    """Return the whole name of a class; "" for "".

    Raises:
        ObjectiveError: there is no such class, or there are several.
    """
    text = text.strip()
    return class_name(model, find_class(model, text)) if text else ""


def offered(model: Any, text: str) -> list[str]:
    """Return names of classes that begin with a text, then those that contain it."""
    from lucid_widgets.modelzoo.classes import class_names

    wanted = text.strip().casefold()
    fitting = [name for name in class_names(model) if wanted in name.casefold()]
    fitting.sort(key=lambda name: not name.casefold().startswith(wanted))
    return fitting[:MAX_OFFERED]
