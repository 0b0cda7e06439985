"""Pixels and frequencies against numpy's Fourier transform."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis import param
from lucid_widgets.optvis.param.random import image_sample, rand_fft_image
from lucid_widgets.optvis.param.spatial import rfft2d_freqs
from lucid_widgets.optvis.randomness import drawing

from .helpers import made

SIZES = [
    (6, 8),
    (7, 8),
    (6, 9),
    (7, 9),
    (12, 5),
    (3, 3),
    (2, 2),
    (1, 4),
    (4, 1),
    (1, 1),
]


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_frequencies_are_those_of_a_real_transform(h, w):
    freqs = rfft2d_freqs(h, w)
    columns = w // 2 + 1 + w % 2
    assert freqs.shape == (h, columns)
    exact = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None])
    np.testing.assert_allclose(freqs[:, : w // 2 + 1], exact)


def fft_by_hand(spectrum: np.ndarray, h: int, w: int, power: float) -> np.ndarray:
    freqs = np.maximum(rfft2d_freqs(h, w), 1 / max(h, w))
    scaled = (spectrum[0] + 1j * spectrum[1]) * np.sqrt(h * w) / freqs**power
    image = np.fft.irfft2(scaled, s=(h, 2 * (freqs.shape[1] - 1)))
    return image.transpose(0, 2, 3, 1)[:, :h, :w] / 4


@pytest.mark.parametrize(("h", "w"), SIZES)
@pytest.mark.parametrize("power", [1, 0.5, 2])
def test_fft_image_is_an_inverse_transform_of_scaled_coefficients(h, w, power):
    (spectrum,), image = made(
        lambda: param.fft_image((2, h, w, 5), sd=1.0, decay_power=power)
    )
    assert spectrum.shape == (2, 2, 5, h, w // 2 + 1 + w % 2)
    assert image.shape == (2, h, w, 5)
    np.testing.assert_allclose(image, fft_by_hand(spectrum, h, w, power), atol=2e-4)


def test_pixel_image_is_its_variable():
    (pixels,), image = made(lambda: param.pixel_image((2, 20, 31, 5), sd=0.5))
    np.testing.assert_array_equal(pixels, image)
    assert image.mean() == pytest.approx(0, abs=0.03)
    assert image.std() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("make", [param.pixel_image, param.fft_image])
def test_first_values_are_small_unless_told_otherwise(make):
    for sd in (None, 0):
        (values,), _ = made(lambda sd=sd: make((2, 40, 30, 3), sd=sd))
        assert values.std() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize(("h", "w"), SIZES)
@pytest.mark.parametrize("make", [param.pixel_image, param.fft_image])
def test_both_can_start_from_given_numbers(make, h, w):
    start = np.random.default_rng(0).normal(size=(2, h, w, 3)).astype(np.float32)
    _, image = made(lambda: make((2, h, w, 3), init_val=start))
    np.testing.assert_allclose(image, start, atol=1e-4)
    _, both = made(lambda: make((2, h, w, 3), init_val=start[0]))
    np.testing.assert_allclose(both, [start[0], start[0]], atol=1e-4)


@pytest.mark.parametrize("make", [param.pixel_image, param.fft_image])
def test_numbers_of_another_shape_are_refused(make):
    with pytest.raises(ParameterizationError, match=r"\(4, 5, 3\); expected \(1, 5, 4"):
        made(lambda: make((1, 5, 4, 3), init_val=np.zeros((4, 5, 3))))


def test_random_images_are_drawn_anew_in_every_step():
    def at(step, function):
        with drawing(1, step):
            return function().numpy()

    def noise():
        return rand_fft_image((2, 12, 15, 3), sd=0.3)

    first, again, later = at(0, noise), at(0, noise), at(1, noise)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, later)
    assert not np.array_equal(first[0], first[1])
    assert first.shape == (2, 12, 15, 3)
    with drawing(1, 0) as draws:
        spectrum = 0.3 * draws.normal([2, 2, 3, 12, 9]).numpy()
    np.testing.assert_allclose(first, fft_by_hand(spectrum, 12, 15, 1), atol=1e-5)
    sample = at(0, lambda: image_sample((2, 12, 15, 3), sd=0.5))
    assert sample.shape == (2, 12, 15, 3)
    assert 0 < sample.min() < sample.max() < 1
