import io
import json
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc.io.serialize_array import (
    array_to_jsbuffer,
    normalize_array,
    serialize_array,
)

images = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3, 4])),
    elements=st.floats(-2, 3, width=32),
)


def decoded(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@settings(deadline=None)
@given(images)
def test_floats_are_clipped_to_the_domain_and_rounded(image):
    pixels = normalize_array(image)
    expected = np.rint(image.clip(0, 1) * np.float32(255))
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels.reshape(image.shape), expected, atol=1)
    exact = np.abs(image.clip(0, 1) * 255 % 1 - 0.5) > 1e-3
    np.testing.assert_array_equal(pixels.reshape(image.shape)[exact], expected[exact])


def test_every_byte_survives_the_way_to_floats_and_back():
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(
        normalize_array(pixels.astype(np.float32) / 255), pixels
    )


@settings(deadline=None)
@given(images)
def test_without_a_domain_the_contrast_is_stretched(image):
    pixels = normalize_array(image, None)
    if image.min() < image.max():
        assert pixels.min() == 0
        assert pixels.max() == 255


def test_a_picture_of_one_colour_keeps_it_when_stretched():
    assert np.unique(normalize_array(np.full([2, 3], 0.2), None)) == [51]


def test_a_domain_of_its_own_is_stretched_to_the_bytes():
    values = np.array([[-3.0, -1.0, 0.0, 1.0, 9.0]])
    np.testing.assert_array_equal(
        normalize_array(values, (-1, 1)), [[0, 0, 128, 255, 255]]
    )


@pytest.mark.parametrize("domain", [(0, 1), None])
def test_unsigned_bytes_are_pixels_already(domain):
    pixels = np.array([[[0, 1, 2], [1, 1, 1]]], np.uint8)
    np.testing.assert_array_equal(normalize_array(pixels, domain), pixels)


def test_larger_integers_are_pixels_when_one_of_them_says_so():
    np.testing.assert_array_equal(
        normalize_array(np.array([[-5, 7, 300]])), [[0, 7, 255]]
    )


def test_a_mask_of_integers_or_booleans_is_black_and_white():
    for mask in (np.array([[0, 1]]), np.array([[False, True]])):
        np.testing.assert_array_equal(normalize_array(mask), [[0, 255]])


def test_integers_are_scaled_to_a_domain_of_their_own():
    np.testing.assert_array_equal(
        normalize_array(np.array([[10, 15, 20]]), (10, 20)), [[0, 128, 255]]
    )


def test_the_input_is_not_changed():
    image = np.full([2, 3, 3], 5.0)
    normalize_array(image)
    assert (image == 5).all()


def test_an_image_of_one_row_stays_a_colour_image():
    assert normalize_array(np.zeros([1, 5, 3])).shape == (1, 5, 3)
    assert normalize_array(np.zeros([1, 1, 5, 3])).shape == (1, 5, 3)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(4), "no image"),
        (np.zeros([2, 3, 4, 3]), "no image"),
        (np.zeros([0, 4, 3]), "no image"),
        (np.array([[np.nan, 1]]), "1 of 2 values are NaN"),
        (np.array([[np.inf, 1]]), "NaN or infinite"),
        (np.array([["a"]]), "real numbers"),
        (np.array([[1j]]), "real numbers"),
        (np.array([[None]]), "real numbers"),
    ],
)
def test_what_is_no_image_is_refused(array, message):
    with pytest.raises(ImageError, match=message):
        normalize_array(array)


@pytest.mark.parametrize(
    "domain", [(1, 0), (0, 0), (0,), "ab", (0, np.nan), (0, np.inf), 5]
)
def test_a_domain_that_makes_no_sense_is_refused(domain):
    with pytest.raises(SettingError, match="domain"):
        normalize_array(np.zeros([2, 3]), domain)


@pytest.mark.parametrize("shape", [(4, 7), (4, 7, 1), (4, 7, 3), (4, 7, 4)])
@pytest.mark.parametrize("fmt", ["png", "PNG"])
def test_png_holds_exactly_the_pixels(shape, fmt):
    image = np.random.default_rng(0).random(shape)
    data = serialize_array(image, fmt=fmt)
    np.testing.assert_array_equal(decoded(data), normalize_array(image))


@pytest.mark.parametrize("fmt", ["jpg", "jpeg", "webp"])
def test_other_formats_hold_them_nearly(fmt):
    image = np.zeros([16, 24, 3])
    image[:, 8:, 0] = 0.8
    data = serialize_array(image, fmt=fmt, quality=95)
    np.testing.assert_allclose(decoded(data) / 255, image, atol=0.25)
    assert np.abs(decoded(data) / 255 - image).mean() < 0.05


def test_lower_quality_makes_smaller_files():
    image = np.random.default_rng(0).random([32, 48, 3])
    small, large = (serialize_array(image, fmt="jpeg", quality=q) for q in (20, 90))
    assert len(small) < len(large)


def test_formats_that_cannot_hold_the_image_say_so():
    with pytest.raises(ImageError, match="transparency"):
        serialize_array(np.zeros([2, 3, 4]), fmt="jpeg")
    with pytest.raises(ImageError, match="not 5"):
        serialize_array(np.zeros([2, 3, 5]))
    with pytest.raises(SettingError, match="gif"):
        serialize_array(np.zeros([2, 3, 3]), fmt="gif")
    with pytest.raises(ImageError, match="cannot write"):
        serialize_array(np.zeros([1, 20_000]), fmt="webp")


@pytest.mark.parametrize("dtype", ["int8", "uint16", "float32", "float64", "uint32"])
def test_javascript_gets_the_same_numbers(dtype):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    array = np.array([0, 1, 100, 3], dtype)
    source = array_to_jsbuffer(array)
    script = (
        f"const a = {source}; console.log(JSON.stringify([a.constructor.name, [...a]]))"
    )
    run = subprocess.run([node, "-e", script], capture_output=True, check=True)
    name, numbers = json.loads(run.stdout)
    assert name.lower() == f"{dtype}array"
    assert numbers == array.tolist()


def test_javascript_has_no_array_for_some_types():
    with pytest.raises(TypeError, match="int64"):
        array_to_jsbuffer(np.zeros(3, np.int64))
    with pytest.raises(TypeError, match="rank 2"):
        array_to_jsbuffer(np.zeros([2, 3], np.float32))
