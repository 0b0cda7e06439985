"""A notebook of twenty widgets: how long it takes to open, and what reruns leave.

    python tests/benchmarks/many_widgets.py [--widgets 20] [--reruns 3]

The notebook is executed without a browser, saved, and opened in a real JupyterLab as
somebody else would, until every canvas shows its picture; a notebook of one line is
opened before it, for comparison. Then the cell is run, and run again, and what is on
the page and in the kernel is counted.

The widgets of a cell that was run again do not leave a page: ipywidgets keeps them in
the kernel, a kernel connection of JupyterLab keeps a listener of every comm it ever had,
that one the model, and the model, in ipywidgets' `state_change` promise, its last view;
anywidget keeps three listeners for every open model. So the same is done with control
panels of plain ipywidgets, of the same kinds and number, and an empty anywidget beside
each, and their growth is taken off. The bar is 10 seconds, and no growth of listeners,
views, bitmaps or threads beyond that.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from lab import Lab, Notebook, chromium, wait_for
from leaks import Leaks

BAR_S = 10
IDLE_S = 1

CELL = """
from IPython.display import display
from lucid_widgets import FeatureVis
shown = [
    FeatureVis(objective=f"mixed4a:{{number}}", size=64, steps={steps})
    for number in range({widgets})
]
for vis in shown:
    vis._session.runner._idle_s = {idle}  # threads end after half a minute otherwise
    display(vis)
"""
PLAIN = """
import anywidget
import ipywidgets
from IPython.display import display
from lucid_widgets import FeatureVis
def plain(widget):
    kind = next(c for c in type(widget).__mro__ if c.__module__.startswith("ipywidgets"))
    children = [plain(child) for child in getattr(widget, "children", ())]
    return kind(children=children) if children else kind()
class Empty(anywidget.AnyWidget):
    _esm = "export default () => ({{ initialize() {{}}, render() {{}} }})"
pattern = globals().get("pattern") or FeatureVis(autostart=False)
for number in range({widgets}):
    display(plain(pattern._panel))
    display(Empty())
"""
NOISE = 0.15
"""By how much of plain ipywidgets' growth two counts may differ by chance."""

WAIT = "for vis in shown:\n    vis.wait()"

PAINTED = """
count => {
    const stages = [...document.querySelectorAll('.lucid-frame-canvas [role=img]')];
    return stages.filter(stage => /step [1-9]/.test(stage.ariaLabel)).length >= count;
}
"""


def executed(path: Path, cells: list[str]) -> None:
    """Write a notebook with its outputs and its widgets' state."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
    nbformat.write(notebook, path)


def seconds_to_open(lab: Lab, browser: object, name: str, widgets: int) -> float:
    """Return how long a notebook takes from the address to its last picture."""
    path = lab.notebooks / name
    trust = [sys.executable, "-m", "jupyter", "trust", str(path)]
    subprocess.run(trust, check=True, env=lab.environment, capture_output=True)
    context = browser.new_context(viewport={"width": 1200, "height": 900})  # type: ignore[attr-defined]
    notebook = Notebook(lab, context.new_page(), name)
    started = time.monotonic()
    notebook.open(kernel=False)
    if widgets:
        notebook.page.wait_for_function(PAINTED, arg=widgets, timeout=120_000)
    seconds = time.monotonic() - started
    notebook.close()
    context.close()
    return seconds


def growth(lab: Lab, browser: object, cells: list[str], reruns: int) -> dict[str, int]:
    """Return by how much each count grew from the first rerun to the last."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})  # type: ignore[attr-defined]
    notebook = Notebook(lab, context.new_page(), lab.write("rerun.ipynb", cells))
    notebook.open()
    leaks = Leaks(notebook)
    counted = []
    for _ in range(reruns + 1):
        for number in range(len(cells)):
            notebook.run(number)
        wait_for(lambda: leaks.count()["threads"] == 0, "threads to end", 60)
        notebook.page.wait_for_timeout(1500)
        counted.append(leaks.count())
        print(counted[-1], flush=True)
    notebook.close()
    context.close()
    first, last = counted[1], counted[-1]
    return {name: last[name] - first[name] for name in last}


def main() -> int:
    """Print the figures; fail above the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widgets", type=int, default=20)
    parser.add_argument("--reruns", type=int, default=3)
    parser.add_argument("--steps", type=int, default=24)
    given = parser.parse_args()
    cell = CELL.format(widgets=given.widgets, steps=given.steps, idle=IDLE_S)
    with Lab() as lab, chromium() as browser:
        executed(lab.notebooks / "plain.ipynb", ["1 + 1"])
        executed(lab.notebooks / "many.ipynb", [cell, WAIT])
        size = (lab.notebooks / "many.ipynb").stat().st_size
        empty = seconds_to_open(lab, browser, "plain.ipynb", 0)
        seconds = seconds_to_open(lab, browser, "many.ipynb", given.widgets)
        print(
            f"{given.widgets} widgets, {size / 1e6:.1f} MB: open after {seconds:.1f} s "
            f"(bar {BAR_S}); a notebook of one line: {empty:.1f} s",
            flush=True,
        )
        plain_cell = PLAIN.format(widgets=given.widgets)
        plain = growth(lab, browser, [plain_cell, "pass"], given.reruns)
        grown = growth(lab, browser, [cell, WAIT], given.reruns)
    allowed = {name: round(plain[name] * (1 + NOISE)) for name in plain}
    print(
        f"growth from the first rerun to the last: {grown}; plain ipywidgets: {plain}"
    )
    leaked = any(grown[name] > allowed[name] for name in grown if name != "nodes")
    return int(seconds > BAR_S or leaked)


if __name__ == "__main__":
    sys.exit(main())
