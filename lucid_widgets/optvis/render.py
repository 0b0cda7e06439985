"""The loop: frames() yields it step by step, render_vis() is Lucid's call on it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import ObjectiveError, SettingError
from lucid_widgets.frame import Frame
from lucid_widgets.misc.io import show
from lucid_widgets.optvis import param
from lucid_widgets.optvis.objectives import Objective, as_objective
from lucid_widgets.optvis.optimizers import as_optimizer
from lucid_widgets.optvis.param.variables import Parameterization, as_parameterization
from lucid_widgets.optvis.settings import STEPS, Hyperparameters, RenderSettings
from lucid_widgets.optvis.settings import setting as _setting
from lucid_widgets.optvis.step import (
    CompiledStep,
    State,
    Structure,
    check_targets,
    compile_step,
    hyperparameter_tensors,
    number_tensors,
    trace_count,
)
from lucid_widgets.shapes import Images

__all__ = ["Frame", "State", "frames", "render_vis", "trace_count"]

log = logging.getLogger(__name__)

Live = Callable[[], tuple[Objective, Hyperparameters]]


def frames(
    model: Any,
    objective: Any,
    param_f: Any = None,
    optimizer: Any = None,
    transforms: Any = None,
    *,
    settings: RenderSettings | None = None,
    hyperparameters: Hyperparameters | None = None,
    seed: int = 0,
    steps: int | None = None,
    state: State | None = None,
    live: Live | None = None,
) -> Generator[Frame, None, None]:
    """Return an iterator over the steps of an optimization.

    What can be checked is checked now, before the first step; TensorFlow compiles
    when the first frame is asked for. The same arguments and seed give the same
    frames.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        objective: an `Objective`, "layer:n", or a function of `T`.
        param_f: function that returns the images; left out, as `settings` say.
        optimizer: see `optimizers.as_optimizer`; left out, Adam.
        transforms: a list of transforms, `[]` for none; left out, the standard
            set, if `settings.transforms`.
        settings: structure, where the arguments above leave it open.
        hyperparameters: numbers; the learning rate left out is the optimizer's.
        seed: decides all that is random, 0 to 2**31 - 1.
        steps: end after so many updates in all; None goes on for ever.
        state: go on from a frame's `state`.
        live: called before every step, on the thread that iterates; returns the
            objective and the hyperparameters to use from then on. The objective
            must keep its structure.

    Yields:
        One `Frame` for each update, numbered from 0.

    Raises:
        LucidError: an argument that cannot be used; see `errors`.

    Example:
        >>> for frame in frames(models.TinyInception(), "mixed4a:30", steps=64):
        ...     print(frame.step, frame.objective)
    """
    settings = settings or RenderSettings()
    objective = as_objective(objective)
    check_targets(model, objective)
    made = as_optimizer(optimizer)
    if hyperparameters is None:
        rate = made.learning_rate
        hyperparameters = Hyperparameters(
            **({} if rate is None else {"learning_rate": rate})
        )
    if steps is not None:
        steps = STEPS.check("steps", steps, int)
    seed = _setting("seed").check("seed", seed, int)
    parameterization = _parameterization(param_f, settings)
    structure = Structure(
        model=model,
        objective=objective,
        parameterization=parameterization,
        transforms=_transforms(transforms, settings),
        pad=settings.pad,
        optimizer=made,
        redirect_relu=settings.redirect_relu,
    )
    if state is None:
        first = parameterization.init(seed)
        del first  # it must work before anyone waits for the first frame
    step = compile_step(structure)
    numbers = (objective, hyperparameters)
    return _iterate(step, parameterization, numbers, seed, steps, state, live)


def _iterate(
    step: CompiledStep,
    parameterization: Parameterization,
    numbers: tuple[Objective, Hyperparameters],
    seed: int,
    steps: int | None,
    state: State | None,
    live: Live | None,
) -> Generator[Frame, None, None]:
    state = state or step.init(parameterization, seed)
    objective, hyperparameters = numbers
    number_values = number_tensors(objective.numbers)
    hyper_values = hyperparameter_tensors(hyperparameters)
    while steps is None or state.step < steps:
        if live is not None:
            now_objective, now_hyperparameters = live()
            if now_objective is not objective:
                _check_same_structure(objective, now_objective)
                check_targets(step.structure.model, now_objective)
                objective = now_objective
                number_values = number_tensors(objective.numbers)
            if now_hyperparameters is not hyperparameters:
                hyperparameters = now_hyperparameters
                hyper_values = hyperparameter_tensors(hyperparameters)
        state, value = step.update(state, number_values, hyper_values)
        variables = state.variables
        yield Frame(
            state.step - 1,
            float(value),
            lambda variables=variables: step.images(variables),
            state,
        )


def _check_same_structure(old: Objective, new: Objective) -> None:
    if new.structure is None or new.structure != old.structure:
        raise ObjectiveError(
            f"{new.description} differs from {old.description} in more than its "
            "numbers; start a new run for it"
        )


def _parameterization(param_f: Any, settings: RenderSettings) -> Parameterization:
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
        return tuple(transforms)
    return None if settings.transforms else ()


def render_vis(
    model: Any,
    objective_f: Any,
    param_f: Any = None,
    optimizer: Any = None,
    transforms: Any = None,
    thresholds: Iterable[int] = (512,),
    print_objectives: Sequence[Any] | None = None,
    verbose: bool = True,  # noqa: FBT001, FBT002 - Lucid's signature
    relu_gradient_override: bool = True,  # noqa: FBT001, FBT002
    use_fixed_seed: bool = False,  # noqa: FBT001, FBT002
) -> list[Images]:
    """Optimize an image, and return what it looks like at the thresholds.

    Lucid's call with Lucid's semantics. Interrupting it (Ctrl-C) returns what has
    been collected so far.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        objective_f: an `Objective`, "layer:n", or a function of `T`.
        param_f: function that returns the images; left out, `param.image(128)`.
        optimizer: see `optimizers.as_optimizer`; left out, Adam(0.05).
        transforms: a *list* of transforms; `[]` for none; anything else means the
            standard set.
        thresholds: numbers of the steps at which to keep the images. Steps are
            counted from 0, so 0 is the image after one update, and the run ends
            after the largest.
        print_objectives: objectives to print at thresholds.
        verbose: print the objective's value and show the images at thresholds.
        relu_gradient_override: redirect ReLUs in the first 17 updates.
        use_fixed_seed: start from seed 0, so that the result can be had again; else
            every call differs.

    Returns:
        One array `[batch, height, width, channels]` in [0, 1] for each threshold,
        in the order of the steps.

    Raises:
        LucidError: an argument that cannot be used; see `errors`.

    Example:
        >>> images = render_vis(models.TinyInception(), "mixed4a:30")
    """
    wanted = _thresholds(thresholds)
    printed = [as_objective(objective) for objective in print_objectives or ()]
    for objective in printed:
        check_targets(model, objective)
    run = frames(
        model,
        objective_f,
        param_f,
        optimizer,
        transforms,
        settings=RenderSettings(redirect_relu=relu_gradient_override),
        seed=0 if use_fixed_seed else secrets.randbelow(2**31),
        steps=max(wanted) + 1,
    )
    images: list[Images] = []
    frame = None
    try:
        for frame in run:
            if frame.step not in wanted:
                continue
            images.append(frame.images)
            if verbose:
                _report(frame, printed, model)
    except KeyboardInterrupt:
        log.warning("Interrupted optimization at step %s.", frame and frame.step)
        if frame is not None and verbose:
            show(np.hstack(frame.images))
    finally:
        run.close()
    return images


def _thresholds(thresholds: Any) -> frozenset[int]:
    try:
        given = [int(threshold) for threshold in thresholds]
    except TypeError:
        given = []
    if not given or min(given) < 0 or max(given) >= (STEPS.max or 0):
        raise SettingError(
            f"thresholds is {thresholds!r}; expected numbers of steps from 0 to "
            f"{STEPS.max or 0 - 1:g}, such as (512,)"
        )
    return frozenset(given)


def _report(frame: Frame, printed: Sequence[Objective], model: Any) -> None:
    print(frame.step, frame.objective)  # noqa: T201 - what verbose means
    for objective in printed:
        value = _evaluate(frame, objective, model)
        print(f"{frame.step:02d}: {objective.description}: {value:7.2f}")  # noqa: T201
    show(np.hstack(frame.images))


def _evaluate(frame: Frame, objective: Objective, model: Any) -> float:
    """Return an objective's value for a frame's images, untransformed."""
    T = model.import_graph(frame.images)
    T["labels"], T["global_step"] = model.labels, frame.step
    return float(np.sum(objective(T)))
