"""One subject of the engine, measured in a process of its own; prints JSON.

    python tests/benchmarks/subjects.py NAME [--quick]

Time to trace and to run the first update, milliseconds for each further one, resident
memory; for "structures" the memory after 30 structural changes, for "many" the time
of an image among many against alone, for "growth" times by batch, size and step.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from timing import clocks, milliseconds, resident_mb

from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.optvis import objectives, render
from lucid_widgets.optvis.plan import plan
from lucid_widgets.optvis.settings import RenderSettings
from lucid_widgets.optvis.step import hyperparameter_tensors, number_tensors


def stand_in() -> Any:
    """Return the network of InceptionV1 with random weights."""
    return models.from_graphdef(
        os.environ["STAND_IN"], trust=True, image_value_range=(-117, 138)
    )


def stepping(model: Any, layer: str, size: int, batch: int = 1) -> Callable[[], Any]:
    """Return a function that does an update."""
    objective = objectives.channels(layer, range(batch))
    made = plan(model, objective, settings=RenderSettings(size=size, batch=batch))
    numbers = number_tensors(made.objective.numbers)
    hyper = hyperparameter_tensors(made.hyperparameters)
    state = made.start

    def update() -> None:
        nonlocal state
        state, values = made.step.update(state, numbers, hyper)
        values.numpy()

    return update


def measured(
    model: Any, layer: str, size: int, batch: int, times: int
) -> dict[str, Any]:
    """Return what one subject costs."""
    np.asarray(model.import_graph(np.zeros([1, 32, 32, 3], "f4"))("input"))
    before = time.perf_counter()
    update = stepping(model, layer, size, batch)
    update()
    first = time.perf_counter() - before
    return {
        "first update, s": round(first, 2),
        "update, ms": round(milliseconds(update, times, warm=20), 1),
        "memory, MB": round(resident_mb()),
    }


def structures(count: int) -> dict[str, Any]:
    """Return the memory before and after structural changes: layers and sizes."""
    model = stand_in()
    layers = ["mixed3a", "mixed3b", "mixed4a", "mixed4b", "mixed4c", "mixed4d"]
    found = []
    for index in range(count + 1):
        layer = layers[index % len(layers)]
        update = stepping(model, f"{layer}_pre_relu", 64 + 8 * (index % 5))
        update()
        found.append(resident_mb())
    return {
        "after the first, MB": round(found[0]),
        "after a third, MB": round(found[count // 3]),
        f"after {count}, MB": round(found[-1]),
    }


def many(channels: int, steps: int) -> dict[str, Any]:
    """Return the time of an image among many against one that is made alone."""
    model = models.TinyInception()
    chosen = [f"mixed4a:{n}" for n in range(channels)]
    list(render.render_many(model, chosen[:8], steps=2))
    list(render.render_many(model, chosen[:1], steps=2))
    ratios = []
    for _ in range(3):
        before = time.perf_counter()
        list(render.render_many(model, chosen[:1], steps=steps))
        alone = time.perf_counter() - before
        before = time.perf_counter()
        list(render.render_many(model, chosen, steps=steps))
        ratios.append((time.perf_counter() - before) / channels / alone)
    return {"channels": channels, "ratio": round(float(np.median(ratios)), 3)}


def growth(times: int) -> dict[str, Any]:
    """Return milliseconds by batch (per image) and by size."""
    model = models.TinyInception()
    found: dict[str, Any] = {}
    for batch in (1, 2, 4, 8, 16, 32):
        update = stepping(model, "mixed4a", 128, batch)
        found[f"batch {batch}, ms per image"] = round(
            milliseconds(update, times, warm=19) / batch, 2
        )
    for size in (64, 128, 256, 512):
        update = stepping(model, "mixed4a", size)
        found[f"{size} px, ms"] = round(milliseconds(update, times, warm=19), 1)
    return found


def peak(times: int) -> dict[str, Any]:
    """Return the share of the matrix-multiply peak that an update reaches, by batch."""
    model, found = stand_in(), {}
    for batch in (1, 4, 8):
        found |= _peak(model, batch, times)
    return found


def _peak(model: Any, batch: int, times: int) -> dict[str, Any]:
    import tensorflow as tf
    from tensorflow.python.profiler import model_analyzer, option_builder

    images = tf.random.uniform([batch, 140, 140, 3])

    def forward(images: Any) -> Any:
        return model.import_graph(images)("mixed4a_pre_relu")

    def both(images: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            value = tf.reduce_sum(forward(images)[..., 0])
        return tape.gradient(value, images)

    graph = tf.function(forward).get_concrete_function(images).graph
    options = option_builder.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    options["account_type_regexes"] = ["Conv2D"]  # what any implementation must do
    # An input gradient does the multiplications of its forward pass once more.
    flops = 2 * model_analyzer.profile(graph, options=options).total_float_ops
    matrix = tf.random.normal([2048, 2048])
    run = tf.function(both).get_concrete_function(images)
    calls: list[Callable[[], Any]] = [
        lambda: tf.matmul(matrix, matrix).numpy(),
        lambda: run(images).numpy(),
        stepping(model, "mixed4a_pre_relu", 128, batch),
    ]
    for _ in range(18):  # until ReLUs are no longer redirected
        calls[-1]()
    # In turn, and by the ratios of a round: whatever else runs slows all of them down.
    rounds = [[once(call) for call in calls] for _ in range(times + 1)][1:]
    seconds = np.moveaxis(np.array(rounds), 2, 1)  # [rounds, clocks, calls]
    speeds = np.array([2 * 2048**3, flops, flops]) / 1e9 / seconds
    shares = np.median(speeds / speeds[:, :, :1], axis=0)
    wall, processor = np.median(speeds[:, :, 0], axis=0)
    return {
        "GFLOP per image": round(flops / batch / 1e9, 2),
        "matrix product, GFLOP/s": round(float(wall)),
        "matrix product, GFLOP/s of processor time": round(float(processor)),
        f"batch {batch}: network, share": round(float(shares[0, 1]), 2),
        f"batch {batch}: update, share": round(float(shares[0, 2]), 2),
        f"batch {batch}: network, of processor time": round(float(shares[1, 1]), 2),
        f"batch {batch}: update, of processor time": round(float(shares[1, 2]), 2),
    }


def once(call: Callable[[], Any]) -> np.ndarray:
    """Return the seconds of one call, on the wall and of processors."""
    before = clocks()
    call()
    return clocks() - before


def main() -> None:
    """Measure one subject."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    times = 10 if given.quick else 60

    def inception(layer: str, size: int, batch: int) -> dict[str, Any]:
        return measured(stand_in(), f"{layer}_pre_relu", size, batch, times)

    def mobilenet() -> dict[str, Any]:
        import keras

        network = keras.applications.MobileNet(weights=None)
        model = models.from_keras(network, image_value_range=(-1, 1))
        return measured(model, "conv_pw_6_relu", 128, 1, times)

    subjects: dict[str, Callable[[], dict[str, Any]]] = {
        "InceptionV1, 128 px, mixed4a": lambda: inception("mixed4a", 128, 1),
        "InceptionV1, 128 px, mixed4a, batch 8": lambda: inception("mixed4a", 128, 8),
        "InceptionV1, 224 px, mixed5a": lambda: inception("mixed5a", 224, 1),
        "TinyInception, 128 px, mixed4a": lambda: measured(
            models.TinyInception(), "mixed4a", 128, 1, times
        ),
        "MobileNet, 128 px, conv_pw_6": mobilenet,
        "structures": lambda: structures(10 if given.quick else 30),
        "many": lambda: many(16, 32) if given.quick else many(64, 256),
        "growth": lambda: growth(times),
        "peak": lambda: peak(10 if given.quick else 20),
    }
    print(json.dumps(subjects[given.name]()))


if __name__ == "__main__":
    main()
