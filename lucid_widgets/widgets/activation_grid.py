"""ActivationGrid: every position of a layer drawn as what it sees, over the photo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray

from lucid_widgets.stream.encoder import encode_live, to_pixels
from lucid_widgets.widgets.answering import Answer
from lucid_widgets.widgets.growing_widget import GrowingWidget


class ActivationGrid(GrowingWidget):
    """Every position of a layer as a picture of what it sees there.

    The pictures lie over the photo and sharpen while you watch; point at one, or move
    with the arrow keys, to see it large. See `recipes.activation_grid`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        image: a photo: a file, an array, a PIL image; left out, the page asks for one.
        layer: name of the layer; left out, one halfway up.
        size: shorter side of what the model sees, in pixels; left out, as it was
            trained. More pixels make more positions.
        icon_size: side of a picture, in pixels.
        n_steps: updates of each picture.
        **traits: first values of other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> ActivationGrid(image="dog.jpg", layer="mixed4a", size=96)
    """

    BUNDLE: ClassVar[str] = "activation_grid"
    ABOUT: ClassVar[str] = "activation grid of"

    norms = traitlets.List(traitlets.Float()).tag(sync=True)
    """Length of the activation vector at each position, row by row."""

    def __init__(
        self,
        model: Any = None,
        image: Any = None,
        layer: str | None = None,
        *,
        size: int | tuple[int, int] | None = None,
        icon_size: int = 40,
        n_steps: int = 48,
        **traits: Any,
    ) -> None:
        self._options = {"size": size, "icon_size": icon_size, "n_steps": n_steps}
        self.found: Any = None
        """The newest `recipes.activation_grid.ActivationGrid`; None before the first."""
        super().__init__(model, image, layer, **traits)

    def _answer(self, name: str, arguments: Any, upload: bytes | None) -> Answer:
        if name != "sheet":
            return super()._answer(name, arguments, upload)
        found = self.found
        return None, () if found is None else (encode_live(found.sheet()).data,)

    # The work -----------------------------------------------------------------------

    def _look(self) -> Iterator[None]:
        from lucid_widgets.recipes.activation_grid import grow_activation_grid

        self.found = None
        growing = grow_activation_grid(
            self.model, self._image, self.layer, **self._options
        )
        for found in growing:
            if self.found is None:
                with self.hold_sync():
                    self._begin_growth()
                    self._show_photo(found.photo, found.grid)
                    self.norms = np.nan_to_num(found.norms).ravel().tolist()
            self.found = found
            if self._is_time(found.progress):
                self._show_growth(to_pixels(found.sheet()), found.progress)
            yield
        self._keep_growth(to_pixels(self.found.sheet()))

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return the pictures, as one."""
        return None if self.found is None else to_pixels(self.found.sheet())
