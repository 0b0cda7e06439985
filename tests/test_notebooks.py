"""The example notebooks: each runs from top to bottom, and is committed tidy."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
WITH_OUTPUTS = {"01_quickstart.ipynb"}
MAX_BYTES = 300_000
SECONDS_PER_CELL = 240

by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def _outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.mark.notebooks
@by_name
def test_it_runs_from_top_to_bottom(path: Path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(EXAMPLES)}},
    ).execute()
    shown = _outputs(notebook)
    assert any("image/png" in output.get("data", {}) for output in shown) or any(
        "<img" in output.get("data", {}).get("text/html", "") for output in shown
    )
    complaints = [
        output.text
        for output in shown
        if re.search(r"Warning|WARNING:tensorflow", output.get("text", ""))
    ]
    assert complaints == []


def test_there_is_a_quickstart_and_a_tutorial():
    assert {"01_quickstart", "02_lucid_tutorial"} <= {path.stem for path in NOTEBOOKS}


@by_name
def test_it_is_committed_tidy(path: Path):
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert len(text) < MAX_BYTES
    assert bool(_outputs(notebook)) == (path.name in WITH_OUTPUTS)
    shown = [output.get("text", "") for output in _outputs(notebook)]
    written = "\n".join([*shown, *(cell.source for cell in notebook.cells)])
    assert not re.search(r"/(home|Users|root|tmp|work)/", written)
    kernel = notebook.metadata.kernelspec
    assert (kernel.name, kernel.display_name) == ("python3", "Python 3 (ipykernel)")
