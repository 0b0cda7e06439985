"""Frame to bytes: JPEG while running, lossless PNG at rest.

    images  [batch, height, width, channels], float in [0, 1]
      -> pixels  uint8 [height, width, 1 | 3 | 4]      (one picture, tiled)
      -> bytes

JPEG knows no transparency: images with an alpha channel travel as PNG.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lucid_widgets.errors import ImageError
from lucid_widgets.misc.io.tiling import tile
from lucid_widgets.stream.protocol import Mime

JPEG_QUALITY = 85
"""A JPEG of this quality costs under 1 % of a step; a person does not see the loss."""

EMPTY_TILE = 128
"""Mid-grey, for the places of a sheet that no image of the batch fills."""

Pixels8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Encoded:
    """An image as the bytes of a file.

    Args:
        data: the file.
        mime: its kind.
        width: in pixels.
        height: in pixels.
        lossless: whether the pixels come back as they were.
    """

    data: bytes
    mime: Mime
    width: int
    height: int
    lossless: bool


def to_pixels(images: NDArray[np.floating]) -> Pixels8:
    """Return one 8-bit picture of a batch of images.

    Args:
        images: ``[batch, height, width, channels]`` or ``[height, width,
            channels]``, values in [0, 1]; others are clipped, and NaN is black.

    Returns:
        ``[height, width, 1 | 3 | 4]``: 1 channel is grey, 2 grey and one ignored,
        4 colour and opacity; of more than 4 the first three are shown. The images
        of a batch are tiles of one near-square picture, row by row.

    Raises:
        ImageError: the array has another rank, or is empty.
    """
    if images.ndim == 3:
        images = images[np.newaxis]
    if images.ndim != 4 or 0 in images.shape:
        raise ImageError(
            f"images have shape {list(images.shape)}; "
            "expected [batch, height, width, channels], none of them 0"
        )
    shown = {1: 1, 2: 1, 4: 4}.get(images.shape[-1], 3)
    finite = np.nan_to_num(images[..., :shown], nan=0.0, posinf=1.0, neginf=0.0)
    scaled = np.clip(finite, 0.0, 1.0) * np.float32(255)
    return tile((scaled + np.float32(0.5)).astype(np.uint8), empty=EMPTY_TILE)


def encode_live(images: NDArray[np.floating]) -> Encoded:
    """Return a frame of a running optimization: small and fast.

    Args:
        images: as for `to_pixels`.
    """
    pixels = to_pixels(images)
    if pixels.shape[-1] == 4:
        return _png(pixels, compress_level=1)
    buffer = io.BytesIO()
    # Full colour resolution (4:4:4): these pictures are made of fine colour detail.
    _image(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return _encoded(buffer, pixels, "image/jpeg", lossless=False)


def encode_still(
    images: NDArray[np.floating], text: dict[str, str] | None = None
) -> Encoded:
    """Return a frame at rest as a PNG that keeps every pixel.

    Args:
        images: as for `to_pixels`.
        text: keywords and texts that the file shall carry (tEXt chunks; before
            the pixels, so that a reader finds them early).
    """
    return encode_pixels(to_pixels(images), text)


def encode_pixels(pixels: Pixels8, text: dict[str, str] | None = None) -> Encoded:
    """Return an 8-bit picture as a PNG.

    Args:
        pixels: ``[height, width, 1 | 3 | 4]``.
        text: as for `encode_still`.
    """
    return _png(pixels, compress_level=6, text=text)


def _png(
    pixels: Pixels8, compress_level: int, text: dict[str, str] | None = None
) -> Encoded:
    info = PngInfo()
    for keyword, value in (text or {}).items():
        info.add_text(keyword, value)
    buffer = io.BytesIO()
    _image(pixels).save(buffer, "PNG", compress_level=compress_level, pnginfo=info)
    return _encoded(buffer, pixels, "image/png", lossless=True)


def _image(pixels: Pixels8) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _encoded(
    buffer: io.BytesIO, pixels: Pixels8, mime: Mime, *, lossless: bool
) -> Encoded:
    height, width = pixels.shape[:2]
    return Encoded(buffer.getvalue(), mime, width, height, lossless)
