"""The objective's course over a run, thinned to what a sparkline can show."""

from __future__ import annotations

import math
import threading

from lucid_widgets.stream.protocol import MAX_CURVE_POINTS, CurvePoint


class Curve:
    """Remembers ``(step, value)`` of every update of one run. Safe across threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: list[tuple[int, float]] = []
        self._sent = 0

    def __len__(self) -> int:
        with self._lock:
            return len(self._points)

    def append(self, step: int, value: float) -> None:
        """Add the value of one update; steps grow.

        Args:
            step: updates done.
            value: the objective, which need not be finite.
        """
        with self._lock:
            self._points.append((step, value))

    def unsent(self) -> list[CurvePoint]:
        """Return the points since the last call, at most one message's worth."""
        with self._lock:
            points = self._points[self._sent :]
            self._sent = len(self._points)
        return _as_messages(thin(points, MAX_CURVE_POINTS))

    def whole(self, count: int = MAX_CURVE_POINTS) -> list[CurvePoint]:
        """Return the whole curve, thinned; nothing is unsent afterwards.

        Args:
            count: most points.
        """
        with self._lock:
            points = self._points[:]
            self._sent = len(points)
        return _as_messages(thin(points, count))

    def summary(self, count: int) -> list[CurvePoint]:
        """Return the whole curve, thinned, leaving what is unsent as it is.

        Args:
            count: most points.
        """
        with self._lock:
            points = self._points[:]
        return _as_messages(thin(points, count))


def thin(points: list[tuple[int, float]], count: int) -> list[tuple[int, float]]:
    """Return at most `count` of the points, evenly spaced, first and last included."""
    if len(points) <= count:
        return points
    last = len(points) - 1
    return [points[round(i * last / (count - 1))] for i in range(count)]


def finite_or_none(value: float) -> float | None:
    """Return the value, or None where JSON has no number for it."""
    return float(value) if math.isfinite(value) else None


def _as_messages(points: list[tuple[int, float]]) -> list[CurvePoint]:
    return [[step, finite_or_none(value)] for step, value in points]
