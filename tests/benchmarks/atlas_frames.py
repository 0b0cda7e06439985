"""How smoothly AtlasExplorer moves with ten thousand icons, in a real Chromium.

    python tests/benchmarks/atlas_frames.py [--side 100] [--shot FOLDER]

A finished atlas of side x side icons in JupyterLab. The mouse drags it and the wheel
zooms it, from all of the map down to single icons and back, while the page notes the
time between animation frames, and how long the map's own drawing takes. The bar is 60
frames a second: a median of 16.7 ms. Chromium has no graphics processor here.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from lab import Lab, Notebook, chromium, wait_for

CELL = """
import os, tempfile
os.environ["LUCID_WIDGETS_CACHE"] = tempfile.mkdtemp()
import numpy as np
from lucid_widgets import AtlasExplorer
from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.recipes.activation_atlas import Atlas
side, rng = SIDE, np.random.default_rng(0)
model = models.TinyInception()
rows, columns = np.mgrid[:side, :side].reshape(2, -1)
count, depth = side * side, model.get_layer("mixed4c").depth
waves = np.sin(np.arange(48) * np.linspace(0.2, 1.4, count)[:, None])
icons = np.empty((count, 48, 48, 3), "float32")
icons[...] = 0.5 + 0.25 * waves[:, :, None, None] + 0.2 * waves[::-1, None, :, None]
icons[..., 0] *= (rows / side)[:, None, None]
icons[..., 2] *= (columns / side)[:, None, None]
directions = rng.standard_normal((count, depth)).astype("float32")
found = Atlas(
    "mixed4c", np.zeros((0, 2)), side, np.stack([rows, columns], 1).astype("int32"),
    np.ones(count, "int32"), directions, directions,
    np.zeros((count, 0), "float32"), icons, np.ones(count, bool),
)
atlas = AtlasExplorer(model, found)
atlas
"""

WATCH = """
() => {
    const seen = window.frames_seen = [];
    const drawn = window.drawn_ms = [];
    const real = window.real_raf ??= window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = callback => real(now => {
        const before = performance.now();
        callback(now);
        drawn.push(performance.now() - before);
    });
    window.is_watching = true;
    const watch = now => {
        seen.push(now);
        if (window.is_watching) real(watch);
    };
    real(watch);
}
"""

STOP = """
() => {
    window.is_watching = false;
    window.requestAnimationFrame = window.real_raf;
    const seen = window.frames_seen;
    const between = seen.slice(1).map((now, i) => now - seen[i]);
    return [between, window.drawn_ms];
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=100)
    parser.add_argument("--shot", help="a folder for screenshots")
    options = parser.parse_args()
    code = CELL.replace("SIDE", str(options.side))
    with Lab() as lab, chromium() as browser:
        notebook = Notebook(lab, browser.new_page(), lab.write("atlas.ipynb", [code]))
        notebook.open()
        notebook.run(0)
        page = notebook.page
        canvas = page.locator(".jp-OutputArea .lucid-atlas-map")
        canvas.wait_for()
        wait_for(lambda: notebook.ask("atlas.status") == "resting", "the sheet", 300)
        page.wait_for_timeout(1500)
        print(f"{options.side**2} icons, load {os.getloadavg()[0]:.1f}")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        mouse = page.mouse

        def shot(name: str) -> None:
            if options.shot:
                Path(options.shot).mkdir(parents=True, exist_ok=True)
                canvas.screenshot(path=f"{options.shot}/{name}.png")

        def pan() -> None:
            for dx, dy in ((-180, -120), (180, 120), (150, -100), (-150, 100)):
                mouse.move(*middle)
                mouse.down()
                mouse.move(middle[0] + dx, middle[1] + dy, steps=30)
                mouse.up()

        def wheel(delta: float, count: int) -> None:
            mouse.move(*middle)
            for _ in range(count):
                mouse.wheel(0, delta)
                page.wait_for_timeout(12)

        def idle() -> None:
            page.wait_for_timeout(1000)

        every: list[float] = []
        for name, act in (
            ("at rest", idle),
            ("zoom in", lambda: wheel(-40, 30)),
            ("pan, small icons", pan),
            ("zoom in more", lambda: wheel(-40, 20)),
            ("pan, icons in full", pan),
            ("zoom out", lambda: wheel(40, 60)),
        ):
            page.evaluate(WATCH)
            act()
            between, drawn = page.evaluate(STOP)
            shot(name.replace(" ", "_").replace(",", ""))
            if act is not idle:
                every += between
            told = f"{name}: {len(between)} frames"
            told += f", median {statistics.median(between):.1f} ms"
            told += f", 95th percentile {_high(between):.1f} ms"
            if drawn:
                told += f"; drawing {statistics.median(drawn):.1f} ms"
                told += f", 95th percentile {_high(drawn):.1f} ms"
            print("  " + told)
        print(
            f"  all moving: median {statistics.median(every):.1f} ms, "
            f"95th percentile {_high(every):.1f} ms of {len(every)} frames"
        )
        print("  problems:", notebook.problems or "none")
        notebook.close()


def _high(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


if __name__ == "__main__":
    main()
