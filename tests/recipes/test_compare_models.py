"""Comparing layers, against numpy's correlation and the definition of CKA."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import LoadError, LucidError, SettingError
from lucid_widgets.recipes.compare_models import compare_layers, comparing_layers

PHOTOS = np.random.default_rng(0).random((7, 20, 28, 3), np.float32)


def test_correlations_and_cka_equal_their_definitions(tiny_model):
    found = compare_layers(
        tiny_model, "pool1", tiny_model, "conv2_pre_relu", PHOTOS, batch_size=3
    )
    a = tiny_model.activations(PHOTOS, "pool1").reshape(-1, 5).astype(np.float64)
    b = tiny_model.activations(PHOTOS, "conv2_pre_relu").reshape(-1, 7)
    expected = np.corrcoef(a.T, b.T)[:5, 5:]
    np.testing.assert_allclose(found.correlation, expected, atol=1e-4)
    a, b = a - a.mean(0), b - b.mean(0)
    cka = np.linalg.norm(a.T @ b) ** 2
    cka /= np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    assert found.cka == pytest.approx(cka, rel=1e-4)
    assert (found.samples, found.photos, found.skipped) == (7 * 140, 7, 0)
    channel, value = found.nearest(3)[0]
    assert channel == expected[3].argmax()
    assert value == pytest.approx(expected[3].max(), abs=1e-4)
    assert found.nearest(2, 1, backwards=True)[0][0] == expected[:, 2].argmax()
    assert found.matches()[0][2] == pytest.approx(expected.max(), abs=1e-4)
    with pytest.raises(SettingError):
        found.nearest(5)


def test_a_layer_equals_itself_also_in_an_edited_copy(tiny_model):
    scaled = tiny_model.edit(scale={"conv2": 3.0})
    found = compare_layers(tiny_model, "conv2", scaled, "conv2", PHOTOS)
    assert found.cka == pytest.approx(1, abs=1e-5)
    alive = np.diag(found.correlation) != 0
    np.testing.assert_allclose(np.diag(found.correlation)[alive], 1, atol=1e-4)


def test_grids_of_different_sizes_are_compared_by_means(tiny_model):
    found = compare_layers(tiny_model, "conv1", tiny_model, "conv2", PHOTOS)
    a = tiny_model.activations(PHOTOS, "conv1")
    a = a.reshape(7, 10, 2, 14, 2, 5).mean(axis=(2, 4)).reshape(-1, 5)
    b = tiny_model.activations(PHOTOS, "conv2").reshape(-1, 7)
    expected = np.corrcoef(a.T, b.T)[:5, 5:]
    moving = b.std(axis=0) > 1e-6
    np.testing.assert_allclose(
        found.correlation[:, moving], expected[:, moving], atol=1e-4
    )


def test_bad_input_is_refused(tiny_model, tmp_path):
    for given in ({"layer": "conv9"}, {"batch_size": 0}, {"images": []}):
        arguments = {"layer": "conv2", "images": PHOTOS, **given}
        with pytest.raises(LucidError):
            comparing_layers(tiny_model, arguments.pop("layer"), tiny_model, "conv2",
                             **arguments)  # fmt: skip
    with pytest.raises(LoadError):
        compare_layers(tiny_model, "conv2", tiny_model, "conv2", tmp_path)
