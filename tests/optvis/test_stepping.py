"""make_vis_T: an optimization under a loop of one's own."""

import weakref

import numpy as np
import pytest

from lucid_widgets.errors import LayerNotFoundError, ObjectiveError, SettingError
from lucid_widgets.optvis import objectives, param, render, step
from lucid_widgets.optvis.settings import Hyperparameters


@pytest.fixture(name="T")
def stepper(tiny_model):
    return render.make_vis_T(
        tiny_model, "conv2:1", lambda: param.image(16, 12), transforms=[]
    )


def test_steps_are_those_of_frames(tiny_model, T):
    frames = render.frames(
        tiny_model,
        "conv2:1",
        lambda: param.image(16, 12),
        transforms=[],
        settings=render.RenderSettings(redirect_relu=False),
    )
    expected = [next(frames) for _ in range(3)]
    assert [T.step(), T.step(2)] == [expected[0].objective, expected[2].objective]
    np.testing.assert_array_equal(T("input"), expected[2].images)


def test_any_tensor_can_be_read_by_name(T):
    T.step()
    assert T("global_step") == 1
    assert T("input").shape == (1, 12, 16, 3)
    acts = T["conv2"]
    assert T("loss") == pytest.approx(acts[..., 1].mean(), rel=1e-5)
    with pytest.raises(LayerNotFoundError, match="conv2"):
        T("conv9")


@pytest.mark.parametrize("name", ["vis_op", "optimizer"])
def test_what_a_session_would_run_is_explained(T, name):
    with pytest.raises(SettingError, match=r"T.step\(\) does an update"):
        T(name)


def test_a_kept_state_can_be_gone_back_to(T):
    T.step(2)
    kept = T.state
    first = (T.step(2), T("input"))
    T.state = kept
    again = (T.step(2), T("input"))
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])


def test_numbers_change_between_updates_without_a_trace(T):
    T.step()
    traces, before = render.trace_count(), T("input")
    T.hyperparameters = Hyperparameters(learning_rate=1e-9)
    T.objective = "conv2:0"
    T.step()
    assert render.trace_count() == traces
    np.testing.assert_allclose(T("input"), before, atol=1e-6)


def test_another_structure_is_refused(T):
    with pytest.raises(ObjectiveError, match="new run"):
        T.objective = objectives.deepdream("conv2")


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_a_bad_count_is_refused(T, count):
    with pytest.raises(SettingError, match="updates"):
        T.step(count)


def test_steps_of_structures_that_were_left_behind_are_given_back(tiny_model):
    def graph(width):
        T = render.make_vis_T(tiny_model, "conv2:1", lambda: param.image(width, 12))
        T.step()
        (function,) = T._step._traced.values()
        return weakref.ref(function.graph)

    first = graph(8)
    again = graph(8)
    assert again() is first()
    others = [graph(width) for width in range(9, 21)]
    left = [other for other in [first, *others] if other() is not None]
    assert 1 <= len(left) <= step._CACHE_SIZE
    assert others[-1]() is not None
