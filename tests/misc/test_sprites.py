import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc import sprites
from lucid_widgets.misc.sprites import SheetLayout, sprite_sheet

layouts = st.builds(
    SheetLayout,
    count=st.integers(1, 12),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    columns=st.integers(1, 12),
    gap=st.integers(0, 3),
    label_height=st.integers(0, 4),
)


@given(layouts)
def test_every_pixel_of_a_tile_leads_back_to_it_and_no_other_does(layout):
    owner = np.full([layout.rows * layout.cell_height, layout.columns * layout.cell_width], -1)  # fmt: skip
    for index in range(layout.count):
        row, column = layout.position(index)
        area = owner[row : row + layout.height, column : column + layout.width]
        assert area.shape == (layout.height, layout.width)
        assert (area == -1).all(), "tiles overlap"
        area[:] = index
    for (row, column), index in np.ndenumerate(owner):
        assert layout.index_at(row, column) == (None if index < 0 else index)
    assert layout.index_at(-1, 0) is None
    assert layout.index_at(0, -1) is None
    assert layout.index_at(10**6, 0) is None


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 7),
    st.sampled_from([1, 3, 4]),
    st.none() | st.integers(1, 9),
    st.integers(0, 3),
)
def test_images_are_found_where_the_layout_says(count, channels, columns, gap):
    images = np.random.default_rng(0).random([count, 5, 8, channels], np.float32)
    sheet = sprite_sheet(images, columns=columns, gap=gap, background=0.25)
    layout = sprites.sheet_layout(images, columns=columns, gap=gap, label_height=0)
    assert sheet.dtype == np.float32
    between = np.ones(sheet.shape[:2], bool)
    for index, image in enumerate(images):
        row, column = layout.position(index)
        np.testing.assert_array_equal(sheet[row : row + 5, column : column + 8], image)
        between[row : row + 5, column : column + 8] = False
    if between.any():
        pixel = [0.25] * min(channels, 3) + [1] * (channels == 4)
        assert np.unique(sheet[between], axis=0).tolist() == [pixel]


def test_labels_stand_over_their_images_and_leave_them_alone():
    images = np.random.default_rng(0).random([2, 40, 60, 3], np.float32)
    sheet = sprite_sheet(images, ["7", ""], columns=2)
    plain = sprite_sheet(images, columns=2)
    height = sheet.shape[0] - plain.shape[0]
    assert height > 8
    np.testing.assert_array_equal(sheet[height:], plain)
    assert sheet[:height, :60].min() < 0.3
    assert sheet[:height, 60:].min() == 1


def test_labels_are_light_on_dark():
    sheet = sprite_sheet(np.zeros([1, 20, 60, 1]), ["476"], background=0)
    assert sheet[:16].max() > 0.7


def test_a_long_label_does_not_reach_into_the_next_tile():
    images = np.ones([2, 10, 50, 3], np.float32)
    sheet = sprite_sheet(images, ["a very long label indeed", ""], columns=2, gap=2)
    assert sheet[:, :50].min() < 0.5
    assert sheet[:, 50:].min() == 1


def test_hostile_labels_are_only_drawn():
    images = np.ones([3, 10, 50, 3], np.float32)
    sheet = sprite_sheet(images, ["a\nb", "<img>", "\u0000\u202e漢"], columns=3)
    assert (sheet[16:] == 1).all()


def test_lists_of_images_and_batches_are_stacked():
    one, two = np.zeros([4, 6, 3]), np.ones([2, 4, 6, 3])
    assert sprite_sheet([one, two], columns=3).shape == (4, 18, 3)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "0 different shapes"),
        ([np.zeros([4, 6, 3]), np.zeros([6, 4, 3])], r"\(4, 6, 3\), \(6, 4, 3\)"),
        (np.zeros([4, 6]), "no images"),
        (np.zeros([0, 4, 6, 3]), "no images"),
    ],
)
def test_what_does_not_fit_on_a_sheet_is_refused(images, message):
    with pytest.raises(ImageError, match=message):
        sprite_sheet(images)


def test_a_sheet_cannot_fill_the_memory():
    pixel = np.broadcast_to(np.float32(0), [2**20, 16, 17, 1])
    with pytest.raises(ImageError, match="show fewer"):
        sprites.sheet_layout(pixel, columns=None, gap=0, label_height=0)


@pytest.mark.parametrize("options", [{"labels": ["a"]}, {"gap": -1}, {"columns": 0}])
def test_wrong_options_are_refused(options):
    with pytest.raises(SettingError):
        sprite_sheet(np.zeros([2, 3, 4, 3]), **options)
