"""Frames to messages: encodes what the pacer lets go, and hands it to `send`."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from lucid_widgets.frame import Frame
from lucid_widgets.stream.curve import Curve, finite_or_none
from lucid_widgets.stream.encoder import encode_live, encode_still
from lucid_widgets.stream.pacing import Pacer
from lucid_widgets.stream.protocol import FrameMessage

Send: TypeAlias = Callable[[FrameMessage, bytes], None]

RATE_WINDOW_S = 2.0
"""Steps per second are those of the last two seconds."""


@dataclass(frozen=True)
class _Outgoing:
    frame: Frame
    total_steps: int
    lossless: bool
    whole_curve: bool = False


class FrameSender:
    """Sends the frames of one widget, run after run.

    `begin`, `frame`, `show_start`, `rest` and `tend` belong to the worker thread, which does all
    the encoding; `confirm` and `ready` may be called from anywhere, and should be
    followed by waking the worker.

    Args:
        send: takes a message and its buffer. What it raises reaches the worker.
        pacer: decides when a frame may go.
    """

    def __init__(self, send: Send, pacer: Pacer[_Outgoing] | None = None) -> None:
        self._send = send
        self._pacer = pacer or Pacer[_Outgoing]()
        self._run = 0
        self._newest: _Outgoing | None = None
        self._greeting = False
        self._rate = _Rate()
        self.curve = Curve()

    @property
    def sequence(self) -> int:
        """The number of the frame sent last; 0 before the first."""
        return self._pacer.sequence

    @property
    def steps_per_second(self) -> float | None:
        """How fast the run is, or None while it is at rest."""
        return self._rate.per_second()

    def begin(self) -> None:
        """Start a new run: its curve is empty, frames of the last one are dropped."""
        self._run += 1
        self._pacer.withdraw()
        self._newest = None
        self._rate.clear()
        self.curve = Curve()

    def frame(self, frame: Frame, total_steps: int) -> None:
        """Offer the frame of an update.

        Args:
            frame: its images are only looked at when it is sent.
            total_steps: how many updates the run shall do.
        """
        self.curve.append(frame.step + 1, frame.objective)
        self._rate.tick()
        self._newest = _Outgoing(frame, total_steps, lossless=False)
        self._pacer.offer(self._newest)

    def show_start(self, frame: Frame, total_steps: int) -> None:
        """Start a new run that waits, and show what it will start from.

        Args:
            frame: its step is -1: no update was done.
            total_steps: how many updates the run shall do.
        """
        self.begin()
        self._newest = _Outgoing(frame, total_steps, lossless=True)
        self._pacer.offer(self._newest, urgent=True)

    def rest(self) -> None:
        """Offer the newest frame once more, without loss: the run has come to rest."""
        self._rate.clear()
        if self._newest is not None:
            newest = self._newest
            self._newest = _Outgoing(newest.frame, newest.total_steps, lossless=True)
            self._pacer.offer(self._newest, urgent=True)

    def confirm(self, sequence: int) -> bool:
        """Note that the browser has painted a frame; see `Pacer.confirm`."""
        return self._pacer.confirm(sequence)

    def ready(self) -> None:
        """Note that a front end has started: it wants the newest frame, and all points."""
        self._greeting = True

    def tend(self) -> float | None:
        """Send what may be sent.

        Returns:
            In how many seconds to call again, or None: not before something happens.
        """
        if self._greeting:
            self._greeting = False
            self._pacer.forget()
            if self._newest is not None:
                newest = self._newest
                self._pacer.offer(
                    _Outgoing(
                        newest.frame,
                        newest.total_steps,
                        newest.lossless,
                        whole_curve=True,
                    ),
                    urgent=True,
                )
        taken = self._pacer.take()
        if taken is not None:
            self._encode_and_send(*taken)
        return self._pacer.delay()

    def _encode_and_send(self, sequence: int, outgoing: _Outgoing) -> None:
        frame = outgoing.frame
        encode = encode_still if outgoing.lossless else encode_live
        encoded = encode(frame.images)
        curve = self.curve.whole() if outgoing.whole_curve else self.curve.unsent()
        message: FrameMessage = {
            "kind": "frame",
            "run": self._run,
            "sequence": sequence,
            "step": frame.step + 1,
            "total_steps": outgoing.total_steps,
            "objective": finite_or_none(frame.objective),
            "curve": curve,
            "steps_per_second": self.steps_per_second,
            "width": encoded.width,
            "height": encoded.height,
            "mime": encoded.mime,
            "lossless": encoded.lossless,
        }
        self._send(message, encoded.data)


class _Rate:
    """Events per second over a sliding window."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._times: deque[float] = deque(maxlen=1024)

    def tick(self) -> None:
        self._times.append(self._now())

    def clear(self) -> None:
        self._times.clear()

    def per_second(self) -> float | None:
        times = list(self._times)
        if len(times) < 2:
            return None
        recent = [t for t in times if t >= times[-1] - RATE_WINDOW_S]
        if len(recent) < 2:
            recent = times[-2:]
        seconds = recent[-1] - recent[0]
        rate = (len(recent) - 1) / seconds if seconds > 0 else math.inf
        return finite_or_none(rate)
