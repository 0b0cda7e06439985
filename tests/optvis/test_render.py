"""frames() and render_vis(): order, reproducibility, live numbers, bad input."""

from __future__ import annotations

import dataclasses
import logging
import math
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import (
    LayerNotFoundError,
    LucidError,
    ModelError,
    ObjectiveError,
    ParameterizationError,
    SettingError,
    TransformError,
)
from lucid_widgets.optvis import objectives, param, render, transform
from lucid_widgets.optvis.param.random import image_sample
from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings

SMALL = RenderSettings(size=(20, 28))


@pytest.fixture
def small(tiny_model):
    """Return a function that makes frames of a small run."""

    def make(objective="conv2:3", *args, **kwargs):
        kwargs.setdefault("settings", SMALL)
        return render.frames(tiny_model, objective, *args, **kwargs)

    return make


@pytest.fixture
def vis(tiny_model):
    """Return render_vis on the tiny model, on small images, silent."""

    def make(objective="conv2:3", param_f=None, **kwargs):
        kwargs.setdefault("verbose", False)
        small = param_f or (lambda: param.image(28, 20))
        return render.render_vis(tiny_model, objective, small, **kwargs)

    return make


def images(frames) -> list[np.ndarray]:
    return [frame.images for frame in frames]


# Frames -------------------------------------------------------------------------


def test_frames_are_numbered_from_zero_and_rise(small):
    frames = list(small(steps=12, hyperparameters=Hyperparameters(jitter=0)))
    assert [frame.step for frame in frames] == list(range(12))
    assert frames[-1].images.shape == (1, 20, 28, 3)
    assert frames[-1].images.dtype == np.float32
    assert 0 <= frames[-1].images.min() < frames[-1].images.max() <= 1
    assert np.mean([f.objective for f in frames[-3:]]) > frames[0].objective


def test_frames_go_on_until_they_are_closed(small):
    run = small()
    assert [next(run).step for _ in range(5)] == [0, 1, 2, 3, 4]
    run.close()
    with pytest.raises(StopIteration):
        next(run)


def test_frames_can_be_looked_at_late_and_in_any_order(small):
    kept = list(small(steps=4, seed=1))
    backwards = [frame.images for frame in reversed(kept)][::-1]
    for late, now in zip(backwards, images(small(steps=4, seed=1)), strict=True):
        np.testing.assert_array_equal(late, now)


def test_the_same_seed_gives_the_same_frames_and_another_does_not(small):
    first, again = images(small(steps=4, seed=1)), images(small(steps=4, seed=1))
    np.testing.assert_array_equal(first, again)
    other = images(small(steps=4, seed=2))
    assert np.abs(other[0] - first[0]).max() > 1e-4


def test_a_run_goes_on_from_a_state_bit_for_bit(small):
    whole = list(small(steps=8, seed=3))
    rest = list(small(steps=8, state=whole[3].state))
    assert [frame.step for frame in rest] == [4, 5, 6, 7]
    for before, after in zip(whole[4:], rest, strict=True):
        assert before.objective == after.objective
        np.testing.assert_array_equal(before.images, after.images)


def test_a_run_with_an_optimizer_of_keras_can_be_resumed_too(small):
    def run(**kwargs):
        return list(small(optimizer=keras.optimizers.Nadam(0.1), steps=6, **kwargs))

    whole = run(seed=1)
    rest = run(state=whole[2].state)
    np.testing.assert_array_equal(whole[-1].images, rest[-1].images)


def test_a_state_of_another_run_is_refused(small):
    (frame,) = small(steps=1)
    for given in (
        {"settings": RenderSettings(size=16)},
        {"optimizer": keras.optimizers.SGD(0.1)},
    ):
        with pytest.raises(SettingError, match="belongs to another run"):
            small(state=frame.state, **given)
    with pytest.raises(SettingError, match="expected State"):
        small(state=frame)


def test_random_parameterizations_show_the_same_frames_again(small):
    def over_noise():
        rgba = param.image(28, 20, alpha=True)
        background = image_sample((1, 20, 28, 3), sd=0.5)
        return rgba[..., :3] * rgba[..., 3:] + background * (1 - rgba[..., 3:])

    first = images(small(param_f=over_noise, steps=3))
    again = images(small(param_f=over_noise, steps=3))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).max() > 0.05


def test_two_runs_at_once_do_not_disturb_each_other(small):
    alone = [
        images(small(objective, steps=6, seed=5))
        for objective in ("conv2:3", "conv2:1")
    ]
    together = [[], []]
    start = threading.Barrier(2)

    def work(i, objective):
        run = small(objective, steps=6, seed=5)
        start.wait()
        together[i] = images(run)

    threads = [
        threading.Thread(target=work, args=args)
        for args in enumerate(("conv2:3", "conv2:1"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(alone, together)


# Numbers that move --------------------------------------------------------------

BASE = Hyperparameters(learning_rate=0.05, jitter=2)
MOVES = {
    "learning_rate": 0.5,
    "jitter": 9,
    "rotate": 45.0,
    "scale": 0.4,
    "l1": 5.0,
    "total_variation": 5.0,
    "blur": 5.0,
}


def live_after(small, steps, moved, objective="conv2:3"):
    """Return the images of a run whose numbers move after some steps."""
    objective = objectives.as_objective(objective)
    now = [(objective, BASE)]
    run = small(objective, live=lambda: now[0], hyperparameters=BASE)
    for _ in range(steps):
        next(run)
    now[0] = moved
    found = [next(run).images for _ in range(3)]
    run.close()
    return found


@pytest.mark.parametrize("name", MOVES)
def test_moving_a_number_acts_at_the_next_step_without_a_trace(small, name):
    objective = objectives.channel("conv2", 3)
    still = live_after(small, 3, (objective, BASE))
    before = render.trace_count()
    moved = dataclasses.replace(BASE, **{name: MOVES[name]})
    changed = live_after(small, 3, (objective, moved))
    assert render.trace_count() == before
    assert np.abs(changed[0] - still[0]).max() > 1e-4


@pytest.mark.parametrize(
    ("objective", "moved"),
    [
        (objectives.channel("conv2", 3), objectives.channel("conv2", 1)),
        (objectives.neuron("conv2", 3), objectives.neuron("conv2", 1)),
        (
            objectives.direction("conv2", np.eye(7)[3]),
            objectives.direction("conv2", np.eye(7)[1]),
        ),
        (
            2 * objectives.channel("conv2", 3) - 0.1 * objectives.L1(),
            2 * objectives.channel("conv2", 3) - 9.0 * objectives.L1(constant=0.5),
        ),
        (objectives.class_logit("logits", 1), objectives.class_logit("logits", 2)),
    ],
    ids=["channel", "neuron", "direction", "coefficient", "class"],
)
def test_moving_within_an_objective_acts_without_a_trace(small, objective, moved):
    still = live_after(small, 3, (objective, BASE), objective)
    before = render.trace_count()
    changed = live_after(small, 3, (moved, BASE), objective)
    assert render.trace_count() == before
    assert np.abs(changed[-1] - still[-1]).max() > 1e-4


def test_runs_of_one_structure_share_a_compiled_step(small):
    list(small("conv1:0", steps=1))
    before = render.trace_count()
    list(small("conv1:4", steps=1, seed=7))
    list(small(objectives.channel("conv1", 2), steps=1))
    assert render.trace_count() == before
    list(small("conv2:0", lambda: param.image(28, 20, channels=3), steps=1))
    assert render.trace_count() == before + 1


def test_an_objective_of_another_structure_is_refused_while_running(small):
    now = [(objectives.as_objective("conv2:3"), BASE)]
    run = small(live=lambda: now[0])
    next(run)
    now[0] = (objectives.as_objective("conv1:3"), BASE)
    with pytest.raises(ObjectiveError, match="start a new run"):
        next(run)


def test_a_channel_out_of_range_is_refused_while_running(small):
    now = [(objectives.as_objective("conv2:3"), BASE)]
    run = small(live=lambda: now[0])
    next(run)
    now[0] = (objectives.as_objective("conv2:7"), BASE)
    with pytest.raises(ObjectiveError, match="0 to 6"):
        next(run)


def test_penalties_pull_where_they_say(small):
    """The objective is worth nothing here: only the penalty moves the image."""

    def after(**numbers):
        hyper = Hyperparameters(learning_rate=0.1, **numbers)
        run = small(
            0 * objectives.channel("conv2", 3),
            lambda: param.image(28, 20, sd=1.0, fft=False),
            hyperparameters=hyper,
            steps=40,
        )
        return list(run)[-1].images

    def roughness(image):
        return np.abs(np.diff(image, axis=1)).mean()

    free = after()
    assert np.abs(after(l1=1.0) - 0.5).mean() < 0.2 * np.abs(free - 0.5).mean()
    assert roughness(after(total_variation=1.0)) < 0.5 * roughness(free)
    assert roughness(after(blur=1.0)) < 0.7 * roughness(free)


# render_vis ---------------------------------------------------------------------


def test_thresholds_are_inclusive_sorted_and_without_duplicates(vis):
    found = vis(thresholds=[5, 0, 3, 3], use_fixed_seed=True)
    assert len(found) == 3
    assert all(image.shape == (1, 20, 28, 3) for image in found)
    longer = vis(thresholds=range(7), use_fixed_seed=True)
    assert len(longer) == 7
    for image, step in zip(found, (0, 3, 5), strict=True):
        np.testing.assert_array_equal(image, longer[step])


def test_threshold_zero_is_the_image_after_one_update(vis, small):
    (after_one,) = vis(thresholds=(0,), use_fixed_seed=True)
    (frame,) = small(steps=1, seed=0)
    np.testing.assert_array_equal(after_one, frame.images)


def test_thresholds_can_be_any_iterable(vis):
    assert len(vis(thresholds=(n for n in (0, 2)))) == 2
    assert len(vis(thresholds={1})) == 1
    assert len(vis(thresholds=np.array([0, 1]))) == 2


def test_use_fixed_seed_gives_identical_images_and_else_they_vary(vis):
    fixed = [vis(thresholds=(2,), use_fixed_seed=True)[0] for _ in range(2)]
    np.testing.assert_array_equal(*fixed)
    free = [vis(thresholds=(2,))[0] for _ in range(2)]
    assert np.abs(free[0] - free[1]).max() > 1e-4


def test_the_third_argument_is_the_parameterization(tiny_model):
    (image,) = render.render_vis(
        tiny_model,
        "conv2:3",
        lambda: param.image(17, 9, batch=2),
        thresholds=[0],
        verbose=False,
    )
    assert image.shape == (2, 9, 17, 3)


def test_the_default_image_is_128_pixels_wide(tiny_model):
    (image,) = render.render_vis(tiny_model, "conv1:0", thresholds=[0], verbose=False)
    assert image.shape == (1, 128, 128, 3)


def seen_size(tiny_model, transforms) -> tuple[int, ...]:
    sizes = []

    def spying(T):
        sizes.append(tuple(T("t_image").shape[1:3]))
        assert tuple(T("input").shape) == (1, 20, 28, 3)
        return tf.reduce_mean(T("conv2"))

    run = render.frames(tiny_model, spying, None, None, transforms, settings=SMALL)
    next(run)
    return sizes[0]


@pytest.mark.parametrize("strange", [None, (), (transform.jitter(2),), "none", 3])
def test_anything_but_a_list_means_the_standard_transforms(tiny_model, strange):
    assert seen_size(tiny_model, strange) == (32, 40)


def test_a_list_of_transforms_is_what_it_says(tiny_model):
    assert seen_size(tiny_model, []) == (20, 28)
    assert seen_size(tiny_model, [transform.jitter(3)]) == (17, 25)
    assert seen_size(tiny_model, [transform.pad(2), lambda t: t[:, 1:]]) == (23, 32)


def test_verbose_prints_the_objective_and_shows_the_images(vis, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(render, "show", shown.append)
    printed = [objectives.channel("conv1", 2), "conv2:3"]
    vis(
        param_f=lambda: param.image(28, 20, batch=2),
        thresholds=(0, 2),
        print_objectives=printed,
        verbose=True,
    )
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[0].split()[0] == "0"
    assert math.isfinite(float(lines[0].split()[1]))
    assert lines[1].startswith("00: Channel(conv1, 2): ")
    assert lines[4].startswith("02: Channel(conv1, 2): ")
    assert lines[5].startswith("02: Channel(conv2, 3): ")
    assert [image.shape for image in shown] == [(20, 56, 3)] * 2


def test_without_verbose_nothing_is_printed_or_shown(vis, capsys, monkeypatch):
    monkeypatch.setattr(render, "show", lambda image: pytest.fail("shown"))
    vis(thresholds=(0,), print_objectives=["conv2:3"], verbose=False)
    assert capsys.readouterr().out == ""


def test_printed_objectives_see_what_the_model_sees(vis, capsys, monkeypatch):
    monkeypatch.setattr(render, "show", lambda image: None)

    def size_seen(T):
        assert T("t_image").shape[-1] == 3
        assert T("input").shape[-1] == 4
        return tf.cast(T("t_image").shape[1], tf.float32) + 0 * tf.reduce_sum(
            T("conv1")
        )

    vis(
        param_f=lambda: param.image(28, 20, alpha=True),
        transforms=[transform.jitter(2)],
        thresholds=(0,),
        print_objectives=[objectives.Objective(size_seen, description="size")],
        verbose=True,
    )
    assert "00: size:   18.00" in capsys.readouterr().out


@pytest.mark.parametrize("at", [0, 3])
def test_an_interruption_returns_what_has_been_collected(vis, monkeypatch, caplog, at):
    shown = []

    def show(image):
        shown.append(image)
        if len(shown) == at + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(render, "show", show)
    with caplog.at_level(logging.WARNING):
        found = vis(thresholds=range(50), verbose=True)
    assert len(found) == at + 1
    assert len(shown) == at + 2  # the image of the moment is shown once more
    assert f"at step {at}" in caplog.text


def test_redirected_relu_wakes_up_a_silent_channel(tiny_model):
    """A channel that a large bias keeps off only moves with the redirect."""

    class Silent(type(tiny_model)):
        network_identity = "silent"

        def import_graph(self, images, overrides=None):
            T = super().import_graph(images, overrides)
            relu = (overrides or {}).get("Relu", tf.nn.relu)
            T["asleep"] = relu(T["conv2_pre_relu"] - 50.0)
            return T

    def moved(*, redirect):
        first, *_, last = render.frames(
            Silent(),
            lambda T: tf.reduce_mean(T("asleep")),
            transforms=[],
            settings=RenderSettings(size=(20, 28), redirect_relu=redirect),
            steps=19,
        )
        steps = [first.images, last.images]
        return np.abs(steps[0] - steps[1]).max()

    assert moved(redirect=True) > 0.05
    assert moved(redirect=False) == 0


def test_a_class_is_looked_up_in_the_labels_of_each_model(tiny_model):
    """Compiled for one model's labels, a step is not used for another's."""

    def first(labels):
        renamed = type("Renamed", (type(tiny_model),), {"labels": labels})()
        objective = objectives.class_logit("logits", "cat")
        settings = RenderSettings(size=(20, 28))
        return next(render.frames(renamed, objective, settings=settings)).objective

    labels = list(tiny_model.labels)
    assert first(labels) != first([*labels[1:], labels[0]])


def test_channels_of_a_sheet_do_not_disturb_each_other(small):
    sheet = list(
        small(
            objectives.channels("conv2", [1, 3]),
            settings=RenderSettings(size=(20, 28), batch=2),
            steps=5,
        )
    )[-1].images
    swapped = list(
        small(
            objectives.channels("conv2", [1, 5]),
            settings=RenderSettings(size=(20, 28), batch=2),
            steps=5,
        )
    )[-1].images
    np.testing.assert_allclose(sheet[0], swapped[0], atol=1e-6)
    assert np.abs(sheet[1] - swapped[1]).max() > 1e-3


# Bad input ----------------------------------------------------------------------

LAYER = LayerNotFoundError
BAD = {
    "unknown layer": (LAYER, {"objective": "conv3:0"}, "'conv3'.*did you mean 'conv"),
    "unknown layer in a sum": (
        LAYER,
        {
            "objective": objectives.channel("conv1", 0)
            + 2 * objectives.deepdream("cov2")
        },
        "cov2",
    ),
    "channel": (ObjectiveError, {"objective": "conv2:7"}, "has 7 channels, 0 to 6"),
    "channel below": (ObjectiveError, {"objective": "conv2:-8"}, "0 to 6"),
    "one of several": (
        ObjectiveError,
        {"objective": objectives.channels("conv2", [0, 7])},
        "0 to 6",
    ),
    "class": (
        ObjectiveError,
        {"objective": objectives.class_logit("logits", 4)},
        "0 to 3",
    ),
    "class name": (
        ObjectiveError,
        {"objective": 1 - objectives.class_logit("logits", "dgo")},
        "no class 'dgo'.*'dog'",
    ),
    "objective": (ObjectiveError, {"objective": "conv2"}, "'layer:n'"),
    "no objective": (ObjectiveError, {"objective": None}, "'layer:n'"),
    "optimizer": (SettingError, {"optimizer": "adam"}, "optimizer is str"),
    "param": (ParameterizationError, {"param_f": "fft"}, "expected a function"),
    "param without variables": (
        ParameterizationError,
        {"param_f": lambda: tf.zeros([1, 20, 28, 3])},
        "no variables",
    ),
    "transform": (TransformError, {"transforms": [3]}, "no transform"),
    "steps 0": (SettingError, {"steps": 0}, "steps is 0; expected"),
    "steps -1": (SettingError, {"steps": -1}, "steps is -1"),
    "steps 10^12": (SettingError, {"steps": 10**12}, "expected a whole number"),
    "seed": (SettingError, {"seed": -1}, "seed is -1"),
    "seed 2^31": (SettingError, {"seed": 2**31}, "seed"),
    "settings": (SettingError, {"settings": {"size": 64}}, "expected RenderSettings"),
    "numbers": (SettingError, {"hyperparameters": 0.05}, "expected Hyperparameters"),
}


@pytest.mark.parametrize(("error", "given", "says"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_before_work_starts(small, error, given, says):
    before = render.trace_count()
    with pytest.raises(error, match=says) as caught:
        small(**given)
    assert isinstance(caught.value, LucidError)
    assert render.trace_count() == before


@pytest.mark.parametrize(
    "thresholds", [(), None, 512, [-1], [1.5], ["a"], [math.nan], [10**12], [10**5]]
)
def test_strange_thresholds_are_refused(vis, thresholds):
    with pytest.raises(SettingError, match=r"thresholds is .*from 0 to 99999"):
        vis(thresholds=thresholds)


def test_unknown_layers_of_printed_objectives_are_refused_at_once(vis):
    with pytest.raises(LayerNotFoundError, match="conv9"):
        vis(print_objectives=["conv9:0"])


def test_a_graph_of_tensorflow_1_is_refused(small):
    with (
        tf.Graph().as_default(),
        pytest.raises(SettingError, match="leave out"),
    ):
        small()


@pytest.mark.parametrize("strange", ["TinyInception", None, object()])
def test_what_is_no_model_is_refused(strange):
    with pytest.raises(ModelError, match="from_keras"):
        render.frames(strange, "conv2:3")


def test_what_only_the_network_can_know_is_refused_at_the_first_step(small):
    for objective, says in (
        (objectives.channel("conv2", 3, batch=2), "below 1"),
        (objectives.neuron("conv2", 3, x=99), "x is 99"),
        (objectives.direction("conv2", np.ones(3)), "3 numbers; expected 7"),
        (lambda T: np.mean(T("conv2")), "hands tensors to numpy"),
        (lambda T: None, "gave None; expected a tensor"),
        (lambda T: "high", "gave 'high'; expected a tensor"),
    ):
        with pytest.raises(ObjectiveError, match=says):
            next(small(objective))


def test_overrides_of_the_user_take_the_place_of_operations(tiny_model):
    called = []

    def relu(x):
        called.append(x.shape)
        return tf.nn.relu(x) * 2

    plain = next(render.frames(tiny_model, "conv2:1", transforms=[]))
    changed = next(
        render.frames(tiny_model, "conv2:1", transforms=[], overrides={"Relu": relu})
    )
    assert called
    assert changed.objective != plain.objective
    again = next(render.frames(tiny_model, "conv2:1", transforms=[]))
    assert again.objective == plain.objective


def test_bad_overrides_are_refused_before_work(tiny_model):
    with pytest.raises(SettingError, match="mapping of operation types"):
        render.frames(tiny_model, "conv2:1", overrides=["Relu"])
