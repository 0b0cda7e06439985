"""How soon icons come: cached, and not.

    python tests/benchmarks/icons.py [--model mobilenet] [--layer conv_pw_9_relu]

Measured from the page's message to the messages that answer it, in one process: first
picture of an icon (growing, and final), and the answer when all are cached. The engine
is imported and the model loaded before; tracing and compiling count.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["LUCID_WIDGETS_CACHE"] = tempfile.mkdtemp()

import lucid_widgets.optvis.render  # noqa: F401
from lucid_widgets import ChannelGrid
from lucid_widgets.modelzoo import vision_models as models


def load(name: str) -> Any:
    if name == "tiny":
        return models.TinyInception()
    import keras

    network = keras.applications.MobileNet(weights=None, alpha=0.75)
    shared = Path(os.environ["LUCID_SHARED"])
    network.load_weights(shared / "data/keras/models/mobilenet_7_5_224_tf.h5")
    return models.from_keras(network, image_value_range=(-1, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=["tiny", "mobilenet"], default="tiny")
    parser.add_argument("--layer", default="mixed4a")
    parser.add_argument("--count", type=int, default=24)
    options = parser.parse_args()
    model = load(options.model)
    grid = ChannelGrid(model, options.layer)
    seen: list[tuple[float, bool]] = []
    start = time.perf_counter()

    def note(message: Any, _buffers: Any = None) -> None:
        now = time.perf_counter() - start
        seen.extend((now, icon["final"]) for icon in message.get("icons", ()))

    grid.send = note  # where the comm begins
    units = [f"{options.layer}:{n}" for n in range(options.count)]
    cpu = time.process_time()
    grid._receive(grid, {"kind": "visible", "units": units}, [])
    grid.wait()
    cpu = time.process_time() - cpu
    finals = [moment for moment, final in seen if final]
    print(
        f"{model.name} {options.layer}, {options.count} icons, load {os.getloadavg()}"
    )
    print(f"  first growing icon {seen[0][0]:.2f} s, first final {finals[0]:.2f} s")
    print(f"  all {finals[-1]:.2f} s, {cpu / options.count:.2f} CPU seconds an icon")
    for what in ("in memory", "on disk"):
        if what == "on disk":
            grid.icons._held.clear()
            grid.icons._maker.cache._memory.clear()
        seen.clear()
        start = time.perf_counter()
        grid._receive(grid, {"kind": "visible", "units": units}, [])
        print(f"  cached {what}: all {len(seen)} in {1000 * seen[-1][0]:.1f} ms")
    grid.close()


if __name__ == "__main__":
    main()
