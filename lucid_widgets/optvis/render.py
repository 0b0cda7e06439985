"""The loop: frames() yields it step by step, render_vis() is Lucid's call on it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import SettingError
from lucid_widgets.frame import Frame
from lucid_widgets.misc.io import show
from lucid_widgets.optvis.doctor import look_at
from lucid_widgets.optvis.many import render_many
from lucid_widgets.optvis.objectives import Objective, as_objective
from lucid_widgets.optvis.parts import (
    import_model,
    make_optimizer,
    make_t_image,
    make_transform_f,
)
from lucid_widgets.optvis.plan import Plan, check_same_structure, plan
from lucid_widgets.optvis.settings import STEPS, Hyperparameters, RenderSettings
from lucid_widgets.optvis.step import (
    State,
    check_targets,
    hyperparameter_tensors,
    number_tensors,
    trace_count,
)
from lucid_widgets.optvis.stepping import make_vis_T
from lucid_widgets.shapes import Images

__all__ = [
    "Frame",
    "State",
    "frames",
    "import_model",
    "make_optimizer",
    "make_t_image",
    "make_transform_f",
    "make_vis_T",
    "render_many",
    "render_vis",
    "trace_count",
]

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
    overrides: Mapping[str, Any] | None = None,
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
        overrides: functions in place of operations of the model, such as
            `overrides.pooling_overrides()`; a ReLU among them replaces the redirected
            one.

    Yields:
        One `Frame` for each update, numbered from 0.

    Raises:
        LucidError: an argument that cannot be used; see `errors`.

    Example:
        >>> for frame in frames(models.TinyInception(), "mixed4a:30", steps=64):
        ...     print(frame.step, frame.objective)
    """
    made = plan(
        model,
        objective,
        param_f,
        optimizer,
        transforms,
        settings=settings,
        hyperparameters=hyperparameters,
        seed=seed,
        state=state,
        overrides=overrides,
    )
    return _iterate(made, _checked_steps(steps), live)


def _checked_steps(steps: int | None) -> int | None:
    return None if steps is None else STEPS.check("steps", steps, int)


def _iterate(
    plan: Plan, steps: int | None, live: Live | None
) -> Generator[Frame, None, None]:
    step, state = plan.step, plan.start
    objective, hyperparameters = plan.objective, plan.hyperparameters
    number_values = number_tensors(objective.numbers)
    hyper_values = hyperparameter_tensors(hyperparameters)
    while steps is None or state.step < steps:
        if live is not None:
            now_objective, now_hyperparameters = live()
            if now_objective is not objective:
                check_same_structure(objective, now_objective)
                check_targets(step.structure.model, now_objective)
                objective = now_objective
                number_values = number_tensors(objective.numbers)
            if now_hyperparameters is not hyperparameters:
                hyperparameters = now_hyperparameters
                hyper_values = hyperparameter_tensors(hyperparameters)
        state, values = step.update(state, number_values, hyper_values)
        yield Frame(
            state.step - 1,
            float(values.numpy().sum()),
            lambda state=state: step.images(state),
            state,
        )


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
        objective_f: an `Objective`, "layer:n", or a function of `T`; or a list of
            these, each with images of its own, optimized several at a time as in
            `render_many`.
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
        in the order of the steps. For a list of objectives the batch holds the images
        of the first one, the second, and so on.

    Raises:
        LucidError: an argument that cannot be used; see `errors`.

    Example:
        >>> images = render_vis(models.TinyInception(), "mixed4a:30")
        >>> pair = render_vis(models.TinyInception(), ["mixed4a:30", "mixed4a:31"])
        >>> pair[-1].shape
        (2, 128, 128, 3)
    """
    wanted = _thresholds(thresholds)
    seed = 0 if use_fixed_seed else secrets.randbelow(2**31)
    settings = RenderSettings(redirect_relu=relu_gradient_override)
    printed = [as_objective(objective) for objective in print_objectives or ()]
    if isinstance(objective_f, list | tuple):
        if printed:
            raise SettingError(
                "print_objectives cannot be used with a list of objectives, whose values "
                "are printed anyway; render one objective at a time"
            )
        pictures = render_many(
            model,
            objective_f,
            param_f,
            optimizer,
            transforms,
            settings=settings,
            seed=seed,
            steps=[threshold + 1 for threshold in wanted],
        )
        return _collected(pictures, wanted, objective_f, verbose=verbose)
    made = plan(
        model,
        objective_f,
        param_f,
        optimizer,
        transforms,
        settings=settings,
        seed=seed,
    )
    for objective in printed:
        check_targets(model, objective)
    run = _iterate(made, max(wanted) + 1, None)
    images: list[Images] = []
    frame = None
    try:
        for frame in run:
            if frame.step not in wanted:
                continue
            images.append(frame.images)
            if verbose:
                _report(frame, printed, made)
    except KeyboardInterrupt:
        log.warning("Interrupted optimization at step %s.", frame and frame.step)
        if frame is not None and verbose:
            show(np.hstack([*frame.images]))
    finally:
        run.close()
    finding = look_at(frame) if frame is not None else None
    if finding is not None:
        log.warning("%s", finding)
    return images


def _collected(
    pictures: Iterator[tuple[int, Frame]],
    wanted: Iterable[int],
    objectives: Sequence[Any],
    *,
    verbose: bool,
) -> list[Images]:
    """Return one array for each threshold, of what was done until an interruption."""
    found: dict[int, dict[int, Images]] = {step: {} for step in sorted(wanted)}
    try:
        for index, frame in pictures:
            found[frame.step][index] = frame.images
            if verbose:
                name = as_objective(objectives[index]).description
                print(f"{frame.step}: {name}: {frame.objective:7.2f}")  # noqa: T201
                show(np.hstack([*frame.images]))
    except KeyboardInterrupt:
        log.warning("Interrupted: not all of %s objectives are done.", len(objectives))
    return [
        np.concatenate([images[index] for index in sorted(images)])
        for images in found.values()
        if images
    ]


def _thresholds(thresholds: Any) -> frozenset[int]:
    last = int(STEPS.max or 0) - 1
    try:
        given = list(thresholds)
        whole = [int(threshold) for threshold in given]
    except (TypeError, ValueError, OverflowError):
        given, whole = [], []
    if not whole or whole != given or min(whole) < 0 or max(whole) > last:
        raise SettingError(
            f"thresholds is {thresholds!r:.100}; expected numbers of steps from 0 to "
            f"{last}, such as (512,)"
        )
    return frozenset(whole)


def _report(frame: Frame, printed: Sequence[Objective], plan: Plan) -> None:
    print(frame.step, frame.objective)  # noqa: T201 - what verbose means
    hyper_values = hyperparameter_tensors(plan.hyperparameters)
    for objective in printed:
        value = plan.step.evaluate(objective, frame.state, hyper_values)
        print(f"{frame.step:02d}: {objective.description}: {value:7.2f}")  # noqa: T201
    show(np.hstack([*frame.images]))
