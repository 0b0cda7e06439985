"""Recipes as Python: the program that makes a picture again, bit for bit.

`render_vis` where Lucid's call says it all, else `frames`; a run whose settings were
changed on the way becomes a table, followed row by row.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings
from lucid_widgets.widgets.objective_recipe import to_code
from lucid_widgets.widgets.recipe import ObjectiveRecipe, Recipe, StretchRecipe

MODELS = "lucid_widgets.modelzoo.vision_models"


def code_of(recipe: Recipe, model_code: str) -> str:
    """Return a program that leaves the picture in `images`.

    Args:
        recipe: of the picture.
        model_code: an expression for the model, with its module as `models`; ""
            where there is none: then the reader has to supply it.

    Returns:
        Python, to be run on a machine with the same packages. ``images`` will be
        float32 ``[batch, height, width, channels]`` in [0, 1].
    """
    first = recipe.stretches[0]
    lines = [
        f"# {_one_line(first.objective.text)}: the picture after {recipe.steps} updates",
        f"# made with {', '.join(f'{n} {v}' for n, v in recipe.versions.items())}",
        *_warnings(recipe, model_code),
        f"import {MODELS} as models",
    ]
    model = f"model = {model_code or 'model  # your own: ' + repr(recipe.model_name)}"
    if len(recipe.stretches) > 1:
        body, names = _table(recipe), _CLASSES
    elif _suits_render_vis(recipe):
        body, names = _render_vis(recipe, first), set()
    else:
        body, names = _frames(recipe, first), _CLASSES
    text = "\n".join(body)
    used = sorted(n for n in ("objectives", "param", "render") if f"{n}." in text)
    lines.append(f"from lucid_widgets.optvis import {', '.join(used)}")
    settings = sorted(name for name in names if f"{name}(" in text)
    if settings:
        lines.append(f"from lucid_widgets.optvis.settings import {', '.join(settings)}")
    return "\n".join([*lines, "", model, *body, ""])


_CLASSES = {"Hyperparameters", "RenderSettings"}


def _warnings(recipe: Recipe, model_code: str) -> list[str]:
    found = []
    if not model_code:
        found.append(
            f"# `model` must be there already: {_one_line(recipe.model_name)} is not "
            "among lucid_widgets' own"
        )
    if any(_is_foreign(one.objective) for one in recipe.stretches):
        found.append(
            "# `objective` must be there already: a function of your own, which "
            "cannot be written here"
        )
    if not recipe.complete:
        found.append("# NOT EXACT: the run's settings changed too often to note it all")
    return found


def _suits_render_vis(recipe: Recipe) -> bool:
    """Return whether Lucid's call, which has no other settings, says it all."""
    one = recipe.stretches[0]
    plain = dataclasses.replace(one.hyperparameters, learning_rate=0.05)
    transforms = one.settings.transforms
    return (
        recipe.seed == 0
        and one.hyperparameters.learning_rate == Hyperparameters().learning_rate
        and (plain == Hyperparameters())
        and (not transforms or one.settings.pad == RenderSettings().pad)
    )


def _render_vis(recipe: Recipe, one: StretchRecipe) -> list[str]:
    settings = one.settings
    size = f"{settings.width}, {settings.height}"
    image = [size if settings.width != settings.height else str(settings.width)]
    image += [f"batch={settings.batch}"] if settings.batch != 1 else []
    image += ["fft=False"] if settings.parameterization == "pixel" else []
    image += ["decorrelate=False"] if not settings.decorrelate else []
    image += ["alpha=True"] if settings.alpha else []
    image += [f"channels={settings.channels}"] if settings.channels else []
    arguments = ["model", _objective(one.objective)]
    arguments += [f"param_f=lambda: param.image({', '.join(image)})"]
    arguments += ["transforms=[]"] if not settings.transforms else []
    arguments += [f"thresholds=({recipe.steps - 1},)", "verbose=False"]
    if not settings.redirect_relu:
        arguments.append("relu_gradient_override=False")
    arguments.append("use_fixed_seed=True")
    return [
        "images = render.render_vis(",
        *(f"    {argument}," for argument in arguments),
        ")[-1]",
    ]


def _frames(recipe: Recipe, one: StretchRecipe) -> list[str]:
    return [
        "for frame in render.frames(",
        "    model,",
        f"    {_objective(one.objective)},",
        f"    settings={_changed(one.settings)},",
        f"    hyperparameters={_changed(one.hyperparameters)},",
        f"    seed={recipe.seed},",
        f"    steps={recipe.steps},",
        "):",
        "    pass  # frame.images is what there is after every update",
        "images = frame.images",
    ]


def _table(recipe: Recipe) -> list[str]:
    stretches = recipe.stretches
    ends = [*(one.start for one in stretches[1:]), recipe.steps]
    rows = []
    for end, one in zip(ends, stretches, strict=True):
        parts = (
            str(end),
            _objective(one.objective),
            _changed(one.settings),
            _changed(one.hyperparameters),
        )
        rows.append(f"    ({', '.join(parts)}),")
    return [
        "# The settings were changed on the way: up to which step, what, and how.",
        "course = [",
        *rows,
        "]",
        "state = None",
        "for steps, objective_now, settings, hyperparameters in course:",
        "    for frame in render.frames(",
        "        model,",
        "        objective_now,",
        "        settings=settings,",
        "        hyperparameters=hyperparameters,",
        f"        seed={recipe.seed},",
        "        steps=steps,",
        "        state=state,",
        "    ):",
        "        pass",
        "    state = frame.state",
        "images = frame.images",
    ]


def _objective(objective: ObjectiveRecipe) -> str:
    layer, channel = objective.layer, objective.channel
    match objective.kind:
        case "channel":
            return repr(f"{layer}:{channel}")
        case "neuron":
            return f"objectives.neuron({layer!r}, {channel})"
        case "deepdream":
            return f"objectives.deepdream({layer!r})"
        case _:
            tree = objective.tree
            return "objective" if tree is None else to_code(tree)


def _is_foreign(objective: ObjectiveRecipe) -> bool:
    return objective.kind == "custom" and objective.tree is None


def _changed(values: Any) -> str:
    """Return settings as Python, those at their defaults left out."""
    given = [
        f"{field.name}={getattr(values, field.name)!r}"
        for field in dataclasses.fields(values)
        if getattr(values, field.name) != field.default
    ]
    return f"{type(values).__name__}({', '.join(given)})"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:120]
