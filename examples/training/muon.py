"""Muon: momentum made orthogonal (Jordan and others, 2024), for kernels of convolutions.

PyTorch's own `torch.optim.Muon` takes matrices only and works in bfloat16, which a CPU without it
does twenty times slower.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

STEPS = 5
# Of the quintic iteration: steepest at zero; singular values end between 0.7 and 1.2.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Move each kernel along its momentum, with all singular values made about one.

    Steps are as large as AdamW's (Liu and others 2025, "Muon is scalable", section 2.2), so that
    both go with the same learning rate.
    """

    def __init__(self, kernels, lr: float, weight_decay: float, momentum: float = 0.95):
        settings = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(kernels, settings)

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for kernel in group["params"]:
                state = self.state[kernel]
                if not state:
                    state["mean"] = torch.zeros_like(kernel)
                mean = state["mean"].lerp_(kernel.grad, 1 - group["momentum"])
                ahead = kernel.grad.lerp(mean, group["momentum"]).flatten(1)
                move = orthogonal(ahead).view_as(kernel)
                size = 0.2 * math.sqrt(max(ahead.shape))
                kernel.mul_(1 - group["lr"] * group["weight_decay"])
                kernel.add_(move, alpha=-group["lr"] * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """Return the matrix with singular values of about one, by Newton and Schulz' iteration."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x
