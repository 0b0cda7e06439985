"""Do attributions point at the object, add up, and beat chance? On MobileNet and 28 photos.

    python tests/benchmarks/attribution.py [pointing] [complete] [deletion] [sanity]
        [--photos N] [--sheet sheet.png]

- pointing: Grad-CAM's highest position lies inside the object (bar: 20 of 28). The objects'
  boxes, `BOXES`, were drawn by eye on the photos before any map was looked at. `--sheet`
  writes a picture of all photos with map, peak and boxes: to be looked at.
- complete: values of integrated gradients add up to 1 % of what they should.
- deletion: the area under the deletion curve of every method, against that of random maps.
- sanity: maps of the network with random weights differ (rank correlation, largest).

Photos, labels and weights are looked up in `$LUCID_SHARED`.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageDraw

from lucid_widgets import attribution
from lucid_widgets.attribution.metrics import _rank_correlation
from lucid_widgets.misc.heat_maps import resize_map
from lucid_widgets.misc.io import save
from lucid_widgets.misc.photos import as_photos
from lucid_widgets.misc.sprites import sprite_sheet
from lucid_widgets.modelzoo import vision_models as models

SHARED = Path(os.environ.get("LUCID_SHARED", Path(__file__).parents[3] / "shared"))
SIDE = 224

# (top, left, bottom, right) as parts of the photo; several where there are several.
BOXES = {
    "goldfish": [(0.18, 0.08, 0.80, 0.80)],
    "macaw": [(0.22, 0.42, 0.95, 0.86)],
    "hummingbird": [(0.23, 0.13, 0.75, 0.75)],
    "brain_coral": [(0.00, 0.37, 1.00, 1.00)],
    "flamingo": [(0.32, 0.26, 0.76, 0.78)],
    "king_penguin": [(0.19, 0.29, 0.88, 0.66)],
    "beagle": [(0.04, 0.05, 1.00, 0.95)],
    "golden_retriever": [(0.24, 0.16, 0.82, 0.78)],
    "tabby": [(0.00, 0.00, 0.62, 1.00)],
    "tiger_cat": [(0.05, 0.00, 1.00, 0.65), (0.60, 0.30, 1.00, 1.00)],
    "Persian_cat": [(0.05, 0.02, 1.00, 1.00)],
    "Egyptian_cat": [(0.00, 0.10, 1.00, 0.98)],
    "ladybug": [(0.44, 0.46, 0.80, 0.84)],
    "monarch": [(0.30, 0.18, 0.97, 0.62)],
    "zebra": [(0.06, 0.00, 0.96, 0.82)],
    "giant_panda": [(0.12, 0.09, 1.00, 0.92)],
    "acoustic_guitar": [(0.00, 0.30, 1.00, 1.00)],
    "airliner": [(0.29, 0.05, 0.64, 1.00)],
    "beacon": [(0.13, 0.40, 0.98, 0.88)],
    "castle": [(0.23, 0.10, 0.92, 1.00)],
    "hourglass": [(0.05, 0.22, 0.98, 0.78)],
    "school_bus": [(0.30, 0.05, 0.88, 0.95)],
    "sports_car": [(0.18, 0.08, 0.84, 0.93)],
    "strawberry": [(0.12, 0.09, 0.94, 0.93)],
    "pizza": [(0.06, 0.03, 0.93, 1.00)],
    "espresso": [(0.36, 0.36, 0.88, 0.64)],
    "volcano": [(0.45, 0.00, 1.00, 1.00), (0.10, 0.50, 1.00, 1.00)],
    "daisy": [
        (0.44, 0.38, 0.95, 0.90),
        (0.08, 0.04, 0.28, 0.28),
        (0.04, 0.35, 0.27, 0.58),
        (0.10, 0.60, 0.36, 0.90),
    ],
}


def mobilenet():
    """Return MobileNet 0.75 with labels."""
    weights = SHARED / "data/keras/models/mobilenet_7_5_224_tf.h5"
    network = keras.applications.MobileNet(alpha=0.75, weights=str(weights))
    labels = (SHARED / "data/imagenet_labels.txt").read_text().splitlines()
    return models.from_keras(network, labels=labels)


def pointing(model, files, photos, sheet):
    """Count the photos on which Grad-CAM's peak is inside the object."""
    inside, tiles, captions = [], [], []
    for file, photo in zip(files, photos, strict=True):
        name = file.stem.partition("_")[2]
        found = attribution.grad_cam(model, photo, name.replace("_", " "))
        large = resize_map(found.values[0], SIDE, SIDE)
        row, column = np.unravel_index(large.argmax(), large.shape)
        y, x = (row + 0.5) / SIDE, (column + 0.5) / SIDE
        hit = any(t <= y <= b and left <= x <= r for t, left, b, r in BOXES[name])
        inside.append(hit)
        tiles.append(marked(found.overlay(photo), BOXES[name], row, column, hit=hit))
        captions.append(f"{name}{'' if hit else ' OUTSIDE'}")
    area = [covered(BOXES[file.stem.partition("_")[2]]) for file in files]
    print(
        f"Grad-CAM's peak lies inside the object in {sum(inside)} of {len(files)} photos"
    )
    print(f"  by chance, in {sum(area):.1f}; not in:", *misses(files, inside))
    if sheet:
        save(sprite_sheet(tiles, captions, columns=7, gap=4), sheet, domain=(0, 1))


def misses(files, inside):
    """Return the names of the photos that were missed."""
    return [f.stem for f, hit in zip(files, inside, strict=True) if not hit] or ["-"]


def covered(boxes):
    """Return the part of a photo that boxes cover."""
    grid = np.zeros([200, 200], bool)
    for box in boxes:
        top, left, bottom, right = (round(200 * edge) for edge in box)
        grid[top:bottom, left:right] = True
    return grid.mean()


def marked(pixels, boxes, row, column, *, hit):
    """Return an overlay with boxes and peak drawn in."""
    picture = Image.fromarray((pixels * 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for top, left, bottom, right in boxes:
        edges = [SIDE * edge for edge in (left, top, right, bottom)]
        draw.rectangle(edges, outline=(0, 90, 180), width=2)
    spot = [column - 6, row - 6, column + 6, row + 6]
    draw.ellipse(spot, outline=(0, 0, 0) if hit else (200, 0, 0), width=3)
    return np.asarray(picture, np.float32) / 255


def complete(model, files, photos):
    """Print how far integrated gradients are off."""
    off = []
    for file, photo in zip(files, photos, strict=True):
        start = time.perf_counter()
        name = file.stem.partition("_")[2].replace("_", " ")
        found = attribution.integrated_gradients(model, photo, name)
        off.append(found.relative_delta[0])
        print(
            f"  {name}: off by {off[-1]:.2%} after {found.details['steps'][0]} steps, "
            f"{time.perf_counter() - start:.1f} s",
            flush=True,
        )
    print(
        f"integrated gradients: off by {max(off):.2%} at most, {np.mean(off):.2%} mean"
    )


def deletion(model, files, photos):
    """Print the areas under the deletion and insertion curves, and mu-fidelity."""
    labels = [file.stem.partition("_")[2].replace("_", " ") for file in files]
    rng = np.random.default_rng(0)
    random = [rng.random([1, 14, 14]) for _ in photos]
    print(f"{'':22}deletion  insertion  mu-fidelity   ({len(photos)} photos)")
    for name, method in {"random": None, **attribution.METHODS}.items():
        areas = []
        for photo, label, chance in zip(photos, labels, random, strict=True):
            found = chance if method is None else method(model, photo, label)
            judged = (model, photo, label, found)
            areas.append(
                (
                    attribution.deletion(*judged, steps=15).area[0],
                    attribution.insertion(*judged, steps=15).area[0],
                    attribution.mu_fidelity(*judged, subsets=63)[0],
                )
            )
        figures = np.mean(areas, axis=0)
        print(
            f"{name:22}{figures[0]:8.3f}{figures[1]:11.3f}{figures[2]:13.3f}",
            flush=True,
        )


def sanity(model, files, photos):
    """Print how alike maps are before and after the weights are made random."""
    rng = np.random.default_rng(0)
    kernels = [name for name in model.weight_names if name.endswith("kernel")]
    shuffled = {name: rng.permutation(model.weight(name).ravel()) for name in kernels}
    random = model.edit(
        weights={n: w.reshape(model.weight(n).shape) for n, w in shuffled.items()}
    )
    for name, method in attribution.METHODS.items():
        alike = []
        for file, photo in zip(files, photos, strict=True):
            label = file.stem.partition("_")[2].replace("_", " ")
            maps = [
                np.abs(method(each, photo, label).maps[0]) for each in (model, random)
            ]
            alike.append(_rank_correlation(*(each.ravel() for each in maps)))
        print(
            f"{name}: rank correlation with shuffled weights {max(alike, key=abs):.2f} "
            f"at most, {np.mean(alike):.2f} mean",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=[])
    parser.add_argument("--photos", type=int, default=28)
    parser.add_argument("--sheet")
    options = parser.parse_args()
    model = mobilenet()
    files = sorted((SHARED / "data/photos").glob("*.jpg"))
    files = files[:: max(1, len(files) // options.photos)][: options.photos]
    photos = as_photos(files, size=(SIDE, SIDE))
    parts = options.parts or ["pointing", "complete", "deletion", "sanity"]
    if "pointing" in parts:
        pointing(model, files, photos, options.sheet)
    if "complete" in parts:
        complete(model, files, photos)
    if "deletion" in parts:
        deletion(model, files, photos)
    if "sanity" in parts:
        sanity(model, files, photos)


if __name__ == "__main__":
    main()
