"""DeepDream: a photo, and more of whatever a layer sees in it, growing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray

from lucid_widgets.errors import ProtocolError, SettingError
from lucid_widgets.modelzoo.photos import photo_for
from lucid_widgets.stream.encoder import encode_live, to_pixels
from lucid_widgets.widgets.answering import Answer
from lucid_widgets.widgets.growing_widget import GrowingWidget

RANGES = {
    "octaves": (1, 8),
    "octave_scale": (1.1, 2.0),
    "n_steps": (1, 500),
    "step_size": (0.001, 0.1),
    "jitter": (0, 64),
}
"""Least and most of each setting."""


class DeepDream(GrowingWidget):
    """A photo that dreams: it grows in the page while you change what it dreams of.

    Layer, unit, learning rate and jitter act on the running dream; photo and octaves
    begin another. A linked `ChannelGrid` chooses the unit. See `recipes.deepdream`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        image: a photo: a file, an array, a PIL image; left out, the page asks for one.
        layer: name of the layer; left out, one halfway up.
        size: shorter side of the picture, in pixels.
        seed: decides all that is random.
        **traits: first values of `target`, `octaves`, `step_size` and other traits.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> dream = DeepDream(image="sky.jpg", layer="mixed4c", octaves=5)
        >>> dream.target = "mixed4c:30"
    """

    BUNDLE: ClassVar[str] = "deepdream"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("layer", "target", *RANGES)
    DECISIVE: ClassVar[tuple[str, ...]] = ("octaves", "octave_scale", "n_steps")
    ABOUT: ClassVar[str] = "DeepDream of"
    BETWEEN: ClassVar[float] = 0.12

    target = traitlets.Unicode().tag(sync=True)
    """A unit to dream of, such as "mixed4a:30"; "" for all that the layer sees."""

    octaves = traitlets.Int(4).tag(sync=True)
    """How many sizes, the last being that of the photo."""

    octave_scale = traitlets.Float(1.4).tag(sync=True)
    """Each size is so many times the one before."""

    n_steps = traitlets.Int(20).tag(sync=True)
    """Updates for each octave."""

    step_size = traitlets.Float(0.01).tag(sync=True)
    """By how much the average pixel changes in an update, of 1."""

    jitter = traitlets.Int(32).tag(sync=True)
    """By how many pixels the picture is moved at most before an update."""

    def __init__(
        self,
        model: Any = None,
        image: Any = None,
        layer: str | None = None,
        *,
        size: int = 224,
        seed: int = 0,
        **traits: Any,
    ) -> None:
        self._size, self._seed = size, seed
        self.dream: NDArray[np.float32] | None = None
        """The newest picture, ``[height, width, 3]`` in [0, 1]; None before."""
        super().__init__(model, None, layer, **traits)
        if self.model.image_shape[-1] != 3:
            raise SettingError(
                f"{self.model.name} sees images of {self.model.image_shape[-1]} "
                "channels; expected a model of colour photos"
            )
        if image is not None:
            self.image = image

    @traitlets.validate(*RANGES)
    def _valid_number(self, proposal: Any) -> float:
        least, most = RANGES[proposal.trait.name]
        if not least <= proposal.value <= most:
            raise SettingError(
                f"{proposal.trait.name} is {proposal.value!r}; expected {least} to "
                f"{most}"
            )
        return proposal.value

    @traitlets.validate("target")
    def _valid_target(self, proposal: Any) -> str:
        name = proposal.value.strip()
        if name.isdecimal() and self.layer:
            name = f"{self.layer}:{name}"  # a channel of the layer
        return self.unit(name).name if name else ""

    # What changes what ------------------------------------------------------------

    @traitlets.observe("selection")
    def _follow(self, change: Any) -> None:
        self.target = change.new["unit"] or ""

    @traitlets.observe("target", "step_size", "jitter")
    def _live_changed(self, change: Any) -> None:
        if change.name == "target":
            if (self.selection["unit"] or "") != self.target:
                self.selection = {**dict(self.selection), "unit": self.target or None}
            if self._ready:
                self._entitle()
        self._keep_dreaming()

    def _decisive_changed(self, change: Any) -> None:
        if change.name != "layer":
            super()._decisive_changed(change)
            return
        self.target = ""
        self._entitle()
        self._keep_dreaming()

    def _keep_dreaming(self) -> None:
        # A running dream takes it over by itself; one that has ended goes on.
        if self._ready and self.dream is not None and self.done >= 1:
            self.done = 0.0
            self.compute("look", self._go_on)

    def _entitle(self) -> None:
        super()._entitle()
        if self.target:
            self.title = f"{self.model.name}, {self.ABOUT} {self.target}"

    def _answer(self, name: str, arguments: Any, upload: bytes | None) -> Answer:
        match name:
            case "dream":
                if self.dream is None:
                    return None, ()
                return None, (encode_live(self.dream).data,)
            case "again" | "more":
                if self._image is None:
                    raise ProtocolError("there is no photo to dream of; choose one")
                if name == "again" or self.dream is None:
                    self._look_again()
                else:
                    self._keep_dreaming()
                return None, ()
        return super()._answer(name, arguments, upload)

    # The work -----------------------------------------------------------------------

    def _look(self) -> Iterator[None]:
        photo = photo_for(self.model, self._image, self._size)
        self._begin_growth()
        self._show_photo(photo, (1, 1))
        yield from self._grow(photo, self.octaves)

    def _go_on(self) -> Iterator[None]:
        yield from self._grow(self.dream, 1)

    def _grow(self, picture: Any, octaves: int) -> Iterator[None]:
        from lucid_widgets.recipes.deepdream import grow_deepdream

        wish, count = self._wish, octaves * self.n_steps
        self.done = 0.0
        objective, made_for = self._objective(), self._subject()
        used = self._changeable()

        def live() -> dict[str, Any]:
            nonlocal objective, made_for, used
            used = self._changeable()
            if self._subject() != made_for:
                objective, made_for = self._objective(), self._subject()
            return {"objective": objective, "step_size": used[1], "jitter": used[2]}

        for frame in grow_deepdream(
            picture,
            self.model,
            objective,
            n_steps=self.n_steps,
            octaves=octaves,
            octave_scale=self.octave_scale,
            seed=self._seed,
            live=live,
        ):
            if wish is not self._wish:
                return
            done = (frame.step + 1) / count
            if self._is_time(done):
                self.dream = newest = frame.images[0]
                self._show_growth(to_pixels(newest), done)
            yield
        if self.dream is not None and wish is self._wish:
            self._keep_growth(to_pixels(self.dream))
            if used != self._changeable():  # in the midst of the last update
                yield from self._go_on()

    def _changeable(self) -> tuple[tuple[str, str], float, float]:
        """Return what a running dream takes over."""
        return self._subject(), self.step_size, self.jitter

    def _subject(self) -> tuple[str, str]:
        return self.layer, self.target

    def _objective(self) -> Any:
        """Return what is dreamt of, as `deepdream` takes it."""
        from lucid_widgets.recipes.icons import objective_of

        if not self.target:
            return self.layer
        return objective_of(self.model, self.unit(self.target))

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return the dream."""
        return None if self.dream is None else to_pixels(self.dream)
