"""Stride and receptive field of layers: how positions lie on the image.

A position of a layer sees a square of the image, its receptive field; the squares of
two neighbouring positions lie a stride apart. Both follow from the windows on the way:

    receptive field  <-  receptive field + (window - 1) * dilation * stride
    stride           <-  stride * step of the window

Where ways meet, the largest receptive field counts. What averages over all positions
(squeeze and excitation) sees the whole image, and so does what it is multiplied into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


START = Geometry(1, 1)
_AVERAGE = Geometry(0, None)


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
    *("CheckNumerics", "Square", "Sqrt", "Cast", "ClipByValue"),
}
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
        sources = [split_output(source)[0] for source in node.inputs]
        met = join([found.get(source) for source in sources if source in depending])
        found[name] = None if met is None else _after(node, met, table)
    return {name: geometry for name, geometry in found.items() if geometry is not None}


def _after(node: Node, before: Geometry, table: NodeTable) -> Geometry | None:
    if node.op in _POINTWISE:
        return before
    if node.op not in _WINDOWS:
        return None
    step = int(node.attributes["strides"][1])
    if node.op in ("MaxPool", "AvgPool"):
        return before.windowed(int(node.attributes["ksize"][1]), step)
    kernel = table.constant_shape(node.inputs[1])
    if kernel is None:
        return None
    dilations = node.attributes.get("dilations") or (1, 1, 1, 1)
    return before.windowed(int(kernel[0]), step, int(dilations[1]))


_POINTWISE_LAYERS = {
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "BatchNormalization", "Add"),
    *("Dropout", "SpatialDropout2D", "ZeroPadding2D", "Cropping2D", "Concatenate"),
    *("Multiply", "Average", "Maximum", "Subtract", "Rescaling", "Normalization"),
    *("LayerNormalization", "GroupNormalization", "LayerScale", "StochasticDepth"),
    *("CustomScaleLayer", "Relu", "Relu6", "Silu", "Gelu", "HardSwish", "Identity"),
    *("LeakyRelu", "Elu", "Selu", "Sigmoid", "HardSigmoid", "HardSilu", "Tanh", "Clip"),
    *("Softmax", "Softplus", "Divide", "TrueDivide", "Negative", "Absolute", "Square"),
    *(
        "Sqrt",
        "Power",
        "Exp",
        "Log",
        "Sin",
        "Cos",
        "Minimum",
        "Where",
        "Greater",
        "Less",
    ),
    *("Dense", "EinsumDense", "GaussianNoise", "GaussianDropout", "Cast"),
}
_WINDOW_LAYERS = {
    *(
        "Conv2D",
        "DepthwiseConv2D",
        "SeparableConv2D",
        "MaxPooling2D",
        "AveragePooling2D",
    ),
}


def steps_geometry(steps: Sequence[Any]) -> list[Geometry | None]:
    """Return the geometry of the steps of a Keras model; None where it has none.

    Args:
        steps: see `lucid_widgets.modelzoo.keras_graph.Step`.
    """
    found: list[Geometry | None] = []
    for step in steps:
        met = join([START if i < 0 else found[i] for i, _ in step.sources])
        found.append(None if met is None else _after_layer(step.operation, met))
    return found


def _after_layer(layer: Any, before: Geometry) -> Geometry | None:
    kind = type(layer).__name__
    if kind in _POINTWISE_LAYERS:
        return before
    if kind in ("GlobalAveragePooling2D", "GlobalMaxPooling2D"):
        return _AVERAGE
    if before == _AVERAGE and kind in ("Reshape", "Flatten"):
        return before
    if kind not in _WINDOW_LAYERS:
        return None
    window = layer.pool_size if kind.endswith("Pooling2D") else layer.kernel_size
    dilation = getattr(layer, "dilation_rate", 1)
    return before.windowed(_first(window), _first(layer.strides), _first(dilation))


def _first(size: Any) -> int:
    return int(size) if isinstance(size, int) else int(size[0])
