"""Tiny ImageNet as the training of TinyInception wants it: photos, and views of them."""

from __future__ import annotations

import io
import multiprocessing
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from lucid_widgets.modelzoo import tiny_inception

CLASSES = tiny_inception.CLASSES


def photos(archive: Path, folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """Return uint8 photos [n, 64, 64, 3], decoded once, and the number of their class."""
    synsets = [synset for synset, _ in tiny_inception._classes()]
    with zipfile.ZipFile(archive) as files:
        names = sorted(n for n in files.namelist() if n.startswith(f"{part}/"))
        truth = torch.tensor([synsets.index(n.split("/")[1]) for n in names])
        path = folder / f"{part}.npy"
        if not path.exists():
            with multiprocessing.Pool() as pool:
                decoded = pool.imap(_decoded, map(files.read, names), chunksize=200)
                pixels = np.stack(list(decoded))
            half = path.with_suffix(".part.npy")
            np.save(half, pixels)
            half.replace(path)
    return torch.from_numpy(np.load(path)), truth


def _decoded(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as photo:
        return np.asarray(photo.convert("RGB"))


def network_input(pixels: Tensor) -> Tensor:
    """Return uint8 [n, height, width, 3] as the network wants it, channels first, -1..1."""
    x = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    return x.contiguous(memory_format=torch.channels_last)


class Views:
    """How each of `count` photos is cut out and flipped, drawn at random.

    Args:
        count: of photos.
        strength: 0 for a shift of up to six pixels; 1 for cuts of down to half the
            side as well.
        random: where the random numbers come from, and on which device.
    """

    def __init__(self, count: int, strength: float, random: torch.Generator) -> None:
        zoom, flip, right, down = torch.rand(
            (4, count), generator=random, device=random.device
        )
        zoom = 1 - 0.5 * strength * zoom
        flip = torch.where(flip < 0.5, -1.0, 1.0)
        room = 1 - zoom + 6 / 32
        self.matrices = torch.zeros(count, 2, 3, device=random.device)
        self.matrices[:, 0, 0], self.matrices[:, 1, 1] = zoom * flip, zoom
        self.matrices[:, 0, 2] = (2 * right - 1) * room
        self.matrices[:, 1, 2] = (2 * down - 1) * room

    def cut(self, pixels: Tensor, chosen: Tensor, side: int) -> Tensor:
        """Return views [n, 3, side, side] in -1..1 of the photos of these numbers."""
        size = [len(chosen), 3, side, side]
        grid = functional.affine_grid(self.matrices[chosen], size, align_corners=False)
        return functional.grid_sample(
            network_input(pixels[chosen]),
            grid,
            padding_mode="reflection",
            align_corners=False,
        )


def coloured(x: Tensor, random: torch.Generator) -> Tensor:
    """Return photos with contrast, brightness and colour changed at random."""

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        shape = (len(x), channels, 1, 1)
        return low + (high - low) * torch.rand(shape, generator=random, device=x.device)

    colour = uniform(-0.15, 0.15) + uniform(-0.08, 0.08, 3)
    return (x * uniform(0.8, 1.2) + colour).clamp(-1, 1)


@torch.no_grad()
def accuracy(
    network: nn.Module, pixels: Tensor, truth: Tensor, side: int = 64
) -> list[float]:
    """Return top-1 and top-5 on whole photos, in percent."""
    network.eval()
    hits = torch.zeros(2, device=pixels.device)
    for some, right in zip(pixels.split(500), truth.split(500), strict=True):
        x = network_input(some)
        if side != x.shape[-1]:
            x = functional.interpolate(x, (side, side), mode="bilinear")
        found = network(x).topk(5).indices == right[:, None]
        hits += torch.stack([found[:, 0].sum(), found.any(1).sum()])
    return (100 * hits / len(pixels)).tolist()


def report(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)
