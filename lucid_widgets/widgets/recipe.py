"""Recipe: everything that made one picture, as a plain value.

    run -> Recipe -> JSON, inside the picture's file -> Recipe -> run

JSON from a file is trusted in nothing: every field is checked for its kind and
range, unknown settings are refused (a newer release may give them a meaning), and
nothing in it is ever run.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from lucid_widgets.errors import LucidError, ProvenanceError
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings, setting
from lucid_widgets.widgets.course import MAX_STRETCHES, Stretch
from lucid_widgets.widgets.objective_choice import KINDS, ObjectiveChoice
from lucid_widgets.widgets.objective_recipe import from_tree, to_tree
from lucid_widgets.widgets.plan import Plan

FORMAT = "lucid_widgets recipe 1"

MAX_CHARACTERS = 2**20
"""A longer recipe is refused unread."""

PACKAGES = ("lucid-widgets", "tensorflow", "keras")
"""Whose versions decide, bit for bit, what a picture looks like."""


@dataclass(frozen=True)
class ObjectiveRecipe:
    """What was maximised.

    Args:
        kind: one of `objective_choice.KINDS`.
        layer: name of the layer.
        channel: its channel.
        label: name of the class.
        text: in words.
        tree: for the kinds "class" and "custom", see `objective_recipe`; None: a
            function of the user's own, which no file can carry.
    """

    kind: str
    layer: str
    channel: int
    label: str | None
    text: str
    tree: Any = None


@dataclass(frozen=True)
class StretchRecipe:
    """A part of a run with the same settings throughout.

    Args:
        start: updates done when it began.
        objective: what was maximised.
        settings: structure.
        hyperparameters: numbers.
    """

    start: int
    objective: ObjectiveRecipe
    settings: RenderSettings
    hyperparameters: Hyperparameters


@dataclass(frozen=True)
class Recipe:
    """What it takes to make a picture again.

    Args:
        model_name: what the model is called.
        model_identity: digest of its weights and structure.
        stretches: in the order of their starts, the first one's 0.
        seed: where the random numbers start.
        steps: updates that were done.
        complete: whether all changes of settings are among the stretches.
        versions: of the packages that matter, by name.
        optimizer: its name, and what is fixed about it.
    """

    model_name: str
    model_identity: str
    stretches: tuple[StretchRecipe, ...]
    seed: int
    steps: int
    complete: bool = True
    versions: dict[str, str] = field(default_factory=lambda: versions())
    optimizer: str = "adam"

    def to_json(self) -> str:
        """Return the recipe as JSON, in ASCII."""
        return json.dumps(
            {
                "format": FORMAT,
                **dataclasses.asdict(self),
                "stretches": _thrifty([_as_dict(one) for one in self.stretches]),
            },
            separators=(",", ":"),
        )

    def plans(self, model: Model, objective: Any = None) -> tuple[Stretch, ...]:
        """Return the stretches, for a model at hand.

        Args:
            model: what to look into.
            objective: takes the place of a function of the user's own.

        Raises:
            ProvenanceError: an objective cannot be had.
            LucidError: the model lacks a layer, channel or class.
        """
        return tuple(
            Stretch(
                one.start,
                Plan(
                    _choice(model, one.objective, objective),
                    one.settings,
                    one.hyperparameters,
                    self.seed,
                    self.steps,
                ),
            )
            for one in self.stretches
        )

    def differences(self, model: Model) -> tuple[str, ...]:
        """Return in what this machine differs from the one that made the picture.

        Args:
            model: what is at hand.
        """
        found = []
        if model.identity != self.model_identity:
            found.append(
                f"the model {self.model_name} had other weights "
                f"({self.model_identity[:24]}, here {model.identity[:24]})"
            )
        here = versions()
        found += [
            f"{name} was {self.versions.get(name, 'unknown')}, here {here[name]}"
            for name in PACKAGES
            if self.versions.get(name) != here[name]
        ]
        if not self.complete:
            found.append(f"only the first {MAX_STRETCHES} changes were noted")
        return tuple(found)


def recipe_of(
    stretches: tuple[Stretch, ...], steps: int, *, complete: bool = True
) -> Recipe:
    """Return the recipe of a picture.

    Args:
        stretches: how it was made, at least one.
        steps: updates done.
        complete: as for `Recipe`.
    """
    first = stretches[0].plan
    return Recipe(
        model_name=first.choice.model.name,
        model_identity=first.choice.model.identity,
        stretches=tuple(
            StretchRecipe(
                one.start,
                _objective(one.plan.choice),
                one.plan.settings,
                one.plan.hyperparameters,
            )
            for one in stretches
        ),
        seed=first.seed,
        steps=steps,
        complete=complete,
    )


def versions() -> dict[str, str]:
    """Return the versions of the packages that matter, without importing them."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def read_recipe(text: str) -> Recipe:
    """Return the recipe that a file carries.

    Args:
        text: JSON, trusted in nothing.

    Raises:
        ProvenanceError: it is no recipe, or one of a newer release.
    """
    if len(text) > MAX_CHARACTERS:
        raise ProvenanceError(
            f"the recipe has {len(text):,} characters; expected at most "
            f"{MAX_CHARACTERS:,}"
        )
    try:
        return _recipe(json.loads(text, parse_constant=_refuse_constant))
    except ProvenanceError:
        raise
    except LucidError as error:
        raise ProvenanceError(f"the recipe is out of range: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ProvenanceError(f"the recipe is no JSON: {str(error)[:100]}") from error


# Writing --------------------------------------------------------------------------


def _objective(choice: ObjectiveChoice) -> ObjectiveRecipe:
    tree = to_tree(choice.objective) if choice.kind in ("class", "custom") else None
    text = choice.title
    if choice.kind == "custom":
        text = str(choice.custom.description or choice.title)[:1000]
    return ObjectiveRecipe(
        choice.kind, choice.layer, choice.channel, choice.label, text, tree
    )


def _as_dict(stretch: StretchRecipe) -> dict[str, Any]:
    return dataclasses.asdict(stretch)


def _thrifty(stretches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what is as in the stretch before: a dragged slider makes many."""
    thrifty = stretches[:1]
    for before, now in itertools.pairwise(stretches):
        thrifty.append(
            {
                name: value
                for name, value in now.items()
                if name == "start" or value != before[name]
            }
        )
    return thrifty


# Reading --------------------------------------------------------------------------


def _recipe(given: Any) -> Recipe:
    fields = _fields("recipe", given)
    found = fields.get("format")
    if found != FORMAT:
        raise ProvenanceError(
            f"the recipe's format is {str(found)[:60]!r}; expected {FORMAT!r}: "
            "a newer release of lucid_widgets may read it"
        )
    if fields.get("optimizer") != "adam":
        raise _bad("optimizer", fields.get("optimizer"), "'adam'")
    given_versions = _fields("versions", fields.get("versions"))
    steps = setting("steps").check("steps", fields.get("steps"), int)
    return Recipe(
        model_name=_text("model_name", fields.get("model_name")),
        model_identity=_text("model_identity", fields.get("model_identity")),
        stretches=_stretches(fields.get("stretches"), steps),
        seed=setting("seed").check("seed", fields.get("seed"), int),
        steps=steps,
        complete=fields.get("complete") is True,
        versions={
            name: _text(name, given_versions[name])
            for name in PACKAGES
            if name in given_versions
        },
    )


def _stretches(given: Any, steps: int) -> tuple[StretchRecipe, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_STRETCHES:
        raise _bad("stretches", given, f"a list of 1 to {MAX_STRETCHES}")
    stretches: list[StretchRecipe] = []
    held: dict[str, Any] = {}
    for item in given:
        held = {**held, **_fields("stretch", item)}
        one = StretchRecipe(
            _whole("start", held.get("start"), steps),
            _read_objective(held.get("objective")),
            _settings(RenderSettings, held.get("settings")),
            _settings(Hyperparameters, held.get("hyperparameters")),
        )
        expected_first = not stretches and one.start != 0
        if expected_first or (stretches and one.start <= stretches[-1].start):
            raise _bad("start", one.start, "0, then larger numbers")
        stretches.append(one)
    return tuple(stretches)


def _read_objective(given: Any) -> ObjectiveRecipe:
    fields = _fields("objective", given)
    kind, label = _text("objective's kind", fields.get("kind")), fields.get("label")
    if kind not in KINDS:
        raise _bad("objective's kind", kind, f"one of {', '.join(KINDS)}")
    return ObjectiveRecipe(
        kind,
        _text("layer", fields.get("layer")),
        _whole("channel", fields.get("channel"), 2**31 - 1),
        None if label is None else _text("label", label),
        _text("text", fields.get("text")),
        fields.get("tree"),
    )


def _settings(kind: Any, given: Any) -> Any:
    fields = _fields(kind.__name__, given)
    known = {one.name for one in dataclasses.fields(kind)}
    if set(fields) != known:
        odd = sorted(set(fields) ^ known)
        raise ProvenanceError(
            f"the recipe's {kind.__name__} has unknown or missing settings: "
            f"{', '.join(odd)[:200]}; another release of lucid_widgets made it"
        )
    size = fields.get("size")
    return kind(
        **{**fields, **({"size": tuple(size)} if isinstance(size, list) else {})}
    )


def _choice(model: Model, recipe: ObjectiveRecipe, objective: Any) -> ObjectiveChoice:
    custom = None
    if recipe.kind == "custom":
        if recipe.tree is not None:
            custom = from_tree(recipe.tree)
        elif objective is not None:
            from lucid_widgets.optvis.objectives import as_objective

            custom = as_objective(objective)
        else:
            raise ProvenanceError(
                f"the picture shows an objective of its author's own "
                f"({recipe.text[:100]}), which a file cannot carry; give it: "
                "FeatureVis.from_image(path, objective=...)"
            )
    return ObjectiveChoice(
        model, recipe.kind, recipe.layer, recipe.channel, recipe.label, custom
    )


def _fields(name: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _bad(name, given, "an object")
    return given


def _text(name: str, given: Any) -> str:
    if not isinstance(given, str) or len(given) > 1000:
        raise _bad(name, given, "a text of at most 1000 characters")
    return given


def _whole(name: str, given: Any, most: int) -> int:
    whole = isinstance(given, int) and not isinstance(given, bool)
    if not whole or not 0 <= given <= most:
        raise _bad(name, given, f"a whole number from 0 to {most}")
    return given


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _bad(name: str, given: Any, expected: str) -> ProvenanceError:
    return ProvenanceError(
        f"the recipe's {name} is {str(given)[:60]!r}; expected {expected}"
    )
