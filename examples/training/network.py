"""TinyInception in PyTorch, with batch normalization, to be trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lucid_widgets.modelzoo import tiny_inception

POOL_BEFORE = tiny_inception.POOL_BEFORE
CLASSES = tiny_inception.CLASSES


class Convolution(nn.Module):
    """Convolution, batch normalization, ReLU; padded alike on both sides."""

    def __init__(self, depth_in: int, depth: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            depth_in, depth, size, stride, padding=size // 2, bias=False
        )
        self.norm = nn.BatchNorm2d(depth)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(x)), inplace=True)

    def unfold(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Take what `folded` gave; `settle` then takes statistics."""
        self.conv.weight.copy_(torch.from_numpy(kernel).permute(3, 2, 0, 1))
        self.norm.bias.copy_(torch.from_numpy(bias))
        self.norm.weight.fill_(1.0)
        self.norm.running_mean.zero_()
        self.norm.running_var.fill_(1 - self.norm.eps)

    def settle(self, values: Tensor) -> Tensor:
        """Let normalization do what bias and kernel do alone until now.

        Args:
            values: of the convolution, ``[n, depth, height, width]``.

        Returns:
            What the convolution gives from now on: values of deviation 1.
        """
        spread, mean = torch.std_mean(values, (0, 2, 3))
        spread.clamp_(min=1e-3)
        self.conv.weight.div_(spread[:, None, None, None])
        self.norm.weight.copy_(spread)
        self.norm.bias.add_(mean)
        self.norm.running_mean.copy_(mean / spread)
        return values / spread[:, None, None]

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel (height, width, in, out) and bias of the two together."""
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        kernel = self.conv.weight * scale[:, None, None, None]
        bias = self.norm.bias - self.norm.running_mean * scale
        return kernel.permute(2, 3, 1, 0).cpu().numpy(), bias.cpu().numpy()


class Mixed(nn.Module):
    """An Inception block: four towers side by side."""

    def __init__(self, depth: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        one, three_in, three, five_in, five, pool = channels
        self.towers = nn.ModuleDict(
            {
                "1x1": Convolution(depth, one, 1),
                "3x3_bottleneck": Convolution(depth, three_in, 1),
                "3x3": Convolution(three_in, three, 3),
                "5x5_bottleneck": Convolution(depth, five_in, 1),
                "5x5": Convolution(five_in, five, 5),
                "pool_reduce": Convolution(depth, pool, 1),
            }
        )
        self.depth = one + three + five + pool

    def forward(self, x: Tensor) -> Tensor:
        t = self.towers
        three = t["3x3"](t["3x3_bottleneck"](x))
        five = t["5x5"](t["5x5_bottleneck"](x))
        pooled = t["pool_reduce"](functional.max_pool2d(x, 3, 1, padding=1))
        return torch.cat([t["1x1"](x), three, five, pooled], 1)


class Network(nn.Module):
    """TinyInception as `lucid_widgets.modelzoo.tiny_inception` has it, to be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d0 = Convolution(3, 32, 7, 2)
        self.conv2d1 = Convolution(32, 32, 1)
        self.conv2d2 = Convolution(32, 96, 3)
        self.blocks = nn.ModuleDict()
        depth = 96
        for name, channels in tiny_inception.BLOCKS.items():
            self.blocks[name] = Mixed(depth, channels)
            depth = self.blocks[name].depth
        self.softmax2 = nn.Linear(depth, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.softmax2(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """Return what the last layer gets, [n, depth]."""
        x = functional.max_pool2d(self.conv2d0(x), 3, 2, padding=1)
        x = self.conv2d2(self.conv2d1(x))
        for name, block in self.blocks.items():
            if name in POOL_BEFORE:
                x = functional.max_pool2d(x, 3, 2, padding=1)
            x = block(x)
        return x.mean((2, 3))

    def convolutions(self) -> Iterator[tuple[str, Convolution]]:
        """Yield each convolution under its name in the package."""
        for name in ("conv2d0", "conv2d1", "conv2d2"):
            yield name, getattr(self, name)
        for block, mixed in self.blocks.items():
            for tower, convolution in mixed.towers.items():
                yield f"{block}_{tower}", convolution

    @torch.no_grad()
    def export(self, path: Path) -> None:
        """Write the arrays that `tiny_inception.py` reads, float16."""
        arrays = {}
        for name, convolution in self.convolutions():
            arrays[f"{name}_w"], arrays[f"{name}_b"] = convolution.folded()
        arrays = {k: v.astype(np.float16) for k, v in arrays.items()}
        np.savez_compressed(path, **arrays, **self._last_layer())

    def export_last_layer(self, given: Path, path: Path) -> None:
        """Write the arrays of a file again, but for those of the last layer."""
        with np.load(given, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        np.savez_compressed(path, **arrays | self._last_layer())

    @torch.no_grad()
    def _last_layer(self) -> dict[str, np.ndarray]:
        """Return the arrays of the last layer as `export` writes them."""
        arrays = {
            "softmax2_w": self.softmax2.weight.T.cpu().numpy(),
            "softmax2_b": self.softmax2.bias.cpu().numpy(),
        }
        return {k: v.astype(np.float16) for k, v in arrays.items()}

    @torch.no_grad()
    def start_from(self, path: Path, x: Tensor) -> None:
        """Take what `export` wrote; what the network says of photos stays the same.

        Args:
            path: the arrays.
            x: photos to take statistics of normalization on.
        """
        with np.load(path, allow_pickle=False) as file:
            arrays = {k: file[k].astype(np.float32) for k in file.files}
        self.softmax2.weight.copy_(torch.from_numpy(arrays["softmax2_w"].T))
        self.softmax2.bias.copy_(torch.from_numpy(arrays["softmax2_b"]))
        convolutions = dict(self.convolutions())
        for name, one in convolutions.items():
            one.unfold(arrays[f"{name}_w"], arrays[f"{name}_b"])
        self._pass(x, "conv", lambda name, values: convolutions[name].settle(values))

    @torch.no_grad()
    def statistics(self, x: Tensor) -> dict[str, Tensor]:
        """Return deviation and mean, ``[2, depth]``, of what each convolution gives to ReLU.

        Args:
            x: photos.
        """
        found: dict[str, Tensor] = {}

        def look(name: str, values: Tensor) -> None:
            found[name] = torch.stack(torch.std_mean(values, (0, 2, 3)))

        self._pass(x, "norm", look)
        return found

    @torch.no_grad()
    def renormalize(self, x: Tensor, wanted: dict[str, Tensor]) -> None:
        """Change scales and shifts so that `statistics` are those that are wanted."""
        convolutions = dict(self.convolutions())

        def move(name: str, values: Tensor) -> Tensor:
            spread, mean = torch.std_mean(values, (0, 2, 3))
            wanted_spread, wanted_mean = wanted[name]
            # A channel that hardly moves is no reason to move it a lot.
            scale = (wanted_spread / spread.clamp(min=1e-4)).clamp(0.5, 3.0)
            shift = wanted_mean - mean * scale
            norm = convolutions[name].norm
            norm.weight.mul_(scale)
            norm.bias.mul_(scale).add_(shift)
            return values * scale[:, None, None] + shift[:, None, None]

        self._pass(x, "norm", move)

    def _pass(
        self, x: Tensor, part: str, call: Callable[[str, Tensor], Tensor | None]
    ) -> None:
        """Look at photos, and call with what each ``conv`` or ``norm`` makes of them.

        What `call` returns, if anything, goes on in its place.
        """
        hooks = [
            getattr(one, part).register_forward_hook(
                lambda _module, _inputs, values, name=name: call(name, values)
            )
            for name, one in self.convolutions()
        ]
        self.eval()
        self(x)
        for hook in hooks:
            hook.remove()
