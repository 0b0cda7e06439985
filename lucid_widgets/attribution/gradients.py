"""Attribution by gradients: of pixels, or of the activations of any layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

import numpy as np

from lucid_widgets.attribution.baselines import baseline_of
from lucid_widgets.attribution.paths import Way, integrated
from lucid_widgets.attribution.probe import (
    AXES,
    INPUT,
    How,
    Job,
    Probe,
    checked_count,
)
from lucid_widgets.attribution.result import Attribution
from lucid_widgets.errors import SettingError
from lucid_widgets.misc.progress import Tracker
from lucid_widgets.modelzoo.vision_base import Model


def saliency(
    model: Model, images: Any, target: Any, layer: str = INPUT, **how: Unpack[How]
) -> Attribution:
    """How much a small change at each position would change the target.

    The largest size of the gradient among the channels (Simonyan et al. 2013,
    arXiv:1312.6034).

    Args:
        model: the model.
        images: photos of one size; see `misc.photos.as_photos`.
        target: a class, ``"layer:channel"``, a pair or an objective; see
            `attribution.targets`.
        layer: whose gradient.
        **how: see `How`.

    Returns:
        ``image, row, column``; no sign; the target's unit per unit of pixel or activation.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.

    Example:
        >>> found = saliency(model, photo, "goldfish")  # doctest: +SKIP
    """
    probe = Probe(model, images, target, layer, how)
    points = probe.activations()
    _check_positions(probe, points)
    jobs = (Job(i, point) for i, point in enumerate(points))
    values, sizes = [], []
    with probe.tracker(probe.count, "saliency") as tracker:
        for answer in probe.gradients(jobs, tracker):
            values.append(answer.value)
            sizes.append(np.abs(answer.gradient).max(-1))
    return _by_position(probe, np.stack(sizes), values, "saliency")


def smoothgrad(
    model: Model,
    images: Any,
    target: Any,
    layer: str = INPUT,
    *,
    draws: int = 32,
    noise: float = 0.15,
    **how: Unpack[How],
) -> Attribution:
    """Saliency of the mean gradient over noisy copies of the image.

    Smilkov et al. 2017 (arXiv:1706.03825).

    Args:
        model: the model.
        images: photos of one size.
        target: see `attribution.targets`.
        layer: whose gradient; noise is added to its activations.
        draws: noisy copies for each image.
        noise: standard deviation of the noise, as a part of the range of the image's own
            values.
        **how: see `How`.

    Returns:
        As `saliency`.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.
    """
    draws = checked_count("draws", draws)
    if not (np.isfinite(noise) and noise >= 0):
        raise SettingError(f"noise is {noise!r}; expected a number from 0")
    probe = Probe(model, images, target, layer, how)
    points = probe.activations()
    _check_positions(probe, points)

    def jobs() -> Iterator[Job]:
        for i, point in enumerate(points):
            spread = np.float32(noise * (point.max() - point.min()))
            for draw in range(draws):
                rng = np.random.default_rng([probe.seed, draw])
                normal = rng.standard_normal(point.shape, np.float32)
                yield Job(i, point + spread * normal)

    means = np.zeros(points.shape, np.float32)
    with probe.tracker(draws * probe.count, "SmoothGrad") as tracker:
        for answer in probe.gradients(jobs(), tracker):
            means[answer.job.image] += answer.gradient / draws
    return _by_position(
        probe, np.abs(means).max(-1), target_values(probe, points), "SmoothGrad"
    )


def gradient_x_input(
    model: Model,
    images: Any,
    target: Any,
    layer: str = INPUT,
    *,
    baseline: Any = 0.0,
    **how: Unpack[How],
) -> Attribution:
    """The gradient times what is there: each pixel's contribution to first order.

    Exact for a linear model. At a hidden layer this is Lucid's linear attribution.

    Args:
        model: the model.
        images: photos of one size.
        target: see `attribution.targets`.
        layer: whose values are explained.
        baseline: what counts as nothing there; see `baselines.baseline_of`.
        **how: see `How`.

    Returns:
        ``image, row, column, channel`` (of images, the channels are red, green, blue);
        signed; in the target's unit.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.
    """
    probe = Probe(model, images, target, layer, how)
    points = probe.activations()
    base = baseline_of(points, baseline, image=probe.layer == INPUT)
    found = np.empty(points.shape, np.float32)
    values = []
    jobs = (Job(i, point) for i, point in enumerate(points))
    with probe.tracker(probe.count, "gradient x input") as tracker:
        for answer in probe.gradients(jobs, tracker):
            i = answer.job.image
            found[i] = answer.gradient * (points[i] - base[i])
            values.append(answer.value)
    return Attribution(
        found,
        ("image", *AXES[points.ndim - 1]),
        probe.layer,
        probe.target.text,
        "gradient x input",
        probe.target.unit,
        signed=True,
        target_values=np.array(values, np.float32),
    )


def integrated_gradients(
    model: Model,
    images: Any,
    target: Any,
    layer: str = INPUT,
    *,
    baseline: Any = 0.0,
    steps: int = 16,
    tolerance: float = 0.01,
    max_steps: int = 432,
    **how: Unpack[How],
) -> Attribution:
    """The gradient along the straight way from a baseline, times what is there.

    Sundararajan et al. 2017 (arXiv:1703.01365). Complete: the values of an image add up
    to the target for it minus the target for the baseline. Where they do not yet, to
    `tolerance`, three times as many steps are taken, up to `max_steps`.

    Args:
        model: the model.
        images: photos of one size.
        target: see `attribution.targets`.
        layer: whose values are explained.
        baseline: where the way begins; see `baselines.baseline_of`.
        steps: points on the way at first.
        tolerance: how far the sum may be off, as a part of what it should be.
        max_steps: points at most.
        **how: see `How`.

    Returns:
        ``image, row, column, channel``; signed; in the target's unit. `delta` says how
        far the sums are off; ``details["steps"]`` how many points each image took.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.
    """
    way = Way("integrated", steps, tolerance=tolerance, max_steps=max_steps)
    probe = Probe(model, images, target, layer, how)
    points = probe.activations()
    base = baseline_of(points, baseline, image=probe.layer == INPUT)
    straight = integrated(probe, way, points, base, "integrated gradients")
    found = straight.gradients * (points - base)
    return Attribution(
        found,
        ("image", *AXES[points.ndim - 1]),
        probe.layer,
        probe.target.text,
        "integrated gradients",
        probe.target.unit,
        signed=True,
        target_values=straight.values,
        delta=found.reshape(probe.count, -1).sum(-1) - straight.difference,
        difference=straight.difference,
        details={"steps": straight.steps},
    )


def target_values(probe: Probe, points: np.ndarray) -> np.ndarray:
    """Return the target's value at one point for each image, ``[n]``."""
    jobs = (Job(i, point) for i, point in enumerate(points))
    tracker = Tracker(len(points))
    found = probe.values(jobs, tracker)
    return np.array([answer.value for answer in found], np.float32)


def _check_positions(probe: Probe, points: np.ndarray) -> None:
    if points.ndim < 3:
        raise SettingError(
            f"'{probe.layer}' has no positions; use gradient_x_input for its channels"
        )


def _by_position(
    probe: Probe, values: np.ndarray, of_target: Any, method: str
) -> Attribution:
    axes = AXES[values.ndim][:-1]
    per = "pixel value" if probe.layer == INPUT else "activation"
    return Attribution(
        values,
        ("image", *axes),
        probe.layer,
        probe.target.text,
        method,
        f"{probe.target.unit} per {per}",
        signed=False,
        target_values=np.asarray(of_target, np.float32),
    )
