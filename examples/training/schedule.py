"""Learning rate, sizes of the photos and precision, step by step."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

WARM_UP = 0.1
"""Share of all steps in which the learning rate rises."""


def rate(step: int, steps: int, highest: float) -> float:
    """One cycle: up linearly, down like a cosine."""
    rising = WARM_UP * steps
    if step < rising:
        return highest * (step + 1) / rising
    return highest * 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


class Size(NamedTuple):
    """Photos of one size, and what is special about them."""

    side: int
    """Height and width."""
    sharpness: float
    """By which logits are multiplied in the loss: the more, the smaller they become."""
    adversarial: float
    """Steps of 0..255 by which values may be moved to mislead; 0 for photos as they are."""


def size(step: int, steps: int, sizes: list[Size], *, growing: bool) -> Size:
    """Return the size of the photos: step by step another one.

    Args:
        step: 0 to `steps` - 1.
        steps: of the whole training.
        sizes: in their order.
        growing: only the first two to begin with, then more, from the middle on all. Small
            photos are most of the learning at part of the time (Tan, Le 2021, EfficientNetV2,
            section 4), and all sizes to the end, so that the network knows its subjects
            near and far.
    """
    if growing:
        sizes = sizes[: max(2, math.ceil(len(sizes) * min(1.0, 2 * step / steps)))]
    return sizes[step % len(sizes)]


def autocast(device: torch.device, *, enabled: bool) -> torch.autocast:
    """Multiply in bfloat16: on GPUs, and on processors with AMX, much faster."""
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)
