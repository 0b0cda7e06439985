"""render_many(): pictures of many objectives, several at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from lucid_widgets.errors import ObjectiveError, SettingError
from lucid_widgets.frame import Frame
from lucid_widgets.optvis.objectives import Objective, as_objective
from lucid_widgets.optvis.packing import (
    by_structure,
    images_at_once,
    pack_objectives,
    pack_parameterization,
    pack_sizes,
)
from lucid_widgets.optvis.param.variables import Parameterization
from lucid_widgets.optvis.plan import (
    Plan,
    check_instance,
    parameterization_of,
    plan,
)
from lucid_widgets.optvis.settings import (
    STEPS,
    STEPS_DEFAULT,
    Hyperparameters,
    RenderSettings,
    setting,
)
from lucid_widgets.optvis.step import (
    check_targets,
    hyperparameter_tensors,
    number_tensors,
)

MOST_AT_ONCE = int(setting("batch").max or 1)


def render_many(
    model: Any,
    objectives: Iterable[Any],
    param_f: Any = None,
    optimizer: Any = None,
    transforms: Any = None,
    *,
    settings: RenderSettings | None = None,
    hyperparameters: Hyperparameters | None = None,
    seed: int = 0,
    steps: int | Sequence[int] = STEPS_DEFAULT,
    batch: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Generator[tuple[int, Frame], None, None]:
    """Return an iterator over pictures of many objectives, made several at a time.

    Objectives of equal structure, such as the channels of a layer, are optimized
    together in batches; on a processor a picture then takes a little more than half of
    the time that it takes alone. What comes out is what separate runs of `frames` with
    the same seed give, up to rounding: every objective starts from the same first
    values, and sees the same random transforms. (Random numbers that are drawn for
    each image of a batch, such as the backgrounds of transparent ones, are others.)

    What can be checked is checked now, before the first step. Closing the iterator
    stops the work.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        objectives: each an `Objective`, "layer:n", or a function of `T`.
        param_f: function that returns the images of *one* objective; left out, as
            `settings` say.
        optimizer: see `optimizers.as_optimizer`; left out, Adam.
        transforms: a list of transforms, `[]` for none; left out, the standard set, if
            `settings.transforms`.
        settings: structure, where the arguments above leave it open; `settings.batch`
            is the number of images of one objective.
        hyperparameters: numbers; the learning rate left out is the optimizer's.
        seed: decides all that is random, for every objective in the same way.
        steps: how many updates; or several numbers, of which each but the largest
            gives a look at what is there by then.
        batch: how many objectives to optimize together; left out, as many as suit the
            size of the images and the machine.
        overrides: functions in place of operations of the model.

    Yields:
        `(index, frame)`: which of the objectives, counted from 0, and its `Frame`, with
        `images` `[settings.batch, height, width, channels]`. Each index comes once for
        every number in `steps`, in the order in which the work is done.

    Raises:
        LucidError: an argument that cannot be used; see `errors`.

    Example:
        >>> channels = [f"mixed4a:{n}" for n in range(64)]
        >>> for index, frame in render_many(models.TinyInception(), channels, steps=64):
        ...     print(channels[index], frame.objective, frame.images.shape)
    """
    settings = RenderSettings() if settings is None else settings
    looks = _looks(steps)
    chosen = _as_objectives(objectives)
    check_instance("settings", settings, RenderSettings)
    single = parameterization_of(param_f, settings)

    def planned(indices: Sequence[int]) -> Plan:
        return plan(
            model,
            pack_objectives([chosen[index] for index in indices]),
            pack_parameterization(single, len(indices)),
            optimizer,
            transforms,
            settings=settings,
            hyperparameters=hyperparameters,
            seed=seed,
            overrides=overrides,
        )

    planned([0])  # complains about what cannot be used
    for objective in chosen:
        check_targets(model, objective)
    most = _at_once(batch, single)
    packs: list[list[int]] = []
    for group in by_structure(chosen):
        for size in pack_sizes(len(group), most):
            packs.append(group[:size])
            group = group[size:]
    return _iterate(packs, planned, looks)


def _iterate(
    packs: Sequence[Sequence[int]], planned: Any, looks: Sequence[int]
) -> Generator[tuple[int, Frame], None, None]:
    for indices in packs:
        made: Plan = planned(indices)
        numbers = number_tensors(made.objective.numbers)
        hyper = hyperparameter_tensors(made.hyperparameters)
        state, values = made.start, None
        for look in looks:
            while state.step < look:
                state, values = made.step.update(state, numbers, hyper)
            assert values is not None  # looks are at least 1
            images = made.step.images(state)
            each = len(images) // len(indices)
            for place, (index, value) in enumerate(
                zip(indices, values.numpy(), strict=True)
            ):
                share = images[place * each : (place + 1) * each]
                yield index, Frame(look - 1, float(value), share)


def _as_objectives(objectives: Any) -> list[Objective]:
    one = isinstance(objectives, str) or callable(objectives)
    each: Any = objectives if isinstance(objectives, Iterable) and not one else ()
    chosen = [as_objective(objective) for objective in each]
    if not chosen:
        raise ObjectiveError(
            f"objectives is {objectives!r:.100}; expected a list of objectives, at "
            "least one, such as ['mixed4a:30', 'mixed4a:31']"
        )
    return chosen


def _looks(steps: Any) -> list[int]:
    several = steps if isinstance(steps, Iterable) else [steps]
    looks = sorted({STEPS.check("steps", step, int) for step in several})
    if not looks:
        raise SettingError("steps is empty; expected numbers of updates, such as [512]")
    return looks


def _at_once(batch: int | None, single: Parameterization) -> int:
    """Return how many objectives to optimize together."""
    if batch is not None:
        return setting("batch").check("batch", batch, int)
    count, height, width, _ = single.to_image(single.init(0)).shape
    at_once = min(images_at_once(height, width), MOST_AT_ONCE)
    return max(1, at_once // count)
