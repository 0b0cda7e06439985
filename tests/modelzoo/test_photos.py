"""Photos: whatever they come as, the model gets float32 in [0, 1]."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import ImageError, LoadError
from lucid_widgets.misc.photos import as_photo
from lucid_widgets.modelzoo.photos import photo_for

PHOTO = np.random.default_rng(0).random((30, 50, 3), np.float32)


def test_bytes_floats_files_and_pil_images_come_out_alike(tmp_path):
    as_bytes = np.round(PHOTO * 255).astype(np.uint8)
    Image.fromarray(as_bytes).save(tmp_path / "photo.png")
    expected = as_bytes / np.float32(255)
    for given in (
        as_bytes,
        expected.astype(np.float64),
        tmp_path / "photo.png",
        str(tmp_path / "photo.png"),
        Image.fromarray(as_bytes),
    ):
        found = as_photo(given)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_grey_is_repeated_and_transparency_laid_over_white():
    np.testing.assert_array_equal(as_photo(PHOTO[..., 0])[..., 2], PHOTO[..., 0])
    clear = np.concatenate([PHOTO, np.zeros_like(PHOTO[..., :1])], axis=-1)
    np.testing.assert_array_equal(as_photo(clear), np.ones_like(PHOTO))
    grey = as_photo(PHOTO, channels=1)
    np.testing.assert_allclose(grey[..., 0], PHOTO @ [0.299, 0.587, 0.114], atol=1e-6)
    assert as_photo(np.zeros((9, 8, 7), np.float32), channels=7).shape == (9, 8, 7)


@pytest.mark.parametrize(
    "strange",
    [
        PHOTO[None],
        PHOTO * 255,
        PHOTO * np.nan,
        PHOTO - 0.5,
        np.zeros((4, 4, 7), np.float32),
        np.zeros((0, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int64),
        None,
        {},
        object(),
        np.zeros((1, 40_000, 3), np.float32),
    ],
)
def test_what_is_no_photo_is_refused(strange):
    with pytest.raises(ImageError, match=r"expected|takes"):
        as_photo(strange)


def test_files_that_hold_no_photo_are_refused(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no more")
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(LoadError):
        as_photo(tmp_path / "broken.jpg")
    with pytest.raises(ImageError, match="expected the file of an image"):
        as_photo(tmp_path / "notes.txt")


def test_a_photo_keeps_its_proportions(tiny_model):
    assert photo_for(tiny_model, PHOTO).shape == (20, 33, 3)
    assert photo_for(tiny_model, PHOTO, 45).shape == (45, 75, 3)
    assert photo_for(tiny_model, PHOTO, (16, 24)).shape == (16, 24, 3)
    for size in ("large", True, 2, (8, 2**16), (2**14, 2**14)):
        with pytest.raises(ImageError, match="expected"):
            photo_for(tiny_model, PHOTO, size)
