"""Stride and receptive field of layers: how positions lie on the image.

A position of a layer sees a square of the image, its receptive field; the squares of
two neighbouring positions lie a stride apart. Both follow from the windows on the way:

    receptive field  <-  receptive field + (window - 1) * dilation * stride
    stride           <-  stride * step of the window

Where ways meet, the largest receptive field counts. What averages over all positions
(squeeze and excitation) sees the whole image, and so does what it is multiplied into.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lucid_widgets.modelzoo.nodes import Node, NodeTable, split_output


@dataclass(frozen=True)
class Geometry:
    """How the positions of a layer lie on the image, in pixels, along its height.

    Args:
        stride: distance between neighbouring positions; 0 where there is but one.
        receptive_field: side of the square that one position sees; None for the whole
            image.
    """

    stride: int
    receptive_field: int | None

    def windowed(self, window: int, step: int = 1, dilation: int = 1) -> Geometry:
        """Return the geometry after a window was moved over this layer."""
        seen = self.receptive_field
        if seen is not None:
            seen += (window - 1) * dilation * self.stride
        return Geometry(self.stride * step, seen)

    def refined(self, factor: int) -> Geometry | None:
        """Return the geometry on a finer grid; None where it is finer than pixels.

        How much a position sees then depends on which one it is, see `reach`.
        """
        if self.stride % factor:
            return None
        return Geometry(self.stride // factor, None)


START = Geometry(1, 1)
WHOLE = Geometry(0, None)
"""That of what averages over all positions."""


def join(sources: Sequence[Geometry | None]) -> Geometry | None:
    """Return the geometry where several ways meet; None if their strides differ."""
    known = [source for source in sources if source is not None]
    strides = {source.stride for source in known} - {0}
    if len(known) != len(sources) or not known or len(strides) > 1:
        return None
    seen = [source.receptive_field for source in known]
    fields = [field for field in seen if field is not None]
    return Geometry(max(strides, default=0), max(fields) if fields == seen else None)


# Operations that work on every position by itself.
_POINTWISE = {
    *(
        "Relu",
        "Relu6",
        "Elu",
        "Selu",
        "LeakyRelu",
        "Sigmoid",
        "Tanh",
        "Softplus",
        "Exp",
    ),
    *("BiasAdd", "Add", "AddV2", "AddN", "Sub", "Mul", "Maximum", "Minimum", "RealDiv"),
    *("Identity", "Concat", "ConcatV2", "LRN", "Pad", "PadV2", "MirrorPad", "Rsqrt"),
    *("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "StopGradient", "Neg"),
    *(
        "CheckNumerics",
        "Square",
        "Sqrt",
        "Cast",
        "ClipByValue",
        "Erf",
        "Erfc",
        "Pow",
        "Log",
    ),
}
_TRANSPOSED = "Conv2DBackpropInput"
_WINDOWS = {"Conv2D", "DepthwiseConv2dNative", "MaxPool", "AvgPool"}


def table_geometry(table: NodeTable, input_name: str) -> dict[str, Geometry]:
    """Return the geometry of all nodes that have one.

    Args:
        table: the network.
        input_name: the node that takes the images.
    """
    found: dict[str, Geometry | None] = {input_name: START}
    depending = set(table.depending_on(input_name))
    waiting = [name for name in table if name in depending and name != input_name]
    for name in waiting:  # as listed: in the order of computation
        node = table[name]
        sources = [split_output(source)[0] for source in read_by(node)]
        met = join([found.get(source) for source in sources if source in depending])
        found[name] = None if met is None else after(node, met, table.constant_shape)
    return {name: geometry for name, geometry in found.items() if geometry is not None}


def read_by(node: Node) -> tuple[str, ...]:
    """Return the inputs of a node that are values rather than sizes."""
    return node.inputs[2:3] if node.op == _TRANSPOSED else node.inputs


def after(
    node: Node,
    before: Geometry,
    shape_of: Callable[[str], Sequence[int | None] | None],
) -> Geometry | None:
    """Return the geometry of a node's output; None if it has none.

    Args:
        node: the node.
        before: the geometry of what it reads.
        shape_of: shapes of weights, by name.
    """
    if node.op in _POINTWISE:
        return before
    if node.op == _TRANSPOSED:
        return before.refined(int(node.attributes["strides"][1]))
    if node.op not in _WINDOWS:
        return None
    step = int(node.attributes["strides"][1])
    if node.op in ("MaxPool", "AvgPool"):
        return before.windowed(int(node.attributes["ksize"][1]), step)
    kernel = shape_of(node.inputs[1])
    if kernel is None or kernel[0] is None:
        return None
    dilations = node.attributes.get("dilations") or (1, 1, 1, 1)
    return before.windowed(int(kernel[0]), step, int(dilations[1]))
