"""The base of the widgets about units, by way of ChannelGrid."""

from __future__ import annotations

import io
import json
import threading

import numpy as np
import pytest
import traitlets
from PIL import Image

from lucid_widgets import ChannelGrid, link
from lucid_widgets.errors import (
    LayerNotFoundError,
    ObjectiveError,
    SettingError,
)
from lucid_widgets.recipes import units
from lucid_widgets.recipes.icons import IconSettings
from lucid_widgets.stream.widget_protocol import parse_to_browser
from tests.widgets.front_end import send_to, until

SMALL = IconSettings(size=20, margin=2, steps=6, jitter=2, pad=2)


class Page:
    """Reads what a widget sends."""

    def __init__(self, widget):
        self.widget = widget
        self.messages, self.state = [], {}
        widget.comm.send = self._receive

    def say(self, _buffers=(), **message):
        send_to(self.widget, {"method": "custom", "content": message}, _buffers)

    def _receive(self, data=None, buffers=None, **_rest):
        if data["method"] == "update":
            self.state.update(data["state"])
        elif data["method"] == "custom":
            parsed = parse_to_browser(data["content"], buffers or ())
            self.messages.append((parsed, buffers))

    def icons(self):
        return [
            icon
            for message, _ in self.messages
            if message["kind"] == "icons"
            for icon in message["icons"]
        ]


@pytest.fixture
def grid(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    grid = ChannelGrid(tiny_model, "conv2", icon_settings=SMALL)
    grid.page = Page(grid)
    yield grid
    grid.close()


def test_what_is_visible_is_rendered_once_and_sent_from_the_cache_at_once(grid):
    grid.page.say(kind="visible", units=["conv2:3", "conv2:1"])
    assert grid.wait(60)
    assert {i["unit"] for i in grid.page.icons() if i["final"]} == {
        "conv2:3",
        "conv2:1",
    }
    grid.page.messages.clear()
    grid.page.say(kind="visible", units=["conv2:1", "conv2:3"])
    # Before the message's handling has ended, on whatever thread it is.
    assert [icon["unit"] for icon in grid.page.icons()] == ["conv2:1", "conv2:3"]
    _, files = grid.page.messages[0]
    assert len(files) == 2
    assert Image.open(io.BytesIO(files[0])).size == (20, 20)
    assert grid.status == "resting"


def test_without_a_page_waiting_makes_the_icons_of_the_poster_and_keeps_them(grid):
    assert grid.wait(60)
    made = [icon.unit.channel for icon in grid.icons.held]
    assert made == grid.order[:16]
    assert len(grid.kept_index) == len(made)
    assert grid._poster_pixels() is not None


def test_with_a_page_waiting_makes_what_the_page_asks_for(grid):
    grid.page.say(kind="visible", units=["conv2:3"])
    assert grid.wait(60)
    assert [icon.unit.name for icon in grid.icons.held] == ["conv2:3"]


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ({"kind": "select", "unit": "conv2:3", "position": None}, ""),
        ({"kind": "select", "unit": "conv2:99", "position": None}, "no channel 99"),
        ({"kind": "change", "name": "layer", "value": "conv1"}, ""),
        ({"kind": "change", "name": "layer", "value": "conv9"}, "no layer 'conv9'"),
    ],
)
def test_a_numbered_choice_is_confirmed_after_the_state_or_refused(
    grid, message, refused
):
    order = []
    grid.observe(lambda _: order.append("state"), names=["selection", "layer"])
    replies = []
    grid.send_message = lambda *sent: order.append("reply") or replies.append(sent[0])
    grid.page.say(**message, request=7)
    (reply,) = replies
    assert (reply["kind"], reply["request"]) == (
        "refusal" if refused else "answer",
        7,
    )
    assert order == (["reply"] if refused else ["state", "reply"])
    assert refused in grid.error
    if refused:
        assert refused in reply["error"]


def test_the_newest_wish_wins(grid):
    grid.page.say(kind="visible", units=[f"conv2:{n}" for n in range(7)])
    grid.page.say(kind="visible", units=["conv2:6"])
    assert grid.wait(60)
    assert {i["unit"] for i in grid.page.icons() if i["final"]} >= {"conv2:6"}
    assert len({i["unit"] for i in grid.page.icons() if i["final"]}) < 7


def test_what_was_shown_is_kept_for_a_page_without_kernel(grid, tmp_path):
    grid.page.say(kind="visible", units=["conv2:3", "conv2:1"])
    grid.wait(60)
    lengths = [length for _, length, _ in grid.kept_index]
    assert sum(lengths) == len(grid.kept_icons) > 0
    assert {unit for unit, _, _ in grid.kept_index} == {"conv2:3", "conv2:1"}
    first = Image.open(io.BytesIO(grid.kept_icons[: lengths[0]]))
    assert (first.format, first.size) == ("WEBP", (20, 20))
    html = grid.to_html(tmp_path / "page.html").read_text()
    assert "Content-Security-Policy" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert grid._poster.encoded.width > 20


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"kind": "visible", "units": ["conv2:99"]}, "no channel 99 in conv2"),
        ({"kind": "visible", "units": ["conv7:1"]}, "no layer 'conv7'"),
        ({"kind": "visible", "units": ["conv2@0123456789ab"]}, "no direction"),
        (
            {"kind": "select", "unit": "no unit", "position": None},
            "a unit is 'no unit'",
        ),
        ({"kind": "change", "name": "_esm", "value": "x"}, "asked to change '_esm'"),
        ({"kind": "change", "name": "layer", "value": "conv9"}, "no layer 'conv9'"),
        ({"kind": "change", "name": "layer", "value": ["conv1"]}, "layer"),
        ({"kind": "change", "name": "sort", "value": "size"}, "sort"),
        ({"kind": "change", "name": "filter", "value": "x" * 300}, "at most 200"),
        ({"kind": "explode"}, "kind 'explode'"),
        (None, "a message is None"),
    ],
)
def test_hostile_messages_are_refused_in_place(grid, capsys, message, words):
    before = {name: getattr(grid, name) for name in ("_esm", "layer", "sort", "filter")}
    send_to(grid, {"method": "custom", "content": message})
    assert words in grid.error
    assert {name: getattr(grid, name) for name in before} == before
    assert capsys.readouterr().out == ""
    grid.page.say(kind="select", unit="conv2:1", position=[2, 3])
    assert grid.error == ""
    assert grid.selection == {"unit": "conv2:1", "position": [2, 3], "image": None}


def test_the_page_cannot_write_traits(grid):
    script = grid._esm
    send_to(
        grid,
        {"method": "update", "state": {"_esm": "alert(1)", "selection": {"unit": 1}}},
    )
    assert grid._esm == script
    assert grid.selection["unit"] is None
    assert "only the kernel may" in grid.error


def test_a_question_that_nobody_knows_is_refused_to_who_asked(grid):
    grid.page.say(kind="ask", request=3, name="riddle", arguments={})
    until(lambda: grid.page.messages)
    message, _ = grid.page.messages[-1]
    assert message["kind"] == "refusal"
    assert message["request"] == 3
    assert "riddle" in message["error"]


def test_a_page_that_starts_gets_an_answer(grid):
    grid.page.say(kind="ready")
    assert grid.page.messages == [({"kind": "icons", "icons": []}, [])]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", list(range(7))),
        ("2", [2]),
        ("1-3, 5", [1, 2, 3, 5]),
        (" 4 - 9", []),
        ("4-999999", [4, 5, 6]),
        ("3-1", []),
        ("<img onerror=x>", []),
    ],
)
def test_filters(grid, text, shown):
    grid.filter = text
    assert grid.order == shown


def test_classes_are_found_by_a_part_of_their_name(tiny_model):
    grid = ChannelGrid(tiny_model, "softmax", filter="A")
    assert [grid.labels[n] for n in grid.order] == ["ant", "cat"]
    grid.close()


def test_sorting_by_activation_on_an_image(grid, tiny_model):
    photo = np.random.default_rng(0).random((20, 28, 3), np.float32)
    grid.image = photo
    grid.sort = "activation"
    assert grid.wait(60)
    means = tiny_model.activations(photo, "conv2").mean((0, 1, 2))
    assert grid.order == np.argsort(-means, kind="stable").tolist()
    grid.layer = "conv1"
    assert grid.wait(60)
    assert len(grid.activations) == len(grid.order) == 5
    grid.image = None
    assert grid.activations == []


def test_wrong_arguments_are_refused_before_work_begins(tiny_model):
    with pytest.raises(LayerNotFoundError, match="conv8"):
        ChannelGrid(tiny_model, "conv8")
    with pytest.raises(TypeError, match="unknown argument 'colour'"):
        ChannelGrid(tiny_model, colour=1)
    with pytest.raises((SettingError, traitlets.TraitError)):
        ChannelGrid(tiny_model, sort="size")


def test_linked_widgets_follow_one_another_as_far_as_they_can(tiny_model, make_vis):
    one, other = ChannelGrid(tiny_model, "conv2"), ChannelGrid(tiny_model, "conv1")
    elsewhere = ChannelGrid()
    vis = make_vis(model=tiny_model, objective="conv1:0", autostart=False)
    both = link(one, other, elsewhere, vis)
    assert one.links == other.links == elsewhere.links != [], "for pages with no kernel"
    one.selection = "conv2:5"
    assert other.selection["unit"] == "conv2:5"
    assert (vis.layer, vis.channel) == ("conv2", 5)
    assert elsewhere.selection["unit"] is None, "it has no such layer"
    vis.channel = 2
    assert one.selection["unit"] == "conv2:2"
    both.unlink()
    assert one.links == elsewhere.links == []
    one.selection = "conv2:0"
    assert other.selection["unit"] == "conv2:2"
    for widget in (one, other, elsewhere):
        widget.close()
    with pytest.raises(SettingError, match="two or more"):
        link(one)
    with pytest.raises(SettingError, match="no selection"):
        link(one, "other")


@pytest.mark.parametrize("given", [3, ["a"], {"units": "a:1"}, {"position": [1]}])
def test_what_is_no_selection_is_refused(grid, given):
    with pytest.raises((SettingError, traitlets.TraitError)):
        grid.selection = given


def test_directions_are_known_by_their_names(grid):
    some = grid.know(units.direction("conv2", np.arange(7)))
    grid.selection = some.name
    grid.page.say(kind="visible", units=[some.name])
    assert grid.wait(60)
    assert [i["unit"] for i in grid.page.icons() if i["final"]] == [some.name]
    with pytest.raises((ObjectiveError, traitlets.TraitError)):
        grid.selection = "conv2@000000000000"


def test_no_thread_is_left_after_closing(tiny_model):
    grid = ChannelGrid(tiny_model, "conv2", image=np.zeros((20, 28, 3), np.float32))
    grid.close()
    until(
        lambda: (
            not [
                t
                for t in threading.enumerate()
                if t.name == "lucid_widgets channel_grid"
            ]
        )
    )
    grid.close()


def test_everything_synced_is_json(grid):
    grid.image = np.zeros((20, 28, 3), np.float32)
    grid.wait(60)
    state = grid.get_state()
    plain = {k: v for k, v in state.items() if not isinstance(v, bytes)}
    json.dumps({k: v for k, v in plain.items() if k != "layout"}, allow_nan=False)
