"""Which values a Keras model wants: ``(image_value_range, is_BGR)``, if it can be known.

A wrong range does not fail; it makes pictures that show nothing. So it is inferred only
where there is no doubt, and asked for everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import ValueRangeError
from lucid_widgets.modelzoo.keras_graph import INPUT, Step

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


def infer_value_range(keras_model: Any, steps: Sequence[Step]) -> tuple[Range, bool]:
    """Return value range and channel order of a model.

    Args:
        keras_model: the model.
        steps: its steps.

    Raises:
        ValueRangeError: they cannot be known; says what to pass.
    """
    inside = _range_of_first_layer(steps)
    if inside is not None:
        return inside, False
    for beginning, mode in _APPLICATIONS.items():
        if keras_model.name.lower().startswith(beginning):
            return _MODES[mode]
    raise ValueRangeError(
        f"image_value_range is needed for {keras_model.name}: the values that black and "
        "white become before the network sees them. (0, 1) if images were divided by "
        "255 for training, (-1, 1) if they were scaled by x / 127.5 - 1, (0, 255) if "
        "they were left alone; for (x - mean) / std: (-mean / std, (1 - mean) / std), "
        "as arrays. A wrong range is the commonest cause of pictures that show nothing"
    )


def _range_of_first_layer(steps: Sequence[Step]) -> Range | None:
    """Return what a Rescaling or Normalization at the entrance expects."""
    first = [step for step in steps if INPUT in step.sources and step.node is not None]
    if len(first) != 1:
        return None
    layer = first[0].operation
    kind = type(layer).__name__
    if kind == "Rescaling":
        scale, offset = (
            np.mean(np.asarray(layer.scale)),
            np.mean(np.asarray(layer.offset)),
        )
        # 1/255, 1/127.5 and their kin are for pixels in 0..255; 2x - 1 for 0..1.
        if 1 / 400 < scale < 1 / 50:
            return (0.0, 255.0)
        if 0.5 < scale < 10 and abs(offset) <= scale:
            return (0.0, 1.0)
    if kind == "Normalization" and layer.mean is not None:
        mean = float(np.mean(np.asarray(layer.mean)))
        return (0.0, 255.0) if mean > 2 else (0.0, 1.0)
    return None
