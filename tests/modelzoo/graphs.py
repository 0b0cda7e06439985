"""A small GraphDef written with TensorFlow, and the same network in Keras."""

from __future__ import annotations

from typing import Any

import numpy as np


def block_weights(seed: int = 0) -> dict[str, np.ndarray]:
    """Weights of a block of two towers with 5 and 7 channels, and of a head."""
    rng = np.random.default_rng(seed)
    shapes = {"stem": (5, 5, 3, 6), "one": (1, 1, 6, 5), "three": (3, 3, 6, 7)}
    weights = {}
    for name, shape in {**shapes, "head": (12, 4)}.items():
        weights[f"{name}_w"] = rng.normal(0, 0.3, shape).astype(np.float32)
        weights[f"{name}_b"] = rng.normal(0, 0.3, shape[-1:]).astype(np.float32)
    return weights


def block_graphdef(weights: dict[str, np.ndarray], *, concat: str = "ConcatV2") -> Any:
    """Return a frozen GraphDef: stem/2, max-pool/2, two towers, mean, softmax."""
    import tensorflow as tf

    graph, raw = tf.Graph(), tf.raw_ops

    def conv(x: Any, name: str, stride: int, padding: str = "SAME") -> Any:
        kernel = tf.constant(weights[f"{name}_w"], name=f"{name}_w")
        bias = tf.constant(weights[f"{name}_b"], name=f"{name}_b")
        strides = [1, stride, stride, 1]
        y = raw.Conv2D(
            input=x,
            filter=kernel,
            strides=strides,
            padding=padding,
            name=f"{name}/conv",
        )
        y = raw.BiasAdd(value=y, bias=bias, name=f"{name}_pre_relu")
        return raw.Relu(features=y, name=name)

    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 24, 32, 3], name="images")
        x = conv(x, "stem", 2)
        x = raw.MaxPool(
            input=x,
            ksize=[1, 3, 3, 1],
            strides=[1, 2, 2, 1],
            padding="SAME",
            name="pool",
        )
        towers = [conv(x, "one", 1), conv(x, "three", 1)]
        if concat == "ConcatV2":
            x = raw.ConcatV2(values=towers, axis=3, name="mixed")
        else:
            x = raw.Concat(concat_dim=3, values=towers, name="mixed")
        x = tf.reduce_mean(x, [1, 2], name="mean")
        x = raw.MatMul(a=x, b=tf.constant(weights["head_w"], name="head_w"), name="mul")
        x = raw.BiasAdd(value=x, bias=tf.constant(weights["head_b"]), name="logits")
        raw.Softmax(logits=x, name="classes")
    return graph.as_graph_def()


def block_keras(weights: dict[str, np.ndarray]) -> Any:
    """Return the same network as a functional Keras model."""
    import keras

    def conv(x: Any, name: str, stride: int) -> Any:
        kernel = weights[f"{name}_w"]
        layer = keras.layers.Conv2D(
            kernel.shape[-1],
            kernel.shape[0],
            stride,
            padding="same",
            activation="relu",
            name=name,
        )
        y = layer(x)
        layer.set_weights([kernel, weights[f"{name}_b"]])
        return y

    images = keras.Input((None, None, 3), name="images")
    x = conv(images, "stem", 2)
    x = keras.layers.MaxPooling2D(3, 2, padding="same", name="pool")(x)
    x = keras.layers.Concatenate(name="mixed")([conv(x, "one", 1), conv(x, "three", 1)])
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    head = keras.layers.Dense(4, activation="softmax", name="classes")
    x = head(x)
    head.set_weights([weights["head_w"], weights["head_b"]])
    return keras.Model(images, x, name="block")
