"""Runner: drives an iterator of frames on one worker thread.

Commands (`start`, `pause`, `step`, `load`, `close`) may come from any thread and
return at once; `status` has changed when they return. The work itself, and every
call to the listener, happens on the worker thread, which sleeps while there is
nothing to do, and ends after half a minute of that: the next command starts
another. It is a daemon, so a kernel that shuts down does not wait for it.

What the listener or the iterator raises is caught, handed to `Listener.failed`,
and raised by `wait`: output of a thread would land in whatever cell runs next.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Literal, Protocol, TypeAlias

from lucid_widgets.frame import Frame
from lucid_widgets.stream.at_exit import close_at_exit
from lucid_widgets.stream.protocol import Status
from lucid_widgets.stream.run_state import RunState
from lucid_widgets.stream.waiting import wait_until

MakeFrames: TypeAlias = Callable[[], Iterator[Frame]]

IDLE_S = 30.0
"""Seconds without work after which the thread ends."""

JOIN_S = 2.0
"""Most seconds that `close` waits for the step in progress."""

_Action: TypeAlias = Literal["step", "rest", "tend", "prepare", "end"]


class Listener(Protocol):
    """What a runner tells, always from its worker thread, `status` excepted."""

    def status(self) -> None:
        """The status may have changed; called from the thread that changed it."""

    def began(self) -> None:
        """A new run begins; its first frame is on its way."""

    def frame(self, frame: Frame) -> None:
        """An update was done."""

    def rested(self) -> None:
        """The run has come to rest: paused, finished or failed."""

    def failed(self, error: Exception) -> None:
        """The run is over, because of this."""

    def tend(self) -> float | None:
        """Called between steps and after `poke`.

        Returns:
            In how many seconds to be called again, or None: not before a poke.
        """


class Runner:
    """Drives frames on a worker thread; see `RunState` for its states.

    Args:
        listener: is told what happens.
        name: the thread's name.
        idle_s: seconds without work after which the thread ends.
    """

    def __init__(
        self, listener: Listener, *, name: str = "lucid_widgets", idle_s: float = IDLE_S
    ) -> None:
        self._listener = listener
        self._name = name
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._run = RunState()
        self._make: MakeFrames | None = None
        self._prepare: Callable[[], object] | None = None
        self._frames: Iterator[Frame] | None = None
        self._stale: list[Iterator[Frame]] = []
        self._generation = 0
        self._busy = False
        self._preparing = False
        self._poked = False
        close_at_exit(self)

    @property
    def status(self) -> Status:
        """Where the run is."""
        return self._run.status

    @property
    def active(self) -> bool:
        """Whether updates are being done, or about to be."""
        return self._run.active

    @property
    def steps_done(self) -> int:
        """Updates done in this run."""
        return self._run.done

    @property
    def total_steps(self) -> int:
        """Updates after which the run is finished."""
        return self._run.total

    @property
    def error(self) -> Exception | None:
        """What made the run fail."""
        return self._run.error

    @property
    def thread(self) -> threading.Thread | None:
        """The worker thread, if there is one now."""
        return self._thread

    # Commands -------------------------------------------------------------------

    def prepare(self, work: Callable[[], object]) -> None:
        """Do something useful on the worker thread before the next step.

        Args:
            work: what to do; what it raises is ignored, since the run will meet
                the same trouble and report it. It takes the place of work that
                waits.
        """
        with self._changed:
            if self.status == "closed":
                return
            self._prepare = work
            self._wake()

    def load(
        self,
        make_frames: MakeFrames,
        total_steps: int,
        *,
        start: bool,
        steps_done: int = 0,
    ) -> None:
        """Replace the run by a new one.

        Args:
            make_frames: called on the worker thread; returns an endless iterator.
            total_steps: updates after which the run is finished.
            start: whether it starts at once, or waits for `start`.
            steps_done: updates done already, by the run that this one continues.
        """
        with self._changed:
            if self.status == "closed":
                return
            self._make = make_frames
            self._generation += 1
            self._drop_frames()
            self._run.load(total_steps, start=start, done=steps_done)
            self._wake()
        self._listener.status()

    def start(self) -> None:
        """Go on until the run is finished. Does nothing to a finished or failed one."""
        with self._changed:
            if self._make is None or not self._run.startable:
                return
            self._run.start(begun=self._frames is not None)
            self._wake_if_active()
        self._listener.status()

    def step(self, count: int = 1) -> None:
        """Do `count` more updates, then rest; a step past the end moves the end."""
        with self._changed:
            if self._make is None or not self._run.startable:
                return
            self._run.step(count, begun=self._frames is not None)
            self._wake_if_active()
        self._listener.status()

    def pause(self) -> None:
        """Rest after the step in progress."""
        with self._changed:
            if not self.active:
                return
            self._run.pause()
            self._wake()
        self._listener.status()

    def set_total_steps(self, total_steps: int) -> None:
        """Move the end of the run.

        Args:
            total_steps: updates after which it is finished. If they are done
                already, the run is finished after the step in progress.
        """
        with self._changed:
            self._run.move_end(total_steps)
            self._changed.notify_all()
        self._listener.status()

    def poke(self) -> None:
        """Wake the worker, so that it calls `Listener.tend`."""
        with self._changed:
            if self.status != "closed":
                self._poked = True
                self._wake()

    def close(self) -> None:
        """Stop for good. The thread ends with the step, or preparation, in progress.

        A step is waited for; a preparation, which may take long, is not.
        """
        with self._changed:
            already = self.status == "closed"
            self._run.close()
            self._generation += 1
            self._drop_frames()
            thread = self._thread
            self._changed.notify_all()
        if not already:
            self._listener.status()
        if thread is None:
            self._close_stale()
        elif thread is not threading.current_thread() and not self._preparing:
            thread.join(JOIN_S)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run rests, and everyone has been told.

        Ctrl-C ends the waiting, and leaves the run as it is.

        Args:
            timeout: most seconds to wait; None: as long as it takes.

        Returns:
            Whether the run rests now.

        Raises:
            Exception: what made the run fail.
        """
        with self._changed:
            if threading.current_thread() is self._thread:
                raise RuntimeError("wait() on the worker thread would never return")
            if not wait_until(self._changed, self._at_rest, timeout):
                return False
            error = self.error
        if error is not None:
            raise error
        return True

    # Shared state; call with the lock held --------------------------------------

    def _at_rest(self) -> bool:
        if self.status == "closed":
            return True
        return not (self.active or self._busy or self._run.rest_due)

    def _wake_if_active(self) -> None:
        if self.active:
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name=self._name, daemon=True
            )
            self._thread.start()
        self._changed.notify_all()

    def _drop_frames(self) -> None:
        # Only the worker may close an iterator: it might be inside of it.
        if self._frames is not None:
            self._stale.append(self._frames)
            self._frames = None

    # The worker thread ----------------------------------------------------------

    def _work(self) -> None:
        delay: float | None = None
        while (action := self._next_action(delay)) != "end":
            try:
                self._close_stale()
                if action == "step":
                    self._do_step()
                elif action == "rest":
                    self._listener.rested()
                elif action == "prepare":
                    self._do_prepare()
                delay = self._listener.tend()
            except Exception as error:
                delay = None
                self._fail(error)
        self._close_stale()

    def _next_action(self, delay: float | None) -> _Action:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            while True:
                action = self._due_action()
                if action is not None:
                    self._busy = action in ("step", "rest")
                    if action == "end":
                        self._thread = None
                    return action
                if not self._changed.wait(self._idle_s if delay is None else delay):
                    if delay is not None:
                        return "tend"
                    self._thread = None
                    return "end"

    def _due_action(self) -> _Action | None:
        if self.status == "closed":
            return "end"
        if self._prepare is not None:
            return "prepare"
        if self.active:
            return "step"
        if self._run.rest_due:
            self._run.rest_due = False
            return "rest"
        if self._poked:
            self._poked = False
            return "tend"
        return None

    def _do_prepare(self) -> None:
        with self._changed:
            work, self._prepare = self._prepare, None
            self._preparing = True
        if work is not None:
            with contextlib.suppress(Exception):
                work()
        self._preparing = False

    def _do_step(self) -> None:
        with self._changed:
            generation, frames, make = self._generation, self._frames, self._make
        try:
            if frames is None:
                assert make is not None
                frames = make()
                with self._changed:
                    if generation != self._generation:
                        self._stale.append(frames)
                        return
                    self._frames = frames
                self._listener.began()
            frame = next(frames, None)
        except Exception:
            with self._changed:
                if generation != self._generation:
                    return  # The run has been replaced: nobody asks any more.
            raise
        with self._changed:
            if generation != self._generation:
                return
            changed = self._run.advance(None if frame is None else frame.step)
        if frame is not None:
            self._listener.frame(frame)
        if changed:
            self._listener.status()

    def _fail(self, error: Exception) -> None:
        with self._changed:
            if self.status == "closed":
                return
            self._run.fail(error)
            self._drop_frames()
        with contextlib.suppress(Exception):
            self._listener.failed(error)
        with contextlib.suppress(Exception):
            self._listener.status()

    def _close_stale(self) -> None:
        while True:
            with self._changed:
                if not self._stale:
                    return
                frames = self._stale.pop()
            close = getattr(frames, "close", None)
            if close is not None:
                with contextlib.suppress(Exception):
                    close()
