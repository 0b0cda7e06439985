"""Semantic dictionaries, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import (
    ImageError,
    LayerNotFoundError,
    LucidError,
    SettingError,
)
from lucid_widgets.recipes.positions import cell_box, field_box
from lucid_widgets.recipes.semantic_dictionary import semantic_dictionary

PHOTO = np.random.default_rng(0).random((20, 28, 3), np.float32)


def test_the_strongest_channels_of_every_position_come_first(tiny_model):
    found = semantic_dictionary(tiny_model, PHOTO, "conv2_pre_relu", top=3)
    acts = tiny_model.activations(PHOTO, "conv2_pre_relu")[0]
    assert found.grid == acts.shape[:2] == (10, 14)
    for row in range(10):
        for column in range(14):
            cell = acts[row, column].tolist()
            expected = sorted(range(7), key=lambda n: -cell[n])[:3]
            assert found.channels[row, column].tolist() == expected
            assert found.values[row, column].tolist() == [cell[n] for n in expected]
    np.testing.assert_allclose(found.norms, (acts**2).sum(-1) ** 0.5, rtol=1e-5)
    means = acts.mean((0, 1))
    assert found.overall.tolist() == np.argsort(-means)[:3].tolist()
    np.testing.assert_array_equal(found.overall_values, means[found.overall])


def test_the_vocabulary_lists_every_channel_once_the_most_frequent_first(tiny_model):
    found = semantic_dictionary(tiny_model, PHOTO, "conv2", top=2)
    counts = [(found.channels == n).sum() for n in found.vocabulary]
    assert sorted(found.vocabulary) == sorted(set(found.channels.ravel().tolist()))
    assert counts == sorted(counts, reverse=True)


def test_more_pixels_make_more_positions_and_top_is_limited_by_the_layer(tiny_model):
    found = semantic_dictionary(tiny_model, PHOTO, "conv2", top=50, size=40)
    assert found.photo.shape == (40, 56, 3)
    assert found.channels.shape == (20, 28, 7)
    assert semantic_dictionary(tiny_model, PHOTO, "softmax").grid == (1, 1)


def test_cells_cover_the_photo_without_gap_or_overlap():
    covered = np.zeros((21, 29), int)
    for row in range(4):
        for column in range(5):
            top, left, bottom, right = cell_box((21, 29, 3), (4, 5), row, column)
            covered[top:bottom, left:right] += 1
    assert (covered == 1).all()
    assert cell_box((2, 2), (4, 4), 3, 0) == (2, 0, 3, 1)
    with pytest.raises(SettingError, match="rows 0 to 3"):
        cell_box((21, 29), (4, 5), 4, 0)


def test_receptive_fields_stay_inside_the_photo():
    assert field_box((20, 28), (10, 14), 5, 7, 6) == (8, 12, 14, 18)
    assert field_box((20, 28), (10, 14), 0, 13, 7) == (0, 21, 7, 28)
    assert field_box((20, 28), (10, 14), 5, 7, 24) == (0, 3, 20, 27)
    assert field_box((20, 28), (1, 1), 0, 0, None) == (0, 0, 20, 28)


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (ImageError, {"image": PHOTO * 255}),
        (ImageError, {"image": PHOTO[None]}),
        (LayerNotFoundError, {"layer": "conv9"}),
        (SettingError, {"top": 0}),
        (SettingError, {"top": True}),
        (LucidError, {"size": -3}),
    ],
)
def test_bad_input_is_refused(tiny_model, error, given):
    with pytest.raises(error):
        semantic_dictionary(
            **{"model": tiny_model, "image": PHOTO, "layer": "conv2", **given}
        )
