"""Semantic dictionary: what a layer finds at every place of a photo.

At each position of a layer a few channels are strongest. Shown as icons (see
`feature_visualization`) they are a vocabulary that a reader understands without
numbers. After Olah et al., "The Building Blocks of Interpretability" (Distill, 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.recipes.positions import cell_box, look
from lucid_widgets.shapes import Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


@dataclass(frozen=True)
class SemanticDictionary:
    """The strongest channels of a layer at every position of a photo.

    Args:
        layer: name of the layer.
        photo: as the model saw it, `[height, width, channels]` in [0, 1].
        channels: int32 `[rows, columns, top]`, indices, the strongest first; of equal
            ones the lower index.
        values: float32 `[rows, columns, top]`, their activations, in the model's own
            units; none can be compared with another layer's.
        norms: float32 `[rows, columns]`, length of the activation vector.
        overall: int32 `[top]`, the channels that are strongest on average.
        overall_values: float32 `[top]`, their means over all positions.
    """

    layer: str
    photo: Pixels
    channels: NDArray[np.int32]
    values: NDArray[np.float32]
    norms: NDArray[np.float32]
    overall: NDArray[np.int32]
    overall_values: NDArray[np.float32]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the layer."""
        return self.channels.shape[0], self.channels.shape[1]

    @property
    def vocabulary(self) -> NDArray[np.int32]:
        """All channels that occur, each once, the most frequent first.

        The icons that a reader may want to see.
        """
        found, count = np.unique(self.channels, return_counts=True)
        return found[np.argsort(-count, kind="stable")].astype(np.int32)

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Return what lies under a position: `(top, left, bottom, right)` of `photo`.

        Raises:
            SettingError: no such position.
        """
        return cell_box(self.photo.shape, self.grid, row, column)


def semantic_dictionary(
    model: Model,
    image: Any,
    layer: str,
    top: int = 4,
    *,
    size: int | tuple[int, int] | None = None,
) -> SemanticDictionary:
    """Return the strongest channels of a layer at every position of a photo.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        image: a photo: a file, an array, a PIL image; see `photos.as_photo`.
        layer: the layer.
        top: how many channels to tell for each position; all, if there are fewer.
        size: shorter side in pixels, or `(height, width)`, of what the model sees; left
            out, as it was trained. A larger size has more positions.

    Raises:
        ImageError: `image` is no photo.
        LayerNotFoundError: no such layer.
        SettingError: `top` is no positive whole number.

    Example:
        >>> dictionary = semantic_dictionary(model, "dog.jpg", "mixed4a")
        >>> dictionary.channels[3, 5]  # the four strongest in row 3, column 5
    """
    if isinstance(top, bool) or not isinstance(top, int | np.integer) or top < 1:
        raise SettingError(f"top is {top!r}; expected a whole number, 1 or more")
    seen = look(model, image, layer, size)
    acts = seen.activations
    channels = strongest(acts, top)
    means = acts.mean(axis=(0, 1))
    overall = strongest(means, top)
    return SemanticDictionary(
        layer,
        seen.photo,
        channels,
        np.take_along_axis(acts, channels, axis=-1),
        np.linalg.norm(acts, axis=-1),
        overall,
        means[overall],
    )


def strongest(values: NDArray[Any], count: int) -> NDArray[np.int32]:
    """Return the indices of the largest values along the last axis, largest first."""
    order = np.argsort(-values, axis=-1, kind="stable")
    return order[..., :count].astype(np.int32)
