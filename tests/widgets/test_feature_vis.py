"""Scripted use: everything without a browser."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import ImageError, LucidError
from tests.widgets.conftest import run_threads
from tests.widgets.front_end import FrontEnd, until


def trace_count() -> int:
    from lucid_widgets.optvis import render

    return render.trace_count()


def read(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_run_goes_to_its_end_off_the_main_thread(make_vis):
    vis = make_vis(steps=5)
    seen: list[tuple[int, bool]] = []
    vis.observe(
        lambda change: seen.append(
            (change.new, threading.current_thread() is threading.main_thread())
        ),
        "current_step",
    )
    assert (vis.status, vis.running, vis.current_step) == ("idle", False, 0)
    vis.start()
    assert vis.running
    assert vis.wait(120)
    assert (vis.status, vis.running) == ("finished", False)
    assert seen == [(step, False) for step in (1, 2, 3, 4, 5)]
    assert vis.total_steps == 5
    assert np.isfinite(vis.objective_value)
    assert vis.image.shape == (24, 32, 3)
    assert vis.images.shape == (1, 24, 32, 3)
    assert 0 <= vis.image.min() < vis.image.max() <= 1
    assert vis.error == ""


def test_wait_starts_a_run_that_has_not_begun(make_vis):
    vis = make_vis(steps=2)
    assert vis.wait(120)
    assert vis.current_step == 2


def test_steps_are_done_one_by_one_and_the_rest_later(make_vis):
    vis = make_vis(steps=6)
    vis.step()
    assert vis.wait(120)
    assert (vis.current_step, vis.status) == (1, "paused")
    vis.step(3)
    vis.wait(60)
    assert vis.current_step == 4
    vis.start()
    vis.wait(60)
    assert (vis.current_step, vis.status) == (6, "finished")
    vis.step()
    vis.wait(60)
    assert (vis.current_step, vis.total_steps) == (7, 7)


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(make_vis):
    def picture(**arguments):
        vis = make_vis(**arguments)
        vis.wait(120)
        return vis.image

    first = picture(seed=7)
    np.testing.assert_array_equal(first, picture(seed=7))
    assert abs(first - picture(seed=8)).max() > 0.01


def test_pausing_does_not_change_the_picture(make_vis):
    straight, broken = make_vis(steps=6), make_vis(steps=6)
    straight.wait(120)
    broken.step(2)
    broken.wait(60)
    broken.step(1)
    broken.wait(60)
    broken.start()
    broken.wait(60)
    np.testing.assert_array_equal(straight.image, broken.image)


def test_reset_begins_again_and_a_new_seed_changes_the_picture(make_vis):
    vis = make_vis(steps=4, seed=1)
    vis.wait(120)
    first = vis.image
    vis.reset()
    assert (vis.current_step, vis.status) == (0, "idle")
    vis.wait(60)
    np.testing.assert_array_equal(vis.image, first)
    vis.reset(seed=2)
    assert vis.seed == 2
    vis.wait(60)
    assert abs(vis.image - first).max() > 0.01


def test_after_reset_the_canvas_shows_what_the_run_will_start_from(make_vis):
    vis = make_vis(steps=3)
    front_end = FrontEnd(vis.canvas)
    vis.wait(120)
    front_end.until(lambda: front_end.frames and front_end.frames[-1]["step"] == 3)
    last, picture = front_end.frames[-1], front_end.pictures[-1]
    vis.reset()
    front_end.until(lambda: front_end.frames[-1]["step"] == 0)
    start = front_end.frames[-1]
    assert start["run"] > last["run"]
    assert (start["curve"], start["objective"]) == ([], None)
    assert front_end.pictures[-1].std() < picture.std()
    front_end.close()


def test_numbers_act_on_the_running_optimization_without_a_retrace(make_vis):
    vis = make_vis(steps=100_000)
    vis.step(2)
    vis.wait(120)
    traces = trace_count()
    vis.start()
    changes = {
        "learning_rate": 0.02,
        "jitter": 1,
        "rotate": 3.0,
        "scale": 0.05,
        "l1": 0.1,
        "total_variation": 0.001,
        "blur": 0.1,
        "channel": 12,
    }
    for name, value in changes.items():
        before = vis.current_step
        setattr(vis, name, value)
        until(lambda before=before: vis.current_step > before + 2)
    assert vis.error == ""
    assert vis.running
    assert trace_count() == traces
    vis.pause()
    assert vis.wait(60)


def test_a_number_changes_what_comes_next_and_only_that(make_vis):
    left, right = make_vis(steps=8), make_vis(steps=8)
    for vis in (left, right):
        vis.step(4)
        vis.wait(120)
    np.testing.assert_array_equal(left.image, right.image)
    right.learning_rate = 0.5
    for vis in (left, right):
        vis.start()
        vis.wait(60)
    assert right.current_step == 8
    assert abs(left.image - right.image).max() > 0.05


def test_structure_starts_a_new_run_that_goes_on_running(make_vis):
    vis = make_vis(steps=100_000)
    vis.start()
    until(lambda: vis.current_step > 3, 120)
    vis.size = (16, 40)
    assert vis.running
    assert vis.canvas.notice == "new run: size"
    until(lambda: vis.current_step > 1, 120)
    vis.pause()
    vis.wait(60)
    assert vis.image.shape == (16, 40, 3)


def test_structure_changed_while_paused_waits_for_start(make_vis):
    vis = make_vis(steps=4)
    vis.step(2)
    vis.wait(120)
    vis.parameterization = "pixel"
    assert (vis.status, vis.current_step) == ("idle", 0)
    assert vis.canvas.notice == "new run: parameterization"
    vis.wait(120)
    assert vis.current_step == 4


def test_another_channel_after_the_end_is_a_new_run(make_vis):
    vis = make_vis(steps=3)
    vis.wait(120)
    vis.channel = vis.channel + 1
    assert vis.running
    assert vis.canvas.notice == "new run: channel"
    vis.wait(60)
    assert vis.current_step == 3


def test_a_narrower_layer_takes_the_channel_along_as_far_as_it_goes(make_vis):
    vis = make_vis(objective="mixed5b:400")
    vis.layer = "conv2d0"
    assert vis.channel == 31
    assert vis.canvas.title == "TinyInception, channel conv2d0:31"


def test_the_objective_can_be_assigned(make_vis):
    vis = make_vis()
    vis.objective = "mixed3a:5"
    assert (vis.objective_kind, vis.layer, vis.channel) == ("channel", "mixed3a", 5)
    assert vis.objective.description == "Channel(mixed3a, 5)"
    from lucid_widgets.optvis import objectives

    both = objectives.channel("mixed3a", 5) - 0.5 * objectives.channel("mixed3a", 6)
    vis.objective = both
    assert vis.objective is both
    assert vis.objective_kind == "custom"
    vis.wait(120)
    assert vis.status == "finished"
    vis.layer = "mixed3b"
    assert vis.objective_kind == "channel"


@pytest.mark.parametrize("kind", ["neuron", "deepdream", "class"])
def test_every_kind_of_objective_runs(make_vis, kind):
    vis = make_vis(objective_kind=kind, size=(40, 48), steps=2)
    assert vis.wait(120)
    assert (vis.status, vis.error) == ("finished", "")
    assert np.isfinite(vis.objective_value)


def test_a_class_is_chosen_by_its_label_and_changes_at_the_next_step(make_vis):
    vis = make_vis(objective_kind="class", size=(40, 48), steps=100_000)
    labels = vis.model.labels
    vis.start()
    until(lambda: vis.current_step > 1, 120)
    traces, before = trace_count(), vis.current_step
    vis.label = labels[3]
    until(lambda: vis.current_step > before + 2)
    assert trace_count() == traces
    assert vis.canvas.title == f"TinyInception, class {labels[3]}"


def test_a_batch_with_transparency_is_shown_as_one_picture(make_vis, tmp_path):
    vis = make_vis(batch=3, alpha=True, steps=2)
    front_end = FrontEnd(vis.canvas)
    vis.wait(120)
    assert vis.images.shape == (3, 24, 32, 4)
    front_end.until(lambda: front_end.frames and front_end.frames[-1]["lossless"])
    assert front_end.pictures[-1].shape == (48, 64, 4)
    saved = vis.save(tmp_path / "sheet.png")
    assert read(saved).shape == (48, 64, 4)
    front_end.close()


def test_save_writes_the_picture_in_the_format_of_the_ending(make_vis, tmp_path):
    vis = make_vis(steps=2)
    vis.wait(120)
    saved = read(vis.save(tmp_path / "picture.png"))
    np.testing.assert_allclose(saved / 255, vis.image, atol=0.5 / 255 + 1e-6)
    assert read(vis.save(str(tmp_path / "picture.webp"))).shape == (24, 32, 3)
    with pytest.raises(ImageError, match=r"cannot save images as '\.xyz'"):
        vis.save(tmp_path / "picture.xyz")


def test_before_the_first_step_there_is_no_picture(make_vis, tmp_path):
    vis = make_vis()
    with pytest.raises(ImageError, match="no picture yet"):
        _ = vis.image
    with pytest.raises(ImageError, match="no picture yet"):
        vis.save(tmp_path / "picture.png")


def test_what_stopped_a_run_is_told_until_there_is_another(make_vis):
    vis = make_vis(objective=lambda T: T("mixed9z"))
    with pytest.raises(LucidError, match="mixed9z"):
        vis.wait()
    message = vis.error
    vis.learning_rate = 0.02
    vis.steps = 7
    assert (vis.status, vis.error, vis.canvas.error) == ("failed", message, message)
    vis.seed = 3
    assert (vis.status, vis.error, vis.canvas.error) == ("idle", "", "")


def test_an_error_in_the_run_is_shown_and_raised_by_wait(make_vis, capfd):
    def broken(T):
        raise ZeroDivisionError("the objective divides by zero")

    vis = make_vis(objective=broken)
    vis.start()
    with pytest.raises(ZeroDivisionError):
        vis.wait(120)
    assert vis.status == "failed"
    assert vis.error.splitlines()[0].startswith("ZeroDivisionError: the objective")
    assert vis.canvas.error == vis.error
    assert "Traceback" not in capfd.readouterr().err
    vis.objective = "mixed4a:3"
    vis.wait(120)
    assert (vis.status, vis.error) == ("finished", "")


def test_close_ends_the_thread_and_closes_every_part(make_vis):
    vis = make_vis(steps=100_000)
    vis.start()
    until(lambda: vis.current_step > 1, 120)
    from lucid_widgets.widgets.control_panel import walk

    parts = list(walk(vis))
    assert len(parts) > 40
    vis.close()
    vis.close()
    assert run_threads() == []
    left = [part for part in parts if part.comm is not None and part.has_trait("keys")]
    styles = ("Layout", "Style")
    assert [w for w in left if not type(w).__name__.endswith(styles)] == []
    with pytest.raises(LucidError, match="closed; make a new one"):
        vis.start()


def test_closing_the_canvas_alone_ends_the_run(make_vis):
    vis = make_vis(steps=100_000)
    vis.start()
    until(lambda: vis.current_step > 1, 120)
    vis.canvas.close()
    until(lambda: run_threads() == [])
    assert vis.status == "closed"


def test_several_widgets_run_at_once_and_leave_no_thread(make_vis):
    several = [make_vis(seed=seed, steps=5) for seed in range(4)]
    for vis in several:
        vis.start()
    for vis in several:
        assert vis.wait(120)
    pictures = [vis.image for vis in several]
    assert len({picture.tobytes() for picture in pictures}) == 4
    assert len(run_threads()) <= 4
    for vis in several:
        vis.close()
    assert run_threads() == []


def test_making_one_is_fast_and_imports_no_tensorflow_on_the_main_thread():
    script = """
import builtins, sys, threading, time
import lucid_widgets
from lucid_widgets import FeatureVis
before = time.perf_counter()
vis = FeatureVis()
print(time.perf_counter() - before < 1, "tensorflow" in sys.modules)
vis.layer = "mixed4b"; vis.channel = 2; vis.objective_kind = "class"
print("tensorflow" in sys.modules)
vis.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split("\n")[:2] == ["True False", "False"], done.stderr


def test_a_script_that_does_not_close_ends_by_itself():
    script = """
from lucid_widgets import FeatureVis
vis = FeatureVis(size=24, pad=2, steps=100000)
vis.step(2)
vis.wait()
vis.start()
print(vis.current_step)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=200
    )
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_a_script_may_end_while_tensorflow_is_being_imported():
    script = """
import sys
from lucid_widgets import FeatureVis
vis = FeatureVis()
vis.pause()
vis.learning_rate = 0.02
vis.step(2)
print("h5py" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


def test_a_picture_that_stays_grey_gets_advice(make_vis):
    vis = make_vis(learning_rate=1e-8, steps=70)
    vis.start()
    vis.wait(60)
    assert "still grey" in vis.canvas.notice
    assert "learning rate" in vis.canvas.notice


def test_another_channel_chosen_during_the_last_update_is_shown(make_vis, monkeypatch):
    from lucid_widgets.widgets.course import LivePlan

    read, steps = LivePlan.__call__, 3

    def read_and_choose(live):
        plan = read(live)
        if vis.current_step == steps - 1:
            vis.channel = 9
        return plan

    monkeypatch.setattr(LivePlan, "__call__", read_and_choose)
    vis = make_vis(objective="mixed4a:3", steps=steps)
    vis.start()
    vis.wait(120)
    assert (vis.status, vis.current_step) == ("finished", steps)
    assert [one.objective.channel for one in vis.recipe().stretches] == [9]
