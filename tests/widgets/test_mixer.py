from __future__ import annotations

import numpy as np
import pytest
import traitlets

from lucid_widgets.errors import LucidError, ObjectiveError, SettingError
from lucid_widgets.optvis.render import trace_count
from lucid_widgets.recipes import units
from lucid_widgets.widgets.mixer import Mixer, mixing_weights
from tests.widgets.conftest import SMALL
from tests.widgets.front_end import send_to, until


@pytest.fixture
def mixer(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    chosen = ["conv2:1", "-conv2:4", units.direction("conv2", np.ones(7))]
    mixer = Mixer(tiny_model, chosen, **{**SMALL, "steps": 100_000})
    yield mixer
    mixer.close()


@pytest.mark.parametrize("count", [2, 3, 4])
def test_weights_sum_to_one_and_a_corner_is_one_unit(count):
    for x, y in [(0, 0), (1, 0), (0.3, 0.8)]:
        weights = mixing_weights(count, x, y)
        assert len(weights) == count
        assert sum(weights) == pytest.approx(1)
        assert min(weights) >= 0
    assert mixing_weights(count, 1, 0)[1] == 1
    assert mixing_weights(4, 1, 1)[3] == mixing_weights(3, 0.2, 1)[2] == 1


def test_moving_changes_the_running_optimization_without_a_trace(mixer):
    mixer.vis.start()
    until(lambda: mixer.vis.current_step > 3)
    traces, step = trace_count(), mixer.vis.current_step
    content = {"kind": "change", "name": "point", "value": [0.25, 0.5]}
    send_to(mixer, {"method": "custom", "content": content})
    assert mixer.error == ""
    expected = np.full(7, 0.5 / 7**0.5)
    expected[1] += 0.375
    expected[4] -= 0.125
    np.testing.assert_allclose(mixer.vis.objective.numbers[0], expected, rtol=1e-5)
    np.testing.assert_allclose(
        mixer.mixture.direction(7), expected / np.linalg.norm(expected), rtol=1e-5
    )
    until(lambda: mixer.vis.current_step > step + 3)
    assert trace_count() == traces
    mixer.vis.pause()


@pytest.mark.parametrize("point", [[0.5], [0.5, 2], [-0.1, 0], [float("nan"), 0], "ab"])
def test_a_point_off_the_pad_is_refused(mixer, point):
    with pytest.raises((SettingError, traitlets.TraitError, ValueError)):
        mixer.point = point
    assert mixer.point == [0.5, 0.0]


@pytest.mark.parametrize(
    "given",
    [["conv2:1"], [], ["conv2:1"] * 5, ["conv1:1", "conv2:1"], ["conv2:9", "conv2:1"]],
)
def test_what_cannot_be_mixed_is_refused(tiny_model, given):
    with pytest.raises(LucidError):
        Mixer(tiny_model, given)


def test_opposites_cancel_out_and_say_so(tiny_model):
    mixer = Mixer(tiny_model, ["conv2:1", "-conv2:1"], **SMALL)
    with pytest.raises(ObjectiveError, match="zero everywhere"):
        _ = mixer.mixture
    mixer.close()
