"""Teach the last layer of exported weights again, on whole, smaller and several photos.

usage, in examples/: python -m training.last_layer tiny_imagenet_webp.zip FOLDER IN.npz OUT.npz

FOLDER is that of a training: it holds the photos, decoded, and the teacher's opinions of them.
All layers but the last stay as they are, and with them all pictures of their channels. Needs
PyTorch; takes some minutes on two cores.

Cut and attacked photos teach the layers below what to look for, but a last layer that
has seen only these is not the best one for whole photos (Kirichenko and others 2023, "Last
layer re-training is sufficient for robustness to spurious correlations"). And pictures of
classes show several subjects, small ones when the picture is made smaller: a few of those
too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.loss import loss
from training.network import Network
from training.schedule import autocast, rate
from training.tiny_imagenet import accuracy, coloured, network_input, photos, report

EPOCHS, BATCHES, LEARNING_RATE = 4, 50, 0.001
TEACHER_WEIGHT = 0.7
EVERY = 200
"""Which of the photos the statistics of normalization are taken on."""


class Seen(NamedTuple):
    """Photos as the last layer sees them."""

    share: float
    """In the loss."""
    features: Tensor
    """float16 [n, depth]."""
    truth: Tensor
    teacher: Tensor
    """Logits [n, classes]."""


def whole(x: Tensor) -> Tensor:
    return x


def three_quarters(x: Tensor) -> Tensor:
    return smaller(x, x.shape[-1] * 3 // 4)


def smaller(x: Tensor, side: int) -> Tensor:
    return functional.interpolate(x, (side, side), mode="bilinear", antialias=True)


def mosaic(x: Tensor) -> Tensor:
    """Return four photos each as one of the same size, [n / 4, ...]."""
    quarter = smaller(x, x.shape[-1] // 2)
    rows = [torch.cat([quarter[i::4], quarter[i + 1 :: 4]], 3) for i in (0, 2)]
    return torch.cat(rows, 2)


KINDS = ((1.0, whole), (0.2, three_quarters), (0.1, mosaic))
"""What the layer is shown, and its share in the loss."""


@torch.no_grad()
def features(
    network: Network,
    pixels: Tensor,
    change: Callable[[Tensor], Tensor],
    random: torch.Generator,
) -> Tensor:
    """Return what the last layer gets of photos, flipped and coloured at random."""
    found: list[Tensor] = []
    network.eval()
    for some in pixels.split(500):
        x = network_input(some)
        flipped = torch.rand(len(x), generator=random) < 0.5
        x[flipped] = x[flipped].flip(3)
        x = change(coloured(x, random))
        with autocast(x.device, enabled=True):
            x = x.contiguous(memory_format=torch.channels_last)
            found.append(network.features(x).half())
    return torch.cat(found)


def of_one_class(truth: Tensor, random: torch.Generator) -> Tensor:
    """Return numbers of the photos, class by class, in random order within each.

    Some are left out, so that each class has a multiple of four.
    """
    shuffled = torch.randperm(len(truth), generator=random)
    each = [shuffled[truth[shuffled] == one] for one in truth.unique()]
    return torch.cat([some[: len(some) // 4 * 4] for some in each])


def teach(layer: torch.nn.Linear, all_seen: list[Seen]) -> None:
    """Teach the layer what is seen, the kinds of photos side by side."""
    optimizer = torch.optim.Adam(layer.parameters())
    total = sum(seen.share for seen in all_seen)
    for epoch in range(EPOCHS):
        orders = [torch.randperm(len(seen.truth)).chunk(BATCHES) for seen in all_seen]
        for i in range(BATCHES):
            step = epoch * BATCHES + i
            optimizer.param_groups[0]["lr"] = rate(
                step, EPOCHS * BATCHES, LEARNING_RATE
            )
            optimizer.zero_grad()
            for seen, order in zip(all_seen, orders, strict=True):
                logits = layer(seen.features[order[i]].float())
                named, opinion = seen.truth[order[i]], seen.teacher[order[i]]
                value = loss(logits, named, opinion, TEACHER_WEIGHT)
                (seen.share / total * value).backward()
            optimizer.step()


def main() -> None:
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    archive, folder, given, out = map(Path, sys.argv[1:])
    opinions = sorted(folder.glob("opinions_*.npy"))
    if len(opinions) != 1:
        raise SystemExit(
            f"{folder} holds {len(opinions)} files opinions_*.npy; expected one: that of"
            " a training with --teacher (train_tiny_inception.py, --epochs 0 suffices)"
        )
    torch.manual_seed(0)
    random = torch.Generator().manual_seed(5)
    pixels, truth = photos(archive, folder, "train")
    validation = photos(archive, folder, "val")
    # Of all views of a photo, as this is about the whole of it.
    teacher = torch.from_numpy(np.load(opinions[0])).float().mean(0)
    network = Network()
    network.start_from(given, network_input(pixels[::EVERY]))
    network.to(memory_format=torch.channels_last)
    top = accuracy(network, *validation)
    report(f"before: top-1 {top[0]:.2f} %, top-5 {top[1]:.2f} %")
    together = of_one_class(truth, random)
    all_seen = []
    for share, change in KINDS:
        # Four neighbours are of one class, and may become one photo.
        found = features(network, pixels[together], change, random)
        count = len(together) // len(found)
        named, opinion = truth[together][::count], teacher[together]
        opinion = opinion.unflatten(0, (-1, count)).mean(1)
        all_seen.append(Seen(share, found, named, opinion))
        report(f"{change.__name__}: seen")
    teach(network.softmax2, all_seen)
    top = accuracy(network, *validation)
    report(f"after: top-1 {top[0]:.2f} %, top-5 {top[1]:.2f} %")
    network.export_last_layer(given, out)


if __name__ == "__main__":
    main()
