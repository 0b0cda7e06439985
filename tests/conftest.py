"""What all tests share: a model of milliseconds, and where large files may lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

# Before TensorFlow is imported, by whichever test: quiet.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from lucid_widgets.modelzoo.node_model import NodeModel
from lucid_widgets.modelzoo.nodes import Node, NodeTable
from lucid_widgets.modelzoo.vision_base import Layer

ROOT = Path(__file__).resolve().parent.parent


class TinyModel(NodeModel):
    """Two convolutions with a pool between them, and four classes; seeded.

    input [h, w, 3] -> conv1 (5) -> pool1 -> conv2 (7) -> mean -> logits (4) -> softmax
    """

    model_name = "TinyModel"
    image_shape = (20, 28, 3)
    image_value_range = (-1.0, 2.0)
    labels = ["ant", "bee", "cat", "dog"]  # noqa: RUF012 - a fixed list is fine here
    network_identity = "TinyModel:seed 7"

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        tags = {"conv1": "conv", "conv2": "conv", "softmax": "dense"}
        return tuple(
            Layer(self.model_name, name, self._table[name].depth, {tag})
            for name, tag in tags.items()
        )

    @cached_property
    def _table(self) -> NodeTable:
        return NodeTable(_tiny_nodes(np.random.default_rng(7)))


def _tiny_nodes(rng: np.random.Generator) -> Iterator[Node]:
    def weights(name: str, *shape: int) -> Node:
        spread = (2.0 / np.prod(shape[:-1])) ** 0.5 if len(shape) > 1 else 0.1
        value = (spread * rng.normal(size=shape)).astype(np.float32)
        return Node(name, "Const", value=lambda: value)

    def convolution(name: str, source: str, before: int, depth: int) -> Iterator[Node]:
        plain: dict[str, Any] = {"strides": [1, 1, 1, 1], "padding": "SAME"}
        yield weights(f"{name}_w", 3, 3, before, depth)
        yield weights(f"{name}_b", depth)
        yield Node(f"{name}_conv", "Conv2D", (source, f"{name}_w"), plain, depth=depth)
        inputs = (f"{name}_conv", f"{name}_b")
        yield Node(f"{name}_pre_relu", "BiasAdd", inputs, depth=depth)
        yield Node(name, "Relu", (f"{name}_pre_relu",), depth=depth)

    yield Node("input", "Placeholder", depth=3)
    yield from convolution("conv1", "input", 3, 5)
    pool = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
    yield Node("pool1", "MaxPool", ("conv1",), pool, depth=5)
    yield from convolution("conv2", "pool1", 5, 7)
    yield Node("mean/axes", "Const", value=lambda: np.array([1, 2], np.int32))
    yield Node("mean", "Mean", ("conv2", "mean/axes"), depth=7)
    yield weights("logits_w", 7, 4)
    yield weights("logits_b", 4)
    yield Node("logits/matmul", "MatMul", ("mean", "logits_w"), depth=4)
    yield Node("logits", "BiasAdd", ("logits/matmul", "logits_b"), depth=4)
    yield Node("softmax", "Softmax", ("logits",), depth=4)


@pytest.fixture(scope="session")
def tiny_model() -> TinyModel:
    """A network of two convolutional layers: milliseconds on a CPU."""
    return TinyModel()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Photos, models and data sets that are too large for the repository."""
    path = Path(os.environ.get("LUCID_SHARED", ROOT.parent / "shared"))
    if not (path / "data").is_dir():
        pytest.skip(f"no shared data at {path}: set LUCID_SHARED")
    return path
