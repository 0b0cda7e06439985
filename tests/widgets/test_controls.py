"""The panel: every control and its trait stay the same."""

from __future__ import annotations

import itertools

import pytest
from ipywidgets import Button, Dropdown, ToggleButton

from lucid_widgets.optvis.settings import setting
from lucid_widgets.widgets.control_panel import SECTIONS, walk
from lucid_widgets.widgets.setting_trait import NUMBERS, STRUCTURE
from tests.widgets.front_end import send_to
from tests.widgets.test_bad_input import controls

OTHER = {
    "learning_rate": 0.2,
    "steps": 77,
    "size": 192,
    "batch": 2,
    "parameterization": "pixel",
    "decorrelate": False,
    "alpha": True,
    "seed": 5,
    "transforms": False,
    "jitter": 3,
    "rotate": 4.5,
    "scale": 0.25,
    "pad": 7,
    "l1": 0.5,
    "total_variation": 0.125,
    "blur": 0.75,
}


def of(vis, name):
    found = controls(vis)[setting(name).label]
    return [control for control in found if not isinstance(control, ToggleButton)]


@pytest.mark.parametrize("name", OTHER)
def test_a_setting_moves_its_controls(make_vis, name):
    vis = make_vis()
    setattr(vis, name, OTHER[name])
    assert [control.value for control in of(vis, name)] == [OTHER[name]] * len(
        of(vis, name)
    )


@pytest.mark.parametrize("name", OTHER)
def test_a_control_moves_its_setting(make_vis, name):
    vis = make_vis()
    for control in of(vis, name):
        vis2 = make_vis()
        twin = of(vis2, name)[of(vis, name).index(control)]
        if isinstance(twin, Dropdown):
            index = [value for _, value in twin.options].index(OTHER[name])
            send_to(twin, {"method": "update", "state": {"index": index}})
        else:
            send_to(twin, {"method": "update", "state": {"value": OTHER[name]}})
        assert getattr(vis2, name) == OTHER[name]
        assert vis2.error == ""


def test_every_setting_has_a_control_but_two(make_vis):
    vis = make_vis()
    labels = controls(vis)
    missing = [
        name
        for name in (*STRUCTURE, *NUMBERS, "steps", "seed")
        if setting(name).label not in labels
    ]
    assert missing == ["channels", "redirect_relu"]
    assert set(SECTIONS) <= set(labels)


def test_every_control_says_what_it_does(make_vis):
    vis = make_vis()
    assert "Jitter" in controls(vis)
    silent = [
        widget
        for widget in walk(vis._panel)
        if (widget.has_trait("value") or isinstance(widget, Button))
        and not widget.tooltip
    ]
    assert silent == []
    assert "px" in of(vis, "jitter")[0].tooltip
    assert "new run" in of(vis, "size")[0].tooltip
    assert "next step" in of(vis, "learning_rate")[0].tooltip


def test_numbers_come_from_their_declaration(make_vis):
    vis = make_vis()
    slider, field = of(vis, "rotate")
    declared = setting("rotate")
    assert ((slider.min, slider.max), slider.step) == (
        declared.slider_range,
        declared.step,
    )
    assert (field.min, field.max) == (declared.min, declared.max)
    rate, _ = of(vis, "learning_rate")
    assert [10**rate.min, 10**rate.max] == pytest.approx(
        list(setting("learning_rate").slider_range)
    )


def test_a_number_beyond_its_slider_can_be_typed(make_vis):
    vis = make_vis()
    slider, field = of(vis, "rotate")
    assert slider.max < 120 < field.max
    send_to(field, {"method": "update", "state": {"value": 120.0}})
    assert (vis.rotate, field.value, slider.value) == (120.0, 120.0, slider.max)
    assert vis.error == ""


@pytest.mark.parametrize(
    ("name", "value", "echo", "move"),
    [("learning_rate", 0.05, 10**-1.3, 10**-1.2), ("rotate", 4.27, 4.5, 5.0)],
)
def test_what_a_slider_rounds_by_itself_changes_nothing(
    make_vis, name, value, echo, move
):
    vis = make_vis(**{name: value})
    slider = of(vis, name)[0]
    send_to(slider, {"method": "update", "state": {"value": echo}})
    assert getattr(vis, name) == slider.value == value
    send_to(slider, {"method": "update", "state": {"value": move}})
    assert getattr(vis, name) == move


def test_the_layer_menu_counts_channels_and_the_slider_follows(make_vis):
    vis = make_vis(objective="mixed4a:55")
    menu = controls(vis)["Layer"][0]
    assert ("mixed4a - 272 ch.", "mixed4a") in menu.options
    index = [value for _, value in menu.options].index("conv2d0")
    send_to(menu, {"method": "update", "state": {"index": index}})
    assert vis.layer == "conv2d0"
    slider, field = controls(vis)["Channel"][:2]
    assert (slider.max, field.max) == (31, 31)
    assert slider.value == field.value == vis.channel == 31
    vis.objective = "mixed5b:300"
    assert (slider.max, slider.value, menu.value) == (639, 300, "mixed5b")


def test_a_layer_outside_the_menu_joins_it(make_vis):
    vis = make_vis()
    vis.layer = "mixed4a_pre_relu"
    menu = controls(vis)["Layer"][0]
    assert menu.value == "mixed4a_pre_relu"
    vis.layer = "mixed4b"
    assert menu.value == "mixed4b"


def test_random_shows_another_channel_every_time(make_vis):
    vis = make_vis()
    button = controls(vis)["Random"][0]
    seen = [vis.channel]
    for _ in range(20):
        button.click()
        seen.append(vis.channel)
    assert all(a != b for a, b in itertools.pairwise(seen))
    assert all(0 <= channel < 272 for channel in seen)
    assert len(set(seen)) > 5


def test_channel_or_class_is_shown_as_the_objective_needs(make_vis):
    vis = make_vis()
    channel = controls(vis)["Channel"][0]
    label = controls(vis)["Class"][0]
    rows = {
        child: row
        for row in vis._panel.children
        for child in getattr(row, "children", ())
    }

    def shown():
        return [rows[c].layout.display != "none" for c in (channel, label)]

    assert shown() == [True, False]
    vis.objective_kind = "class"
    assert shown() == [False, True]
    vis.objective_kind = "deepdream"
    assert shown() == [False, False]
    vis.objective_kind = "neuron"
    assert shown() == [True, False]


def test_a_section_folds_and_unfolds(make_vis):
    vis = make_vis()
    panel = vis._panel
    before = panel.children
    heading = next(c for c in before if getattr(c, "description", "") == "Transforms")
    vis.jitter = 5
    send_to(heading, {"method": "update", "state": {"value": True}})
    body = panel.children[before.index(heading) + 1]
    assert panel.children == (
        *before[: before.index(heading) + 1],
        body,
        *before[before.index(heading) + 1 :],
    )
    assert body.layout.display is None
    jitter = body.children[1].children[0]
    assert (jitter.description, jitter.value) == ("Jitter", 5)
    send_to(heading, {"method": "update", "state": {"value": False}})
    assert body.layout.display == "none"
    send_to(heading, {"method": "update", "state": {"value": True}})
    assert panel.children.count(body) == 1
    assert body.layout.display is None


def test_what_is_folded_away_costs_a_saved_notebook_nothing(make_vis):
    vis = make_vis()
    folded = len(set(walk(vis)))
    controls(vis)
    assert folded < 55 < len(set(walk(vis)))


def test_settings_can_be_linked_with_ipywidgets(make_vis):
    from ipywidgets import FloatSlider, link

    first, second = make_vis(), make_vis()
    slider = FloatSlider(min=0.01, max=1, value=0.3, step=0.01)
    link((slider, "value"), (first, "learning_rate"))
    link((slider, "value"), (second, "learning_rate"))
    assert (first.learning_rate, second.learning_rate) == (0.3, 0.3)
    first.learning_rate = 0.7
    assert (slider.value, second.learning_rate) == (0.7, 0.7)
