"""Every message between kernel and browser, as typed dictionaries.

Frames go out, confirmations come back. `js/src/protocol.ts` is the mirror of this
module, and `tests/fixtures/protocol/*.json` holds messages that both must parse,
or refuse, alike.

    kernel -> browser   frame (+ 1 buffer: the encoded image)
                        still (+ 1 buffer: a PNG for the browser to save)
    browser -> kernel   ready, drawn, command, save_request, branch, switch, views
                        (no buffers)

Unknown keys are dropped, so that either side may learn a new one first; unknown
kinds are refused.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Sequence
from typing import (
    Final,
    Literal,
    NotRequired,
    TypeAlias,
    TypedDict,
    TypeGuard,
    cast,
)

from lucid_widgets.errors import ProtocolError, did_you_mean

Mime: TypeAlias = Literal["image/jpeg", "image/png", "image/webp"]
Command: TypeAlias = Literal["play", "pause", "step", "reset"]
Status: TypeAlias = Literal[
    "idle", "preparing", "running", "paused", "finished", "failed", "closed"
]
CurvePoint: TypeAlias = list[float | None]
"""``[step, value]``; the value is None where the objective was not finite."""

MAX_CURVE_POINTS: Final = 256
"""Most points of the objective's curve in one message."""

MAX_COUNT: Final = 2**53 - 1
"""Largest whole number that JavaScript holds exactly."""


class FrameMessage(TypedDict):
    """A picture to draw. One buffer: the encoded image."""

    kind: Literal["frame"]
    run: int
    """Number of the run; when it grows, the browser clears its curve."""
    sequence: int
    """Number of the message, to be confirmed."""
    step: int
    """Updates done."""
    total_steps: int
    objective: float | None
    curve: list[CurvePoint]
    """Points not sent before; all of them in answer to `ready`."""
    steps_per_second: float | None
    width: int
    height: int
    mime: Mime
    lossless: bool


class StillMessage(TypedDict):
    """The answer to a save request. One buffer: a PNG file."""

    kind: Literal["still"]
    step: int
    filename: str
    mime: Literal["image/png"]


class ReadyMessage(TypedDict):
    """The front-end model is initialised, maybe once more: send what there is."""

    kind: Literal["ready"]


class DrawnMessage(TypedDict):
    """The confirmation: this frame has been painted."""

    kind: Literal["drawn"]
    sequence: int


class CommandMessage(TypedDict):
    """A button of the canvas was pressed."""

    kind: Literal["command"]
    command: Command


class SaveRequestMessage(TypedDict):
    """The person wants the picture as a file: the one shown, of so many updates."""

    kind: Literal["save_request"]
    step: int


class BranchMessage(TypedDict):
    """The person wants to go on from the snapshot after so many updates."""

    kind: Literal["branch"]
    step: int


class SwitchMessage(TypedDict):
    """The person wants another branch of the tree of runs."""

    kind: Literal["switch"]
    branch: int


class ViewsMessage(TypedDict):
    """A view was removed; so many are left."""

    kind: Literal["views"]
    count: int


ToBrowser: TypeAlias = FrameMessage | StillMessage
ToKernel: TypeAlias = (
    ReadyMessage
    | DrawnMessage
    | CommandMessage
    | SaveRequestMessage
    | BranchMessage
    | SwitchMessage
    | ViewsMessage
)


class Fixture(TypedDict):
    """One file of `tests/fixtures/protocol`."""

    direction: Literal["to_browser", "to_kernel"]
    valid: bool
    why: NotRequired[str]
    message: object
    buffers: NotRequired[list[int]]


_MIMES: Final = ("image/jpeg", "image/png", "image/webp")
_COMMANDS: Final = ("play", "pause", "step", "reset")
_TO_KERNEL: Final = (
    "ready",
    "drawn",
    "command",
    "save_request",
    "branch",
    "switch",
    "views",
)
_TO_BROWSER: Final = ("frame", "still")


def parse_message(message: object, buffers: Sequence[object] = ()) -> ToKernel:
    """Return a message from the browser with its type known.

    Args:
        message: what arrived, trusted in nothing.
        buffers: the binary parts that came with it; there must be none.

    Raises:
        ProtocolError: it is not one of the messages above.

    Example:
        >>> parse_message({"kind": "drawn", "sequence": 4})
        {'kind': 'drawn', 'sequence': 4}
    """
    fields = Fields(message, _TO_KERNEL)
    fields.expect_buffers(buffers, 0)
    match fields.kind:
        case "ready":
            return {"kind": "ready"}
        case "drawn":
            return {"kind": "drawn", "sequence": fields.count("sequence")}
        case "command":
            command = cast(Command, fields.choice("command", _COMMANDS))
            return {"kind": "command", "command": command}
        case "save_request":
            return {"kind": "save_request", "step": fields.count("step")}
        case "branch":
            return {"kind": "branch", "step": fields.count("step")}
        case "switch":
            return {"kind": "switch", "branch": fields.count("branch")}
        case _:
            return {"kind": "views", "count": fields.count("count")}


def parse_to_browser(message: object, buffers: Sequence[object] = ()) -> ToBrowser:
    """Return a message from the kernel with its type known.

    The browser has its own parser; this one serves the tests, and front ends
    written in Python.

    Args:
        message: what arrived.
        buffers: the binary parts that came with it: one image.

    Raises:
        ProtocolError: it is not one of the messages above.
    """
    fields = Fields(message, _TO_BROWSER)
    fields.expect_buffers(buffers, 1)
    if fields.kind == "still":
        fields.choice("mime", ("image/png",))
        return {
            "kind": "still",
            "step": fields.count("step"),
            "filename": fields.text("filename"),
            "mime": "image/png",
        }
    return {
        "kind": "frame",
        "run": fields.count("run"),
        "sequence": fields.count("sequence"),
        "step": fields.count("step"),
        "total_steps": fields.count("total_steps"),
        "objective": fields.number_or_none("objective"),
        "curve": fields.curve("curve"),
        "steps_per_second": fields.number_or_none("steps_per_second"),
        "width": fields.count("width", least=1),
        "height": fields.count("height", least=1),
        "mime": cast(Mime, fields.choice("mime", _MIMES)),
        "lossless": fields.flag("lossless"),
    }


class Fields:
    """The fields of one message, read with suspicion.

    Args:
        message: what arrived.
        kinds: kinds of message that are expected.

    Raises:
        ProtocolError: it is no message, or one of another kind; so do all methods
            for a field that is missing, or not what it should be.
    """

    def __init__(self, message: object, kinds: Sequence[str]) -> None:
        if not isinstance(message, dict):
            raise ProtocolError(
                f"a message is {_short(message)}; expected a dictionary with a 'kind'"
            )
        self._fields = cast(dict[object, object], message)
        kind = self._fields.get("kind")
        if not isinstance(kind, str) or kind not in kinds:
            hint = did_you_mean(kind, kinds, 1) if isinstance(kind, str) else ""
            raise ProtocolError(
                f"a message has kind {_short(kind)}; "
                f"expected one of {', '.join(kinds)}{hint}"
            )
        self.kind = kind

    def value(self, key: str) -> object:
        """Return a field as it came; None where it is missing."""
        return self._fields.get(key)

    def expect_buffers(self, buffers: Sequence[object], count: int) -> None:
        """Raise unless so many buffers came with the message."""
        if len(buffers) != count:
            raise ProtocolError(
                f"a {self.kind} message has {len(buffers)} buffers; expected {count}"
            )

    def count(self, key: str, least: int = 0) -> int:
        """Return a whole number."""
        value = self._fields.get(key)
        if _is_whole(value) and least <= value <= MAX_COUNT:
            return value
        raise self.error(key, f"a whole number of at least {least}")

    def number_or_none(self, key: str) -> float | None:
        """Return a finite number, or None."""
        value = self._fields.get(key, self)
        if value is None:
            return None
        if not _is_number(value):
            raise self.error(key, "a finite number or null")
        return value

    def flag(self, key: str) -> bool:
        """Return True or False."""
        value = self._fields.get(key)
        if not isinstance(value, bool):
            raise self.error(key, "true or false")
        return value

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self._fields.get(key)
        if not isinstance(value, str) or not value:
            raise self.error(key, "some text")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """Return one of some texts."""
        value = self._fields.get(key)
        if not isinstance(value, str) or value not in choices:
            raise self.error(key, f"one of {', '.join(choices)}")
        return value

    def curve(self, key: str) -> list[CurvePoint]:
        """Return points of the objective's curve."""
        points = self._fields.get(key)
        if not isinstance(points, list):
            raise self.error(key, "a list of [step, value]")
        points = cast(list[object], points)
        if len(points) > MAX_CURVE_POINTS:
            raise self.error(key, f"at most {MAX_CURVE_POINTS} points")
        return [self._point(key, point) for point in points]

    def _point(self, key: str, point: object) -> CurvePoint:
        if isinstance(point, list) and len(cast(list[object], point)) == 2:
            step, value = cast(list[object], point)
            if _is_number(step) and (value is None or _is_number(value)):
                return [step, value]
        raise self.error(key, "a list of [step, value]")

    def error(self, key: str, expected: str) -> ProtocolError:
        """Return an error that says what a field is, and what was expected."""
        given = _short(self._fields[key]) if key in self._fields else "missing"
        return ProtocolError(
            f"in a {self.kind} message, {key} is {given}; expected {expected}"
        )


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # An int may be larger than any float; isfinite would overflow.
    return abs(value) <= sys.float_info.max and math.isfinite(value)


def _short(value: object) -> str:
    """Return the start of a value's repr: it may be hostile, and huge."""
    if isinstance(value, str | bytes):
        value = value[:60]
    elif isinstance(value, dict | list | tuple | set):
        container = cast(Collection[object], value)
        return f"a {type(container).__name__} of {len(container)}"
    text = repr(value) if not isinstance(value, int) else _short_int(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _short_int(value: int) -> str:
    # Python refuses to print integers of more than 4300 digits.
    return repr(value) if abs(value) < 10**40 else "a huge number"
