from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ImageError
from lucid_widgets.modelzoo.util import (
    aligned_activations,
    layer_covariance,
    layer_inverse_covariance,
)


def test_covariance_equals_numpys_and_lucids():
    rng = np.random.default_rng(0)
    a, b = rng.normal(2, 1, (50, 3)), rng.normal(-1, 1, (50, 4))
    both = np.cov(a.T, b.T, bias=True)
    np.testing.assert_allclose(layer_covariance(a, b), both[:3, 3:])
    np.testing.assert_allclose(layer_covariance(a), both[:3, :3])
    np.testing.assert_allclose(layer_covariance(a, b, centred=False), a.T @ b / 50)


def test_the_inverse_survives_channels_that_never_vary():
    a = np.random.default_rng(0).normal(0, 1, (50, 3))
    a[:, 1] = 4
    inverse = layer_inverse_covariance(a)
    assert inverse[1].tolist() == [0, 0, 0]
    kept = np.ix_([0, 2], [0, 2])
    np.testing.assert_allclose(
        inverse[kept] @ layer_covariance(a)[kept], np.eye(2), atol=1e-9
    )


def test_arrays_that_are_not_aligned_are_refused():
    with pytest.raises(ImageError, match="equally many samples"):
        layer_covariance(np.zeros([3, 2]), np.zeros([4, 2]))


def test_rows_come_from_the_same_places(tiny, photos):
    rows = aligned_activations(
        tiny, photos, ("mixed4a", "mixed4a_pre_relu", "softmax2"), per_image=5, seed=3
    )
    assert rows["mixed4a"].shape == (15, 272)
    assert rows["softmax2"].shape == (15, 200)
    np.testing.assert_array_equal(
        rows["mixed4a"], np.maximum(rows["mixed4a_pre_relu"], 0)
    )
    assert len(np.unique(rows["mixed4a"], axis=0)) > 5
    again = aligned_activations(tiny, photos, ("mixed4a",), per_image=5, seed=3)
    np.testing.assert_array_equal(rows["mixed4a"], again["mixed4a"])


def test_the_places_do_not_depend_on_the_batches(tiny, photos):
    whole = aligned_activations(tiny, photos, "mixed4a", per_image=2)
    parts = aligned_activations(tiny, photos, ["mixed4a"], per_image=2, batch_size=1)
    np.testing.assert_allclose(parts["mixed4a"], whole["mixed4a"], atol=1e-5)
    with pytest.raises(ImageError, match="no images"):
        aligned_activations(tiny, photos[:0], "mixed4a")
