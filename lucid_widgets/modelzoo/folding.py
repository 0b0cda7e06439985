"""Folding a graph of operations until a person can read it; see `outline`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lucid_widgets.modelzoo.boxes import Box, Branches, Group, Item, Sequence, firsts
from lucid_widgets.modelzoo.graph_nodes import GraphNode, in_order

_KINDS = {
    "conv": "Conv2D DepthwiseConv2D SeparableConv2D Conv2DTranspose DepthwiseConv2dNative "
    "Conv2DBackpropInput EinsumDense Conv1D",
    "dense": "Dense MatMul BatchMatMul BatchMatMulV2 Einsum",
    "pool": "MaxPooling2D AveragePooling2D GlobalAveragePooling2D GlobalMaxPooling2D MaxPool "
    "AvgPool MaxPoolV2 Mean GlobalAveragePooling1D UpSampling2D",
    "input": "Placeholder PlaceholderV2 PlaceholderWithDefault InputLayer",
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_JOINS = {
    *("Add", "AddV2", "AddN", "Concat", "ConcatV2", "Concatenate", "Multiply", "Mul"),
    *("Average", "Stack"),
}
# Belongs to what comes next.
_PADDING = {"ZeroPadding2D", "Pad", "PadV2", "MirrorPad"}


def fold(nodes: Iterable[GraphNode], subjects: Iterable[str] = ()) -> Sequence:
    """Return the outline of a graph.

    Args:
        nodes: the operations, each after those it reads; the first is the input.
        subjects: names of the layers that make good subjects.
    """
    boxes = _boxes(list(nodes), frozenset(subjects))
    graph = _Graph(
        {box.members[0]: box for box, _ in boxes},
        {box.members[0]: sources for box, sources in boxes},
    )
    return graph.outline()


def _boxes(
    nodes: list[GraphNode], subjects: frozenset[str]
) -> list[tuple[Box, tuple[str, ...]]]:
    """Fold what only one other reads, and that reads only one, into boxes."""
    readers: dict[str, int] = {}
    for node in nodes:
        for source in node.sources:
            readers[source] = readers.get(source, 0) + 1
    box_of: dict[str, int] = {}
    members: list[list[GraphNode]] = []
    for node in nodes:
        before = node.sources[0] if len(node.sources) == 1 else None
        into = None
        if before is not None and readers[before] == 1 and node.kind not in _PADDING:
            index = box_of[before]
            kinds = {_kind(one) for one in members[index]} - {"other"}
            if not kinds or (_kind(node) == "other" and kinds != {"input"}):
                into = index
        if into is None:
            into = len(members)
            members.append([])
        members[into].append(node)
        box_of[node.name] = into
    first = [one[0].name for one in members]
    found = []
    for one in members:
        known = [node.name for node in one if node.name in subjects]
        kinds = [kind for node in one if (kind := _kind(node)) != "other"]
        names = tuple(node.name for node in one)
        own = [node.name for node in one if not _is_automatic(node)]
        name = (known or list(names))[-1]
        title = ([n for n in own if n in known] or own or [""])[-1]
        box = Box(name, (kinds or ["other"])[0], names, title)
        sources = dict.fromkeys(first[box_of[source]] for source in one[0].sources)
        found.append((box, tuple(sources)))
    return found


def _is_automatic(node: GraphNode) -> bool:
    """Return whether a name was made from the kind: ``activation_17``, ``Relu_3``."""
    plain = re.sub(r"_\d+$", "", node.name.rpartition("/")[2])
    return plain.replace("_", "").lower() == node.kind.replace("_", "").lower()


def _kind(node: GraphNode) -> str:
    if node.kind in ("block", *_KINDS):
        return node.kind
    if len(node.sources) > 1 or (node.kind in _JOINS and len(node.sources) != 1):
        return "join"
    return _KIND_OF.get(node.kind, "other")


@dataclass
class _Graph:
    """Boxes by the name of their first member, and what they read."""

    boxes: dict[str, Box]
    sources: dict[str, tuple[str, ...]]
    readers: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.readers = {name: [] for name in self.boxes}
        for name, sources in self.sources.items():
            for source in sources:
                self.readers[source].append(name)

    def outline(self) -> Sequence:
        """Fold the graph; what does not lead to the main output stands aside."""
        names = list(self.boxes)
        main = self._leading_to(self._main_output())
        order = [name for name in in_order(self.sources) if name in main]
        items = self._between(order, frozenset(), frozenset())
        aside = [name for name in names if name not in main]
        return Sequence(tuple(self._with_heads(items, aside)))

    def _main_output(self) -> str:
        """Return the end that is farthest from the input."""
        far: dict[str, int] = {}
        for name in in_order(self.sources):
            far[name] = 1 + max(
                (far[source] for source in self.sources[name]), default=0
            )
        ends = [name for name in self.boxes if not self.readers[name]]
        return max(ends, key=lambda name: far[name])

    def _leading_to(self, end: str) -> set[str]:
        found, stack = {end}, [end]
        while stack:
            for source in self.sources[stack.pop()]:
                if source not in found:
                    found.add(source)
                    stack.append(source)
        return found

    def _between(
        self, order: list[str], starts: frozenset[str], ends: frozenset[str]
    ) -> list[Item]:
        """Fold a part of the graph that is entered from `starts` and left to `ends`.

        A box through which every way goes ends one item and begins the next.
        """
        inside = set(order)
        live: set[str] = set()
        items: list[Item] = []
        piece: list[str] = []
        left = {name: self._readers_within(name, inside | ends) for name in order}
        entering = {
            name for name in order if any(s in starts for s in self.sources[name])
        }
        for name in order:
            for source in self.sources[name]:
                if source in left:
                    left[source] -= 1
                    if not left[source]:
                        live.discard(source)
            entering.discard(name)
            if left[name]:
                live.add(name)
            # Nothing else is still needed, and nothing later begins anew.
            if live <= {name} and not entering:
                items += self._opened(piece, starts, name)
                items.append(self.boxes[name])
                piece = []
                starts = frozenset([name])
            else:
                piece.append(name)
        if piece:
            items += self._opened(piece, starts, None)
        return items

    def _readers_within(self, name: str, names: set[str] | frozenset[str]) -> int:
        return sum(reader in names for reader in self.readers[name])

    def _opened(
        self, piece: list[str], starts: frozenset[str], end: str | None
    ) -> list[Item]:
        """Return what stands between two boxes: nothing, branches, or groups."""
        if not piece:
            return []
        ways = self._apart(piece)
        skips = end is not None and any(
            source in starts for source in self.sources[end]
        )
        if len(ways) == 1 and not skips:
            # Not if it was all there was: it would be folded forever.
            return self._groups(piece, end)
        ends = frozenset() if end is None else frozenset([end])
        folded = [Sequence(tuple(self._between(way, starts, ends))) for way in ways]
        if skips:
            folded.append(Sequence())
        return [Branches(tuple(folded))]

    def _apart(self, piece: list[str]) -> list[list[str]]:
        """Return the parts of a piece that have nothing to do with each other."""
        part_of = {name: number for number, name in enumerate(piece)}
        for name in piece:
            for source in self.sources[name]:
                if source in part_of and part_of[source] != part_of[name]:
                    old, new = part_of[name], part_of[source]
                    for other, part in part_of.items():
                        if part == old:
                            part_of[other] = new
        parts: dict[int, list[str]] = {}
        for name in piece:
            parts.setdefault(part_of[name], []).append(name)
        return list(parts.values())

    def _groups(self, piece: list[str], end: str | None) -> list[Item]:
        """Cut a piece where at most two values are passed on, at boxes that join."""
        piece = self._deepest_first(piece)
        last = {
            name: max(
                (i for i, other in enumerate(piece) if name in self.sources[other]),
                default=len(piece),
            )
            for name in piece
        }
        groups: list[Item] = []
        waiting: list[str] = []
        live: set[str] = set()
        for index, name in enumerate(piece):
            live = {other for other in live if last[other] > index} | {name}
            joins = len(self.sources[name]) > 2
            if waiting and joins and len(live) <= 2:
                groups += [self._group(waiting, name), self.boxes[name]]
                waiting = []
            else:
                waiting.append(name)
        if waiting:
            groups.append(self._group(waiting, end))
        return groups

    def _group(self, names: list[str], end: str | None) -> Group:
        return Group(
            tuple(self.boxes[name] for name in names),
            tuple(self.sources[name] for name in names),
            () if end is None else self.sources[end],
        )

    def _deepest_first(self, piece: list[str]) -> list[str]:
        """Return a piece so that the longest way to each box comes first.

        What is read besides then comes late, when all is done that leads to the cell
        before.
        """
        inside = set(piece)
        far: dict[str, int] = {}
        for name in piece:
            far[name] = 1 + max((far.get(s, 0) for s in self.sources[name]), default=0)
        graph = {
            name: sorted(
                (s for s in self.sources[name] if s in inside), key=lambda s: -far[s]
            )
            for name in sorted(piece, key=lambda name: -far[name])
        }
        return in_order(graph)

    def _with_heads(self, items: list[Item], aside: list[str]) -> Iterable[Item]:
        """Put each head behind the item that it reads from."""
        heads: dict[int, list[Sequence]] = {}
        place = {
            name: index for index, item in enumerate(items) for name in firsts(item)
        }
        for part in self._apart(aside):
            read = [place[s] for name in part for s in self.sources[name] if s in place]
            order = [name for name in in_order(self.sources) if name in set(part)]
            folded = self._between(
                order, frozenset(self.boxes) - set(part), frozenset()
            )
            heads.setdefault(max(read, default=0), []).append(Sequence(tuple(folded)))
        for index, item in enumerate(items):
            yield item
            if index in heads:
                yield Branches(tuple(heads[index]), open=True)
