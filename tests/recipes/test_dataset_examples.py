"""Dataset examples: the best photos, in bounded memory, whatever lies in the folder."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import ImageError, LoadError, ObjectiveError, SettingError
from lucid_widgets.recipes.dataset_examples import (
    dataset_examples,
    files_in,
    search_examples,
)
from lucid_widgets.recipes.positions import covering

RNG = np.random.default_rng(0)
PHOTOS = RNG.random((11, 20, 28, 3), np.float32)


def test_the_best_of_all_channels_equal_those_of_a_full_sort(tiny_model):
    found = dataset_examples(tiny_model, "conv2", PHOTOS, k=4, batch_size=3)
    acts = tiny_model.activations(PHOTOS, "conv2")
    best = acts.max(axis=(1, 2))
    for channel in range(7):
        order = sorted(range(11), key=lambda n: -best[n, channel])[:4]
        assert found.numbers[channel].tolist() == order
        np.testing.assert_allclose(found.values[channel], best[order, channel])
        for number, (row, column) in zip(order, found.places[channel], strict=True):
            assert acts[number, row, column, channel] == best[number, channel]
    assert (found.looked_at, found.total, found.skipped) == (11, 11, ())


def test_an_example_shows_the_photo_and_what_the_position_sees(tiny_model):
    found = dataset_examples(tiny_model, "conv2", list(PHOTOS), k=20)
    examples = found.of(3)
    assert len(examples) == 11  # fewer than k
    assert [e.value for e in examples] == sorted(e.value for e in examples)[::-1]
    best = examples[0]
    np.testing.assert_array_equal(best.photo, PHOTOS[best.source])
    top, left, bottom, right = best.box
    np.testing.assert_array_equal(
        best.crop, PHOTOS[best.source][top:bottom, left:right]
    )


def test_the_search_tells_what_it_has_found_so_far_and_can_be_ended(tiny_model):
    search = search_examples(tiny_model, "conv1", PHOTOS, k=2, batch_size=4)
    first = next(search)
    assert (first.looked_at, first.total) == (4, 11)
    assert first.numbers.max() < 4
    second = next(search)
    assert second.looked_at == 8
    assert first.numbers.max() < 4  # what was told stays as it was
    search.close()


def test_of_a_folder_broken_files_are_skipped_and_reported(
    tiny_model, tmp_path, caplog
):
    (tmp_path / "deeper").mkdir()
    for number, name in enumerate(["b.png", "deeper/a.JPG", ".hidden.png"]):
        pixels = (RNG.random((50 + number, 90, 3)) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "a.png").write_bytes(b"\x89PNG but no more")
    (tmp_path / "notes.txt").write_text("no image")
    found = dataset_examples(tiny_model, "conv2", tmp_path, batch_size=2)
    assert found.total == found.looked_at == 3
    assert [file.name for file, _ in found.skipped] == ["a.png"]
    assert "skipped 1 of 3" in caplog.text
    assert {e.source.name for e in found.of(0)} == {"b.png", "a.JPG"}
    assert found.of(0)[0].photo.shape == (20, 28, 3)


def test_folders_without_images_are_refused(tiny_model, tmp_path):
    with pytest.raises(LoadError, match="is no folder"):
        dataset_examples(tiny_model, "conv2", tmp_path / "missing")
    with pytest.raises(LoadError, match="there is no image"):
        dataset_examples(tiny_model, "conv2", tmp_path)
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(LoadError, match="none of the 1 images"):
        dataset_examples(tiny_model, "conv2", tmp_path)
    assert files_in(tmp_path) == [tmp_path / "a.png"]


@pytest.mark.parametrize("images", [[], PHOTOS[0], iter(PHOTOS), {"a": 1}, 3])
def test_what_holds_no_photos_is_refused(tiny_model, images):
    with pytest.raises(ImageError, match="expected"):
        search_examples(tiny_model, "conv2", images)


def test_impossible_numbers_are_refused(tiny_model):
    for given in ({"k": 0}, {"batch_size": 0}, {"k": 1.5}):
        with pytest.raises(SettingError):
            search_examples(tiny_model, "conv2", PHOTOS, **given)
    with pytest.raises(ObjectiveError):
        dataset_examples(tiny_model, "conv2", PHOTOS, k=1).of(7)


def test_the_middle_of_a_photo_is_taken_and_nothing_squeezed():
    photo = np.zeros((40, 100, 3), np.float32)
    photo[:, 22:78] = 1
    middle, box = covering(photo, (20, 28))
    assert middle.shape == (20, 28, 3)
    assert box == (0, 22, 40, 78)
    assert middle.min() > 0.99
