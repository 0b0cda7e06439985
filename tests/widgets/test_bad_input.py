"""What cannot be done is refused before any work starts, and changes nothing."""

from __future__ import annotations

import pytest
from ipywidgets import ToggleButton

from lucid_widgets import FeatureVis
from lucid_widgets.errors import (
    LayerNotFoundError,
    LucidError,
    ModelError,
    ObjectiveError,
    SettingError,
    UnknownModelError,
)
from lucid_widgets.widgets.control_panel import walk
from lucid_widgets.widgets.setting_trait import NUMBERS, STRUCTURE
from tests.widgets.front_end import FrontEnd, send_to, until

NAN = float("nan")

BAD = [
    ("layer", "mixed4z", LayerNotFoundError),
    ("layer", "mixed", LayerNotFoundError),
    ("layer", None, LayerNotFoundError),
    ("layer", ["mixed4a"], LayerNotFoundError),
    ("channel", 272, SettingError),
    ("channel", -1, SettingError),
    ("channel", 1.5, SettingError),
    ("channel", NAN, SettingError),
    ("channel", "3", SettingError),
    ("channel", True, SettingError),
    ("objective_kind", "chanel", SettingError),
    ("objective_kind", None, SettingError),
    ("label", "a class that is not there", SettingError),
    ("size", 0, SettingError),
    ("size", 10**6, SettingError),
    ("size", (128,) * 3, SettingError),
    ("size", "large", SettingError),
    ("batch", 0, SettingError),
    ("parameterization", "wavelet", SettingError),
    ("steps", 0, SettingError),
    ("steps", -1, SettingError),
    ("steps", 10**12, SettingError),
    ("steps", NAN, SettingError),
    ("seed", -1, SettingError),
    ("learning_rate", 0, SettingError),
    ("learning_rate", NAN, SettingError),
    ("learning_rate", float("inf"), SettingError),
    ("learning_rate", -0.1, SettingError),
    ("learning_rate", "fast", SettingError),
    ("learning_rate", None, SettingError),
    ("jitter", 0.5, SettingError),
    ("rotate", 10**9, SettingError),
    ("scale", 1.0, SettingError),
    ("pad", -1, SettingError),
    ("transforms", "yes", SettingError),
]


@pytest.fixture(scope="module")
def running():
    vis = FeatureVis(size=(24, 32), pad=4, jitter=2, steps=100_000)
    vis.start()
    until(lambda: vis.current_step > 2, 120)
    yield vis
    vis.close()


def snapshot(vis) -> dict:
    names = (*STRUCTURE, *NUMBERS, "steps", "seed", "layer", "channel", "label")
    return {name: getattr(vis, name) for name in (*names, "objective_kind", "model")}


@pytest.mark.parametrize(("name", "value", "error"), BAD)
def test_a_bad_argument_is_refused_at_once(name, value, error):
    with pytest.raises(error):
        FeatureVis(**{name: value})


@pytest.mark.parametrize(("name", "value", "error"), BAD)
def test_a_bad_assignment_leaves_the_run_untouched(running, name, value, error):
    before, run, step = snapshot(running), running._session._live, running.current_step
    with pytest.raises(error) as caught:
        setattr(running, name, value)
    assert isinstance(caught.value, LucidError)
    assert len(str(caught.value).splitlines()[0]) < 300
    assert snapshot(running) == before
    assert running._session._live is run
    assert running.running
    until(lambda: running.current_step > step)


@pytest.mark.parametrize(
    ("objective", "error", "words"),
    [
        ("mixed4z:3", LayerNotFoundError, "'mixed4a'"),
        ("mixed4a:272", SettingError, "from 0 to 271"),
        ("mixed4a", ObjectiveError, "expected 'layer:n'"),
        ("mixed4a:", ObjectiveError, "expected 'layer:n'"),
        (":30", ObjectiveError, "expected 'layer:n'"),
        ("mixed4a:3.5", ObjectiveError, "expected 'layer:n'"),
        ("mixed4a:" + "9" * 5000, ObjectiveError, "expected 'layer:n'"),
        ("", ObjectiveError, "expected 'layer:n'"),
        (3, ObjectiveError, "3"),
    ],
)
def test_a_malformed_objective_is_refused(running, objective, error, words):
    before = snapshot(running)
    with pytest.raises(error, match=words):
        FeatureVis(objective=objective)
    with pytest.raises(error, match=words):
        running.objective = objective
    assert snapshot(running) == before
    assert running.running


def test_an_objective_for_another_model_is_refused_before_it_runs():
    from lucid_widgets.optvis import objectives

    with pytest.raises(LayerNotFoundError, match="mixed4q"):
        FeatureVis(objective=objectives.channel("mixed4q", 3))
    with pytest.raises(SettingError, match="from 0 to 271"):
        FeatureVis(objective=2 * objectives.channel("mixed4a", 500))


def test_an_unknown_layer_names_the_three_closest():
    with pytest.raises(LayerNotFoundError) as caught:
        FeatureVis(layer="mixed4d")
    for near in ("mixed4a", "mixed4b", "mixed4c"):
        assert near in str(caught.value)


def test_an_unknown_argument_names_the_closest():
    with pytest.raises(TypeError, match="'learning_rate'"):
        FeatureVis(lerning_rate=0.1)
    with pytest.raises(TypeError, match="an objective and 'layer' too"):
        FeatureVis(objective="mixed4a:3", layer="mixed4b")


def test_an_unknown_model_is_refused():
    with pytest.raises(UnknownModelError, match="'TinyInception'"):
        FeatureVis("TinyInceptoin")
    with pytest.raises(ModelError, match="expected a model from"):
        FeatureVis(42)


@pytest.mark.parametrize("n", [0, -1, 10**12, 1.5, NAN, "3", True])
def test_a_bad_number_of_steps_is_refused(running, n):
    with pytest.raises(SettingError):
        running.step(n)
    assert running.running


def test_a_bad_seed_is_refused_by_reset(running):
    with pytest.raises(SettingError):
        running.reset(seed=-5)
    assert running.running


HOSTILE_MESSAGES = [
    None,
    [],
    "frame",
    {},
    {"kind": "explode"},
    {"kind": "drawn"},
    {"kind": "drawn", "sequence": "1"},
    {"kind": "drawn", "sequence": -(10**12)},
    {"kind": "drawn", "sequence": NAN},
    {"kind": "command", "command": "__class__"},
    {"kind": "command", "command": ["play"]},
    {"kind": "views", "count": -1},
    {"kind": "views"},
]


@pytest.mark.parametrize("message", HOSTILE_MESSAGES, ids=repr)
def test_a_hostile_message_is_shown_and_ignored(running, message):
    step = running.current_step
    running.canvas.error = ""
    send_to(running.canvas, {"method": "custom", "content": message})
    assert "message" in running.canvas.error.splitlines()[0]
    assert running.running
    until(lambda: running.current_step > step)


@pytest.mark.parametrize(
    "state",
    [
        {"_esm": "alert(1)"},
        {"_css": "* {display: none}"},
        {"status": "finished"},
        {"error": ""},
        {"poster": b"x" * 10},
        {"title": "pwned", "notice": "pwned"},
        {"_model_module": "evil"},
        {"layout": "IPY_MODEL_0"},
        {"unheard_of": 1},
        {},
    ],
    ids=lambda state: ",".join(state) or "empty",
)
def test_the_front_end_may_write_no_trait_of_the_canvas(running, state):
    before = {
        name: getattr(running.canvas, name)
        for name in running.canvas.keys
        if name != "error"
    }
    FrontEnd(running.canvas).close()
    send_to(running.canvas, {"method": "update", "state": state})
    after = {name: getattr(running.canvas, name) for name in before}
    assert after == before
    assert "which only the kernel may" in running.canvas.error


def controls(vis) -> dict:
    """Return the controls of all sections, unfolded, by label."""
    for child in vis._panel.children:
        if isinstance(child, ToggleButton):
            child.value = True
    found = {}
    for widget in walk(vis._panel):
        name = getattr(widget, "description", "") or getattr(widget, "tooltip", "")
        if name:
            found.setdefault(str(name).split(":")[0], []).append(widget)
    return found


HOSTILE_CONTROLS = [
    ("Learning rate", {"value": None}),
    ("Learning rate", {"value": NAN}),
    ("Learning rate", {"value": 1e9}),
    ("Learning rate", {"value": "0.1"}),
    ("Learning rate", {"min": -400.0}),
    ("Size", {"index": 10**6}),
    ("Size", {"index": -1}),
    ("Size", {"index": True}),
    ("Size", {"index": None}),
    ("Size", {"value": 10**6}),
    ("Size", {"_options_labels": ["huge"]}),
    ("Steps", {"value": 10**12}),
    ("Steps", {"value": 0}),
    ("Steps", {"value": -1}),
    ("Steps", {"max": 10**13}),
    ("Layer", {"index": 99}),
    ("Layer", {"index": "mixed4z"}),
    ("Layer", {"index": [0]}),
    ("Channel", {"value": 500}),
    ("Channel", {"value": -1}),
    ("Channel", {"value": 2.5}),
    ("Model", {"index": 999}),
    ("Model", {"value": "../../etc/passwd"}),
    ("Jitter", {"value": {"$ne": 1}}),
    ("Transforms", {"value": "off"}),
    ("Image", {"value": 3}),
    ("Batch", {"value": 1e308}),
]


@pytest.mark.parametrize(("name", "state"), HOSTILE_CONTROLS, ids=repr)
def test_a_hostile_control_is_refused_and_shows_the_old_value(
    running, name, state, capfd
):
    before, step = snapshot(running), running.current_step
    running.canvas.error = ""
    for control in controls(running)[name]:
        held = control.get_state()
        sent: list = []
        control.comm.send = lambda data, sent=sent, **rest: sent.append(data)
        send_to(control, {"method": "update", "state": dict(state)})
        assert running.canvas.error
        assert running.error == running.canvas.error
        now = control.get_state()
        assert {k: now[k] for k in held} == held
        known = [key for key in state if key in control.keys]
        if known:
            assert sent[-1]["state"][known[0]] == held[known[0]]
    assert snapshot(running) == before
    assert running.running
    assert capfd.readouterr().out == ""
    until(lambda: running.current_step > step)
