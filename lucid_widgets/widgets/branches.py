"""Branches: the lines of one tree of runs, each named by what changed.

    0  run                                             512 steps
    1      from step 40: learning rate 0.05 -> 0.2     512 steps
    2          from step 96: channel mixed4a:31        256 steps
    3      from step 128: jitter 8 -> 16               512 steps

A new run (other structure, a reset) begins a new tree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from lucid_widgets.errors import SettingError
from lucid_widgets.frame import Frame
from lucid_widgets.optvis.settings import setting
from lucid_widgets.widgets.course import Course
from lucid_widgets.widgets.filmstrip import Filmstrip, Snapshot, StripEncoder
from lucid_widgets.widgets.plan import Plan

MAX_BRANCHES = 32
"""Of more, the oldest lose their pictures: a tree is kept in memory whole."""


class Branch:
    """One line of updates, from the first one on.

    Args:
        parent: the branch it leaves; None for the first run.
        origin: the snapshot of the parent's that it continues.
        number: what it is called by.
    """

    def __init__(
        self,
        parent: Branch | None = None,
        origin: Snapshot | None = None,
        number: int = 0,
    ) -> None:
        assert (parent is None) == (origin is None)
        self.number = number
        self.parent = parent
        self.origin = origin
        step = origin.step if origin is not None else 0
        kept = parent.snapshots if parent is not None else ()
        self.course = Course(origin.course if origin is not None else ())
        self.encoder = StripEncoder()
        self._strip = Filmstrip(tuple(one for one in kept if one.step <= step))

    @property
    def start(self) -> int:
        """Updates done where it leaves its parent; 0 for the first run."""
        return self.origin.step if self.origin is not None else 0

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The pictures on the way to here, its parent's before `start` included."""
        return self._strip.snapshots

    @property
    def tip(self) -> Snapshot | None:
        """The newest snapshot of its own, or the one that it continues."""
        kept = self.snapshots
        return kept[-1] if kept else None

    @property
    def steps(self) -> int:
        """Updates done at the newest snapshot."""
        tip = self.tip
        return tip.step if tip is not None else 0

    @property
    def name(self) -> str:
        """Where it leaves its parent, and what changed there or later."""
        if self.origin is None:
            return "run"
        plans = [self.origin.course[-1].plan]
        plans += [
            one.plan for one in self.course.until(2**31) if one.start >= self.start
        ]
        changes = describe_change(plans[0], plans[-1]) or ["nothing changed"]
        return f"from step {self.start}: {', '.join(changes)}"

    def keep(self, frame: Frame, *, rests: bool) -> None:
        """Keep a frame among the snapshots, if it is one to keep."""
        self._strip.offer(frame, self.course, rests=rests)

    def snapshot(self, step: int) -> Snapshot:
        """Return the snapshot of a step, from which one can go on.

        Raises:
            SettingError: there is none; the message names the nearest.
        """
        able = [one for one in self.snapshots if one.state is not None]
        for one in able:
            if one.step == step:
                return one
        if not able:
            raise SettingError("no snapshot was kept yet; run a few steps first")
        number = step if isinstance(step, int | float) else 0
        nearest = sorted(
            sorted(able, key=lambda one: abs(one.step - number))[:3],
            key=lambda one: one.step,
        )
        listed = ", ".join(str(one.step) for one in nearest)
        raise SettingError(
            f"no snapshot of step {str(step)[:40]}; the nearest are those of {listed}. "
            "See vis.history"
        )

    def __repr__(self) -> str:
        return f"<Branch {self.name!r}, {self.steps} steps>"


class Branches(tuple[Branch, ...]):
    """The branches of one tree, in the order they were made; prints as a tree."""

    def walk(self) -> Iterator[tuple[int, Branch]]:
        """Yield every branch with its depth, each below the one that it continues."""

        def below(branch: Branch, depth: int) -> Iterator[tuple[int, Branch]]:
            yield depth, branch
            for child in self:
                if child.parent is branch:
                    yield from below(child, depth + 1)

        for branch in self:
            if branch.parent is None or branch.parent not in self:
                yield from below(branch, 0)

    def find(self, number: Any) -> Branch:
        """Return the branch of a number, or a branch itself, if it is one of these.

        Raises:
            SettingError: there is none.
        """
        for branch in self:
            if branch is number or (
                isinstance(number, int)
                and not isinstance(number, bool)
                and branch.number == number
            ):
                return branch
        raise SettingError(
            f"no branch {str(number)[:40]}; there are "
            f"{', '.join(str(one.number) for one in self)}. See vis.branches"
        )

    def __repr__(self) -> str:
        lines = [
            f"{one.number:<3}{'    ' * depth}{one.name}  ({one.steps} steps)"
            for depth, one in self.walk()
        ]
        return "\n".join(lines) or "no runs yet"


def describe_change(before: Plan, after: Plan) -> list[str]:
    """Return what differs between two plans, in words: "learning rate 0.05 → 0.2"."""
    changes: list[str] = []
    if before.choice.title != after.choice.title:
        # The title names the model, too, which a branch cannot change.
        changes.append(after.choice.title.partition(", ")[2])
    for one, other in (
        (before.settings, after.settings),
        (before.hyperparameters, after.hyperparameters),
    ):
        for field in dataclasses.fields(one):
            was, is_now = getattr(one, field.name), getattr(other, field.name)
            if was != is_now:
                label = setting(field.name).label.lower()
                changes.append(f"{label} {_from_to(was, is_now)}")
    return changes


def _from_to(was: Any, is_now: Any) -> str:
    """Return a change in as few digits as tell it."""
    for digits in (3, 6, 17):
        one, other = _text(was, digits), _text(is_now, digits)
        if one != other:
            break
    return f"{one} → {other}"


def _text(value: Any, digits: int) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
