"""CompareModels: pairs of channels, of two models that call their layers alike."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets import CompareModels
from lucid_widgets.errors import LayerNotFoundError, LoadError, SettingError
from lucid_widgets.recipes.compare_models import compare_layers
from lucid_widgets.recipes.icons import IconSettings
from lucid_widgets.widgets.compare_models import SECOND
from tests.widgets.test_base import Page

SMALL = IconSettings(size=20, margin=2, steps=4, jitter=2, pad=2)
PHOTOS = np.random.default_rng(0).random((5, 20, 28, 3), np.float32)


@pytest.fixture
def compare(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    made = CompareModels(
        tiny_model, tiny_model, PHOTOS, "conv2", "conv1", icon_settings=SMALL
    )
    made.page = Page(made)
    assert made.wait(60)
    yield made
    made.close()


def test_pairs_are_those_of_the_recipe_best_first(compare, tiny_model):
    expected = compare_layers(tiny_model, "conv2", tiny_model, "conv1", PHOTOS)
    assert [(a, b) for a, b, _ in compare.pairs] == [
        (a, b) for a, b, _ in expected.matches()
    ]
    np.testing.assert_allclose(
        [r for *_, r in compare.pairs], [r for *_, r in expected.matches()], atol=1e-4
    )
    assert compare.cka == pytest.approx(expected.cka, abs=1e-5)
    assert compare.samples == expected.samples
    assert compare.done == 1
    assert compare.names[0] != compare.names[1]


def test_icons_of_both_models_come_under_names_that_differ(compare):
    compare.page.messages.clear()
    compare.page.say(kind="visible", units=["conv2:0", f"{SECOND}conv1:3"])
    assert compare.wait(60)
    final = {icon["unit"] for icon in compare.page.icons() if icon["final"]}
    assert final == {"conv2:0", f"{SECOND}conv1:3"}
    assert {unit for unit, _, _ in compare.kept_index} >= final
    assert sum(n for _, n, _ in compare.kept_index) == len(compare.kept_icons)


def test_choosing_a_pair_selects_the_one_and_tells_the_other(compare):
    first, second, _ = compare.pairs[1]
    compare.page.say(kind="select", unit=f"conv2:{first}", position=None)
    assert compare.match == f"conv1:{second}"
    compare.selection = None
    assert compare.match == ""


def test_the_other_layer_follows_where_it_has_the_same_name(compare):
    compare.page.say(kind="change", name="matching", value="same number")
    assert "equally many" in compare.error
    compare.other_layer = "conv2"
    compare.page.say(kind="change", name="matching", value="same number")
    assert compare.wait(60)
    assert [(a, a) for a, _, _ in compare.pairs] == [
        (a, b) for a, b, _ in compare.pairs
    ]
    np.testing.assert_allclose([r for *_, r in compare.pairs], 1, atol=1e-3)
    compare.page.say(kind="change", name="layer", value="conv1")
    assert compare.wait(60)
    assert compare.other_layer == "conv1"
    assert len(compare.pairs) == 5
    compare.other_layer = "conv2"
    assert compare.matching == "most alike"


def test_the_poster_shows_pairs(compare):
    shown = [f"conv2:{a}" for a, _, _ in compare.pairs[:2]]
    shown += [f"{SECOND}conv1:{b}" for _, b, _ in compare.pairs[:2]]
    compare.page.say(kind="visible", units=shown)
    assert compare.wait(60)
    assert compare._poster.encoded.width > 3 * 72


def test_what_makes_no_sense_is_refused_before_work_starts(
    compare, tiny_model, tmp_path
):
    with pytest.raises(LayerNotFoundError):
        CompareModels(tiny_model, tiny_model, PHOTOS, "conv2", "conv9")
    with pytest.raises(LoadError):
        CompareModels(tiny_model, tiny_model, tmp_path / "nothing")
    with pytest.raises(SettingError):
        compare.matching = "same number"
    compare.page.say(kind="visible", units=[f"{SECOND}conv1:99"])
    assert "no channel 99 in conv1" in compare.error
    compare.page.say(kind="change", name="pairs", value=[])
    assert "asked to change 'pairs'" in compare.error
