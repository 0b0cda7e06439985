"""Activation grids: every position gets its picture, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ImageError, LayerNotFoundError, SettingError
from lucid_widgets.recipes.activation_grid import (
    _blend,
    activation_grid,
    grow_activation_grid,
)

PHOTO = np.random.default_rng(0).random((20, 28, 3), np.float32)
SMALL = {"icon_size": 12, "n_steps": 12, "batch_size": 16, "subsample": 4}


def projections(model, grid):
    """Return each icon's mean activations along those of its position."""
    icons = grid.icons.reshape(-1, *grid.icons.shape[2:])
    seen = model.activations(icons, "conv2").mean(axis=(1, 2))
    wanted = model.activations(grid.photo, "conv2")[0][1::4, 1::4].reshape(-1, 7)
    return (seen * wanted).sum(axis=1) / np.linalg.norm(wanted, axis=1)


def test_icons_go_where_the_activations_of_their_position_point(tiny_model):
    options = {**SMALL, "n_steps": 24}
    stages = list(grow_activation_grid(tiny_model, PHOTO, "conv2", **options))
    first, last = stages[0], stages[-1]
    assert last.icons.shape == (3, 4, 12, 12, 3)
    assert last.norms.shape == (3, 4)
    assert 0 <= last.icons.min() < last.icons.max() <= 1
    before, after = projections(tiny_model, first), projections(tiny_model, last)
    assert (after > before).mean() > 0.8
    assert after.mean() > 1.2 * before.mean()
    assert last.sheet().shape == (36, 48, 3)
    assert last.sheet(by_norm=True).mean() > last.sheet().mean()


def test_progress_comes_batch_by_batch_and_what_was_given_out_stays(tiny_model):
    options = {**SMALL, "batch_size": 5, "n_steps": 2}
    stages = grow_activation_grid(tiny_model, PHOTO, "conv2", **options)
    first = next(stages)
    kept = first.icons.copy()
    drawn = (first.icons != 0.5).any(axis=(2, 3, 4)).sum()
    assert drawn == 5  # 12 icons in batches of 5
    rest = [stage.progress for stage in stages]
    np.testing.assert_array_equal(first.icons, kept)
    np.testing.assert_allclose(
        [first.progress, *rest], [5 / 24, 10 / 24, 0.5, 17 / 24, 22 / 24, 1]
    )


def test_equal_seeds_give_equal_icons(tiny_model):
    def icons(seed):
        options = {**SMALL, "n_steps": 2, "seed": seed}
        return activation_grid(tiny_model, PHOTO, "conv2", **options).icons

    np.testing.assert_array_equal(icons(3), icons(3))
    assert np.abs(icons(3) - icons(4)).max() > 1e-3


def test_neighbours_share_pictures_and_every_icon_is_made_of_one_in_all():
    blend = _blend((9, 6)).reshape(9, 6, -1)
    assert blend.shape[-1] == 3 * 2
    np.testing.assert_allclose(blend.sum(axis=-1), 1, rtol=1e-6)
    np.testing.assert_allclose(blend[:, ::-1].reshape(9, 6, 3, 2)[..., ::-1],
                               blend.reshape(9, 6, 3, 2), atol=1e-6)  # fmt: skip
    assert (blend[0, 0] * blend[1, 0]).sum() > (blend[0, 0] * blend[8, 5]).sum() == 0


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (ImageError, {"image": PHOTO * 9}),
        (LayerNotFoundError, {"layer": "conv9"}),
        (SettingError, {"n_steps": 0}),
        (SettingError, {"batch_size": 0}),
        (SettingError, {"subsample": 1.5}),
        (SettingError, {"icon_size": 0}),
        (SettingError, {"seed": -1}),
        (SettingError, {"size": 400}),
    ],
)
def test_bad_input_is_refused_before_the_work(tiny_model, error, given):
    with pytest.raises(error):
        grow_activation_grid(
            **{"model": tiny_model, "image": PHOTO, "layer": "conv2", **given}
        )
