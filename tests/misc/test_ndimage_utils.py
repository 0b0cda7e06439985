import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lucid_widgets.errors import ImageError, MissingPackageError, SettingError
from lucid_widgets.misc.ndimage_utils import composite, resize, soft_alpha_blend

pytest.importorskip("scipy")


def image(height=6, width=9, channels=3):
    return np.random.default_rng(0).random([height, width, channels])


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 30))
def test_the_size_is_height_and_width(height, width):
    assert resize(image(), (height, width)).shape == (height, width, 3)
    assert resize(image()[None], (height, width)).shape == (1, height, width, 3)


def test_one_number_makes_a_square():
    assert resize(image(), 5).shape == (5, 5, 3)
    assert resize(image(), np.int64(5)).shape == (5, 5, 3)


def test_ratios_multiply():
    assert resize(image(), ratios=2).shape == (12, 18, 3)
    assert resize(image(), ratios=(0.5, 2 / 3)).shape == (3, 6, 3)


def test_a_gradient_stays_a_gradient():
    ramp = np.linspace(0, 1, 8)[:, None, None].repeat(5, 1)
    np.testing.assert_allclose(
        resize(ramp, (15, 5), order=1)[:, 0, 0], np.linspace(0, 1, 15), atol=1e-9
    )


def test_channels_and_batches_are_not_mixed():
    two = np.stack([np.zeros([4, 6, 3]), np.ones([4, 6, 3])])
    resized = resize(two, (7, 5))
    np.testing.assert_allclose(resized[0], 0, atol=1e-9)
    np.testing.assert_allclose(resized[1], 1, atol=1e-9)


@pytest.mark.parametrize("same", [(6, 9), [6, 9], np.array([6, 9])])
def test_the_same_size_gives_a_copy(same):
    original = image()
    resized = resize(original, same)
    np.testing.assert_array_equal(resized, original)
    assert resized is not original


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"target_size": 3, "ratios": 2},
        {"target_size": 0},
        {"target_size": (3, -1)},
        {"target_size": (3, 4, 5)},
        {"target_size": 2.5},
        {"ratios": 0},
        {"ratios": float("nan")},
        {"target_size": "12"},
    ],
)
def test_impossible_sizes_are_refused(options):
    with pytest.raises(SettingError):
        resize(image(), **options)


def test_other_ranks_are_refused():
    for shape in ([4, 5], [1, 1, 4, 5, 3], [0, 4, 3]):
        with pytest.raises(ImageError):
            resize(np.zeros(shape), 3)


def test_without_scipy_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    with pytest.raises(MissingPackageError, match=r"lucid-widgets\[analysis\]"):
        resize(image(), 3)


@pytest.mark.parametrize(
    ("position", "rows", "columns"),
    [((0, 0), slice(0, 4), slice(0, 4)), ((1, 1), slice(4, 8), slice(12, 16)), ((0.5, 0.25), slice(2, 6), slice(3, 7))],
)  # fmt: skip
def test_the_position_is_y_and_x_in_the_space_that_is_left(position, rows, columns):
    background = np.zeros([8, 16, 3])
    result = composite(background, np.ones([5, 5, 3]), 0.25, position)
    expected = np.zeros([8, 16, 3])
    expected[rows, columns] = 1
    np.testing.assert_allclose(result, expected, atol=1e-9)
    assert (background == 0).all()


def test_a_foreground_of_no_width_is_not_there():
    np.testing.assert_array_equal(composite(image(), image(3, 3), 0), image())


def test_foregrounds_that_do_not_fit_are_refused():
    with pytest.raises(SettingError, match="does not fit"):
        composite(np.zeros([4, 20, 3]), image(), 0.5)
    with pytest.raises(SettingError, match="foreground_position"):
        composite(np.zeros([8, 8, 3]), image(), 0.25, (0, 2))
    with pytest.raises(ImageError, match="channels"):
        composite(np.zeros([8, 8, 3]), image(channels=4))


def test_opaque_places_keep_their_colour_and_clear_ones_turn_light():
    rgba = np.full([2, 3, 4], 0.5)
    rgba[0, :, 3], rgba[1, :, 3] = 1, 0
    blended = soft_alpha_blend(rgba, amount_background=0.25)
    assert blended.shape == (2, 3, 3)
    np.testing.assert_allclose(blended[0], 0.5)
    np.testing.assert_allclose(blended[1], 0.25 * 0.5 + 0.75)


def test_blending_is_done_on_light():
    rgba = np.array([[[0.0, 0.0, 0.0, 0.5]]])
    expected = (0.5 * 0 + 0.5 * 1**2.2) ** (1 / 2.2)
    np.testing.assert_allclose(soft_alpha_blend(rgba, amount_background=0), expected)


def test_blending_needs_four_channels():
    with pytest.raises(ImageError, match="transparency"):
        soft_alpha_blend(image())
