"""Do pictures of classes show these classes? Measured on real ImageNet weights.

    python tests/benchmarks/mobilenet_fidelity.py [--classes 20] [--sheet sheet.png]

Renders classes of MobileNet (alpha 0.75, from `keras.applications`) with default
settings and asks the network what the pictures show, untransformed, at 224 px. The
bar is 18 of 20 recognised (top-1). The logit reached is held against that of plain
gradient ascent on pixels (no transforms, no decorrelated colour), which optimizes
nothing else. The weights are looked up in `$LUCID_SHARED`.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from lucid_widgets.misc.io import save
from lucid_widgets.misc.sprites import sprite_sheet
from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.optvis import objectives, param, render

SHARED = Path(os.environ.get("LUCID_SHARED", Path(__file__).parents[3] / "shared"))
STEPS, BATCH, LOGITS = 512, 5, "conv_preds"


def render_classes(model, classes, param_f, transforms=None):
    """Return the pictures of some classes, [len(classes), height, width, 3]."""
    objective = objectives.Objective.sum(
        objectives.class_logit(LOGITS, int(label), batch=index)
        for index, label in enumerate(classes)
    )
    for frame in render.frames(
        model, objective, param_f, transforms=transforms, steps=STEPS
    ):
        last = frame
    return last.images


def judge(keras_model, images, classes):
    """Return whether each picture is recognised, and its class's logit."""
    seen = tf.image.resize(images, (224, 224)).numpy() * 2 - 1
    logits = keras.Model(keras_model.input, keras_model.get_layer(LOGITS).output)
    values = logits.predict(seen, verbose=0).reshape(len(images), -1)
    return values.argmax(1) == classes, values[np.arange(len(classes)), classes]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet")
    options = parser.parse_args()
    weights = SHARED / "data/keras/models/mobilenet_7_5_224_tf.h5"
    keras_model = keras.applications.MobileNet(alpha=0.75, weights=str(weights))
    model = models.from_keras(keras_model)
    rng = np.random.default_rng(options.seed)
    classes = np.sort(rng.choice(1000, options.classes, replace=False))
    pictures, recognised, ours, plain = [], [], [], []
    for start in range(0, len(classes), BATCH):
        some = classes[start : start + BATCH]
        count = len(some)
        images = render_classes(model, some, lambda n=count: param.image(128, batch=n))
        hits, logits = judge(keras_model, images, some)
        naive = render_classes(
            model,
            some,
            lambda n=count: param.image(128, batch=n, fft=False, decorrelate=False),
            transforms=[],
        )
        pictures.append(images)
        recognised.extend(hits)
        ours.extend(logits)
        plain.extend(judge(keras_model, naive, some)[1])
        print(some, hits, logits.round(1), np.round(plain[-count:], 1), flush=True)
    print(f"recognised: {np.sum(recognised)} of {len(classes)}")
    print(
        f"median logit at 224 px: {np.median(ours):.1f}, pixels: {np.median(plain):.1f}"
    )
    if options.sheet:
        save(sprite_sheet(np.concatenate(pictures)), options.sheet, domain=(0, 1))


if __name__ == "__main__":
    main()
