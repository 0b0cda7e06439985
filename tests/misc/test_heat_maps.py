"""Heat maps: sizes, signs and colours."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc.heat_maps import (
    AGAINST,
    FOR,
    color_limit,
    heat_colors,
    overlay,
    resize_map,
    signed_colors,
)


def test_maps_are_enlarged_in_their_place():
    values = np.array([[0.0, 1, 2], [3, 4, 5]])
    blocks = resize_map(values, 4, 6, smooth=False)
    np.testing.assert_array_equal(blocks, np.kron(values, np.ones([2, 2])))
    smooth = resize_map(values[None, None], 20, 30)
    assert smooth.shape == (1, 1, 20, 30)
    assert smooth[0, 0, 0, 0] == 0
    assert smooth[0, 0, -1, -1] == 5
    assert (np.diff(smooth[0, 0], axis=1) >= 0).all()


def test_signs_have_their_colours():
    colours = signed_colors([1.0, 0, -1, 0.5, -9], limit=1)
    np.testing.assert_allclose(colours[0], FOR, atol=1e-6)
    np.testing.assert_array_equal(colours[1], 1)
    np.testing.assert_allclose(colours[2], AGAINST, atol=1e-6)
    np.testing.assert_allclose(colours[3], (1 + FOR) / 2, atol=1e-6)
    np.testing.assert_allclose(colours[4], AGAINST, atol=1e-6)


def _as_seen_without(cone: int, colour: np.ndarray) -> np.ndarray:
    """Return a colour without one kind of cone (0: red, 1: green), roughly.

    The missing cone's answer is taken from the other one of the two.
    """
    seen = colour.copy()
    seen[[0, 1]] = colour[1 - cone]
    return seen


@pytest.mark.parametrize("cone", [0, 1])
def test_for_and_against_differ_without_red_or_green_cones_too(cone):
    for_, against = (_as_seen_without(cone, c) for c in (FOR, AGAINST))
    assert np.abs(for_ - against).max() > 0.4


def test_heat_gets_lighter_all_the_way():
    colours = heat_colors(np.linspace(0, 1, 50), limit=1)
    lightness = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()
    assert 0 <= colours.min() <= colours.max() <= 1
    np.testing.assert_array_equal(heat_colors(-1.0, 1), heat_colors(0.0, 1))


def test_an_overlay_shows_the_photo_where_nothing_is():
    photo = np.random.default_rng(0).random([12, 18, 3]).astype(np.float32)
    values = np.zeros([2, 3])
    values[0, 2] = 4
    values[1, 0] = -4
    shown = overlay(photo, values, smooth=False)
    assert (shown.shape, shown.dtype) == ((12, 18, 3), np.float32)
    grey = photo.mean(-1) * 0.75 + 0.2
    np.testing.assert_allclose(
        shown[:6, :6], np.stack([grey[:6, :6]] * 3, -1), atol=1e-6
    )
    orange, blue = shown[:6, 12:].mean((0, 1)), shown[6:, :6].mean((0, 1))
    assert orange[0] > orange[2] + 0.3
    assert blue[2] > blue[0] + 0.3


def test_a_map_of_nothing_has_a_limit():
    assert color_limit(np.zeros([3, 3])) == 1
    assert np.isfinite(overlay(np.ones([4, 6, 3]), np.zeros([2, 2]))).all()


@pytest.mark.parametrize(
    ("photo", "values", "how", "error"),
    [
        (np.ones([4, 6]), np.ones([2, 2]), {}, ImageError),
        (np.ones([4, 6, 3]), np.ones([1, 2, 2]), {}, ImageError),
        (np.ones([4, 6, 3]), np.full([2, 2], np.nan), {}, ImageError),
        (np.ones([4, 6, 3]), np.ones([2, 2]), {"strength": 2}, SettingError),
        (np.ones([4, 6, 3]), np.ones([2, 2]), {"limit": -1}, SettingError),
    ],
)
def test_what_cannot_be_shown_is_refused(photo, values, how, error):
    with pytest.raises(error):
        overlay(photo, values, **how)
