"""A loop written by hand in PyTorch, with nothing around it.

Frequencies with decorrelated colour, one affine resampling for jitter, scale and
rotation, the truncated network in channels_last, input gradients only, Adam. No ReLU
override, no settings, no values handed out.
"""

from __future__ import annotations

import math
import random

import serving
import torch
import torch.nn.functional as F  # noqa: N812
from topology import CHANNEL
from torch_net import InceptionV1

given = serving.arguments()
size, batch = given["size"], given["batch"]
net = InceptionV1(given["layer"]).to(memory_format=torch.channels_last).eval()
rows = torch.fft.fftfreq(size)[:, None]
columns = torch.fft.rfftfreq(size)[None]
scale = size / torch.sqrt(rows**2 + columns**2).clamp(min=1 / size)
color = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
color = (color / color.norm(dim=0).max()).reshape(3, 3, 1, 1)
spectrum = torch.randn(batch, 3, *scale.shape, 2) * 0.01
spectrum.requires_grad_()
optimizer = torch.optim.Adam([spectrum], lr=0.05)
window = size + 12


def view() -> torch.Tensor:
    """Return this update's map for `affine_grid`."""
    angle = math.radians(random.choice([*range(-10, 11), *[0] * 5]))
    zoom = window / size / (1 + (random.randrange(11) - 5) / 50)
    cos, sin = math.cos(angle) * zoom, math.sin(angle) * zoom
    y, x = (
        2 * (random.randrange(9) - 4 + random.randrange(5) - 2) / size for _ in "yx"
    )
    return torch.tensor([[[cos, -sin, x], [sin, cos, y]]])


def update() -> None:
    """Do one update."""
    optimizer.zero_grad()
    image = torch.fft.irfft2(torch.view_as_complex(spectrum) * scale, s=(size, size))
    image = torch.sigmoid(F.conv2d(image / 4, color))
    image = image.contiguous(memory_format=torch.channels_last)
    grid = F.affine_grid(view(), [1, 3, window, window], align_corners=False)
    grid = grid.expand(batch, -1, -1, -1)
    seen = F.grid_sample(image - 0.5, grid, align_corners=False) + 0.5
    chosen = range(CHANNEL, CHANNEL + batch)
    acts = net(seen * 255 - 117)
    loss = -sum(acts[i, channel].mean() for i, channel in enumerate(chosen))
    loss.backward()
    optimizer.step()


def advance(count: int) -> None:
    """Do updates."""
    for _ in range(count):
        update()


serving.serve(advance, f"PyTorch {torch.__version__}")
