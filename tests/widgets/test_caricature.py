"""Caricature: a strip that grows, and follows its slider while it runs."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets import Caricature
from lucid_widgets.errors import LayerNotFoundError, LucidError, SettingError
from tests.widgets.front_end import until
from tests.widgets.test_base import Page

PHOTO = np.random.default_rng(0).random((40, 56, 3), np.float32)


@pytest.fixture
def make(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    made = []

    def make(image=PHOTO, strip=("conv1", "conv2"), **options):
        widget = Caricature(tiny_model, image, strip, **options)
        widget.page = Page(widget)
        made.append(widget)
        return widget

    yield make
    for widget in made:
        widget.close()


def test_a_strip_grows_and_is_kept(make, tiny_model):
    strip = make(n_steps=12)
    assert strip.wait(60)
    assert strip.error == ""
    assert strip.done == 1
    assert strip.shown == ["conv1", "conv2"]
    height, width = strip.photo_size
    assert (height, width) == (20, 28)
    assert strip.pictures.shape == (2, 20, 28, 3)
    photo = np.asarray(Image.open(io.BytesIO(strip.photo)), np.float32) / 255
    grey = np.full_like(photo, 0.5)
    for picture, layer in zip(strip.pictures, strip.shown, strict=True):
        acts = tiny_model.activations(np.stack([photo, picture, grey]), layer)
        assert (acts[0] * acts[1]).sum() > (acts[0] * acts[2]).sum()
    assert Image.open(io.BytesIO(strip.sheet)).size == (56, 20)
    assert strip._poster.encoded.width == 84
    strip.page.say(kind="ask", request=1, name="strip", arguments={})
    assert strip.wait(60)
    answers = [
        (message["value"], files)
        for message, files in strip.page.messages
        if message["kind"] == "answer"
    ]
    layers, (file,) = answers[-1]
    assert layers == ["conv1", "conv2"]
    assert Image.open(io.BytesIO(file)).size == (56, 20)


def test_the_slider_changes_the_running_strip_and_one_that_has_ended_goes_on(make):
    strip = make(n_steps=400)
    until(lambda: strip.version > 0)
    strip.page.say(kind="change", name="cossim_pow", value=1.5)
    assert strip.cossim_pow == 1.5
    assert strip.wait(60)
    before = strip.pictures
    step = strip._last[2].step
    strip.page.say(kind="change", name="cossim_pow", value=0.5)
    assert strip.wait(60)
    assert strip._last[2].step > step
    assert not np.array_equal(strip.pictures, before)
    # It went on from where it was, and did not begin anew.
    assert np.abs(strip.pictures - before).mean() < 0.3


def test_another_strip_or_photo_begins_anew(make):
    strip = make(n_steps=2)
    strip.page.say(kind="change", name="strip", value=["conv2"])
    assert strip.wait(60)
    assert strip.shown == ["conv2"]
    file = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(file, "PNG")
    strip.page.say([file.getvalue()], kind="ask", request=1, name="photo", arguments={})
    assert strip.wait(60)
    assert strip.pictures.shape == (1, 20, 30, 3)


def test_what_cannot_be_drawn_is_refused_and_nothing_is_lost(make):
    strip = make(n_steps=2)
    assert strip.wait(60)
    for name, value in (
        ("strip", []),
        ("strip", ["conv9"]),
        ("strip", 7),
        ("strip", [["conv1"]]),
        ("cossim_pow", -1),
        ("cossim_pow", 99),
        ("cossim_pow", "<b>"),
        ("layer", "conv1"),
    ):
        strip.page.say(kind="change", name=name, value=value)
        assert strip.error, (name, value)
        assert strip.strip == ["conv1", "conv2"]
        assert strip.cossim_pow == 0
    with pytest.raises(LayerNotFoundError):
        make(strip=["conv9"])
    with pytest.raises(SettingError, match="expected 1 to 6"):
        make(strip=[])
    with pytest.raises(LucidError):
        make(image=PHOTO * np.nan)


def test_without_layers_a_few_on_the_way_are_chosen(make):
    strip = make(image=None, strip=None)
    assert 1 <= len(strip.strip) <= 4
    assert strip.pictures is None
    assert strip._poster_pixels() is None


def test_a_change_in_the_midst_of_the_last_update_is_not_lost(make, monkeypatch):
    from lucid_widgets.recipes import caricature as recipe

    seen = []

    def grow(*given, cossim_pow, n_steps, **options):
        for frame in recipe_grow(
            *given, cossim_pow=cossim_pow, n_steps=n_steps, **options
        ):
            if frame.step + 1 == n_steps:
                seen.append(cossim_pow())
                strip.cossim_pow = 2.0
            yield frame

    recipe_grow = recipe.grow_caricature
    monkeypatch.setattr(recipe, "grow_caricature", grow)
    strip = make(image=None, n_steps=4, cossim_pow=0.5)
    strip.image = PHOTO
    assert strip.wait(60)
    assert seen == [0.5, 2.0]
    assert (strip.error, strip.done) == ("", 1)
