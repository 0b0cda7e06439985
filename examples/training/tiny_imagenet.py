"""Tiny ImageNet as the training of TinyInception wants it: photos, opinions, variety."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from lucid_widgets.modelzoo import tiny_inception

CLASSES = tiny_inception.CLASSES


def photos(archive: Path, folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 photos [n, 64, 64, 3], decoded once, and the number of their class."""
    synsets = [synset for synset, _ in tiny_inception._classes()]
    with zipfile.ZipFile(archive) as files:
        names = sorted(n for n in files.namelist() if n.startswith(f"{part}/"))
        truth = np.array([synsets.index(n.split("/")[1]) for n in names])
        path = folder / f"{part}.npy"
        if not path.exists():
            half = path.with_suffix(".part.npy")
            pixels = np.lib.format.open_memmap(
                half, "w+", np.uint8, (len(names), 64, 64, 3)
            )
            for i, name in enumerate(names):
                with Image.open(io.BytesIO(files.read(name))) as photo:
                    pixels[i] = np.asarray(photo.convert("RGB"))
            pixels.flush()
            half.replace(path)
    return np.load(path, mmap_mode="r"), truth


def teacher_logits(pixels: np.ndarray, truth: np.ndarray, folder: Path) -> np.ndarray:
    """Return what a teacher thinks of the photos, [n, classes]; computed once.

    MobileNet 0.75, trained on large photos, names 48 % of the validation photos right.
    The teacher is a new last layer on what it sees in the training photos: 59 %.
    """
    path = folder / "teacher.npy"
    if not path.exists():
        features = torch.from_numpy(teacher_features(pixels, folder)).float()
        spread, mean = torch.std_mean(features, 0)
        features.sub_(mean).div_(spread + 1e-3)
        head = torch.nn.Linear(features.shape[1], CLASSES)
        optimizer = torch.optim.AdamW(head.parameters(), 0.002, weight_decay=0.5)
        target = torch.from_numpy(truth)
        epochs = 8
        random = torch.Generator().manual_seed(0)
        for epoch in range(epochs):
            for group in optimizer.param_groups:
                group["lr"] = 0.002 * (1 - epoch / epochs)
            for chosen in torch.randperm(len(target), generator=random).split(500):
                value = functional.cross_entropy(head(features[chosen]), target[chosen])
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
        with torch.no_grad():
            logits = head(features).numpy()
        report(f"teacher: {np.mean(logits.argmax(1) == truth):.1%} of its photos right")
        np.save(path, logits.astype(np.float16))
    return np.load(path)


def teacher_features(pixels: np.ndarray, folder: Path, size: int = 128) -> np.ndarray:
    """Return what MobileNet's last layer sees in the photos, float16 [n, 768].

    Args:
        pixels: the photos.
        folder: where the result is kept.
        size: height and width at which MobileNet sees them; larger ones did no better.
    """
    path = folder / "features.npy"
    if not path.exists():
        import keras
        import tensorflow as tf

        whole = keras.applications.MobileNet(alpha=0.75, weights="imagenet")
        # Its layers take images of any size; only its input insists on 224 px.
        shape = (size, size, 3)
        anysize = keras.applications.MobileNet(
            alpha=0.75,
            weights=None,
            input_shape=shape,
            include_top=False,
            pooling="avg",
        )
        anysize.set_weights(whole.get_weights()[: len(anysize.weights)])

        @tf.function
        def look(batch: tf.Tensor) -> tf.Tensor:
            batch = tf.cast(batch, tf.float32) / 127.5 - 1
            batch = tf.image.resize(batch, (size, size), "bicubic")
            return anysize(batch, training=False)

        found = []
        for start in range(0, len(pixels), 250):
            found.append(look(pixels[start : start + 250]).numpy().astype(np.float16))
            report(f"teacher: {start + len(found[-1])} of {len(pixels)} photos")
        np.save(path, np.concatenate(found))
    return np.load(path)


def network_input(pixels: np.ndarray, device: torch.device) -> Tensor:
    """Return uint8 [n, height, width, 3] as the network wants it, channels first."""
    x = torch.from_numpy(np.array(pixels)).to(device)
    x = x.permute(0, 3, 1, 2).float() / 127.5 - 1
    return x.contiguous(memory_format=torch.channels_last)


def augmented(x: Tensor, side: int, strength: float, random: torch.Generator) -> Tensor:
    """Return photos [n, 3, 64, 64] in -1..1 as cut, flipped and coloured at random.

    Args:
        x: the photos.
        side: height and width of what is returned.
        strength: 0 for a shift of up to six pixels; 1 for cuts of down to half the
            side as well.
        random: where the random numbers come from.
    """
    n = len(x)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        drawn = torch.rand((n, *shape), generator=random)
        return (low + (high - low) * drawn).to(x.device)

    zoom = uniform(1 - 0.5 * strength, 1)
    flip = torch.sign(uniform(-1, 1))
    room = 1 - zoom + 6 / 32
    matrix = torch.zeros(n, 2, 3, device=x.device)
    matrix[:, 0, 0], matrix[:, 1, 1] = zoom * flip, zoom
    matrix[:, 0, 2], matrix[:, 1, 2] = uniform(-1, 1) * room, uniform(-1, 1) * room
    grid = functional.affine_grid(matrix, [n, 3, side, side], align_corners=False)
    x = functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    contrast = uniform(0.8, 1.2, 1, 1, 1)
    colour = uniform(-0.15, 0.15, 1, 1, 1) + uniform(-0.08, 0.08, 3, 1, 1)
    return (x * contrast + colour).clamp(-1, 1)


def report(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)
