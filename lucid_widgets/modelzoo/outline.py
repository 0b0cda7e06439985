"""The outline of a model: its graph of operations, folded until a person can read it.

Three foldings, as in Lucid's overlay graph:

- a convolution with its bias, normalization and ReLU is one `Box`;
- boxes that follow one another are a `Sequence`;
- ways that leave one box and meet again in another are `Branches`, each a sequence.

What cannot be folded like that (cells that read the two cells before them) is cut where
few values are passed on, and each piece is a `Group`.
"""

from __future__ import annotations

from typing import Any

from lucid_widgets.modelzoo.boxes import (
    Box,
    Branches,
    Group,
    Item,
    Sequence,
    boxes_of,
    firsts,
)
from lucid_widgets.modelzoo.folding import fold
from lucid_widgets.modelzoo.graph_nodes import GraphNode, graph_nodes

__all__ = [
    "Box",
    "Branches",
    "GraphNode",
    "Group",
    "Item",
    "Sequence",
    "boxes_of",
    "firsts",
    "fold",
    "graph_nodes",
    "outline",
]


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
