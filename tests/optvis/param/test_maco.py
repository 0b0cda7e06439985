"""MACO: phases move, magnitudes stay, and photos come back."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis import param
from lucid_widgets.optvis.param.color import correlate_color
from lucid_widgets.optvis.param.maco import _natural, resized_spectrum
from lucid_widgets.optvis.param.variables import Parameterization

from .helpers import made, smooth_photo

SIZES = [(32, 48), (33, 48), (32, 47), (31, 33)]


def spectrum_of(image):
    """Return what is under the sigmoid of an image, as a spectrum."""
    numbers = correlate_color(np.log(image / (1 - image)).astype(np.float64))
    return np.fft.rfft2(numbers.transpose(2, 0, 1))


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_magnitudes_do_not_depend_on_phases(h, w):
    pair = Parameterization(lambda: param.maco(w, h, batch=2))
    (phases,) = pair.init(0)
    assert phases.shape == (2, 3, h, w // 2 + 1)
    first, second = pair.to_image((phases,)).numpy()
    assert first.shape == (h, w, 3)
    assert 0 < first.min() < first.max() < 1
    assert np.abs(first - second).max() > 0.1
    inner = np.s_[:, 1 : h // 2, 1 : w // 2]  # a real image's edges are not free
    one, other = (np.abs(spectrum_of(i))[inner] for i in (first, second))
    np.testing.assert_allclose(one, other, rtol=5e-3)
    fixed = resized_spectrum(_natural(), h, w)[inner]
    np.testing.assert_allclose(one / one.mean(), fixed / fixed.mean(), rtol=5e-3)


@pytest.mark.parametrize(("h", "w"), [(48, 64), (65, 50)])
def test_images_have_the_contrast_of_photos(h, w):
    _, image = made(lambda: param.maco(w, h))
    numbers = np.fft.irfft2(spectrum_of(image[0]), s=(h, w))
    assert numbers.std() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_a_photo_to_start_from_comes_back_and_keeps_its_magnitudes(h, w):
    photo = smooth_photo(h, w)
    pair = Parameterization(lambda: param.maco(w, h, batch=2, init_val=photo))
    (phases,) = pair.init(0)
    image = pair.to_image((phases,)).numpy()
    assert np.abs(image - photo).max() < 1 / 255
    inner = np.s_[:, 1 : h // 2, 1 : w // 2]
    moved = pair.to_image((phases + 0.3 * np.sin(np.arange(w // 2 + 1)),)).numpy()
    assert np.abs(moved[0] - photo).max() > 0.05
    np.testing.assert_allclose(
        np.abs(spectrum_of(moved[0]))[inner],
        np.abs(spectrum_of(photo))[inner],
        rtol=0.02,
        atol=0.02,
    )


def test_each_image_may_have_a_photo_of_its_own_as_bytes_or_numbers():
    photos = np.stack([smooth_photo(20, 26), smooth_photo(20, 26)[::-1]])
    for given, near in ((photos, 1 / 255), (np.uint8(photos * 255), 2 / 255)):
        _, images = made(lambda given=given: param.maco(26, 20, 2, init_val=given))
        assert np.abs(images - photos).max() < near
    with pytest.raises(ParameterizationError, match=r"in \[0, 1\]"):
        param.maco(26, 20, init_val=photos[0] * 255)


def test_a_spectrum_measured_by_the_user_is_used():
    wave = np.tile(0.5 + 0.2 * np.sin(np.arange(40) * 2 * np.pi / 8), (30, 1))
    images = np.stack([np.stack([wave] * 3, -1)] * 2)
    magnitude = param.magnitude_spectrum(images)
    assert magnitude.shape == (3, 30, 21)
    assert magnitude[0, 0, 5] == magnitude.max()  # 40 px / 8 px a wave = 5 waves
    _, image = made(lambda: param.maco(40, 30, magnitude=magnitude))
    across, down = (np.abs(np.diff(image, axis=axis)).mean() for axis in (2, 1))
    assert across > 2 * down


def test_a_spectrum_of_its_own_size_is_unchanged():
    natural = _natural()
    assert natural.shape == (3, 64, 33)
    same = resized_spectrum(natural, 64, 64)
    np.testing.assert_allclose(same[:, :31, :31], natural[:, :31, :31], rtol=1e-6)
    np.testing.assert_allclose(same[:, 34:, :31], natural[:, 34:, :31], rtol=1e-6)


@pytest.mark.parametrize(("h", "w"), [(256, 256), (200, 512), (16, 20)])
def test_spectra_of_other_sizes_fall_off_as_those_of_photos(h, w):
    magnitude = resized_spectrum(_natural(), h, w)
    assert magnitude.shape == (3, h, w // 2 + 1)
    assert np.isfinite(magnitude).all()
    assert (magnitude >= 0).all()
    assert (magnitude[:, 0, 0] == 0).all()
    y = np.fft.fftfreq(h)[:, None] * max(h, w)
    x = np.fft.rfftfreq(w)[None] * max(h, w)
    f = np.hypot(x, y)
    near = (f > 1.5) & (f < max(h, w) * 0.4)
    slope = np.polyfit(np.log(f[near]), np.log(magnitude[0][near]), 1)[0]
    assert -1.35 < slope < -0.8


@pytest.mark.parametrize(
    "make",
    [
        lambda: param.maco(1),
        lambda: param.maco(32, batch=0),
        lambda: param.maco(32, init_val=np.zeros((31, 32, 3))),
        lambda: param.maco(32, magnitude=np.ones((32, 17))),
        lambda: param.magnitude_spectrum(np.zeros((8, 8, 3))),
        lambda: param.magnitude_spectrum(np.zeros((0, 8, 8, 3))),
        lambda: param.magnitude_spectrum(np.zeros((2, 8, 8, 4))),
    ],
)
def test_impossible_arguments_are_refused(make):
    with pytest.raises(ParameterizationError, match="expected"):
        make()
