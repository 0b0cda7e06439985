"""Is this model ready to be visualized? Tried out, and told in words.

    >>> print(check("my_model.keras", "dog.jpg", save="unit.png"))

Whoever has a model and no idea where to begin begins here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lucid_widgets.errors import LucidError, SaveError, ValueRangeError
from lucid_widgets.modelzoo.keras_model import KerasModel, from_keras
from lucid_widgets.modelzoo.nets_factory import by_name, check_name, known_names
from lucid_widgets.modelzoo.range_evidence import surprise_by_range
from lucid_widgets.modelzoo.saving import load_model
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.optvis.settings import STEPS
from lucid_widgets.recipes.report import Report
from lucid_widgets.recipes.trying_out import (
    as_photo,
    damaged_weights,
    fitted,
    look,
    names_classes,
    visualize,
)

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def check(
    model: Any,
    photo: Any = None,
    *,
    save: str | Path | None = None,
    steps: int = 64,
    trust: bool = False,
    **settings: Any,
) -> Report:
    """Try out a model, and tell in words what was found.

    Looks at what the model takes, its layers and labels, shows it a photo, and lets a
    unit of a layer in the middle be visualized for a moment. What is wrong with the
    model does not end the check: it is in the report, with the cure.

    Args:
        model: a `Model`, a Keras model, a file or folder, or a name of the catalogue.
        photo: a path, or an array ``[height, width, channels]`` in [0, 1]; a made-up
            picture when not given.
        save: where to write the visualized unit: ``.png``, ``.jpg`` or ``.webp``.
        steps: updates for that picture.
        trust: must be True for GraphDefs and SavedModels, which are programs.
        **settings: for `from_keras` or `from_file`, such as ``image_value_range``.

    Raises:
        ImageError, SettingError, SaveError: a photo, number or name that cannot be used.
        LoadError: the photo cannot be read.

    Example:
        >>> from lucid_widgets.modelzoo.tiny_inception import TinyInception
        >>> check(TinyInception()).ready
        True
    """
    STEPS.check("steps", steps, int)
    if save is not None and Path(save).suffix.lower() not in _PICTURES:
        raise SaveError(
            f"a picture cannot be saved as {str(save)!r}; expected a name that ends in "
            f"{', '.join(_PICTURES)}"
        )
    shown = None if photo is None else as_photo(photo)
    report = Report()
    try:
        found, guessed = _loaded(model, trust=trust, settings=settings)
        report.model = found
        _describe(report, found)
    except (LucidError, OSError) as error:
        report.tell("Model", _called(model))
        report.problems.append(str(error))
        return report
    pictures = fitted(found, shown)
    if guessed is None:
        report.tell("Range", _range_in_words(found, settings))
    else:
        report.tell("Range", "not known; what follows was tried with (0, 1)")
        report.problems.append(_advice(guessed, found, pictures))
    for part in (_layers_in_words, _labels_in_words):
        report.tell(*part(report, found))
    if damaged := damaged_weights(found):
        report.problems.append(damaged)
    elif look(report, found, pictures, is_photo=shown is not None):
        visualize(report, found, pictures, save=save, steps=steps)
    return report


def _called(model: Any) -> str:
    return str(
        model if isinstance(model, (str, Path)) else getattr(model, "name", model)
    )


def _loaded(
    model: Any, *, trust: bool, settings: dict[str, Any]
) -> tuple[Model, str | None]:
    """Return the model; and what was said when its value range was asked for."""
    if isinstance(model, Model):
        return model, None

    def attempt(**more: Any) -> Model:
        chosen = {**settings, **more}
        if not isinstance(model, (str, Path)):
            return from_keras(model, **chosen)
        if str(model) in known_names():
            return by_name(str(model), **chosen)
        if _is_a_name(str(model)):
            check_name(str(model))  # raises, with the closest ones
        return load_model(str(model), trust=trust, **chosen)

    try:
        return attempt(), None
    except ValueRangeError as error:
        # Everything else can be found out without the range.
        return attempt(image_value_range=(0, 1)), str(error)


def _is_a_name(text: str) -> bool:
    """Return whether a text that names no file was meant to name a model."""
    return text.isidentifier() and not Path(text).exists()


def _describe(report: Report, model: Model) -> None:
    kind = "Keras" if isinstance(model, KerasModel) else "a graph of operations"
    report.tell("Model", f"{model.model_name} ({kind})")
    height, width, channels = model.image_shape
    order = {1: "grey", 3: "blue, green, red" if model.is_BGR else "red, green, blue"}
    sizes = (
        "others are resized, as the last step before the network"
        if model.fixed_size
        else "others are taken as they are"
    )
    report.tell(
        "Input",
        f"images of {height} x {width} px, {channels} channels"
        f" ({order.get(channels, 'of your own')}); {sizes}",
    )


def _range_in_words(model: Model, settings: dict[str, Any]) -> str:
    low, high = (
        np.round(np.asarray(end, float), 3).tolist() for end in model.image_value_range
    )
    source = "as given" if "image_value_range" in settings else "found out by itself"
    return f"black becomes {low} and white {high} ({source})"


def _advice(question: str, model: Model, pictures: np.ndarray) -> str:
    """Return what is missing, and what the network itself says about it."""
    if not isinstance(model, KerasModel):
        return question
    surprises = list(surprise_by_range(model, pictures).items())
    if not surprises:
        return question
    (best, value), (second, more) = surprises[:2]
    return (
        f"{question}. The network's own statistics fit {best} best: its first "
        f"BatchNormalization is off by {value:.2g} there, and by {more:.2g} with {second}"
    )


def _layers_in_words(report: Report, model: Model) -> tuple[str, str]:
    layers = model.layers
    if not layers:
        report.problems.append(
            "no layer was found that makes a good subject; model.layer_names lists all "
            "names that can be read"
        )
        return "Layers", "none"
    kinds = {
        "conv": "with positions",
        "token": "of tokens",
        "dense": "without positions",
    }
    counts = {kind: sum(kind in layer.tags for layer in layers) for kind in kinds}
    parts = [f"{count} {kinds[kind]}" for kind, count in counts.items() if count]
    first, last = layers[0], layers[-1]
    return "Layers", (
        f"{len(layers)} ({', '.join(parts)}), from {first.name} ({first.depth} channels) "
        f"to {last.name} ({last.depth}); {len(model.layer_names)} names in all"
    )


def _labels_in_words(report: Report, model: Model) -> tuple[str, str]:
    labels = model.labels
    classes = model.layers[-1].depth if names_classes(model) else None
    if not labels:
        return "Labels", "none; pass labels=[...] to see the names of classes"
    # Dummy classes, and outputs that were never used, are as many as 8 in InceptionV1.
    if classes is not None and abs(len(labels) - classes) > 10:
        report.problems.append(
            f"there are {len(labels)} labels for {classes} outputs; pass the list that "
            "belongs to this model: labels=[...]"
        )
    return "Labels", f"{len(labels)}, from '{labels[0]}' to '{labels[-1]}'"
