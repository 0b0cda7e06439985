"""How long a person waits: for the import, the embedded model, the first frame.

    python tests/benchmarks/first_frame.py

Cold: a process that has imported nothing yet constructs a widget and starts it, so
the time holds TensorFlow's import and the compilation. Cached: another widget with
the same structure, in the same process. The package itself is imported in processes
of their own, and loading TinyInception is timed after TensorFlow is there.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "widgets"))

from front_end import FrontEnd

from lucid_widgets import FeatureVis

COLD_BAR_S, CACHED_BAR_S = 6.0, 0.5
IMPORT_BAR_S, LOAD_BAR_S = 0.3, 0.5


def package_import() -> float:
    """Return the seconds `import lucid_widgets` takes, the best of five."""
    code = (
        "import time; start = time.perf_counter(); import lucid_widgets; "
        "print(time.perf_counter() - start)"
    )
    return min(
        float(subprocess.check_output([sys.executable, "-c", code], text=True))
        for _ in range(5)
    )


def model_load() -> float:
    """Return the seconds from nothing to TinyInception's first output."""
    import numpy as np

    from lucid_widgets.modelzoo import tiny_inception

    tiny_inception._weights.cache_clear()
    before = time.perf_counter()
    model = tiny_inception.TinyInception()
    model.import_graph(np.zeros([1, 64, 64, 3], np.float32))["softmax2"]
    return time.perf_counter() - before


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
    imported = package_import()
    construct, cold = first_frame(30)
    cached = [first_frame(channel)[1] for channel in (31, 32, 33)]
    loaded = model_load()
    print(f"import lucid_widgets {imported:.3f} s (bar {IMPORT_BAR_S})")
    print(f"load TinyInception  {loaded:.2f} s (bar {LOAD_BAR_S})")
    print(f"construct {construct:.2f} s")
    print(f"first frame, cold   {cold:.2f} s (bar {COLD_BAR_S})")
    print(f"first frame, cached {max(cached):.3f} s (bar {CACHED_BAR_S})")
    return int(
        imported > IMPORT_BAR_S
        or loaded > LOAD_BAR_S
        or cold > COLD_BAR_S
        or max(cached) > CACHED_BAR_S
    )


if __name__ == "__main__":
    sys.exit(main())
