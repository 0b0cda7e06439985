"""One notebook for all widgets about units: a cell for each, run when it is needed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.browser.lab import PANEL, Notebook, wait_for

AXE = Path(__file__).parents[2] / "js/node_modules/axe-core/axe.min.js"

SETUP = """
import os, tempfile
os.environ["LUCID_WIDGETS_CACHE"] = tempfile.mkdtemp()
import numpy as np
import lucid_widgets.optvis.render
from lucid_widgets import *
from lucid_widgets.modelzoo import vision_models as models

ATTACK = '<img src=x onerror="window.attacked = true">'
rng = np.random.default_rng(0)
photo = np.clip(
    np.linspace(0, 1, 72)[:, None, None] * [1, 0.6, 0.2]
    + 0.2 * rng.standard_normal((72, 96, 3)), 0, 1
).astype("float32")
"""

CELLS = {
    "setup": SETUP,
    "grid": "grid = ChannelGrid(layer='mixed4a', filter='0-99')\ngrid",
    "linked": ("vis = FeatureVis(size=64, steps=40)\nlinked = link(grid, vis)\nvis"),
    "groups": ("groups = NeuronGroups(image=photo, layer='mixed4a', count=4)\ngroups"),
    "dictionary": ("words = SemanticDictionary(image=photo, layer='mixed4a')\nwords"),
    "explorer": (
        "explorer = Explorer(image=photo, layer='mixed4a', size=64, steps=60)\nexplorer"
    ),
    "mixer": (
        "mixer = Mixer(units=['mixed4a:30', 'mixed4a:55', '-mixed4a:3'], size=64, "
        "steps=100_000)\nmixer"
    ),
    "activations": (
        "activations = ActivationGrid(image=photo, layer='mixed4a', n_steps=12)\n"
        "activations"
    ),
    "atlas": (
        "from lucid_widgets.recipes.activation_atlas import collect_activations\n"
        "crops = [photo[r:r + 32, c:c + 40] for r in range(0, 40, 4) "
        "for c in range(0, 56, 4)]\n"
        "found = collect_activations(models.TinyInception(), 'mixed4a', crops, "
        "classes=['goldfish', 'beacon'])\n"
        "atlas = AtlasExplorer(source=found, grid_size=4, threshold=1, "
        "layout=rng.random((140, 2)))\n"
        "atlas"
    ),
    "attribution": (
        "attributed = AttributionExplorer(image=photo, layer='mixed4a')\nattributed"
    ),
    "caricature": (
        "strip = Caricature(image=photo, strip=['conv2d1', 'conv2d2'], n_steps=12)\n"
        "strip"
    ),
    "deepdream": (
        "dream = DeepDream(image=photo, layer='conv2d2', size=72, octaves=2, "
        "n_steps=12)\n"
        "dream"
    ),
    "compare": (
        "compare = CompareModels(models.TinyInception(), models.TinyInception(), "
        "[photo, photo[::-1], photo[:, ::-1]], 'mixed3a', 'mixed3b')\ncompare"
    ),
    "hostile": (
        "class Hostile(models.TinyInception):\n"
        "    labels = [ATTACK] * 200\n"
        "hostile = ChannelGrid(Hostile(), layer='softmax2', filter='0-5')\n"
        "hostile.notice = hostile.error = hostile.title = ATTACK\n"
        "hostile"
    ),
    "browser": (
        "import ipywidgets\n"
        "browser = ModelBrowser(layer='mixed3a')\n"
        "follower = FeatureVis(size=64, steps=1)\n"
        "ipywidgets.link((browser, 'layer'), (follower, 'layer'))\n"
        "browser"
    ),
}
"""Add a widget's cell here; `explorers.show(name)` runs it and returns the widget."""


class Explorers:
    """The notebook, and what tests want of it."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self._names = list(CELLS)
        self._ready = False

    def show(self, name: str, *, again: bool = False) -> Any:
        """Return the locator of a cell's widget; the cell is run if it was not.

        Args:
            name: a key of `CELLS`.
            again: run it in any case.
        """
        if not self._ready:
            self._ready = True
            self.notebook.run(self._names.index("setup"))
        number = self._names.index(name)
        output = self._output(number)
        if again or not self.notebook.outputs(number):
            self.notebook.run(number)
        # Lab draws the outputs of cells that are out of sight late.
        self.page.evaluate(
            f"async n => {PANEL}.content.scrollToItem(n, 'center')", number
        )
        output.locator(".lucid-widget, .lucid-feature-vis").first.wait_for()
        return output

    def ask(self, code: str) -> Any:
        """Return the value of an expression in the kernel."""
        return self.notebook.ask(code)

    def _output(self, number: int) -> Any:
        return self.page.locator(".jp-Cell").nth(number).locator(".jp-OutputArea")

    def icons(self, output: Any) -> int:
        """Return how many icons a widget shows that the browser could decode."""
        return output.locator("img").evaluate_all(
            "images => images.filter(i => !i.hidden && i.naturalWidth > 1"
            " && i.src.startsWith('blob:')).length"
        )

    def wait_for_icons(self, output: Any, count: int = 1, timeout: float = 90) -> None:
        """Wait until a widget shows so many icons."""
        wait_for(lambda: self.icons(output) >= count, f"{count} icons", timeout)

    def assert_accessible(self, selector: str) -> None:
        """Assert that axe finds nothing serious in what a selector names."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "async selector => (await axe.run(selector)).violations", selector
        )
        serious = [
            (rule["id"], [node["html"][:200] for node in rule["nodes"]])
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ]
        assert serious == []

    def look(self, output: Any, shot: Any, name: str, theme: str, width: int) -> None:
        """Take a screenshot of a widget in a theme and at a width of the page."""
        page = self.page
        self.notebook.command("notebook:deselect-all")
        page.evaluate(
            "theme => window.jupyterapp.commands"
            ".execute('apputils:change-theme', {theme})",
            theme,
        )
        page.set_viewport_size({"width": width, "height": 900})
        narrow = width < 600
        if narrow:
            self.notebook.command("application:toggle-left-area")
        try:
            time.sleep(1.0)
            widget = output.locator(".lucid-widget").first
            widget.scroll_into_view_if_needed()
            shot(widget, name)
            box = widget.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width
            inside = widget.evaluate("el => el.scrollWidth <= el.clientWidth + 1")
            assert inside, "nothing sticks out"
        finally:
            page.set_viewport_size({"width": 1200, "height": 900})
            if narrow:
                self.notebook.command("application:toggle-left-area")


LOOKS = [
    ("JupyterLab Dark", 1200, "dark"),
    ("JupyterLab Light", 420, "narrow"),
    ("JupyterLab Light", 1200, "light"),
]
"""Theme, width and name; the last one leaves the page as it was."""
