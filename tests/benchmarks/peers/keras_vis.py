"""tf-keras-vis: its ActivationMaximization as its documentation calls it."""

from __future__ import annotations

import serving
import tensorflow as tf
from keras_net import inception_v1
from tf_keras_vis.activation_maximization import ActivationMaximization
from topology import CHANNEL

given = serving.arguments()
network = inception_v1(given["layer"], given["size"] + 12)
visualizer = ActivationMaximization(network, clone=False)


def score(output):
    """Return the mean of the channel."""
    return tf.reduce_mean(output[..., CHANNEL])


def advance(count: int) -> None:
    """Do updates."""
    visualizer(score, steps=count)


serving.serve(advance, f"tf-keras-vis, TensorFlow {tf.__version__}")
