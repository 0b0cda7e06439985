"""Whether a long run keeps anything: resident memory over 2,000 steps.

    python tests/benchmarks/memory.py [--steps 2000]

Every frame is confirmed, by a front end in this process that keeps none of them;
sliders move all the time. The bar is 20 MB of growth between step 200 and the end.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "widgets"))

from front_end import FrontEnd
from timing import resident_mb

from lucid_widgets import FeatureVis

BAR_MB = 20


class Forgetful(FrontEnd):
    """Confirms frames and forgets them."""

    def _draw(self, content, buffers) -> None:
        super()._draw(content, buffers)
        self.frames.clear()


def main() -> int:
    """Print the figures; fail above the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    steps = parser.parse_args().steps
    vis = FeatureVis(steps=steps)
    front_end = Forgetful(vis.canvas, decode=False)
    vis.start()
    at: dict[int, float] = {}
    while vis.running:
        step = vis.current_step
        if step >= 200:
            at.setdefault(step // 200 * 200, resident_mb())
        vis.learning_rate = 0.04 + 0.01 * (step % 3)
        vis.channel = 30 + step // 100
        time.sleep(0.02)
    vis.wait()
    at[steps] = resident_mb()
    for step, megabytes in at.items():
        print(f"step {step:5d}   {megabytes:7.1f} MB")
    growth = at[steps] - at[200]
    print(f"growth from step 200 to {steps}: {growth:.1f} MB (bar {BAR_MB})")
    front_end.close()
    vis.close()
    return int(growth > BAR_MB)


if __name__ == "__main__":
    sys.exit(main())
