"""InceptionV1's topology in PyTorch, up to one layer; random weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - everybody's name for it
from topology import ALPHA, BETA, BIAS, BLOCKS, POOLED_BEFORE, RADIUS
from torch import nn


def _same(x: torch.Tensor, kernel: int, stride: int, value: float) -> torch.Tensor:
    margins = []
    for length in (x.shape[-1], x.shape[-2]):
        missing = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        margins += [missing // 2, missing - missing // 2]
    return F.pad(x, margins, value=value) if any(margins) else x


def _pool(x: torch.Tensor, stride: int) -> torch.Tensor:
    return F.max_pool2d(_same(x, 3, stride, float("-inf")), 3, stride)


def _normalized(x: torch.Tensor) -> torch.Tensor:
    width = 2 * RADIUS + 1  # PyTorch divides alpha by it
    return F.local_response_norm(x, width, ALPHA * width, BETA, BIAS)


class InceptionV1(nn.Module):
    """The network, ending with what `last` gives before its ReLUs."""

    def __init__(self, last: str) -> None:
        super().__init__()
        self.last = last
        self.stem = nn.ModuleList(
            [nn.Conv2d(3, 64, 7, 2), nn.Conv2d(64, 64, 1), nn.Conv2d(64, 192, 3)]
        )
        self.blocks = nn.ModuleDict()
        depth = 192
        for name, (one, r3, three, r5, five, pool) in BLOCKS.items():
            sizes = [
                (depth, one, 1),
                (depth, r3, 1),
                (r3, three, 3),
                (depth, r5, 1),
                (r5, five, 5),
                (depth, pool, 1),
            ]
            self.blocks[name] = nn.ModuleList(
                nn.Conv2d(i, o, k, padding=k // 2) for i, o, k in sizes
            )
            depth = one + three + five + pool
            if name == last:
                break
        for parameter in self.parameters():
            parameter.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second, third = self.stem
        x = _normalized(_pool(F.relu(first(_same(x, 7, 2, 0.0))), 2))
        x = F.relu(third(_same(F.relu(second(x)), 3, 1, 0.0)))
        x = _pool(_normalized(x), 2)
        for name, (one, r3, three, r5, five, reduce) in self.blocks.items():
            if name in POOLED_BEFORE:
                x = _pool(x, 2)
            towers = [
                one(x),
                three(F.relu(r3(x))),
                five(F.relu(r5(x))),
                reduce(_pool(x, 1)),
            ]
            x = torch.cat(towers, dim=1)
            if name == self.last:
                return x
            x = F.relu(x)
        return x
