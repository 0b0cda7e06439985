"""Sprite sheets: a stack of images as one picture, with a label over each.

        476         477         30          <- label_height pixels
    +-------+   +-------+   +-------+
    |       |   |       |   |       |       <- the tile
    +-------+   +-------+   +-------+
              gap

`SheetLayout` is the geometry alone: which tile is where, and back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc.io.tiling import columns_for, tile
from lucid_widgets.shapes import Pixels

MAX_SHEET_PIXELS = 2**28
_FONT_SIZE = 11
_LABEL_HEIGHT = 16


@dataclass(frozen=True)
class SheetLayout:
    """Where the tiles of a sheet are, in pixels.

    Args:
        count: number of tiles.
        height: height of a tile.
        width: width of a tile.
        columns: tiles in a row.
        gap: empty pixels right of and below every tile.
        label_height: pixels for the label over every tile.
    """

    count: int
    height: int
    width: int
    columns: int
    gap: int = 0
    label_height: int = 0

    @property
    def rows(self) -> int:
        """Number of rows."""
        return math.ceil(self.count / self.columns)

    @property
    def cell_height(self) -> int:
        """Height of a tile with its label and gap."""
        return self.height + self.label_height + self.gap

    @property
    def cell_width(self) -> int:
        """Width of a tile with its gap."""
        return self.width + self.gap

    def position(self, index: int) -> tuple[int, int]:
        """Return the row and column of pixels where tile `index` begins."""
        row, column = divmod(index, self.columns)
        return row * self.cell_height + self.label_height, column * self.cell_width

    def index_at(self, row: int, column: int) -> int | None:
        """Return which tile shows the pixel at `row`, `column`; None between tiles."""
        tile_row, y = divmod(row, self.cell_height)
        tile_column, x = divmod(column, self.cell_width)
        index = tile_row * self.columns + tile_column
        inside = 0 <= y - self.label_height < self.height and x < self.width
        on_sheet = 0 <= tile_column < self.columns and 0 <= index < self.count
        return index if inside and on_sheet else None


def sprite_sheet(
    images: ArrayLike | Iterable[ArrayLike],
    labels: Sequence[Any] | None = None,
    columns: int | None = None,
    gap: int = 0,
    background: float = 1.0,
) -> Pixels:
    """Return many images as one picture, row by row.

    Args:
        images: ``[batch, height, width, channels]``, or a list of images
            ``[height, width, channels]`` or batches, all of one size; in [0, 1].
        labels: a text for each image. A text too long for its tile ends in dots.
        columns: images in a row; as near to a square as can be by default.
        gap: empty pixels right of and below every image; 4 with labels looks well.
        background: grey level between and beside the images; transparent images get
            an opaque background of it around them, not behind them.

    Returns:
        float32 ``[height, width, channels]`` in [0, 1].

    Raises:
        ImageError: no images, or images of different shapes, or too many pixels.
        SettingError: another number of labels than of images, or a negative gap.

    Example:
        >>> sprite_sheet(np.zeros([6, 20, 30, 3])).shape
        (60, 60, 3)
    """
    batch = _stack(images)
    layout = sheet_layout(
        batch, columns=columns, gap=gap, label_height=_LABEL_HEIGHT if labels else 0
    )
    if labels is not None and len(labels) != layout.count:
        raise SettingError(
            f"{len(labels)} labels for {layout.count} images; expected one for each"
        )
    level = _opaque(background, batch.shape[-1])
    shape = (layout.count, layout.cell_height, layout.cell_width, batch.shape[-1])
    cells = np.empty(shape, np.float32)
    cells[:] = level
    top = layout.label_height
    cells[:, top : top + layout.height, : layout.width] = batch
    for cell, text in zip(cells, labels or [], strict=False):
        _draw_label(cell[:top], str(text), layout.width, background)
    sheet = tile(cells, layout.columns, empty=background)
    if batch.shape[-1] == 4 and layout.count % layout.columns:
        left = (layout.count % layout.columns) * layout.cell_width
        sheet[-layout.cell_height :, left:] = level
    return sheet


def sheet_layout(
    batch: NDArray[Any], *, columns: int | None, gap: int, label_height: int
) -> SheetLayout:
    """Return where the images of a batch ``[batch, height, width, channels]`` go.

    Raises:
        ImageError: the sheet would have more than `MAX_SHEET_PIXELS` pixels.
        SettingError: a negative gap, or no columns.
    """
    count, height, width = batch.shape[:3]
    if not 0 <= gap <= 1024:
        raise SettingError(f"gap is {gap!r}; expected 0 to 1024 pixels")
    if columns is None:
        columns = columns_for(count, height + label_height + gap, width + gap)
    if columns < 1:
        raise SettingError(f"columns is {columns!r}; expected at least 1")
    layout = SheetLayout(count, height, width, min(columns, count), gap, label_height)
    cells = layout.rows * layout.columns
    if cells * layout.cell_height * layout.cell_width > MAX_SHEET_PIXELS:
        raise ImageError(
            f"a sheet of {count} images of {height} x {width} px would have more than "
            f"{MAX_SHEET_PIXELS:,} pixels; show fewer, or smaller ones"
        )
    return layout


def _stack(images: Any) -> NDArray[np.float32]:
    if isinstance(images, list | tuple) or not hasattr(images, "__array__"):
        parts = [_batch_of(np.asarray(part, np.float32)) for part in images]
        shapes = {part.shape[1:] for part in parts}
        if len(shapes) != 1:
            raise ImageError(
                f"images of {len(shapes)} different shapes"
                f"{': ' if shapes else ''}{', '.join(map(str, sorted(shapes)))}; "
                "expected at least one image, all of one shape"
            )
        return np.concatenate(parts)
    return _batch_of(np.asarray(images, np.float32))


def _batch_of(array: NDArray[np.float32]) -> NDArray[np.float32]:
    batch = array[None] if array.ndim == 3 else array
    if batch.ndim != 4 or 0 in batch.shape:
        raise ImageError(
            f"an array of shape {array.shape} holds no images; expected "
            "[batch, height, width, channels], none of them 0"
        )
    return batch


def _opaque(level: float, channels: int) -> NDArray[np.float32]:
    pixel = np.full(channels, level, np.float32)
    if channels == 4:
        pixel[3] = 1
    return pixel


def _draw_label(
    strip: NDArray[np.float32], text: str, width: int, background: float
) -> None:
    font = ImageFont.load_default(_FONT_SIZE)
    # One line: a line feed in a label would be drawn over the image.
    text = _shorten(" ".join(text.split()), width, font)
    ink = Image.new("L", (strip.shape[1], strip.shape[0]))
    ImageDraw.Draw(ink).text((0, strip.shape[0] - 3), text, 255, font, anchor="ls")
    colour = 0.0 if background > 0.5 else 1.0
    coverage = np.asarray(ink, np.float32)[..., None] / 255
    shown = min(strip.shape[-1], 3)
    strip[..., :shown] += coverage * (colour - strip[..., :shown])


def _shorten(text: str, width: int, font: Any) -> str:
    if font.getlength(text) <= width:
        return text
    kept = len(text)
    while kept and font.getlength(text[:kept] + "…") > width:
        kept -= 1
    return text[:kept] + "…" if kept else ""
