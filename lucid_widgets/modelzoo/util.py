"""Statistics of activations over images: how the channels of layers vary together.

Lucid computed these from 100,000 aligned activations in a public bucket that is gone; here
they come from images of your own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import ImageError, ModelError
from lucid_widgets.modelzoo.vision_base import Model


def aligned_activations(
    model: Model,
    images: Any,
    layers: str | Sequence[str],
    *,
    per_image: int = 1,
    seed: int = 0,
    batch_size: int = 32,
) -> dict[str, NDArray[np.floating]]:
    """Sample activations of several layers at the same places of the same images.

    Only what was sampled is held, so that there may be any number of images.

    Args:
        model: the model.
        images: as for `Model.activations`.
        layers: names of layers, or one; those without positions are taken as they are.
        per_image: places sampled in each image.
        seed: chooses the places.
        batch_size: images computed at a time.

    Returns:
        For each layer an array ``[images * per_image, depth]``; row i of all arrays comes
        from the same place of the same image.

    Raises:
        ImageError: there are no images.
        LayerNotFoundError: there is no such layer.

    Example:
        >>> images = np.random.default_rng(0).random((4, 64, 48, 3))
        >>> from lucid_widgets.modelzoo.vision_models import TinyInception
        >>> rows = aligned_activations(TinyInception(), images, ("mixed4a",))
        >>> rows["mixed4a"].shape
        (4, 224)
    """
    names = [layers] if isinstance(layers, str) else list(layers)
    random = np.random.default_rng(seed)
    rows: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for found in model.iterate_activations(images, names, batch_size):
        places = random.random((len(found[names[0]]), per_image, 2))
        for name in names:
            rows[name].append(_at(found[name], places))
    if not rows[names[0]]:
        raise ImageError("no images were given to sample activations of; expected some")
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def _at(activations: NDArray[Any], places: NDArray[Any]) -> NDArray[Any]:
    """Return rows at places given as fractions of height and width."""
    count, per_image = places.shape[:2]
    if activations.ndim == 2:
        return np.repeat(activations, per_image, axis=0)
    if activations.ndim != 4:
        raise ModelError(
            "layers with positions are [batch, height, width, channels]; this one has "
            f"shape {activations.shape}"
        )
    rows, columns = (
        np.minimum((places[..., i] * size).astype(int), size - 1)
        for i, size in enumerate(activations.shape[1:3])
    )
    picked = activations[np.arange(count)[:, None], rows, columns]
    return picked.reshape(count * per_image, -1)


def layer_covariance(
    first: NDArray[Any], second: NDArray[Any] | None = None, *, centred: bool = True
) -> NDArray[np.floating]:
    """Return how the channels of one or two layers vary together.

    Args:
        first: ``[samples, channels]``, as from `aligned_activations`.
        second: the same for another layer, with aligned rows; `first` when not given.
        centred: whether to subtract the means first. Lucid does not (it computes second
            moments about zero): False gives its numbers.

    Returns:
        ``[channels of first, channels of second]``, in float64.

    Raises:
        ImageError: the numbers of samples differ, or there are none.

    Example:
        >>> layer_covariance(np.array([[0.0], [2.0]]), np.array([[5.0], [9.0]]))
        array([[2.]])
    """
    a = np.asarray(first, np.float64)
    b = a if second is None else np.asarray(second, np.float64)
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or len(a) == 0:
        raise ImageError(
            f"two arrays [samples, channels] with equally many samples are needed, not "
            f"{a.shape} and {b.shape}"
        )
    if centred:
        a, b = a - a.mean(0), b - b.mean(0)
    return a.T @ b / len(a)


def layer_inverse_covariance(
    activations: NDArray[Any], *, centred: bool = True
) -> NDArray[np.floating]:
    """Return the (pseudo-)inverse of `layer_covariance` of one layer.

    Channels that never vary get zeros, instead of an error.
    """
    return np.linalg.pinv(
        layer_covariance(activations, centred=centred), hermitian=True
    )
