"""What a Keras model's own statistics say about the values it was trained on.

A BatchNormalization remembers mean and variance of what it saw in training. Of several
value ranges, the one under which it sees the same again is the likeliest. That is
evidence and no proof, so nothing is decided by it: `models.check` passes it on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lucid_widgets.modelzoo.keras_model import KerasModel

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

USUAL_RANGES: dict[str, tuple[Any, Any]] = {
    "(0, 1)": (0.0, 1.0),
    "(-1, 1)": (-1.0, 1.0),
    "(0, 255)": (0.0, 255.0),
    "(-117, 138)": (-117.0, 138.0),
    "(-mean / std, (1 - mean) / std) of ImageNet": (
        -_MEAN / _DEVIATION,
        (1 - _MEAN) / _DEVIATION,
    ),
}
"""The ranges that most networks were trained on, as they are written."""


def surprise_by_range(model: KerasModel, images: Any) -> dict[str, float]:
    """Return how much the first BatchNormalization is surprised under each usual range.

    Args:
        model: the model; its own range is not used.
        images: photographs, ``[n, height, width, channels]`` in [0, 1].

    Returns:
        Name of the range to distance from the remembered statistics (0: none), best
        first; empty when there are no statistics to compare with.
    """
    found = _first_statistics(model)
    if found is None:
        return {}
    source, mean, variance = found
    surprises = {}
    own = model.image_value_range
    for name, (low, high) in USUAL_RANGES.items():
        if np.size(low) not in (1, model.image_shape[-1]):
            continue
        try:
            model.image_value_range = (np.asarray(low), np.asarray(high))
            # Not `activations`, which would remember the range in what it compiled.
            seen = np.asarray(model.import_graph(images)[source])
        finally:
            model.image_value_range = own
        flat = seen.reshape(-1, seen.shape[-1])
        shift = np.abs(flat.mean(0) - mean) / np.sqrt(variance)
        scale = np.abs(np.log((flat.var(0) + 1e-6 * variance) / variance)) / 2
        surprises[name] = float(np.mean(shift) + np.mean(scale))
    return dict(sorted(surprises.items(), key=lambda item: item[1]))


def _first_statistics(model: KerasModel) -> tuple[str, np.ndarray, np.ndarray] | None:
    """Return the name of what the first BatchNormalization sees, and its memory of it."""
    names = {source: name for name, source in reversed(model.sources.items())}
    for step in model.steps:
        if type(step.operation).__name__ != "BatchNormalization":
            continue
        name = names.get(step.sources[0])
        mean = step.operation.moving_mean.numpy()
        variance = step.operation.moving_variance.numpy()
        untrained = not mean.any() and np.all(variance == 1)
        return None if name is None or untrained else (name, mean, variance)
    return None
