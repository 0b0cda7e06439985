"""Measure the spectrum that `param.maco` ships, on Tiny ImageNet.

usage: python tests/benchmarks/natural_spectrum.py TINY_IMAGENET.zip [--per-class 50]

Writes lucid_widgets/optvis/param/data/natural_spectrum.npz: mean magnitudes of the
first photos of every class of the training set, float16, normalised to a maximum of 1.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from lucid_widgets.optvis.param import magnitude_spectrum

TARGET = Path(__file__).parents[2] / "lucid_widgets/optvis/param/data"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("archive")
    parser.add_argument("--per-class", type=int, default=50)
    arguments = parser.parse_args()
    means = []
    with zipfile.ZipFile(arguments.archive) as archive:
        names = archive.namelist()
        folders = sorted({name.rsplit("/", 1)[0] for name in names if "train/" in name})
        for folder in folders:
            photos = [
                np.asarray(Image.open(io.BytesIO(archive.read(f"{folder}/{n}.webp"))))
                for n in range(arguments.per_class)
            ]
            means.append(magnitude_spectrum(np.stack(photos) / 255.0))
    magnitude = np.mean(means, axis=0)
    magnitude /= magnitude.max()
    TARGET.mkdir(exist_ok=True)
    path = TARGET / "natural_spectrum.npz"
    np.savez_compressed(path, magnitude=magnitude.astype(np.float16))
    print(path, magnitude.shape, path.stat().st_size, "bytes")
    # Slope of log magnitude over log frequency, for lightness.
    profile = magnitude[0, 0, 1:24]
    slope = np.polyfit(np.log(np.arange(1, 24)), np.log(profile), 1)[0]
    print(
        "falls as f **", round(float(slope), 2), "; colour axes relative to lightness:"
    )
    print((magnitude**2).sum((1, 2)) / (magnitude[0] ** 2).sum())


if __name__ == "__main__":
    main()
