"""Change what all logits have in common, so that pictures of classes keep their name when small.

usage, in examples/: python -m training.common_part OUT.npz IN.npz STRENGTH PICTURES.npz ...

Softmax, and so all that the network says of photos, stays the same when the same vector is
added to the weights of each class in the last layer. But a picture of a class, made to have
one logit as large as it can be, changes. That freedom is used here.

A picture of a class at 128 px is asked how it should change so that the network names it
more surely at half the size. What that change does to the features at 128 px, the mean of all
pictures of it, is what each class is to want a little more of. STRENGTH is the length of
that vector, as a share of that of a class's own weights; between 0.2 and 0.4 is good, at 0.6
classes drown in what they have in common.

PICTURES.npz are those that ``tests/benchmarks/tiny_inception.py --only pictures`` writes, of IN
or of what became of it here. The answer doesn't depend on what was added before, only on the
pictures: give those of all rounds, and always the IN of the first.
Needs PyTorch; takes ten seconds for 100 pictures on two cores.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.network import Network
from training.tiny_imagenet import network_input

BATCH = 25
TEMPERATURE = 2.0
SHIFTS = ((0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""Pixels. Of a single position, the answer would be noise that misleads the network."""

COLOURS = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
"""`optvis.param.color` has them too, but imports TensorFlow, which a training doesn't need."""

STEP = 0.02
"""Root mean square of a change that is tried, of values -1..1."""


def smaller(x: Tensor) -> list[Tensor]:
    """Return pictures at half the size, in a sharp way and in a soft one."""
    side = x.shape[-1] // 2
    soft = functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
    return [functional.avg_pool2d(x, 2), soft]


def natural(gradient: Tensor, x: Tensor) -> Tensor:
    """Return how pictures that are made of waves follow a gradient of their pixels.

    Such a picture is the sigmoid of a sum of waves, each divided by its frequency, in colours
    that are mixed as those of photos are (`lucid_widgets.optvis.param`). The gradient
    goes that way back to the waves, and they come forth with what they have moved by.
    """
    height, width = x.shape[-2:]
    down = torch.fft.fftfreq(height)[:, None]
    right = torch.fft.rfftfreq(width)
    frequency = (right**2 + down**2).sqrt().clamp(min=1 / max(height, width))
    slope = (1 - x**2) / 4
    mixed = torch.einsum("ij,njhw->nihw", COLOURS @ COLOURS.T, gradient * slope)
    waves = torch.fft.rfft2(mixed) / frequency**2
    return slope * torch.fft.irfft2(waves, s=(height, width))


def better(network: Network, x: Tensor, named: Tensor) -> Tensor:
    """Return the change of pictures that makes them named more surely when small."""
    x = x.clone().requires_grad_()
    loss = torch.zeros(())
    for small in smaller(x):
        for shift in SHIFTS:
            logits = network(small.roll(shift, (2, 3))) / TEMPERATURE
            loss = loss + functional.cross_entropy(logits, named, reduction="sum")
    [gradient] = torch.autograd.grad(loss, x)
    return -natural(gradient, x.detach())


def wanted(network: Network, pictures: list[Path]) -> Tensor:
    """Return how features of pictures grow, on average, as these get better."""
    grown: list[Tensor] = []
    for path in pictures:
        with np.load(path, allow_pickle=False) as file:
            pixels, classes = torch.from_numpy(file["images"]), file["classes"]
        for x, named in zip(
            network_input(pixels * 255).split(BATCH),
            torch.from_numpy(classes).split(BATCH),
            strict=True,
        ):
            change = better(network, x, named)
            size = change.square().mean((1, 2, 3), keepdim=True).sqrt() / STEP
            step = change / size
            difference = network.features(x + step) - network.features(x - step)
            grown.append(difference * size.flatten()[:, None])
    return torch.cat(grown).mean(0)


def main() -> None:
    if len(sys.argv) < 5:
        raise SystemExit(__doc__)
    out, given, *pictures = map(Path, (*sys.argv[1:3], *sys.argv[4:]))
    strength = float(sys.argv[3])
    if not 0 < strength < 1:
        raise SystemExit(f"STRENGTH {strength:g}: expected a number between 0 and 1")
    network = Network()
    with np.load(pictures[0], allow_pickle=False) as file:
        some = network_input(torch.from_numpy(file["images"][:BATCH]) * 255)
    network.start_from(given, some)
    network.to(memory_format=torch.channels_last).requires_grad_(requires_grad=False)
    common = wanted(network, pictures)
    weights = network.softmax2.weight
    length = strength * weights.norm(dim=1).mean()
    weights += length * common / common.norm()
    network.export_last_layer(given, out)


if __name__ == "__main__":
    main()
