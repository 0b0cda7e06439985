import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from lucid_widgets.errors import ImageError, LoadError
from lucid_widgets.misc.io.decoding import decode_image


def encoded(image, fmt="PNG", **options):
    file = io.BytesIO()
    image.save(file, fmt, **options)
    file.seek(0)
    return file


def decode(image, fmt="PNG", size=None, **options):
    return decode_image(encoded(image, fmt, **options), "picture", size)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@settings(deadline=None, max_examples=30)
@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([3, 4])),
    )
)
def test_png_pixels_come_back_divided_by_255(pixels):
    loaded = decode(Image.fromarray(pixels))
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(np.rint(loaded * 255).astype(np.uint8), pixels)
    np.testing.assert_allclose(loaded, pixels / 255, atol=1e-7)


def test_rows_are_the_first_axis():
    pixels = noise(4, 7, 3)
    assert decode(Image.fromarray(pixels)).shape == (4, 7, 3)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr"])
def test_every_colour_mode_becomes_three_channels(mode):
    fmt = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    image = Image.new("RGB", (6, 4), (200, 200, 200)).convert(mode)
    loaded = decode(image, fmt)
    assert loaded.shape == (4, 6, 3)
    expected = 1.0 if mode == "1" else 200 / 255
    if mode == "1":  # dithered: black and white dots
        assert set(np.unique(loaded)) <= {0.0, 1.0}
    else:
        np.testing.assert_allclose(loaded, expected, atol=0.03)


def test_cmyk_keeps_its_colours():
    red = Image.new("RGB", (16, 8), (230, 30, 40)).convert("CMYK")
    loaded = decode(red, "JPEG", quality=95)
    np.testing.assert_allclose(
        loaded.mean((0, 1)), [230 / 255, 30 / 255, 40 / 255], atol=0.05
    )


def test_grey_with_transparency_becomes_four_channels():
    pixels = noise(3, 5, 2)
    bands = [Image.fromarray(pixels[..., i]) for i in range(2)]
    loaded = decode(Image.merge("LA", bands))
    assert loaded.shape == (3, 5, 4)
    np.testing.assert_allclose(loaded[..., 0], pixels[..., 0] / 255, atol=1e-7)
    np.testing.assert_allclose(loaded[..., 3], pixels[..., 1] / 255, atol=1e-7)


def test_a_palette_with_a_transparent_colour_keeps_it():
    image = Image.new("P", (5, 3), 1)
    image.putpalette([0, 0, 0, 255, 128, 0])
    image.putpixel((4, 2), 0)
    loaded = decode(image, transparency=0)
    assert loaded.shape == (3, 5, 4)
    assert loaded[2, 4, 3] == 0
    np.testing.assert_allclose(loaded[0, 0], [1, 128 / 255, 0, 1], atol=1e-6)


def test_sixteen_bit_grey_keeps_its_depth():
    values = np.array([[0, 1, 256], [40000, 65534, 65535]], np.uint16)
    loaded = decode(Image.fromarray(values))
    assert loaded.shape == (2, 3, 3)
    np.testing.assert_allclose(loaded[..., 1], values / 65535, atol=1e-7)


def test_sixteen_bit_grey_is_resized_too():
    values = np.full([4, 8], 30000, np.uint16)
    loaded = decode(Image.fromarray(values), size=(3, 2))
    assert loaded.shape == (2, 3, 3)
    np.testing.assert_allclose(loaded, 30000 / 65535, atol=1e-5)


def test_exif_rotation_is_applied():
    pixels = np.zeros([8, 16, 3], np.uint8)
    pixels[:, :8] = 255
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    loaded = decode(image, "PNG", exif=exif)
    assert loaded.shape == (16, 8, 3)
    # What was left is now on top.
    assert loaded[:8].min() == 1
    assert loaded[8:].max() == 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0junk", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01"]
)
def test_damaged_metadata_does_not_spoil_the_picture(exif):
    pixels = noise(8, 16, 3)
    loaded = decode(Image.fromarray(pixels), "PNG", exif=exif)
    np.testing.assert_allclose(loaded, pixels / 255, atol=1e-7)


def test_size_counts_after_the_rotation():
    exif = Image.Exif()
    exif[0x0112] = 8
    image = Image.fromarray(noise(8, 16, 3))
    assert decode(image, "JPEG", size=(5, 9), exif=exif).shape == (9, 5, 3)


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_picture_counts(fmt):
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if fmt == "WEBP" else {}
    loaded = decode(
        frames[0], fmt, save_all=True, append_images=frames[1:], duration=50, **options
    )
    assert loaded.shape[:2] == (4, 6)
    np.testing.assert_allclose(loaded[0, 0, :3], [1, 0, 0], atol=0.02)


def test_size_is_width_and_height():
    assert decode(Image.fromarray(noise(9, 6, 3)), size=(4, 7)).shape == (7, 4, 3)


def test_resizing_averages_instead_of_picking():
    stripes = np.zeros([32, 32], np.uint8)
    stripes[:, ::2] = 255
    loaded = decode(Image.fromarray(stripes), size=(8, 8))
    np.testing.assert_allclose(loaded[2:-2, 2:-2], 0.5, atol=0.06)


@pytest.mark.parametrize("size", [(0, 4), (4, -1), (4,), 5, (4.5, 4), (4, 10**6), "ab"])
def test_an_impossible_size_is_refused(size):
    with pytest.raises(ImageError, match=r"\(width, height\)"):
        decode(Image.fromarray(noise(3, 4, 3)), size=size)


def bomb(width, height):
    """A PNG of that size which is small, because nobody will read its pixels."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + parts + chunk(b"IEND", b""))


@pytest.mark.parametrize("side", [10_000, 20_000, 2**31 - 1])
def test_an_image_that_would_fill_the_memory_is_refused(side):
    with pytest.raises(ImageError, match="too large to be opened safely"):
        decode_image(bomb(side, side), "bomb.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_it_is_refused_as_well_where_warnings_are_off():
    with pytest.raises(ImageError, match="10000 x 10000"):
        decode_image(bomb(10_000, 10_000), "bomb.png")


def test_a_long_thin_image_is_fine():
    loaded = decode(Image.new("L", (20_000, 1), 7))
    assert loaded.shape == (1, 20_000, 3)


def test_a_float_image_outside_of_0_to_1_is_refused():
    values = np.array([[0.5, 3.0]], np.float32)
    with pytest.raises(ImageError, match="0 to 1"):
        decode(Image.fromarray(values), "TIFF")


def test_a_float_image_with_nan_is_refused():
    values = np.array([[0.5, np.nan]], np.float32)
    with pytest.raises(ImageError, match="0 to 1"):
        decode(Image.fromarray(values), "TIFF")


def test_a_truncated_image_says_that_it_is_broken():
    data = encoded(Image.fromarray(noise(50, 60, 3)), "JPEG").getvalue()
    with pytest.raises(LoadError, match=r"photo\.jpg is broken"):
        decode_image(io.BytesIO(data[: len(data) // 2]), "photo.jpg")


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_files_never_raise_anything_else(data):
    good = encoded(Image.fromarray(noise(9, 12, 3)), data.draw(
        st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"]))).getvalue()  # fmt: skip
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(good) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    cut = damaged[: data.draw(st.integers(0, len(good)))]
    try:
        loaded = decode_image(io.BytesIO(bytes(cut)), "damaged")
    except (ImageError, LoadError):
        return
    except Warning:
        return  # Pillow warns of odd metadata; warnings are errors in tests
    assert loaded.ndim == 3
    assert 0 <= loaded.min() <= loaded.max() <= 1
