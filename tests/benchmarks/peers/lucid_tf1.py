"""Lucid's way in TensorFlow 1: one graph, one session, `compat.v1`.

The parameterization, the five transforms one by one, the frozen graph imported as it
is under the redirected ReLU, and TensorFlow 1's Adam, as Lucid 0.3 builds them. Its
rotation (`tf.contrib.image.rotate`) is gone; the same projective transform stands in.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import serving
import tensorflow as tf

given = serving.arguments()
tf1 = tf.compat.v1
tf1.disable_eager_execution()
graph_def = tf1.GraphDef()
graph_def.ParseFromString(Path(given["graph"]).read_bytes())
size, batch = given["size"], given["batch"]


@tf.RegisterGradient("Redirected")
def _redirected(op, grad):
    x = op.inputs[0]
    ordinary = tf.where(x < 0.0, tf.zeros_like(grad), grad)
    hopeless = (x < 0.0) & (grad > 0.0)
    redirected = tf.where(hopeless, tf.zeros_like(grad), grad)
    flat = tf.reshape(tf.abs(ordinary), [-1, tf.size(x) // tf.shape(x)[0]])
    alive = tf.reduce_sum(flat, axis=1) > 0.0
    warm = tf1.train.get_or_create_global_step() > 16
    alive = tf.reshape(alive | warm, [-1, 1, 1, 1])
    return tf.where(alive & tf.ones_like(x, tf.bool), ordinary, redirected)


def image():
    """Return the images: frequencies, and colours turned to their axes."""
    rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    freqs = np.maximum(np.hypot(rows, columns), 1 / size)
    shape = (2, batch, 3, *freqs.shape)
    start = np.random.default_rng(0).normal(0, 0.01, shape).astype("f4")
    variable = tf1.Variable(start)
    spectrum = tf.complex(variable[0], variable[1]) * (size / freqs).astype("f4")
    pixels = tf.transpose(tf.signal.irfft2d(spectrum), [0, 2, 3, 1]) / 4.0
    color = np.array([[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]], "f4")
    color /= np.linalg.norm(color, axis=0).max()
    flat = tf.matmul(tf.reshape(pixels, [-1, 3]), color.T)
    return tf.sigmoid(tf.reshape(flat, [batch, size, size, 3]))


def pick(values):
    """Return one of some values, drawn anew in every run."""
    return tf.constant(values, tf.float32)[
        tf.random.uniform([], 0, len(values), tf.int32)
    ]


def jitter(t, distance):
    """Cut out a random part."""
    shape = tf.shape(t)
    return tf1.random_crop(t, tf.concat([shape[:1], shape[1:3] - distance, [3]], 0))


def rotate(t, angle):
    """Turn about the middle, by nearest neighbours."""
    cos, sin = tf.cos(angle), tf.sin(angle)
    height, width = (tf.cast(tf.shape(t)[axis], tf.float32) - 1 for axis in (1, 2))
    x = (width - cos * width + sin * height) / 2
    y = (height - sin * width - cos * height) / 2
    zero = tf.zeros([])
    return tf.raw_ops.ImageProjectiveTransformV2(
        images=t,
        transforms=tf.stack([cos, -sin, x, sin, cos, y, zero, zero])[None],
        output_shape=tf.shape(t)[1:3],
        interpolation="NEAREST",
    )


def transformed(t):
    """Return the images through the five standard transforms."""
    t = tf.pad(t, [[0, 0], [12, 12], [12, 12], [0, 0]], constant_values=0.5)
    t = jitter(t, 8)
    scale = pick([1 + (i - 5) / 50 for i in range(11)])
    new = tf.cast(scale * tf.cast(tf.shape(t)[1:3], tf.float32), tf.int32)
    t = tf1.image.resize_bilinear(t, new)
    t = rotate(t, pick([*range(-10, 11), *[0] * 5]) * math.pi / 180)
    return jitter(t, 4)


step = tf1.train.get_or_create_global_step()
images = image()
seen = transformed(images) * 255.0 - 117.0
graph = tf1.get_default_graph()
with graph.gradient_override_map({"Relu": "Redirected"}):
    towers = ["1x1", "3x3", "5x5", "pool_reduce"]
    names = [f"{given['layer']}_{tower}_pre_relu:0" for tower in towers]
    outputs = tf1.import_graph_def(graph_def, {"input": seen}, names)
acts = tf.concat(outputs, axis=3)
chosen = [acts[i, ..., 30 + i] for i in range(batch)]
objective = tf.add_n([tf.reduce_mean(each) for each in chosen])
update = tf1.train.AdamOptimizer(0.05).minimize(-objective, global_step=step)
session = tf1.Session()
session.run(tf1.global_variables_initializer())


def advance(count: int) -> None:
    """Do updates, and look at each one's value."""
    for _ in range(count):
        session.run([update, objective])


serving.serve(advance, f"TensorFlow {tf.__version__}, compat.v1")
