"""param.image: every combination, and starting from an image."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lucid_widgets.errors import ParameterizationError, SettingError
from lucid_widgets.optvis import param

from .helpers import made, smooth_photo


@pytest.mark.parametrize(
    ("fft", "decorrelate", "alpha"), [*itertools.product([True, False], repeat=3)]
)
def test_every_combination_makes_images_in_range(fft, decorrelate, alpha):
    variables, image = made(
        lambda: param.image(
            15, 10, batch=2, sd=2.0, fft=fft, decorrelate=decorrelate, alpha=alpha
        )
    )
    assert len(variables) == 1
    assert image.shape == (2, 10, 15, 4 if alpha else 3)
    assert image.dtype == np.float32
    assert 0 <= image.min() < image.max() <= 1
    assert not np.array_equal(image[0], image[1])


def test_defaults_are_lucids():
    _, image = made(lambda: param.image(16))
    assert image.shape == (1, 16, 16, 3)
    assert image.std() < 0.2


@pytest.mark.parametrize("channels", [1, 2, 7])
def test_any_number_of_channels(channels):
    (values,), image = made(
        lambda: param.image(9, 6, channels=channels, fft=False, alpha=True, sd=1.0)
    )
    assert image.shape == (1, 6, 9, channels)
    np.testing.assert_allclose(image, 1 / (1 + np.exp(-values)), rtol=1e-5)


def test_grayscale_is_one_channel_three_times():
    _, image = made(lambda: param.grayscale_image_rgb(9, 6, batch=2, sd=1.0))
    assert image.shape == (2, 6, 9, 3)
    np.testing.assert_array_equal(image[..., 0], image[..., 1])
    np.testing.assert_array_equal(image[..., 0], image[..., 2])
    assert image.std() > 0.01


@pytest.mark.parametrize("fft", [True, False])
@pytest.mark.parametrize("decorrelate", [True, False])
@pytest.mark.parametrize(("h", "w"), [(30, 41), (31, 42), (31, 41)])
def test_an_image_to_start_from_comes_back(fft, decorrelate, h, w):
    start = smooth_photo(h, w)
    start[:3, :3], start[-3:, -3:] = 0, 1
    _, image = made(
        lambda: param.image(w, h, fft=fft, decorrelate=decorrelate, init_val=start)
    )
    assert np.abs(image[0] - start).max() < 1 / 255


@pytest.mark.parametrize("alpha", [True, False])
def test_alpha_and_channels_can_start_from_an_image_too(alpha):
    start = np.random.default_rng(0).uniform(size=(2, 8, 9, 4)).astype(np.float32)
    options = {"alpha": True} if alpha else {"channels": 4}
    _, image = made(lambda: param.image(9, 8, batch=2, init_val=start, **options))
    assert np.abs(image - start).max() < 1 / 255


@pytest.mark.parametrize("scale", [1, 255])
def test_grey_images_start_from_a_coloured_photo_too(scale):
    photo = np.random.default_rng(0).uniform(0.1, 0.9, size=(5, 8, 3)) * scale
    photo = photo.astype(np.uint8 if scale == 255 else np.float32)
    grey = param.grayscale_image_rgb(8, 5, init_val=photo)
    expected = np.repeat(photo.mean(-1, keepdims=True) / scale, 3, axis=-1)
    np.testing.assert_allclose(grey[0], expected, atol=1e-5)


def test_bytes_are_read_as_a_photo():
    start = (smooth_photo(12, 10) * 255).astype(np.uint8)
    _, image = made(lambda: param.image(10, 12, init_val=start))
    assert np.abs(image[0] - start / 255).max() < 1 / 255


@pytest.mark.parametrize(
    "start",
    [
        np.zeros((5, 6)),
        np.zeros((6, 5, 4)),
        np.full((6, 5, 3), np.nan),
        np.full((6, 5, 3), 80.0),
        "photo.png",
    ],
)
def test_images_that_cannot_be_a_start_are_refused(start):
    with pytest.raises(ParameterizationError, match="init_val"):
        made(lambda: param.image(5, 6, init_val=start))


@pytest.mark.parametrize(
    "arguments",
    [
        {"w": 0},
        {"w": 10**6},
        {"w": 16, "h": -1},
        {"w": 1.5},
        {"w": "16"},
        {"w": 16, "batch": 0},
        {"w": 16, "batch": 5000},
        {"w": 16, "channels": 0},
        {"w": float("nan")},
    ],
)
def test_impossible_sizes_are_refused(arguments):
    with pytest.raises(SettingError, match="expected"):
        param.image(**arguments)


SIDES = st.integers(1, 9)


@given(
    h=SIDES,
    w=SIDES,
    batch=st.integers(1, 3),
    sd=st.sampled_from([None, 0.5, 30.0]),
    decorrelate=st.booleans(),
    fft=st.booleans(),
    alpha=st.booleans(),
    channels=st.sampled_from([None, 1, 5]),
)
@settings(max_examples=40, deadline=None)
def test_images_have_the_shape_asked_for_and_lie_in_0_to_1(
    h, w, batch, sd, decorrelate, fft, alpha, channels
):
    image = param.image(w, h, batch, sd, decorrelate, fft, alpha, channels).numpy()
    assert image.shape == (batch, h, w, channels or (4 if alpha else 3))
    assert image.min() >= 0
    assert image.max() <= 1


@given(h=SIDES, w=SIDES, fft=st.booleans(), decorrelate=st.booleans(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_photo_comes_back_within_a_step_of_8_bits(h, w, fft, decorrelate, data):
    photo = np.random.default_rng(data.draw(st.integers(0, 99))).integers(
        256, size=(h, w, 3), dtype=np.uint8
    )
    image = param.image(w, h, fft=fft, decorrelate=decorrelate, init_val=photo)
    assert np.abs(image[0] - photo / 255).max() < 1 / 255


def test_outside_a_run_images_are_fresh():
    assert not np.array_equal(param.image(8), param.image(8))
