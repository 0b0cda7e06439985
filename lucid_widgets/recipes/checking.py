"""Is this model ready to be visualized? Tried out, and told in words.

    >>> print(check("my_model.keras", "dog.jpg", save="unit.png"))

Whoever has a model and no idea where to begin begins here.
"""

from __future__ import annotations

import html
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lucid_widgets.errors import ImageError, LucidError, SaveError, ValueRangeError
from lucid_widgets.misc.io import load
from lucid_widgets.misc.io import save as save_picture
from lucid_widgets.modelzoo.keras_model import KerasModel, from_keras
from lucid_widgets.modelzoo.nets_factory import by_name, check_name, known_names
from lucid_widgets.modelzoo.range_evidence import surprise_by_range
from lucid_widgets.modelzoo.saving import load_model
from lucid_widgets.modelzoo.vision_base import Layer, Model
from lucid_widgets.optvis.doctor import diagnose
from lucid_widgets.optvis.param.random import image_sample
from lucid_widgets.optvis.randomness import drawing
from lucid_widgets.optvis.render import frames
from lucid_widgets.optvis.settings import STEPS, RenderSettings

_LARGEST = 128
"""Side in px of the picture that is tried; larger ones take longer and say no more."""

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass
class Report:
    """What `check` found; printed, it is the whole story.

    Attributes:
        model: the model, ready to be used; None when it could not be loaded.
        lines: pairs of a title and what was found.
        problems: what stands between the model and good pictures, with the cure.
        picture: ``[height, width, channels]`` in [0, 1], when one was asked for.
    """

    model: Model | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    picture: np.ndarray | None = None

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """One sentence: what to do next."""
        if self.ready:
            return "ready: FeatureVis(model), or render.render_vis(model, ...)"
        return f"{len(self.problems)} thing{'s'[: len(self.problems) > 1]} to mend"

    def __str__(self) -> str:
        width = max(len(title) for title, _ in self._rows)
        return "\n".join(f"{title:<{width}}  {text}" for title, text in self._rows)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left;vertical-align:top'>{html.escape(title)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for title, text in self._rows
        )
        return f"<table>{rows}</table>"

    @property
    def _rows(self) -> list[tuple[str, str]]:
        problems = [("To mend", text) for text in self.problems]
        return [*self.lines, *problems, ("Verdict", self.verdict)]


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
    shown = None if photo is None else _as_photo(photo)
    report = Report()
    try:
        found, guessed = _loaded(model, trust=trust, settings=settings)
        report.model = found
        _describe(report, found)
    except (LucidError, OSError) as error:
        report.lines.append(("Model", _called(model)))
        report.problems.append(str(error))
        return report
    pictures = _fitted(found, shown)
    if guessed is None:
        _tell(report, "Range", _range_in_words(found, settings))
    else:
        _tell(report, "Range", "not known; what follows was tried with (0, 1)")
        report.problems.append(_advice(guessed, found, pictures))
    for part in (_layers_in_words, _labels_in_words):
        _tell(report, *part(report, found))
    if damaged := _damaged_weights(found):
        report.problems.append(damaged)
    elif _look(report, found, pictures, is_photo=shown is not None):
        _visualize(report, found, pictures, save=save, steps=steps)
    return report


def _called(model: Any) -> str:
    return str(
        model if isinstance(model, (str, Path)) else getattr(model, "name", model)
    )


def _tell(report: Report, title: str, text: str) -> None:
    report.lines.append((title, text))


# Loading ----------------------------------------------------------------------


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
    _tell(report, "Model", f"{model.model_name} ({kind})")
    height, width, channels = model.image_shape
    order = {1: "grey", 3: "blue, green, red" if model.is_BGR else "red, green, blue"}
    sizes = (
        "others are resized, as the last step before the network"
        if model.fixed_size
        else "others are taken as they are"
    )
    _tell(
        report,
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
    classes = model.layers[-1].depth if _outputs(model) else None
    if not labels:
        return "Labels", "none; pass labels=[...] to see the names of classes"
    # Dummy classes, and outputs that were never used, are as many as 8 in InceptionV1.
    if classes is not None and abs(len(labels) - classes) > 10:
        report.problems.append(
            f"there are {len(labels)} labels for {classes} outputs; pass the list that "
            "belongs to this model: labels=[...]"
        )
    return "Labels", f"{len(labels)}, from '{labels[0]}' to '{labels[-1]}'"


def _outputs(model: Model) -> bool:
    return bool(model.layers) and "dense" in model.layers[-1].tags


# Trying -----------------------------------------------------------------------


def _as_photo(photo: Any) -> np.ndarray:
    array = load(str(photo)) if isinstance(photo, (str, Path)) else np.asarray(photo)
    if array.ndim != 3 or array.dtype.kind != "f":
        raise ImageError(
            "a photo is a path, or numbers in [0, 1] of shape [height, width, channels]; "
            f"this one has shape {array.shape} and type {array.dtype}"
        )
    return array.astype(np.float32)


def _fitted(model: Model, photo: np.ndarray | None) -> np.ndarray:
    """Return one image, or several made-up ones, as large as the model's own."""
    import tensorflow as tf

    height, width, channels = model.image_shape
    if photo is None:
        with drawing(0, 0):
            images = np.asarray(image_sample([4, height, width, 3], sd=0.5))
    else:
        images = np.asarray(
            tf.image.resize(photo[None], (height, width), antialias=True)
        )
        images = images.clip(0, 1)
    if images.shape[-1] == channels:
        return images
    grey = images[..., :3].mean(-1, keepdims=True)
    return np.repeat(grey, channels, -1)


def _damaged_weights(model: Model) -> str:
    """Return which weights are not finite, "" if none.

    They are looked at themselves: on some processors a ReLU makes 0 of NaN, and the
    outputs look healthy.
    """
    if not isinstance(model, KerasModel):
        return ""
    damaged = [
        weight.path
        for weight in model.keras_model.weights
        if "float" in str(weight.dtype)
        and not np.isfinite(np.asarray(weight, np.float32)).all()
    ]
    if not damaged:
        return ""
    more = f" and {len(damaged) - 3} more" if len(damaged) > 3 else ""
    return (
        f"the weights {', '.join(damaged[:3])}{more} are not finite: the file is "
        "damaged, or the training diverged"
    )


def _look(
    report: Report, model: Model, pictures: np.ndarray, *, is_photo: bool
) -> bool:
    """Show the model an image; return whether that worked."""
    if not model.layers:
        return False
    last = model.layers[-1].name
    start = time.perf_counter()
    try:
        outputs = np.asarray(model.activations(pictures[:1], last))
    except LucidError as error:
        report.problems.append(str(error))
        return False
    seconds = time.perf_counter() - start
    what = (
        "the photo" if is_photo else "a made-up picture (photo=... takes one of yours)"
    )
    if not np.isfinite(outputs).all():
        report.problems.append(
            f"{last} gives numbers that are not finite: the weights are damaged, or the "
            "value range is far off"
        )
        return False
    text = f"{what} came through to {last} in {seconds:.1f} s, compiling included"
    if is_photo and _outputs(model):
        text += f"; likeliest: {', '.join(_top(outputs.ravel(), model.labels))}"
    _tell(report, "Photo", text)
    return True


def _top(values: np.ndarray, labels: list[str] | None) -> Iterator[str]:
    probable = values.min() >= 0 and abs(values.sum() - 1) < 0.01
    for index in np.argsort(-values, kind="stable")[:5]:
        named = labels is not None and index < len(labels)
        name = labels[index] if named and labels else f"class {index}"
        yield (
            f"{name} {values[index]:.0%}" if probable else f"{name} {values[index]:.3g}"
        )


def _subject(model: Model, pictures: np.ndarray) -> tuple[Layer, int]:
    """Return a layer in the middle, and the channel of it that likes the images most."""
    maps = [layer for layer in model.layers if "conv" in layer.tags and layer.depth]
    subjects = [layer for layer in maps if (layer.depth or 0) >= 4] or maps
    subjects = subjects or list(model.layers)
    layer = subjects[len(subjects) // 2]
    seen = np.asarray(model.activations(pictures, layer.name))
    return layer, int(seen.reshape(-1, seen.shape[-1]).mean(0).argmax())


def _visualize(
    report: Report,
    model: Model,
    pictures: np.ndarray,
    *,
    save: str | Path | None,
    steps: int,
) -> None:
    height, width, channels = model.image_shape
    size = (
        (height, width)
        if model.fixed_size
        else (
            min(height, _LARGEST),
            min(width, _LARGEST),
        )
    )
    structure = RenderSettings(size=size, channels=None if channels == 3 else channels)
    try:
        layer, channel = _subject(model, pictures)
        objective = f"{layer.name}:{channel}"
        diagnosis = diagnose(model, objective, settings=structure)
        text = f"{objective}, {size[0]} x {size[1]} px: "
        report.problems += [str(finding) for finding in diagnosis.findings]
        text += "see below" if diagnosis.findings else str(diagnosis)
        if save is not None:
            run = frames(model, objective, settings=structure, steps=steps)
            report.picture = deque(run, maxlen=1).pop().images[0]
            save_picture(report.picture, str(save), domain=(0, 1))
            text += f"; {save} shows it after {steps} updates"
    except LucidError as error:
        report.problems.append(str(error))
        return
    _tell(report, "Picture", text)
