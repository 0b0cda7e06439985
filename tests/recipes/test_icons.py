from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from lucid_widgets.errors import LayerNotFoundError, ObjectiveError
from lucid_widgets.misc.render_cache import RenderCache
from lucid_widgets.optvis.render import trace_count
from lucid_widgets.recipes import units
from lucid_widgets.recipes.icons import (
    BATCH,
    PREVIEWS,
    IconMaker,
    IconSettings,
    render_icons,
)
from lucid_widgets.recipes.units import Unit, as_unit

SMALL = IconSettings(size=20, margin=2, steps=14, jitter=2, pad=2)


@pytest.fixture
def maker(tiny_model, tmp_path):
    return IconMaker(tiny_model, SMALL, RenderCache(tmp_path))


def final(icons):
    return {icon.unit.name: icon for icon in icons if icon.final}


def channels(*numbers, layer="conv2"):
    return [Unit(layer, number) for number in numbers]


def test_names_of_units_say_what_they_are():
    for name in ("mixed4a:30", "-mixed4a:3", "block/conv:0:7"):
        assert as_unit(name).name == name
    some = units.direction("conv2", [3, 0, 4])
    assert some == units.direction("conv2", [6, 0, 8])
    assert as_unit(some.name, [some]) is some
    other = units.direction("conv2", [0, 3, 4], negative=True)
    assert other.name.startswith("-conv2@")
    np.testing.assert_allclose(other.direction(3), [0, -0.6, -0.8], rtol=1e-6)
    np.testing.assert_array_equal(as_unit("-a:1").direction(3), [0, -1, 0])
    assert units.direction("a", [1e38, 1e38]).vector == pytest.approx((0.5**0.5,) * 2)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "mixed4a",
        ":3",
        "mixed4a:",
        "mixed4a:-1",
        "mixed4a:x",
        "mixed4a:1e9",
        "a@01",
        30,
        None,
    ],
)
def test_what_is_no_unit_is_refused(given):
    with pytest.raises(ObjectiveError):
        as_unit(given)


@pytest.mark.parametrize("vector", [[], [0, 0], [[1]], [float("nan")], [float("inf")]])
def test_what_is_no_direction_is_refused(vector):
    with pytest.raises(ObjectiveError):
        units.direction("conv2", vector)


def test_icons_grow_end_and_are_kept(maker):
    icons = list(maker.render(channels(0, 1, 2, 3, 4)))
    assert set(final(icons)) == {f"conv2:{n}" for n in range(5)}
    growing = [icon for icon in icons if not icon.final]
    assert len(growing) == 5 * sum(step < SMALL.steps for step in PREVIEWS)
    assert all(icon.pixels.shape == (20, 20, 3) for icon in icons)
    fresh = IconMaker(maker.model, SMALL, RenderCache(maker.cache.folder))
    again = list(fresh.render(channels(0, 1, 2, 3, 4)))
    assert all(icon.final for icon in again)
    for icon in again:
        before = final(icons)[icon.unit.name]
        np.testing.assert_array_equal(icon.pixels, before.pixels)
        assert icon.strength == pytest.approx(before.strength)


def test_an_icon_does_not_depend_on_its_neighbours(maker, tmp_path):
    together = final(maker.render(channels(0, 1, 2, 3)))
    alone = IconMaker(maker.model, SMALL, RenderCache(tmp_path / "other"))
    for number in (2, 0):
        name = f"conv2:{number}"
        (icon,) = final(alone.render(channels(number))).values()
        difference = icon.pixels.astype(int) - together[name].pixels
        assert np.abs(difference).max() <= 2


def test_other_channels_and_directions_cost_no_new_trace(maker):
    rng = np.random.default_rng(0)
    list(maker.render(channels(0)))
    list(maker.render([units.direction("conv2", rng.normal(size=7))]))
    traces = trace_count()
    list(maker.render(channels(1, 2, 3, 4, 5)))
    list(maker.render([units.direction("conv2", rng.normal(size=7)) for _ in range(3)]))
    assert trace_count() == traces


def test_after_preparing_the_first_icon_costs_no_trace(maker):
    maker.prepare(Unit("conv2", 0))
    assert maker.cached(Unit("conv2", 0)) is None
    traces = trace_count()
    list(maker.render(channels(3)))
    assert trace_count() == traces


def test_rendering_asks_before_every_update_whether_to_wait(tiny_model, tmp_path):
    asked = []
    cache = RenderCache(tmp_path)
    maker = IconMaker(tiny_model, SMALL, cache, between=lambda: asked.append(1))
    list(maker.render(channels(0)))
    assert len(asked) == SMALL.steps


def test_a_unit_excites_its_channel_more_and_its_opposite_less(tiny_model, tmp_path):
    settings = IconSettings(size=24, margin=2, steps=40, jitter=2, pad=2)
    names = ["conv2:3", "-conv2:3"]
    images = render_icons(tiny_model, names, settings, RenderCache(tmp_path))
    assert images.dtype == np.float32
    assert images.shape == (2, 24, 24, 3)
    acts = tiny_model.activations(images, "conv2_pre_relu").mean((1, 2))[:, 3]
    plain = np.full((1, 24, 24, 3), 0.5, np.float32)
    middle = tiny_model.activations(plain, "conv2_pre_relu").mean((1, 2))[0, 3]
    assert acts[0] > middle > acts[1]


def test_cached_ones_come_first_and_wishes_may_change_meanwhile(maker):
    list(maker.render(channels(6)))
    wishes = channels(0, 1, 2, 3, 4, 6)
    seen = []
    for icon in maker.render(lambda: wishes):
        seen.append(icon)
        if len(seen) == 2:
            wishes[:] = channels(5)  # nobody wants the others any more
    assert seen[0].unit.channel == 6
    assert [icon.unit.channel for icon in seen if icon.final] == [6, 5]
    assert len(seen) < 2 + BATCH + len(PREVIEWS) + 2


def test_the_key_tells_models_units_and_settings_apart(maker, tiny_model):
    unit = Unit("conv2", 1)
    specs = [maker.spec(unit), maker.spec(Unit("conv2", 1, negative=True))]
    for field in dataclasses.fields(SMALL):
        if field.name == "cossim_pow":  # of directions only
            continue
        value = getattr(SMALL, field.name)
        other = dataclasses.replace(SMALL, **{field.name: value + 1})
        specs.append(IconMaker(tiny_model, other, maker.cache).spec(unit))
    edited = tiny_model.edit(scale={"conv1:2": 0.5})
    specs.append(IconMaker(edited, SMALL, maker.cache).spec(unit))
    assert len({str(spec) for spec in specs}) == len(specs)


def test_a_value_range_may_have_a_number_for_each_channel(tmp_path):
    import keras

    from lucid_widgets.modelzoo.vision_models import from_keras

    network = keras.Sequential(
        [keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3, name="conv")]
    )
    specs = []
    for low in ([-1.0, -2.0, -3.0], [-1.0, -2.0, -4.0]):
        model = from_keras(network, (np.array(low), 1.0))
        maker = IconMaker(model, SMALL, RenderCache(tmp_path))
        specs.append(json.dumps(maker.spec(Unit("conv", 1))))
    assert specs[0] != specs[1]


def test_of_a_keras_model_the_weights_as_they_are_now_count():
    import keras

    from lucid_widgets.modelzoo import vision_models as models

    network = keras.Sequential(
        [keras.Input((16, 20, 3)), keras.layers.Conv2D(4, 3, name="conv")]
    )
    model = models.from_keras(network, image_value_range=(0, 1))
    before = model.fingerprint()
    assert before == models.from_keras(network, image_value_range=(0, 1)).fingerprint()
    network.layers[0].set_weights([w + 1 for w in network.layers[0].get_weights()])
    assert model.fingerprint() != before


def test_units_that_the_model_does_not_have_are_refused(maker):
    with pytest.raises(ObjectiveError, match="no channel 7 in conv2, which has 7"):
        list(maker.render(channels(7)))
    with pytest.raises(ObjectiveError, match="a direction of 3 numbers"):
        list(maker.render([units.direction("conv2", [1, 2, 3])]))
    with pytest.raises(LayerNotFoundError):
        list(maker.render(channels(0, layer="conv9")))
    with pytest.raises(ObjectiveError, match="no units"):
        render_icons(maker.model, [])
