"""Photos as people have them: from cameras, scanners, the web, and by mistake."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import ImageError, LoadError, SettingError
from lucid_widgets.misc.photos import as_photo, as_photos, resize_pixels

RED_OVER_BLUE = np.zeros([30, 50, 3], np.uint8)
RED_OVER_BLUE[:15, :, 0] = 255
RED_OVER_BLUE[15:, :, 2] = 255


def file_of(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def is_red_over_blue(photo: np.ndarray) -> bool:
    height = photo.shape[0]
    top, bottom = (
        half.mean((0, 1)) for half in (photo[: height // 3], photo[-height // 3 :])
    )
    return bool(top[0] > top[2] + 0.5 and bottom[2] > bottom[0] + 0.5)


def test_cmyk_becomes_rgb():
    image = Image.fromarray(RED_OVER_BLUE).convert("CMYK")
    for given in (image, file_of(image, "JPEG", quality=95), file_of(image, "TIFF")):
        photo = as_photo(given)
        assert photo.shape == (30, 50, 3)
        assert is_red_over_blue(photo)


def test_the_camera_was_turned():
    turned = Image.fromarray(RED_OVER_BLUE).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    photo = as_photo(file_of(turned, "JPEG", exif=exif, quality=95))
    assert photo.shape == (30, 50, 3)
    assert is_red_over_blue(photo)


def test_16_bits_keep_their_range():
    grey = np.linspace(0, 65535, 600).reshape(20, 30).astype(np.uint16)
    expected = np.repeat((grey / np.float32(65535))[..., None], 3, axis=-1)
    np.testing.assert_allclose(as_photo(grey), expected, atol=1e-6)
    image = Image.fromarray(grey)
    for given in (image, file_of(image, "PNG")):
        np.testing.assert_allclose(as_photo(given), expected, atol=1e-4)


def test_the_first_picture_of_an_animation_counts():
    frames = [Image.fromarray(RED_OVER_BLUE), Image.fromarray(RED_OVER_BLUE[::-1])]
    for kind in ("GIF", "WEBP", "PNG"):
        options = {"save_all": True, "append_images": frames[1:]}
        photo = as_photo(file_of(frames[0], kind, **options))
        assert photo.shape == (30, 50, 3)
        assert is_red_over_blue(photo)


def test_palettes_grey_alpha_and_single_bits_are_photos_too():
    image = Image.fromarray(RED_OVER_BLUE)
    assert is_red_over_blue(as_photo(image.convert("P")))
    assert as_photo(image.convert("1")).shape == (30, 50, 3)
    clear = image.convert("LA")
    clear.putalpha(0)
    np.testing.assert_array_equal(as_photo(clear), 1)


def test_a_photo_of_20_000_pixels_is_made_smaller():
    wide = np.tile(RED_OVER_BLUE, [1, 400, 1])
    data = file_of(Image.fromarray(wide), "PNG")
    photo = as_photo(data, max_side=500)
    assert photo.shape == (1, 500, 3)
    photo = as_photo(data, size=(24, 36))
    assert photo.shape == (24, 36, 3)
    assert is_red_over_blue(photo)


def test_a_photo_of_20_000_by_20_000_pixels_is_refused():
    data = file_of(Image.new("1", (20_000, 20_000)), "PNG")
    with pytest.raises(ImageError, match="too large to be opened safely"):
        as_photo(data)


def test_bytes_that_are_no_image_are_refused():
    with pytest.raises(LoadError, match="no image that can be read"):
        as_photo(b"<html>404</html>")
    data = file_of(Image.fromarray(RED_OVER_BLUE), "PNG")
    with pytest.raises(LoadError, match="broken"):
        as_photo(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros([4]), "shape"),
        (np.zeros([2, 4, 6, 3]), "shape"),
        (np.full([4, 6, 3], np.nan), "NaN"),
        (np.full([4, 6, 3], np.inf), "infinite"),
        (np.full([4, 6, 3], 200.0), "divide values from 0 to 255 by 255"),
        (np.full([4, 6, 3], -0.5), "rescale"),
        (np.zeros([4, 6, 5]), "5 channels"),
        (np.zeros([4, 6, 3], np.complex64), "expected a path"),
        ([[1, 2], [3]], "photo"),
        ("nowhere.png", "nowhere"),
    ],
)
def test_arrays_that_are_no_photo_are_refused(given, message):
    with pytest.raises((ImageError, LoadError), match=message):
        as_photo(given)


def test_photos_of_different_sizes_need_one(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(RED_OVER_BLUE).save(path)
    batch = as_photos([path, RED_OVER_BLUE[:20]], size=(10, 16))
    assert batch.shape == (2, 10, 16, 3)
    assert as_photos(np.zeros([2, 4, 6, 3])).shape == (2, 4, 6, 3)
    with pytest.raises(ImageError, match="different sizes"):
        as_photos([path, RED_OVER_BLUE[:20]])
    with pytest.raises(ImageError, match="no photos"):
        as_photos([])
    with pytest.raises(SettingError, match="size is"):
        as_photo(path, size=(0, 16))


def test_resizing_stays_within_the_range():
    rng = np.random.default_rng(0)
    photo = rng.random([40, 30, 5]).astype(np.float32)
    for size in ((7, 11), (90, 35)):
        resized = resize_pixels(photo, *size)
        assert resized.shape == (*size, 5)
        assert photo.min() <= resized.min() <= resized.max() <= photo.max()
    np.testing.assert_allclose(
        resize_pixels(photo, 1, 1).mean(), photo.mean(), atol=0.03
    )
