"""Validation accuracy of the embedded model on Tiny ImageNet's 10,000 photos.

usage: LUCID_SHARED=... python tests/benchmarks/tiny_inception_accuracy.py [--limit N]

The photos are not part of the repository: ``$LUCID_SHARED/data/tiny_imagenet_webp.zip``
holds them as ``val/<synset>/<number>.webp``.
"""

from __future__ import annotations

import argparse
import io
import os
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from lucid_widgets.modelzoo.vision_models import TinyInception

BATCH = 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=None, help="use N photos only")
    limit = parser.parse_args().limit
    archive = Path(os.environ.get("LUCID_SHARED", "../shared"))
    archive = archive / "data" / "tiny_imagenet_webp.zip"
    model = TinyInception()
    classes = {synset: i for i, synset in enumerate(model.synset_ids)}
    first = fifth = seen = 0
    with zipfile.ZipFile(archive) as photos:
        names = sorted(name for name in photos.namelist() if name.startswith("val/"))
        names = names if limit is None else names[:: max(1, len(names) // limit)]
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            truth = np.array([classes[name.split("/")[1]] for name in batch])
            images = np.stack([read(photos, name) for name in batch])
            logits = model.activations(images, "softmax2_pre_activation", BATCH)
            ranked = np.argsort(-logits, axis=-1)
            first += int((ranked[:, 0] == truth).sum())
            fifth += int((ranked[:, :5] == truth[:, None]).any(-1).sum())
            seen += len(batch)
    print(f"{seen} photos: top-1 {first / seen:.2%}, top-5 {fifth / seen:.2%}")


def read(photos: zipfile.ZipFile, name: str) -> np.ndarray:
    with Image.open(io.BytesIO(photos.read(name))) as photo:
        return np.asarray(photo.convert("RGB"), np.float32) / 255


if __name__ == "__main__":
    main()
