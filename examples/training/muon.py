"""Muon: momentum made orthogonal (Jordan and others, 2024), for kernels of convolutions.

PyTorch's own `torch.optim.Muon` takes matrices only and works in bfloat16, which a CPU without it
does twenty times slower.
"""

from __future__ import annotations

import math
from collections import defaultdict

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
            kernels = [kernel for kernel in group["params"] if kernel.grad is not None]
            ahead = []
            for kernel in kernels:
                state = self.state[kernel]
                if not state:
                    state["mean"] = torch.zeros_like(kernel)
                mean = state["mean"].lerp_(kernel.grad, 1 - group["momentum"])
                ahead.append(kernel.grad.lerp(mean, group["momentum"]).flatten(1))
            for kernel, move in zip(kernels, orthogonal(ahead), strict=True):
                size = 0.2 * math.sqrt(max(move.shape))
                kernel.mul_(1 - group["lr"] * group["weight_decay"])
                kernel.add_(move.reshape(kernel.shape), alpha=-group["lr"] * size)


def orthogonal(matrices: list[Tensor]) -> list[Tensor]:
    """Return matrices with singular values of about one, by Newton and Schulz' iteration.

    Those of about one size go together, filled up with zeros, which change nothing: on a
    GPU it takes longer to ask for a product of this size than to form it.
    """
    a, b, c = COEFFICIENTS
    alike = defaultdict(list)
    for i, matrix in enumerate(matrices):
        alike[tuple(_power_of_two(n) for n in sorted(matrix.shape))].append(i)
    found = list(matrices)
    for room, members in alike.items():
        x = matrices[0].new_zeros(len(members), *room)
        wide = [
            matrices[i] if _is_wide(matrices[i]) else matrices[i].T for i in members
        ]
        for place, matrix in zip(x, wide, strict=True):
            place[: matrix.shape[0], : matrix.shape[1]] = matrix
        x /= torch.linalg.matrix_norm(x, keepdim=True) + 1e-7
        for _ in range(STEPS):
            gram = x @ x.mT
            x = a * x + (b * gram + c * gram @ gram) @ x
        for i, place, matrix in zip(members, x, wide, strict=True):
            move = place[: matrix.shape[0], : matrix.shape[1]]
            found[i] = move if _is_wide(matrices[i]) else move.T
    return found


def _is_wide(matrix: Tensor) -> bool:
    return matrix.shape[0] <= matrix.shape[1]


def _power_of_two(n: int) -> int:
    return 1 << (n - 1).bit_length()
