from __future__ import annotations

import io

import numpy as np
import pytest
import traitlets
from PIL import Image

from lucid_widgets import SemanticDictionary
from lucid_widgets.errors import ImageError, LayerNotFoundError, SettingError
from tests.widgets.front_end import send_to, until


@pytest.fixture
def photo():
    return np.random.default_rng(3).random((40, 56, 3)).astype(np.float32)


@pytest.fixture
def words(tiny_model, photo, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    words = SemanticDictionary(tiny_model, photo, "conv2")
    assert words.wait(60)
    yield words
    words.close()


def test_it_tells_the_strongest_channels_at_every_position(words, tiny_model):
    shown = np.asarray(Image.open(io.BytesIO(words.photo)))
    assert list(shown.shape[:2]) == words.photo_size == [20, 28]
    rows, columns = words.grid
    assert (rows, columns) == (10, 14)
    from lucid_widgets.recipes.semantic_dictionary import semantic_dictionary

    expected = semantic_dictionary(tiny_model, words.image, "conv2", 4)
    found = words.words_at(3, 12)
    assert [unit.channel for unit, _ in found] == expected.channels[3, 12].tolist()
    np.testing.assert_allclose([v for _, v in found], expected.values[3, 12])
    assert words.overall[:4] == expected.overall.tolist()
    assert len(words.channels) == rows * columns * words.words * 2
    assert len(words.values) == rows * columns * words.words * 4


def test_another_layer_and_photo_take_the_place_of_the_first(words, photo):
    words.selection = {"position": (9, 13)}
    words.layer = "softmax"
    assert words.wait(60)
    assert words.grid == [1, 1]
    assert words.selection["position"] is None, "it is off the map now"
    before = words.photo
    words.image = photo[::-1]
    assert words.wait(60)
    assert words.photo != before


def test_an_upload_is_answered_or_refused(words):
    sent = []
    words.send = lambda message, buffers=None: sent.append(message)

    def ask(name, *buffers):
        content = {"kind": "ask", "request": 1, "name": name, "arguments": {}}
        send_to(words, {"method": "custom", "content": content}, buffers)
        sent.clear()
        until(lambda: any(m["kind"] in ("answer", "refusal") for m in sent))
        return sent[-1]

    file = io.BytesIO()
    Image.new("RGB", (50, 30), "blue").save(file, "PNG")
    before = words.photo
    assert ask("photo", file.getvalue())["kind"] == "answer"
    until(lambda: words.photo != before)
    for wrong in (b"", b"GIF89a nonsense", file.getvalue()[:60]):
        assert ask("photo", wrong)["kind"] == "refusal"
        until(lambda: words.error != "")
    assert ask("photo")["kind"] == "refusal"
    assert ask("password", b"1")["kind"] == "refusal"


def test_wrong_arguments_are_refused(tiny_model, words):
    with pytest.raises(ImageError):
        SemanticDictionary(tiny_model, np.full((4, 6, 3), np.nan))
    with pytest.raises(LayerNotFoundError):
        SemanticDictionary(tiny_model, layer="conv3")
    for top_k in (0, 13):
        with pytest.raises((SettingError, traitlets.TraitError)):
            words.top_k = top_k
    with pytest.raises(SettingError, match="rows 0 to 9"):
        words.words_at(10, 0)


def test_the_poster_shows_photo_and_icons(words):
    words._receive(words, {"kind": "visible", "units": ["conv2:1"]}, [])
    assert words.wait(60)
    assert words._poster.encoded.width > 300


def test_without_a_photo_it_waits_for_one(tiny_model, tmp_path):
    words = SemanticDictionary(tiny_model)
    assert words.grid == [0, 0]
    assert words.to_html(tmp_path / "empty.html").exists()
    words.close()
