"""AtlasExplorer: collects, lays out, cuts; what is drawn is kept small."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets import AtlasExplorer, link
from lucid_widgets.errors import ImageError, LayerNotFoundError, LoadError, SettingError
from lucid_widgets.recipes.activation_atlas import (
    Atlas,
    build_atlas,
    collect_activations,
)
from lucid_widgets.widgets.icon_sheet import IconSheet
from tests.widgets.test_base import SMALL, Page

PHOTOS = np.random.default_rng(0).random((40, 20, 28, 3), np.float32)


@pytest.fixture
def make(tiny_model, tmp_path, monkeypatch):
    pytest.importorskip("sklearn", reason="the layout needs scikit-learn")
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path / "cache"))
    made = []

    def make(source=PHOTOS, layer="conv2", **options):
        options = {"method": "pca", "icon_settings": SMALL, **options}
        if isinstance(source, Atlas):
            layer = None
        widget = AtlasExplorer(tiny_model, source, layer, **options)
        widget.page = Page(widget)
        made.append(widget)
        return widget

    yield make
    for widget in made:
        widget.close()


def test_photos_become_a_map_of_directions(make):
    atlas = make(classes=["cat", 0], grid_size=3, threshold=1)
    assert atlas.wait(60)
    assert atlas.error == ""
    count = len(atlas.found.counts)
    assert count > 3
    assert np.frombuffer(atlas.counts, "<u4").tolist() == atlas.found.counts.tolist()
    cells = np.frombuffer(atlas.cells, "<u2").reshape(-1, 2)
    np.testing.assert_array_equal(cells, atlas.found.coordinates)
    assert atlas.labels[0] == "cat"
    best = np.frombuffer(atlas.top_classes, "<u2").reshape(count, 2)
    values = np.frombuffer(atlas.top_values, "<f4").reshape(count, 2)
    np.testing.assert_array_equal(best[:, 0], atlas.found.attributions.argmax(axis=1))
    assert (values[:, 0] >= values[:, 1]).all()
    unit = f"conv2@{atlas.digests[:6].hex()}"
    np.testing.assert_allclose(
        atlas.unit(unit).direction(7), atlas.found.directions[0], atol=1e-6
    )
    assert atlas.cell_of(unit) == 0


def test_cells_are_cut_anew_from_the_page_with_the_same_layout(make):
    atlas = make(grid_size=3, threshold=1)
    assert atlas.wait(60)
    layout, version = atlas.found.layout, atlas.version
    atlas.page.say(kind="change", name="grid_size", value=2)
    assert atlas.wait(60)
    assert atlas.found.grid_size == 2
    assert len(atlas.cells) <= 16
    assert atlas.found.layout is layout
    assert atlas.version > version
    atlas.page.say(kind="change", name="grid_size", value=10**6)
    assert "expected 2 to 200" in atlas.error
    assert atlas.grid_size == 2


def test_a_class_makes_the_cells_stand_out_that_speak_for_it(make):
    atlas = make(classes=["cat"], grid_size=3, threshold=1)
    assert atlas.wait(60)
    atlas.page.say(kind="change", name="label", value="cat")
    emphasis = np.frombuffer(atlas.emphasis, "u1")
    values = atlas.found.attributions[:, 0]
    assert emphasis.argmax() == values.argmax()
    assert (emphasis[values <= 0] == 0).all()
    atlas.page.say(kind="change", name="label", value="<b>eel")
    assert "expected one of the classes" in atlas.error
    assert atlas.label == "cat"


def test_looked_at_cells_get_icons_and_a_small_sheet_is_kept(make):
    atlas = make(grid_size=2, threshold=1)
    assert atlas.wait(60)
    units = [unit.name for unit in atlas._units]
    atlas.page.say(kind="visible", units=units[:2])
    assert atlas.wait(60)
    drawn = np.frombuffer(atlas.drawn, "u1")
    assert drawn.tolist() == [1, 1] + [0] * (len(units) - 2)
    side = Image.open(io.BytesIO(atlas.sheet)).size
    assert side == (64, 64)
    assert atlas._poster.encoded.width == 64
    atlas.page.say(kind="ask", request=1, name="sheet", arguments={})
    assert atlas.wait(60)
    answers = [
        files for message, files in atlas.page.messages if message["kind"] == "answer"
    ]
    assert bytes(answers[0][1]) == drawn.tobytes()


def test_a_finished_atlas_is_shown_with_its_own_icons(make, tiny_model):
    collected = collect_activations(tiny_model, "conv2", PHOTOS)
    quick = {"method": "pca", "threshold": 1, "n_steps": 1, "icon_size": 16}
    found = build_atlas(tiny_model, collected, 2, **quick)
    atlas = make(found)
    assert atlas.wait(60)
    assert set(atlas.drawn) == {1}
    first = atlas._units[0]
    atlas.page.say(kind="visible", units=[first.name])
    (icon,) = atlas.page.icons()
    assert icon["final"]
    held = atlas.icons.get(first)
    np.testing.assert_allclose(held.pixels / 255, found.icons[0], atol=0.01)
    atlas.page.say(kind="change", name="grid_size", value=3)
    assert "cannot be cut anew" in atlas.error


def test_the_selection_leads_linked_widgets_to_the_direction(make):
    first, second = make(grid_size=2, threshold=1), make(grid_size=2, threshold=1)
    assert first.wait(60)
    assert second.wait(60)
    linked = link(first, second)
    unit = first._units[-1]
    first.page.say(kind="select", unit=unit.name, position=None)
    assert second.selection["unit"] == unit.name
    linked.unlink()


def test_what_cannot_be_mapped_is_refused(make, tiny_model, tmp_path):
    with pytest.raises(SettingError, match="expected source="):
        make(None)
    with pytest.raises(LayerNotFoundError):
        make(layer="conv9")
    with pytest.raises(SettingError, match="grid_size is 1"):
        make(grid_size=1)
    with pytest.raises(SettingError, match="expected one of the classes"):
        make(label="cat")
    other = collect_activations(tiny_model, "conv1", PHOTOS)
    with pytest.raises(LoadError, match="is no folder"):
        make(str(tmp_path / "nowhere"))
    with pytest.raises(LoadError, match="there is no image"):
        make(str(tmp_path))
    with pytest.raises(ImageError, match="no images in the list"):
        make([])
    wrong = other.__class__(**{**vars(other), "layer": "conv2"})
    with pytest.raises(SettingError, match="expected a source of this model"):
        make(wrong)


def test_a_sheet_has_a_place_for_every_cell():
    rng = np.random.default_rng(0)
    places = np.stack(np.mgrid[:9, :9], -1).reshape(-1, 2).astype(np.int32)
    sheet = IconSheet(places, 9)
    for cell in range(81):
        sheet.draw(cell, rng.integers(0, 255, (20, 20, 3), np.uint8))
    assert sheet.pixels().shape == (288, 288, 3)
    assert (IconSheet(places, 9).pixels() == 255).all()
