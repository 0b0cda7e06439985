"""Learning rate, size of the photos and precision, step by step."""

from __future__ import annotations

import math

import torch

WARM_UP = 0.1
"""Share of all steps in which the learning rate rises."""


def rate(step: int, steps: int, highest: float) -> float:
    """One cycle: up linearly, down like a cosine."""
    rising = WARM_UP * steps
    if step < rising:
        return highest * (step + 1) / rising
    return highest * 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def side(step: int, steps: int, sides: list[int]) -> int:
    """Return height and width of the photos: step by step another one of `sides`.

    Only the two smallest at first, then more, from the middle on all: small photos are
    most of the learning at part of the time (Tan, Le 2021, EfficientNetV2, section 4), and
    of all sizes to the end, so that the network knows its subjects near and far.
    """
    known = max(2, math.ceil(len(sides) * min(1.0, 2 * step / steps)))
    some = sides[:known]
    return some[step % len(some)]


def autocast(device: torch.device, *, enabled: bool) -> torch.autocast:
    """Multiply in bfloat16: on GPUs, and on processors with AMX, much faster."""
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)
