"""Ablation: what if this channel were off? Class probabilities before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.modelzoo.classes import class_names, class_probabilities
from lucid_widgets.recipes.positions import photo_batch
from lucid_widgets.shapes import Images

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


@dataclass(frozen=True)
class Ablation:
    """What a model says of photos, as it is and with channels changed.

    Args:
        units: the channels, such as `("mixed4a:30",)`.
        factor: what they were multiplied by.
        photos: as the model saw them, `[n, height, width, channels]`.
        labels: names of the classes; their numbers, where the model has no names.
        before: float32 `[n, classes]`, probabilities.
        after: float32 `[n, classes]`, with the channels changed.
    """

    units: tuple[str, ...]
    factor: float
    photos: Images
    labels: tuple[str, ...]
    before: NDArray[np.float32]
    after: NDArray[np.float32]

    def top(self, photo: int = 0, count: int = 5) -> list[tuple[str, float, float]]:
        """Return the classes most probable before or after, with both probabilities."""
        both = np.maximum(self.before[photo], self.after[photo])
        order = np.argsort(-both, kind="stable")[:count]
        return self._told(photo, order)

    def changed(self, photo: int = 0, count: int = 5) -> list[tuple[str, float, float]]:
        """Return the classes whose probabilities have changed most."""
        change = np.abs(self.after[photo] - self.before[photo])
        return self._told(photo, np.argsort(-change, kind="stable")[:count])

    def _told(
        self, photo: int, order: NDArray[np.int64]
    ) -> list[tuple[str, float, float]]:
        before, after = self.before[photo], self.after[photo]
        return [(self.labels[n], float(before[n]), float(after[n])) for n in order]


def ablation(
    model: Model, images: Any, units: str | Iterable[str], factor: float = 0.0
) -> Ablation:
    """Return what a model says of photos before and after channels are changed.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`; stays as it is.
        images: a photo or a list of them; see `photos.as_photo`. The middle of each is
            seen, in the size that the model was trained on.
        units: "layer:channel", or "layer" for all its channels; one or several.
        factor: what their activations are multiplied by: 0 turns them off, 2 doubles
            them.

    Raises:
        ImageError: there are no photos.
        LayerNotFoundError, ObjectiveError: no such layer or channel.
        SettingError: `units` is empty, or `factor` no finite number.

    Example:
        >>> what_if = ablation(model, "dog.jpg", ["mixed5a:12", "mixed5a:40"])
        >>> for label, before, after in what_if.top():
        ...     print(f"{label:20} {before:6.1%} {after:6.1%}")
    """
    names = (units,) if isinstance(units, str) else tuple(units)
    changed = model.edit(scale=dict.fromkeys(names, factor))
    photos = photo_batch(model, images)
    before = class_probabilities(model, photos)
    labels = class_names(model) or [str(n) for n in range(before.shape[1])]
    return Ablation(
        names,
        float(factor),
        photos,
        tuple(labels),
        before,
        class_probabilities(changed, photos),
    )
