"""GrowingWidget: the base of widgets whose picture grows while one watches."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray

from lucid_widgets.widgets.kept_file import kept_file
from lucid_widgets.widgets.moments import Moments
from lucid_widgets.widgets.photo_widget import PhotoWidget


class GrowingWidget(PhotoWidget):
    """A photo, and a picture made of it that grows, is kept, and can be replayed.

    Its `_look` calls `_begin_growth` when another picture begins; then, for every update,
    `_is_time` and, if it is, `_show_growth`; and `_keep_growth` at the end.
    """

    BETWEEN: ClassVar[float] = 0.25
    """Seconds between two pictures that the page is offered."""

    version = traitlets.Int(0).tag(sync=True)
    """Grows when there is something new to see: the page then asks for it."""

    done = traitlets.Float(0.0).tag(sync=True)
    """How much of the work is done, from 0 to 1."""

    sheet = traitlets.Bytes(b"").tag(sync=True)
    """The picture, when it rests: for pages without a kernel."""

    moments = traitlets.Bytes(b"").tag(sync=True)
    """How it grew, when it rests: WebP files, one behind the other."""

    moment_sizes = traitlets.List(traitlets.Int()).tag(sync=True)
    """Bytes of each."""

    def __init__(self, *args: Any, **traits: Any) -> None:
        self._moments = Moments()
        self._shown_at = 0.0
        super().__init__(*args, **traits)

    def _begin_growth(self) -> None:
        """Forget how the picture before grew."""
        self._moments = Moments()
        self._shown_at = 0.0
        with self.hold_sync():
            self.done, self.sheet = 0.0, b""
            self.moments, self.moment_sizes = b"", []

    def _is_time(self, done: float) -> bool:
        """Return whether the page is to be offered a picture now; always the last."""
        return done >= 1 or time.monotonic() - self._shown_at > self.BETWEEN

    def _show_growth(self, pixels: NDArray[np.uint8], done: float) -> None:
        """Offer the page the newest picture.

        Args:
            pixels: uint8 ``[height, width, channels]``.
            done: how much of the work is done, from 0 to 1.
        """
        self._shown_at = time.monotonic()
        self._moments.note(pixels)
        with self.hold_sync():
            self.done = float(done)
            self.version += 1

    def _keep_growth(self, pixels: NDArray[np.uint8]) -> None:
        """Keep the finished picture, and how it grew, for pages without a kernel."""
        files = self._moments.files()
        with self.hold_sync():
            self.sheet = kept_file(pixels)
            self.moments = b"".join(files)
            self.moment_sizes = [len(file) for file in files]
