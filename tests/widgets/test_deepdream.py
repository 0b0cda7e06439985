"""DeepDream: grows, takes over what changes, goes on after its end."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets import ChannelGrid, DeepDream, link
from lucid_widgets.errors import LayerNotFoundError, LucidError, SettingError
from lucid_widgets.recipes.deepdream import deepdream
from tests.widgets.front_end import until
from tests.widgets.test_base import Page

PHOTO = np.random.default_rng(0).random((40, 56, 3), np.float32)
SHORT = {"octaves": 2, "n_steps": 3}


@pytest.fixture
def make(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    made = []

    def make(image=PHOTO, layer="conv2", size=40, **options):
        widget = DeepDream(tiny_model, image, layer, size=size, **{**SHORT, **options})
        widget.page = Page(widget)
        made.append(widget)
        return widget

    yield make
    for widget in made:
        widget.close()


def energy(model, image, channel=slice(None)):
    acts = model.activations(image[None], "conv2")[..., channel]
    return float((acts**2).mean())


def test_a_dream_grows_and_is_kept(make, tiny_model):
    dream = make()
    assert dream.wait(60)
    assert dream.error == ""
    assert dream.done == 1
    assert dream.dream.shape == (40, 56, 3)
    assert energy(tiny_model, dream.dream) > energy(tiny_model, PHOTO)
    assert Image.open(io.BytesIO(dream.sheet)).size == (56, 40)
    assert dream._poster.encoded.width == 56
    dream.page.say(kind="ask", request=1, name="dream", arguments={})
    assert dream.wait(60)
    files = [f for m, f in dream.page.messages if m["kind"] == "answer"]
    assert Image.open(io.BytesIO(files[-1][0])).size == (56, 40)


def test_how_a_dream_grew_is_kept_and_goes_on(make):
    dream = make()
    dream.BETWEEN = -1.0  # every update is shown
    dream.image = PHOTO
    assert dream.wait(60)
    assert len(dream.moment_sizes) == 2 * 3
    assert sum(dream.moment_sizes) == len(dream.moments)
    first = Image.open(io.BytesIO(dream.moments[: dream.moment_sizes[0]]))
    assert first.width / first.height == pytest.approx(56 / 40, rel=0.1)
    dream.target = "2"
    assert dream.wait(60)
    assert len(dream.moment_sizes) == 2 * 3 + 3, "it went on"
    dream.image = PHOTO[:, ::-1]
    assert dream.wait(60)
    assert len(dream.moment_sizes) == 2 * 3, "another photo, another growth"


def test_settings_act_on_the_running_dream(make):
    dream = make(octaves=1, n_steps=500)
    until(lambda: dream.version > 0)
    version = dream.version
    for name, value in (("jitter", 3), ("step_size", 0.02), ("layer", "conv1")):
        dream.page.say(kind="change", name=name, value=value)
        assert dream.error == ""
    assert dream.done < 1, "it did not begin anew, nor end"
    until(lambda: dream.version > version + 1)
    assert dream.title.endswith("DeepDream of conv1")
    assert dream.wait(100)


def test_a_dream_that_has_ended_goes_on_with_a_unit(make, tiny_model):
    dream = make()
    assert dream.wait(60)
    before = dream.dream
    dream.page.say(kind="change", name="target", value="3")
    assert dream.target == "conv2:3"
    assert dream.selection["unit"] == "conv2:3"
    assert dream.wait(60)
    assert energy(tiny_model, dream.dream, 3) > energy(tiny_model, before, 3)
    assert np.abs(dream.dream - before).mean() < 0.2
    for name in ("more", "again"):
        version = dream.version
        dream.page.say(kind="ask", request=2, name=name, arguments={})
        until(lambda: dream.version > version)  # noqa: B023
        assert dream.wait(60)


def test_a_linked_grid_chooses_the_unit(make, tiny_model):
    dream, grid = make(), ChannelGrid(tiny_model, "conv2")
    assert dream.wait(60)
    linked = link(grid, dream)
    grid.select("conv2:2")
    assert dream.target == "conv2:2"
    assert dream.wait(60)
    linked.unlink()
    grid.close()


def test_what_cannot_be_dreamt_is_refused_and_nothing_is_lost(make):
    dream = make()
    assert dream.wait(60)
    for name, value in (
        ("octaves", 0),
        ("octaves", 2.5),
        ("octave_scale", 1),
        ("octave_scale", "<b>"),
        ("n_steps", 10**9),
        ("step_size", -1),
        ("jitter", 1000),
        ("layer", "conv9"),
        ("target", "conv2:99"),
        ("target", "<img onerror=1>"),
        ("sheet", "x"),
    ):
        before = dream.get_state()[name]
        dream.page.say(kind="change", name=name, value=value)
        assert dream.error, (name, value)
        assert dream.get_state()[name] == before
    with pytest.raises(LayerNotFoundError):
        make(layer="conv9")
    with pytest.raises(SettingError, match="octaves is 9"):
        make(octaves=9)
    with pytest.raises(LucidError):
        make(image=PHOTO * np.nan)
    empty = make(image=None)
    empty.page.say(kind="ask", request=1, name="again", arguments={})
    with pytest.raises(LucidError, match="no photo"):
        empty.wait(60)


def test_the_recipe_is_the_same_with_and_without_looking_on(tiny_model):
    seen = []
    first = deepdream(PHOTO, tiny_model, "conv2", n_steps=2, octaves=2)
    second = deepdream(
        PHOTO, tiny_model, "conv2", n_steps=2, octaves=2, on_octave=seen.append
    )
    np.testing.assert_array_equal(first, second)
    assert len(seen) == 2


def test_a_change_in_the_midst_of_the_last_update_is_not_lost(make, monkeypatch):
    from lucid_widgets.recipes import deepdream as recipe

    seen = []

    def grow(*given, live, n_steps, octaves, **options):
        steps = n_steps * octaves
        for frame in recipe_grow(
            *given, live=live, n_steps=n_steps, octaves=octaves, **options
        ):
            if frame.step + 1 == steps:
                seen.append(live()["step_size"])
                dream.step_size = 0.03
            yield frame

    recipe_grow = recipe.grow_deepdream
    monkeypatch.setattr(recipe, "grow_deepdream", grow)
    dream = make(image=None, octaves=1)
    dream.image = PHOTO
    assert dream.wait(60)
    assert seen == [0.01, 0.03]
    assert (dream.error, dream.done) == ("", 1)
