"""Many channels to a few, with scikit-learn's decompositions.

Activations ``[..., channels]`` of any rank become ``[..., n_components]``; with NMF, the
default, every component is a group of channels that fire together.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucid_widgets.errors import MissingPackageError, SettingError, did_you_mean


class ChannelReducer:
    """A decomposition of scikit-learn, applied to the last axis.

    What the decomposition has learned is there without the underscore:
    ``reducer.components`` is scikit-learn's ``components_``. (Unknown names raise; in
    Lucid they are None.)

    Args:
        n_components: how many channels to keep.
        reduction_alg: name of a class in `sklearn.decomposition` ("NMF", "PCA",
            "FastICA", ...), or such a class.
        **kwargs: passed on to it; ``random_state=0`` makes results repeatable.

    Raises:
        MissingPackageError: scikit-learn is not installed.
        SettingError: no such decomposition, or `n_components` is no positive number.

    Example:
        >>> acts = np.random.default_rng(0).random([7, 5, 16])
        >>> ChannelReducer(3, random_state=0, max_iter=1000)(acts).shape
        (7, 5, 3)
    """

    def __init__(
        self,
        n_components: int = 3,
        reduction_alg: str | type[Any] = "NMF",
        **kwargs: Any,
    ) -> None:
        if not isinstance(n_components, Integral) or n_components < 1:
            raise SettingError(
                f"n_components is {n_components!r}; expected a whole number above 0"
            )
        algorithm = _find_algorithm(reduction_alg)
        self.n_components = int(n_components)
        self._reducer = algorithm(n_components=self.n_components, **kwargs)
        self._is_fit = False

    def fit(self, acts: ArrayLike) -> ChannelReducer:
        """Learn the components from activations ``[..., channels]``."""
        self._reducer.fit(_flat(acts))
        self._is_fit = True
        return self

    def fit_transform(self, acts: ArrayLike) -> NDArray[Any]:
        """Learn the components, and return ``[..., n_components]``."""
        reduced = _on_last_axis(self._reducer.fit_transform, acts)
        self._is_fit = True
        return reduced

    def transform(self, acts: ArrayLike) -> NDArray[Any]:
        """Return ``[..., n_components]``, with the components learned before."""
        return _on_last_axis(self._reducer.transform, acts)

    def inverse_transform(self, reduced: ArrayLike) -> NDArray[Any]:
        """Return ``[..., channels]`` from ``[..., n_components]``."""
        return _on_last_axis(self._reducer.inverse_transform, reduced)

    def __call__(self, acts: ArrayLike) -> NDArray[Any]:
        """Learn at the first call, apply at every later one."""
        return self.transform(acts) if self._is_fit else self.fit_transform(acts)

    def __getattr__(self, name: str) -> Any:
        # Only called for names that are not found in the usual way. While an object
        # is being copied or unpickled there is no reducer yet.
        reducer = self.__dict__.get("_reducer")
        if reducer is not None and hasattr(reducer, f"{name}_"):
            return getattr(reducer, f"{name}_")
        raise AttributeError(
            f"ChannelReducer has no {name!r}"
            f"{did_you_mean(name, self._learned()) if reducer is not None else ''}"
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._learned()})

    def _learned(self) -> list[str]:
        return [
            name[:-1]
            for name in vars(self._reducer)
            if name.endswith("_") and not name.startswith("_")
        ]


def _find_algorithm(algorithm: str | type[Any]) -> type[Any]:
    if not isinstance(algorithm, str):
        return algorithm
    try:
        decomposition = importlib.import_module("sklearn.decomposition")
    except ImportError as error:
        raise MissingPackageError(
            "reducing channels needs scikit-learn, which is not installed: "
            "pip install 'lucid-widgets[analysis]'"
        ) from error
    names = [
        name
        for name in decomposition.__all__
        if isinstance(getattr(decomposition, name), type)
    ]
    if algorithm not in names:
        raise SettingError(
            f"sklearn.decomposition has no {algorithm!r}{did_you_mean(algorithm, names)}"
        )
    return getattr(decomposition, algorithm)


def _flat(acts: ArrayLike) -> NDArray[Any]:
    array = np.asarray(acts)
    if array.ndim == 0:
        raise SettingError("the activations are one number; expected [..., channels]")
    return array.reshape(-1, array.shape[-1])


def _on_last_axis(
    apply: Callable[[NDArray[Any]], NDArray[Any]], acts: ArrayLike
) -> NDArray[Any]:
    reduced = np.asarray(apply(_flat(acts)))
    return reduced.reshape(*np.shape(acts)[:-1], reduced.shape[-1])
