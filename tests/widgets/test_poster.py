"""The picture for those who see the notebook without its kernel."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.widgets.poster import KEYWORD, MAX_SIDE, shrink
from tests.widgets.front_end import FrontEnd, until


def decode(png: bytes) -> tuple[np.ndarray, dict]:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image), dict(image.info)


def test_a_run_at_rest_leaves_its_picture_in_the_widget_state(make_vis):
    vis = make_vis(steps=300)
    assert vis.canvas.poster == b""
    vis.wait(120)
    pixels, info = decode(vis.canvas.poster)
    np.testing.assert_allclose(pixels / 255, vis.image, atol=0.5 / 255 + 1e-6)
    assert info[KEYWORD] == vis.canvas.poster_id
    assert vis.canvas.poster_step == 300
    assert vis.canvas.poster_size == [32, 24]
    assert vis.canvas.poster_objective == pytest.approx(vis.objective_value)
    assert len(vis.canvas.poster_curve) == 200
    assert vis.canvas.poster_curve[-1][0] == 300


def test_a_pause_makes_a_poster_too(make_vis):
    vis = make_vis(steps=100_000)
    vis.start()
    until(lambda: vis.current_step > 3, 120)
    vis.pause()
    vis.wait(60)
    assert vis.canvas.poster_step == vis.current_step


def test_the_text_comes_before_the_pixels(make_vis):
    vis = make_vis(steps=1)
    vis.wait(120)
    png = vis.canvas.poster
    assert 0 < png.index(f"tEXt{KEYWORD}\0".encode()) < png.index(b"IDAT")


def test_a_large_picture_is_made_smaller():
    assert shrink(np.zeros((1000, 2000, 3), np.uint8)).shape == (
        MAX_SIDE // 2,
        MAX_SIDE,
        3,
    )
    assert shrink(np.zeros((1000, 500, 1), np.uint8)).shape == (
        MAX_SIDE,
        MAX_SIDE // 2,
        1,
    )
    assert shrink(np.zeros((100, 90, 4), np.uint8)).shape == (100, 90, 4)


def test_the_whole_state_of_a_widget_stays_small(make_vis):
    vis = make_vis(size=128, steps=2)
    FrontEnd(vis.canvas).close()
    vis.wait(120)
    state = vis.canvas.get_state()
    own = sum(len(str(value)) for name, value in state.items() if name[0] != "_")
    assert own < 3 * 60_000


@pytest.mark.slow
def test_a_notebook_executed_without_a_browser_holds_the_final_picture(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "from lucid_widgets import FeatureVis\n"
        "vis = FeatureVis(size=(24, 32), pad=4, steps=5)\nvis",
        # While the widget's TensorFlow is on its way in: once, this cell failed.
        "import keras\nkeras.layers.Dense(3)",
        "vis.wait()",
        "vis.save('final.png')",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
    )
    NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    view, poster = notebook.cells[0].outputs
    assert set(view.data) == {
        "text/plain",
        "application/vnd.jupyter.widget-view+json",
    }
    pixels, _ = decode(base64.b64decode(poster.data["image/png"]))
    with Image.open(tmp_path / "final.png") as final:
        np.testing.assert_array_equal(pixels, np.asarray(final))
    assert poster.metadata["image/png"] == {"width": 320, "height": 240}
