"""PlanTraits: the traits that decide a run, and how a change becomes a plan.

    a trait changes -> validated here -> ObjectiveChoice, Plan -> `_apply`

No numerics and no threads here: `FeatureVis` gives the plan to its session.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import traitlets

from lucid_widgets.optvis.settings import (
    STEPS_DEFAULT,
    Hyperparameters,
    RenderSettings,
)
from lucid_widgets.widgets.model_choice import as_model, check_name
from lucid_widgets.widgets.model_loading import ModelLoader
from lucid_widgets.widgets.objective_choice import (
    ObjectiveChoice,
    check_channel,
    check_layer,
    choose,
    max_channel,
    nearest_choice,
)
from lucid_widgets.widgets.plan import Plan
from lucid_widgets.widgets.setting_trait import (
    NUMBERS,
    STRUCTURE,
    ChosenTrait,
    CountTrait,
    SettingTrait,
    collect,
)

CHOICE = ("objective_kind", "layer", "channel", "label")
"""Traits that say what is shown."""


class PlanTraits(traitlets.HasTraits):
    """What is drawn and how, as traits; the base of `FeatureVis`."""

    model = ChosenTrait(None, help="The network to look into.")
    objective_kind = ChosenTrait(
        None, help='"channel", "neuron", "deepdream", "class" ...'
    )
    layer = ChosenTrait(None, help="Name of the layer to look into.")
    channel = ChosenTrait(None, help="Index of the channel, from 0.")
    label = ChosenTrait(None, help="Name of the class.")

    size = SettingTrait(RenderSettings, "size")
    batch = SettingTrait(RenderSettings, "batch")
    parameterization = SettingTrait(RenderSettings, "parameterization")
    decorrelate = SettingTrait(RenderSettings, "decorrelate")
    alpha = SettingTrait(RenderSettings, "alpha")
    channels = SettingTrait(RenderSettings, "channels")
    transforms = SettingTrait(RenderSettings, "transforms")
    pad = SettingTrait(RenderSettings, "pad")
    redirect_relu = SettingTrait(RenderSettings, "redirect_relu")

    learning_rate = SettingTrait(Hyperparameters, "learning_rate")
    jitter = SettingTrait(Hyperparameters, "jitter")
    rotate = SettingTrait(Hyperparameters, "rotate")
    scale = SettingTrait(Hyperparameters, "scale")
    l1 = SettingTrait(Hyperparameters, "l1")
    total_variation = SettingTrait(Hyperparameters, "total_variation")
    # Takes the place of DOMWidget.blur, which nobody here needs: settings keep one name.
    blur = SettingTrait(Hyperparameters, "blur")

    steps = CountTrait("steps", STEPS_DEFAULT)
    seed = CountTrait("seed", 0)

    _loader: ModelLoader
    _changes: threading.RLock
    """Held while several traits change together."""

    _quiet = True
    """Whether changes of traits are collected, to be applied together."""

    _custom: Any = None
    """The objective of kind "custom"."""

    def _plan_now(self) -> Plan:
        """Return the plan that is being followed."""
        raise NotImplementedError

    def _apply(self, choice: ObjectiveChoice) -> None:
        """Follow the plan that the traits make with a choice."""
        raise NotImplementedError

    # Validation -----------------------------------------------------------------

    @traitlets.validate("model")
    def _valid_model(self, proposal: Any) -> Any:
        if self._quiet:
            return as_model(proposal.value)
        return self._loader.load_in_place(proposal.value)

    @traitlets.validate(*CHOICE)
    def _valid_choice(self, proposal: Any) -> Any:
        if self._quiet:
            return proposal.value
        return self._check_choice(proposal.trait.name, proposal.value)

    def _check_choice(self, name: str, value: Any) -> Any:
        """Return the value of a trait of `CHOICE`, or raise."""
        if name == "layer":
            return check_layer(self.model, value).name
        if name == "channel":
            return check_channel(self.model, self.layer, value)
        self._choice(**{name: value})
        return value

    def _check(self, name: str, value: Any) -> None:
        """Raise what assigning a value to a trait would raise, without assigning."""
        if name == "model":
            # Loading may take long, so it happens once, when it is assigned.
            if isinstance(value, str):
                check_name(value)
        elif name in CHOICE:
            self._check_choice(name, value)
        else:
            trait: Any = self.traits()[name]
            trait.validate(self, value)

    # Changes ----------------------------------------------------------------------

    @traitlets.observe("model")
    def _model_changed(self, change: Any) -> None:
        if self._quiet:
            return
        with self._changes:
            choice = nearest_choice(
                change.new, self.layer, self.channel, self.objective_kind
            )
            with self._quietly():
                self._take_over(choice)
            self._apply(choice)

    @traitlets.observe(*CHOICE)
    def _choice_changed(self, change: Any) -> None:
        if self._quiet:
            return
        with self._changes:
            if change.name == "layer":
                with self._quietly():
                    self.channel = min(
                        self.channel, max_channel(self.model, self.layer)
                    )
            if change.name == "layer" and self.objective_kind in ("custom", "class"):
                with self._quietly():
                    self.objective_kind = "channel"
            self._apply(self._choice())

    @traitlets.observe(*STRUCTURE, *NUMBERS, "steps", "seed")
    def _setting_changed(self, change: Any) -> None:
        if not self._quiet:
            with self._changes:
                self._apply(self._plan_now().choice)

    def _choice(self, **changes: Any) -> ObjectiveChoice:
        held = {name: getattr(self, name) for name in CHOICE}
        given = {**held, **changes}
        kind = given.pop("objective_kind")
        custom = self._custom if kind == "custom" else None
        return ObjectiveChoice(self.model, kind, custom=custom, **given)

    def _choice_for(self, objective: Any) -> ObjectiveChoice:
        return choose(self.model, objective, {"label": self.label})

    def _plan(self, choice: ObjectiveChoice) -> Plan:
        return Plan(
            choice=choice,
            settings=collect(RenderSettings, self, {}),
            hyperparameters=collect(Hyperparameters, self, {}),
            seed=self.seed,
            steps=self.steps,
        )

    def _take_over(self, choice: ObjectiveChoice) -> None:
        """Set the traits to a choice."""
        self._custom = choice.custom
        self.model = choice.model
        self.objective_kind = choice.kind
        self.layer = choice.layer
        self.channel = choice.channel
        self.label = choice.label

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Set several traits of one change; the change is applied afterwards."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before
