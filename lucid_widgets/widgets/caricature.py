"""Caricature: a photo, and beside it what layers make of it, growing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.modelzoo.photos import photo_for
from lucid_widgets.stream.encoder import encode_live, to_pixels
from lucid_widgets.widgets.answering import Answer
from lucid_widgets.widgets.growing_widget import GrowingWidget
from lucid_widgets.widgets.objective_choice import check_layer

MAX_LAYERS = 6
MAX_POWER = 4.0


class Caricature(GrowingWidget):
    """A photo as layers see it, exaggerated: a strip that grows while you watch.

    Each picture's activations point where the photo's do, as far as they will go: what
    a layer cares about grows, and the rest goes away. Layers are added and taken
    away on the page; the slider changes the running optimization. See
    `recipes.caricature`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        image: a photo: a file, an array, a PIL image; left out, the page asks for one.
        strip: names of one to six layers; left out, four on the way through the model.
        size: shorter side of what the model sees, in pixels; left out, as it was
            trained.
        n_steps: updates of the strip.
        seed: decides all that is random.
        **traits: first values of other traits, such as `cossim_pow`.

    Raises:
        LucidError: an argument that cannot be used.

    Example:
        >>> Caricature(image="dog.jpg", strip=["mixed3b", "mixed4c"], cossim_pow=1)
    """

    BUNDLE: ClassVar[str] = "caricature"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("strip", "cossim_pow")
    DECISIVE: ClassVar[tuple[str, ...]] = ("strip",)

    strip = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the layers, one picture for each."""

    cossim_pow = traitlets.Float(0.0).tag(sync=True)
    """How much the angle matters, 0 to 4: 0 exaggerates most, more is closer."""

    shown = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The layers that the newest pictures are of."""

    def __init__(
        self,
        model: Any = None,
        image: Any = None,
        strip: Sequence[str] | None = None,
        *,
        size: int | tuple[int, int] | None = None,
        n_steps: int = 256,
        seed: int = 0,
        **traits: Any,
    ) -> None:
        self._size, self._n_steps, self._seed = size, n_steps, seed
        self._last: Any = None
        self.pictures: NDArray[np.float32] | None = None
        """The newest, ``[layers, height, width, channels]`` in [0, 1]; None before."""
        super().__init__(model, **traits)
        if self.model.image_shape[-1] != 3:
            raise SettingError(
                f"{self.model.name} sees images of {self.model.image_shape[-1]} "
                "channels; expected a model of colour photos"
            )
        with self.hold_sync():
            self.strip = list(along(self.model) if strip is None else strip)
            self.layer = self.strip[0]
        if image is not None:
            self.image = image

    @traitlets.validate("strip")
    def _valid_strip(self, proposal: Any) -> list[str]:
        names = list(
            dict.fromkeys(check_layer(self.model, n).name for n in proposal.value)
        )
        if not 1 <= len(names) <= MAX_LAYERS:
            raise SettingError(
                f"a strip of {len(names)} layers; expected 1 to {MAX_LAYERS}"
            )
        return names

    @traitlets.validate("cossim_pow")
    def _valid_cossim_pow(self, proposal: Any) -> float:
        if not 0 <= proposal.value <= MAX_POWER:
            raise SettingError(
                f"cossim_pow is {proposal.value!r}; expected 0 to {MAX_POWER:g}"
            )
        return proposal.value

    @traitlets.observe("cossim_pow")
    def _power_changed(self, _change: Any) -> None:
        # A running optimization takes it over by itself; one that has ended goes on.
        if self._ready and self._last is not None and self.done >= 1:
            self.compute("look", self._go_on)

    def _decisive_changed(self, change: Any) -> None:
        if change.name == "layer":
            return  # a picture that is pointed out, not another strip
        super()._decisive_changed(change)

    def _entitle(self) -> None:
        self.title = f"{self.model.name}, caricatures of a photo"

    def _answer(self, name: str, arguments: Any, upload: bytes | None) -> Answer:
        if name != "strip":
            return super()._answer(name, arguments, upload)
        if self.pictures is None:
            return None, ()
        return list(self.shown), (encode_live(np.hstack([*self.pictures])).data,)

    # The work -----------------------------------------------------------------------

    def _look(self) -> Iterator[None]:
        wish, strip = self._wish, list(self.strip)
        photo = photo_for(self.model, self._image, self._size)
        self._last = None
        self._begin_growth()
        self._show_photo(photo, (1, 1))
        yield from self._grow(wish, photo, strip, None)

    def _go_on(self) -> Iterator[None]:
        photo, strip, state = self._last
        yield from self._grow(self._wish, photo, strip, state)

    def _grow(
        self, wish: object, photo: NDArray[np.float32], strip: list[str], state: Any
    ) -> Iterator[None]:
        from lucid_widgets.recipes.caricature import grow_caricature

        start = 0 if state is None else state.step
        end = start + (self._n_steps if state is None else self._n_steps // 2)
        power = self.cossim_pow
        self.done = 0.0

        def power_now() -> float:
            nonlocal power
            power = self.cossim_pow
            return power

        for frame in grow_caricature(
            photo,
            self.model,
            strip,
            n_steps=end,
            cossim_pow=power_now,
            seed=self._seed,
            state=state,
        ):
            if wish is not self._wish:
                return
            done = (frame.step + 1 - start) / max(1, end - start)
            if self._is_time(done):
                self.pictures = np.nan_to_num(frame.images[1:], nan=0.5)
                with self.hold_sync():
                    self.shown = strip
                    self._show_growth(to_pixels(np.hstack([*self.pictures])), done)
            if done >= 1:
                self._last = (photo, strip, frame.state)
            yield
        if self.pictures is not None and wish is self._wish:
            self._keep_growth(to_pixels(np.hstack([*self.pictures])))
            if power != self.cossim_pow:  # changed in the midst of the last update
                yield from self._go_on()

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return the photo and its pictures, side by side."""
        if self.pictures is None or self._image is None:
            return None
        height, width = self.pictures.shape[1:3]
        photo = photo_for(self.model, self._image, (height, width))
        return to_pixels(np.hstack([photo, *self.pictures]))


def along(model: Any) -> list[str]:
    """Return four layers on the way through a model, or fewer."""
    spatial = [known.name for known in model.layers if known.depth and known.stride]
    names = spatial or [known.name for known in model.layers if known.depth]
    last = len(names) - 1
    return list(
        dict.fromkeys(names[round(last * part)] for part in (0.2, 0.4, 0.6, 0.8))
    )
