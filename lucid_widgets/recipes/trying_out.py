"""A model tried out: shown an image, and one of its units visualized for a moment."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lucid_widgets.errors import ImageError, LucidError
from lucid_widgets.misc.io import load
from lucid_widgets.misc.io import save as save_picture
from lucid_widgets.modelzoo.keras_model import KerasModel
from lucid_widgets.modelzoo.vision_base import Layer, Model
from lucid_widgets.optvis.doctor import diagnose
from lucid_widgets.optvis.param.random import image_sample
from lucid_widgets.optvis.randomness import drawing
from lucid_widgets.optvis.render import frames
from lucid_widgets.optvis.settings import RenderSettings
from lucid_widgets.recipes.report import Report

_LARGEST = 128
"""Side in px of the picture that is tried; larger ones take longer and say no more."""


def as_photo(photo: Any) -> np.ndarray:
    """Return a photo, given as a path or an array, as float32 ``[height, width, channels]``.

    Raises:
        ImageError: numbers of another shape or type.
        LoadError: it cannot be read.
    """
    array = load(str(photo)) if isinstance(photo, (str, Path)) else np.asarray(photo)
    if array.ndim != 3 or array.dtype.kind != "f":
        raise ImageError(
            "a photo is a path, or numbers in [0, 1] of shape [height, width, channels]; "
            f"this one has shape {array.shape} and type {array.dtype}"
        )
    return array.astype(np.float32)


def fitted(model: Model, photo: np.ndarray | None) -> np.ndarray:
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


def damaged_weights(model: Model) -> str:
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


def look(report: Report, model: Model, pictures: np.ndarray, *, is_photo: bool) -> bool:
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
    if is_photo and names_classes(model):
        text += f"; likeliest: {', '.join(_top(outputs.ravel(), model.labels))}"
    report.tell("Photo", text)
    return True


def names_classes(model: Model) -> bool:
    """Return whether the last layer has no positions, as that of a classifier."""
    return bool(model.layers) and "dense" in model.layers[-1].tags


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


def visualize(
    report: Report,
    model: Model,
    pictures: np.ndarray,
    *,
    save: str | Path | None,
    steps: int,
) -> None:
    """Look for what is wrong with a unit in the middle, and save its picture if asked to."""
    height, width, channels = model.image_shape
    size = (height, width)
    if not model.fixed_size:
        size = (min(height, _LARGEST), min(width, _LARGEST))
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
    report.tell("Picture", text)
