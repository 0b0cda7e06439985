"""Snapshots, branches, and what is saved of them."""

from __future__ import annotations

import io
import types
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import LayerNotFoundError, SettingError
from lucid_widgets.frame import Frame
from lucid_widgets.widgets import filmstrip as filmstrip_module
from lucid_widgets.widgets.course import Course
from lucid_widgets.widgets.filmstrip import (
    MAX_SNAPSHOTS,
    Filmstrip,
    StripEncoder,
    is_scheduled,
)
from lucid_widgets.widgets.recipe import read_recipe
from tests.widgets.front_end import FrontEnd, until


def steps_of(snapshots) -> list[int]:
    return [one.step for one in snapshots]


@dataclass(eq=False)
class Picture:
    pixels: np.ndarray


def noise(count, height=24, width=32, seed=1):
    rng = np.random.default_rng(seed)
    shape = (height, width, 3)
    return [Picture(rng.integers(0, 255, shape, np.uint8)) for _ in range(count)]


def test_four_snapshots_are_kept_in_every_doubling():
    kept = [step for step in range(-1, 100_001) if is_scheduled(step)]
    assert kept[:12] == [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16]
    assert sum(1 for step in kept if step <= 512) == 32
    assert sum(1 for step in kept if 512 < step <= 1024) == 4
    assert len(kept) < MAX_SNAPSHOTS


def fake_state(values):
    shape = types.SimpleNamespace(num_elements=lambda: values)
    return types.SimpleNamespace(
        variables=[types.SimpleNamespace(shape=shape)], slots=[]
    )


def offered(strip, steps, *, rests=False, values=1):
    for step in steps:
        images = np.full((1, 3, 4, 3), step / 1000, np.float32)
        frame = Frame(
            step - 1, float(step), lambda images=images: images, fake_state(values)
        )
        strip.offer(frame, Course(), rests=rests)


def test_a_picture_at_rest_is_kept_until_the_next_one():
    strip = Filmstrip()
    offered(strip, range(1, 12))
    assert steps_of(strip.snapshots)[-1] == 10
    offered(strip, [11], rests=True)
    assert steps_of(strip.snapshots)[-2:] == [10, 11]
    offered(strip, [12])
    offered(strip, [12, 12], rests=True)
    assert steps_of(strip.snapshots)[-3:] == [8, 10, 12]


def test_states_past_the_memory_limit_are_thinned_and_pictures_stay(monkeypatch):
    monkeypatch.setattr(filmstrip_module, "STATE_BYTES", 40_000)
    strip = Filmstrip()
    offered(strip, range(1, 65), values=1000)
    kept = strip.snapshots
    assert steps_of(kept) == [s for s in range(1, 65) if is_scheduled(s)]
    held = [one.step for one in kept if one.state is not None]
    assert 5 <= len(held) <= 10
    assert held[-1] == 64
    assert [one.image.max() for one in kept] == [
        np.float32(s / 1000) for s in steps_of(kept)
    ]


@pytest.mark.parametrize(("height", "width"), [(24, 32), (400, 900)])
def test_a_strip_keeps_within_its_bytes_whatever_the_pictures(height, width):
    pictures = noise(12, height, width)
    strip = StripEncoder(limit=20_000, max_side=320).encode(pictures)
    assert len(strip.data) == sum(strip.lengths) <= 20_000
    assert len(strip.lengths) == 12
    with Image.open(io.BytesIO(strip.data[: strip.lengths[0]])) as first:
        assert first.format == "WEBP"
        assert max(first.size) <= 320
        assert first.width > first.height


def test_good_pictures_are_made_where_there_is_room():
    smooth = [Picture(np.full((24, 32, 3), value, np.uint8)) for value in (10, 200)]
    strip = StripEncoder(limit=20_000).encode(smooth)
    with Image.open(io.BytesIO(strip.data[strip.lengths[0] :])) as second:
        assert abs(np.asarray(second).astype(int) - 200).max() <= 3


def test_no_room_at_all_gives_no_strip():
    assert StripEncoder(limit=10).encode(noise(4)).lengths == ()


def test_a_picture_is_encoded_once(monkeypatch):
    counted = []
    webp = filmstrip_module._webp
    monkeypatch.setattr(
        filmstrip_module, "_webp", lambda *a: counted.append(a) or webp(*a)
    )
    encoder, pictures = StripEncoder(), noise(5)
    encoder.encode(pictures[:4])
    encoder.encode(pictures)
    assert len(counted) == 5


def test_a_run_keeps_its_history_and_the_canvas_gets_it_at_rest(make_vis):
    vis = make_vis(steps=9)
    assert vis.history == ()
    vis.wait(120)
    assert steps_of(vis.history) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    np.testing.assert_array_equal(vis.history[-1].images, vis.images)
    assert vis.history[2].image.shape == (24, 32, 3)
    index = vis.canvas.filmstrip_index
    assert [step for step, _, _ in index] == steps_of(vis.history)
    assert sum(length for *_, length in index) == len(vis.canvas.filmstrip)
    assert index[3][1] == vis.history[3].objective
    vis.reset()
    assert vis.history == ()
    assert vis.canvas.filmstrip == b""


def test_a_branch_without_changes_repeats_the_run(make_vis):
    vis = make_vis(steps=8)
    vis.wait(120)
    whole = vis.images
    vis.branch(4)
    vis.wait(60)
    np.testing.assert_array_equal(vis.images, whole)
    assert vis.current_step == 8
    assert len(vis.branches) == 2
    assert vis.branches[1].name == "from step 4: nothing changed"


def test_a_branch_goes_on_with_other_settings_and_is_named_by_them(make_vis):
    vis = make_vis(steps=6)
    vis.wait(120)
    first = vis.images
    vis.branch(4, learning_rate=0.2, channel=12)
    assert (vis.learning_rate, vis.channel) == (0.2, 12)
    assert vis.canvas.notice == (
        "branch from step 4: channel mixed4a:12, learning rate 0.05 → 0.2"
    )
    vis.wait(60)
    assert vis.current_step == 6
    assert abs(vis.images - first).max() > 0.001
    assert steps_of(vis.history) == [1, 2, 3, 4, 5, 6]
    tree = repr(vis.branches)
    assert "from step 4: channel mixed4a:12, learning rate 0.05 → 0.2" in tree
    assert vis.branches[1].parent is vis.branches[0]
    names = {}
    exec(vis.code(), names)
    np.testing.assert_array_equal(names["images"], vis.images)


def test_a_branch_may_change_structure_that_leaves_the_image(make_vis, tmp_path):
    vis = make_vis(steps=4)
    vis.wait(120)
    vis.branch(2, layer="mixed3a", channel=5, transforms=False, steps=7)
    assert (vis.layer, vis.transforms, vis.steps) == ("mixed3a", False, 7)
    vis.wait(60)
    assert vis.current_step == 7
    again = type(vis).from_image(vis.save(tmp_path / "x.png"))
    again.wait(60)
    np.testing.assert_array_equal(again.images, vis.images)
    again.close()


def test_a_branch_from_the_end_does_as_many_steps_again(make_vis):
    vis = make_vis(steps=3)
    vis.wait(120)
    vis.branch(3, jitter=0)
    vis.wait(60)
    assert (vis.current_step, vis.steps, vis.total_steps) == (6, 6, 6)


@pytest.mark.parametrize(
    ("step", "changes", "error", "says"),
    [
        (3, {"size": 64}, SettingError, "cannot change size"),
        (3, {"seed": 4}, TypeError, "unknown setting 'seed'"),
        (99, {}, SettingError, "nearest are those of"),
        (None, {}, SettingError, "no snapshot of step None"),
        (3, {"learning_rate": -1}, SettingError, "learning_rate"),
        (3, {"jitter": 1, "layer": "mixed9"}, LayerNotFoundError, "mixed9"),
    ],
)
def test_a_branch_that_cannot_be_leaves_everything_as_it_was(
    make_vis, step, changes, error, says
):
    vis = make_vis(steps=3)
    vis.wait(120)
    before = vis.images
    with pytest.raises(error, match=says):
        vis.branch(step, **changes)
    assert (vis.status, vis.jitter, vis.layer) == ("finished", 2, "mixed4a")
    assert (vis.size, vis.learning_rate) == ((24, 32), 0.05)
    np.testing.assert_array_equal(vis.images, before)
    assert len(vis.branches) == 1


def test_a_browser_can_ask_for_a_branch_and_hears_why_not(make_vis):
    vis = make_vis(steps=4)
    front_end = FrontEnd(vis.canvas)
    vis.wait(120)
    front_end.say(kind="branch", step=2)
    until(lambda: len(vis.branches) == 2 and vis.status == "finished")
    assert vis.branches[1].start == 2
    front_end.say(kind="branch", step=77)
    until(lambda: "no snapshot of step 77" in vis.canvas.error)
    assert vis.status == "finished"
    front_end.close()


def tree(vis):
    """Return what the canvas shows of the tree, without the pictures' bytes."""
    return [row[:4] for row in vis.canvas.branches]


def test_one_can_go_back_to_a_branch_and_on_from_there(make_vis):
    vis = make_vis(steps=6, objective="mixed4a:30")
    vis.wait(120)
    first = vis.images
    vis.branch(4, learning_rate=0.2, channel=12)
    vis.wait(60)
    second = vis.images
    vis.switch(0)
    assert (vis.learning_rate, vis.channel, vis.status) == (0.05, 30, "finished")
    np.testing.assert_array_equal(vis.images, first)
    assert vis.wait(60)
    assert [step for step, *_ in vis.canvas.filmstrip_index] == [1, 2, 3, 4, 5, 6]
    assert (vis.canvas.poster_step, vis.canvas.title) == (
        6,
        "TinyInception, channel mixed4a:30",
    )
    vis.step(2)
    vis.wait(60)
    assert vis.current_step == 8
    names = {}
    exec(vis.code(), names)
    np.testing.assert_array_equal(names["images"], vis.images)
    vis.switch(vis.branches[1])
    assert (vis.learning_rate, vis.channel, vis.current_step) == (0.2, 12, 6)
    np.testing.assert_array_equal(vis.images, second)
    assert [one.steps for one in vis.branches] == [8, 6]


def test_going_back_to_a_running_branch_loses_no_step(make_vis):
    vis = make_vis(steps=100_000)
    vis.start()
    until(lambda: vis.current_step >= 11)
    vis.branch(8, jitter=1, steps=9)
    vis.wait(60)
    left_at = vis.branches[0].steps
    assert left_at >= 11
    vis.switch(0)
    assert (vis.status, vis.current_step, vis.steps) == ("paused", left_at, 100_000)
    vis.step(1)
    vis.wait(60)
    assert vis.current_step == left_at + 1
    recipe = vis.recipe()
    assert [one.start for one in recipe.stretches] == [0]
    names = {}
    exec(vis.code(), names)
    np.testing.assert_array_equal(names["images"], vis.images)


def test_the_canvas_shows_the_tree_and_the_last_picture_of_each_branch(make_vis):
    vis = make_vis(steps=6)
    vis.wait(120)
    assert tree(vis) == [[0, 0, "run", 6]]
    vis.branch(4, jitter=1)
    vis.wait(60)
    vis.branch(5, jitter=0)
    vis.wait(60)
    vis.switch(0)
    vis.branch(2, learning_rate=0.1)
    vis.wait(60)
    assert tree(vis) == [
        [0, 0, "run", 6],
        [1, 1, "from step 4: jitter 2 → 1", 6],
        [2, 2, "from step 5: jitter 1 → 0", 6],
        [3, 1, "from step 2: learning rate 0.05 → 0.1", 6],
    ]
    assert vis.canvas.current_branch == 3
    lengths = [row[5] for row in vis.canvas.branches]
    assert lengths[3] == 0 < min(lengths[:3])
    assert sum(lengths) == len(vis.canvas.branch_tips)
    with Image.open(io.BytesIO(vis.canvas.branch_tips[: lengths[0]])) as tip:
        assert tip.size == (32, 24)
    assert repr(vis.branches).splitlines()[2].startswith("2          from step 5")
    vis.reset()
    assert tree(vis) == [[0, 0, "run", 0]]
    assert vis.canvas.branch_tips == b""


@pytest.mark.parametrize("number", [7, -1, True, None, "run", 0.0])
def test_a_branch_that_is_not_there_is_refused(make_vis, number):
    vis = make_vis(steps=3)
    vis.wait(120)
    with pytest.raises(SettingError, match="no branch"):
        vis.switch(number)
    vis.switch(0)
    assert vis.status == "finished"


def test_a_browser_can_go_back_to_a_branch_and_save_a_snapshot(make_vis):
    vis = make_vis(steps=4)
    vis.wait(120)
    vis.branch(2, jitter=1)
    vis.wait(60)
    front_end = FrontEnd(vis.canvas)
    front_end.say(kind="switch", branch=0)
    until(lambda: vis.jitter == 2 and front_end.state.get("current_branch") == 0)
    until(lambda: front_end.frames and front_end.frames[-1]["step"] == 4)
    assert [step for step, _ in front_end.frames[-1]["curve"]] == [1, 2, 3, 4]
    front_end.say(kind="switch", branch=9)
    until(lambda: "no branch 9" in vis.canvas.error)
    front_end.say(kind="save_request", step=3)
    until(lambda: front_end.stills)
    still = front_end.stills[0]
    assert still["step"] == 3
    with Image.open(io.BytesIO(still["data"])) as picture:
        recipe = read_recipe(picture.info["lucid_widgets"])
        pixels = np.asarray(picture, np.float32) / 255
    assert recipe.steps == 3
    assert abs(pixels - vis.history[2].image).max() <= 0.5 / 255 + 1e-6
    front_end.close()


def test_the_curve_of_a_branch_begins_with_its_parents(make_vis):
    vis = make_vis(steps=5)
    vis.wait(120)
    vis.branch(3, steps=7)
    vis.wait(60)
    assert [step for step, _ in vis.canvas.poster_curve] == [1, 2, 3, 4, 5, 6, 7]
