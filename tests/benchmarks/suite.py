"""How fast the engine is, how it grows, and how it compares: one table.

    python tests/benchmarks/suite.py [--quick] [--peers PYTHON] [--cores N] [-o FILE]

InceptionV1 stands for its topology with random weights, written by a script in
LUCID_SHARED; without it those rows are left out. Peers are optional. They want an
environment of their own, whose interpreter is given:

    python3.11 -m venv ~/peers
    ~/peers/bin/pip install torch torchvision tqdm decorator ipython future tensorflow tf-keras tf-keras-vis xplique
    ~/peers/bin/pip install --no-deps torch-lucent==0.1.8 kornia==0.4.1
    python tests/benchmarks/suite.py --peers ~/peers/bin/python

Peers and engine take turns in processes of their own; a figure is the median of the
ratios within a round. On a busy machine use --cores 1 and read processor time.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from timing import ROOT, Worker, interleaved, started, table

SUBJECTS = [
    "InceptionV1, 128 px, mixed4a",
    "InceptionV1, 128 px, mixed4a, batch 8",
    "InceptionV1, 224 px, mixed5a",
    "TinyInception, 128 px, mixed4a",
    "MobileNet, 128 px, conv_pw_6",
]
LISTS = ["structures", "many", "growth", "peak"]

# Peer: script, runs in our environment, updates in a turn, further arguments.
PEERS: dict[str, tuple[str, bool, int, dict[str, Any]]] = {
    "PyTorch by hand": ("torch_loop.py", False, 8, {}),
    "Lucid, compat.v1": ("lucid_tf1.py", True, 8, {}),
    "Lucent, same input": ("lucent_vis.py", False, 3, {"fixed": True}),
    "Lucent as shipped": ("lucent_vis.py", False, 2, {}),
    "tf-keras-vis": ("keras_vis.py", False, 3, {}),
    "Xplique": ("xplique_vis.py", False, 4, {}),
}
ALONE = {"PyTorch by hand", "Lucid, compat.v1"}  # also at other sizes and batches
CASES = [
    ("mixed4a", 128, 1),
    ("mixed4a", 128, 4),
    ("mixed4a", 128, 8),
    ("mixed5a", 224, 1),
]

# What is aimed at: ours / peer, by batch. The share of the peak that a bar takes is the
# share that we reach (`--only peak`) times the ratio here over the bar.
BARS = {
    "PyTorch by hand": {1: 1.0, 4: 0.85, 8: 0.85},
    "Lucid, compat.v1": {1: 0.70, 4: 0.52},
    "Lucent, same input": {1: 0.25},
    "Lucent as shipped": {1: 0.13},
    "tf-keras-vis": {1: 0.18},
    "Xplique": {1: 0.6},
}


def write_stand_in(folder: str) -> str | None:
    """Return the path of a GraphDef with InceptionV1's nodes; None without a script."""
    shared = Path(os.environ.get("LUCID_SHARED", ROOT.parent / "shared"))
    script = shared / "tools" / "inception5h_like.py"
    if not script.exists():
        return None
    path = Path(folder) / "stand_in.pb"
    subprocess.run([sys.executable, script, path], check=True, capture_output=True)
    return str(path)


def subject(name: str, graph: str | None, *, quick: bool) -> dict[str, Any] | None:
    """Return what a process of its own measures; None if it cannot."""
    script = Path(__file__).with_name("subjects.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    if graph is not None:
        environment["STAND_IN"] = graph
    done = subprocess.run(
        [sys.executable, script, name, *(["--quick"] if quick else [])],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        print(f"  {name}: {done.stderr.strip().splitlines()[-1]}", flush=True)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def compared(
    case: tuple[str, int, int], graph: str, options: argparse.Namespace
) -> list[list[Any]]:
    """Return the rows of one comparison."""
    layer, size, batch = case
    given: dict[str, Any] = {
        "graph": graph,
        "layer": layer,
        "size": size,
        "batch": batch,
    }
    if options.cores:
        given["cores"] = options.cores
    workers = {"ours": Worker("ours.py", given)}
    for name, (script, home, _, more) in PEERS.items():
        if (home or options.peers) and (case == CASES[0] or name in ALONE):
            python = sys.executable if home else options.peers
            workers[name] = Worker(script, {**given, **more}, python)
    with started(workers) as able:
        updates = {name: PEERS[name][2] if name in PEERS else 8 for name in able}
        rounds = 3 if options.quick else 9
        found = interleaved(able, updates, rounds)
        versions = {name: worker.versions for name, worker in able.items()}
    ours = found.pop("ours")
    rows = []
    for name, theirs in found.items():
        wall, processor = np.median(ours / theirs, axis=0)
        rows.append(
            [
                f"{layer}, {size} px, batch {batch}",
                f"{name} ({versions[name]})",
                f"{wall:.2f}",
                f"{processor:.2f}",
                str(BARS[name].get(batch, "")),
            ]
        )
        print("  " + " | ".join(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Measure everything, print it, and write it down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--peers", type=Path, help="interpreter with the peers")
    parser.add_argument("--cores", type=int, help="cores for each of those compared")
    parser.add_argument("--only", help="subjects whose name contains this, or 'peers'")
    parser.add_argument("-o", "--output", type=Path, help="file for the table")
    options = parser.parse_args()
    wanted = options.only or ""
    load = os.getloadavg()[0]
    parts = [
        f"{datetime.date.today()}, {os.cpu_count()} cores, {platform.machine()}, "
        f"load {load:.1f} at the start"
    ]
    with tempfile.TemporaryDirectory() as folder:
        graph = write_stand_in(folder)
        for names in (SUBJECTS, LISTS):
            rows = []
            for name in names:
                if wanted in name and (
                    values := subject(name, graph, quick=options.quick)
                ):
                    told = [f"{key} {value}" for key, value in values.items()]
                    rows.append([name, "; ".join(told)])
                    print(*rows[-1], flush=True)
            if rows:
                parts.append(table(["what", "figures"], rows))
        if graph and wanted in "peers":
            rows = [row for case in CASES for row in compared(case, graph, options)]
            head = [
                "case",
                "peer",
                "ours / peer, wall",
                "ours / peer, processor",
                "bar",
            ]
            parts.append(table(head, rows))
        if not options.peers:
            parts.append("Peers outside TensorFlow: not installed (see --help).")
    text = "\n\n".join(parts) + "\n"
    print("\n" + text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
