import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lucid_widgets.errors import ImageError
from lucid_widgets.misc.io.collapse_channels import (
    collapse_channels,
    hue_to_rgb,
    sparse_channels_to_rgb,
)


@pytest.mark.parametrize(
    ("angle", "rgb"),
    [(0, [1, 0, 0]), (120, [0, 1, 0]), (240, [0, 0, 1]), (-120, [0, 0, 1])],
)
def test_primaries_stand_at_thirds_of_the_circle(angle, rgb):
    np.testing.assert_allclose(hue_to_rgb(angle), rgb, atol=1e-12)


@given(st.floats(-1000, 1000), st.booleans())
def test_hues_are_unit_vectors_and_periodic(angle, warp):
    rgb = hue_to_rgb(angle, warp)
    assert np.linalg.norm(rgb) == pytest.approx(1)
    assert rgb.min() >= 0
    np.testing.assert_allclose(rgb, hue_to_rgb(angle + 360, warp), atol=1e-6)


@given(st.floats(0, 359.9))
def test_without_warping_the_hue_stays_within_its_sixth(angle):
    hue = 360 * colorsys.rgb_to_hsv(*hue_to_rgb(angle, warp=False))[0]
    distance = abs((hue - angle + 180) % 360 - 180)
    assert distance < 15


def test_warping_moves_away_from_the_primaries():
    plain, warped = (
        360 * colorsys.rgb_to_hsv(*hue_to_rgb(10, w))[0] for w in (False, True)
    )
    assert warped > plain


def test_one_strong_channel_shows_its_hue_at_its_strength():
    X = np.zeros([2, 3, 5])
    X[1, 2, 3] = 0.7
    rgb = collapse_channels(X)
    assert rgb.shape == (2, 3, 3)
    np.testing.assert_allclose(rgb[1, 2], 0.7 * hue_to_rgb(360 * 3 / 5), rtol=1e-3)
    assert (rgb[0] == 0).all()


def test_equal_channels_are_grey():
    rgb = collapse_channels(np.ones([1, 4, 6]))
    assert np.ptp(rgb[0, 0]) < 0.02


@given(hnp.arrays(np.float64, (2, 3, 4), elements=st.floats(0, 10)))
def test_the_length_of_the_channel_vector_is_kept(X):
    rgb = sparse_channels_to_rgb(X)
    np.testing.assert_allclose(
        np.linalg.norm(rgb, axis=-1), np.linalg.norm(X, axis=-1), atol=2e-3, rtol=1e-3
    )


def test_negative_values_get_a_hue_of_their_own():
    X = np.array([[[1.0, 0.0], [-1.0, 0.0]]])
    rgb = collapse_channels(X)
    np.testing.assert_allclose(rgb[0, 0], hue_to_rgb(0), atol=1e-3)
    np.testing.assert_allclose(rgb[0, 1], hue_to_rgb(180), atol=1e-3)
    with pytest.raises(ImageError, match="below 0"):
        sparse_channels_to_rgb(X)


def test_arrays_without_channels_are_refused():
    for X in (np.float64(3), np.zeros([2, 0])):
        with pytest.raises(ImageError, match="no channels"):
            collapse_channels(X)
