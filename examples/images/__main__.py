"""Make the pictures of the README files: `.venv/bin/python examples/images`.

To be run again, and looked at, when the embedded model or the engine's defaults change.
Screenshots of widgets are not among them.
"""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path

import numpy as np

from lucid_widgets.misc.io import save
from lucid_widgets.misc.sprites import sprite_sheet
from lucid_widgets.modelzoo.vision_models import TinyInception
from lucid_widgets.optvis import objectives, param, render, transform
from lucid_widgets.optvis.many import render_many

HERE = Path(__file__).parent
MODEL = TinyInception()
LOGITS = "softmax2_pre_activation"
UNIT = "mixed4a:258"

GALLERY_CHANNELS = ("mixed4a:258", "mixed5a:109", "mixed5a:367")
GALLERY_CLASSES = (
    "king penguin",
    "pizza",
    "bison",
    "ladybug",
    "mushroom",
    "goldfish",
    "stopwatch",
    "monarch",
    "pomegranate",
)


def picture(objective, param_f=None, transforms=None, steps=256) -> np.ndarray:
    run = render.frames(MODEL, objective, param_f, None, transforms, steps=steps)
    return deque(run, maxlen=1).pop().images[0]


def class_objective(name: str) -> str:
    names = [label.split(",")[0] for label in MODEL.labels]
    return f"{LOGITS}:{names.index(name)}"


def pictures(wanted) -> list[np.ndarray]:
    found = {i: frame.images[0] for i, frame in render_many(MODEL, list(wanted))}
    return [found[i] for i in range(len(found))]


def gallery() -> np.ndarray:
    wanted = [*GALLERY_CHANNELS, *map(class_objective, GALLERY_CLASSES)]
    return sheet(pictures(wanted), columns=6, gap=4)


def optvis_objective() -> np.ndarray:
    first, second = (
        objectives.channel("mixed4a", 258),
        objectives.channel("mixed4a", 179),
    )
    neuron = objectives.neuron("mixed4a", 258)
    found = [picture(one) for one in (neuron, first, first + second)]
    return row([*found, picture(class_objective("monarch"))])


def optvis_param() -> np.ndarray:
    kinds = [(fft, colours) for fft in (False, True) for colours in (False, True)]
    return row(
        picture(
            UNIT,
            lambda fft=fft, colours=colours: param.image(
                128, fft=fft, decorrelate=colours
            ),
        )
        for fft, colours in kinds
    )


def optvis_transform() -> np.ndarray:
    stops = [
        transform.pad(16),
        transform.jitter(8),
        transform.random_scale([n / 100 for n in range(80, 120)]),
        transform.random_rotate([*range(-10, 11), *range(-5, 6)]),
        transform.jitter(2),
    ]
    several = ([], [transform.jitter(8)], None, stops)
    return row(picture(UNIT, transforms=each) for each in several)


def optvis_step() -> np.ndarray:
    return row(picture(UNIT, steps=steps) for steps in (4, 16, 64, 256))


def row(images) -> np.ndarray:
    return sheet(list(images), columns=4, gap=6)


def sheet(images, columns: int, gap: int) -> np.ndarray:
    made = sprite_sheet(images, None, columns, gap)
    return made[:-gap, :-gap]


SHEETS = (gallery, optvis_objective, optvis_param, optvis_transform, optvis_step)


def main() -> None:
    for make in SHEETS:
        if not sys.argv[1:] or make.__name__ in sys.argv[1:]:
            save(make(), str(HERE / f"{make.__name__}.jpg"))
            print(make.__name__, flush=True)


if __name__ == "__main__":
    main()
