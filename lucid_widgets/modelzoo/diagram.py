"""Where the boxes of an outline stand: the architecture as a picture, top to bottom.

Pure arithmetic, in pixels; who draws it decides on colours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lucid_widgets.modelzoo.outline import (
    Box,
    Branches,
    Group,
    Item,
    Sequence,
    boxes_of,
)

WIDTH = 420
"""Of the whole picture, in px."""

BOX = (196, 24)
"""Largest width, and height, of a box."""

GAP = 12
SMALL = (70, 20)
MARGIN = 8
# Room for the line of a way that does nothing.
_SKIP = 0.15
_LEAST = 10

Line = tuple[int, int, int, int]
"""From x, y to x, y."""


# Of a letter, on average.
_LETTER = 6.3


@dataclass(frozen=True)
class PlacedBox:
    """A box and its rectangle, in pixels from the upper left corner.

    Its label is its name, without what its neighbours have in common where there is
    little room.
    """

    box: Box
    label: str
    x: int
    y: int
    width: int
    height: int


@dataclass
class Diagram:
    """A picture of an outline.

    Attributes:
        width: in px.
        height: in px.
        boxes: in order of computation, from top to bottom.
        lines: horizontal and vertical ones.
    """

    width: int = WIDTH
    height: int = 0
    boxes: list[PlacedBox] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict, repr=False)
    """What the names of the boxes begin with that stand beside one another."""


def diagram(outline: Sequence) -> Diagram:
    """Return where everything stands.

    Args:
        outline: see `lucid_widgets.modelzoo.outline.outline`.
    """
    made = Diagram()
    room = WIDTH - 2 * MARGIN
    bottom = _sequence(made, outline, WIDTH / 2, MARGIN, room)
    made.height = round(bottom) + MARGIN
    return made


def _sequence(made: Diagram, way: Sequence, x: float, y: float, room: float) -> float:
    """Place items below each other around x, from y on; return where they end."""
    for number, item in enumerate(way.items):
        if number:
            _line(made, x, y, x, y + GAP)
            y += GAP
        y = _item(made, item, x, y, room)
    return y


def _item(made: Diagram, item: Item, x: float, y: float, room: float) -> float:
    if isinstance(item, Box):
        width = max(_LEAST, min(BOX[0], room))
        return _box(made, item, x - width / 2, y, width, BOX[1])
    _note_shared(made, item)
    if isinstance(item, Group):
        return _group(made, item, x, y, room)
    ways = [way for way in item.ways if way.items]
    skips = len(item.ways) - len(ways)
    if len(ways) == 1:
        return _around(made, item, ways[0], x, y, room, skips=skips)
    return _beside(made, item, x, y, room)


def _around(
    made: Diagram,
    item: Branches,
    way: Sequence,
    x: float,
    y: float,
    room: float,
    *,
    skips: int,
) -> float:
    """Place the one way that does something, and the line that leads around it."""
    lane = 14
    inner = room - 2 * lane
    side = x + min(_width(way, inner), inner) / 2 + lane / 2
    _line(made, x, y, x, y + GAP)
    bottom = _sequence(made, way, x, y + GAP, inner)
    if item.open:  # the head stands on the line, and the network goes on beside it
        skips = 1
    else:
        _line(made, x, bottom, x, bottom + GAP)
    if skips:
        _line(made, x, y, side, y)
        _line(made, side, y, side, bottom + GAP)
        _line(made, x, bottom + GAP, side, bottom + GAP)
    return bottom + GAP


def _width(way: Sequence, room: float) -> float:
    """Return how wide the items of a way become."""
    widths = [
        min(BOX[0], room) if isinstance(item, Box) else room for item in way.items
    ]
    return max(widths, default=0)


def _beside(made: Diagram, item: Branches, x: float, y: float, room: float) -> float:
    """Place ways beside each other; the lines to and from them are drawn."""
    ways = [*item.ways, Sequence()] if item.open else list(item.ways)
    gap = min(6.0, room / (4 * len(ways)))
    weights = [_weight(way) for way in ways]
    share = (room - gap * (len(ways) - 1)) / sum(weights)
    left = x - room / 2
    ends: list[tuple[float, float, bool]] = []
    for way, weight in zip(ways, weights, strict=True):
        middle = left + weight * share / 2
        _line(made, middle, y, middle, y + GAP)
        bottom = _sequence(made, way, middle, y + GAP, weight * share)
        ends.append((middle, bottom, item.open and bool(way.items)))
        left += weight * share + gap
    lowest = max(bottom for _, bottom, _ in ends) + GAP
    for middle, bottom, stays in ends:
        if not stays:
            _line(made, middle, bottom, middle, lowest)
    middles = [middle for middle, _, _ in ends]
    meeting = [middle for middle, _, stays in ends if not stays]
    _line(made, min(*middles, x), y, max(*middles, x), y)
    _line(made, min(*meeting, x), lowest, max(*meeting, x), lowest)
    return lowest


def _weight(way: Sequence) -> float:
    """Return how many columns a way needs."""
    if not way.items:
        return _SKIP
    return max(
        sum(map(_weight, item.ways)) if isinstance(item, Branches) else 1.0
        for item in way.items
    )


def _note_shared(made: Diagram, item: Branches | Group) -> None:
    names = [box.name for box in boxes_of(item)]
    first, last = min(names), max(names)
    length = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0
    )
    # Whole words.
    prefix = re.sub(r"[^_/.-]*$", "", first[:length])
    made.shared.update(dict.fromkeys(names, prefix))


def _group(made: Diagram, group: Group, x: float, y: float, room: float) -> float:
    """Place boxes in rows, inside of a frame."""
    small, height = SMALL
    columns = max(1, min(len(group.boxes), int((room - 8) // (small + 4))))
    width = max(_LEAST, min(small, (room - 8 - 4 * (columns - 1)) / columns))
    whole = columns * (width + 4) + 4
    left = x - whole / 2
    for number, box in enumerate(group.boxes):
        row, column = divmod(number, columns)
        top = y + 4 + row * (height + 4)
        _box(made, box, left + 4 + column * (width + 4), top, width, height)
    bottom = y + 4 + -(-len(group.boxes) // columns) * (height + 4)
    right = left + whole
    for ends in (
        (left, y, right, y),
        (left, bottom, right, bottom),
        (left, y, left, bottom),
        (right, y, right, bottom),
    ):
        _line(made, *ends)
    return bottom


def _box(
    made: Diagram, box: Box, x: float, y: float, width: float, height: float
) -> float:
    label = box.name
    if len(label) * _LETTER > width - 12:
        label = label.removeprefix(made.shared.get(label, ""))
    rectangle = (round(x), round(y), round(width), round(height))
    made.boxes.append(PlacedBox(box, label, *rectangle))
    return y + height


def _line(made: Diagram, x1: float, y1: float, x2: float, y2: float) -> None:
    if (round(x1), round(y1)) != (round(x2), round(y2)):
        made.lines.append((round(x1), round(y1), round(x2), round(y2)))
