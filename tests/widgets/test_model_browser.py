"""The picture of a model, and the layer chosen in it."""

from __future__ import annotations

import json

import ipywidgets
import numpy as np
import pytest

from lucid_widgets import FeatureVis, ModelBrowser
from lucid_widgets.errors import LayerNotFoundError
from lucid_widgets.modelzoo.diagram import diagram
from lucid_widgets.modelzoo.outline import outline
from lucid_widgets.widgets.model_browser import draw

from .front_end import send_to


@pytest.fixture
def browser():
    made = ModelBrowser()
    yield made
    made.close()


def say(widget, **message):
    send_to(widget, {"method": "custom", "content": message})


def test_boxes_tell_what_the_model_knows_about_its_layers(browser):
    assert browser.wait(120)
    boxes = {box["name"]: box for box in browser.boxes}
    block = boxes["mixed4a"]
    assert block["kind"] == "join"
    assert (block["depth"], block["shape"]) == (272, [8, 8, 272])
    assert block["stride"] == browser.model.get_layer("mixed4a").stride
    assert boxes["conv2d0"]["members"][-1] == "conv2d0"
    # All of it is saved with a notebook.
    assert len(json.dumps([browser.boxes, browser.lines])) < 40_000


def test_a_layer_is_chosen_by_python_and_by_the_page(browser):
    browser.layer = "mixed3b"
    assert browser.depth == 192
    assert browser.title == "TinyInception, mixed3b"
    say(browser, kind="change", name="layer", value="mixed5a")
    assert browser.layer == "mixed5a"
    say(browser, kind="change", name="layer", value="maxpool4")
    assert (browser.layer, browser.depth) == ("maxpool4", 192)
    browser.layer = "mixed4a_1x1_pre_relu"  # inside of a box
    assert browser.worker.wait(120)
    assert browser.shape == [8, 8, 72]
    with pytest.raises(LayerNotFoundError, match="mixed4a"):
        browser.layer = "mixed4z"


def test_what_the_page_may_not_ask_for_is_refused_in_place(browser):
    for name, value in [
        ("layer", "nowhere"),
        ("layer", 3),
        ("boxes", []),
        ("_esm", ""),
    ]:
        before = (browser.layer, browser.boxes, browser._esm)
        say(browser, kind="change", name=name, value=value)
        assert browser.error
        assert (browser.layer, browser.boxes, browser._esm) == before
    say(browser, kind="change", name="layer", value="mixed4b")
    assert browser.error == ""


def test_linked_widgets_follow_the_layer(browser):
    vis = FeatureVis(browser.model)
    ipywidgets.link((browser, "layer"), (vis, "layer"))
    browser.layer = "mixed5b"
    assert vis.layer == "mixed5b"
    vis.layer = "mixed3a"
    assert browser.layer == "mixed3a"
    vis.close()


def test_a_selected_channel_of_another_layer_takes_the_picture_there(browser):
    browser.select("mixed5a:7")
    assert browser.layer == "mixed5a"


def test_the_poster_shows_the_chosen_layer(browser):
    picture = diagram(outline(browser.model))
    first, second = draw(picture, "mixed3a"), draw(picture, "mixed5b")
    assert first.shape[1:] == (picture.width, 3)
    assert first.shape == second.shape
    assert (first != second).any()
    marked = np.all(first == (255, 236, 179), axis=-1)
    assert marked.any()
    assert not np.all(draw(picture, "nowhere") == (255, 236, 179), axis=-1).any()
