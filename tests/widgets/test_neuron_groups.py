"""NeuronGroups: what a page asks for, and what it gets."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets import NeuronGroups
from lucid_widgets.errors import LayerNotFoundError, LucidError, SettingError
from lucid_widgets.recipes.icons import IconSettings
from lucid_widgets.recipes.neuron_groups import neuron_groups
from tests.widgets.test_base import Page

SMALL = IconSettings(size=20, margin=2, steps=4, jitter=2, pad=2)
PHOTO = np.random.default_rng(0).random((40, 56, 3), np.float32)


@pytest.fixture
def groups(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    made = NeuronGroups(tiny_model, PHOTO, "conv2", count=3, icon_settings=SMALL)
    made.page = Page(made)
    assert made.wait(60)
    yield made
    made.close()


def test_maps_shares_and_icons_are_those_of_the_recipe(groups, tiny_model):
    found = neuron_groups(tiny_model, PHOTO, "conv2", 3, size=128)
    assert groups.grid == [64, 90]
    maps = np.frombuffer(groups.maps, np.uint8).reshape(3, 64, 90)
    expected = np.sqrt(found.maps[0] / found.maps[0].max()).transpose(2, 0, 1) * 255
    assert np.abs(maps - expected).max() <= 1.01
    strengths = (found.maps[0] ** 2).sum(axis=(0, 1))
    np.testing.assert_allclose(groups.shares, strengths / strengths.sum(), rtol=1e-4)
    assert groups.explained == pytest.approx(found.explained, abs=1e-4)
    assert Image.open(io.BytesIO(groups.photo)).size == (179, 128)
    groups.page.say(kind="visible", units=groups.units)
    assert groups.wait(60)
    assert {i["unit"] for i in groups.page.icons() if i["final"]} == set(groups.units)
    assert groups._poster.encoded.width == 3 * 100


def test_a_class_can_be_asked_for_by_name(groups, tiny_model):
    groups.page.say(kind="change", name="label", value="cat")
    assert groups.wait(60)
    expected = groups.found.attribution(tiny_model, "cat")[0]
    np.testing.assert_allclose(groups.attributions, expected, rtol=1e-4)
    groups.page.say(kind="change", name="label", value="eel")
    assert "no class 'eel'" in groups.error
    assert groups.label == "cat"


def test_another_layer_count_or_photo_makes_other_groups(groups):
    before = groups.units
    groups.page.say(kind="change", name="count", value=2)
    assert groups.wait(60)
    assert len(groups.units) == 2
    groups.layer = "conv1"
    assert groups.wait(60)
    assert groups.grid == [128, 179]
    file = io.BytesIO()
    Image.new("RGB", (30, 20), (200, 30, 90)).save(file, "PNG")
    groups.layer = "conv2"
    groups.page.say(
        [file.getvalue()], kind="ask", request=1, name="photo", arguments={}
    )
    assert groups.wait(60)
    assert groups.image.shape == (20, 30, 3)
    assert set(groups.units).isdisjoint(before)


def test_what_makes_no_sense_is_told_and_changes_nothing(groups):
    units = groups.units
    for message in (
        {"kind": "change", "name": "count", "value": 99},
        {"kind": "change", "name": "layer", "value": "conv9"},
        {"kind": "change", "name": "photo", "value": "x"},
        {"kind": "change", "name": "label", "value": [3]},
    ):
        groups.error = ""
        groups.page.say(**message)
        assert groups.error, message
    for upload, name in (([], "weights"), ([b"no photo"], "photo")):
        groups.page.say(upload, kind="ask", request=2, name=name, arguments={})
        with pytest.raises(LucidError):
            groups.worker.wait(60)
    kinds = [message["kind"] for message, _ in groups.page.messages]
    assert kinds.count("refusal") == 2
    assert groups.units == units
    with pytest.raises(SettingError):
        groups.count = 0
    with pytest.raises(LayerNotFoundError):
        groups.layer = "conv9"


def test_without_a_photo_it_waits_for_one(tiny_model):
    groups = NeuronGroups(tiny_model, layer="conv2")
    assert groups.wait(10)
    assert groups.units == []
    assert groups.status == "resting"
    groups.close()
