"""Which values a Keras model wants: ``(image_value_range, is_BGR)``, if it can be known.

A wrong range does not fail; it makes pictures that show nothing. So it is inferred only
where there is no doubt, and asked for everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lucid_widgets.errors import LucidError, ValueRangeError
from lucid_widgets.modelzoo.keras_evaluator import KerasEvaluator
from lucid_widgets.modelzoo.keras_graph import INPUT, Source, Step

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.keras_model import KerasModel

Range = tuple[Any, Any]

_MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

# What `preprocess_input` of keras.applications does to black and white.
_MODES: dict[str, tuple[Range, bool]] = {
    "tf": ((-1.0, 1.0), False),
    "caffe": ((-_MEAN_BGR, 255 - _MEAN_BGR), True),
    "torch": ((-_MEAN / _DEVIATION, (1 - _MEAN) / _DEVIATION), False),
}

# Beginnings of model names, the longer ones first.
_APPLICATIONS = {
    "inception_resnet_v2": "tf",
    "inception_v3": "tf",
    "mobilenetv2_": "tf",
    "mobilenet_": "tf",
    "xception": "tf",
    "nasnet": "tf",
    "densenet": "torch",
    "resnet50v2": "tf",
    "resnet101v2": "tf",
    "resnet152v2": "tf",
    "resnet50": "caffe",
    "resnet101": "caffe",
    "resnet152": "caffe",
    "vgg16": "caffe",
    "vgg19": "caffe",
}


# What stands at the entrance of a model before the network proper: what changes values,
# and what only moves pixels about.
_ARITHMETIC = {
    *("Rescaling", "Normalization", "Lambda", "BiasAdd", "Add", "Subtract"),
    *("Multiply", "Divide", "TrueDivide", "Negative"),
}
_MOVING = {
    *("GetItem", "Stack", "Concatenate", "Flip", "Split", "Cast", "Identity"),
    *("Resizing", "CenterCrop", "ZeroPadding2D", "Cropping2D", "Dropout"),
    *("GaussianNoise", "StopGradient", "Contiguous"),
}


def infer_value_range(model: KerasModel) -> tuple[Range, bool]:
    """Return value range and channel order of a model.

    Args:
        model: the model; its own range is not used.

    Raises:
        ValueRangeError: they cannot be known; says what to pass.
    """
    inside = _range_at_the_entrance(model)
    if inside is not None:
        return inside, False
    name = model.keras_model.name
    mode = _mode_of(name)
    if mode is not None:
        return _MODES[mode]
    raise ValueRangeError(
        f"image_value_range is needed for {name}: the values that black and "
        "white become before the network sees them. (0, 1) if images were divided by "
        "255 for training, (-1, 1) if they were scaled by x / 127.5 - 1, (0, 255) if "
        "they were left alone; for (x - mean) / std: (-mean / std, (1 - mean) / std), "
        "as arrays. A wrong range is the commonest cause of pictures that show nothing"
        + _hint(model)
    )


def _mode_of(name: str) -> str | None:
    for beginning, mode in _APPLICATIONS.items():
        if name.lower().startswith(beginning):
            return mode
    return None


def _hint(model: KerasModel) -> str:
    """Say what a base from `keras.applications`, inside the model, was made for."""
    for step in model.steps:
        base, inside, _ = step.name.partition("/")
        mode = _mode_of(base) if inside else None
        if mode is None:
            continue
        (low, high), is_bgr = _MODES[mode]
        written = [np.round(end, 3).tolist() for end in (low, high)]
        order = " and is_BGR=True" if is_bgr else ""
        return (
            f". With the preprocessing that belongs to its base, {base}, it is "
            f"({written[0]}, {written[1]}){order}"
        )
    return ""


def _range_at_the_entrance(model: KerasModel) -> Range | None:
    """Return what values the preprocessing inside the model expects; None if it has none.

    It is run on black and white. Where it puts its zero, or failing that by how much it
    shrinks what it is given, tells bytes from numbers in [0, 1].
    """
    last = _last_of_the_entrance(model.steps)
    if last is None:
        return None
    height, width, channels = model.image_shape
    ends = np.array([0, 0.5, 1], np.float32)[:, None, None, None]
    images = np.broadcast_to(ends, (3, height, width, channels))
    evaluator = KerasEvaluator(model, images, {})
    try:
        evaluator.evaluate(last[0])
        given = np.asarray(evaluator.output(last), np.float64)
    except (LucidError, TypeError, ValueError):
        return None
    if given.ndim != 4 or len(given) != 3:
        return None
    black, middle, white = given[:, given.shape[1] // 2, given.shape[2] // 2].mean(-1)
    gain = white - black
    if (
        not np.isfinite(gain)
        or gain <= 0
        or abs(middle - black - gain / 2) > 0.01 * gain
    ):
        return None
    zero = -black / gain
    if zero > 2 or (abs(zero) < 1e-6 and gain < 1 / 50):
        return (0.0, 255.0)
    if 0 < zero <= 1 or (abs(zero) < 1e-6 and gain > 1.5):
        return (0.0, 1.0)
    return None


def _last_of_the_entrance(steps: Sequence[Step]) -> Source | None:
    """Return where the preprocessing ends; None where there is none, or no single end."""
    entrance: set[Source] = {INPUT}
    arithmetic = False
    ends: set[Source] = set()
    for index, step in enumerate(steps):
        kind = type(step.operation).__name__
        inside = step.node is not None and all(s in entrance for s in step.sources)
        if inside and (kind in _ARITHMETIC | _MOVING or kind.startswith("Random")):
            entrance.update((index, output) for output in range(len(step.shapes)))
            arithmetic |= kind in _ARITHMETIC
        else:
            ends.update(source for source in step.sources if source in entrance)
    return ends.pop() if arithmetic and len(ends) == 1 and INPUT not in ends else None
