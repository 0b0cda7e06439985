"""InceptionV1's topology in Keras, up to one layer; random weights."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import layers
from topology import ALPHA, BETA, BIAS, BLOCKS, POOLED_BEFORE, RADIUS


class Normalization(layers.Layer):
    """Local response normalization."""

    def call(self, x):
        return tf.nn.local_response_normalization(x, RADIUS, BIAS, ALPHA, BETA)


def inception_v1(last: str, size: int) -> keras.Model:
    """Return the network, ending with what `last` gives before its ReLUs."""

    def conv(x, depth, kernel, stride=1):
        return layers.Conv2D(depth, kernel, stride, padding="same")(x)

    def pool(x, stride):
        return layers.MaxPooling2D(3, stride, padding="same")(x)

    relu = layers.ReLU
    images = keras.Input([size, size, 3])
    x = Normalization()(pool(relu()(conv(images, 64, 7, 2)), 2))
    x = relu()(conv(relu()(conv(x, 64, 1)), 192, 3))
    x = pool(Normalization()(x), 2)
    for name, (one, r3, three, r5, five, reduced) in BLOCKS.items():
        if name in POOLED_BEFORE:
            x = pool(x, 2)
        towers = [
            conv(x, one, 1),
            conv(relu()(conv(x, r3, 1)), three, 3),
            conv(relu()(conv(x, r5, 1)), five, 5),
            conv(pool(x, 1), reduced, 1),
        ]
        x = layers.Concatenate(name=name)(towers)
        if name == last:
            break
        x = relu()(x)
    return keras.Model(images, x)
