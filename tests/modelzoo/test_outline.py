"""The folded graph of a model, and where its boxes stand."""

from __future__ import annotations

from itertools import combinations

import keras
import pytest

from lucid_widgets.modelzoo.diagram import WIDTH, diagram
from lucid_widgets.modelzoo.outline import (
    Box,
    Branches,
    GraphNode,
    Group,
    Sequence,
    boxes_of,
    fold,
    graph_nodes,
    outline,
)
from lucid_widgets.modelzoo.vision_models import InceptionV1, TinyInception, from_keras


def graph(text):
    """Read lines such as ``sum: Add a b``, each after what it reads."""
    found = [GraphNode("in", "InputLayer")]
    for line in text.strip().splitlines():
        name, _, rest = line.strip().partition(":")
        kind, *sources = rest.split()
        found.append(GraphNode(name, kind, tuple(sources)))
    return found


def drawn(item):
    """Write an outline as text: [ways | beside] and {groups}, > for heads."""
    if isinstance(item, Box):
        return item.name
    if isinstance(item, Group):
        return "{" + " ".join(map(drawn, item.boxes)) + "}"
    if isinstance(item, Sequence):
        return " ".join(map(drawn, item.items))
    ways = " | ".join(map(drawn, item.ways))
    return f">[{ways}]" if item.open else f"[{ways}]"


def test_a_convolution_and_what_belongs_to_it_is_one_box():
    nodes = graph("""
        pad: ZeroPadding2D in
        conv: Conv2D pad
        norm: BatchNormalization conv
        relu: ReLU norm
        pool: MaxPooling2D relu
        flat: Flatten pool
        out: Dense flat
        soft: Activation out
    """)
    found = fold(nodes, {"conv", "norm", "relu", "pool", "out", "soft"})
    assert [(b.name, b.kind, len(b.members)) for b in boxes_of(found)] == [
        ("in", "input", 1),
        ("relu", "conv", 4),
        ("pool", "pool", 2),
        ("soft", "dense", 2),
    ]
    # Padding belongs to what comes next.
    assert boxes_of(found)[1].members == ("pad", "conv", "norm", "relu")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: Conv2D in\nb: Conv2D a", "in a b"),
        # A residual block: one way does nothing.
        ("a: Conv2D in\nb: Conv2D a\ns: Add a b\nc: Conv2D s", "in a [b | ] s c"),
        # Ways of different lengths, one inside of another.
        (
            "a: Conv2D in\nb: Conv2D in\nc: Conv2D b\nd: Conv2D b\ne: Add c d\n"
            "j: Concatenate a e",
            "in [a | b [c | d] e] j",
        ),
        # Two heads: the longer one is the network, the other stands beside it.
        (
            "a: Conv2D in\nh: MaxPooling2D a\ni: Dense h\nb: Conv2D a\nc: Conv2D b\n"
            "d: Dense c",
            "in a >[h i] b c d",
        ),
        # What does not begin or end together cannot be taken apart.
        (
            "a: Conv2D in\nb: Conv2D in\nc: Add a b\nd: Conv2D b\ne: Add c d a",
            "in {a b c d} e",
        ),
    ],
)
def test_ways_that_part_and_meet_again_are_branches(text, expected):
    names = {line.partition(":")[0] for line in text.splitlines()} | {"in"}
    nodes = graph(text)
    assert drawn(fold(nodes, names)) == expected


def cells():
    """Return cells as in NASNet: each reads the two before it."""
    lines = ["c0: Conv2D in", "c1: Conv2D c0"]
    for i in range(2, 6):
        before, last = f"c{i - 1}", f"c{i - 2}"
        lines += [f"a{i}: Conv2D {before}", f"b{i}: Conv2D {last}"]
        lines += [f"d{i}: Add a{i} b{i}", f"c{i}: Concatenate d{i} b{i} {last}"]
    return fold(graph("\n".join(lines)))


def test_cells_that_read_two_cells_back_are_cut_where_little_is_passed_on():
    found = cells()
    assert [drawn(item) for item in found.items if isinstance(item, Box)][-2:] == [
        "c4",
        "c5",
    ]
    groups = [item for item in found.items if isinstance(item, Group)]
    assert [len(group.boxes) for group in groups] == [4, 3, 3, 3]
    assert len(boxes_of(found)) == 3 + 4 * 4


def test_cells_are_cut_apart_however_the_file_lists_them():
    lines = ["c0: Conv2D in", "c1: Conv2D c0", "p2: MaxPooling2D c0"]
    for i in range(2, 6):
        # What hangs on the cell before the last is listed a cell too early.
        lines += [f"p{i + 1}: MaxPooling2D c{i - 1}"] if i < 5 else []
        lines += [f"a{i}: Conv2D c{i - 1}", f"b{i}: Conv2D a{i}"]
        lines += [f"c{i}: Concatenate b{i} p{i} a{i}"]
    found = fold(graph("\n".join(lines)))
    groups = [item for item in found.items if isinstance(item, Group)]
    cells = [sorted(box.name for box in group.boxes) for group in groups]
    expected = [[f"a{i}", f"b{i}", f"p{i}"] for i in range(2, 6)]
    expected[0].insert(2, "c1")
    assert cells == expected


def test_each_connection_of_a_cell_is_drawn():
    found = cells()
    made = diagram(found)
    placed = {one.box.name: one for one in made.boxes}

    def reached(name, *starts):
        """Whether lines lead from the top of a box up to others."""
        one = placed[name]
        stack = [(one.x + one.width // 2, one.y)]
        seen = set(stack)
        while stack:
            x, y = stack.pop()
            for x1, y1, x2, y2 in made.lines:
                if (x2, y2) == (x, y) and (x1, y1) not in seen:
                    seen.add((x1, y1))
                    stack.append((x1, y1))
        bottoms = [(placed[s], placed[s].y + placed[s].height) for s in starts]
        return all(
            any(
                (x, y) in seen
                for x in range(box.x, box.x + box.width + 1)
                for y in (bottom, box.y + box.height // 2)
            )
            for box, bottom in bottoms
        )

    assert reached("a4", "c3")
    assert reached("b4", "c2")
    assert reached("d4", "a4", "b4")
    assert reached("c4", "d4", "b4", "c2")
    assert not reached("a4", "b4")


def test_boxes_of_a_cell_are_called_by_names_that_somebody_gave():
    found = fold(
        graph("""
        activation: Activation in
        left1_7: SeparableConv2D activation
        left1_bn_7: BatchNormalization left1_7
        activation_1: Activation left1_bn_7
        right1_7: SeparableConv2D in
        add_1_7: Add activation_1 right1_7
        pool_7: AveragePooling2D right1_7
        add_2_7: Add pool_7 activation_1
        join_7: Concatenate add_1_7 add_2_7 in
        """),
        {"activation_1", "right1_7", "add_1_7", "pool_7", "add_2_7", "join_7"},
    )
    titles = {box.name: box.title for box in boxes_of(found)}
    assert titles["activation_1"] == "left1_bn_7"
    labels = {one.box.name: one.label for one in diagram(found).boxes}
    assert labels["join_7"] == "join_7"  # there is room for all of it


def test_where_a_cell_is_crowded_its_number_is_left_out():
    ways = [f"conv_left{i}_cell_7: Conv2D in" for i in range(8)]
    reads = [f"conv_left{i}_cell_7 conv_left{i + 1}_cell_7" for i in range(7)]
    joins = [f"sum_{i}_cell_7: Add {read}" for i, read in enumerate(reads)]
    last = "end: Concatenate " + " ".join(f"sum_{i}_cell_7" for i in range(7))
    made = diagram(fold(graph("\n".join([*ways, *joins, last]))))
    labels = {one.box.name: one.label for one in made.boxes}
    assert labels["conv_left3_cell_7"] == "left3"
    assert labels["sum_0_cell_7"] == "sum_0"


def test_a_thousand_operations_are_folded_and_laid_out():
    lines, last = [], "in"
    for i in range(250):
        lines += [f"c{i}: Conv2D {last}", f"n{i}: BatchNormalization c{i}"]
        lines += [f"s{i}: Add n{i} {last}", f"r{i}: ReLU s{i}"]
        last = f"r{i}"
    made = diagram(fold(graph("\n".join(lines))))
    assert len(made.boxes) == 1 + 2 * 250
    assert [placed.y for placed in made.boxes] == sorted(p.y for p in made.boxes)


def test_where_there_is_little_room_neighbours_do_not_repeat_what_they_share():
    made = diagram(outline(TinyInception()))
    labels = {placed.box.name: placed.label for placed in made.boxes}
    assert labels["mixed3a_3x3_bottleneck"] == "3x3_bottleneck"
    assert labels["mixed3a_3x3"] == "mixed3a_3x3"
    assert labels["mixed3a"] == "mixed3a"


def every_node_once(model):
    found = outline(model)
    members = [name for box in boxes_of(found) for name in box.members]
    assert sorted(members) == sorted(node.name for node in graph_nodes(model))
    return found


def test_the_stand_in_has_nine_blocks_of_four_ways_and_two_heads(stand_in):
    found = every_node_once(InceptionV1(stand_in))
    branches = [item for item in found.items if isinstance(item, Branches)]
    assert sum(len(item.ways) == 4 for item in branches) == 9
    assert sum(item.open for item in branches) == 2
    assert not any(isinstance(item, Group) for item in found.items)


def test_nested_and_subclassed_models_have_an_outline():
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Conv2D(3, 3, padding="same")

        def call(self, x):
            return x + self.first(x)

    class Own(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.first, self.block = keras.layers.Conv2D(3, 3), Block()

        def call(self, x):
            return self.block(self.first(x))

    inner = keras.Sequential([keras.layers.Conv2D(3, 1, name="c")], name="inner")
    inputs = keras.Input((12, 16, 3))
    nested = from_keras(keras.Model(inputs, Block()(inner(inputs)) + inputs), (0, 1))
    assert drawn(every_node_once(nested)) == "input [inner/c block | ] add"
    own = from_keras(Own(), (0, 1), image_shape=(12, 16, 3))
    names = [box.name for box in boxes_of(outline(own))]
    assert names[-1] == "block"
    assert "conv2d" in names[0] + names[1]


def overlap(a, b):
    beside = a.x + a.width <= b.x or b.x + b.width <= a.x
    above = a.y + a.height <= b.y or b.y + b.height <= a.y
    return not beside and not above


@pytest.mark.parametrize("name", ["stand-in", "many ways", "cells", "tangled"])
def test_no_box_covers_another_and_all_are_inside(name, request):
    if name == "stand-in":
        found = outline(InceptionV1(request.getfixturevalue("stand_in")))
    elif name == "cells":
        found = cells()
    elif name == "tangled":  # each reads three others
        lines = ["n0: Conv2D in", "n1: Conv2D in", "n2: Conv2D n0"]
        lines += [f"n{i}: Add n{i - 1} n{i // 2} n{i // 3}" for i in range(3, 60)]
        found = fold(graph("\n".join(lines)))
    else:
        ways = [f"w{i}: Conv2D in" for i in range(40)]
        sources = " ".join(f"w{i}" for i in range(40))
        found = fold(graph("\n".join([*ways, f"j: Add {sources}"])))
    made = diagram(found)
    assert len(made.boxes) == len(boxes_of(found))
    for one, other in combinations(made.boxes, 2):
        assert not overlap(one, other), (one, other)
    for placed in made.boxes:
        assert placed.x >= 0
        assert placed.x + placed.width <= made.width == WIDTH
        assert placed.y + placed.height <= made.height
        assert placed.width >= 1
    if name in ("stand-in", "many ways"):
        assert all(x1 == x2 or y1 == y2 for x1, y1, x2, y2 in made.lines)
    assert all(0 <= x <= WIDTH for x1, _, x2, _ in made.lines for x in (x1, x2))
    assert all(y1 <= y2 for _, y1, _, y2 in made.lines)
