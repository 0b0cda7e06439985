"""Ways from a baseline to what is there, and the mean gradient along them.

A function that is not linear has another gradient at every point, and attribution depends
on where one looks. Let a be what is there, b the baseline:

    linear        at a alone: Lucid's first, gradient x activation
    integrated    along the straight way from b to a
    stochastic    along random ways, on which every channel rises at a pace of its own:
                  less trust in what holds on one line only
    factors       one part of a after the other, in random orders: how much does a group
                  of channels add to those that are there already?

All but the first are complete: contributions add up to the target at a minus at b.

Lucid's stochastic path scales the channels of each point at random, which leaves the way
between points out and does not add up; here each channel goes from b to a as
``t ** pace``, the paces spread evenly on a logarithmic scale from 1/2 to 2. Means over many
draws differ little.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lucid_widgets.attribution.probe import Job, Probe, checked_count
from lucid_widgets.errors import SettingError, did_you_mean
from lucid_widgets.misc.progress import Tracker

PATHS = ("linear", "integrated", "stochastic", "factors")

# Points at first, by path; of "factors", on the way of each part.
_STEPS = {"linear": 1, "integrated": 16, "stochastic": 16, "factors": 4}


@dataclass(frozen=True)
class Way:
    """How to go, and in how many steps.

    Args:
        path: one of `PATHS`.
        steps: points on each way; None for what suits the path.
        draws: random ways.
        tolerance: on the straight way, how far off the sum may be, as a part of what it
            should be, before more steps are taken.
        max_steps: points on the straight way at most.

    Raises:
        SettingError: one of them is out of its range.
    """

    path: str = "linear"
    steps: int | None = None
    draws: int = 8
    tolerance: float = 0.01
    max_steps: int = 432

    def __post_init__(self) -> None:
        if self.path not in PATHS:
            raise SettingError(
                f"path is {self.path!r}; expected one of {', '.join(map(repr, PATHS))}"
                f"{did_you_mean(str(self.path), PATHS, 1)}"
            )
        if self.steps is not None:
            checked_count("steps", self.steps)
        checked_count("draws", self.draws)
        checked_count("max_steps", self.max_steps)
        if not self.tolerance > 0:
            raise SettingError(
                f"tolerance is {self.tolerance!r}; expected a number above 0"
            )

    @property
    def points(self) -> int:
        """Points on each way at first."""
        return _STEPS[self.path] if self.steps is None else self.steps

    def count(self, parts: int) -> int:
        """Return how many gradients one row takes, before more steps are found needed."""
        if self.path == "linear":
            return 1
        ways = {
            "integrated": 1,
            "stochastic": self.draws,
            "factors": self.draws * parts,
        }
        return self.points * ways[self.path]


class Walked(NamedTuple):
    """What was found on the way of one image, for one member of the target's family.

    Args:
        image: index of the image.
        unit: number of the member.
        gradients: mean gradient for each part, ``[parts, ...]``; times the parts, it is
            the contributions.
        steps: how many gradients were taken.
        value: the target's value at the last point asked about.
    """

    image: int
    unit: int
    gradients: np.ndarray
    steps: int
    value: float


def walk(
    probe: Probe,
    way: Way,
    points: np.ndarray,
    base: np.ndarray,
    parts: np.ndarray,
    difference: np.ndarray | None,
    tracker: Tracker,
) -> Iterator[Walked]:
    """Yield the mean gradients, image by image and within it member by member.

    Args:
        probe: what is asked.
        way: how to go.
        points: what is there, ``[n, ...]``.
        base: the baselines, ``[n, ...]``.
        parts: what the way is made of, ``[n, parts, ...]``, with sums ``points - base``.
        difference: what contributions should add up to, ``[n, members]``; may be None for
            the linear path.
        tracker: of ``n * members * way.count(parts)`` jobs.
    """
    units = probe.target.count
    shape = parts.shape[1:] if way.path == "factors" else points[:1].shape

    def jobs() -> Iterator[Job]:
        for image, point in enumerate(points):
            for unit in range(units):
                for at, part, weight in _way(
                    way, point, base[image], parts[image], probe.seed
                ):
                    yield Job(image, at, unit, (part, weight))

    each = way.count(parts.shape[1])
    count = len(points) * units * each
    answers = probe.gradients(jobs(), tracker, count)
    for image in range(len(points)):
        for unit in range(units):
            found = np.zeros(shape, np.float32)
            value = 0.0
            for _ in range(each):
                job, value, gradient = next(answers)
                part, weight = job.tag
                found[part] += weight * gradient
            steps = each
            if way.path == "integrated" and difference is not None:
                rise = points[image] - base[image]
                wanted = float(difference[image, unit])
                found[0], steps = _refined(
                    probe,
                    way,
                    (image, unit),
                    base[image],
                    rise,
                    found[0],
                    wanted,
                    tracker,
                )
            yield Walked(image, unit, found, steps, value)


def _way(
    way: Way, point: np.ndarray, base: np.ndarray, parts: np.ndarray, seed: int
) -> Iterator[tuple[np.ndarray, int, Any]]:
    """Yield points, to which part each belongs, and its weight."""
    rise, steps = point - base, way.points
    if way.path == "linear":
        yield point, 0, 1.0
    elif way.path == "integrated":
        for t, weight in _straight(steps):
            yield base + t * rise, 0, weight
    elif way.path == "stochastic":
        for draw in range(way.draws):
            rng = np.random.default_rng([seed, draw])
            pace = (2.0 ** rng.uniform(-1, 1, point.shape[-1])).astype(np.float32)
            edges = np.linspace(0, 1, steps + 1, dtype=np.float32)[:, None] ** pace
            for k, t in enumerate(_midpoints(steps)):
                weight = (edges[k + 1] - edges[k]) / way.draws
                yield base + t**pace * rise, 0, weight
    else:
        for draw in range(way.draws):
            # What the parts leave over comes last.
            order = np.random.default_rng([seed, draw]).permutation(len(parts) - 1)
            there = base.copy()
            for part in [*order.tolist(), len(parts) - 1]:
                for t in _midpoints(steps):
                    yield there + t * parts[part], part, 1 / (steps * way.draws)
                there = there + parts[part]


def _straight(count: int) -> np.ndarray:
    """Return places on the straight way and their weights, ``[count, 2]``.

    The places are the squares of evenly spaced ones: networks change most where nothing
    is yet there (on MobileNet, nearly all of the error of evenly spaced places comes from
    the first twentieth of the way). The weights make up for it.
    """
    s = _midpoints(count)
    return np.stack([s**2, 2 * s / np.float32(count)], axis=-1)


def _midpoints(count: int) -> np.ndarray:
    return (np.arange(count, dtype=np.float32) + np.float32(0.5)) / np.float32(count)


def _refined(
    probe: Probe,
    way: Way,
    row: tuple[int, int],
    base: np.ndarray,
    rise: np.ndarray,
    mean: np.ndarray,
    wanted: float,
    tracker: Tracker,
) -> tuple[np.ndarray, int]:
    """Return a better mean gradient of the straight way, and its number of points.

    The middles of thirds: two new points beside each old one.
    """
    steps = way.points
    while 3 * steps <= way.max_steps:
        off = abs(float((mean * rise).sum(dtype=np.float64)) - wanted)
        if off <= way.tolerance * abs(wanted):
            break
        new = np.delete(_straight(3 * steps), np.s_[1::3], axis=0)
        tracker.extend(len(new))
        jobs = (Job(row[0], base + t * rise, row[1], weight) for t, weight in new)
        mean = mean / 3
        for answer in probe.gradients(jobs, tracker, len(new)):
            mean += answer.job.tag * answer.gradient
        steps *= 3
    return mean, steps


class Straight(NamedTuple):
    """The mean gradients of straight ways.

    Args:
        gradients: ``[n, ...]``.
        values: the target's value at the points, ``[n]``.
        difference: minus the value at the baselines, ``[n]``.
        steps: points on each way, ``[n]``.
    """

    gradients: np.ndarray
    values: np.ndarray
    difference: np.ndarray
    steps: np.ndarray


def integrated(
    probe: Probe, way: Way, points: np.ndarray, base: np.ndarray, what: str
) -> Straight:
    """Return mean gradients along the straight ways, for a single target.

    Args:
        probe: what is asked.
        way: of the path "integrated".
        points: where they end, ``[n, ...]``.
        base: where they begin, ``[n, ...]``.
        what: the name of the work.
    """
    parts = (points - base)[:, np.newaxis]
    total = len(points) * (2 + way.points)
    with probe.tracker(total, what) as tracker:
        values, difference = differences(probe, points, base, tracker)
        found = list(walk(probe, way, points, base, parts, difference, tracker))
    return Straight(
        np.stack([walked.gradients[0] for walked in found]),
        values[:, 0].astype(np.float32),
        difference[:, 0],
        np.array([walked.steps for walked in found]),
    )


def differences(
    probe: Probe, points: np.ndarray, base: np.ndarray, tracker: Tracker
) -> tuple[np.ndarray, np.ndarray]:
    """Return the target's values at the points, and minus those at the baselines.

    Returns:
        Two arrays ``[n, members]``.
    """
    units = probe.target.count

    def jobs() -> Iterator[Job]:
        for images in (points, base):
            for image, point in enumerate(images):
                for unit in range(units):
                    yield Job(image, point, unit)

    found = probe.values(jobs(), tracker, 2 * len(points) * units)
    answers = np.array([answer.value for answer in found], np.float64)
    there, nothing = answers.reshape(2, len(points), units)
    return there, there - nothing
