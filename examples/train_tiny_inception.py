"""Train the embedded model, TinyInception, from Tiny ImageNet.

usage: python examples/train_tiny_inception.py tiny_imagenet_webp.zip --out training
           --teacher mobilenet_7_5_224_tf.h5

One command trains, logs, and exports; the same command goes on where it was stopped.
The zip holds photos as ``train/<synset>/<number>.webp`` and ``val/...``; the teacher is
made of Keras' weights of MobileNet 0.75.

Needs PyTorch and h5py (`pip install torch h5py`): on a CPU PyTorch trained this network
twice as fast as Keras. Made for a GPU, where an epoch takes seconds. Two cores of a CPU with AMX
(``--bfloat16``) take four to seven minutes for one, and four for one of the teacher with
``--teacher-frozen 5``. Nobody who only uses the package needs it. What is written to
``--out``:

    train.npy, val.npy         the photos, decoded once
    teacher.pt                 the teacher, trained once
    opinions_*.npy             what it thinks of views of the photos, computed once
    checkpoint.pt              everything needed to go on
    log.tsv                    epoch, learning rate, loss, top-1, top-5
    tiny_inception.npz         float16, batch normalization folded: what the package ships
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from itertools import starmap
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from training.loss import loss
from training.muon import Muon
from training.network import Network
from training.schedule import Size, autocast, rate, size
from training.teacher import MobileNet, opinions, trained
from training.tiny_imagenet import (
    Views,
    accuracy,
    coloured,
    network_input,
    photos,
    report,
)

WEIGHT_DECAY = 0.05
AVERAGED, AVERAGED_EVERY = 500, 5
"""What is exported is the mean of the weights over about so many steps, of every fifth."""

CALIBRATED = 5000
"""Photos on which the statistics of that mean are taken."""


class Training:
    """A training that can be stopped at any time and goes on from its checkpoint."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder = options.out
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        training, self.validation = self._photos()
        self.photos, self.truth = training
        self.random = torch.Generator(self.device)
        self.opinions = self._opinions() if options.teacher else None
        torch.manual_seed(options.seed)
        network = Network()
        if options.start_from:
            some = self.validation[0]
            some = network_input(some[:: len(some) // 500].cpu())
            network.start_from(options.start_from, some)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network)
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
        self.epoch_steps = len(self.photos) // options.batch
        self.step, self.steps = 0, options.epochs * self.epoch_steps
        self.checkpoint = self.folder / "checkpoint.pt"
        if self.checkpoint.exists():
            self._load()

    def _photos(self) -> list[tuple[Tensor, Tensor]]:
        archive = self.options.photos
        # Decoded by processes of their own, which must not inherit a GPU in use.
        parts = [photos(archive, self.folder, part) for part in ("train", "val")]
        return [(p.to(self.device), truth.to(self.device)) for p, truth in parts]

    def _opinions(self) -> Tensor:
        """Return what the teacher thinks of all views, [views, n, classes]."""
        # Of these views, and no others: the name tells what they depend on.
        options = self.options
        name = f"opinions_{options.seed}_{options.augmentation:g}_{options.views}.npy"
        path = self.folder / name
        if not path.exists():
            teacher = self._teacher()
            views = map(self._views, range(options.views))
            found = [
                opinions(teacher, self.photos, some, bfloat16=options.bfloat16)
                for some in views
            ]
            found = torch.stack(found).cpu().numpy()
            half = path.with_suffix(".part.npy")
            np.save(half, found)
            half.replace(path)
        return torch.from_numpy(np.load(path)).to(self.device)

    def _teacher(self) -> MobileNet:
        path, options = self.folder / "teacher.pt", self.options
        if path.exists():
            teacher = MobileNet().to(self.device, memory_format=torch.channels_last)
            teacher.load_state_dict(torch.load(path, self.device, weights_only=True))
            return teacher.eval()
        teacher = trained(
            options.teacher,
            self.photos,
            self.truth,
            self.validation,
            options.augmentation,
            options.teacher_epochs,
            options.teacher_frozen,
            bfloat16=options.bfloat16,
        )
        half = path.with_suffix(".part")
        torch.save(teacher.state_dict(), half)
        half.replace(path)
        return teacher

    def _views(self, epoch: int) -> Views:
        """Return how photos are cut in an epoch."""
        view = epoch % self.options.views
        self.random.manual_seed(self.options.seed * 1_000_003 + view)
        return Views(len(self.photos), self.options.augmentation, self.random)

    def run(self) -> None:
        """Train to the end, then export."""
        batch = self.options.batch
        while self.step < self.steps:
            epoch = self.step // self.epoch_steps
            views = self._views(epoch)
            seed = [self.options.seed, epoch]
            order = np.random.default_rng(seed).permutation(len(self.photos))
            order = torch.from_numpy(order).to(self.device)
            started, losses = time.monotonic(), []
            for i in range(self.step % self.epoch_steps, self.epoch_steps):
                chosen = order[i * batch : (i + 1) * batch]
                losses.append(self._update(views, chosen, epoch))
                if self.step % 100 == 0:
                    mean = float(torch.stack(losses[-100:]).mean())
                    speed = len(losses) * batch / (time.monotonic() - started)
                    report(
                        f"step {self.step} of {self.steps}: loss {mean:.3f},"
                        f" {speed:.0f} photos/s"
                    )
            if self.step == self.steps:
                self._calibrate()
            top = accuracy(self.average, *self.validation)
            self._log(epoch, float(torch.stack(losses).mean()), top)
            self.average.export(self.folder / "tiny_inception.npz")

    def _update(self, views: Views, chosen: Tensor, epoch: int) -> Tensor:
        options = self.options
        view = epoch % options.views
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate(self.step, self.steps, options.learning_rate)
        self.random.manual_seed(options.seed * 1_000_003 + options.views + self.step)
        growing = not options.all_sides
        now = size(self.step, self.steps, options.sizes, growing=growing)
        x = views.cut(self.photos, chosen, now.side)
        x = coloured(x, self.random)
        truth = self.truth[chosen]
        teacher = None if self.opinions is None else self.opinions[view, chosen].float()
        self.network.train()
        if now.adversarial:
            x = self._attacked(x, truth, now.adversarial * 2 / 255)
        logits = now.sharpness * self._logits(x)
        value = loss(logits, truth, teacher, options.teacher_weight)
        self.network.zero_grad(set_to_none=True)
        value.backward()
        for optimizer in self.optimizers.values():
            optimizer.step()
        if self.step % AVERAGED_EVERY == 0:
            self._average()
        self.step += 1
        return value.detach()

    def _logits(self, x: Tensor) -> Tensor:
        with autocast(self.device, enabled=self.options.bfloat16):
            return self.network(x).float()

    def _attacked(self, x: Tensor, truth: Tensor, distance: float) -> Tensor:
        """Return photos changed by one step of at most `distance` to mislead the network.

        One step from a random start (Wong, Rice, Kolter 2020). Light training on such
        photos is known to give cleaner visualizations.
        """
        start = torch.empty_like(x).uniform_(-distance, distance, generator=self.random)
        start = (x + start).requires_grad_()
        [gradient] = torch.autograd.grad(
            functional.cross_entropy(self._logits(start), truth), start
        )
        moved = start.detach() + 1.25 * distance * gradient.sign()
        return torch.min(torch.max(moved, x - distance), x + distance).clamp(-1, 1)

    @torch.no_grad()
    def _average(self) -> None:
        """Bring the mean of the newest weights up to date: of all of them, at first."""
        count = self.step // AVERAGED_EVERY + 1
        share = 1 / min(count, AVERAGED // AVERAGED_EVERY)
        newest = self.network.state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(newest[name], share)

    @torch.no_grad()
    def _calibrate(self) -> None:
        """Take the mean's statistics of batch normalization on whole photos.

        Those of the training are of earlier weights, and of cut photos of other sizes.
        """
        some = self.photos[:: max(1, len(self.photos) // CALIBRATED)]
        batches = map(network_input, some.chunk(20))
        torch.optim.swa_utils.update_bn(batches, self.average)

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


def sizes(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Size]:
    """Return what is to be done with photos of each of the sides."""
    columns: list[list[float]] = []
    for name, lowest in (("sharpness", 0.01), ("adversarial", 0.0)):
        given = getattr(options, name)
        if len(given) not in (1, len(options.sides)) or min(given) < lowest:
            parser.error(
                f"--{name} {' '.join(map(str, given))}: expected one number, or one for each"
                f" of the {len(options.sides)} --sides, of at least {lowest:g}"
            )
        columns.append(given if len(given) > 1 else given * len(options.sides))
    return list(starmap(Size, zip(options.sides, *columns, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("photos", type=Path, help="tiny_imagenet_webp.zip")
    add("--out", type=Path, default=Path("training"), help="folder for all results")
    add(
        "--epochs", type=int, default=60, help="0 decodes and asks the teacher, no more"
    )
    add(
        "--sides",
        type=int,
        nargs="+",
        default=[32, 48, 64, 80, 96],
        help="height and width of the photos, small to large",
    )
    add(
        "--all-sides",
        action="store_true",
        help="photos of all sizes from the first step on: for --start-from",
    )
    add(
        "--sharpness",
        type=float,
        nargs="+",
        default=[1.0],
        help="by which logits are multiplied in the loss, for each of the sides or for all:"
        " above 1 for small photos and below for large ones teaches to be more certain of"
        " what is large, and that is what pictures then show",
    )
    add("--batch", type=int, default=512)
    add("--learning-rate", type=float, default=0.008, help="its highest value")
    add("--augmentation", type=float, default=1.0, help="0 to 1: how much is cut off")
    add(
        "--start-from",
        type=Path,
        metavar="NPZ",
        help="go on from exported weights, such as those that the package ships",
    )
    add(
        "--teacher",
        type=Path,
        metavar="H5",
        help="distil from MobileNet 0.75: Keras' weights, mobilenet_7_5_224_tf.h5",
    )
    add("--teacher-epochs", type=int, default=6, help="of training the teacher")
    add(
        "--teacher-frozen",
        type=int,
        default=0,
        help="pairs of the teacher's convolutions that stay as they are, 0 to 13",
    )
    add(
        "--views",
        type=int,
        default=8,
        help="epochs after which photos are cut as in the first again: those that the"
        " teacher is asked about",
    )
    add("--teacher-weight", type=float, default=0.7, help="0 to 1")
    add(
        "--adversarial",
        type=float,
        nargs="+",
        default=[0.0],
        help="steps of 0..255 by which each value of a photo may be changed to mislead,"
        " for each of the sides or for all",
    )
    add("--seed", type=int, default=0)
    add(
        "--bfloat16",
        action=argparse.BooleanOptionalAction,
        default=torch.cuda.is_available(),
        help="multiply in it; also for processors with AMX",
    )
    add("--threads", type=int, default=os.cpu_count(), help="of PyTorch")
    options = parser.parse_args()
    options.sizes = sizes(parser, options)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    Training(options).run()


if __name__ == "__main__":
    main()
