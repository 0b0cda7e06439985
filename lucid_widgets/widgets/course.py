"""Course: which plan a run followed, from which step on.

A run is not described by its settings alone: sliders move while it goes. Its course
is the list of its plans, each with the number of updates that were done when it took
over; that is enough to do the same updates again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lucid_widgets.errors import SettingError
from lucid_widgets.frame import Frame
from lucid_widgets.widgets.plan import Plan

MAX_STRETCHES = 10_000
"""A run with more changes than this is remembered without its later ones."""

KEPT_BY_BRANCHES = (
    "size",
    "batch",
    "parameterization",
    "decorrelate",
    "alpha",
    "channels",
)
"""Settings that say what the variables of a run mean: they cannot change in its midst."""


@dataclass(frozen=True)
class Stretch:
    """A part of a run that followed one plan.

    Args:
        start: updates done when it began.
        plan: what it followed.
    """

    start: int
    plan: Plan


class Course:
    """The stretches of one run, noted while it goes. Safe across threads.

    Args:
        before: stretches of the runs that this one continues.
    """

    def __init__(self, before: tuple[Stretch, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._stretches = list(before)
        self.complete = True

    def note(self, start: int, plan: Plan) -> None:
        """Note that an update is about to be done with a plan.

        Args:
            start: updates done so far.
            plan: what it follows.
        """
        with self._lock:
            if self._stretches and same_work(self._stretches[-1].plan, plan):
                return
            if len(self._stretches) >= MAX_STRETCHES:
                self.complete = False
                return
            # A plan under which no update was done leaves no trace.
            while self._stretches and self._stretches[-1].start >= start:
                self._stretches.pop()
            if self._stretches and same_work(self._stretches[-1].plan, plan):
                return
            self._stretches.append(Stretch(start, plan))

    def until(self, step: int) -> tuple[Stretch, ...]:
        """Return the stretches that made the picture after `step` updates."""
        with self._lock:
            return tuple(one for one in self._stretches if one.start < step)


class LivePlan:
    """What the engine reads before every step: one attribute, swapped whole."""

    def __init__(self, plan: Plan) -> None:
        self.plan = self._read = plan

    def __call__(self) -> Plan:
        """Return the plan of this moment."""
        self._read = plan = self.plan
        return plan

    @property
    def has_other_subject(self) -> bool:
        """Whether the newest update does not know yet what is to be shown."""
        return self._read.shows_other_than(self.plan)


def same_work(one: Plan, other: Plan) -> bool:
    """Return whether two plans do the same to a picture, wherever they end."""
    if one is other:
        return True
    same_choice = one.choice is other.choice or (
        one.choice.model is other.choice.model
        and one.choice.custom is other.choice.custom
        and one.choice.title == other.choice.title
    )
    return same_choice and (
        (one.settings, one.hyperparameters, one.seed)
        == (other.settings, other.hyperparameters, other.seed)
    )


def check_branch(before: Plan, after: Plan) -> None:
    """Raise unless a run of one plan can be continued with another.

    Raises:
        SettingError: the plans differ in what cannot change in the midst of a run.
    """
    changed = [
        name
        for name in KEPT_BY_BRANCHES
        if getattr(before.settings, name) != getattr(after.settings, name)
    ]
    changed += ["model"] if before.choice.model is not after.choice.model else []
    changed += ["seed"] if before.seed != after.seed else []
    if changed:
        raise SettingError(
            f"a branch cannot change {' and '.join(changed)}: the picture it continues "
            "was made with it; assign it to the widget instead, for a new run"
        )


def course_frames(
    stretches: tuple[Stretch, ...],
    live: Callable[[], Plan],
    note: Callable[[int, Plan], None],
    state: Any = None,
) -> Iterator[Frame]:
    """Return an endless iterator over a run: first as planned, then as it comes.

    What can be checked is checked now.

    Args:
        stretches: the plans to follow, the last one until `live` changes.
        live: returns the plan of this moment, before every update. As soon as it is
            another than the last stretch's, the earlier ones are left.
        note: told of every update, as `Course.note`.
        state: go on from a frame's `state`; then there is one stretch.

    Raises:
        LucidError: a plan that cannot be used.
    """
    first, *rest = stretches
    return _follow(_frames(first, rest, live, note, state), rest, live, note)


def _follow(
    frames: Iterator[Frame],
    rest: list[Stretch],
    live: Callable[[], Plan],
    note: Callable[[int, Plan], None],
) -> Iterator[Frame]:
    last = rest[-1].plan if rest else None
    while True:
        frame = None
        touched = False
        for frame in frames:
            yield frame
            touched = last is not None and not same_work(live(), last)
            if touched:
                break
        frames.close()  # pyright: ignore[reportAttributeAccessIssue] - a generator
        if frame is None or not rest:
            return
        stretch = rest[-1] if touched else rest[0]
        rest = [] if touched else rest[1:]
        frames = _frames(stretch, rest, live, note, frame.state)


def _frames(
    stretch: Stretch,
    rest: list[Stretch],
    live: Callable[[], Plan],
    note: Callable[[int, Plan], None],
    state: Any,
) -> Iterator[Frame]:
    """Return the frames of one stretch; those of the last one listen to `live`."""
    from lucid_widgets.optvis import render

    plan = stretch.plan
    done = 0 if state is None else state.step

    def now() -> tuple[Any, Any]:
        nonlocal done
        current = plan if rest else live()
        note(done, current)
        done += 1
        return current.choice.objective, current.hyperparameters

    return render.frames(
        plan.choice.model,
        plan.choice.objective,
        settings=plan.settings,
        hyperparameters=plan.hyperparameters,
        seed=plan.seed,
        steps=rest[0].start if rest else None,
        state=state,
        live=now,
    )
