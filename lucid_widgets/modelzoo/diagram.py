"""Where the boxes of an outline stand: the architecture as a picture, top to bottom.

Pure arithmetic, in pixels; who draws it decides on colours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

from lucid_widgets.modelzoo.boxes import (
    Box,
    Branches,
    Group,
    Item,
    Sequence,
    boxes_of,
)
from lucid_widgets.modelzoo.layering import Layering, layering, set_places

WIDTH = 420
"""Of the whole picture, in px."""

BOX = (196, 24)
"""Largest width, and height, of a box."""

GAP = 12
SMALL = (96, 20)
"""The same for boxes in a group."""

MARGIN = 8
# Between the rows of a group, and beside what only passes a row.
_STEP = 16
_PASSING = 8
# For what is read from further up than the box before.
_LANES = (-4, -12)
_NEXT = "> next"
# Room for the line of a way that does nothing.
_SKIP = 0.15
_LEAST = 10

Line = tuple[int, int, int, int]
"""From x, y to x, y; one that is neither horizontal nor vertical is a curve."""


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
        lines: horizontal and vertical ones, and curves in groups.
    """

    width: int = WIDTH
    height: int = 0
    boxes: list[PlacedBox] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    shared: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    """What the names of boxes that stand beside one another begin and end with."""
    placed: dict[str, PlacedBox] = field(default_factory=dict, repr=False)
    """The boxes by their first members."""
    lanes: list[float] = field(default_factory=lambda: [0.0] * len(_LANES), repr=False)
    """How far down each of the lanes at the right edge is taken."""


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
    boxes = boxes_of(item)
    names = [box.title or box.name for box in boxes]
    # Whole words.
    prefix = re.sub(r"[^_/.-]*$", "", _shared_beginning(names))
    suffix = ""
    if isinstance(item, Group):
        # The number of the cell, which names that are counted by kind do not have.
        own = [box.title for box in boxes if box.title] or names
        ending = _shared_beginning([name[::-1] for name in own])[::-1]
        found = re.search(r"_[^/]*\d$", ending)
        suffix = found.group() if found else ""
    made.shared.update({box.members[0]: (prefix, suffix) for box in boxes})


def _shared_beginning(names: list[str]) -> str:
    first, last = min(names), max(names)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in same)


def _group(made: Diagram, group: Group, x: float, y: float, room: float) -> float:
    """Place boxes in rows, with the lines between them."""
    names = [box.members[0] for box in group.boxes]
    sources = dict(zip(names, group.sources, strict=False))
    last = _NEXT if group.next_sources else None
    if last:
        sources[last] = group.next_sources
    rows = layering(sources, last)
    entries = [name for name in rows.rows[0] if name not in sources]
    inner = room - 2 * (_PASSING - min(_LANES))
    fixed = _entered(made, entries, x, y, x + room / 2)
    if last:
        fixed[last] = 0.0
    boxes = dict(zip(names, group.boxes, strict=True))
    widths: dict[str, float] = {}
    for row in rows.rows:
        widths.update(_widths(row, boxes, inner))
    set_places(rows, widths, inner, fixed)
    tops = _tops(rows, y, starts_outside=bool(entries))
    for number, row in enumerate(rows.rows):
        for name in row:
            if name in boxes:
                width = widths[name] - min(4, widths[name] / 3)
                left = x + rows.x[name] - width / 2
                _box(made, boxes[name], left, tops[number], width, SMALL[1])
    _connect(made, rows, tops, x, boxes)
    return tops[-1] if last else tops[-1] + SMALL[1]


def _entered(
    made: Diagram, entries: list[str], x: float, y: float, right: float
) -> dict[str, float]:
    """Return where what is read from outside enters, from the middle of the group.

    The box that is nearest stands right above; lines from others come down at the edge.
    """
    known = sorted((n for n in entries if n in made.placed), key=_bottom_in(made))
    found = dict.fromkeys(entries, 0.0)
    for name in known[:-1]:
        box = made.placed[name]
        middle = box.y + box.height / 2
        lane = next(
            (i for i, taken in enumerate(made.lanes) if taken <= middle),
            len(_LANES) - 1,
        )
        made.lanes[lane] = y
        aside = right + _LANES[lane]
        _line(made, box.x + box.width, middle, aside, middle)
        _line(made, aside, middle, aside, y)
        found[name] = aside - x
    return found


def _bottom_in(made: Diagram) -> Callable[[str], int]:
    return lambda name: made.placed[name].y + made.placed[name].height


def _widths(row: list[str], boxes: Mapping[str, Box], room: float) -> dict[str, float]:
    """Return how much of a row its boxes take, and what only passes; with their gaps."""
    count = sum(name in boxes for name in row)
    others = len(row) - count
    passing = min(_PASSING, 0.4 * room / others) if others else 0.0
    width = min(SMALL[0], (room - passing * others) / count) if count else 0.0
    return {name: width if name in boxes else passing for name in row}


def _tops(rows: Layering, y: float, *, starts_outside: bool) -> list[float]:
    """Return where rows begin; one for what is outside has no height."""
    tops = [y]
    for number in range(1, len(rows.rows)):
        height = 0 if number == 1 and starts_outside else SMALL[1]
        tops.append(tops[-1] + height + _STEP)
    return tops


def _connect(
    made: Diagram,
    rows: Layering,
    tops: list[float],
    x: float,
    boxes: Mapping[str, Box],
) -> None:
    row_of = {name: number for number, row in enumerate(rows.rows) for name in row}
    for chain in rows.chains:
        for upper, lower in pairwise(chain):
            is_outside = row_of[upper] == 0 and upper not in boxes
            bottom = tops[row_of[upper]] + (0 if is_outside else SMALL[1])
            below = tops[row_of[lower]]
            _line(made, x + rows.x[upper], bottom, x + rows.x[lower], below)
            if lower != chain[-1]:
                middle = x + rows.x[lower]
                _line(made, middle, below, middle, below + SMALL[1])


def _box(
    made: Diagram, box: Box, x: float, y: float, width: float, height: float
) -> float:
    label = box.title or box.name
    letters = (width - 12) / _LETTER
    if len(label) > letters:
        prefix, suffix = made.shared.get(box.members[0], ("", ""))
        label = label.removeprefix(prefix).removesuffix(suffix) or label
    if height == SMALL[1] and len(label) > letters:
        label = _last_words(label, letters)
    rectangle = (round(x), round(y), round(width), round(height))
    placed = PlacedBox(box, label, *rectangle)
    made.boxes.append(placed)
    made.placed[box.members[0]] = placed
    return y + height


def _last_words(label: str, letters: float) -> str:
    """Return the words at the end for which there is room; never numbers alone."""
    shortest = label
    for start in (match.end() for match in re.finditer("_", label)):
        if not re.search("[a-zA-Z]", label[start:]):
            break
        shortest = label[start:]
        if len(shortest) <= letters:
            break
    return shortest


def _line(made: Diagram, x1: float, y1: float, x2: float, y2: float) -> None:
    if (round(x1), round(y1)) != (round(x2), round(y2)):
        made.lines.append((round(x1), round(y1), round(x2), round(y2)))
