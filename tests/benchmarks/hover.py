"""How soon AttributionExplorer answers the mouse, in a real Chromium.

    python tests/benchmarks/hover.py [--weights mobilenet_7_5_224_tf.h5]

The mouse visits places of a photo; what counts is the time until the text beside it
changes, beside that of an animation frame in which nothing happens. The bar is 100 ms.
With weights, the model is MobileNet 0.75, else TinyInception.
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
from lucid_widgets import AttributionExplorer
from lucid_widgets.modelzoo import vision_models as models
model, layer = models.TinyInception(), "mixed4a"
if WEIGHTS:
    import keras
    network = keras.applications.MobileNet(alpha=0.75, weights=WEIGHTS)
    model, layer = models.from_keras(network), "conv_pw_11_relu"
photo = np.random.default_rng(0).random((120, 160, 3), np.float32)
explorer = AttributionExplorer(model, photo, layer)
explorer
"""

HOVER = """
async () => {
    const photo = document.querySelector(".lucid-attribution-explorer .lucid-photo");
    const told = photo.parentElement.querySelector("[aria-live]");
    const { left, top, width, height } = photo.getBoundingClientRect();
    const frame = () => new Promise(done => requestAnimationFrame(done));
    const answers = [], frames = [];
    for (let i = 0; i < 60; i++) {
        const before = told.textContent;
        const start = performance.now();
        photo.dispatchEvent(new PointerEvent("pointermove", {
            clientX: left + width * (0.05 + 0.9 * (i * 7 % 11) / 11),
            clientY: top + height * (0.05 + 0.9 * (i * 3 % 7) / 7),
        }));
        while (told.textContent === before && performance.now() - start < 2000)
            await frame();
        const end = performance.now();
        answers.push(end - start);
        await frame();
        frames.push(performance.now() - end);
    }
    return [answers, frames];
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", default="", help="of MobileNet 0.75, a file")
    options = parser.parse_args()
    code = CELL.replace("WEIGHTS", repr(options.weights))
    with Lab() as lab, chromium() as browser:
        notebook = Notebook(lab, browser.new_page(), lab.write("hover.ipynb", [code]))
        notebook.open()
        notebook.run(0)
        page = notebook.page
        page.locator(".lucid-word").first.wait_for()
        wait_for(lambda: notebook.ask("explorer.status") == "resting", "icons", 300)
        answers, frames = page.evaluate(HOVER)
        print(f"{notebook.ask('explorer.title')}, load {os.getloadavg()[0]:.1f}")
        for name, values in (("answer", answers), ("empty frame", frames)):
            high = sorted(values)[int(0.95 * (len(values) - 1))]
            print(
                f"  {name}: median {statistics.median(values):.0f} ms, "
                f"95th percentile {high:.0f} ms"
            )
        notebook.close()


if __name__ == "__main__":
    main()
