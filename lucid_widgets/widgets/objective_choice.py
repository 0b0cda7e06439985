"""What a run shall show, as chosen from menus: kind, layer, and channel or class.

A choice is a value that knows its model and imports no TensorFlow; it becomes an
`Objective` on the worker thread, when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lucid_widgets.errors import (
    LayerNotFoundError,
    ObjectiveError,
    SettingError,
    did_you_mean,
)
from lucid_widgets.modelzoo.classes import class_names, logits_of
from lucid_widgets.modelzoo.vision_base import Layer, Model

KINDS = {
    "channel": "channel",
    "neuron": "neuron",
    "deepdream": "layer (deepdream)",
    "class": "class",
    "custom": "custom",
}
"""Kinds of objective, and their names on screen."""

FAVOURITE = ("mixed4a", 7)
"""What is shown first: halfway up, where features are neither edges nor animals."""


@dataclass(frozen=True, eq=False)
class ObjectiveChoice:
    """One objective of one model.

    Args:
        model: the model.
        kind: one of `KINDS`.
        layer: name of the layer; for a class, it is kept for later.
        channel: index of the channel, from 0; kept where it does not matter.
        label: name of the class, as in `class_names`; None where there are none.
        custom: an `Objective` of the user's own, for the kind "custom".

    Raises:
        LayerNotFoundError: the model has no such layer.
        SettingError: the channel or class is not in the model, or the kind is not
            known.
    """

    model: Model
    kind: str
    layer: str
    channel: int = 0
    label: str | None = None
    custom: Any = None

    def __post_init__(self) -> None:
        kinds = kinds_of(self.model, with_custom=self.custom is not None)
        if self.kind not in kinds:
            raise SettingError(
                f"objective_kind is {str(self.kind)[:100]!r}; expected one of "
                f"{', '.join(map(repr, kinds))}{did_you_mean(str(self.kind)[:100], kinds, 1)}"
            )
        check_layer(self.model, self.layer)
        check_channel(self.model, self.layer, self.channel)
        names = class_names(self.model)
        if self.label is not None and self.label not in names:
            raise SettingError(
                f"no class {str(self.label)[:100]!r} in {self.model.name}"
                f"{did_you_mean(str(self.label)[:100], names)}"
            )
        if self.kind == "custom":
            for layer, channel in self.custom.targets:
                if layer != "input":
                    check_layer(self.model, layer)
                if channel is not None:
                    check_channel(self.model, layer, channel)

    @property
    def title(self) -> str:
        """What is shown, in a few words."""
        match self.kind:
            case "channel" | "neuron":
                what = f"{self.kind} {self.layer}:{self.channel}"
            case "deepdream":
                what = f"layer {self.layer}"
            case "class":
                what = f"class {self.label}"
            case _:
                what = self.custom.name or "custom objective"
        return f"{self.model.name}, {what}"

    @property
    def slug(self) -> str:
        """The title as a part of a file name."""
        return re.sub(r"[^\w.]+", "-", self.title).strip("-")[:80]

    @property
    def structure(self) -> Hashable:
        """Equal for choices between which a running optimization can move."""
        if self.kind == "custom":
            known = self.custom.structure
            return ("custom", id(self.custom) if known is None else known)
        if self.kind == "class":
            return ("class",)
        return (self.kind, self.layer)

    @cached_property
    def objective(self) -> Any:
        """The choice as an `Objective`. Imports TensorFlow."""
        from lucid_widgets.optvis import objectives

        match self.kind:
            case "channel":
                return objectives.channel(self.layer, self.channel)
            case "neuron":
                return objectives.neuron(self.layer, self.channel)
            case "deepdream":
                return objectives.deepdream(self.layer)
            case "class":
                index = class_names(self.model).index(str(self.label))
                return objectives.class_logit(logits_of(self.model), index)
            case _:
                return self.custom


def parse_objective(text: str) -> tuple[str, int]:
    """Return layer and channel of an objective written "layer:n".

    Raises:
        ObjectiveError: it is not written so.
    """
    layer, colon, number = text.rpartition(":")
    if not (colon and layer.strip() and re.fullmatch(r"\s*-?\d{1,9}\s*", number)):
        raise ObjectiveError(
            f"cannot read the objective {text[:100]!r}; expected 'layer:n', such as "
            "'mixed4a:30', with n a whole number"
        )
    return layer.strip(), int(number)


def first_choice(model: Model) -> ObjectiveChoice:
    """Return what to show of a model when nobody has said so."""
    names = class_names(model)
    label = names[0] if names else None
    layer, channel = FAVOURITE
    if layer not in {known.name for known in model.layers}:
        middle = model.layers[len(model.layers) // 2]
        layer, channel = middle.name, 0
    channel = min(channel, max_channel(model, layer))
    return ObjectiveChoice(model, "channel", layer, channel, label)


def choose(model: Model, objective: Any, given: dict[str, Any]) -> ObjectiveChoice:
    """Return the choice that the arguments of `FeatureVis` stand for."""
    first = first_choice(model)
    label = given.get("label", first.label)
    label = first.label if label is None else label
    if objective is None:
        layer = check_layer(model, given.get("layer", first.layer)).name
        channel = given.get("channel", min(first.channel, max_channel(model, layer)))
        check_channel(model, layer, channel)
        kind = given.get("objective_kind", "channel")
        return ObjectiveChoice(model, kind, layer, channel, label)
    if isinstance(objective, str):
        layer, channel = parse_objective(objective)
        layer = check_layer(model, layer).name
        return ObjectiveChoice(model, "channel", layer, channel, label)
    from lucid_widgets.optvis.objectives import as_objective

    custom = as_objective(objective)
    return ObjectiveChoice(model, "custom", first.layer, first.channel, label, custom)


def nearest_choice(
    model: Model, layer: str, channel: int, kind: str
) -> ObjectiveChoice:
    """Return what to show of another model: the same as before, if it has that."""
    first = first_choice(model)
    if layer not in {known.name for known in model.layers}:
        return first
    channel = min(channel, max_channel(model, layer))
    kind = kind if kind in ("neuron", "deepdream") else "channel"
    return ObjectiveChoice(model, kind, layer, channel, first.label)


def kinds_of(model: Model, *, with_custom: bool) -> list[str]:
    """Return the kinds of objective that make sense for a model."""
    kinds = ["channel", "neuron", "deepdream"]
    if class_names(model):
        kinds.append("class")
    if with_custom:
        kinds.append("custom")
    return kinds


def check_layer(model: Model, name: Any) -> Layer:
    """Return the layer of exactly this name.

    Raises:
        LayerNotFoundError: there is none; the message names the three closest.
    """
    for layer in model.layers:
        if layer.name == name:
            return layer
    if isinstance(name, str) and name in model.layer_names:
        return model.get_layer(name)
    known = [layer.name for layer in model.layers]
    raise LayerNotFoundError(
        f"no layer {str(name)[:100]!r} in {model.name}"
        f"{did_you_mean(str(name)[:100], known)} See model.layers"
    )


def max_channel(model: Model, layer: str) -> int:
    """Return the index of a layer's last channel."""
    depth = check_layer(model, layer).depth
    return 2**31 - 1 if depth is None else depth - 1


def check_channel(model: Model, layer: str, channel: Any) -> int:
    """Return the channel as a plain int.

    Raises:
        SettingError: the layer has no channel of this number.
    """
    last = max_channel(model, layer)
    whole = isinstance(channel, int) and not isinstance(channel, bool)
    if not whole or not 0 <= channel <= last:
        raise SettingError(
            f"channel is {str(channel)[:60]}; expected a whole number from 0 to {last}: "
            f"{layer} of {model.name} has {last + 1} channels"
        )
    return channel
