"""Class activation maps: a layer's channels, weighed by what the target wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from lucid_widgets.attribution.layers import last_layer_with_positions
from lucid_widgets.attribution.probe import AXES, INPUT, How, Job, Probe
from lucid_widgets.attribution.result import Attribution
from lucid_widgets.errors import SettingError
from lucid_widgets.modelzoo.vision_base import Model


def grad_cam(
    model: Model,
    images: Any,
    target: Any,
    layer: str | None = None,
    **how: Unpack[How],
) -> Attribution:
    """Where the channels that the target wants more of are active.

    The channels are weighed by the mean of their gradients over positions, added up, and
    what is negative is left out (Selvaraju et al. 2017, arXiv:1610.02391).

    Args:
        model: the model.
        images: photos of one size; see `misc.photos.as_photos`.
        target: see `attribution.targets`.
        layer: whose channels; the last one before the target that has positions when not
            given.
        **how: see `How`.

    Returns:
        ``image, row, column`` of the layer; no sign; in the target's unit per position.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.

    Example:
        >>> found = grad_cam(model, photo, "goldfish")  # doctest: +SKIP
    """

    def weights(acts: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return gradient.mean(axis=_positions(gradient))

    return _cam(model, images, target, layer, how, weights, "Grad-CAM")


def grad_cam_plus_plus(
    model: Model,
    images: Any,
    target: Any,
    layer: str | None = None,
    **how: Unpack[How],
) -> Attribution:
    """Grad-CAM with positive gradients weighed by how much they depend on themselves.

    Meant for several objects of one class (Chattopadhay et al. 2018, arXiv:1710.11063;
    equation 19, for the exponential of the target). The exponential itself is a factor
    that is the same everywhere, and is left out.

    Args:
        model: the model.
        images: photos of one size.
        target: see `attribution.targets`.
        layer: whose channels; as for `grad_cam`.
        **how: see `How`.

    Returns:
        As `grad_cam`.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.
    """

    def weights(acts: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        axes = _positions(gradient)
        square = gradient**2
        below = 2 * square + (acts.sum(axis=axes, keepdims=True) * gradient * square)
        # Where there is no gradient, there is no weight either.
        alpha = np.divide(square, below, out=np.zeros_like(square), where=below != 0)
        return (alpha * np.maximum(gradient, 0)).sum(axis=axes)

    return _cam(model, images, target, layer, how, weights, "Grad-CAM++")


def _positions(array: np.ndarray) -> tuple[int, ...]:
    return tuple(range(array.ndim - 1))


def _cam(
    model: Model,
    images: Any,
    target: Any,
    layer: str | None,
    how: Any,
    weights: Callable[[np.ndarray, np.ndarray], np.ndarray],
    method: str,
) -> Attribution:
    probe = Probe(model, images, target, INPUT if layer is None else layer, how)
    if layer is None:
        probe.layer = last_layer_with_positions(model, probe.target)
    points = probe.activations()
    if points.ndim < 3:
        raise SettingError(
            f"'{probe.layer}' has no positions; expected a layer that has, such as "
            f"'{last_layer_with_positions(model, probe.target)}'"
        )
    maps = np.empty(points.shape[:-1], np.float32)
    values = []
    jobs = (Job(i, point) for i, point in enumerate(points))
    with probe.tracker(probe.count, method) as tracker:
        for answer in probe.gradients(jobs, tracker):
            acts = points[answer.job.image]
            each = weights(acts, answer.gradient)
            maps[answer.job.image] = np.maximum(acts @ each, 0)
            values.append(answer.value)
    return Attribution(
        maps,
        ("image", *AXES[points.ndim - 1][:-1]),
        probe.layer,
        probe.target.text,
        method,
        f"{probe.target.unit} per position",
        signed=False,
        target_values=np.array(values, np.float32),
    )
