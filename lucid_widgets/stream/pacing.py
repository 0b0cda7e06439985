"""Pacing: at most two frames in flight, and the newest one waits.

    offer -> [ slot: the newest wins ] -> take -> in flight (at most 2) -> confirm

A slow browser is never drowned, a fast one never starved. The browser confirms a
frame after painting it. When no confirmation comes for two seconds (a page that
was reloaded, a laptop that slept, no browser at all), what is in flight counts as
lost, and one frame goes out as a probe.

`Pacer` holds no thread and sends nothing: whoever drives it calls `take` until it
returns nothing, and looks again after `delay` seconds, or after a `confirm`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

IN_FLIGHT = 2
"""With one frame in flight a browser waits for the wire; with three it lags."""

PROBE_S = 2.0
"""Seconds without a confirmation after which a frame counts as lost."""

LIVE_INTERVAL_S = 1 / 30
"""Live frames closer together than this cost time and show nothing more."""


class Pacer(Generic[Item]):
    """Decides which frame may go, and when. Safe to use from several threads.

    Args:
        in_flight: most frames sent and not yet confirmed.
        probe_s: seconds without a confirmation until one more may go.
        interval_s: least seconds between two frames, urgent ones excepted.
        now: a clock, in seconds.
    """

    def __init__(
        self,
        *,
        in_flight: int = IN_FLIGHT,
        probe_s: float = PROBE_S,
        interval_s: float = LIVE_INTERVAL_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = in_flight
        self._probe_s = probe_s
        self._interval_s = interval_s
        self._now = now
        self._lock = threading.Lock()
        self._slot: Item | None = None
        self._urgent = False
        self._sequence = 0
        self._in_flight: list[int] = []
        self._probing = False
        self._sent_at = float("-inf")

    @property
    def in_flight(self) -> int:
        """How many frames are sent and not yet confirmed."""
        with self._lock:
            return len(self._in_flight)

    @property
    def sequence(self) -> int:
        """The number of the frame sent last; 0 before the first."""
        with self._lock:
            return self._sequence

    def offer(self, item: Item, *, urgent: bool = False) -> None:
        """Put a frame in the slot; one that waited there is dropped.

        Args:
            item: the frame.
            urgent: it need not keep the distance in time to the one before (a
                last frame; an answer to a reload).
        """
        with self._lock:
            self._slot, self._urgent = item, urgent

    def withdraw(self) -> None:
        """Empty the slot: its frame belongs to a run that is over."""
        with self._lock:
            self._slot, self._urgent = None, False

    def take(self) -> tuple[int, Item] | None:
        """Return the frame to be sent now with its number, or None.

        The frame counts as in flight from then on.
        """
        with self._lock:
            if self._slot is None or self._seconds_until_due() > 0:
                return None
            if self._full():
                # They are overdue, or this frame would not be due. One goes out
                # to see whether anyone is there; two only after a confirmation.
                self._in_flight.clear()
                self._probing = True
            item, self._slot = self._slot, None
            self._sequence += 1
            self._in_flight.append(self._sequence)
            self._sent_at = self._now()
            return self._sequence, item

    def confirm(self, sequence: int) -> bool:
        """Note that the browser has painted a frame, and so is done with older ones.

        Args:
            sequence: the frame's number. Numbers that are not in flight (two
                pages confirm the same frame; a message may lie) change nothing.

        Returns:
            Whether the number was in flight.
        """
        with self._lock:
            if sequence not in self._in_flight:
                return False
            self._in_flight = [n for n in self._in_flight if n > sequence]
            self._probing = False
            return True

    def forget(self) -> None:
        """Count nothing as in flight: the front end has started anew."""
        with self._lock:
            self._in_flight.clear()
            self._probing = False

    def delay(self) -> float | None:
        """Return in how many seconds `take` may have something; None: nothing waits."""
        with self._lock:
            return None if self._slot is None else max(0.0, self._seconds_until_due())

    def _seconds_until_due(self) -> float:
        since = self._now() - self._sent_at
        if self._full():
            return self._probe_s - since
        return 0.0 if self._urgent else self._interval_s - since

    def _full(self) -> bool:
        return len(self._in_flight) >= (1 if self._probing else self._limit)
