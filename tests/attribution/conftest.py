"""A linear network, of which all attributions can be worked out by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property

import numpy as np
import pytest

from lucid_widgets.modelzoo.node_model import NodeModel
from lucid_widgets.modelzoo.nodes import Node, NodeTable
from lucid_widgets.modelzoo.vision_base import Layer

HEIGHT, WIDTH = 6, 8
LOW, HIGH = -1.0, 2.0


class LinearModel(NodeModel):
    """image -> times W1 -> times a mask (features, 5) -> mean -> times W2 (logits, 4).

    Nothing in it is bent, and positions count differently.
    """

    model_name = "LinearModel"
    image_shape = (HEIGHT, WIDTH, 3)
    image_value_range = (LOW, HIGH)
    labels = ["ant", "bee, honey bee", "crane", "crane"]  # noqa: RUF012
    identity = "LinearModel:seed 3"

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.w1 = rng.normal(size=[3, 5]).astype(np.float32)
        self.w2 = rng.normal(size=[5, 4]).astype(np.float32)
        self.mask = rng.uniform(0.2, 2, size=[HEIGHT, WIDTH, 1]).astype(np.float32)
        self.bias = np.array([0.5, -1, 2, 0], np.float32)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        return (
            Layer(self.model_name, "features", 5, {"conv"}),
            Layer(self.model_name, "softmax", 4, {"dense"}),
        )

    @cached_property
    def _table(self) -> NodeTable:
        return NodeTable(self._nodes())

    def _nodes(self) -> Iterator[Node]:
        plain = {"strides": [1, 1, 1, 1], "padding": "VALID"}
        yield Node("input", "Placeholder", depth=3)
        yield Node("w1", "Const", value=lambda: self.w1[None, None])
        yield Node("mask", "Const", value=lambda: self.mask[None])
        yield Node("axes", "Const", value=lambda: np.array([1, 2], np.int32))
        yield Node("w2", "Const", value=lambda: self.w2)
        yield Node("bias", "Const", value=lambda: self.bias)
        yield Node("colours", "Conv2D", ("input", "w1"), plain, depth=5)
        yield Node("features", "Mul", ("colours", "mask"), depth=5)
        yield Node("mean", "Mean", ("features", "axes"), depth=5)
        yield Node("product", "MatMul", ("mean", "w2"), depth=4)
        yield Node("logits", "BiasAdd", ("product", "bias"), depth=4)
        yield Node("softmax", "Softmax", ("logits",), depth=4)

    # By hand, in numpy ------------------------------------------------------

    def features_of(self, images: np.ndarray) -> np.ndarray:
        return ((LOW + images * (HIGH - LOW)) @ self.w1) * self.mask

    def logits_of(self, images: np.ndarray) -> np.ndarray:
        return self.features_of(images).mean(axis=(1, 2)) @ self.w2 + self.bias

    def image_gradient(self, k: int) -> np.ndarray:
        """Of logit k, with respect to the pixels in [0, 1]: ``[height, width, 3]``."""
        per_feature = self.w2[:, k] / (HEIGHT * WIDTH)
        return (HIGH - LOW) * self.mask * (self.w1 @ per_feature)

    def feature_gradient(self, k: int) -> np.ndarray:
        """Of logit k, with respect to the features at any position: ``[5]``."""
        return self.w2[:, k] / (HEIGHT * WIDTH)


@pytest.fixture(scope="session")
def linear() -> LinearModel:
    return LinearModel()


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    rng = np.random.default_rng(11)
    return rng.random([3, HEIGHT, WIDTH, 3]).astype(np.float32)


@pytest.fixture(scope="session")
def mobilenet(shared_data):
    """MobileNet 0.75 with ImageNet's weights, and labels."""
    weights = shared_data / "data" / "keras" / "models" / "mobilenet_7_5_224_tf.h5"
    if not weights.is_file():
        pytest.skip(f"no MobileNet weights at {weights}")
    import keras

    from lucid_widgets.modelzoo.vision_models import from_keras

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", os.fspath(shared_data / "data" / "keras"))
        network = keras.applications.MobileNet(alpha=0.75, weights=os.fspath(weights))
    labels = (shared_data / "data" / "imagenet_labels.txt").read_text().splitlines()
    return from_keras(network, labels=labels)
