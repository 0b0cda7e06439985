import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.iter_nd_utils import (
    batch_iter,
    dict_to_ndarray,
    recursive_enumerate_nd,
)


@given(hnp.arrays(np.float32, hnp.array_shapes(max_dims=4, max_side=4)))
def test_enumerating_and_putting_together_again_changes_nothing(array):
    pairs = dict(recursive_enumerate_nd(array))
    assert len(pairs) == array.size
    np.testing.assert_array_equal(dict_to_ndarray(pairs), array)


def test_generators_inside_of_generators_are_walked_through():
    nested = ((x * 10 + y for y in range(3)) for x in range(2))
    assert dict(recursive_enumerate_nd(nested))[(1, 2)] == 12


def test_images_can_be_kept_whole():
    grid = np.random.default_rng(0).random([2, 3, 4, 5, 3])
    pairs = dict(recursive_enumerate_nd(grid, stop_iter=lambda x: x.ndim <= 3))
    assert sorted(pairs) == list(itertools.product(range(2), range(3)))
    np.testing.assert_array_equal(dict_to_ndarray(pairs), grid)


def test_texts_are_values():
    assert list(recursive_enumerate_nd(["ab", [b"c"]])) == [
        ((0,), "ab"),
        ((1, 0), b"c"),
    ]


def test_arrays_of_rank_0_are_values():
    assert list(recursive_enumerate_nd([np.array(3)])) == [((0,), 3)]


def test_missing_entries_are_zero():
    assert dict_to_ndarray({(0, 2): 5}).tolist() == [[0, 0, 5]]
    assert dict_to_ndarray({(1,): np.array([1, 2])}).tolist() == [[0, 0], [1, 2]]


def test_indices_must_agree():
    for wrong in ({}, {(0,): 1, (0, 1): 2}):
        with pytest.raises(SettingError):
            dict_to_ndarray(wrong)


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_hold_everything_in_order(items, size):
    batches = list(batch_iter(items, size))
    assert list(itertools.chain(*batches)) == items
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(batches)


def test_batches_are_made_as_they_are_wanted():
    assert next(batch_iter(itertools.count(), 3)) == [0, 1, 2]
    with pytest.raises(SettingError):
        next(batch_iter([1], 0))
