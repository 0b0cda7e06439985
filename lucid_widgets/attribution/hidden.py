"""Attribution between layers: by position, by channel, by group of channels.

Lucid's family. What is explained is a class, a pair of classes, any objective; or all of
a later layer, when `target` is its bare name: then each position (`spatial`), channel
(`channel`) or group (`group`) of it is explained by itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from lucid_widgets.attribution.baselines import baseline_of
from lucid_widgets.attribution.paths import Walked, Way, differences, walk
from lucid_widgets.attribution.probe import (
    AXES,
    INPUT,
    How,
    Probe,
    checked_count,
)
from lucid_widgets.attribution.result import Attribution
from lucid_widgets.attribution.targets import (
    Target,
    channels_of,
    directions_of,
    positions_of,
)
from lucid_widgets.errors import SettingError
from lucid_widgets.misc.channel_reducer import ChannelReducer
from lucid_widgets.modelzoo.vision_base import Model

# How many groups, when nobody says.
_GROUPS = 6


def spatial(
    model: Model,
    images: Any,
    target: Any,
    layer: str,
    *,
    path: str = "linear",
    steps: int | None = None,
    draws: int = 8,
    baseline: Any = 0.0,
    groups: Any = None,
    **how: Unpack[How],
) -> Attribution:
    """What each position of a layer contributes to the target.

    Args:
        model: the model.
        images: photos of one size; see `misc.photos.as_photos`.
        target: see `attribution.targets`; the bare name of a layer asks for the length of
            the activation vector at each of its positions.
        layer: whose positions are the parts.
        path: where gradients are taken; see `attribution.paths`.
        steps: points on each way.
        draws: random ways, for "stochastic" and "factors".
        baseline: what counts as nothing there; see `baselines.baseline_of`.
        groups: for the path "factors"; see `group`.
        **how: see `How`. ``overrides="smoothed max-pool"`` makes maps less spotty.

    Returns:
        ``image, row, column``, with the target's axes in between if it is a layer; signed;
        in the target's unit.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.

    Example:
        >>> found = spatial(model, photo, ("goldfish", "lemon"), "mixed4a")  # doctest: +SKIP
        >>> show(found.overlay(photo))  # doctest: +SKIP
    """
    probe = Probe(model, images, target, layer, how, _positions)
    way = Way(path, steps, draws)

    def reduce(found: Walked, parts: np.ndarray) -> np.ndarray:
        return np.einsum("p...c,p...c->...", parts, found.gradients)

    return _attributed(
        probe,
        way,
        baseline,
        groups,
        reduce,
        lambda axes: axes[:-1],
        "spatial attribution",
    )


def channel(
    model: Model,
    images: Any,
    target: Any,
    layer: str,
    *,
    path: str = "linear",
    steps: int | None = None,
    draws: int = 8,
    baseline: Any = 0.0,
    groups: Any = None,
    **how: Unpack[How],
) -> Attribution:
    """What each channel of a layer contributes to the target.

    Args:
        model: the model.
        images: photos of one size.
        target: see `attribution.targets`; the bare name of a layer asks for the mean of
            each of its channels.
        layer: whose channels are the parts.
        path: where gradients are taken; see `attribution.paths`.
        steps: points on each way.
        draws: random ways.
        baseline: what counts as nothing there.
        groups: for the path "factors"; see `group`.
        **how: see `How`.

    Returns:
        ``image, channel``, with the target's axis in between if it is a layer; signed; in
        the target's unit.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.

    Example:
        >>> found = channel(model, photo, "goldfish", "mixed4a")  # doctest: +SKIP
        >>> found.top(5)  # doctest: +SKIP
    """
    probe = Probe(model, images, target, layer, how, _channels)
    way = Way(path, steps, draws)

    def reduce(found: Walked, parts: np.ndarray) -> np.ndarray:
        each = parts * found.gradients
        return each.reshape(-1, each.shape[-1]).sum(axis=0)

    return _attributed(
        probe,
        way,
        baseline,
        groups,
        reduce,
        lambda axes: axes[-1:],
        "channel attribution",
    )


def neuron(
    model: Model,
    images: Any,
    target: Any,
    layer: str,
    *,
    path: str = "linear",
    steps: int | None = None,
    draws: int = 8,
    baseline: Any = 0.0,
    **how: Unpack[How],
) -> Attribution:
    """What each neuron of a layer (a channel at a position) contributes to the target.

    Summed over channels it is `spatial`, summed over positions `channel`: one computation
    for both, and for every question between.

    Args:
        model: the model.
        images: photos of one size.
        target: a single one; see `attribution.targets`.
        layer: whose neurons are the parts.
        path: "linear", "integrated" or "stochastic"; see `attribution.paths`.
        steps: points on each way.
        draws: random ways.
        baseline: what counts as nothing there.
        **how: see `How`.

    Returns:
        ``image, row, column, channel`` (or without positions, where the layer has none);
        signed; in the target's unit.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.

    Example:
        >>> found = neuron(model, photo, "goldfish", "mixed4a")  # doctest: +SKIP
        >>> found.values[0, 3, 5].argmax()  # the channel that counts most there
    """
    if path == "factors":
        raise SettingError(
            "the path 'factors' is about groups of channels: use group(positions=True)"
        )

    def reduce(found: Walked, parts: np.ndarray) -> np.ndarray:
        return parts[0] * found.gradients[0]

    return _attributed(
        Probe(model, images, target, layer, how),
        Way(path, steps, draws),
        baseline,
        None,
        reduce,
        lambda axes: axes,
        "neuron attribution",
    )


def group(
    model: Model,
    images: Any,
    target: Any,
    layer: str,
    *,
    groups: Any = None,
    path: str = "linear",
    steps: int | None = None,
    draws: int = 8,
    baseline: Any = 0.0,
    positions: bool = False,
    **how: Unpack[How],
) -> Attribution:
    """What each group of channels of a layer contributes to the target.

    Groups are the factors of a non-negative matrix factorisation (NMF) of the activations:
    what fires together. The last group is what the factors leave over.

    Args:
        model: the model.
        images: photos of one size; the factors are those of all of them.
        target: see `attribution.targets`; the bare name of a layer asks for each of as many
            groups there.
        layer: whose groups are the parts.
        groups: how many, 6 when not given; or directions ``[groups, channels]``, none negative; or a
            `ChannelReducer` that has learned.
        path: where gradients are taken; see `attribution.paths`.
        steps: points on each way.
        draws: random ways.
        baseline: what counts as nothing there.
        positions: keep the positions, for a map of each group.
        **how: see `How`.

    Returns:
        ``image, group`` or ``image, row, column, group``, with the target's axis behind
        the first if it is a layer; signed; in the target's unit. ``details["factors"]`` is
        ``[groups, channels]``, ``details["strength"]`` how strong each is,
        ``[image, row, column, groups]``; both without the remainder.

    Raises:
        LucidError: an argument that cannot be used; the work was stopped.
        MissingPackageError: scikit-learn is needed and not installed.
    """
    count = int(groups) if isinstance(groups, int | np.integer) else None

    def family(probe: Probe, name: str) -> Target:
        return _groups(probe, name, count)

    probe = Probe(model, images, target, layer, how, family)
    way = Way(path, steps, draws)

    def reduce(found: Walked, parts: np.ndarray) -> np.ndarray:
        shared = np.broadcast_to(found.gradients, parts.shape)
        by_position = np.einsum("p...c,p...c->...p", parts, shared)
        inner = tuple(range(by_position.ndim - 1))
        return by_position if positions else by_position.sum(axis=inner)

    def axes(of_point: tuple[str, ...]) -> tuple[str, ...]:
        return (*of_point[:-1], "group") if positions else ("group",)

    return _attributed(
        probe, way, baseline, groups, reduce, axes, "group attribution", by_group=True
    )


def _positions(probe: Probe, name: str) -> Target:
    return positions_of(name, _shape(probe, name))


def _channels(probe: Probe, name: str) -> Target:
    return channels_of(name, _shape(probe, name)[-1])


def _groups(probe: Probe, name: str, count: int | None) -> Target:
    acts = probe.model.activations(probe.images, name, probe.batch_size)
    directions, _ = _factors(acts, count, probe.seed)
    return directions_of(name, directions)


def _shape(probe: Probe, name: str) -> tuple[int, ...]:
    return probe.model.activations(probe.images[:1], name).shape[1:]


def _attributed(
    probe: Probe,
    way: Way,
    baseline: Any,
    groups: Any,
    reduce: Callable[[Walked, np.ndarray], np.ndarray],
    axes_of: Callable[[tuple[str, ...]], tuple[str, ...]],
    method: str,
    *,
    by_group: bool = False,
) -> Attribution:
    points = probe.activations()
    base = baseline_of(points, baseline, image=probe.layer == INPUT)
    axes = axes_of(AXES[points.ndim - 1])
    if not axes:
        raise SettingError(f"'{probe.layer}' has no positions; use channel()")
    details: dict[str, Any] = {"path": way.path}
    parts = whole = (points - base)[:, np.newaxis]
    if by_group or way.path == "factors":
        factors, strength = _factors(points, groups, probe.seed)
        parts = _parts(points - base, factors, strength)
        details.update(factors=factors, strength=strength)
    # What the gradients are multiplied with in the end, and what the way is made of.
    shares = parts if by_group or way.path == "factors" else whole
    complete = way.path != "linear"
    rows = probe.count * probe.target.count
    total = rows * (way.count(parts.shape[1]) + 2 * complete)
    there = np.empty([probe.count, probe.target.count])
    sums, difference = np.empty_like(there), None
    values = []
    with probe.tracker(total, method) as tracker:
        if complete:
            there, difference = differences(probe, points, base, tracker)
        for found in walk(probe, way, points, base, parts, difference, tracker):
            value = reduce(found, shares[found.image])
            sums[found.image, found.unit] = value.sum(dtype=np.float64)
            if not complete:
                there[found.image, found.unit] = found.value
            values.append(value)
    target = probe.target
    shape = (probe.count, *target.shape)
    return Attribution(
        np.stack(values).reshape(*shape, *values[0].shape).astype(np.float32),
        ("image", *target.axes, *axes),
        probe.layer,
        target.text,
        method,
        target.unit,
        signed=True,
        target_values=there.reshape(shape).astype(np.float32),
        delta=None if difference is None else (sums - difference).reshape(shape),
        difference=None if difference is None else difference.reshape(shape),
        details=details,
    )


def _factors(acts: np.ndarray, groups: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return factors ``[groups, channels]`` and their strengths ``[..., groups]``."""
    positive = np.maximum(acts, 0)
    if isinstance(groups, ChannelReducer):
        return np.asarray(groups.components), groups.transform(positive)
    if groups is None:
        groups = min(_GROUPS, acts.shape[-1])
    if np.ndim(groups) == 0:
        count = checked_count("groups", groups)
        if count > acts.shape[-1]:
            raise SettingError(
                f"{count} groups of {acts.shape[-1]} channels; expected no more groups "
                "than channels"
            )
        reducer = ChannelReducer(count, random_state=seed, max_iter=400)
        with warnings.catch_warnings():
            # Groups that could still be a little better are good enough.
            warnings.simplefilter("ignore")
            strength = reducer.fit_transform(positive)
        return np.asarray(reducer.components), strength
    factors = np.asarray(groups, np.float32)
    if factors.ndim != 2 or factors.shape[-1] != acts.shape[-1] or (factors < 0).any():
        raise SettingError(
            f"groups has shape {factors.shape}; expected a number, or directions "
            f"[groups, {acts.shape[-1]}] without negative numbers"
        )
    flat = positive.reshape(-1, acts.shape[-1])
    solved = np.linalg.lstsq(factors.T, flat.T, rcond=None)[0].T.clip(0)
    return factors, solved.reshape(*acts.shape[:-1], len(factors))


def _parts(rise: np.ndarray, factors: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Return ``[n, groups + 1, ...]``: what each factor holds, and the remainder."""
    by_factor = np.einsum("n...g,gc->ng...c", strength, factors).astype(np.float32)
    rest = rise - by_factor.sum(axis=1)
    return np.concatenate([by_factor, rest[:, np.newaxis]], axis=1)
