"""Cosine similarity: where else does a layer see what it sees here?

For one position of one photo, how alike the activations at all other positions are, in
the same photo and in others. After Lucid's notebook "Cosine similarity overlays".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.modelzoo.photos import resized
from lucid_widgets.recipes.positions import Box, cell_box, look, photo_list
from lucid_widgets.shapes import Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


@dataclass(frozen=True)
class CosineSimilarity:
    """Photos, and the direction of a layer's activations at each of their positions.

    Args:
        layer: name of the layer.
        photos: as the model saw them, each `[height, width, channels]` in [0, 1].
        directions: for each photo float32 `[rows, columns, channels]`, of length 1; 0
            where nothing is active.
    """

    layer: str
    photos: tuple[Pixels, ...]
    directions: tuple[NDArray[np.float32], ...]

    def box(self, photo: int, row: int, column: int) -> Box:
        """Return what lies under a position: `(top, left, bottom, right)`.

        Raises:
            SettingError: no such photo or position.
        """
        directions = self._of(photo)
        return cell_box(self.photos[photo].shape, directions.shape, row, column)

    def to(self, photo: int, row: int, column: int) -> list[NDArray[np.float32]]:
        """Return how alike all positions are to one, `[rows, columns]` for each photo.

        1 is the same direction, 0 has nothing in common with it, -1 is the opposite.

        Raises:
            SettingError: no such photo or position.
        """
        self.box(photo, row, column)
        chosen = self.directions[photo][row, column]
        return [directions @ chosen for directions in self.directions]

    def overlays(
        self, photo: int, row: int, column: int, size: int = 192
    ) -> list[Pixels]:
        """Return the photos, bright where they are alike to one position.

        Args:
            photo: index of the photo with the position.
            row: of the position.
            column: of the position.
            size: shorter side of the pictures, in pixels.

        Raises:
            SettingError: no such photo or position.
        """
        pictures = []
        for shown, alike in zip(self.photos, self.to(photo, row, column), strict=True):
            scale = size / min(shown.shape[:2])
            height, width = (round(n * scale) for n in shown.shape[:2])
            rows = np.arange(height) * alike.shape[0] // height
            columns = np.arange(width) * alike.shape[1] // width
            light = np.maximum(alike, 0)[rows][:, columns, np.newaxis]
            pictures.append(resized(shown, (height, width)) * (0.15 + 0.85 * light))
        return pictures

    def _of(self, photo: int) -> NDArray[np.float32]:
        if isinstance(photo, bool) or not 0 <= photo < len(self.photos):
            raise SettingError(
                f"photo is {photo!r}; expected 0 to {len(self.photos) - 1}"
            )
        return self.directions[photo]


def cosine_similarity(
    model: Model,
    images: Any,
    layer: str,
    *,
    size: int | tuple[int, int] | None = None,
) -> CosineSimilarity:
    """Return what is needed to tell how alike any two positions of photos are.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        images: a photo or a list of them; see `photos.as_photo`.
        layer: the layer.
        size: shorter side in pixels, or `(height, width)`, of what the model sees; left
            out, as it was trained.

    Raises:
        ImageError: there are no photos.
        LayerNotFoundError: no such layer.

    Example:
        >>> alike = cosine_similarity(model, ["dog.jpg", "cat.jpg"], "mixed4c")
        >>> show(alike.overlays(0, row=3, column=4))
    """
    seen = [look(model, image, layer, size) for image in photo_list(images)]
    directions = []
    for one in seen:
        lengths = np.linalg.norm(one.activations, axis=-1, keepdims=True)
        directions.append(one.activations / np.maximum(lengths, 1e-12))
    return CosineSimilarity(layer, tuple(one.photo for one in seen), tuple(directions))
