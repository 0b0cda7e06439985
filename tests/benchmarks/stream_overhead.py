"""What the widget costs: a run that is shown, against `render_vis`.

    python tests/benchmarks/stream_overhead.py [--steps 512] [--pairs 5]

Pairs of runs, one after the other, each in the order that the pair before had not:
`render_vis` alone, then a `FeatureVis` whose every frame is decoded nowhere and
confirmed at once, by a front end in this process. The bar is a median ratio of 1.15.
Processor time is told too: on a busy machine it is the steadier figure.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "widgets"))

from front_end import FrontEnd
from timing import clocks

from lucid_widgets import FeatureVis
from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.optvis import render

BAR = 1.15
OBJECTIVE = "mixed4a:30"


def plain(model, steps: int) -> np.ndarray:
    """Return the seconds that `render_vis` takes."""
    before = clocks()
    render.render_vis(
        model, OBJECTIVE, thresholds=(steps - 1,), verbose=False, use_fixed_seed=True
    )
    return clocks() - before


def shown(model, steps: int) -> tuple[np.ndarray, int]:
    """Return the seconds that the same run takes in a widget, and its frames sent."""
    vis = FeatureVis(model, OBJECTIVE, steps=steps)
    front_end = FrontEnd(vis.canvas, decode=False)
    before = clocks()
    vis.start()
    vis.wait()
    seconds = clocks() - before
    front_end.close()
    vis.close()
    return seconds, len(front_end.frames)


def main() -> int:
    """Print the figures; fail above the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=512)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    model = models.TinyInception()
    plain(model, 32)
    shown(model, 32)
    ratios = []
    for pair in range(options.pairs):
        if pair % 2:
            (with_widget, frames), alone = (
                shown(model, options.steps),
                plain(model, options.steps),
            )
        else:
            alone = plain(model, options.steps)
            with_widget, frames = shown(model, options.steps)
        ratios.append(with_widget / alone)
        print(
            f"render_vis {alone[0]:6.2f} s   widget {with_widget[0]:6.2f} s   "
            f"ratio {ratios[-1][0]:.3f} (processor time {ratios[-1][1]:.3f})   "
            f"{frames} frames of {options.steps} steps"
        )
    median, processor = np.median(ratios, axis=0)
    print(f"median ratio {median:.3f} (bar {BAR}), processor time {processor:.3f}")
    return int(median > BAR)


if __name__ == "__main__":
    sys.exit(main())
