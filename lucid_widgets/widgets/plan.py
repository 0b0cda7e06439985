"""Plan: everything that decides what a run does, as one value.

Controls and Python change traits; traits make a new plan; the difference between
two plans says whether a running optimization can go on (only numbers differ), or
a new one must start (structure differs).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from lucid_widgets.optvis.settings import (
    Hyperparameters,
    RenderSettings,
    setting,
)
from lucid_widgets.widgets.objective_choice import ObjectiveChoice


@dataclass(frozen=True)
class Plan:
    """What to optimize, and how.

    Args:
        choice: what to show, of which model.
        settings: structure.
        hyperparameters: numbers.
        seed: where the random numbers start.
        steps: updates after which the run is finished.
    """

    choice: ObjectiveChoice
    settings: RenderSettings
    hyperparameters: Hyperparameters
    seed: int
    steps: int

    def new_run_for(self, other: Plan) -> list[str]:
        """Return the names on screen of what makes `other` a new run."""
        before, after = self.choice, other.choice
        if before.model is not after.model:
            return ["model"]
        names: list[str] = []
        if before.structure != after.structure:
            same_kind = before.kind == after.kind != "custom"
            names.append("layer" if same_kind else "objective")
        for field in dataclasses.fields(RenderSettings):
            name = field.name
            if getattr(self.settings, name) != getattr(other.settings, name):
                names.append(setting(name).label.lower())
        if self.seed != other.seed:
            names.append("seed")
        return names

    def shows_other_than(self, other: Plan) -> bool:
        """Return whether `other` has another subject: another channel, say."""
        return self.choice is not other.choice and (
            self.choice.title != other.choice.title
            or self.choice.custom is not other.choice.custom
        )
