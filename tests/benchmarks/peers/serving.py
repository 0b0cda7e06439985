"""The other end of `timing.Worker`: does updates when told to, and says how long it took.

Imports nothing but the standard library: peers run in an environment of their own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

# One core, where asked for: decided before any library counts the cores.
if "cores" in (_given := json.loads(sys.argv[1])):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: _given["cores"]])

# What libraries print must not get between the answers.
_ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def arguments() -> dict[str, Any]:
    """Return what the worker was started with: size, layer, batch and so on."""
    return json.loads(sys.argv[1])


def clocks() -> tuple[float, float]:
    """Return seconds on the wall, and seconds of this process's processors."""
    return time.perf_counter(), time.process_time()


def serve(advance: Callable[[int], tuple[float, float] | None], versions: str) -> None:
    """Answer requests until the input ends.

    Args:
        advance: does so many updates; returns the seconds of both clocks itself where
            calling it takes more than the updates.
        versions: of the libraries that do the work.
    """
    _answer({"ready": versions})
    for line in sys.stdin:
        before = clocks()
        own = advance(int(line))
        passed = [now - then for now, then in zip(clocks(), before, strict=True)]
        _answer({"seconds": passed if own is None else own})


def _answer(value: Any) -> None:
    _ANSWERS.write(json.dumps(value) + "\n")
    _ANSWERS.flush()
