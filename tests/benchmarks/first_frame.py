"""How long a person waits for the first frame after `start()`.

    python tests/benchmarks/first_frame.py

Cold: a process that has imported nothing yet constructs a widget and starts it, so
the time holds TensorFlow's import and the compilation. Cached: another widget with
the same structure, in the same process. The bars are 6 s and 0.5 s.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "widgets"))

from front_end import FrontEnd

from lucid_widgets import FeatureVis

COLD_BAR_S, CACHED_BAR_S = 6.0, 0.5


def first_frame(channel: int) -> tuple[float, float]:
    """Return the seconds to construct a widget, and from start to its first frame."""
    before = time.perf_counter()
    vis = FeatureVis(objective=f"mixed4a:{channel}")
    constructed = time.perf_counter()
    front_end = FrontEnd(vis.canvas)
    vis.start()
    while not front_end.frames:
        time.sleep(0.001)
        assert not vis.error, vis.error
    seconds = time.perf_counter() - constructed
    vis.close()
    front_end.close()
    return constructed - before, seconds


def main() -> int:
    """Print the figures; fail above the bars."""
    construct, cold = first_frame(30)
    cached = [first_frame(channel)[1] for channel in (31, 32, 33)]
    print(f"construct {construct:.2f} s")
    print(f"first frame, cold   {cold:.2f} s (bar {COLD_BAR_S})")
    print(f"first frame, cached {max(cached):.3f} s (bar {CACHED_BAR_S})")
    return int(cold > COLD_BAR_S or max(cached) > CACHED_BAR_S)


if __name__ == "__main__":
    sys.exit(main())
