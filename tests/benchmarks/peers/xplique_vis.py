"""Xplique: its `optimize`, frequencies and its standard transformations.

It traces its step anew in every call; that time is measured and taken off.
"""

from __future__ import annotations

import keras
import numpy as np
import serving
import tensorflow as tf
from keras_net import inception_v1
from topology import CHANNEL
from xplique.features_visualizations import Objective, optimize

given = serving.arguments()
network = inception_v1(given["layer"], given["size"] + 12)
objective = Objective.channel(network, given["layer"], [CHANNEL])


def seconds(count: int) -> np.ndarray:
    """Return the seconds, of both clocks, that a call with so many updates takes."""
    before = np.array(serving.clocks())
    size = given["size"]
    optimize(
        objective,
        keras.optimizers.Adam(0.05),
        nb_steps=count,
        use_fft=True,
        custom_shape=(size, size),
    )
    return serving.clocks() - before


def advance(count: int) -> tuple[float, float]:
    """Do updates."""
    wall, processor = seconds(count + 1) - seconds(1)
    return float(wall), float(processor)


serving.serve(advance, f"Xplique, TensorFlow {tf.__version__}")
