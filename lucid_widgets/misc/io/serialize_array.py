"""Arrays to the bytes of an image file, and to JavaScript source."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from lucid_widgets.errors import ImageError, SettingError

Domain = tuple[float, float]

_PILLOW_FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}


def normalize_array(
    array: ArrayLike, domain: Domain | None = (0, 1)
) -> NDArray[np.uint8]:
    """Return the pixels of an image as whole numbers from 0 to 255, rounded.

    - Floats: `domain` is stretched to 0..255, and what lies outside is clipped;
      None stands for the smallest and largest value present.
    - Booleans: 0 and 255.
    - Integers are taken for pixel values from 0 to 255 when `domain` is None, when
      they are unsigned bytes with the default domain, or when one is above 1 with the
      default domain; otherwise they are scaled as floats are. (Lucid clips them to the
      default domain, and every such picture looks black.)

    Args:
        array: ``[height, width]``, ``[height, width, channels]``, or a batch of one.
        domain: lowest and highest value.

    Returns:
        uint8 ``[height, width]`` for one channel, else ``[height, width, channels]``.

    Raises:
        ImageError: wrong rank, no pixels, not numbers, NaN or infinity.
        SettingError: `domain` is not a pair of numbers in ascending order.
    """
    values = _pixels(array)
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(values.dtype, np.integer) and _are_bytes(values, domain):
        return values.clip(0, 255).astype(np.uint8)
    values = values.astype(np.float64 if values.itemsize > 4 else np.float32)
    low, high = _range(values, domain)
    # Divided first: 255 over a range of nearly nothing is more than a number can be.
    scaled = (values.clip(low, high) - low) / (high - low) * 255
    return np.rint(scaled).astype(np.uint8)


def _pixels(array: ArrayLike) -> NDArray[Any]:
    values = np.asarray(array)
    if values.ndim == 4 and values.shape[0] == 1:
        values = values[0]
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise ImageError(
            f"an array of shape {values.shape} is no image; expected "
            "[height, width] or [height, width, channels], without empty axes"
        )
    is_number = np.issubdtype(values.dtype, np.number) or values.dtype == np.bool_
    if not is_number or np.iscomplexobj(values):
        raise ImageError(f"the pixels are {values.dtype}; expected real numbers")
    if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
        bad = int(values.size - np.isfinite(values).sum())
        raise ImageError(
            f"{bad} of {values.size} values are NaN or infinite; "
            "np.nan_to_num(image) replaces them"
        )
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    return values


def _are_bytes(values: NDArray[Any], domain: Domain | None) -> bool:
    if domain is None:
        return True
    if tuple(domain) != (0, 1):
        return False
    return values.dtype == np.uint8 or bool(values.max() > 1)


def _range(values: NDArray[Any], domain: Domain | None) -> tuple[float, float]:
    if domain is None:
        low, high = float(values.min()), float(values.max())
        # A picture of one colour has no contrast to stretch: keep its colour.
        return (low, high) if high > low else (0.0, 1.0)
    try:
        low, high = (float(limit) for limit in domain)
    except (TypeError, ValueError):
        low = high = float("nan")
    if not (np.isfinite([low, high]).all() and low < high):
        raise SettingError(
            f"domain is {domain!r}; expected two finite numbers, the lower one first, "
            "or None for the range of the image"
        )
    return low, high


def encode_pixels(
    pixels: NDArray[np.uint8], fmt: str = "png", quality: int = 70, **options: Any
) -> bytes:
    """Return the bytes of an image file.

    Args:
        pixels: uint8 ``[height, width]`` (grey) or ``[height, width, 3 or 4]``.
        fmt: "png", "jpg", "jpeg" or "webp".
        quality: 0 to 100, for formats that lose detail.
        **options: further options of Pillow for that format.

    Raises:
        ImageError: the format cannot hold such an image.
        SettingError: no such format.
    """
    pillow_format = _PILLOW_FORMATS.get(str(fmt).lower())
    if pillow_format is None:
        raise SettingError(
            f"no image format {fmt!r}; expected one of {', '.join(_PILLOW_FORMATS)}"
        )
    if pixels.ndim == 3 and pixels.shape[-1] not in (3, 4):
        raise ImageError(
            f"an image file holds 1, 3 or 4 channels, not {pixels.shape[-1]}; "
            "misc.io.collapse_channels.collapse_channels turns channels into colours, "
            "and a .npy file keeps them all"
        )
    if pillow_format == "JPEG" and pixels.ndim == 3 and pixels.shape[-1] == 4:
        raise ImageError(
            "JPEG has no transparency; use png or webp, "
            "or drop the fourth channel: image[..., :3]"
        )
    file = io.BytesIO()
    try:
        image = Image.fromarray(np.ascontiguousarray(pixels))
        image.save(file, pillow_format, quality=quality, **options)
    except (OSError, ValueError) as error:
        raise ImageError(
            f"cannot write an image of shape {pixels.shape} as {fmt}: {error}"
        ) from error
    return file.getvalue()


def serialize_array(
    array: ArrayLike,
    domain: Domain | None = (0, 1),
    fmt: str = "png",
    quality: int = 70,
) -> bytes:
    """Return the bytes of an image file.

    Args:
        array: an image; see `normalize_array` for shapes and values.
        domain: lowest and highest value; None for those of the image.
        fmt: "png", "jpg", "jpeg" or "webp".
        quality: 0 to 100, for formats that lose detail.

    Raises:
        ImageError: the array is no image, or the format cannot hold it.

    Example:
        >>> serialize_array(np.zeros([2, 3]))[1:4]
        b'PNG'
    """
    return encode_pixels(normalize_array(array, domain), fmt, quality)


_JS_TYPES = {
    "int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64",
}  # fmt: skip


def array_to_jsbuffer(array: NDArray[Any]) -> str:
    """Return JavaScript source of a typed array with the numbers of `array`.

    Args:
        array: rank 1, of a type that JavaScript has an array for.

    Raises:
        TypeError: another rank or type, as in Lucid.
    """
    if array.ndim != 1:
        raise TypeError(
            f"an array of rank {array.ndim} is no typed array; use array.ravel()"
        )
    if array.dtype.name not in _JS_TYPES:
        raise TypeError(
            f"JavaScript has no array of {array.dtype.name}; "
            f"expected one of {', '.join(sorted(_JS_TYPES))}"
        )
    # Typed arrays are little-endian on every machine that runs a browser.
    little_endian = array.astype(array.dtype.newbyteorder("<"))
    data = base64.b64encode(little_endian.tobytes()).decode("ascii")
    name = array.dtype.name.replace("uint", "Uint").replace("float", "Float")
    name = name[0].upper() + name[1:] + "Array"
    return f'new {name}(Uint8Array.from(atob("{data}"), (c) => c.charCodeAt(0)).buffer)'
