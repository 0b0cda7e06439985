"""Grids of pairs: aligned, symmetric, and showing both of a pair."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import LucidError
from lucid_widgets.recipes.neuron_interaction import interaction_grid

UNITS = ["conv2_pre_relu:1", "conv2_pre_relu:3", "conv1_pre_relu:2"]


def test_pictures_of_pairs_show_both_of_their_units(tiny_model):
    grid = interaction_grid(tiny_model, UNITS, size=(12, 16), n_steps=30)
    assert grid.images.shape == (3, 3, 12, 16, 3)
    np.testing.assert_array_equal(grid.images, grid.images.swapaxes(0, 1))
    assert grid.sheet().shape == (36, 48, 3)
    acts = tiny_model.activations(grid.images.reshape(-1, 12, 16, 3), "conv2_pre_relu")
    means = acts.mean(axis=(1, 2)).reshape(3, 3, 7)
    assert means[0, 0, 1] > means[1, 1, 1]
    assert means[1, 1, 3] > means[0, 0, 3]
    pair = means[0, 1, 1] + means[0, 1, 3]
    assert pair > max(means[0, 0, [1, 3]].sum(), means[1, 1, [1, 3]].sum())


def test_what_stands_alone_is_not_changed_by_the_pairs(tiny_model):
    first = interaction_grid(tiny_model, UNITS[:2], size=12, n_steps=3)
    second = interaction_grid(tiny_model, [UNITS[0], "conv2:5"], size=12, n_steps=3)
    np.testing.assert_allclose(first.images[0, 0], second.images[0, 0], atol=1e-5)


@pytest.mark.parametrize(
    "units", [[], ["conv2:1"], "conv2:1", ["conv2:1"] * 9, ["conv2:1", "conv2:7"]]
)
def test_other_numbers_of_units_are_refused(tiny_model, units):
    with pytest.raises(LucidError):
        interaction_grid(tiny_model, units)
