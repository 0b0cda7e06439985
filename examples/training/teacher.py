"""The teacher: MobileNet 0.75, trained on ImageNet, made to know Tiny ImageNet's photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.schedule import autocast, rate
from training.tiny_imagenet import CLASSES, Views, accuracy, coloured, report

STEM = 24
# Depth and stride of each pair of depthwise and pointwise convolutions (Howard and others 2017,
# table 1, three quarters as wide).
PAIRS = (
    (48, 1), (96, 2), (96, 1), (192, 2), (192, 1), (384, 2), *5 * [(384, 1)], (768, 2), (768, 1),
)  # fmt: skip
TRAINED_AT, LOOKS_AT = 96, 128
"""Height and width of the photos; larger ones than in training do best in use (Touvron 2019)."""

BATCH, LEARNING_RATE, WEIGHT_DECAY = 256, 0.001, 0.05


class MobileNet(nn.Module):
    """MobileNet 0.75 with a new last layer; takes photos [n, 3, height, width] in -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict(
            {"conv1": nn.Conv2d(3, STEM, 3, 2, bias=False)}
        )
        depth = STEM
        for i, (deeper, stride) in enumerate(PAIRS, 1):
            self.convolutions[f"conv_dw_{i}"] = nn.Conv2d(
                depth, depth, 3, stride, padding=stride % 2, groups=depth, bias=False
            )
            self.convolutions[f"conv_pw_{i}"] = nn.Conv2d(depth, deeper, 1, bias=False)
            depth = deeper
        self.norms = nn.ModuleDict(
            {
                name: nn.BatchNorm2d(convolution.out_channels, eps=0.001)
                for name, convolution in self.convolutions.items()
            }
        )
        self.head = nn.Linear(depth, CLASSES)

    def freeze(self, pairs: int) -> None:
        """Leave the first convolution and so many pairs as ImageNet made them."""
        for name in list(self.convolutions)[: 1 + 2 * pairs]:
            self.convolutions[name].requires_grad_(requires_grad=False)
            self.norms[name].requires_grad_(requires_grad=False)

    def features(self, x: Tensor) -> Tensor:
        for name, convolution in self.convolutions.items():
            if convolution.stride == (2, 2):
                x = functional.pad(x, (0, 1, 0, 1))
            x = functional.relu6(self.norms[name](convolution(x)))
        return x.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))

    @torch.no_grad()
    def load(self, path: Path) -> None:
        """Take Keras' weights of ImageNet (``mobilenet_7_5_224_tf.h5``), but for the last layer."""
        with h5py.File(path) as file:
            for name, convolution in self.convolutions.items():
                [kernel] = _arrays(file, name, "kernel")
                # Keras keeps a depthwise kernel as [height, width, channels, 1].
                order = (2, 3, 0, 1) if convolution.groups > 1 else (3, 2, 0, 1)
                convolution.weight.copy_(torch.from_numpy(kernel.transpose(order)))
                norm = self.norms[name]
                values = _arrays(
                    file,
                    f"{name}_bn",
                    "gamma",
                    "beta",
                    "moving_mean",
                    "moving_variance",
                )
                own = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
                for tensor, array in zip(own, values, strict=True):
                    tensor.copy_(torch.from_numpy(array))


def _arrays(file: h5py.File, layer: str, *names: str) -> Iterator[np.ndarray]:
    group = file[layer][layer]
    for name in names:
        # Keras 2 wrote "kernel:0".
        yield group[name if name in group else f"{name}:0"][:]


def trained(
    weights: Path,
    photos: Tensor,
    truth: Tensor,
    validation: tuple[Tensor, Tensor],
    strength: float,
    epochs: int,
    frozen: int,
    *,
    bfloat16: bool,
) -> MobileNet:
    """Return MobileNet as it names the 200 classes after some epochs.

    Args:
        weights: Keras' file.
        photos: uint8 [n, 64, 64, 3].
        truth: the number of each one's class.
        validation: as many again, other ones.
        strength: of the augmentation.
        epochs: of training.
        frozen: pairs of convolutions to leave as they are, with the first one: the
            largest images are theirs, and half of the time.
        bfloat16: multiply in it.
    """
    teacher = MobileNet()
    teacher.load(weights)
    teacher.to(photos.device, memory_format=torch.channels_last)
    if frozen:
        teacher.freeze(frozen)
    learning = [p for p in teacher.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, weight_decay=WEIGHT_DECAY)
    random = torch.Generator(photos.device).manual_seed(1)
    step, steps = 0, epochs * (len(photos) // BATCH)
    for epoch in range(epochs):
        views = Views(len(photos), strength, random)
        order = torch.randperm(len(photos), generator=random, device=photos.device)
        teacher.train()
        for chosen in order[: steps // epochs * BATCH].split(BATCH):
            optimizer.param_groups[0]["lr"] = rate(step, steps, LEARNING_RATE)
            x = coloured(views.cut(photos, chosen, TRAINED_AT), random)
            with autocast(photos.device, enabled=bfloat16):
                logits = teacher(x)
            value = functional.cross_entropy(
                logits.float(), truth[chosen], label_smoothing=0.1
            )
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            step += 1
        top = accuracy(teacher, *validation, LOOKS_AT)
        report(
            f"teacher, epoch {epoch + 1}: top-1 {top[0]:.2f} %, top-5 {top[1]:.2f} %"
        )
    return teacher.eval()


@torch.no_grad()
def opinions(
    teacher: MobileNet, photos: Tensor, views: Views, *, bfloat16: bool
) -> Tensor:
    """Return what the teacher thinks of each photo cut as `views` has it: logits [n, classes]."""
    found = []
    for chosen in torch.arange(len(photos), device=photos.device).split(1000):
        with autocast(photos.device, enabled=bfloat16):
            found.append(teacher(views.cut(photos, chosen, LOOKS_AT)).half())
    return torch.cat(found)
