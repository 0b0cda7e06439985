"""TinyInception: the small network that comes with the package.

InceptionV1's architecture and node names at about half its width, trained on the
200 classes of Tiny ImageNet. What it was trained on, how, and how well it does:
``data/MODEL_CARD.md``. Names, depths and labels are known without TensorFlow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lucid_widgets.modelzoo.node_model import NodeModel
from lucid_widgets.modelzoo.nodes import Node, NodeTable
from lucid_widgets.modelzoo.vision_base import Layer

DATA = Path(__file__).parent / "data"
WEIGHTS = DATA / "tiny_inception.npz"
LABELS = DATA / "tiny_inception_labels.tsv"

# Channels of each block: 1x1, 3x3 bottleneck, 3x3, 5x5 bottleneck, 5x5, pool reduce.
BLOCKS = {
    "mixed3a": (32, 32, 64, 8, 24, 24),
    "mixed3b": (40, 40, 88, 12, 32, 32),
    "mixed4a": (72, 56, 120, 16, 40, 40),
    "mixed4b": (80, 64, 136, 20, 48, 48),
    "mixed4c": (96, 80, 168, 24, 56, 56),
    "mixed5a": (128, 112, 224, 32, 80, 80),
    "mixed5b": (176, 136, 272, 36, 96, 96),
}
POOL_BEFORE = {"mixed4a": "maxpool4", "mixed5a": "maxpool10"}
CLASSES = 200


class TinyInception(NodeModel):
    """The embedded model: 64x64 photos, 200 classes, 1.83 million parameters.

    Its convolutions take images of any size from 16 px; logits are means over positions.

    Example:
        >>> model = TinyInception()
        >>> model.get_layer("mixed4a").depth
        272
    """

    model_name = "TinyInception"
    dataset = "Tiny ImageNet"
    image_shape = (64, 64, 3)
    image_value_range = (-1.0, 1.0)
    input_name = "input"
    model_path = str(WEIGHTS)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that make good subjects, in the network's order."""
        convolutions = ["conv2d0", "conv2d1", "conv2d2", *BLOCKS]
        return tuple(
            self.describe(name, self._table[name].depth, {kind})
            for kind, names in (("conv", convolutions), ("dense", ["softmax2"]))
            for name in names
        )

    @property
    def labels(self) -> list[str]:
        """Names of the 200 classes, in the order of the network's outputs."""
        return [label for _, label in _classes()]

    @property
    def synset_ids(self) -> list[str]:
        """WordNet identifiers of the classes, such as ``"n02124075"``."""
        return [synset for synset, _ in _classes()]

    @cached_property
    def network_identity(self) -> str:
        """A digest of structure and weights."""
        return "TinyInception:" + hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()

    @cached_property
    def _table(self) -> NodeTable:
        return NodeTable(_nodes())


@cache
def _classes() -> tuple[tuple[str, str], ...]:
    lines = LABELS.read_text(encoding="utf-8").splitlines()
    return tuple(tuple(line.split("\t", 1)) for line in lines)  # type: ignore[misc]


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def _weight(name: str) -> Callable[[], np.ndarray]:
    return lambda: _weights()[name]


def _nodes() -> Iterator[Node]:
    """List the network's nodes, with InceptionV1's names and order."""
    yield Node("input", "Placeholder", depth=3)
    yield from _convolution("conv2d0", "input", 32, stride=2, pad=3)
    yield from _max_pool("maxpool0", "conv2d0", 32)
    yield from _convolution("conv2d1", "maxpool0", 32)
    yield from _convolution("conv2d2", "conv2d1", 96)
    source, depth = "conv2d2", 96
    for name, channels in BLOCKS.items():
        if name in POOL_BEFORE:
            yield from _max_pool(POOL_BEFORE[name], source, depth)
            source = POOL_BEFORE[name]
        yield from _mixed(name, source, depth, channels)
        source, depth = name, _depth(channels)
    yield Node("avgpool0/axes", "Const", value=lambda: np.array([1, 2], np.int32))
    yield Node("avgpool0", "Mean", (source, "avgpool0/axes"), depth=depth)
    logits = "softmax2_pre_activation"
    yield Node("softmax2_w", "Const", value=_weight("softmax2_w"))
    yield Node("softmax2_b", "Const", value=_weight("softmax2_b"))
    yield Node(f"{logits}/matmul", "MatMul", ("avgpool0", "softmax2_w"), depth=CLASSES)
    yield Node(logits, "BiasAdd", (f"{logits}/matmul", "softmax2_b"), depth=CLASSES)
    yield Node("softmax2", "Softmax", (logits,), depth=CLASSES)


def _depth(channels: tuple[int, ...]) -> int:
    one, _, three, _, five, pool = channels
    return one + three + five + pool


def _convolution(
    name: str, source: str, depth: int, *, stride: int = 1, pad: int | None = None
) -> Iterator[Node]:
    before = f"{name}_pre_relu"
    attributes: dict[str, Any] = {"strides": [1, stride, stride, 1], "padding": "SAME"}
    if pad is not None:
        # As in training: the same on both sides, where TensorFlow's SAME would pad
        # one pixel more at the far side.
        attributes["padding"] = "EXPLICIT"
        attributes["explicit_paddings"] = [0, 0, pad, pad, pad, pad, 0, 0]
    yield Node(f"{name}_w", "Const", value=_weight(f"{name}_w"))
    yield Node(f"{name}_b", "Const", value=_weight(f"{name}_b"))
    inputs = (source, f"{name}_w")
    yield Node(f"{before}/conv", "Conv2D", inputs, attributes, depth=depth)
    yield Node(before, "BiasAdd", (f"{before}/conv", f"{name}_b"), depth=depth)
    yield Node(name, "Relu", (before,), depth=depth)


def _max_pool(name: str, source: str, depth: int) -> Iterator[Node]:
    """Halve the resolution: 3x3, padded by one zero on all sides.

    What is pooled went through a ReLU, so that a zero never wins against a real value.
    """
    paddings = np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32)
    yield Node(f"{name}/paddings", "Const", value=lambda: paddings)
    yield Node(f"{name}/pad", "Pad", (source, f"{name}/paddings"), depth=depth)
    attributes = {
        "ksize": [1, 3, 3, 1],
        "strides": [1, 2, 2, 1],
        "padding": "VALID",
    }
    yield Node(name, "MaxPool", (f"{name}/pad",), attributes, depth=depth)


def _mixed(
    name: str, source: str, depth: int, channels: tuple[int, ...]
) -> Iterator[Node]:
    one, three_in, three, five_in, five, pool = channels
    yield from _convolution(f"{name}_1x1", source, one)
    yield from _convolution(f"{name}_3x3_bottleneck", source, three_in)
    yield from _convolution(f"{name}_3x3", f"{name}_3x3_bottleneck", three)
    yield from _convolution(f"{name}_5x5_bottleneck", source, five_in)
    yield from _convolution(f"{name}_5x5", f"{name}_5x5_bottleneck", five)
    attributes = {"ksize": [1, 3, 3, 1], "strides": [1, 1, 1, 1], "padding": "SAME"}
    yield Node(f"{name}_pool", "MaxPool", (source,), attributes, depth=depth)
    yield from _convolution(f"{name}_pool_reduce", f"{name}_pool", pool)
    yield Node(f"{name}/concat_dim", "Const", value=lambda: np.array(3, np.int32))
    towers = [f"{name}_{tower}" for tower in ("1x1", "3x3", "5x5", "pool_reduce")]
    axis, total = f"{name}/concat_dim", _depth(channels)
    yield Node(name, "Concat", (axis, *towers), depth=total)
    before = (axis, *(f"{tower}_pre_relu" for tower in towers))
    yield Node(f"{name}_pre_relu", "Concat", before, depth=total)
