"""How good is the embedded model? Accuracy, dead channels, and what its pictures show.

    python tests/benchmarks/tiny_inception.py [--only accuracy|pictures|sheets] [--steps 512]
        [--classes 100] [--out DIR] [--weights NPZ]

accuracy    top-1 and top-5 on Tiny ImageNet's 10,000 validation photos, in all and by class
            (the bar is 55 % top-1); and the channels that are never active on 2,000 of them
            (bar: below 2 %)
pictures    does the model recognise its own pictures of 100 random classes, made with default
            settings and shown untransformed at 64 px (bar: 90)? That depends on how they
            are made smaller, so each way counts for itself. Does MobileNet, an
            independent judge, have the right class among its first five (bar: 30 %)?
sheets      contact sheets to look at: 20 random channels of three layers, 40 random classes

`--weights` asks the same of other weights, such as those of a training of one's own.

Photos and MobileNet are not part of the repository; they are looked up in `$LUCID_SHARED`:
``data/tiny_imagenet_webp.zip``, with ``val/<synset>/<number>.webp``, and ``data/keras``.
"""

from __future__ import annotations

import argparse
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image
from PIL.Image import Resampling

from lucid_widgets.misc.io import save
from lucid_widgets.misc.sprites import sprite_sheet
from lucid_widgets.modelzoo import tiny_inception
from lucid_widgets.modelzoo.vision_models import TinyInception
from lucid_widgets.optvis.many import render_many

SHARED = Path(os.environ.get("LUCID_SHARED", Path(__file__).parents[3] / "shared"))
LOGITS = "softmax2_pre_activation"
BATCH = 250
CLASSES_ON_SHEET, CHANNELS_ON_SHEET = 40, 20
SHEETS = ("mixed3b", "mixed4a", "mixed5a")


def accuracy(model: TinyInception, options: argparse.Namespace) -> None:
    """Print how many photos are named rightly, and which channels sleep."""
    classes = {synset: i for i, synset in enumerate(model.synset_ids)}
    layers = [layer.name for layer in model.layers if layer.name != "softmax2"]
    ranks: list[np.ndarray] = []
    truths: list[np.ndarray] = []
    most = {name: np.zeros(model.get_layer(name).depth) for name in layers}
    with zipfile.ZipFile(SHARED / "data" / "tiny_imagenet_webp.zip") as photos:
        names = sorted(name for name in photos.namelist() if name.startswith("val/"))
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            images = np.stack([read(photos, name) for name in batch])
            truth = np.array([classes[name.split("/")[1]] for name in batch])
            logits = model.activations(images, LOGITS, BATCH)
            own = logits[np.arange(len(truth)), truth]
            ranks.append((logits > own[:, None]).sum(axis=1))
            truths.append(truth)
            # Names are sorted by class: every fifth photo is 2,000 of all classes.
            found = model.activations(images[::5], layers, BATCH)
            for name in layers:
                most[name] = np.maximum(most[name], found[name].max(axis=(0, 1, 2)))
    rank, truth = np.concatenate(ranks), np.concatenate(truths)
    print(f"top-1 {np.mean(rank < 1):.2%}, top-5 {np.mean(rank < 5):.2%}")
    dead = {name: np.flatnonzero(most[name] <= 0).tolist() for name in layers}
    share = sum(map(len, dead.values())) / sum(map(len, most.values()))
    print(f"never active: {share:.2%}", {k: v for k, v in dead.items() if v})
    rates = [np.mean(rank[truth == i] < 1) for i in range(len(classes))]
    for i in np.argsort(rates)[::-1]:
        print(f"{rates[i]:4.0%}  {model.labels[i]}")


def read(photos: zipfile.ZipFile, name: str) -> np.ndarray:
    with Image.open(io.BytesIO(photos.read(name))) as photo:
        return np.asarray(photo.convert("RGB"), np.float32) / 255


def pictures(model: TinyInception, options: argparse.Namespace) -> None:
    """Print who recognises the model's pictures of classes, and save these."""
    import keras

    classes = random_numbers(len(model.labels), options.classes)
    images = rendered(model, LOGITS, classes, options.steps)
    np.savez(options.out / "pictures.npz", images=images, classes=classes)
    print("recognised by the model itself, of", len(classes))
    for way in (
        Resampling.BOX,
        Resampling.LANCZOS,
        Resampling.BICUBIC,
        Resampling.BILINEAR,
    ):
        small = np.stack([shrunk(image, way) for image in images])
        seen = model.activations(small, LOGITS, BATCH).argmax(axis=1)
        missed = ", ".join(
            first_word(model.labels[i]) for i in classes[seen != classes]
        )
        print(f"  {way.name.lower():8}  {(seen == classes).sum()}; not: {missed}")
    judge = keras.applications.MobileNet(
        alpha=0.75, weights=str(SHARED / "data/keras/models/mobilenet_7_5_224_tf.h5")
    )
    names = (SHARED / "data/imagenet_labels.txt").read_text("utf-8").splitlines()
    # Some lists write "jelly fish". Two of ImageNet's classes are called "crane"; ours is
    # the second, the machine.
    columns = {first_word(name): i for i, name in enumerate(names)}
    theirs = np.array([columns[first_word(model.labels[i])] for i in classes])
    large = tf.image.resize(images, (224, 224), "bicubic").numpy().clip(0, 1) * 2 - 1
    ranked = np.argsort(-judge.predict(large, verbose=0), axis=1)[:, :5]
    fifth = (ranked == theirs[:, None]).any(axis=1)
    print(f"among MobileNet's first five: {fifth.sum()} of {len(fifth)}")
    save_sheet(options.out / "classes.jpg", images, [model.labels[i] for i in classes])


def shrunk(image: np.ndarray, way: Resampling) -> np.ndarray:
    """Return an image as one of 64 px."""
    small = Image.fromarray((image * 255 + 0.5).astype(np.uint8)).resize((64, 64), way)
    return np.asarray(small, np.float32) / 255


def first_word(label: str) -> str:
    """Return the first name of a class, without blanks."""
    return label.split(",")[0].replace(" ", "")


def sheets(model: TinyInception, options: argparse.Namespace) -> None:
    """Write contact sheets of channels and classes."""
    for layer in SHEETS:
        chosen = random_numbers(model.get_layer(layer).depth, CHANNELS_ON_SHEET)
        images = rendered(model, layer, chosen, options.steps)
        labels = [f"{layer}:{number}" for number in chosen]
        save_sheet(options.out / f"{layer}.jpg", images, labels)
    chosen = random_numbers(len(model.labels), CLASSES_ON_SHEET)
    images = rendered(model, LOGITS, chosen, options.steps)
    save_sheet(
        options.out / "40_classes.jpg", images, [model.labels[i] for i in chosen]
    )


def random_numbers(below: int, count: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(below)[:count]


def rendered(
    model: TinyInception, layer: str, channels: np.ndarray, steps: int
) -> np.ndarray:
    """Return a picture of each channel, [n, 128, 128, 3]."""
    units = [f"{layer}:{channel}" for channel in channels]
    made = render_many(model, units, steps=steps)
    found = {index: frame.images[0] for index, frame in made}
    return np.stack([found[index] for index in range(len(channels))])


def save_sheet(path: Path, images: np.ndarray, labels: list[str]) -> None:
    short = [label.split(",")[0] for label in labels]
    save(sprite_sheet(images, short, 10, gap=4), str(path))
    print(path, flush=True)


PARTS = {"accuracy": accuracy, "pictures": pictures, "sheets": sheets}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--steps", type=int, default=512, help="updates of a picture")
    parser.add_argument("--classes", type=int, default=100, help="pictures of so many")
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--weights", type=Path, default=tiny_inception.WEIGHTS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    tiny_inception.WEIGHTS = options.weights
    for name in options.only or PARTS:
        PARTS[name](TinyInception(), options)


if __name__ == "__main__":
    main()
