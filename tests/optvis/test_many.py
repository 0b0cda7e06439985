"""Many objectives at once: each as if it were alone."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import LucidError, ObjectiveError, SettingError
from lucid_widgets.optvis import objectives, param, render
from lucid_widgets.optvis.packing import by_structure, images_at_once, pack_sizes
from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings

SMALL = RenderSettings(size=(20, 28))
# With the steps of plain gradient ascent rounding stays rounding; Adam's first steps
# are as large for a gradient of 1e-9 as for one of 1.
PLAIN = tf.compat.v1.train.GradientDescentOptimizer(0.5)


def alone(model, objective, **options):
    return list(render.frames(model, objective, optimizer=PLAIN, **options))[-1]


def together(model, chosen, **options):
    return dict(render.render_many(model, chosen, optimizer=PLAIN, **options))


@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        RenderSettings(size=(20, 28), parameterization="pixel", batch=2),
        RenderSettings(size=(21, 27), channels=3, transforms=False),
    ],
    ids=["fft", "pixels, two images each", "no transforms"],
)
def test_pictures_made_together_are_those_made_one_by_one(tiny_model, settings):
    chosen = [f"conv2:{n}" for n in (1, 3, 6)]
    found = together(tiny_model, chosen, settings=settings, steps=5, seed=4)
    assert sorted(found) == [0, 1, 2]
    for index in (0, 2):
        expected = alone(tiny_model, chosen[index], settings=settings, steps=5, seed=4)
        assert found[index].step == expected.step == 4
        assert found[index].objective == pytest.approx(expected.objective, rel=1e-4)
        np.testing.assert_allclose(found[index].images, expected.images, atol=1e-4)


def test_objectives_of_all_kinds_go_together(tiny_model):
    chosen = [
        "conv2:3",
        objectives.neuron("conv1", 2, x=3, y=5),
        2 * objectives.channel("conv2", 1) - 0.01 * objectives.L2(),
        objectives.Objective(lambda T: tf.reduce_max(T("conv1"))),
        objectives.channel("conv2", 4),
    ]
    found = together(tiny_model, chosen, settings=SMALL, steps=4)
    for index in (1, 2, 3):
        expected = alone(tiny_model, chosen[index], settings=SMALL, steps=4)
        np.testing.assert_allclose(found[index].images, expected.images, atol=1e-4)


def test_a_parameterization_of_ones_own_is_copied(tiny_model):
    def param_f():
        return tf.tile(param.image(14, 20, channels=3), [1, 1, 2, 1])

    found = together(tiny_model, ["conv2:3", "conv2:5"], param_f=param_f, steps=3)
    expected = alone(tiny_model, "conv2:5", param_f=param_f, steps=3)
    assert expected.images.shape == (1, 20, 28, 3)
    np.testing.assert_allclose(found[1].images, expected.images, atol=1e-4)


def test_hyperparameters_and_penalties_count_for_each(tiny_model):
    hyper = Hyperparameters(learning_rate=0.1, l1=0.01, total_variation=0.1, blur=0.1)
    options = {"settings": SMALL, "hyperparameters": hyper, "steps": 3}
    found = together(tiny_model, ["conv2:3", "conv2:5"], **options)
    expected = alone(tiny_model, "conv2:5", **options)
    np.testing.assert_allclose(found[1].images, expected.images, atol=1e-4)


def test_equal_packs_share_one_compiled_step(tiny_model):
    size = RenderSettings(size=(22, 26))
    before = render.trace_count()
    chosen = [f"conv2:{n}" for n in range(6)]
    found = together(tiny_model, chosen, settings=size, steps=2, batch=3)
    assert len(found) == 6
    assert render.trace_count() == before + 1


def test_looks_come_in_order_and_packs_one_after_the_other(tiny_model):
    pictures = render.render_many(
        tiny_model, ["conv2:1", "conv1:1", "conv2:2"], settings=SMALL, steps=(4, 2)
    )
    seen = [(index, frame.step) for index, frame in pictures]
    assert seen == [(0, 1), (2, 1), (0, 3), (2, 3), (1, 1), (1, 3)]


def test_render_vis_takes_a_list_of_objectives(tiny_model, capsys):
    images = render.render_vis(
        tiny_model,
        ["conv2:1", objectives.channel("conv2", 3), "conv1:0"],
        lambda: param.image(28, 20, batch=2),
        thresholds=(3, 1),
        verbose=False,
        use_fixed_seed=True,
    )
    assert [array.shape for array in images] == [(6, 20, 28, 3)] * 2
    single = render.render_vis(
        tiny_model,
        "conv1:0",
        lambda: param.image(28, 20, batch=2),
        thresholds=(1, 3),
        verbose=False,
        use_fixed_seed=True,
    )
    np.testing.assert_allclose(images[0][4:], single[0], atol=5e-3)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("count", "most", "sizes"),
    [(1, 8, [1]), (8, 8, [8]), (9, 8, [5, 4]), (13, 8, [7, 6]), (64, 8, [8] * 8)],
)
def test_packs_are_as_even_as_can_be(count, most, sizes):
    assert pack_sizes(count, most) == sizes


def test_large_images_are_optimized_one_by_one():
    assert images_at_once(128, 128) == 8
    assert images_at_once(224, 160) == 3
    assert images_at_once(2000, 1000) == 1


def test_objectives_are_grouped_by_structure():
    chosen = [
        objectives.channel("conv2", 1),
        objectives.neuron("conv2", 1),
        objectives.channel("conv2", 5),
        objectives.channel("conv1", 5),
    ]
    assert by_structure(chosen) == [[0, 2], [1], [3]]


@pytest.mark.parametrize(
    ("given", "options", "error"),
    [
        ([], {}, ObjectiveError),
        ("conv2:1", {}, ObjectiveError),
        (3, {}, ObjectiveError),
        (["conv2:1", "conv2:99"], {}, LucidError),
        (["conv2:1", "conv9:1"], {}, LucidError),
        (["conv2:1"], {"steps": 0}, SettingError),
        (["conv2:1"], {"steps": []}, SettingError),
        (["conv2:1"], {"batch": 0}, SettingError),
        (["conv2:1"], {"seed": -1}, SettingError),
        (["conv2:1"], {"settings": {}}, SettingError),
    ],
)
def test_what_cannot_be_done_is_refused_before_work_starts(
    tiny_model, given, options, error
):
    with pytest.raises(error):
        render.render_many(tiny_model, given, **options)
