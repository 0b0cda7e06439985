from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets import Explorer, FeatureVis, SemanticDictionary, link
from lucid_widgets.errors import ImageError, LayerNotFoundError
from lucid_widgets.recipes import units
from tests.widgets.conftest import SMALL


@pytest.fixture
def explorer(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    photo = np.random.default_rng(0).random((20, 28, 3)).astype(np.float32)
    explorer = Explorer(tiny_model, photo, "conv2", **SMALL)
    yield explorer
    explorer.close()


def test_what_is_chosen_in_one_part_is_chosen_in_all(explorer):
    assert explorer.wait(60)
    assert explorer.selection["unit"] == "conv2:0"
    explorer.words.select("conv2:4", (2, 3))
    assert explorer.grid.selection["unit"] == "conv2:4"
    assert (explorer.vis.layer, explorer.vis.channel) == ("conv2", 4)
    explorer.words.layer = "conv1"
    assert explorer.grid.layer == "conv1"
    explorer.selection = "conv2:1"
    assert explorer.words.layer == explorer.grid.layer == explorer.vis.layer == "conv2"
    assert explorer.wait(60)


def test_the_grid_sorts_by_the_photo_of_the_dictionary(explorer):
    assert explorer.wait(60)
    assert explorer.wait(60)
    assert len(explorer.grid.activations) == 7


def test_it_becomes_a_page(explorer, tmp_path):
    explorer.vis.wait(60)
    html = explorer.to_html(tmp_path / "page.html").read_text()
    for name in ("semantic_dictionary", "channel_grid", "frame_canvas"):
        assert f'id="bundle-{name}"' in html


def test_wrong_arguments_leave_nothing_behind(tiny_model):
    with pytest.raises(LayerNotFoundError):
        Explorer(tiny_model, layer="conv9")
    with pytest.raises(ImageError):
        Explorer(tiny_model, np.full((4, 6, 3), np.nan))
    with pytest.raises(TypeError, match="colour"):
        Explorer(tiny_model, colour=1)


def test_directions_and_opposites_go_to_feature_vis_without_a_new_run(
    tiny_model, make_vis
):
    words = SemanticDictionary(tiny_model, layer="conv2")
    vis: FeatureVis = make_vis(model=tiny_model, objective="conv2:0", autostart=False)
    both = link(words, vis)
    some = words.know(units.direction("conv2", np.arange(7)))
    words.selection = some.name
    assert vis.objective_kind == "custom"
    np.testing.assert_allclose(vis.objective.numbers[0], some.direction(7))
    structure = vis.objective.structure
    other = words.know(units.direction("conv2", np.arange(7)[::-1]))
    words.selection = other.name
    assert vis.objective.structure == structure
    words.selection = "-conv2:3"
    assert vis.objective.numbers[0][3] == -1
    words.selection = "conv2:3"
    assert (vis.objective_kind, vis.channel) == ("channel", 3)
    both.unlink()
    words.close()
