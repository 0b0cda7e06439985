import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.stimuli import rmin, rounded_corner, sample_binary_image


def disc(X, Y):
    return X**2 + Y**2 - 10**2


def left_half(X, Y):
    return X + 0 * Y


def test_negative_is_inside_and_inside_is_color_b():
    image = sample_binary_image(32, color_a=(1, 0, 0), color_b=(0, 0, 1))(disc)
    assert image.shape == (32, 32, 3)
    np.testing.assert_array_equal(image[16, 16], [0, 0, 1])
    np.testing.assert_array_equal(image[0, 0], [1, 0, 0])


def test_x_is_to_the_right_and_y_down():
    image = sample_binary_image(20)(left_half)
    assert image[:, :9].max() == 0
    assert image[:, 12:].min() == 1


def test_the_area_of_a_disc_is_right():
    image = sample_binary_image(32, alias_factor=40)(disc)
    assert (1 - image[..., 0]).sum() == pytest.approx(np.pi * 100, rel=0.03)


def test_more_samples_give_softer_edges():
    few, many = (
        len(np.unique(sample_binary_image(32, alias_factor=n)(disc))) for n in (1, 20)
    )
    assert few == 2
    assert many > 5


def test_a_boundary_line_is_where_the_sign_changes():
    image = sample_binary_image(40, boundary_line=True, boundary_width=1)(disc)
    radius = np.hypot(*np.mgrid[-20:20, -20:20])
    assert image[np.abs(radius - 10) < 0.3].max() < 0.2
    assert image[np.abs(radius - 10) > 3].min() == 1


def test_it_fades_to_a_colour_far_away():
    image = sample_binary_image(
        64, fade_beyond_radius=12, fade_over_distance=4, fade_color=(0.2, 0.4, 0.6)
    )(disc)
    np.testing.assert_allclose(image[0, 0], [0.2, 0.4, 0.6])
    np.testing.assert_allclose(image[32, 32], 0)


def test_it_blurs_far_away():
    plain, blurred = (
        sample_binary_image(64, alias_factor=30, blur_beyond_radius=r)(left_half)
        for r in (None, 5)
    )
    np.testing.assert_array_equal(plain[32], blurred[32])
    assert np.ptp(plain[2, 20:45]) == 1
    assert 0.05 < blurred[2, 26, 0] < 0.95


def test_the_same_seed_gives_the_same_picture():
    one, same, other = (sample_binary_image(32, seed=s)(disc) for s in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_sizes_must_be_positive():
    for options in ({"size": 0}, {"size": 5, "alias_factor": 0}):
        with pytest.raises(SettingError):
            sample_binary_image(**options)


@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(0, 5))
def test_rmin_is_a_symmetric_minimum_rounded_by_at_most_r(x, y, r):
    value = float(rmin(x, y, r))
    assert value <= min(x, y) + 1e-6
    assert value >= min(x, y) - r
    assert value == pytest.approx(float(rmin(y, x, r)), abs=1e-6)
    if abs(x - y) > r:
        assert value == min(x, y)


def direction_of_the_dark_side(image):
    # In a disc, so that the corners of the picture favour no direction.
    y, x = np.mgrid[-32:32, -32:32]
    dark = (image[..., 0] < 0.5) & (np.hypot(x, y) < 31)
    return np.degrees(np.arctan2(y[dark].mean(), x[dark].mean()))


def test_a_corner_turns_with_its_orientation():
    angles = [
        direction_of_the_dark_side(rounded_corner(orientation, r=0, size=64))
        for orientation in (0, 30, 90, 180)
    ]
    turned = (np.array(angles) - angles[0]) % 360
    np.testing.assert_allclose(turned, [0, 30, 90, 180], atol=3)


def test_rounding_takes_away_from_the_inside_of_the_corner():
    assert rounded_corner(30, 0, size=64).sum() != rounded_corner(30, 20, size=64).sum()


def test_a_wider_corner_covers_more():
    # The dark side is the intersection of two half planes.
    areas = [
        (rounded_corner(0, 0, angular_width=width, size=64)[..., 0] < 0.5).mean()
        for width in (45, 90, 135)
    ]
    assert areas == sorted(areas) or areas == sorted(areas, reverse=True)
    assert len(set(areas)) == 3
