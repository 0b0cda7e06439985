from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import ImageError
from lucid_widgets.misc.io.tiling import columns_for
from lucid_widgets.stream.encoder import encode_live, encode_still, to_pixels


def decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def smooth(height: int, width: int, channels: int) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = [
        0.5 + 0.4 * np.sin(rows / (7 + c) + columns / (11 - c)) for c in range(channels)
    ]
    return np.stack(planes, axis=-1)[np.newaxis]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 3), (17, 40), (128, 96)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_still_gives_back_every_pixel(height, width, channels):
    images = smooth(height, width, channels)
    still = encode_still(images)
    expected = np.round(images[0] * 255)
    decoded = decode(still.data).reshape(height, width, channels)
    np.testing.assert_allclose(decoded, expected, atol=0.5)
    assert (still.mime, still.width, still.height) == ("image/png", width, height)
    assert still.lossless


def test_a_live_frame_is_a_small_jpeg_that_looks_the_same():
    images = smooth(96, 160, 3)
    live, still = encode_live(images), encode_still(images)
    assert (live.mime, live.width, live.height) == ("image/jpeg", 160, 96)
    assert not live.lossless
    assert len(live.data) < len(still.data)
    difference = decode(live.data).astype(int) - decode(still.data).astype(int)
    assert abs(difference).mean() < 2


def test_a_live_grey_frame_is_a_grey_jpeg():
    live = encode_live(smooth(24, 40, 1))
    assert Image.open(io.BytesIO(live.data)).mode == "L"


def test_transparency_survives_while_running():
    images = smooth(20, 30, 4)
    live = encode_live(images)
    assert live.mime == "image/png"
    np.testing.assert_array_equal(decode(live.data), to_pixels(images))


@pytest.mark.parametrize("channels", [5, 7, 64])
def test_of_many_channels_the_first_three_are_shown(channels):
    images = np.random.default_rng(0).random((1, 4, 6, channels), dtype=np.float32)
    np.testing.assert_array_equal(to_pixels(images), to_pixels(images[..., :3]))


def test_numbers_outside_the_range_and_not_numbers_are_black_or_white():
    images = np.array([[np.nan, -3.0, np.inf, 7.0, -np.inf, 1.0]], np.float32)
    pixels = to_pixels(images.reshape(1, 1, 6, 1))
    assert pixels.ravel().tolist() == [0, 0, 255, 255, 0, 255]
    assert decode(encode_live(images.reshape(1, 1, 2, 3)).data).shape == (1, 2, 3)


def test_a_batch_is_tiled_row_by_row():
    images = np.zeros((6, 4, 5, 3), np.float32)
    for index in range(6):
        images[index] = index / 10
    sheet = to_pixels(images)
    assert sheet.shape == (12, 10, 3)
    values = [[sheet[r * 4 + 1, c * 5 + 2, 0] for c in range(2)] for r in range(3)]
    expected = [[round(25.5 * (2 * r + c)) for c in range(2)] for r in range(3)]
    np.testing.assert_allclose(np.array(values, float), expected, atol=1)


def test_places_without_an_image_are_grey():
    sheet = to_pixels(np.ones((5, 4, 4, 3), np.float32))
    assert sheet.shape == (8, 12, 3)
    assert (sheet[4:, 8:] == 128).all()
    assert (sheet[:4] == 255).all()


@pytest.mark.parametrize("count", [2, 3, 4, 6, 9, 16, 25, 60])
def test_sheets_are_nearly_square(count):
    columns = columns_for(count, 10, 10)
    rows = -(-count // columns)
    assert max(columns / rows, rows / columns) <= 2
    assert columns * rows >= count


def test_tall_images_go_side_by_side():
    assert columns_for(4, 40, 10) == 4
    assert columns_for(4, 10, 40) == 1


def test_text_stands_before_the_pixels():
    still = encode_still(smooth(8, 8, 3), {"lucid_widgets_poster": "id-1"})
    chunk = b"tEXtlucid_widgets_poster\x00id-1"
    assert 0 < still.data.index(chunk) < still.data.index(b"IDAT")
    assert Image.open(io.BytesIO(still.data)).info["lucid_widgets_poster"] == "id-1"


@pytest.mark.parametrize("shape", [(4, 4), (0, 4, 4, 3), (1, 4, 0, 3), (2, 2, 2, 2, 3)])
def test_what_is_not_an_image_is_refused(shape):
    with pytest.raises(ImageError, match="expected \\[batch, height, width, channels"):
        to_pixels(np.zeros(shape, np.float32))


def test_one_image_without_a_batch_axis_will_do():
    image = smooth(5, 9, 3)
    np.testing.assert_array_equal(to_pixels(image[0]), to_pixels(image))
