"""Train the embedded model, TinyInception, from Tiny ImageNet.

usage: python examples/train_tiny_inception.py tiny_imagenet_webp.zip --out training

One command trains, logs, and exports; the same command goes on where it was stopped.
`--teacher` distils from MobileNet 0.75, whose opinion of the photos is computed once.
The zip holds photos as ``train/<synset>/<number>.webp`` and ``val/...``.

Needs PyTorch (`pip install torch`): on a CPU, which is what most have, it trained this
network twice as fast as Keras; on a GPU an epoch takes seconds. Nobody who only uses the
package needs it. What is written to ``--out``:

    train.npy, val.npy         the photos, decoded once
    features.npy, teacher.npy  what MobileNet sees in them and thinks of them, computed once
    checkpoint.pt              everything needed to go on
    log.tsv                    epoch, learning rate, loss, top-1, top-5
    tiny_inception.npz         float16, batch normalization folded: what the package ships
"""

from __future__ import annotations

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from training.muon import Muon
from training.network import Network
from training.tiny_imagenet import (
    augmented,
    network_input,
    photos,
    report,
    teacher_logits,
)

LABEL_SMOOTHING = 0.1
WEIGHT_DECAY = 0.05
WARM_UP = 0.1
"""Share of all steps in which the learning rate rises."""

TEACHER_TEMPERATURE = 2.0
AVERAGED = 500
"""What is exported is the mean of the weights over about so many steps."""

CALIBRATED = 5000
"""Photos on which the statistics of that mean are taken."""


def loss(
    logits: Tensor, truth: Tensor, teacher: Tensor | None, weight: float
) -> Tensor:
    """Cross entropy with the truth, and with the teacher's softened opinion."""
    plain = functional.cross_entropy(logits, truth, label_smoothing=LABEL_SMOOTHING)
    if teacher is None:
        return plain
    t = TEACHER_TEMPERATURE
    target = functional.softmax(teacher / t, 1)
    # t squared keeps the gradient's size (Hinton, Vinyals, Dean 2015, section 2).
    soft = (
        functional.kl_div(
            functional.log_softmax(logits / t, 1), target, reduction="batchmean"
        )
        * t
        * t
    )
    return (1 - weight) * plain + weight * soft


def attacked(network: Network, x: Tensor, truth: Tensor, distance: float) -> Tensor:
    """Return photos changed by one step of at most `distance` to mislead the network.

    One step from a random start (Wong, Rice, Kolter 2020). Light training on such
    photos is known to give cleaner visualizations.
    """
    start = (x + torch.empty_like(x).uniform_(-distance, distance)).requires_grad_()
    [gradient] = torch.autograd.grad(
        functional.cross_entropy(network(start), truth), start
    )
    moved = start.detach() + 1.25 * distance * gradient.sign()
    return torch.min(torch.max(moved, x - distance), x + distance).clamp(-1, 1)


def rate(step: int, steps: int, highest: float) -> float:
    """One cycle: up linearly, down like a cosine."""
    rising = WARM_UP * steps
    if step < rising:
        return highest * (step + 1) / rising
    return highest * 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def side(step: int, steps: int, sides: list[int]) -> int:
    """Return height and width of the photos: each of `sides` for as many steps.

    Small photos first are most of the learning at part of the time (Tan, Le 2021,
    EfficientNetV2, section 4). The last may be smaller than the photos are: cut out of them,
    what they show is as large as in the whole photo of 64 pixels, which is how the
    network is tested (Touvron and others 2019, "Fixing the train-test resolution
    discrepancy").
    """
    return sides[step * len(sides) // steps]


def running_mean(means: list[Tensor], values: list[Tensor], count: Tensor) -> None:
    """Bring means of the newest weights up to date: of all of them, at first."""
    share = 1 / min(float(count) + 1, AVERAGED)
    for mean, value in zip(means, values, strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, share)


@torch.no_grad()
def calibrate(network: nn.Module, pixels: np.ndarray) -> None:
    """Take the statistics of batch normalization on whole photos.

    Those of the training are of earlier weights, and of cut photos of other sizes.
    """
    parts = np.array_split(np.arange(0, len(pixels), len(pixels) // CALIBRATED), 20)
    device = next(network.parameters()).device
    batches = (network_input(pixels[part], device) for part in parts)
    torch.optim.swa_utils.update_bn(batches, network)


@torch.no_grad()
def accuracy(network: nn.Module, pixels: np.ndarray, truth: np.ndarray) -> list[float]:
    """Return top-1 and top-5 on photos, in percent."""
    network.eval()
    device = next(network.parameters()).device
    hits = np.zeros(2)
    for start in range(0, len(pixels), 250):
        x = network_input(pixels[start : start + 250], device)
        ranked = network(x).topk(5).indices.cpu().numpy()
        right = ranked == truth[start : start + 250, None]
        hits += right[:, 0].sum(), right.any(1).sum()
    return list(100 * hits / len(pixels))


class Training:
    """A training that can be stopped at any time and goes on from its checkpoint."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder = options.out
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(options.seed)
        network = Network()
        if options.start_from:
            pixels, _ = photos(options.photos, self.folder, "val")
            some = network_input(pixels[:: len(pixels) // 500], torch.device("cpu"))
            network.start_from(options.start_from, some)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network,
            multi_avg_fn=running_mean,
            use_buffers=True,
        )
        parameters = list(self.network.parameters())
        convolutions = [p for p in parameters if p.ndim == 4]
        self.optimizers = {
            "convolutions": Muon(convolutions, 0.0, WEIGHT_DECAY),
            "last layer": torch.optim.AdamW(
                [p for p in parameters if p.ndim == 2], weight_decay=WEIGHT_DECAY
            ),
            "others": torch.optim.AdamW(
                [p for p in parameters if p.ndim == 1], weight_decay=0.0
            ),
        }
        self.step = self.steps = 0
        self.checkpoint = self.folder / "checkpoint.pt"
        if self.checkpoint.exists():
            self._load()

    def run(self) -> None:
        """Train to the end, then export."""
        options = self.options
        pixels, truth = photos(options.photos, self.folder, "train")
        teacher = None
        if options.teacher:
            teacher = teacher_logits(pixels, truth, self.folder)
        validation = photos(options.photos, self.folder, "val")
        epoch_steps = len(pixels) // options.batch
        self.steps = options.epochs * epoch_steps
        while self.step < self.steps:
            epoch = self.step // epoch_steps
            order = np.random.default_rng([options.seed, epoch]).permutation(
                len(pixels)
            )
            started, losses = time.monotonic(), []
            for i in range(self.step % epoch_steps, epoch_steps):
                chosen = order[i * options.batch : (i + 1) * options.batch]
                chosen.sort()  # the photos lie on disk
                given = None if teacher is None else teacher[chosen]
                losses.append(self._update(pixels[chosen], truth[chosen], given))
                if self.step % 50 == 0:
                    speed = len(losses) * options.batch / (time.monotonic() - started)
                    mean = np.mean(losses[-100:])
                    size = side(self.step - 1, self.steps, options.sides)
                    report(
                        f"step {self.step}: loss {mean:.3f}, {speed:.0f} photos/s"
                        f" of {size} px"
                    )
                    self._save()
            is_last = self.step == self.steps
            if is_last:
                calibrate(self.average.module, pixels)
            some = slice(None, None, 1 if is_last else 5)
            top = accuracy(self.average, *(part[some] for part in validation))
            self._log(epoch, float(np.mean(losses)), top)
            self.average.module.export(self.folder / "tiny_inception.npz")

    def _update(
        self, pixels: np.ndarray, truth: np.ndarray, teacher: np.ndarray | None
    ) -> float:
        options = self.options
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate(self.step, self.steps, options.learning_rate)
        random = torch.Generator().manual_seed(options.seed * 1_000_003 + self.step)
        x = network_input(pixels, self.device)
        size = side(self.step, self.steps, options.sides)
        x = augmented(x, size, options.augmentation, random)
        target = torch.from_numpy(truth).to(self.device)
        given = None
        if teacher is not None:
            given = torch.from_numpy(teacher).float().to(self.device)
        self.network.train()
        if options.adversarial:
            x = attacked(self.network, x, target, options.adversarial * 2 / 255)
        value = loss(self.network(x), target, given, options.teacher_weight)
        self.network.zero_grad(set_to_none=True)
        value.backward()
        for optimizer in self.optimizers.values():
            optimizer.step()
        self.average.update_parameters(self.network)
        self.step += 1
        return float(value.detach())

    def _log(self, epoch: int, mean: float, top: list[float]) -> None:
        report(f"epoch {epoch + 1}: top-1 {top[0]:.2f} %, top-5 {top[1]:.2f} %")
        with (self.folder / "log.tsv").open("a", encoding="utf-8") as log:
            learning_rate = rate(self.step - 1, self.steps, self.options.learning_rate)
            row = (
                epoch + 1,
                f"{learning_rate:.5f}",
                f"{mean:.4f}",
                *map("{:.2f}".format, top),
            )
            log.write("\t".join(map(str, row)) + "\n")
        self._save()

    def _save(self) -> None:
        half = self.checkpoint.with_suffix(".part")
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": {k: o.state_dict() for k, o in self.optimizers.items()},
            "step": self.step,
        }
        torch.save(state, half)
        half.replace(self.checkpoint)

    def _load(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        for name in ("network", "average"):
            getattr(self, name).load_state_dict(state[name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.step = state["step"]
        report(f"going on from step {self.step}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("photos", type=Path, help="tiny_imagenet_webp.zip")
    add("--out", type=Path, default=Path("training"), help="folder for all results")
    add("--epochs", type=int, default=12)
    add(
        "--sides",
        type=int,
        nargs="+",
        default=[32, 40, 48, 56],
        help="height and width of the photos, in turn",
    )
    add("--batch", type=int, default=256)
    add("--learning-rate", type=float, default=0.006, help="its highest value")
    add("--augmentation", type=float, default=0.4, help="0 to 1: how much is cut off")
    add(
        "--start-from",
        type=Path,
        metavar="NPZ",
        help="go on from exported weights, such as those that the package ships",
    )
    add("--teacher", action="store_true", help="distil from MobileNet 0.75")
    add("--teacher-weight", type=float, default=0.7, help="0 to 1")
    add(
        "--adversarial",
        type=float,
        default=0.0,
        help="steps of 0..255 by which each value of a photo may be changed to mislead",
    )
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=os.cpu_count(), help="of PyTorch")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    Training(options).run()


if __name__ == "__main__":
    main()
