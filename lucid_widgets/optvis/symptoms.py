"""What may be wrong with an optimization before its first update.

The model is shown what it will see, and some random images; the first gradient is
looked at. What a run shows is the affair of `doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ModelError
from lucid_widgets.optvis.param.random import image_sample
from lucid_widgets.optvis.plan import Plan
from lucid_widgets.optvis.randomness import drawing
from lucid_widgets.optvis.step import (
    hyperparameter_tensors,
    number_tensors,
    value_of,
)

# Of a random image's activations, at least this part should depend on the image.
_SEES = 0.02
# Less than that is rounding.
_ROUNDING = 1e-6
_CERTAIN = 0.999
# Of noise, that layers behind a pooling of everything may tell images apart.
_TINTS = [[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0.5, 1]]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Args:
        cause: one of "not a number", "image too small", "value range", "no
            gradient", "no slope", "silent channel", "saturated image", "not rising".
        evidence: what was seen.
        cure: what to do about it.
    """

    cause: str
    evidence: str
    cure: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.evidence}. Try: {self.cure}."


def _layers_of(made: Plan) -> list[str]:
    names = [name for name, _ in made.objective.targets]
    return [n for n in dict.fromkeys(names) if n not in ("input", "t_image")]


def _activations(made: Plan, images: Any) -> Any:
    numbers = hyperparameter_tensors(made.hyperparameters)
    return made.step.activations(images, tf.constant(0), numbers)


def of_the_model(made: Plan) -> Iterator[Finding]:
    """Yield what is wrong before anything is optimized."""
    model = made.step.structure.model
    with drawing(made.start.seed, 0):
        shape = made.step.images(made.start).shape
        try:
            T = _activations(made, tf.constant(made.step.images(made.start)))
            acts = {name: T(name).numpy() for name in _layers_of(made)}
        except ModelError as error:
            yield _too_small(made, str(error).rstrip("."))
            return
    for name, values in acts.items():
        if not np.isfinite(values).all():
            yield Finding(
                "not a number",
                f"{name} gives {_strange(values)} for a grey image",
                "another model file, or models.from_keras(model, "
                "image_value_range=...) with the range it was trained on",
            )
            return
        if not values.size:
            yield _too_small(made, f"{name} has no positions for {shape[1:3]} px")
            return
        if _is_shrunk(model, name, values):
            yield _too_small(made, f"{name} has one position for {shape[1:3]} px")
    yield from _of_the_value_range(made, shape)


def _is_shrunk(model: Any, name: str, values: np.ndarray) -> bool:
    """Return whether a map of one position has more for images of the usual size."""
    if values.ndim != 4 or max(values.shape[1:3]) > 1:
        return False
    if "conv" not in getattr(model.get_layer(name), "tags", ()):
        return False
    usual = tf.zeros([1, *model.image_shape])
    return max(model.import_graph(usual, {})[name].shape[1:3]) > 1


def _strange(values: np.ndarray) -> str:
    return "NaN" if np.isnan(values).any() else "infinity"


def _too_small(made: Plan, evidence: str) -> Finding:
    height, width, _ = made.step.structure.model.image_shape
    return Finding(
        "image too small",
        evidence,
        f"a larger image, such as {height} x {width} px, or a layer nearer to it",
    )


def _of_the_value_range(made: Plan, shape: tuple[int, ...]) -> Iterator[Finding]:
    """Show the model several random images: it should see that they differ."""
    model = made.step.structure.model
    channels = model.image_shape[-1]
    if channels != 3:
        return
    height, width = shape[1:3]
    with drawing(made.start.seed, 0):
        random = image_sample([len(_TINTS), height, width, 3], sd=0.5)
    random = (random + np.array(_TINTS, np.float32)[:, np.newaxis, np.newaxis]) / 2
    T = model.import_graph(random, {})
    given = _interval(model.image_value_range)
    cure = (
        "models.from_keras(model, image_value_range=(low, high)) with the numbers "
        "that black and white have for this model, often (0, 255), (-1, 1) or (0, 1)"
    )
    likely = getattr(model, "likely_value_range", None)
    if likely is not None and not _same(likely, model.image_value_range):
        yield Finding(
            "value range",
            f"the first layer of {model.name}, or its name, is that of a model for "
            f"{_interval(likely)}, and it is given values in {given}",
            cure,
        )
        return
    for name in _layers_of(made):
        acts = T(name).numpy()
        if _are_probabilities(acts):
            continue  # of noise, a network may well say the same every time
        spread = np.abs(acts - acts.mean(0)).mean()
        size = np.abs(acts).mean()
        if size > 0 and spread < _ROUNDING * size:
            yield Finding(
                "no gradient",
                f"{name} gives the same, whatever the image",
                "trained weights for this model; the layer before a softmax, sigmoid or "
                "tanh; a layer nearer to the image",
            )
            return
        if size > 0 and spread < _SEES * size:
            yield Finding(
                "value range",
                f"{spread / size:.1%} of what {name} gives depends on the image: with "
                f"values in {given} the model hardly sees it",
                cure,
            )
            return
    certain = _certainty(model, T)
    if certain is not None and certain > _CERTAIN:
        yield Finding(
            "value range",
            f"the model is {certain:.1%} certain of what noise shows, with values in "
            f"{given}",
            f"{cure}; if they are right, an objective on the layer before the softmax",
        )


def _interval(value_range: Any) -> str:
    low, high = (np.asarray(end) for end in value_range)
    return f"[{low.min():g}, {high.max():g}]"


def _same(one: Any, other: Any) -> bool:
    return all(np.allclose(a, b, atol=1e-3) for a, b in zip(one, other, strict=True))


def _certainty(model: Any, T: Any) -> float | None:
    """Return the mean probability of the likeliest class, if there are classes."""
    if not model.layers or "dense" not in model.layers[-1].tags:
        return None
    try:
        outputs = T(model.layers[-1].name).numpy()
    except ModelError:
        return None
    outputs = outputs.reshape(len(outputs), -1)
    return float(outputs.max(1).mean()) if _are_probabilities(outputs) else None


def _are_probabilities(outputs: np.ndarray) -> bool:
    several = outputs.ndim == 2 and outputs.shape[1] > 2
    return several and np.allclose(outputs.sum(1), 1, atol=1e-2)


def of_the_gradient(made: Plan) -> Iterator[Finding]:
    """Look at what the first update has to go by, without any override."""
    structure = made.step.structure
    seen = tf.constant(made.step.images(made.start))
    if seen.shape[-1] != structure.model.image_shape[-1]:
        return
    with tf.GradientTape() as tape:
        tape.watch(seen)
        T = structure.model.import_graph(seen, {})
        T["input"], T["t_image"], T["global_step"] = seen, seen, tf.constant(0)
        T["labels"] = structure.model.labels
        numbers = number_tensors(made.objective.numbers)
        value = tf.reduce_sum(value_of(made.objective, T, numbers))
    gradient: Any = tape.gradient(value, seen)
    if gradient is None:
        yield Finding(
            "no gradient",
            "the objective does not depend on the image",
            "TensorFlow operations on T(...) in the objective, no numpy, no rounding",
        )
    elif not np.isfinite(value) or not np.isfinite(gradient).all():
        yield Finding(
            "not a number",
            f"the objective is {float(value):g} for the first image, and its gradient "
            f"{'finite' if np.isfinite(gradient).all() else 'not'}",
            "a square root or quotient that is safe at 0 in your objective",
        )
    elif not np.any(gradient):
        evidence = "the gradient is 0 everywhere for the first image"
        layers = _layers_of(made)
        active = any(np.any(T(name)) for name in layers)
        if active and float(value):
            yield _flat(made, evidence)
            return
        if layers and not active:
            evidence += f", and so is every channel of {', '.join(layers)}"
        yield silent(made, evidence)


def _flat(made: Plan, evidence: str) -> Finding:
    layers = ", ".join(_layers_of(made))
    return Finding(
        "no slope",
        f"{evidence}, although {layers} is active: as of a softmax, sigmoid or tanh "
        "that is certain",
        "the layer before the softmax, sigmoid or tanh; the image_value_range that the "
        "model was trained on; a larger first contrast: param.image(..., sd=0.5)",
    )


def silent(made: Plan, evidence: str) -> Finding:
    """Return the finding that a ReLU switches off what is asked for."""
    layers = ", ".join(_layers_of(made)) or "the layer"
    if made.step.structure.redirect_relu:
        first = "another channel"
    else:
        first = "redirect_relu=True (the default)"
    return Finding(
        "silent channel",
        f"{evidence}: what is asked for in {layers} is switched off by a ReLU, except "
        "perhaps at the border",
        f"{first}, the layer's _pre_relu, a sum of channels, or a larger first "
        "contrast: param.image(..., sd=0.5)",
    )
