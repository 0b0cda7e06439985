"""ActivationGrid: grows while more urgent questions are answered; kept when done."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets import ActivationGrid
from lucid_widgets.errors import LucidError
from tests.widgets.test_base import Page

PHOTO = np.random.default_rng(0).random((40, 56, 3), np.float32)
SMALL = {"size": (10, 14), "icon_size": 12, "n_steps": 3}


@pytest.fixture
def grid(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    made = ActivationGrid(tiny_model, PHOTO, "conv2", **SMALL)
    made.page = Page(made)
    yield made
    made.close()


def test_it_grows_and_what_is_done_is_kept(grid, tiny_model):
    assert grid.wait(60)
    assert grid.grid == [5, 7]
    assert grid.done == 1
    assert grid.version >= 1
    acts = tiny_model.activations(grid.found.photo, "conv2")[0]
    lengths = np.linalg.norm(acts, axis=-1).ravel()
    np.testing.assert_allclose(grid.norms, lengths, rtol=1e-4)
    assert Image.open(io.BytesIO(grid.photo)).size == (14, 10)
    assert Image.open(io.BytesIO(grid.sheet)).size == (7 * 12, 5 * 12)
    assert grid._poster.encoded.width == 7 * 12


def test_the_page_gets_the_pictures_when_it_asks(grid):
    assert grid.wait(60)
    grid.page.say(kind="ask", request=1, name="sheet", arguments={})
    assert grid.wait(60)
    answers = [
        files for message, files in grid.page.messages if message["kind"] == "answer"
    ]
    assert Image.open(io.BytesIO(answers[0][0])).size == (84, 60)
    grid.page.say(kind="select", unit=None, position=[2, 3])
    assert grid.selection["position"] == [2, 3]


def test_another_layer_starts_anew(grid):
    grid.page.say(kind="change", name="layer", value="conv1")
    assert grid.wait(60)
    assert grid.grid == [10, 14]
    grid.page.say(kind="change", name="layer", value="conv9")
    assert "no layer 'conv9'" in grid.error
    assert grid.layer == "conv1"


def test_bad_options_and_photos_are_told(tiny_model, grid):
    grid.page.say([b"no photo"], kind="ask", request=3, name="photo", arguments={})
    with pytest.raises(LucidError):
        grid.worker.wait(60)
    assert grid.error
    for given in (PHOTO * 300, PHOTO * np.nan, np.zeros((3, 4, 5, 6, 7))):
        with pytest.raises(LucidError):
            grid.image = given
