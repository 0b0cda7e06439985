"""The layout of an atlas: activations on a plane, and the plane cut into a grid."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucid_widgets.errors import MissingPackageError, SettingError

log = logging.getLogger(__name__)

METHODS = ("umap", "tsne", "pca")

UMAP_OPTIONS: Mapping[str, Any] = {
    "n_neighbors": 50,
    "min_dist": 0.05,
    "metric": "cosine",
}
"""Lucid's."""


def aligned_umap(
    activations: Any,
    umap_options: Mapping[str, Any] | None = None,
    normalize: bool = True,  # noqa: FBT001, FBT002 - Lucid's signature
    verbose: bool = False,  # noqa: FBT001, FBT002
    *,
    method: str | None = None,
    seed: int = 0,
) -> Any:
    """Lay out activations on a plane: what is alike lies close together.

    Args:
        activations: `[n, channels]`; or a list of such arrays, which are laid out on
            one plane together.
        umap_options: for `umap.UMAP`, over `UMAP_OPTIONS`.
        normalize: bring the layout into the unit square, see `normalize_layout`.
        verbose: let UMAP print what it does.
        method: "umap", "tsne" or "pca"; left out, UMAP if it is installed
            (`lucid-widgets[atlas]`), else t-SNE of scikit-learn, and a warning says so.
        seed: decides where the layout starts.

    Returns:
        float `[n, 2]`; a list of such arrays for a list.

    Raises:
        SettingError: the activations are no such arrays, or too few.
        MissingPackageError: the chosen method's package is not installed.
    """
    several = isinstance(activations, list | tuple)
    parts = [
        np.asarray(a, np.float32) for a in (activations if several else [activations])
    ]
    shapes = {part.shape[-1] if part.ndim == 2 else None for part in parts}
    if len(shapes) != 1 or None in shapes or sum(map(len, parts)) < 3:
        raise SettingError(
            f"activations of shape {[part.shape for part in parts]}; expected "
            "[n, channels], 3 or more in all"
        )
    acts = np.concatenate(parts)
    layout = _laid_out(acts, method, dict(umap_options or {}), verbose, seed)
    if normalize:
        layout = normalize_layout(layout)
    if not several:
        return layout
    return np.split(layout, np.cumsum([len(part) for part in parts])[:-1])


def _laid_out(
    acts: NDArray[np.float32],
    method: str | None,
    options: dict[str, Any],
    verbose: bool,  # noqa: FBT001 - private
    seed: int,
) -> NDArray[np.float64]:
    if method is None:
        method = "umap" if importlib.util.find_spec("umap") else "tsne"
        if method != "umap":
            log.warning(
                "umap-learn is not installed (pip install 'lucid-widgets[atlas]'): "
                "the atlas is laid out by t-SNE"
            )
    if method not in METHODS:
        raise SettingError(
            f"method is {method!r}; expected one of {', '.join(METHODS)}"
        )
    with warnings.catch_warnings():
        # UMAP tells that a seed costs it its threads, numba of its own future.
        warnings.simplefilter("ignore")
        if method == "umap":
            umap = _package("umap", "umap-learn is", "atlas")
            settings = {**UMAP_OPTIONS, "random_state": seed, "n_jobs": 1, **options}
            settings["n_neighbors"] = min(settings["n_neighbors"], len(acts) - 1)
            reducer = umap.UMAP(n_components=2, verbose=verbose, **settings)
        elif method == "tsne":
            manifold = _package("sklearn.manifold", "scikit-learn is", "analysis")
            reducer = manifold.TSNE(
                2,
                perplexity=min(30, (len(acts) - 1) / 3),
                metric="cosine",
                init="random",
                random_state=seed,
            )
        else:
            decomposition = _package(
                "sklearn.decomposition", "scikit-learn is", "analysis"
            )
            reducer = decomposition.PCA(2, random_state=seed)
        return np.asarray(reducer.fit_transform(acts), np.float64)


def _package(name: str, what: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"the layout needs a package, and {what} not installed: pip install "
            f"'lucid-widgets[{extra}]'"
        ) from error


def normalize_layout(
    layout: ArrayLike,
    min_percentile: float = 1,
    max_percentile: float = 99,
    relative_margin: float = 0.1,
) -> NDArray[np.float64]:
    """Bring a layout into the unit square; outliers go to its edges.

    Both margins are fractions of the same extent (in Lucid the upper one was computed
    after the lower bound had moved).

    Args:
        layout: `[n, 2]`.
        min_percentile: what lies below it is moved to the edge, margin aside.
        max_percentile: what lies above it likewise.
        relative_margin: how much is left on each side, of the extent between them.
    """
    points = np.asarray(layout, np.float64)
    low, high = np.percentile(points, [min_percentile, max_percentile], axis=0)
    margin = relative_margin * (high - low)
    low, high = low - margin, high + margin
    extent = np.where(high > low, high - low, 1)
    return (np.clip(points, low, high) - low) / extent


def bin_laid_out_activations(
    layout: ArrayLike, activations: ArrayLike, grid_size: int, threshold: int = 5
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """Cut the unit square into a grid, and average what lies in each cell.

    Args:
        layout: `[n, 2]` in [0, 1].
        activations: `[n, channels]`.
        grid_size: cells along each side.
        threshold: cells with no more than so many are left out.

    Returns:
        The means `[cells, channels]`, coordinates `[cells, 2]` (of the first and second
        axis of the layout, the first running fastest), and counts `[cells]`.

    Raises:
        SettingError: the arrays do not go together, or `grid_size` is no positive
            whole number.
    """
    points, acts = np.asarray(layout), np.asarray(activations, np.float32)
    whole = isinstance(grid_size, int | np.integer) and not isinstance(grid_size, bool)
    if not whole or not 1 <= grid_size <= 1024:
        raise SettingError(f"grid_size is {grid_size!r}; expected 1 to 1024")
    if points.ndim != 2 or points.shape[1] != 2 or acts.shape[:1] != points.shape[:1]:
        raise SettingError(
            f"a layout of shape {points.shape} for activations of shape {acts.shape}; "
            "expected [n, 2] and [n, channels]"
        )
    cells = np.clip((points * grid_size).astype(np.int64), 0, grid_size - 1)
    flat = cells[:, 1] * grid_size + cells[:, 0]
    sums = np.zeros((grid_size**2, acts.shape[1]), np.float64)
    np.add.at(sums, flat, acts)
    counts = np.bincount(flat, minlength=grid_size**2)
    kept = np.flatnonzero(counts > threshold)
    means = (sums[kept] / counts[kept, np.newaxis]).astype(np.float32)
    coordinates = np.stack([kept % grid_size, kept // grid_size], axis=1)
    return means, coordinates.astype(np.int32), counts[kept].astype(np.int32)


def make_canvas(
    icon_batch: Sequence[Any], coordinates: Any, grid_size: int
) -> NDArray[np.float32]:
    """Return icons at their places on white.

    Args:
        icon_batch: `[cells, height, width, channels]`.
        coordinates: `[cells, 2]`: the first counts rows of the canvas, as in Lucid.
        grid_size: cells along each side.

    Returns:
        `[grid_size * height, grid_size * width, channels]`.

    Raises:
        SettingError: there are no icons, or not as many as coordinates.
    """
    if not len(icon_batch) or len(icon_batch) != len(coordinates):
        raise SettingError(
            f"{len(icon_batch)} icons for {len(coordinates)} cells; expected one for "
            "each, and at least one"
        )
    height, width, channels = np.shape(icon_batch[0])
    canvas = np.ones((grid_size, height, grid_size, width, channels), np.float32)
    for icon, (row, column) in zip(icon_batch, coordinates, strict=True):
        canvas[row, :, column] = icon
    return canvas.reshape(grid_size * height, grid_size * width, channels)
