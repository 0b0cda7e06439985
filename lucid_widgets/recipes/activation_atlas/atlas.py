"""Atlases: collected activations, laid out, cut into cells, and drawn."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.modelzoo.classes import class_index
from lucid_widgets.recipes.activation_atlas.collect import (
    Collected,
    collect_activations,
)
from lucid_widgets.recipes.activation_atlas.layout import (
    aligned_umap,
    bin_laid_out_activations,
    make_canvas,
)
from lucid_widgets.recipes.activation_atlas.render import rendering_icons
from lucid_widgets.shapes import Images, Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


@dataclass(frozen=True)
class Atlas:
    """A map of what a layer tells apart.

    Args:
        layer: name of the layer.
        layout: float `[n, 2]` in [0, 1], where each activation lies.
        grid_size: cells along each side.
        coordinates: int32 `[cells, 2]`: of the cells that are filled.
        counts: int32 `[cells]`, how many activations lie in each.
        means: float32 `[cells, channels]`, their mean.
        directions: float32 `[cells, channels]`, what the icons show, of length 1.
        attributions: float32 `[cells, classes]`, mean attribution to each class that
            was collected for.
        icons: `[cells, size, size, 3]` in [0, 1]; white until drawn.
        drawn: bool `[cells]`, which icons are drawn.
    """

    layer: str
    layout: NDArray[np.float64]
    grid_size: int
    coordinates: NDArray[np.int32]
    counts: NDArray[np.int32]
    means: NDArray[np.float32]
    directions: NDArray[np.float32]
    attributions: NDArray[np.float32]
    icons: Images
    drawn: NDArray[np.bool_]

    def canvas(self) -> Pixels:
        """Return the whole map as one picture."""
        return make_canvas(list(self.icons), self.coordinates, self.grid_size)


def build_atlas(
    model: Model, collected: Collected, grid_size: int = 10, **options: Any
) -> Atlas:
    """Return an atlas of collected activations.

    Args:
        model: what they were collected from.
        collected: see `collect_activations`.
        grid_size: cells along each side.
        **options: see `grow_atlas`.

    Raises:
        LucidError: see `grow_atlas`.

    Example:
        >>> atlas = build_atlas(model, collect_activations(model, "mixed4c", "photos/"))
        >>> show(atlas.canvas())
    """
    return deque(grow_atlas(model, collected, grid_size, **options), maxlen=1).pop()


def grow_atlas(
    model: Model,
    collected: Collected,
    grid_size: int = 10,
    *,
    icon_size: int = 80,
    n_steps: int = 128,
    threshold: int = 5,
    whiten: bool = True,
    cossim_pow: float = 2,
    label: int | str | None = None,
    most: int = 3000,
    layout: NDArray[np.float64] | None = None,
    method: str | None = None,
    umap_options: Mapping[str, Any] | None = None,
    batch: int | None = None,
    seed: int = 0,
) -> Generator[Atlas, None, None]:
    """Return an iterator over an atlas that is being drawn, cell by cell.

    Args:
        model: what the activations were collected from.
        collected: see `collect_activations`.
        grid_size: cells along each side.
        icon_size: side of an icon, in pixels.
        n_steps: updates of each icon.
        threshold: cells with no more activations than this are left out.
        whiten: let count in icons what is rare in the layer; see `inverse_covariance`.
        cossim_pow: how much the angle matters in icons.
        label: draw a class's atlas: only the activations that speak for it most are
            laid out. It must be among the classes that were collected for.
        most: how many those are.
        layout: use this layout, `[n, 2]` in [0, 1], such as that of another atlas.
        method: see `aligned_umap`.
        umap_options: see `aligned_umap`.
        batch: icons made together.
        seed: decides all that is random.

    Yields:
        The atlas: first with no icons, then after each of them.

    Raises:
        SettingError: no cell has more than `threshold` activations, or `label` was not
            collected for.
        LucidError: an impossible number; a package is missing.
    """
    atlas = outline_atlas(
        model,
        collected,
        grid_size,
        icon_size=icon_size,
        threshold=threshold,
        whiten=whiten,
        label=label,
        most=most,
        layout=layout,
        method=method,
        umap_options=umap_options,
        seed=seed,
    )
    drawing = rendering_icons(
        # So long that a cosine comes out where Lucid divides by one length only.
        atlas.directions * atlas.directions.shape[1],
        model,
        collected.layer,
        size=icon_size,
        n_steps=n_steps,
        cossim_pow=cossim_pow,
        batch=batch,
        seed=seed,
    )
    return _draw(atlas, drawing)


def outline_atlas(
    model: Model,
    collected: Collected,
    grid_size: int = 10,
    *,
    icon_size: int = 80,
    threshold: int = 5,
    whiten: bool = True,
    label: int | str | None = None,
    most: int = 3000,
    layout: NDArray[np.float64] | None = None,
    method: str | None = None,
    umap_options: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Atlas:
    """Return an atlas of which no icon is drawn; arguments and errors as `grow_atlas`."""
    chosen = _chosen(model, collected, label, most)
    acts = collected.activations[chosen]
    if layout is None:
        layout = aligned_umap(acts, umap_options, method=method, seed=seed)
    layout = np.asarray(layout)
    means, coordinates, counts = bin_laid_out_activations(
        layout, acts, grid_size, threshold
    )
    if not len(means):
        raise SettingError(
            f"no cell of {grid_size} x {grid_size} has more than {threshold} of the "
            f"{len(acts)} activations; expected a smaller grid_size or threshold, or "
            "more photos"
        )
    by_class, _, _ = bin_laid_out_activations(
        layout, collected.attributions[chosen], grid_size, threshold
    )
    directions = means
    if whiten:
        directions = means @ inverse_covariance(collected.activations)
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    white = np.ones(1, np.float32)
    return Atlas(
        collected.layer,
        layout,
        grid_size,
        coordinates,
        counts,
        means,
        directions / np.maximum(lengths, 1e-12),
        by_class,
        # Takes no memory before there is something to see.
        np.broadcast_to(white, (len(means), icon_size, icon_size, 3)),
        np.zeros(len(means), bool),
    )


def _draw(atlas: Atlas, drawing: Any) -> Generator[Atlas, None, None]:
    yield atlas
    for index, icon in drawing:
        icons, drawn = atlas.icons.copy(), atlas.drawn.copy()
        icons[index], drawn[index] = icon, True
        atlas = dataclasses.replace(atlas, icons=icons, drawn=drawn)
        yield atlas


def _chosen(
    model: Model, collected: Collected, label: int | str | None, most: int
) -> NDArray[np.int64]:
    if label is None:
        return np.arange(len(collected.activations))
    index = class_index(model, label)
    known = collected.classes.tolist()
    if index not in known:
        raise SettingError(
            f"class {label!r} was not collected for; expected one of {known}: collect "
            f"with classes=[{label!r}]"
        )
    values = collected.attributions[:, known.index(index)]
    best = np.argsort(-values, kind="stable")[:most]
    return np.sort(best[values[best] > 0])


def inverse_covariance(acts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inverse of the mean outer product of activations, `[channels] * 2`.

    Not about their mean, as in Lucid; a thousandth of the mean square is added to the
    diagonal, so that channels that are always silent do no harm.
    """
    flat = np.asarray(acts, np.float64)
    products = flat.T @ flat / len(flat)
    floor = 1e-3 * np.trace(products) / len(products) + 1e-12
    return np.linalg.inv(products + floor * np.eye(len(products))).astype(np.float32)


def activation_atlas(
    model: Model,
    layer: str,
    grid_size: int = 10,
    icon_size: int = 96,
    number_activations: int = 100_000,
    icon_batch_size: int = 32,
    verbose: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
    *,
    images: Any,
    **options: Any,
) -> Pixels:
    """Return an activation atlas as one picture, with Lucid's call.

    Lucid's activations came from a server that is gone; here they come from your
    photos.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        layer: the layer.
        grid_size: cells along each side.
        icon_size: side of an icon, in pixels.
        number_activations: how many photos to look at, from the first.
        icon_batch_size: icons made together.
        verbose: show bars of progress.
        images: see `collect_activations`.
        **options: see `grow_atlas`.

    Raises:
        LucidError: see `collect_activations` and `grow_atlas`.

    Example:
        >>> show(activation_atlas(model, "mixed4c", images="photos/"))
    """
    collected = collect_activations(
        model, layer, images, number=number_activations, progress=bool(verbose)
    )
    options = {"whiten": False, "batch": icon_batch_size, **options}
    atlas = build_atlas(model, collected, grid_size, icon_size=icon_size, **options)
    return atlas.canvas()


def aligned_activation_atlas(
    model1: Model,
    layer1: str,
    model2: Model,
    layer2: str,
    grid_size: int = 10,
    icon_size: int = 80,
    num_steps: int = 1024,
    whiten_layers: bool = True,  # noqa: FBT001, FBT002 - Lucid's signature
    number_activations: int = 100_000,
    icon_batch_size: int = 32,
    verbose: bool = False,  # noqa: FBT001, FBT002
    *,
    images: Any,
    threshold: int = 10,
    **options: Any,
) -> Generator[Generator[Pixels, None, None], None, None]:
    """Return two atlases on one map, with Lucid's call: what is at a place is alike.

    Both layers see the same photos at the same relative places. Each activation is put
    beside what it would be in the other layer (by least squares), and all are laid out
    together.

    Args:
        model1: a model.
        layer1: one of its layers.
        model2: another, or another state of it.
        layer2: one of its layers, with as many rows and columns.
        grid_size: cells along each side.
        icon_size: side of an icon, in pixels.
        num_steps: updates of each icon.
        whiten_layers: see `grow_atlas`.
        number_activations: how many photos to look at.
        icon_batch_size: icons made together.
        verbose: show bars of progress.
        images: see `collect_activations`.
        threshold: cells with no more activations than this are left out.
        **options: see `grow_atlas`.

    Yields:
        For each of the two, an iterator over pictures of its atlas, which fills.

    Raises:
        LucidError: see `collect_activations` and `grow_atlas`.
    """
    both = [
        collect_activations(
            model, layer, images, number=number_activations, progress=bool(verbose)
        )
        for model, layer in ((model1, layer1), (model2, layer2))
    ]
    method, umap = options.pop("method", None), options.pop("umap_options", None)
    spaces = _in_both_spaces(both[0].activations, both[1].activations)
    layouts = aligned_umap(spaces, umap, method=method, seed=options.get("seed", 0))
    for model, collected, layout in zip((model1, model2), both, layouts, strict=True):
        growing = grow_atlas(
            model,
            collected,
            grid_size,
            icon_size=icon_size,
            n_steps=num_steps,
            threshold=threshold,
            whiten=whiten_layers,
            layout=layout,
            batch=icon_batch_size,
            **options,
        )
        yield (atlas.canvas() for atlas in growing)


def _in_both_spaces(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> list[NDArray[Any]]:
    """Return each layer's activations beside what they would be in the other."""
    to_second = inverse_covariance(first) @ (first.T @ second / len(first))
    to_first = inverse_covariance(second) @ (second.T @ first / len(second))
    return [
        np.concatenate([first, first @ to_second], axis=1),
        np.concatenate([second @ to_first, second], axis=1),
    ]
