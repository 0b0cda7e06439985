"""Rows for boxes whose ways cross: each below all that it reads, near to it.

The usual four stages of drawing such graphs (Sugiyama, Tagawa and Toda, 1981): rows by
the longest way, a place holder in each row that a connection passes, an order in which
few connections cross, and places as close to what is connected as widths allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 4


@dataclass
class Layering:
    """Where the boxes of a group stand, and which way their connections take.

    Attributes:
        rows: names and place holders of each row, from left to right.
        chains: for each connection what it passes, from its source to its reader.
        x: middle of each, from 0 at the middle of the group.
    """

    rows: list[list[str]]
    chains: list[list[str]]
    x: dict[str, float] = field(default_factory=dict)


def layering(sources: Mapping[str, Sequence[str]], last: str | None = None) -> Layering:
    """Return rows and chains of a graph.

    Args:
        sources: what each name reads, in order of computation; a name that is read and
            not listed stands in a row above all others.
        last: a name that gets a row of its own, below all others.
    """
    outside = {s: () for read in sources.values() for s in read if s not in sources}
    graph = {**outside, **sources}
    row = _rows(graph)
    if last is not None:
        row[last] = 1 + max(number for name, number in row.items() if name != last)
    made = Layering([[] for _ in range(max(row.values(), default=0) + 1)], [])
    for name, number in row.items():
        made.rows[number].append(name)
    for name, read in graph.items():
        for source in dict.fromkeys(read):
            passed = [
                f"{source} > {name} > {number}"
                for number in range(row[source] + 1, row[name])
            ]
            for number, holder in enumerate(passed, row[source] + 1):
                made.rows[number].append(holder)
            made.chains.append([source, *passed, name])
    _untangle(made)
    return made


def _rows(graph: Mapping[str, Sequence[str]]) -> dict[str, int]:
    row: dict[str, int] = {}
    for name, read in graph.items():
        row[name] = 1 + max((row[source] for source in read), default=-1)
    readers: dict[str, list[str]] = {name: [] for name in graph}
    for name, read in graph.items():
        for source in read:
            readers[source].append(name)
    # What passes on as much as it reads may wait until it is needed.
    for name in reversed(list(graph)):
        if readers[name] and 0 < len(graph[name]) <= len(readers[name]):
            row[name] = max(row[name], min(row[one] for one in readers[name]) - 1)
    return row


def _untangle(made: Layering) -> None:
    """Order each row by the middle of what its members are connected with."""
    above, below = _neighbours(made)
    for sweep in range(2 * _SWEEPS):
        down = sweep % 2 == 0
        place = {name: i for row in made.rows for i, name in enumerate(row)}
        size = {name: len(row) for row in made.rows for name in row}
        near = above if down else below
        for row in made.rows if down else reversed(made.rows):
            middle = {}
            for i, name in enumerate(row):
                known = [(place[n] + 0.5) / size[n] for n in near[name]]
                middle[name] = (
                    sum(known) / len(known) if known else (i + 0.5) / len(row)
                )
            row.sort(key=middle.__getitem__)
            place.update((name, i) for i, name in enumerate(row))


def _neighbours(made: Layering) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    above: dict[str, list[str]] = {name: [] for row in made.rows for name in row}
    below: dict[str, list[str]] = {name: [] for name in above}
    for chain in made.chains:
        for upper, lower in pairwise(chain):
            above[lower].append(upper)
            below[upper].append(lower)
    return above, below


def set_places(
    made: Layering,
    widths: Mapping[str, float],
    room: float,
    fixed: Mapping[str, float],
) -> None:
    """Find the places in each row.

    Args:
        made: gets them.
        widths: of the boxes and place holders, gaps included.
        room: no row becomes wider, if its widths allow that.
        fixed: places that are known, such as where a connection enters the group.
    """
    above, below = _neighbours(made)
    for row in made.rows:
        left = -sum(widths[name] for name in row) / 2
        for name in row:
            made.x[name] = left + widths[name] / 2
            left += widths[name]
    made.x.update(fixed)
    for sweep in range(2 * _SWEEPS):
        near = above if sweep % 2 == 0 else below
        for row in made.rows if sweep % 2 == 0 else reversed(made.rows):
            if any(name in fixed for name in row):
                continue
            wanted = []
            for name in row:
                known = [made.x[one] for one in near[name]] or [made.x[name]]
                wanted.append(sum(known) / len(known))
            found = _apart(wanted, [widths[name] for name in row], room)
            made.x.update(zip(row, found, strict=True))


def _apart(wanted: list[float], widths: list[float], room: float) -> list[float]:
    """Return the places closest to those wanted at which nothing overlaps.

    With the widths before each taken off, places must not fall from left to right: the
    mean of those that do is the best for all of them.
    """
    before = [0.0]
    for left, right in pairwise(widths):
        before.append(before[-1] + (left + right) / 2)
    blocks: list[tuple[float, int]] = []
    for place, taken in zip(wanted, before, strict=True):
        mean, count = place - taken, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean = (mean * count + other * more) / (count + more)
            count += more
        blocks.append((mean, count))
    least = (widths[0] - room) / 2
    most = (room - widths[-1]) / 2 - before[-1]
    flat = [mean for mean, count in blocks for _ in range(count)]
    low, high = min(least, most), max(least, most)
    return [
        min(max(mean, low), high) + taken
        for mean, taken in zip(flat, before, strict=True)
    ]
