"""Write the weighted mean of several exported weights of one training's course.

usage, in examples/: python -m training.weighted_mean OUT.npz [--photos train.npy]
           A.npz=0.44 B.npz=0.44 C.npz=0.12

The mean of a network and of what it became by further training is often better than
either, both on photos and on photos of other kinds (Wortsman and others 2022, "Robust
fine-tuning of zero-shot models"). It works for those that one training leads to, one
after the other; networks trained apart have nothing in common.

Between networks far from each other the mean's activations are weaker than those of
either. With ``--photos``, those that the training has decoded, each channel is given
mean and deviation back, as the weighted mean of theirs (Jordan and others 2023,
"REPAIR: REnormalizing Permuted Activations for Interpolation Repair"). Needs PyTorch.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

EVERY = 60
"""Which of the photos the statistics are taken on."""


def weighted_mean(parts: dict[Path, float]) -> dict[str, np.ndarray]:
    """Return the sum of arrays of equal names, each file times its weight, as float16."""
    if abs(sum(parts.values()) - 1) > 1e-6:
        raise SystemExit(f"weights add up to {sum(parts.values()):g}; expected 1")
    total: dict[str, np.ndarray] = {}
    for path, weight in parts.items():
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                share = weight * arrays[name].astype(np.float32)
                total[name] = total[name] + share if name in total else share
    return {name: array.astype(np.float16) for name, array in total.items()}


def repair(path: Path, parts: dict[Path, float], pixels: np.ndarray) -> None:
    """Give the channels of a mean the statistics that those of its parts have.

    Args:
        path: what `weighted_mean` returned, in a file, which is written again.
        parts: what it is the mean of.
        pixels: uint8 photos, ``[n, 64, 64, 3]``.
    """
    import torch

    from training.network import Network
    from training.tiny_imagenet import network_input

    x = network_input(torch.from_numpy(pixels))

    def network(weights: Path) -> Network:
        made = Network()
        made.start_from(weights, x)
        return made

    found = [(network(part).statistics(x), share) for part, share in parts.items()]
    wanted = {
        name: sum(share * statistics[name] for statistics, share in found)
        for name in found[0][0]
    }
    mean = network(path)
    mean.renormalize(x, wanted)
    mean.export(path)


def main() -> None:
    arguments = sys.argv[1:]
    photos = None
    if "--photos" in arguments:
        at = arguments.index("--photos")
        _, photos = arguments[at : at + 2]
        del arguments[at : at + 2]
    if len(arguments) < 2 or not all("=" in part for part in arguments[1:]):
        raise SystemExit(__doc__)
    given = (part.rsplit("=", 1) for part in arguments[1:])
    parts = {Path(path): float(weight) for path, weight in given}
    out = Path(arguments[0])
    np.savez_compressed(out, **weighted_mean(parts))
    if photos is not None:
        repair(out, parts, np.load(photos)[::EVERY])


if __name__ == "__main__":
    main()
