"""Patch sweep: does pasting a patch into a photo change what a model sees?

A patch is pasted at many places and in many sizes, and the model is asked every time.
After the last section of Carter et al., "Exploring Neural Networks with Activation
Atlases" (Distill, 2019): a baseball makes a great white shark of a grey whale.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.ndimage_utils import composite
from lucid_widgets.misc.photos import as_photo
from lucid_widgets.modelzoo.classes import (
    class_names,
    class_probabilities,
    find_label,
)
from lucid_widgets.recipes.positions import photo_batch
from lucid_widgets.shapes import Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


@dataclass(frozen=True)
class PatchSweep:
    """What a model says of a photo, with a patch in it here or there.

    Args:
        photo: as the model saw it, `[height, width, channels]` in [0, 1].
        patch: `[height, width, channels]`; is pasted as a square.
        sizes: widths of the pasted patch, as fractions of the photo's width.
        places: `(y, x)`, fractions of the space that is left: (0, 0) is top left.
        labels: names of the classes; their numbers, where the model has no names.
        before: float32 `[classes]`, probabilities without a patch.
        after: float32 `[sizes, places, classes]`; NaN where not yet computed.
    """

    photo: Pixels
    patch: Pixels
    sizes: tuple[float, ...]
    places: tuple[tuple[float, float], ...]
    labels: tuple[str, ...]
    before: NDArray[np.float32]
    after: NDArray[np.float32]

    def image(self, size: int, place: int) -> Pixels:
        """Return the photo with the patch, for the index of a size and of a place."""
        return pasted(self.photo, self.patch, self.sizes[size], self.places[place])

    def best(self, label: int | str) -> tuple[int, int, float]:
        """Return where a class becomes most probable: size, place, probability.

        Args:
            label: its index; or its name, as `classes.class_index` takes it.

        Raises:
            ObjectiveError: no such class, or several.
            SettingError: nothing is computed yet.
        """
        index = (
            find_label(label, self.labels, self.labels, "this sweep")
            if isinstance(label, str)
            else int(label)
        )
        values = self.after[..., index]
        if np.isnan(values).all():
            raise SettingError("nothing is computed yet; wait for the first results")
        size, place = np.unravel_index(np.nanargmax(values), values.shape)
        return int(size), int(place), float(values[size, place])

    def top(self, size: int, place: int, count: int = 5) -> list[tuple[str, float]]:
        """Return the most probable classes for the index of a size and of a place."""
        values = self.after[size, place]
        order = np.argsort(-values, kind="stable")[:count]
        return [(self.labels[n], float(values[n])) for n in order]


_THIRDS = tuple(itertools.product((0.0, 0.5, 1.0), (0.0, 0.5, 1.0)))


def pasted(
    photo: Pixels, patch: Pixels, size: float, place: tuple[float, float]
) -> Pixels:
    """Return a photo with a patch pasted into it; see `ndimage_utils.composite`."""
    return np.clip(composite(photo, patch, size, place), 0, 1).astype(np.float32)


def patch_sweep(model: Model, image: Any, patch: Any, **options: Any) -> PatchSweep:
    """Return what a model says of a photo with a patch at many places, in many sizes.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        image: the photo; see `photos.as_photo`. Its middle is seen, in the size that the
            model was trained on.
        patch: another one; its middle square is pasted.
        **options: see `sweep_patch`.

    Raises:
        LucidError: see `sweep_patch`.

    Example:
        >>> sweep = patch_sweep(model, "whale.jpg", "baseball.jpg")
        >>> size, place, probability = sweep.best("great white shark")
        >>> show(sweep.image(size, place))
    """
    return deque(sweep_patch(model, image, patch, **options), maxlen=1).pop()


def sweep_patch(
    model: Model,
    image: Any,
    patch: Any,
    *,
    sizes: Sequence[float] = (0.2, 0.3, 0.4, 0.5),
    places: Sequence[tuple[float, float]] = _THIRDS,
) -> Generator[PatchSweep, None, None]:
    """Return an iterator over a sweep, size by size; arguments are checked at once.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        image: the photo.
        patch: what is pasted into it.
        sizes: widths of the patch, as fractions of the photo's width, above 0.
        places: `(y, x)`, fractions of the space that is left, from 0 to 1.

    Raises:
        ImageError: no photo, or no patch.
        SettingError: a size or place out of its range, or none.
        MissingPackageError: scipy is not installed.
    """
    photo = photo_batch(model, image)[0]
    cut = _square(as_photo(patch, photo.shape[-1]))
    if not len(sizes) or not len(places):
        raise SettingError("there are no sizes, or no places; expected at least one")
    for size in sizes:
        if not 0 < size <= 1:
            raise SettingError(f"a size of {size!r}; expected a fraction, up to 1")
    chosen = tuple((float(y), float(x)) for y, x in places)
    for place in chosen:
        pasted(photo, cut, float(max(sizes)), place)  # complains of what does not fit
    return _sweep(model, photo, cut, tuple(float(s) for s in sizes), chosen)


def _sweep(
    model: Model,
    photo: Pixels,
    patch: Pixels,
    sizes: tuple[float, ...],
    places: tuple[tuple[float, float], ...],
) -> Generator[PatchSweep, None, None]:
    before = class_probabilities(model, photo)[0]
    labels = tuple(class_names(model) or map(str, range(len(before))))
    after = np.full((len(sizes), len(places), len(before)), np.nan, np.float32)
    for row, size in enumerate(sizes):
        images = [pasted(photo, patch, size, place) for place in places]
        after = after.copy()
        after[row] = class_probabilities(model, np.stack(images))
        yield PatchSweep(photo, patch, sizes, places, labels, before, after)


def _square(patch: Pixels) -> Pixels:
    side = min(patch.shape[:2])
    top, left = (patch.shape[0] - side) // 2, (patch.shape[1] - side) // 2
    return patch[top : top + side, left : left + side]
