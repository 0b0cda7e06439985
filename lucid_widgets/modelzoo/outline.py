"""The outline of a model: its graph of operations, folded until a person can read it.

Three foldings, as in Lucid's overlay graph:

- a convolution with its bias, normalization and ReLU is one `Box`;
- boxes that follow one another are a `Sequence`;
- ways that leave one box and meet again in another are `Branches`, each a sequence.

What cannot be folded like that (cells that read the two cells before them) is cut where
few values are passed on, and each piece is a `Group`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Listed
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lucid_widgets.modelzoo.keras_model import KerasModel
from lucid_widgets.modelzoo.node_model import NodeModel
from lucid_widgets.modelzoo.nodes import NodeTable, split_output


@dataclass(frozen=True)
class GraphNode:
    """One operation of a model's graph.

    Args:
        name: its name.
        kind: TensorFlow's operation or Keras' class, such as ``"Conv2D"``.
        sources: names of the nodes it reads.
    """

    name: str
    kind: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """One thing that a network does, with what belongs to it.

    Args:
        name: of its best subject: the last member that is a layer.
        kind: ``"input"``, ``"conv"``, ``"dense"``, ``"pool"``, ``"join"``, ``"block"`` or
            ``"other"``.
        members: names of its operations, in order.
    """

    name: str
    kind: str
    members: tuple[str, ...]


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
    """Boxes whose connections are too many to draw, in order of computation."""

    boxes: tuple[Box, ...]


Item: TypeAlias = "Box | Branches | Group"

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
# What only looks at the shape of its input passes nothing on.
_SHAPES = {"Shape", "ShapeN", "Size", "Rank"}


def outline(model: Any) -> Sequence:
    """Return the outline of a model.

    Args:
        model: any model of the zoo.

    Example:
        >>> from lucid_widgets.modelzoo.tiny_inception import TinyInception
        >>> outline(TinyInception()).items[1].name
        'conv2d0'
    """
    subjects = {layer.name for layer in model.layers}
    return fold(graph_nodes(model), subjects)


def graph_nodes(model: Any) -> list[GraphNode]:
    """Return the operations of a model and what they read, in order of computation."""
    if isinstance(model, NodeModel):
        return _of_table(model._table, model.input_name)
    if isinstance(model, KerasModel) and model.steps[0].node is not None:
        return _of_steps(model)
    # What a model of Python code connects with what is not known: the order is.
    names = ["input", *(layer.name for layer in model.layers)]
    kinds = ["InputLayer", *_kinds_inside(model)]
    sources = [(), *((name,) for name in names)]
    return [GraphNode(*node) for node in zip(names, kinds, sources, strict=False)]


def _kinds_inside(model: Any) -> list[str]:
    found = []
    for layer in model.layers:
        operation = (
            model._described(layer.name)[0] if isinstance(model, KerasModel) else None
        )
        found.append(type(operation).__name__)
    return found


def _of_table(table: NodeTable, input_name: str) -> list[GraphNode]:
    # A node after those it reads, whatever the order of the file.
    found: dict[str, GraphNode] = {}
    for name in _table_order(table, input_name):
        node = table[name]
        read = dict.fromkeys(split_output(source)[0] for source in node.inputs)
        sources = tuple(source for source in read if source in found)
        if name == input_name or (sources and node.op not in _SHAPES):
            found[name] = GraphNode(
                name, node.op, () if name == input_name else sources
            )
    read = {source for node in found.values() for source in node.sources}
    # Blocks before their ReLUs, added on loading, stand beside the network.
    return [
        node
        for node in found.values()
        if node.name in read or not node.name.endswith("_pre_relu")
    ]


def _table_order(table: NodeTable, input_name: str) -> Iterable[str]:
    depending = set(table.depending_on(input_name))
    graph = {
        name: tuple(
            source
            for source in (split_output(one)[0] for one in table[name].inputs)
            if source in depending and name != input_name
        )
        for name in table
        if name in depending
    }
    return _ordered(graph)


def _ordered(graph: Mapping[str, Listed[str]]) -> list[str]:
    """Return names so that each comes after what it reads, near to it."""
    placed: dict[str, None] = {}
    for start in graph:
        stack = [start]
        while stack:
            name = stack[-1]
            waiting = [s for s in graph.get(name, ()) if s not in placed and s in graph]
            if name in placed or not waiting:
                placed[name] = None
                stack.pop()
            else:
                # Reversed, so that the first source is placed first.
                stack.extend(reversed(waiting))
    return list(placed)


def _of_steps(model: KerasModel) -> list[GraphNode]:
    names = {index: step.name for index, step in enumerate(model.steps)} | {-1: "input"}
    found = [GraphNode("input", "InputLayer")]
    for index, step in enumerate(model.steps):
        kind = "block" if index in model.composites else type(step.operation).__name__
        sources = tuple(dict.fromkeys(names[source] for source, _ in step.sources))
        found.append(GraphNode(step.name, kind, sources))
    return found


# Folding ----------------------------------------------------------------------


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
        box = Box((known or list(names))[-1], (kinds or ["other"])[0], names)
        sources = dict.fromkeys(first[box_of[source]] for source in one[0].sources)
        found.append((box, tuple(sources)))
    return found


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
        order = [name for name in _ordered(self.sources) if name in main]
        items = self._between(order, frozenset(), frozenset())
        aside = [name for name in names if name not in main]
        return Sequence(tuple(self._with_heads(items, aside)))

    def _main_output(self) -> str:
        """Return the end that is farthest from the input."""
        far: dict[str, int] = {}
        for name in _ordered(self.sources):
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
            return self._groups(piece)
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

    def _groups(self, piece: list[str]) -> list[Item]:
        """Cut a piece where at most two values are passed on, at boxes that join."""
        last = {
            name: max(
                (i for i, other in enumerate(piece) if name in self.sources[other]),
                default=len(piece),
            )
            for name in piece
        }
        groups: list[Item] = []
        boxes: list[Box] = []
        live: set[str] = set()
        for index, name in enumerate(piece):
            live = {other for other in live if last[other] > index} | {name}
            boxes.append(self.boxes[name])
            joins = len(self.sources[name]) > 2
            if joins and len(live) <= 2 and len(boxes) > 1:
                groups += [Group(tuple(boxes[:-1])), boxes[-1]]
                boxes = []
        if boxes:
            groups.append(Group(tuple(boxes)) if len(boxes) > 1 else boxes[0])
        return groups

    def _with_heads(self, items: list[Item], aside: list[str]) -> Iterable[Item]:
        """Put each head behind the item that it reads from."""
        heads: dict[int, list[Sequence]] = {}
        place = {
            name: index for index, item in enumerate(items) for name in firsts(item)
        }
        for part in self._apart(aside):
            read = [place[s] for name in part for s in self.sources[name] if s in place]
            order = [name for name in _ordered(self.sources) if name in set(part)]
            folded = self._between(
                order, frozenset(self.boxes) - set(part), frozenset()
            )
            heads.setdefault(max(read, default=0), []).append(Sequence(tuple(folded)))
        for index, item in enumerate(items):
            yield item
            if index in heads:
                yield Branches(tuple(heads[index]), open=True)


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
