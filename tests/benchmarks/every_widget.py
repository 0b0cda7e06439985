"""How soon every widget has something to show in JupyterLab, in a real Chromium.

    python tests/benchmarks/every_widget.py [--weights mobilenet_7_5_224_tf.h5]
        [--photo FILE] [--shots FOLDER] [--only NAME]

Each widget's cell is run in a kernel that has the model, each with no icons in its cache;
what counts is the time from there to the first three icons, or pictures, in the page
(the bar is 3 s). With weights, the model is MobileNet 0.75, else TinyInception.
`--shots` keeps a screenshot of each, to be looked at.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from lab import Lab, Notebook, chromium, wait_for

SETUP = """
import os, tempfile
import numpy as np
import lucid_widgets.optvis.render
from lucid_widgets import *
from lucid_widgets.misc.io import load
from lucid_widgets.modelzoo import vision_models as models
model, layers = models.TinyInception(), ["mixed3b", "mixed4a", "mixed4c"]
if WEIGHTS:
    import keras
    network = keras.applications.MobileNet(alpha=0.75, weights=WEIGHTS)
    model = models.from_keras(network)
    layers = ["conv_pw_5_relu", "conv_pw_9_relu", "conv_pw_11_relu"]
photo = load(PHOTO) if PHOTO else np.random.default_rng(0).random((120, 160, 3), "float32")
early, layer, late = layers
units = [f"{layer}:{number}" for number in (30, 55, 3)]
"""

WIDGETS = {
    "FeatureVis": "FeatureVis(model, units[0])",
    "ModelBrowser": "ModelBrowser(model, layer=layer)",
    "ChannelGrid": "ChannelGrid(model, layer=layer)",
    "SemanticDictionary": "SemanticDictionary(model, photo, layer)",
    "ActivationGrid": "ActivationGrid(model, photo, layer)",
    "AttributionExplorer": "AttributionExplorer(model, photo, layer)",
    "NeuronGroups": "NeuronGroups(model, photo, layer, count=4)",
    "Mixer": "Mixer(model, units)",
    "Caricature": "Caricature(model, photo, strip=[early, layer])",
    "DeepDream": "DeepDream(model, photo, layer)",
    "Explorer": "Explorer(model, image=photo, layer=layer)",
}

FORGET = 'os.environ["LUCID_WIDGETS_CACHE"] = tempfile.mkdtemp()'

PICTURES = """
output => [...output.querySelectorAll("img, canvas")].filter(node =>
    !node.hidden && node.offsetWidth > 8 && (node.tagName === "CANVAS"
        ? node.width > 8 && node.getContext("2d").getImageData(
            node.width >> 1, node.height >> 1, 1, 1).data[3] > 0
        : node.src.startsWith("blob:") && node.naturalWidth > 1)).length
"""


def measured(notebook: Notebook, number: int, wanted: int) -> float:
    """Return seconds from running a cell to so many pictures; the cell is shown."""
    output = notebook.page.locator(".jp-Cell").nth(number).locator(".jp-OutputArea")
    notebook.select(number)
    notebook.page.evaluate(
        "n => window.jupyterapp.shell.currentWidget.content.scrollToItem(n, 'start')",
        number,
    )
    start = time.monotonic()
    notebook.command("notebook:run-cell", wait=False)
    output.locator(".lucid-widget, .lucid-feature-vis").first.wait_for()
    wait_for(lambda: output.evaluate(PICTURES) >= wanted, "pictures", 120)
    return time.monotonic() - start


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default="", help="of MobileNet 0.75, a file")
    parser.add_argument("--photo", default="", help="a file")
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--only", choices=WIDGETS, action="append")
    options = parser.parse_args()
    names = options.only or list(WIDGETS)
    setup = SETUP.replace("WEIGHTS", repr(options.weights))
    cells: list[str] = [setup.replace("PHOTO", repr(options.photo))]
    cells += [f"{FORGET}\nshown = {WIDGETS[name]}\nshown" for name in names]
    with Lab() as lab, chromium() as browser:
        view: dict[str, Any] = {"viewport": {"width": 1200, "height": 900}}
        page = browser.new_context(**view).new_page()
        notebook = Notebook(lab, page, lab.write("every.ipynb", cells))
        notebook.open()
        notebook.run(0)
        print(f"{notebook.ask('model.model_name')}, load {os.getloadavg()[0]:.1f}")
        for number, name in enumerate(names, 1):
            wanted = 1 if name in ("FeatureVis", "DeepDream", "ActivationGrid") else 3
            print(f"  {name}: {measured(notebook, number, wanted):.1f} s", flush=True)
            if options.shots:
                options.shots.mkdir(parents=True, exist_ok=True)
                page.wait_for_timeout(15_000)
                page.screenshot(path=options.shots / f"{name}.png")
            notebook.ask("shown.close()")
        notebook.close()
        if notebook.problems:
            print("in the console:", *notebook.problems, sep="\n  ")


if __name__ == "__main__":
    main()
