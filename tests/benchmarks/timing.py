"""Timing on a shared machine: processes that take turns, ratios within a round, medians."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).parent / "peers"


def clocks() -> np.ndarray:
    """Return seconds on the wall, and seconds of this process's processors."""
    return np.array([time.perf_counter(), time.process_time()])


def resident_mb() -> float:
    """Return this process's resident memory."""
    return psutil.Process().memory_info().rss / 2**20


def milliseconds(call: Callable[[], Any], times: int, warm: int = 3) -> float:
    """Return the median of the milliseconds that a call takes."""
    taken = []
    for index in range(warm + times):
        before = time.perf_counter()
        call()
        if index >= warm:
            taken.append(1e3 * (time.perf_counter() - before))
    return float(np.median(taken))


class Worker:
    """A process that does updates when told to; see `peers/serving.py`.

    Args:
        script: name of a file in `peers/`.
        given: what it is started with.
        python: the interpreter of its environment.
        onednn: whether TensorFlow may use oneDNN; None leaves it as it is.
    """

    def __init__(
        self,
        script: str,
        given: Mapping[str, Any],
        python: str | Path = sys.executable,
        *,
        onednn: bool | None = None,
    ) -> None:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        if onednn is not None:
            environment["TF_ENABLE_ONEDNN_OPTS"] = str(int(onednn))
        if Path(python) == Path(sys.executable):
            environment["PYTHONPATH"] = str(ROOT)
        self._process = subprocess.Popen(
            [str(python), str(PEERS / script), json.dumps(dict(given))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.versions = ""

    def ready(self) -> None:
        """Wait until it has built what it needs."""
        self.versions = self._answer()["ready"]

    def seconds(self, updates: int) -> tuple[float, float]:
        """Return the seconds, on the wall and of processors, of so many updates."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{updates}\n")
        self._process.stdin.flush()
        return self._answer()["seconds"]

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        told = (self._process.communicate()[1] or "").strip().splitlines()
        raise RuntimeError(told[-1] if told else "the process ended without a word")


@contextlib.contextmanager
def started(workers: Mapping[str, Worker]) -> Iterator[dict[str, Worker]]:
    """Wait for workers one after the other; those that fail are told and left out."""
    able: dict[str, Worker] = {}
    try:
        for name, worker in workers.items():
            try:
                worker.ready()
                worker.seconds(3)
                able[name] = worker
            except RuntimeError as error:
                print(f"  {name} does not run: {error}", flush=True)
        yield able
    finally:
        for worker in workers.values():
            worker.close()


def interleaved(
    workers: Mapping[str, Worker], updates: Mapping[str, int], rounds: int
) -> dict[str, np.ndarray]:
    """Return milliseconds per update, `[rounds, 2]`, of workers that take turns.

    The second column is processor time: the steadier one on a busy machine, and the
    honest one only where every worker has one core.

    Args:
        workers: by name.
        updates: how many to do in one turn, by name.
        rounds: how many turns; every other round goes the other way.
    """
    found: dict[str, list[np.ndarray]] = {name: [] for name in workers}
    for index in range(rounds):
        for name in list(workers)[:: -1 if index % 2 else 1]:
            seconds = np.array(workers[name].seconds(updates[name]))
            found[name].append(1e3 * seconds / updates[name])
    return {name: np.array(each) for name, each in found.items()}


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
