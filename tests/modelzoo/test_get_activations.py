from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.modelzoo.get_activations import get_activations, get_activations_iter


@pytest.mark.parametrize(
    ("reducer", "join"),
    [
        ("mean", lambda a, b: (a + b) / 2),
        ("max", np.maximum),
        ("rms", lambda a, b: np.sqrt((a**2 + b**2) / 2)),
    ],
)
def test_repeated_indices_are_put_together(tiny, photos, reducer, join):
    layer = "mixed3a_pre_relu"
    a, b, c = tiny.activations(photos, layer)
    pairs = [("x", photos[0]), ((1, 2), photos[2]), ("x", photos[1])]
    found = get_activations_iter(tiny, layer, iter(pairs), reducer, batch_size=2)
    assert list(found) == ["x", (1, 2)]
    assert a.min() < 0
    np.testing.assert_allclose(found["x"], join(a, b), atol=1e-4)
    single = {"rms": np.abs}.get(reducer, np.asarray)
    np.testing.assert_allclose(found[1, 2], single(c), atol=1e-4)


def test_nested_collections_keep_their_arrangement(tiny, photos):
    expected = tiny.activations(photos, "softmax2")
    nested = [[photos[0], photos[1], photos[2]], [photos[2], photos[1], photos[0]]]
    found = get_activations(tiny, "softmax2", nested, batch_size=4)
    assert found.shape == (2, 3, 200)
    np.testing.assert_allclose(found[1, 0], expected[2], atol=1e-6)
    array = np.stack([photos, photos[::-1]])
    np.testing.assert_allclose(
        get_activations(tiny, "softmax2", array, dtype=np.float64), found, atol=1e-6
    )
    flat = get_activations(tiny, "softmax2", iter(photos), ind_shape=(3, 1))
    np.testing.assert_allclose(flat[:, 0], expected, atol=1e-6)
    with pytest.raises(ImageError, match="cannot be arranged"):
        get_activations(tiny, "softmax2", photos, ind_shape=(2, 2))


def test_bad_input_is_refused(tiny, photos):
    with pytest.raises(SettingError, match="'mean'"):
        get_activations_iter(tiny, "mixed3a", [(0, photos[0])], "meen")
    with pytest.raises(ImageError, match="no images"):
        get_activations_iter(tiny, "mixed3a", [])
    with pytest.raises(ImageError, match="several sizes"):
        get_activations_iter(tiny, "mixed3a", [(0, photos[0]), (0, photos[0][:32])])
