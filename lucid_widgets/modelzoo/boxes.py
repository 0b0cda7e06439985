"""What an outline of a model is made of: boxes, one after another and side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Box:
    """One thing that a network does, with what belongs to it.

    Args:
        name: of its best subject: the last member that is a layer.
        kind: ``"input"``, ``"conv"``, ``"dense"``, ``"pool"``, ``"join"``, ``"block"`` or
            ``"other"``.
        members: names of its operations, in order.
        title: a name in it that an author gave; empty where all are counted by kind, as
            in ``activation_17``.
    """

    name: str
    kind: str
    members: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True)
class Sequence:
    """Items that follow one another; empty for a way that does nothing."""

    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Branches:
    """Ways beside one another.

    Args:
        ways: the ways.
        open: whether they end here, and do not meet again: heads of their own.
    """

    ways: tuple[Sequence, ...]
    open: bool = False


@dataclass(frozen=True)
class Group:
    """Boxes whose ways cross, in order of computation.

    Args:
        boxes: the boxes.
        sources: for each box what it reads: first members of boxes, also of such that
            stand further up, outside of the group.
        next_sources: the same for the box that comes after the group.
    """

    boxes: tuple[Box, ...]
    sources: tuple[tuple[str, ...], ...] = ()
    next_sources: tuple[str, ...] = ()


Item: TypeAlias = "Box | Branches | Group"


def boxes_of(item: Item | Sequence) -> list[Box]:
    """Return all boxes of a part of an outline, in order."""
    if isinstance(item, Box):
        return [item]
    if isinstance(item, Group):
        return list(item.boxes)
    inner: Iterable[Any] = item.items if isinstance(item, Sequence) else item.ways
    return [box for one in inner for box in boxes_of(one)]


def firsts(item: Item | Sequence) -> list[str]:
    """Return the names of the first members of all boxes."""
    return [box.members[0] for box in boxes_of(item)]
