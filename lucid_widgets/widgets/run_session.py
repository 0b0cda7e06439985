"""RunSession: the life of the runs behind one canvas.

    Plan -> Runner (worker thread) -> FrameSender -> canvas
                 ^                                     |
                 +------- commands, confirmations -----+

A plan whose numbers differ from the last one's is swapped in whole, and read by the
engine before its next step; one whose structure differs starts a new run.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from lucid_widgets.frame import Frame
from lucid_widgets.shapes import Images
from lucid_widgets.stream.encoder import encode_still
from lucid_widgets.stream.protocol import Command, FrameMessage
from lucid_widgets.stream.runner import Runner
from lucid_widgets.stream.sender import FrameSender
from lucid_widgets.widgets.branches import Branch, describe_change
from lucid_widgets.widgets.course import (
    LivePlan,
    Stretch,
    check_branch,
    course_frames,
    same_work,
)
from lucid_widgets.widgets.filmstrip import Snapshot
from lucid_widgets.widgets.frame_canvas import FrameCanvas
from lucid_widgets.widgets.plan import Plan
from lucid_widgets.widgets.poster import Poster
from lucid_widgets.widgets.preloading import import_on_worker
from lucid_widgets.widgets.replay import recipe_text
from lucid_widgets.widgets.run_tree import RunTree


class Progress(Protocol):
    """Is told how the run goes, from whichever thread knows."""

    def __call__(self, **values: Any) -> None:
        """Some of: status, running, current_step, total_steps, objective_value, error."""


class RunSession:
    """Runs plans and shows them on a canvas.

    Args:
        canvas: shows the frames; its buttons drive the run.
        plan: the first plan; it waits for `start`.
        progress: is told how the run goes.
        name: name of the worker thread.
    """

    def __init__(
        self, canvas: FrameCanvas, plan: Plan, progress: Progress, *, name: str
    ) -> None:
        self.plan = plan
        self.newest: Frame | None = None
        self.tree = RunTree(canvas)
        self.asked_to_branch: Callable[[int], None] = lambda step: self.branch(
            self.tree.current.snapshot(step), self.plan
        )
        self.asked_to_switch: Callable[[Branch], None] = self.switch
        self.poster = Poster(canvas)
        self._canvas = canvas
        self._progress = progress
        self._lock = threading.RLock()
        self._live = LivePlan(plan)
        self._script: tuple[Stretch, ...] = ()
        self._is_unshown = False
        self._sender = FrameSender(self._send)
        self.runner = Runner(self, name=name)
        self._load(start=False)
        self._canvas.title = plan.choice.title
        canvas.listen(self)

    # Commands, from any thread --------------------------------------------------

    def apply(self, plan: Plan) -> None:
        """Make a plan the current one.

        Numbers act at the next step. Other structure starts a new run, which goes
        on by itself if the last one was running or finished; so does another
        subject, once the last one is finished.
        """
        with self._lock:
            reasons = self.plan.new_run_for(plan)
            finished = self.runner.status == "finished"
            if finished and not reasons and self.plan.shows_other_than(plan):
                reasons = [plan.choice.kind]
            self.plan = plan
            self._canvas.title = plan.choice.title
            # What stopped a run is told until there is another one.
            if reasons or self.runner.status != "failed":
                self._forget_error()
            if reasons:
                if self.runner.status != "idle":
                    self._canvas.notice = f"new run: {', '.join(reasons)}"
                self._begin_anew(start=self.runner.active or finished)
                return
            self._live.plan = plan
            if plan.steps != self.runner.total_steps:
                self.runner.set_total_steps(plan.steps)

    def start(self) -> None:
        """Go on; after the end or a failure, begin again."""
        with self._lock:
            self._forget_error()
            if self.runner.status in ("finished", "failed"):
                self._begin_anew(start=True)
            else:
                self.runner.start()

    def pause(self) -> None:
        """Rest after the step in progress."""
        self.runner.pause()

    def step(self, count: int) -> None:
        """Do `count` updates, then rest."""
        with self._lock:
            self._forget_error()
            if self.runner.status == "failed":
                self._begin_anew(start=False)
            self.runner.step(count)

    def reset(self) -> None:
        """Begin again from step 0; what was running goes on running."""
        with self._lock:
            self._forget_error()
            self._canvas.notice = ""
            self._begin_anew(start=self.runner.active)

    def branch(self, snapshot: Snapshot, plan: Plan) -> None:
        """Go on from a snapshot of the branch at hand, at once.

        Args:
            snapshot: where to go on.
            plan: how to; it keeps what the snapshot's pixels depend on.

        Raises:
            SettingError: the plan is one for a new run.
        """
        with self._lock:
            check_branch(snapshot.course[-1].plan, plan)
            if plan.steps <= snapshot.step:
                plan = dataclasses.replace(plan, steps=snapshot.step + plan.steps)
            self._forget_error()
            self._keep_newest()
            self.plan = plan
            self._canvas.title = plan.choice.title
            self.tree.grow(snapshot)
            self._load(start=True)
            changes = describe_change(snapshot.course[-1].plan, plan)
            what = f": {', '.join(changes)}" if changes else ""
            self._canvas.notice = f"branch from step {snapshot.step}{what}"

    def switch(self, branch: Branch) -> None:
        """Make another branch the one at hand, and rest at its end.

        Args:
            branch: one of the tree's.
        """
        with self._lock:
            if branch is self.tree.current:
                return
            tip = branch.tip
            assert tip is not None, "a branch begins with its parent's snapshot"
            self._forget_error()
            self._keep_newest()
            plan = tip.course[-1].plan
            self.plan = dataclasses.replace(plan, steps=max(plan.steps, tip.step))
            self._canvas.title = plan.choice.title
            self.tree.go_to(branch)
            self._load(start=False, tip=tip)
            self._canvas.notice = f"branch {branch.number}, {branch.name}"

    def follow(self, script: tuple[Stretch, ...]) -> None:
        """Make a new run do what another did, until its settings are changed.

        Args:
            script: the stretches of the other run; the last one's plan is at hand.
        """
        with self._lock:
            self._script = script
            self.plan = script[-1].plan
            self._begin_anew(start=False)

    def close(self) -> None:
        """Stop for good."""
        self.runner.close()

    # From the canvas ------------------------------------------------------------

    def ready(self) -> None:
        """Send what there is to a front end that has just started."""
        self._sender.ready()
        self.runner.poke()

    def drawn(self, sequence: int) -> None:
        """Note that a frame was painted."""
        if self._sender.confirm(sequence):
            self.runner.poke()

    def command(self, command: Command) -> None:
        """Do what a button says."""
        actions: dict[Command, Callable[[], None]] = {
            "play": self.start,
            "pause": self.pause,
            "step": lambda: self.step(1),
            "reset": self.reset,
        }
        actions[command]()

    def save_requested(self, step: int) -> None:
        """Send a snapshot as a PNG file, the newest picture if there is none of it."""
        frame = self.newest
        if frame is None:
            self._canvas.notice = "nothing to save yet"
            return
        for one in self.tree.current.snapshots:
            if one.step == step < frame.step + 1:
                frame = one.frame
        step = frame.step + 1
        self._canvas.send_message(
            {
                "kind": "still",
                "step": step,
                "filename": f"{self.plan.choice.slug}-step{step}.png",
                "mime": "image/png",
            },
            encode_still(frame.images, recipe_text(self.tree.current, frame)).data,
        )

    def branch_at(self, step: int) -> None:
        """Go on from the snapshot of a step, with the settings of this moment."""
        self.asked_to_branch(step)

    def switch_to(self, number: int) -> None:
        """Make the branch of a number the one at hand."""
        self.asked_to_switch(self.tree.branches.find(number))

    def views_left(self, count: int) -> None:
        """Pause when nobody looks."""
        if count == 0:
            self.pause()

    # From the runner ------------------------------------------------------------

    def status(self) -> None:
        """Show where the run is; see `Listener`."""
        with self._lock:
            status = self.runner.status
            self._canvas.total_steps = self.runner.total_steps
            self._canvas.status = status
            self._progress(
                status=status,
                running=self.runner.active,
                total_steps=self.runner.total_steps,
            )

    def began(self) -> None:
        """Start a new curve, or go on with that of the branch's parent."""
        self._begin_curve(self.runner.steps_done)

    def frame(self, frame: Frame) -> None:
        """Offer a frame to the browser."""
        with self._lock:
            if self.runner.steps_done != frame.step + 1:
                return  # Of a run that was replaced at this very moment.
            self.newest = frame
            self.tree.current.keep(frame, rests=False)
            self._sender.frame(frame, self.runner.total_steps)
            self._progress(current_step=frame.step + 1, objective_value=frame.objective)

    def rested(self) -> None:
        """Show the last frame without loss, and keep it as the poster."""
        with self._lock:
            if self.runner.status == "finished" and self._live.has_other_subject:
                # Chosen during the last update: as if chosen after it.
                self._canvas.notice = f"new run: {self.plan.choice.kind}"
                self._begin_anew(start=True)
                return
            frame, branch = self.newest, self.tree.current
            is_unshown, self._is_unshown = self._is_unshown, False
        if frame is not None and is_unshown:
            self._begin_curve(frame.step)
            self._sender.frame(frame, self.runner.total_steps)
        self._sender.rest()
        self._sender.tend()  # The person first: what is kept for others takes longer.
        if frame is not None:
            branch.keep(frame, rests=True)
            recipe = recipe_text(branch, frame)
            self.poster.keep(frame, self._sender.curve, recipe)
            self.tree.publish(branch)
            self._canvas.notice = _advice(frame) or self._canvas.notice

    def failed(self, error: Exception) -> None:
        """Show what went wrong."""
        self._canvas.show_error(error)
        self._progress(error=self._canvas.error)

    def tend(self) -> float | None:
        """Send what may be sent."""
        return self._sender.tend()

    # ----------------------------------------------------------------------------

    def _forget_error(self) -> None:
        self._canvas.error = ""
        self._progress(error="")

    def _begin_curve(self, until: int) -> None:
        self._sender.begin()
        for kept in self.tree.current.snapshots:
            if kept.step <= until:
                self._sender.curve.append(kept.step, kept.objective)

    def _keep_newest(self) -> None:
        """Keep where the branch at hand is, before another takes its place."""
        if self.newest is not None:
            self.tree.current.keep(self.newest, rests=True)

    def _begin_anew(self, *, start: bool) -> None:
        """Replace the run, and all its branches, by a new one."""
        self.tree.plant()
        self._load(start=start)

    def _load(self, *, start: bool, tip: Snapshot | None = None) -> None:
        """Run the branch at hand, from its start or, an old one, from its tip."""
        plan, branch = self.plan, self.tree.current
        live = self._live = LivePlan(plan)
        has_shown, self.newest = self.newest is not None, None
        origin = tip or branch.origin
        state = origin.state if origin is not None else None
        done = origin.step if origin is not None else 0
        if tip is not None:
            self.newest = tip.frame
        self._is_unshown = tip is not None
        self._progress(
            current_step=done,
            objective_value=tip.objective if tip is not None else float("nan"),
        )
        stretches = self._stretches(done, plan)

        def make_frames() -> Iterator[Frame]:
            import_on_worker()
            return course_frames(stretches, live, branch.course.note, state)

        self.runner.load(make_frames, plan.steps, start=start, steps_done=done)
        if has_shown and not start and tip is None:
            self.runner.prepare(lambda: self._show_start(plan))

    def _stretches(self, done: int, plan: Plan) -> tuple[Stretch, ...]:
        """Return what a run is to follow after so many updates."""
        if not done and self._script and same_work(self._script[-1].plan, plan):
            return (*self._script[:-1], Stretch(self._script[-1].start, plan))
        return (Stretch(done, plan),)

    def _show_start(self, plan: Plan) -> None:
        """Show what a run will start from, in place of the last run's picture."""
        if self.plan is plan and self.newest is None:
            start = Frame(-1, float("nan"), lambda: _images_at_start(plan))
            self._sender.show_start(start, plan.steps)

    def _send(self, message: FrameMessage, data: bytes) -> None:
        if not self._canvas.send_message(message, data):
            # Somebody closed the canvas: the run has nobody to show itself to.
            self.runner.close()


def _images_at_start(plan: Plan) -> Images:
    from lucid_widgets.optvis.plan import plan as plan_run

    run = plan_run(
        plan.choice.model,
        plan.choice.objective,
        settings=plan.settings,
        seed=plan.seed,
    )
    return run.step.images(run.start)


def _advice(frame: Frame) -> str:
    """Return what the doctor says of a frame, "" if it is well."""
    from lucid_widgets.optvis.doctor import look_at

    return str(look_at(frame) or "")
