"""as_objective(): from what users write to an `Objective`."""

from __future__ import annotations

from typing import Any

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis.objectives.activations import channel
from lucid_widgets.optvis.objectives.objective import Objective


def as_objective(obj: Any) -> Objective:
    """Return `obj` as an objective.

    Args:
        obj: an `Objective`; a function of `T`; or a string "layer:n", which stands
            for `channel(layer, n)`.

    Raises:
        ObjectiveError: it is none of these.

    Example:
        >>> as_objective("mixed4a:30").description
        'Channel(mixed4a, 30)'
    """
    if isinstance(obj, Objective):
        return obj
    if isinstance(obj, str):
        layer, colon, index = obj.rpartition(":")
        if not (colon and layer and index.strip().lstrip("-").isdecimal()):
            raise ObjectiveError(
                f"cannot read the objective {obj!r}; expected 'layer:n', such as "
                "'mixed4a:30', with n a whole number"
            )
        return channel(layer.strip(), int(index))
    if callable(obj):
        name = getattr(obj, "__name__", type(obj).__name__)
        return Objective(obj, name, name)
    raise ObjectiveError(
        f"cannot read the objective {obj!r}; expected 'layer:n', an Objective, or a "
        "function of T"
    )
