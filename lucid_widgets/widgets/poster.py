"""The poster: the picture for those who see the notebook without its kernel.

A widget shows nothing where there are no widgets: on GitHub, in nbviewer, in a
notebook reopened without its kernel. So every cell that shows a widget gets a
second output, a plain PNG, which is replaced whenever the run comes to rest; the
live view hides it. The same picture goes into the widget's own state, for pages
that have widgets and no kernel.
"""

from __future__ import annotations

import base64
import uuid
from typing import Any

import numpy as np
from PIL import Image

from lucid_widgets.frame import Frame
from lucid_widgets.stream.curve import Curve, finite_or_none
from lucid_widgets.stream.encoder import Encoded, Pixels8, encode_pixels, to_pixels
from lucid_widgets.widgets.frame_canvas import FrameCanvas

KEYWORD = "lucid_widgets_poster"
"""Keyword of the PNG's text chunk by which the live view knows the poster."""

MAX_SIDE = 640
"""Larger pictures are made smaller: a poster is saved twice in the notebook."""

SHOWN_SIDE = 320
"""Small pictures are shown at this size at least, in pixels of the page."""

CURVE_POINTS = 200


class PosterOutput:
    """An output that shows one picture, and another one whenever there is a new one."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self._displayed = False
        self._encoded = encode_pixels(np.zeros((1, 1, 4), np.uint8), self._text)

    @property
    def _text(self) -> dict[str, str]:
        return {KEYWORD: self.id}

    @property
    def encoded(self) -> Encoded:
        """The picture as a file; transparent and of one pixel while there is none."""
        return self._encoded

    def show(self, pixels: Pixels8, text: dict[str, str] | None = None) -> None:
        """Show a picture from now on. May be called from any thread.

        Args:
            pixels: uint8 ``[height, width, 1 | 3 | 4]``.
            text: what the picture's file is to carry besides.
        """
        self._encoded = encode_pixels(shrink(pixels), {**self._text, **(text or {})})
        if self._displayed:
            self._publish(update=True)

    def display(self) -> None:
        """Add an output that shows the poster, now and after every `show`."""
        self._displayed = True
        self._publish(update=False)

    def _publish(self, *, update: bool) -> None:
        from IPython.display import display

        data, metadata = mime_bundle(self._encoded)
        display(data, metadata=metadata, raw=True, display_id=self.id, update=update)


class Poster(PosterOutput):
    """Keeps the newest still of a canvas, and shows it beside every display.

    Args:
        canvas: gets the still as traits.
    """

    def __init__(self, canvas: FrameCanvas) -> None:
        super().__init__()
        self._canvas = canvas
        canvas.poster_id = self.id

    def keep(
        self, frame: Frame, curve: Curve, text: dict[str, str] | None = None
    ) -> None:
        """Make a frame the poster. May be called from any thread.

        Args:
            frame: the frame.
            curve: the objective's course up to it.
            text: what the picture's file is to carry besides.
        """
        self.show(to_pixels(frame.images), text)
        encoded = self.encoded
        with self._canvas.hold_sync():
            self._canvas.poster_mime = encoded.mime
            self._canvas.poster_step = frame.step + 1
            self._canvas.poster_size = [encoded.width, encoded.height]
            self._canvas.poster_objective = finite_or_none(frame.objective)
            self._canvas.poster_curve = curve.summary(CURVE_POINTS)
            self._canvas.poster = encoded.data


def mime_bundle(encoded: Encoded) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an image as the data and metadata of a notebook's output."""
    width, height = encoded.width, encoded.height
    zoom = max(1, round(SHOWN_SIDE / max(width, height)))
    size = {"width": width * zoom, "height": height * zoom}
    image = base64.b64encode(encoded.data).decode("ascii")
    data = {"image/png": image, "text/plain": "<lucid_widgets poster>"}
    return data, {"image/png": size} if width > 1 else {}


def shrink(pixels: Pixels8) -> Pixels8:
    """Return the picture with no side longer than `MAX_SIDE`."""
    height, width, channels = pixels.shape
    longest = max(height, width)
    if longest <= MAX_SIDE:
        return pixels
    size = (
        max(1, round(width * MAX_SIDE / longest)),
        max(1, round(height * MAX_SIDE / longest)),
    )
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    smaller = np.asarray(image.resize(size, Image.Resampling.LANCZOS))
    return smaller.reshape(size[1], size[0], channels)
