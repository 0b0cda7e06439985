"""AttributionExplorer: two sums of the same values, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lucid_widgets import AttributionExplorer, attribution
from lucid_widgets.errors import LucidError, ObjectiveError
from lucid_widgets.recipes.icons import IconSettings
from lucid_widgets.widgets import attribution_explorer as module
from tests.widgets.test_base import Page

SMALL = IconSettings(size=20, margin=2, steps=4, jitter=2, pad=2)
PHOTO = np.random.default_rng(0).random((40, 56, 3), np.float32)


@pytest.fixture
def explorer(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    made = AttributionExplorer(tiny_model, PHOTO, "conv2", icon_settings=SMALL)
    made.page = Page(made)
    assert made.wait(60)
    yield made
    made.close()


def values_of(explorer):
    """Return ``[rows, columns, channels]`` as the page reads them."""
    explorer.page.messages.clear()
    explorer.page.say(kind="ask", request=1, name="values", arguments={})
    assert explorer.wait(60)
    ((_, (channels, scales, values)),) = [
        sent for sent in explorer.page.messages if sent[0]["kind"] == "answer"
    ]
    return unpacked(channels, scales, values, explorer.grid)


def unpacked(channels, scales, values, grid):
    numbers = np.frombuffer(channels, "<u4")
    whole = np.frombuffer(values, "<i2").reshape(len(numbers), *grid)
    scaled = whole * np.frombuffer(scales, "<f4")[:, None, None]
    return numbers, scaled.transpose(1, 2, 0)


def test_places_and_channels_are_the_sums_of_what_the_page_gets(explorer, tiny_model):
    rows, columns = explorer.grid
    assert (rows, columns) == (10, 14)
    first = int(np.argmax(tiny_model.activations(explorer._seen[None], "logits")[0]))
    expected = attribution.neuron(tiny_model, explorer._seen[None], first, "conv2")
    channels, values = values_of(explorer)
    assert channels.tolist() == list(range(values.shape[-1]))
    most = np.abs(expected.values[0]).max()
    np.testing.assert_allclose(values, expected.values[0], atol=most / 30_000)
    places = np.frombuffer(explorer.places, "<f4").reshape(rows, columns)
    np.testing.assert_allclose(places, expected.sum("channel").values[0], rtol=1e-4)
    totals = np.frombuffer(explorer.totals, "<f4")
    np.testing.assert_allclose(
        totals, expected.sum("row", "column").values[0], rtol=1e-3, atol=1e-5
    )
    assert explorer.sides == [tiny_model.labels[first]]
    assert explorer.predictions[0][0] == tiny_model.labels[first]
    assert explorer.delta == -1


def test_a_pair_and_a_method_that_adds_up(explorer):
    first, second = (name for name, _ in explorer.predictions[:2])
    explorer.page.say(kind="change", name="method", value="integrated gradients")
    explorer.page.say(kind="change", name="label", value=second.upper())
    explorer.page.say(kind="change", name="versus", value=first)
    assert explorer.wait(60)
    assert explorer.sides == [second, first]
    assert explorer.label == second
    assert explorer.target == f"{second} minus {first}"
    assert second in explorer.title
    assert 0 <= explorer.delta < 0.05
    _, values = values_of(explorer)
    difference = explorer.found.difference.ravel()[0]
    assert values.sum() == pytest.approx(difference, rel=0.06)


def test_what_makes_no_sense_is_told_and_changes_nothing(explorer):
    sides = explorer.sides
    for name, value, words in (
        ("label", "eel", "no class 'eel'"),
        ("label", "99", "class 99"),
        ("versus", "<img src=x onerror=alert(1)>", "no class '<img"),
        ("method", "guess", "method"),
        ("layer", "conv9", "no layer 'conv9'"),
        ("places", "x", "asked to change"),
    ):
        explorer.page.say(kind="change", name=name, value=value)
        assert words in explorer.error, name
    assert explorer.sides == sides
    explorer.versus = explorer.sides[0]
    with pytest.raises(ObjectiveError, match="compared with itself"):
        explorer.wait(60)
    with pytest.raises(LucidError):
        AttributionExplorer(explorer.model, np.full((4, 6, 3), np.nan))


def test_a_class_is_given_by_its_index_as_well(explorer, tiny_model):
    second = next(
        i for i, name in enumerate(tiny_model.labels) if name not in explorer.sides
    )
    explorer.label = np.int64(second)
    assert explorer.label == tiny_model.labels[second]
    assert explorer.wait(60)
    for given in (True, 1.5, None, ["eel"]):
        with pytest.raises(ObjectiveError, match="by its name or index"):
            explorer.versus = given
    assert explorer.versus == ""


def test_names_are_offered_at_once(explorer, tiny_model):
    explorer.page.say(kind="ask", request=9, name="classes", arguments={"text": "A"})
    answers = [m for m, _ in explorer.page.messages if m["kind"] == "answer"]
    assert answers[-1]["request"] == 9
    expected = [name for name in tiny_model.labels if "a" in name]
    assert sorted(answers[-1]["value"]) == sorted(expected)


def test_what_is_kept_is_bounded_and_the_strongest(explorer, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT", 3 * 140)
    explorer.method = "stochastic path"
    assert explorer.wait(60)
    assert len(explorer.kept_values) == 3 * 140 * 2
    sizes = np.abs(explorer._values).sum((0, 1))
    assert explorer.kept_channels == sorted(np.argsort(-sizes)[:3].tolist())
    packed = np.asarray(explorer.kept_channels, "<u4").tobytes()
    _, values = unpacked(
        packed, explorer.kept_scales, explorer.kept_values, explorer.grid
    )
    expected = explorer._values[..., explorer.kept_channels]
    np.testing.assert_allclose(values, expected, atol=np.abs(expected).max() / 30_000)


@pytest.mark.parametrize("layer", ["softmax", "logits"])
def test_a_layer_without_positions_is_one_place(explorer, layer):
    explorer.selection = {"position": (3, 5)}
    explorer.layer = layer
    if layer == "softmax":  # it comes after what is explained
        with pytest.raises(ObjectiveError, match="does not depend on"):
            explorer.wait(60)
    else:
        assert explorer.wait(60)
        assert explorer.grid == [1, 1]
        assert explorer.selection["position"] is None


def test_poster_and_page_show_the_map(explorer, tmp_path):
    assert explorer._poster.encoded.width > 200
    assert explorer.to_html(tmp_path / "page.html").exists()
    empty = AttributionExplorer(explorer.model)
    assert empty.wait(10)
    empty.close()


def test_an_extreme_photo_is_seen_whole(explorer):
    explorer.image = Image.new("CMYK", (600, 20), (0, 200, 200, 0))
    assert explorer.wait(60)
    rows, columns = explorer.grid
    assert columns > 10 * rows
    assert explorer.photo_size[1] > 10 * explorer.photo_size[0]
