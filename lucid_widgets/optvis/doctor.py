"""The doctor: why is it grey?

    >>> print(diagnose(model, "mixed4a:30"))
    healthy: the objective rose from 0.11 to 2.4 in 32 updates

Each finding names a cause, what speaks for it, and a cure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lucid_widgets.frame import Frame
from lucid_widgets.optvis.plan import Plan, plan
from lucid_widgets.optvis.settings import STEPS, Hyperparameters, RenderSettings
from lucid_widgets.optvis.step import hyperparameter_tensors, number_tensors
from lucid_widgets.optvis.symptoms import (
    Finding,
    of_the_gradient,
    of_the_model,
    silent,
)
from lucid_widgets.shapes import Images

# A picture of which more than this lies at 0 or 1 has no way to go.
_SATURATED = 0.6
# By then a picture has at least this contrast, or will never have.
_GROWN, _GREY = 64, 0.02
# What no trial run would tell more about.
_NO_NEED_TO_TRY = ("not a number", "image too small", "no gradient")
# What a trial run may overcome.
_MAY_PASS = ("silent channel", "no slope")
# In a trial run, the objective should rise by this part of its size at least.
_RISE = 1e-3


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found.

    Args:
        findings: most basic first; empty when all is well.
        values: the objective's values of the trial run.
    """

    findings: tuple[Finding, ...]
    values: tuple[float, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def __str__(self) -> str:
        if self.findings:
            return "\n".join(map(str, self.findings))
        return (
            f"healthy: the objective rose from {self.values[0]:.3g} to "
            f"{max(self.values):.3g} in {len(self.values)} updates"
        )


def diagnose(
    model: Any,
    objective: Any,
    param_f: Any = None,
    optimizer: Any = None,
    transforms: Any = None,
    *,
    settings: RenderSettings | None = None,
    hyperparameters: Hyperparameters | None = None,
    seed: int = 0,
    steps: int = 32,
) -> Diagnosis:
    """Return what may be wrong with an optimization.

    Looks at the model, at the first gradient, and at a short trial run.

    Args:
        model: and what follows: as for `render.frames`.
        objective: what to maximise.
        param_f: makes the images.
        optimizer: moves the variables.
        transforms: what the image must survive.
        settings: structure.
        hyperparameters: numbers.
        seed: of the trial run.
        steps: updates of the trial run.

    Raises:
        LucidError: an argument that cannot be used; that needs no doctor.

    Example:
        >>> diagnose(model, "mixed4a:30").healthy
        True
    """
    STEPS.check("steps", steps, int)
    made = plan(
        model,
        objective,
        param_f,
        optimizer,
        transforms,
        settings=settings,
        hyperparameters=hyperparameters,
        seed=seed,
    )
    findings = [*of_the_model(made)]
    if not findings:
        findings = [*of_the_gradient(made)]
    if findings and findings[0].cause in _NO_NEED_TO_TRY:
        return Diagnosis(tuple(findings))
    trial = _trial(made, steps)
    if trial.healthy:  # the channel has woken up
        findings = [f for f in findings if f.cause not in _MAY_PASS]
    # That it does not rise is no news where a cause is known.
    known = {finding.cause for finding in findings}
    if known:
        known |= {*_MAY_PASS, "not rising"}
    findings += [f for f in trial.findings if f.cause not in known]
    return Diagnosis(tuple(findings), trial.values)


def look_at(frame: Frame) -> Finding | None:
    """Return what a frame of a running optimization suffers from, if anything.

    Cheap enough for every frame that is shown.

    Args:
        frame: from `render.frames`.
    """
    if not np.isfinite(frame.objective) or not np.isfinite(frame.images).all():
        return Finding(
            "not a number",
            f"the objective is {frame.objective} after {frame.step + 1} updates",
            "a lower learning rate; a normalised direction; diagnose(model, objective)",
        )
    part = _saturated_part(frame.images)
    if part > _SATURATED:
        return Finding(
            "saturated image",
            f"{part:.0%} of the numbers in the image are at 0 or 1",
            "a lower learning rate, fewer steps, or a penalty (L1, total variation)",
        )
    contrast = float(np.ptp(frame.images, axis=(1, 2)).max())
    if frame.step + 1 >= _GROWN and contrast < _GREY:
        return Finding(
            "silent channel",
            f"after {frame.step + 1} updates the image is still grey",
            "another channel, the layer's _pre_relu, a higher learning rate, or a "
            "larger first contrast: param.image(..., sd=0.5); diagnose(model, "
            "objective) tells more",
        )
    return None


def _saturated_part(images: Images) -> float:
    return float(np.mean((images < 0.01) | (images > 0.99)))


def _trial(made: Plan, steps: int) -> Diagnosis:
    """Run for a few updates and look at the outcome."""
    step, state = made.step, made.start
    numbers = number_tensors(made.objective.numbers)
    hyper = hyperparameter_tensors(made.hyperparameters)
    values: list[float] = []
    for _ in range(steps):
        state, each = step.update(state, numbers, hyper)
        values.append(float(np.sum(each)))
        if not np.isfinite(values[-1]):
            break
    frame = Frame(state.step - 1, values[-1], step.images(state), state)
    symptom = look_at(frame)
    findings = [symptom] if symptom else []
    if not findings and not _rises(values):
        findings.append(_not_rising(made, values, frame.images))
    return Diagnosis(tuple(findings), tuple(values))


def _rises(values: list[float]) -> bool:
    third = max(1, len(values) // 3)
    first, last = float(np.mean(values[:third])), float(np.mean(values[-third:]))
    return last - first > _RISE * (abs(first) + abs(last))


def _not_rising(made: Plan, values: list[float], images: Images) -> Finding:
    before = made.step.images(made.start)
    moved = float(np.abs(images - before).max())
    evidence = (
        f"the objective went from {values[0]:.3g} to {values[-1]:.3g} in {len(values)} "
        f"updates, and the image by {moved:.2g}"
    )
    if moved == 0:
        return silent(made, evidence)
    if moved < 1e-3:
        return Finding("not rising", evidence, "a higher learning rate; another seed")
    return Finding("not rising", evidence, "a lower learning rate; fewer transforms")
