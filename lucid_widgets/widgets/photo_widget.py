"""PhotoWidget: the base of widgets about a photo and a layer of a model."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from lucid_widgets.errors import ProtocolError
from lucid_widgets.misc.photos import as_photo
from lucid_widgets.shapes import Pixels
from lucid_widgets.stream.encoder import encode_live
from lucid_widgets.widgets.answering import Answer
from lucid_widgets.widgets.base import BaseWidget
from lucid_widgets.widgets.objective_choice import check_layer, first_choice

MAX_SIDE = 1024
"""A longer side of a photo is made so long, in pixels: networks see no more."""

MAX_SHOWN = 512
"""Longer side of what the page shows, in pixels."""


class PhotoWidget(BaseWidget):
    """A photo, a layer, and whatever a subclass finds out about them.

    A subclass names what its title says (`ABOUT`), the traits that, like the layer, make
    another look necessary (`DECISIVE`), and overrides `_look`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        image: a photo: whatever `misc.photos.as_photo` takes; left out, the page asks
            for one.
        layer: name of the layer; left out, one halfway up.
        **traits: first values of other traits, and `icon_settings`.

    Raises:
        LucidError: an argument that cannot be used.
    """

    CHANGEABLE: ClassVar[tuple[str, ...]] = ("layer",)

    ABOUT: ClassVar[str] = ""
    """What stands before the layer in the title."""

    DECISIVE: ClassVar[tuple[str, ...]] = ()
    """Traits a change of which makes another look necessary; the layer always does."""

    layer = traitlets.Unicode().tag(sync=True)
    """Name of the layer."""

    layers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Layers to choose from."""

    photo = traitlets.Bytes(b"").tag(sync=True)
    """The photo as the model sees it: a JPEG or PNG file; empty without one."""

    photo_size = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)
    """Height and width of the photo, in pixels."""

    grid = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)
    """Rows and columns of positions over the photo; zeros before the first look."""

    def __init__(
        self,
        model: Any = None,
        image: Any = None,
        layer: str | None = None,
        **traits: Any,
    ) -> None:
        self._ready = False
        self._image: Pixels | None = None
        self._wish = object()
        super().__init__(model, **traits)
        with self.hold_sync():
            self.layers = [known.name for known in self.model.layers if known.depth]
            self.layer = layer or first_choice(self.model).layer
            self._ready = True
            self._entitle()
        self.observe(self._decisive_changed, names=["layer", *self.DECISIVE])
        if image is not None:
            self.image = image

    @property
    def image(self) -> Pixels | None:
        """The photo; assign another: whatever `misc.photos.as_photo` takes."""
        return self._image

    @image.setter
    def image(self, given: Any) -> None:
        self._image = as_photo(given, self.model.image_shape[-1], max_side=MAX_SIDE)
        self._look_again()

    def close(self) -> None:
        """Stop computing, and remove the widget from every page."""
        self._wish = object()
        super().close()

    # For subclasses ---------------------------------------------------------------

    def _look(self) -> object:
        """Find out about `image` and `layer`, on the worker's thread.

        It may be a generator, which is closed at its next item when there is a newer
        wish. Otherwise, it asks before it writes traits::

            wish = self._wish
            found = ...
            if wish is not self._wish:
                return  # another photo, layer or decisive trait is waiting
        """
        raise NotImplementedError

    def _look_again(self) -> None:
        """Look, if there is a photo; the newest look wins."""
        self._wish = object()  # two threads may wish
        if self._image is not None:
            self.error = ""
            self.compute("look", self._look)

    def _show_photo(self, photo: Pixels, grid: tuple[int, ...]) -> None:
        """Show a photo as the model saw it, under positions.

        Args:
            photo: ``[height, width, channels]`` in [0, 1].
            grid: rows and columns.
        """
        shown = as_photo(photo, photo.shape[-1], max_side=MAX_SHOWN)
        with self.hold_sync():
            self.photo = encode_live(shown).data
            self.photo_size = list(shown.shape[:2])
            self.grid = [int(n) for n in grid]
            position = self.selection["position"]
            if position is not None and not self._is_on_grid(position):
                self.selection = {**dict(self.selection), "position": None}

    def _is_on_grid(self, position: Any) -> bool:
        return all(at < count for at, count in zip(position, self.grid, strict=True))

    # What changes what ------------------------------------------------------------

    @traitlets.validate("layer")
    def _valid_layer(self, proposal: Any) -> str:
        return check_layer(self.model, proposal.value).name

    def _decisive_changed(self, _change: Any) -> None:
        self._entitle()
        self._look_again()

    def _entitle(self) -> None:
        if self.layer not in self.layers:
            self.layers = [*self.layers, self.layer]
        self.title = f"{self.model.name}, {self.ABOUT} {self.layer}"

    def _answer(self, name: str, arguments: Any, upload: bytes | None) -> Answer:
        if name != "photo" or upload is None:
            raise ProtocolError(
                f"{type(self).__name__} knows no question {name[:60]!r}"
            )
        self.image = upload
        return None, ()
