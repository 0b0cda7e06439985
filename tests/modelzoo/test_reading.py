from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import (
    ImageError,
    LayerNotFoundError,
    LucidError,
    SettingError,
)


def test_batches_give_what_single_images_give(tiny, photos):
    together = tiny.activations(photos, "mixed4a", batch_size=2)
    single = [tiny.activations(photo, "mixed4a") for photo in photos]
    assert together.shape == (3, 8, 6, 272)
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
    with pytest.raises(SettingError, match="batch_size"):
        tiny.activations(never(), "mixed3a", batch_size=None)
    with pytest.raises(SettingError, match="no layers"):
        tiny.activations(never(), [])


def test_the_centre_alone_can_be_read(tiny, photos):
    whole = tiny.activations(photos, ["mixed3a", "softmax2"])
    centre = tiny.activations(photos, ["mixed3a", "softmax2"], center_only=True)
    assert whole["mixed3a"].shape[1:3] == (16, 12)
    np.testing.assert_allclose(centre["mixed3a"], whole["mixed3a"][:, 8, 6], atol=1e-5)
    np.testing.assert_allclose(centre["softmax2"], whole["softmax2"], atol=1e-5)
    sizes = [photos[0], photos[1][:32, :40]]
    assert tiny.activations(sizes, "mixed3a", center_only=True).shape == (2, 144)
    with pytest.raises(ImageError, match="center_only=True"):
        tiny.activations(sizes, "mixed3a")


def test_datasets_are_read_with_and_without_labels_and_batches(tiny, photos):
    import tensorflow as tf

    expected = tiny.activations(photos, "softmax2")
    plain = tf.data.Dataset.from_tensor_slices(photos)
    labelled = tf.data.Dataset.from_tensor_slices((photos, [4, 5, 6]))
    for dataset in (plain, plain.batch(2), labelled, labelled.batch(2)):
        np.testing.assert_allclose(
            tiny.activations(dataset, "softmax2"), expected, atol=1e-6
        )
    named = tf.data.Dataset.from_tensor_slices({"image": photos})
    with pytest.raises(ImageError, match="item\\['image'\\]"):
        tiny.activations(named, "softmax2")


def test_images_are_read_no_faster_than_they_are_computed(tiny, photos):
    read = []

    def images():
        for i in range(100):
            read.append(i)
            yield photos[i % 3]

    found = tiny.iterate_activations(images(), "mixed3a", 4, center_only=True)
    first = next(found)
    assert first.shape == (4, 144)
    # The image that begins the next batch has been read, and no other.
    assert len(read) == 5
    found.close()


def test_a_thousand_images_need_the_memory_of_a_batch(tiny):
    import tracemalloc

    def images():
        rng = np.random.default_rng(0)
        for _ in range(1000):
            yield rng.random((32, 24, 3), np.float32)

    tiny.activations(next(images()), "conv2d0", center_only=True)
    tracemalloc.start()
    found = tiny.activations(images(), "conv2d0", batch_size=16, center_only=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.shape == (1000, 32)
    # The images alone are 9.2 MB, and the whole layer 24.6 MB.
    assert peak < 3e6


def test_layers_may_be_given_instead_of_their_names(tiny, photos):
    layer = tiny.get_layer("mixed3a")
    expected = tiny.activations(photos, "mixed3a")
    np.testing.assert_array_equal(tiny.activations(photos, layer), expected)
    assert list(tiny.activations(photos, [layer, "mixed4a"])) == ["mixed3a", "mixed4a"]
    assert tiny.get_layer(layer) is layer


@pytest.mark.parametrize("name", [["mixed3a"], ("mixed3a",), 3, None, {"a": 1}, b"x"])
def test_what_is_no_name_of_a_layer_is_an_error_in_words(tiny, photos, name):
    with pytest.raises(LayerNotFoundError, match="the name of one layer is needed"):
        tiny.get_layer(name)
    with pytest.raises(LayerNotFoundError, match="the name of one layer is needed"):
        tiny.canonical_name(name)
    with pytest.raises(LucidError):
        tiny.activations(photos, [name])


def test_layers_that_are_nothing_of_the_kind_are_refused(tiny, photos):
    for layers in (3, None, []):
        with pytest.raises(SettingError):
            tiny.activations(photos, layers)
