import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc.io.tiling import columns_for, tile


@given(st.integers(1, 60), st.integers(1, 50), st.integers(1, 50))
def test_no_other_number_of_columns_is_nearer_to_a_square(count, height, width):
    def elongation(columns):
        rows = -(-count // columns)
        return max(columns * width / (rows * height), rows * height / (columns * width))

    best = min(elongation(columns) for columns in range(1, count + 1))
    assert elongation(columns_for(count, height, width)) == pytest.approx(best)


@given(
    st.tuples(*(st.integers(1, n) for n in (7, 4, 5, 3))),
    st.none() | st.integers(1, 9),
)
def test_every_image_is_where_it_should_be(shape, columns):
    images = np.random.default_rng(0).integers(1, 255, shape)
    count, height, width, _ = shape
    sheet = tile(images, columns)
    across = sheet.shape[1] // width
    assert sheet.dtype == images.dtype
    for index in range(sheet.shape[0] * sheet.shape[1] // (height * width)):
        row, column = divmod(index, across)
        found = sheet[
            row * height : (row + 1) * height, column * width : (column + 1) * width
        ]
        expected = images[index] if index < count else 0
        np.testing.assert_array_equal(found, np.broadcast_to(expected, found.shape))


def test_what_cannot_be_tiled_is_refused():
    with pytest.raises(ImageError):
        tile(np.zeros([2, 3, 4]))
    with pytest.raises(ImageError):
        tile(np.zeros([0, 2, 3, 4]))
    with pytest.raises(SettingError):
        tile(np.zeros([1, 2, 3, 4]), columns=0)
