"""Stride and receptive field of the steps of a Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lucid_widgets.modelzoo.geometry import START, WHOLE, Geometry, join
from lucid_widgets.modelzoo.reach import (
    Enlarged,
    Reach,
    Read,
    Spread,
    Window,
    largest_fields,
)

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


_TRANSPOSED_LAYERS = {"Conv2DTranspose", "DepthwiseConv2DTranspose"}
_TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}


def steps_geometry(steps: Sequence[Any]) -> list[Geometry | None]:
    """Return the geometry of the steps of a Keras model; None where it has none.

    Args:
        steps: see `lucid_widgets.modelzoo.keras_graph.Step`.
    """
    found: list[Geometry | None] = []
    reads: list[Read] = []
    finer: list[int] = []  # steps behind one that makes the grid finer
    for index, step in enumerate(steps):
        sources = tuple(source for source, _ in step.sources)
        reach = _reach(step)
        reads.append(Read(sources, reach))
        met = join([START if source < 0 else found[source] for source in sources])
        found.append(None if met is None else _after(step.operation, met, reach))
        if isinstance(reach, (Spread, Enlarged)) or set(sources) & set(finer):
            finer.append(index)
    asked = [
        index
        for index in finer
        if (place := found[index]) is not None and place.receptive_field is not None
    ]
    for index, field in largest_fields(reads, asked).items():
        place = found[index]
        assert place is not None
        found[index] = Geometry(place.stride, field)
    return found


def after_layer(layer: Any, before: Geometry) -> Geometry | None:
    """Return the geometry behind a layer that averages, or makes the grid finer."""
    if type(layer).__name__ == "UpSampling2D":
        return before.refined(_first(layer.size))
    return _after(layer, before, None)


def _after(layer: Any, before: Geometry, reach: Reach | None) -> Geometry | None:
    if isinstance(reach, Window):
        return before.windowed(reach.size, reach.step, reach.dilation)
    if isinstance(reach, (Spread, Enlarged)):
        finer = before.refined(reach.factor)
        # How large the field is, is found out once all is known (`largest_fields`).
        return finer and Geometry(finer.stride, before.receptive_field)
    kind = type(layer).__name__
    if kind in ("GlobalAveragePooling2D", "GlobalMaxPooling2D"):
        return WHOLE
    if before == WHOLE and kind in ("Reshape", "Flatten"):
        return before
    return None


def _reach(step: Any) -> Reach | None:
    """Return how a step reads its input along the height; None if not by positions."""
    layer, kind = step.operation, type(step.operation).__name__
    if kind in ("ZeroPadding2D", "Cropping2D"):
        ahead = layer.padding if kind == "ZeroPadding2D" else layer.cropping
        before = int(ahead[0][0])
        return Window(before=before if kind == "ZeroPadding2D" else -before)
    if kind in _POINTWISE_LAYERS:
        return Window()
    if kind in _WINDOW_LAYERS:
        size = layer.pool_size if kind.endswith("Pooling2D") else layer.kernel_size
        window, jump = _first(size), _first(layer.strides)
        dilation = _first(getattr(layer, "dilation_rate", 1))
        before = _padding(layer, _input_height(step), window, jump, dilation)
        return Window(window, jump, dilation, before)
    if kind in _TRANSPOSED_LAYERS and getattr(layer, "output_padding", None) is None:
        window, factor = _first(layer.kernel_size), _first(layer.strides)
        dilation = _first(layer.dilation_rate)
        shape = step.shapes[0]
        before = _padding(layer, shape and shape[1], window, factor, dilation)
        return Spread(window, factor, dilation, before)
    if kind == "UpSampling2D":
        return Enlarged(_first(layer.size), _TAPS.get(layer.interpolation, 10))
    return None


def _padding(
    layer: Any, length: int | None, size: int, step: int, dilation: int
) -> int:
    """Return how many positions of padding stand in front."""
    if layer.padding != "same":
        return 0
    covered = (size - 1) * dilation + 1
    # Of an unknown length: one that the steps fit into.
    last = -step if length is None else (-(-length // step) - 1) * step - length
    return max(last + covered, 0) // 2


def _input_height(step: Any) -> int | None:
    tensors = step.node.arguments.keras_tensors if step.node is not None else ()
    return tensors[0].shape[1] if tensors and len(tensors[0].shape) == 4 else None


def _first(size: Any) -> int:
    return int(size) if isinstance(size, int) else int(size[0])
