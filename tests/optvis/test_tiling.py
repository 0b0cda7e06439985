"""Gradients tile by tile: the same as at once, in tiles of one shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lucid_widgets.errors import ImageError
from lucid_widgets.optvis.tiling import tiled_gradient


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    tile=st.integers(1, 50),
    offset=st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
)
@settings(max_examples=60, deadline=None)
def test_a_gradient_of_pixels_does_not_notice_tiles(height, width, tile, offset):
    image = np.random.default_rng(0).normal(size=(height, width, 2))
    shapes = set()

    def gradient(part):
        shapes.add(part.shape)
        return 2 * part

    found = tiled_gradient(gradient, image, tile, offset)
    np.testing.assert_allclose(found, 2 * image)
    assert len(shapes) == 1  # so that one compiled function does for all
    assert max(shapes.pop()[:2]) <= tile


def test_seams_lie_where_the_offset_says():
    image = np.zeros((4, 8, 1))

    def first_column(part):
        grad = np.zeros_like(part)
        grad[:, 0] = 1
        return grad

    for offset, columns in (((0, 0), [0, 4]), ((0, 3), [3, 7])):
        found = tiled_gradient(first_column, image, 4, offset)
        assert np.flatnonzero(found[0, :, 0]).tolist() == columns


def test_what_cannot_be_tiled_is_refused():
    for image, tile in ((np.zeros((4, 4)), 2), (np.zeros((4, 4, 3)), 0)):
        with pytest.raises(ImageError, match="expected"):
            tiled_gradient(lambda part: part, image, tile)
