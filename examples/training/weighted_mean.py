"""Write the weighted mean of several exported weights of one training's course.

usage: python examples/training/weighted_mean.py OUT.npz A.npz=0.6 B.npz=0.6 C.npz=-0.2

The mean of a network and of what it became by further training is often better than
either, both on photos and on photos of other kinds (Wortsman and others 2022, "Robust
fine-tuning of zero-shot models"). It works for those that one training leads to, one
after the other; networks trained apart have nothing in common.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


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


def main() -> None:
    if len(sys.argv) < 3 or not all("=" in part for part in sys.argv[2:]):
        raise SystemExit(__doc__)
    given = (part.rsplit("=", 1) for part in sys.argv[2:])
    found = weighted_mean({Path(path): float(weight) for path, weight in given})
    np.savez_compressed(sys.argv[1], **found)


if __name__ == "__main__":
    main()
