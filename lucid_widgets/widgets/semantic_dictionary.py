"""SemanticDictionary: what a layer finds at every place of a photo, in icons."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image

from lucid_widgets.errors import SettingError
from lucid_widgets.recipes.units import Unit
from lucid_widgets.stream.encoder import to_pixels
from lucid_widgets.widgets.photo_widget import PhotoWidget

MAX_TOP = 12
MAX_WORDS = 32_768
"""A layer of very many positions tells fewer channels at each: notebooks stay small."""

POSTER_SIDE = 320


class SemanticDictionary(PhotoWidget):
    """Hover over a photo, or move with the arrow keys: the strongest channels there.

    After Olah et al., "The Building Blocks of Interpretability" (Distill, 2018).

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        image: a photo: the name of a file, an array, a PIL image. Without one, choose,
            paste or drop one on the page, or take one with the webcam.
        layer: name of the layer; left out, one halfway up.
        size: shorter side in pixels, or ``(height, width)``, of what the model sees;
            left out, as it was trained. A larger one has more positions.
        **traits: first values of `top_k` and other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> words = SemanticDictionary(image="dog.jpg", layer="mixed4a")
        >>> words.selection = {"position": (3, 5)}
    """

    BUNDLE: ClassVar[str] = "semantic_dictionary"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("layer", "top_k")
    ABOUT: ClassVar[str] = "strongest channels of"

    top_k = traitlets.Int(4).tag(sync=True)
    """How many channels to show for each position, 1 to 12."""

    words = traitlets.Int(0).tag(sync=True)
    """How many channels are told for each position."""

    channels = traitlets.Bytes(b"").tag(sync=True)
    """uint16, little endian, ``[rows, columns, words]``: the strongest first."""

    values = traitlets.Bytes(b"").tag(sync=True)
    """float32, little endian: activations of `channels`."""

    overall = traitlets.List(traitlets.Int()).tag(sync=True)
    """Channels that are strongest on average over the photo."""

    overall_values = traitlets.List(traitlets.Float()).tag(sync=True)
    """Their mean activations."""

    def __init__(
        self,
        model: Any = None,
        image: Any = None,
        layer: str | None = None,
        *,
        size: int | tuple[int, int] | None = None,
        **traits: Any,
    ) -> None:
        self._size = size
        super().__init__(model, image, layer, **traits)

    def words_at(self, row: int, column: int) -> list[tuple[Unit, float]]:
        """Return the strongest channels at a position, and their activations.

        Raises:
            SettingError: there is no such position, or no photo.
        """
        rows, columns = self.grid
        if not (0 <= row < rows and 0 <= column < columns):
            raise SettingError(
                f"position ({row}, {column}); expected rows 0 to {rows - 1} and columns "
                f"0 to {columns - 1}"
            )
        start = (row * columns + column) * self.words
        chosen = slice(start, start + min(self.top_k, self.words))
        channels = np.frombuffer(self.channels, "<u2")[chosen]
        values = np.frombuffer(self.values, "<f4")[chosen]
        return [
            (Unit(self.layer, int(channel)), float(value))
            for channel, value in zip(channels, values, strict=True)
        ]

    def _displayed(self) -> None:
        self.icons.prepare(Unit(self.layer, 0))

    # What changes what ------------------------------------------------------------

    @traitlets.validate("top_k")
    def _valid_top_k(self, proposal: Any) -> int:
        if not 1 <= proposal.value <= MAX_TOP:
            raise SettingError(
                f"top_k is {proposal.value!r}; expected a whole number from 1 to "
                f"{MAX_TOP}"
            )
        return proposal.value

    def _look(self) -> None:
        from lucid_widgets.recipes.semantic_dictionary import semantic_dictionary

        wish = self._wish
        found = semantic_dictionary(
            self.model, self.image, self.layer, MAX_TOP, size=self._size
        )
        if wish is not self._wish:
            return  # a newer one is waiting
        rows, columns = found.grid
        most = max(1, min(found.channels.shape[-1], MAX_WORDS // (rows * columns)))
        values = np.nan_to_num(found.values[..., :most])
        with self.hold_sync():
            self._show_photo(found.photo, found.grid)
            self.words = most
            self.channels = found.channels[..., :most].astype("<u2").tobytes()
            self.values = values.astype("<f4").tobytes()
            self.overall = found.overall.tolist()
            self.overall_values = np.nan_to_num(found.overall_values).tolist()

    def _poster_units(self) -> list[Unit]:
        position = self.selection["position"]
        if position is None:
            return [Unit(self.layer, channel) for channel in self.overall[:8]]
        return [unit for unit, _ in self.words_at(*position)[:8]]

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return the photo, and beside it the icons of the whole or chosen place."""
        if self._image is None or not self.channels:
            return None
        units = self._poster_units()
        height, width = self.photo_size
        scale = POSTER_SIDE / max(height, width)
        photo = Image.fromarray(_colours(to_pixels(self._image)))
        photo = photo.resize((round(width * scale), round(height * scale)))
        tile = POSTER_SIDE // 4
        icons = [icon for icon in map(self.icons.get, units) if icon is not None]
        columns = -(-len(icons) // 4)
        sheet = Image.new(
            "RGB", (photo.width + 8 + columns * tile, POSTER_SIDE), "white"
        )
        sheet.paste(photo, (0, 0))
        for number, icon in enumerate(icons):
            column, row = divmod(number, 4)
            small = Image.fromarray(icon.pixels).resize((tile - 4, tile - 4))
            sheet.paste(small, (photo.width + 8 + column * tile, row * tile))
        return np.asarray(sheet)


def _colours(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels[..., :3]
