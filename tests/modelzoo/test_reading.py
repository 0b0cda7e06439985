from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ImageError, LayerNotFoundError, SettingError


def test_batches_give_what_single_images_give(tiny, photos):
    together = tiny.activations(photos, "mixed4a", batch_size=2)
    single = [tiny.activations(photo, "mixed4a") for photo in photos]
    assert together.shape == (3, 8, 6, 224)
    np.testing.assert_allclose(together, np.concatenate(single), atol=1e-5)


def test_several_layers_come_as_a_dictionary(tiny, photos):
    found = tiny.activations(photos, ["mixed3a", "softmax2"])
    assert list(found) == ["mixed3a", "softmax2"]
    assert found["softmax2"].shape == (3, 200)
    np.testing.assert_allclose(found["softmax2"].sum(-1), 1, rtol=1e-5)


def test_generators_lists_and_files_are_read(tiny, photos, tmp_path):
    from PIL import Image

    path = tmp_path / "photo.png"
    pixels = (photos[2] * 255).round().astype(np.uint8)
    Image.fromarray(pixels).save(path)
    expected = tiny.activations(pixels.astype(np.float32) / 255, "mixed3a")
    for images in (str(path), path, [path], iter([pixels / 255.0])):
        np.testing.assert_allclose(
            tiny.activations(images, "mixed3a"), expected, atol=1e-4
        )


def test_images_of_different_sizes_are_computed_apart(tiny, photos):
    logits = tiny.activations([photos[0], photos[1][:32, :40]], "softmax2")
    assert logits.shape == (2, 200)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros([4, 4]), "shape"),
        (np.full([4, 4, 3], 200.0), "divide"),
        (np.zeros([4, 4, 3], np.uint8), "divide"),
        (np.full([4, 4, 3], np.nan), "nan"),
        ([], "no images"),
        (7, "array, a path"),
    ],
)
def test_what_is_no_image_is_refused(tiny, images, words):
    with pytest.raises(ImageError, match=words):
        tiny.activations(images, "mixed3a")


def test_layers_and_batch_size_are_checked_before_any_image_is_read(tiny):
    def never():
        raise AssertionError("an image was read")
        yield

    with pytest.raises(LayerNotFoundError, match="mixed3a"):
        tiny.activations(never(), "mixed3q")
    with pytest.raises(SettingError, match="batch_size"):
        tiny.activations(never(), "mixed3a", batch_size=0)
    with pytest.raises(SettingError, match="no layers"):
        tiny.activations(never(), [])
