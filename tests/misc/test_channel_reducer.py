import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from lucid_widgets.errors import MissingPackageError, SettingError
from lucid_widgets.misc.channel_reducer import ChannelReducer

decomposition = pytest.importorskip("sklearn.decomposition")


def acts(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)


def nmf(n_components=3):
    return ChannelReducer(n_components, random_state=0, max_iter=2000, tol=1e-3)


@pytest.mark.parametrize("shape", [(20, 8), (3, 5, 8), (2, 3, 5, 8)])
def test_only_the_last_axis_is_reduced(shape):
    assert nmf()(acts(*shape)).shape == (*shape[:-1], 3)


def test_channels_that_fire_together_become_one():
    rng = np.random.default_rng(0)
    groups = rng.random([6, 7, 2])
    mixed = np.concatenate([groups[..., :1].repeat(3, -1), groups[..., 1:].repeat(4, -1)], -1)  # fmt: skip
    reducer = nmf(2)
    reduced = reducer(mixed)
    np.testing.assert_allclose(reduced @ reducer.components, mixed, atol=0.02)
    correlations = np.corrcoef(reduced.reshape(-1, 2).T, groups.reshape(-1, 2).T)[
        :2, 2:
    ]
    assert (correlations.max(axis=1) > 0.99).all()


def test_it_is_the_same_as_scikit_learn_on_flat_data():
    data = acts(4, 5, 8)
    ours = ChannelReducer(3, "PCA", random_state=0).fit_transform(data)
    theirs = decomposition.PCA(3, random_state=0).fit_transform(data.reshape(20, 8))
    np.testing.assert_allclose(ours.reshape(20, 3), theirs, rtol=1e-5)


def test_the_first_call_learns_and_later_ones_apply():
    reducer = ChannelReducer(2, decomposition.PCA, random_state=0)
    first = reducer(acts(4, 5, 8))
    components = reducer.components.copy()
    assert reducer(acts(3, 8)).shape == (3, 2)
    np.testing.assert_array_equal(reducer.components, components)
    np.testing.assert_allclose(reducer.transform(acts(4, 5, 8)), first, atol=1e-5)


def test_fit_returns_the_reducer_and_inverse_goes_back():
    data = acts(4, 5, 8)
    reducer = ChannelReducer(8, "PCA").fit(data)
    np.testing.assert_allclose(
        reducer.inverse_transform(reducer(data)), data, atol=1e-5
    )


def test_unknown_attributes_raise_and_known_ones_are_listed():
    reducer = nmf().fit(acts(20, 8))
    assert "components" in dir(reducer)
    with pytest.raises(AttributeError, match="did you mean 'components'"):
        _ = reducer.component


def test_reducers_can_be_copied_and_pickled():
    reducer = nmf().fit(acts(20, 8))
    for other in (copy.deepcopy(reducer), pickle.loads(pickle.dumps(reducer))):
        np.testing.assert_array_equal(other(acts(4, 8)), reducer(acts(4, 8)))


@pytest.mark.parametrize("n", [0, -1, 2.5, "3"])
def test_the_number_of_components_must_be_a_count(n):
    with pytest.raises(ValueError, match="n_components"):
        ChannelReducer(n)


def test_an_unknown_algorithm_names_the_closest():
    with pytest.raises(SettingError, match="'NMF'"):
        ChannelReducer(3, "NMFF")
    with pytest.raises(SettingError, match="non_negative_factorization"):
        ChannelReducer(3, "non_negative_factorization")  # a function, no class


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.decomposition", None)
    with pytest.raises(MissingPackageError, match=r"lucid-widgets\[analysis\]") as e:
        ChannelReducer()
    assert isinstance(e.value, ImportError)


def test_importing_the_module_does_not_import_scikit_learn():
    code = "import sys, lucid_widgets.misc.channel_reducer; assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
