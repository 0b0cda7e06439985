"""RunState: where a run is, and what each command makes of it.

    idle -> preparing -> running <-> paused -> ... -> closed
                            |-> finished
                            '-> failed

Plain state without a thread or a lock: `Runner` guards it.
"""

from __future__ import annotations

from lucid_widgets.stream.protocol import Status


class RunState:
    """How far a run is, where it is to end, and whether it goes on."""

    def __init__(self) -> None:
        self.status: Status = "idle"
        self.done = 0
        self.total = 0
        self.error: Exception | None = None
        self.rest_due = False
        """Whether the listener is still to be told that the run rests."""
        self._stop_at: int | None = None

    @property
    def active(self) -> bool:
        """Whether updates are being done, or about to be."""
        return self.status in ("preparing", "running")

    @property
    def startable(self) -> bool:
        """Whether `start` and `step` have any effect."""
        return self.status not in ("closed", "failed")

    def load(self, total: int, *, start: bool, done: int) -> None:
        """Begin another run, `done` of whose updates were done before."""
        self.done, self.total = done, total
        self._stop_at = None
        self.error = None
        # A run that was begun before, and waits, rests: its picture is to be shown.
        self.rest_due = bool(done) and not start
        if start:
            self.status = "preparing"
        else:
            self._come_to_rest()

    def start(self, *, begun: bool) -> None:
        """Go on to the end.

        Args:
            begun: whether the updates continue what is there, with nothing to prepare.
        """
        self._stop_at = None
        self._go_on(begun=begun)

    def step(self, count: int, *, begun: bool) -> None:
        """Go on for `count` updates, after those that were asked for already."""
        stepping = self.active and self._stop_at is not None
        base = self._stop_at if stepping and self._stop_at else self.done
        self._stop_at = base + count
        self.total = max(self.total, self._stop_at)
        self._go_on(begun=begun)

    def pause(self) -> None:
        """Rest after the update in progress."""
        self._come_to_rest()
        self._stop_at = None
        self.rest_due = True

    def move_end(self, total: int) -> None:
        """Finish after another number of updates."""
        self.total = total
        if self.status in ("finished", "paused"):
            self._come_to_rest()

    def advance(self, step: int | None) -> bool:
        """Note that an update was done, or that there are no more.

        Args:
            step: the update's number, from 0; None for no more.

        Returns:
            Whether the status changed.
        """
        before = self.status
        if step is not None:
            self.done = step + 1
        if step is None or self.done >= self.total:
            self.status = "finished"
        elif self.active and self._stop_at is not None and self.done >= self._stop_at:
            self.status = "paused"
        elif self.status == "preparing":
            self.status = "running"
        elif self.status == "idle":
            # Paused while the first step was being prepared.
            self.status = "paused"
        if not self.active:
            self._stop_at = None
            self.rest_due = True
        return self.status != before

    def fail(self, error: Exception) -> None:
        """End the run because of an error."""
        self.status, self.error, self.rest_due = "failed", error, False

    def close(self) -> None:
        """End it for good."""
        self.status = "closed"

    def _come_to_rest(self) -> None:
        if not self.done:
            self.status = "idle"
        else:
            self.status = "paused" if self.done < self.total else "finished"

    def _go_on(self, *, begun: bool) -> None:
        if self.done < self.total:
            self.status = "running" if self.done and begun else "preparing"
        elif self.status == "paused":
            self.status = "finished"
