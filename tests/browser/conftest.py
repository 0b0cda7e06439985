from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

numbers = itertools.count()

SHOTS = os.environ.get("LUCID_SCREENSHOTS")
"""A folder for screenshots; without it they go to the test's own."""


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def lab():
    from tests.browser.lab import Lab

    with Lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def browser():
    from tests.browser.lab import CHROMIUM, chromium

    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with chromium() as browser:
        yield browser


@pytest.fixture
def open_notebook(lab, browser):
    """Return a function that opens a notebook; it is closed after the test."""
    from tests.browser.lab import Notebook

    opened = []
    contexts = []

    def open_notebook(
        *cells, name=None, width=1200, height=900, expected_problems=(), **options
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True
        )
        contexts.append(context)
        if name is None:
            name = lab.write(f"notebook-{next(numbers)}.ipynb", list(cells))
        notebook = Notebook(lab, context.new_page(), name)
        notebook.expected_problems = expected_problems
        opened.append(notebook)
        notebook.open(**options)
        return notebook

    yield open_notebook
    problems = [
        problem
        for notebook in opened
        for problem in notebook.problems
        if not any(expected in problem for expected in notebook.expected_problems)
    ]
    for notebook in opened:
        notebook.close()
    for context in contexts:
        context.close()
    assert problems == []


WORKBENCH = (
    """
from lucid_widgets import FeatureVis
if "vis" in globals():
    vis.close()
vis = FeatureVis(size=64, steps=100_000)
vis
""",
    "vis",
    """
import time
seen = []
end = time.monotonic() + 10
while time.monotonic() < end:
    seen.append((vis.learning_rate, vis._session._sender.sequence))
    time.sleep(0.05)
""",
    """
vis.close()
vis = FeatureVis(objective=lambda T: T("mixed9z"), size=64)
vis
""",
    "1 + 1",
    """
vis.close()
vis = FeatureVis(steps=64)
vis
""",
)
"""Cells of a notebook that many tests share: a kernel takes long to start."""


@pytest.fixture(scope="module")
def shared_notebook(lab, browser):
    from tests.browser.lab import Notebook

    context = browser.new_context(
        viewport={"width": 1200, "height": 900}, accept_downloads=True
    )
    name = lab.write("workbench.ipynb", list(WORKBENCH))
    notebook = Notebook(lab, context.new_page(), name)
    notebook.open()
    yield notebook
    notebook.close()
    context.close()


@pytest.fixture
def workbench(shared_notebook):
    """Return a notebook whose first cell shows a fresh run, ten steps on."""
    notebook = shared_notebook
    notebook.problems.clear()
    notebook.command("notebook:clear-all-cell-outputs")
    notebook.run(0)
    notebook.wait_for_step(10)
    yield notebook
    assert notebook.problems == []


@pytest.fixture(scope="module")
def explorers_notebook(lab, browser):
    from tests.browser.explorers import CELLS, Explorers
    from tests.browser.lab import Notebook

    context = browser.new_context(
        viewport={"width": 1200, "height": 900}, accept_downloads=True
    )
    name = lab.write("explorers.ipynb", list(CELLS.values()))
    notebook = Notebook(lab, context.new_page(), name)
    notebook.open()
    yield Explorers(notebook)
    notebook.close()
    context.close()


@pytest.fixture
def explorers(explorers_notebook):
    """Return the notebook of the widgets about units; see `tests/browser/explorers.py`."""
    explorers_notebook.notebook.problems.clear()
    yield explorers_notebook
    assert explorers_notebook.notebook.problems == []


@pytest.fixture
def shot(tmp_path):
    """Return a function that takes a screenshot, and returns its path."""
    folder = Path(SHOTS) if SHOTS else tmp_path

    def shot(target, name):
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        target.screenshot(path=str(path))
        return path

    return shot
