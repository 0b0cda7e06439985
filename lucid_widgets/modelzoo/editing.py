"""Changing a network: a channel scaled or removed, a weight replaced.

`Model.edit` returns a changed copy and leaves the model as it was. `ParameterEditor` does
the same step by step, for weights, in the manner of an array.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucid_widgets.errors import ModelError, ObjectiveError, SettingError, did_you_mean

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

WeightChange = ArrayLike | Callable[[NDArray[Any]], ArrayLike]
"""A weight's new value, or a function from the old value to the new."""


@dataclass(frozen=True)
class Edits:
    """What was changed in a network.

    Args:
        weights: new values, by the names of weights.
        factors: what channels are multiplied by, ``[depth]``, by the names of layers.
    """

    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    factors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256 of all changes, whatever their order."""
        digest = hashlib.sha256()
        for kind, changes in (("weight", self.weights), ("factor", self.factors)):
            for name, value in sorted(changes.items()):
                digest.update(f"{kind} {name} {value.dtype} {value.shape};".encode())
                digest.update(np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()


def edit(
    model: Model,
    *,
    scale: Mapping[str, float] | None = None,
    remove: str | Iterable[str] = (),
    weights: Mapping[str, WeightChange] | None = None,
) -> Model:
    """Return a changed copy of a model; see `Model.edit`."""
    factors: dict[str, NDArray[np.float32]] = {}
    removed = [remove] if isinstance(remove, str) else list(remove)
    for place, factor in [*dict(scale or {}).items(), *((r, 0.0) for r in removed)]:
        number = _number(factor)
        if number is None:
            raise SettingError(
                f"{place!r} is scaled by a number, and was given {factor!r}"
            )
        layer, channel, depth = _place(model, place)
        row = factors.setdefault(layer, np.ones(depth, np.float32))
        row[slice(None) if channel is None else channel] *= number
    changed = {
        name: _new_value(model, name, change)
        for name, change in dict(weights or {}).items()
    }
    if not factors and not changed:
        raise SettingError(
            "there is nothing to change: give scale={'layer:channel': factor}, "
            "remove=['layer:channel'] or weights={'name': array or function}"
        )
    return model._edited(Edits(changed, factors))


def _number(value: Any) -> np.float32 | None:
    if isinstance(value, bool) or not np.isscalar(value):
        return None
    try:
        number = np.float32(cast("Any", value))
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _place(model: Model, place: str) -> tuple[str, int | None, int]:
    """Return layer, channel (None for all) and depth for ``layer`` or ``layer:channel``."""
    if not isinstance(place, str):
        raise SettingError(f"expected 'layer' or 'layer:channel', not {place!r}")
    layer, colon, number = place.rpartition(":")
    whole = place in model.layer_names or not (colon and number.isdecimal())
    name = model.canonical_name(place if whole else layer)
    depth = model.depth_of(name)
    if depth is None or name == model.input_name:
        raise ModelError(f"'{name}' has no channels of its own that could be scaled")
    if whole:
        return name, None, depth
    if int(number) >= depth:
        raise ObjectiveError(
            f"{name} has no channel {number}; expected 0 to {depth - 1}"
        )
    return name, int(number), depth


def _new_value(model: Model, name: str, change: WeightChange) -> NDArray[Any]:
    old = model.weight(name)
    new = np.asarray(change(old.copy()) if callable(change) else change)
    if new.shape != old.shape or new.dtype.kind not in "fiu":
        raise ModelError(
            f"weight '{name}' is {old.dtype} of shape {old.shape}; it was given "
            f"{new.dtype} of shape {new.shape}"
        )
    if not np.isfinite(new).all():
        raise ModelError(f"the new values of weight '{name}' are not all finite")
    return new.astype(old.dtype)


def unknown_weight(name: object, model: Model) -> ModelError:
    """Return the error for a weight that a model does not have."""
    close = did_you_mean(str(name), model.weight_names)
    return ModelError(
        f"no weight {name!r} in {model.model_name}{close or ';'} See model.weight_names"
    )


class ParameterEditor:
    """A model's weights as arrays that can be read and changed by name and index.

    The model itself stays as it is; `model` makes the changed one.

    Args:
        model: the model to start from.

    Example:
        >>> from lucid_widgets.modelzoo.vision_models import TinyInception
        >>> p = ParameterEditor(TinyInception())
        >>> p["conv2d0_w", :, :, :, 0] *= -1
        >>> p["conv2d0_w"].shape
        (7, 7, 3, 32)
        >>> edited = p.model()
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._changed: dict[str, NDArray[Any]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the weights."""
        return self._model.weight_names

    def __getitem__(self, key: Any) -> Any:
        """Return a copy of a weight ``p[name]``, or of a part ``p[name, slices...]``."""
        name, index = _split_key(key)
        value = self._changed.get(name)
        value = self._model.weight(name) if value is None else value
        return _indexed(value, name, index).copy()

    def __setitem__(self, key: Any, value: Any) -> None:
        name, index = _split_key(key)
        changed = self[name]
        _indexed(changed, name, index)
        try:
            changed[index] = value
        except ValueError as error:
            raise ModelError(f"weight '{name}' cannot be set: {error}") from error
        self._changed[name] = _new_value(self._model, name, changed)

    def model(self) -> Model:
        """Return a copy of the model with the weights as they are here now."""
        return edit(self._model, weights=self._changed)


def _split_key(key: Any) -> tuple[str, tuple[Any, ...]]:
    name, *index = key if isinstance(key, tuple) else (key,)
    return name, tuple(index) or (...,)


def _indexed(value: NDArray[Any], name: str, index: tuple[Any, ...]) -> Any:
    try:
        return value[index]
    except IndexError as error:
        raise ModelError(f"weight '{name}' has shape {value.shape}: {error}") from error
