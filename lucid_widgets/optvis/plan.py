"""plan(): from what users pass to what can be run, all of it checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from lucid_widgets.errors import ModelError, ObjectiveError, SettingError
from lucid_widgets.modelzoo.overriding import current_overrides
from lucid_widgets.optvis import param
from lucid_widgets.optvis.objectives import Objective, as_objective
from lucid_widgets.optvis.optimizers import as_optimizer
from lucid_widgets.optvis.param.variables import Parameterization, as_parameterization
from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings, setting
from lucid_widgets.optvis.step import (
    CompiledStep,
    State,
    Structure,
    check_targets,
    compile_step,
)
from lucid_widgets.optvis.transform import compose


@dataclass(frozen=True)
class Plan:
    """An optimization that could start now.

    Args:
        step: the compiled step.
        objective: what to maximise.
        hyperparameters: numbers to start with.
        start: where the run begins.
    """

    step: CompiledStep
    objective: Objective
    hyperparameters: Hyperparameters
    start: State


def plan(
    model: Any,
    objective: Any,
    param_f: Any = None,
    optimizer: Any = None,
    transforms: Any = None,
    *,
    settings: RenderSettings | None = None,
    hyperparameters: Hyperparameters | None = None,
    seed: int = 0,
    state: State | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Plan:
    """Return a plan made of the arguments of `render.frames`.

    Raises:
        LucidError: an argument that cannot be used; see `errors`.
    """
    _check_eager()
    _check_model(model)
    settings = settings or RenderSettings()
    check_instance("settings", settings, RenderSettings)
    objective = as_objective(objective)
    check_targets(model, objective)
    made = as_optimizer(optimizer)
    if hyperparameters is None:
        rate = made.learning_rate
        hyperparameters = Hyperparameters()
        if rate is not None:
            hyperparameters = Hyperparameters(learning_rate=rate)
    check_instance("hyperparameters", hyperparameters, Hyperparameters)
    seed = setting("seed").check("seed", seed, int)
    parameterization = parameterization_of(param_f, settings)
    step = compile_step(
        Structure(
            model=model,
            objective=objective,
            parameterization=parameterization,
            transforms=_transforms(transforms, settings),
            pad=settings.pad,
            optimizer=made,
            redirect_relu=settings.redirect_relu,
            overrides=_checked_overrides(overrides),
        )
    )
    start = step.init(parameterization, seed)
    if state is not None:
        _check_state(state, start)
    return Plan(step, objective, hyperparameters, state or start)


def check_instance(name: str, value: Any, kind: type) -> None:
    """Raise SettingError unless `value` is of a kind."""
    if not isinstance(value, kind):
        raise SettingError(f"{name} is {value!r}; expected {kind.__name__}(...)")


def _checked_overrides(overrides: Any) -> Mapping[str, Any]:
    given = {} if overrides is None else overrides
    if not isinstance(given, Mapping) or not all(map(callable, given.values())):
        raise SettingError(
            f"overrides is {overrides!r:.100}; expected a mapping of operation types to "
            "functions, such as overrides.linearization_overrides()"
        )
    return {**current_overrides(), **given}


def _check_eager() -> None:
    if not tf.executing_eagerly():
        raise SettingError(
            "this is a TensorFlow 1 graph, and runs need TensorFlow 2; leave out "
            "tf.Graph(), tf.Session() and tf.disable_v2_behavior(), which Lucid needed"
        )


def _check_model(model: Any) -> None:
    if not callable(getattr(model, "import_graph", None)) or isinstance(model, type):
        raise ModelError(
            f"model is {model!r:.100}; expected one of lucid_widgets.modelzoo."
            "vision_models, such as TinyInception(); a Keras model goes through "
            "from_keras(model)"
        )


def _check_state(state: Any, start: State) -> None:
    def shapes(state: State) -> list[tuple[int, ...]]:
        return [tuple(v.shape) for v in (*state.variables, *state.slots)]

    check_instance("state", state, State)
    if shapes(state) != shapes(start):
        raise SettingError(
            "state belongs to another run: its variables have shapes "
            f"{[tuple(v.shape) for v in state.variables]}, and this run's "
            f"{[tuple(v.shape) for v in start.variables]}; expected the "
            "parameterization and optimizer that it was made with"
        )


def check_same_structure(old: Objective, new: Objective) -> None:
    """Raise unless a running optimization can move from one objective to another.

    Raises:
        ObjectiveError: they differ in more than their numbers.
    """
    if new is old:
        return
    if new.structure is None or new.structure != old.structure:
        raise ObjectiveError(
            f"{new.description} differs from {old.description} in more than its "
            "numbers; start a new run for it"
        )


def parameterization_of(param_f: Any, settings: RenderSettings) -> Parameterization:
    """Return the parameterization of `param_f`; left out, what the settings say."""
    if param_f is not None:
        return as_parameterization(param_f)
    return as_parameterization(
        lambda: param.image(
            settings.width,
            settings.height,
            batch=settings.batch,
            decorrelate=settings.decorrelate,
            fft=settings.parameterization == "fft",
            alpha=settings.alpha,
            channels=settings.channels,
        )
    )


def _transforms(transforms: Any, settings: RenderSettings) -> tuple[Any, ...] | None:
    # Only a list is a list of transforms: Lucid's users rely on anything else
    # meaning the standard set.
    if isinstance(transforms, list):
        compose(transforms)  # complains about what is no transform
        return tuple(transforms)
    return None if settings.transforms else ()
