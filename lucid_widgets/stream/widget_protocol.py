"""Every message of the widgets about units, as typed dictionaries.

What is visible goes to the kernel, icons come back; questions go there, answers come
back. `js/src/widget_protocol.ts` is the mirror of this module, and
`tests/fixtures/widget_protocol/*.json` holds messages that both must parse, or
refuse, alike.

    browser -> kernel   ready
                        visible   the units in view, most urgent first
                        select    a unit, or a position of a picture, was chosen
                        change    a control was moved
                                  (both are answered when they have a number)
                        ask       a question of this widget's own (+ at most 1 buffer)
                        views     so many views are left
    kernel -> browser   icons     (+ 1 buffer for each icon: its file)
                        answer    to `ask` (+ any number of buffers), `select`, `change`
                        refusal   of one of them

Unknown keys are dropped, unknown kinds refused, as in `protocol`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict, cast

from lucid_widgets.errors import ProtocolError
from lucid_widgets.stream.protocol import Fields, Mime, ReadyMessage, ViewsMessage

Json: TypeAlias = "str | float | bool | list[Json] | dict[str, Json] | None"

MAX_UNITS: Final = 1024
"""Most units in one message."""

MAX_CHARACTERS: Final = 1000
"""Longest name of a unit, and longest text in a value."""

MAX_VALUES: Final = 20_000
"""Most values in one message from the browser."""

MAX_DEPTH: Final = 6

MAX_UPLOAD: Final = 64 * 2**20
"""Largest buffer from the browser, in bytes."""


class VisibleMessage(TypedDict):
    """These units are in view, and wait for their icons; most urgent first."""

    kind: Literal["visible"]
    units: list[str]


class SelectMessage(TypedDict):
    """Something was chosen; None for what the choice does not say."""

    kind: Literal["select"]
    unit: str | None
    position: list[int] | None
    """Row and column."""
    request: NotRequired[int]


class ChangeMessage(TypedDict):
    """A control was moved: a trait is to have another value."""

    kind: Literal["change"]
    name: str
    value: Json
    request: NotRequired[int]


class AskMessage(TypedDict):
    """A question; the newest of a name is answered. At most one buffer."""

    kind: Literal["ask"]
    request: int
    name: str
    arguments: dict[str, Json]


class IconItem(TypedDict):
    """One icon of an `IconsMessage`."""

    unit: str
    mime: Mime
    final: bool
    """False while it is still being rendered."""
    strength: float | None


class IconsMessage(TypedDict):
    """Icons, in the order of their buffers."""

    kind: Literal["icons"]
    icons: list[IconItem]


class AnswerMessage(TypedDict):
    """The answer to a question."""

    kind: Literal["answer"]
    request: int
    value: Json


class RefusalMessage(TypedDict):
    """A question cannot be answered; the error says why."""

    kind: Literal["refusal"]
    request: int
    error: str


ToKernel: TypeAlias = (
    ReadyMessage
    | VisibleMessage
    | SelectMessage
    | ChangeMessage
    | AskMessage
    | ViewsMessage
)
ToBrowser: TypeAlias = IconsMessage | AnswerMessage | RefusalMessage

_TO_KERNEL: Final = ("ready", "visible", "select", "change", "ask", "views")
_TO_BROWSER: Final = ("icons", "answer", "refusal")


def parse_to_kernel(message: object, buffers: Sequence[object] = ()) -> ToKernel:
    """Return a message from the browser with its type known.

    Args:
        message: what arrived, trusted in nothing.
        buffers: the binary parts that came with it: of `ask` one at most, else none.

    Raises:
        ProtocolError: it is not one of the messages above.
    """
    fields = Fields(message, _TO_KERNEL)
    if fields.kind != "ask" or len(buffers) > 1:
        fields.expect_buffers(buffers, 0)
    match fields.kind:
        case "ready":
            return {"kind": "ready"}
        case "visible":
            return {"kind": "visible", "units": _names(fields, "units")}
        case "select":
            return {
                "kind": "select",
                "unit": _name_or_none(fields, "unit"),
                "position": _position(fields, "position"),
                **_request(fields),
            }
        case "change":
            return {
                "kind": "change",
                "name": fields.text("name"),
                "value": _json(fields, "value"),
                **_request(fields),
            }
        case "ask":
            return {
                "kind": "ask",
                "request": fields.count("request"),
                "name": fields.text("name"),
                "arguments": _object(fields, "arguments"),
            }
        case _:
            return {"kind": "views", "count": fields.count("count")}


def parse_to_browser(message: object, buffers: Sequence[object] = ()) -> ToBrowser:
    """Return a message from the kernel with its type known.

    The browser has its own parser; this one serves the tests.

    Args:
        message: what arrived.
        buffers: the binary parts that came with it.

    Raises:
        ProtocolError: it is not one of the messages above.
    """
    fields = Fields(message, _TO_BROWSER)
    match fields.kind:
        case "icons":
            icons = _icons(fields)
            fields.expect_buffers(buffers, len(icons))
            return {"kind": "icons", "icons": icons}
        case "answer":
            return {
                "kind": "answer",
                "request": fields.count("request"),
                "value": _json(fields, "value"),
            }
        case _:
            return {
                "kind": "refusal",
                "request": fields.count("request"),
                "error": fields.text("error"),
            }


def _icons(fields: Fields) -> list[IconItem]:
    given = fields.value("icons")
    if not isinstance(given, list):
        raise fields.error("icons", "a list of icons")
    icons: list[IconItem] = []
    for item in cast("list[object]", given):
        if not isinstance(item, dict):
            raise fields.error("icons", "a list of objects")
        one = Fields({**cast("dict[str, object]", item), "kind": "icon"}, ("icon",))
        icons.append(
            {
                "unit": one.text("unit"),
                "mime": cast(
                    Mime,
                    one.choice("mime", ("image/jpeg", "image/png", "image/webp")),
                ),
                "final": one.flag("final"),
                "strength": one.number_or_none("strength"),
            }
        )
    return icons


def _names(fields: Fields, key: str) -> list[str]:
    given = fields.value(key)
    if isinstance(given, list) and len(cast("list[object]", given)) <= MAX_UNITS:
        names = cast("list[object]", given)
        if all(isinstance(name, str) and len(name) <= MAX_CHARACTERS for name in names):
            return cast("list[str]", names)
    raise fields.error(key, f"a list of at most {MAX_UNITS} short texts")


class _Request(TypedDict, total=False):
    request: int


def _request(fields: Fields) -> _Request:
    """Return the number of a message that may go without."""
    if fields.value("request") is None:
        return {}
    return {"request": fields.count("request")}


def _name_or_none(fields: Fields, key: str) -> str | None:
    value = fields.value(key)
    if value is None or (isinstance(value, str) and 0 < len(value) <= MAX_CHARACTERS):
        return value
    raise fields.error(key, "the name of a unit, or null")


def _position(fields: Fields, key: str) -> list[int] | None:
    value = fields.value(key)
    if value is None:
        return None
    if isinstance(value, list) and len(cast("list[object]", value)) == 2:
        numbers = cast("list[object]", value)
        if all(_is_index(number) for number in numbers):
            return cast("list[int]", numbers)
    raise fields.error(key, "[row, column], or null")


def _is_index(value: object) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and 0 <= cast(int, value) < 2**31


def _object(fields: Fields, key: str) -> dict[str, Json]:
    value = _json(fields, key)
    if not isinstance(value, dict):
        raise fields.error(key, "an object")
    return value


def _json(fields: Fields, key: str) -> Json:
    """Return a field that may hold anything JSON can, within bounds."""
    try:
        _count(fields.value(key), MAX_DEPTH)
    except ProtocolError:
        raise fields.error(
            key,
            f"finite values, at most {MAX_VALUES:,}, no text longer than "
            f"{MAX_CHARACTERS} characters, nested at most {MAX_DEPTH} deep",
        ) from None
    return cast(Json, fields.value(key))


def _count(value: object, depth: int) -> int:
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, str) and len(value) <= MAX_CHARACTERS:
        return 1
    # Written so that NaN fails; a whole number may be larger than any float.
    if isinstance(value, int | float) and abs(value) <= sys.float_info.max:
        return 1
    inner: list[object] | None = None
    if isinstance(value, list):
        inner = cast("list[object]", value)
    elif isinstance(value, dict):
        named = cast("dict[object, object]", value)
        inner = [*named.keys(), *named.values()]
    if inner is not None and depth and len(inner) <= MAX_VALUES:
        total = sum(_count(one, depth - 1) for one in inner)
        if total <= MAX_VALUES:
            return total
    raise ProtocolError("no such value")
