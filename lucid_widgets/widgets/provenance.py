"""Recipes inside picture files, in standard metadata.

PNG                        a tEXt chunk, keyword "lucid_widgets", before the pixels
WebP, JPEG, AVIF           EXIF, tag UserComment
TIFF                       tag ImageDescription
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lucid_widgets.errors import LucidError, ProvenanceError, SaveError, SettingError
from lucid_widgets.stream.encoder import Pixels8
from lucid_widgets.widgets.recipe import MAX_CHARACTERS

KEYWORD = "lucid_widgets"

READ_FORMATS = ("PNG", "WEBP", "JPEG", "AVIF", "TIFF")
"""No other decoder is given a file that may be hostile."""

_EXIF_POINTER = 0x8769
_USER_COMMENT = 0x9286
_IMAGE_DESCRIPTION = 0x010E
_ASCII = b"ASCII\0\0\0"
_MARK = f"{KEYWORD} "

MAX_EXIF_CHARACTERS = 60_000
"""JPEG has room for 64 KiB of EXIF, and the other formats follow it."""

MAX_SCALE = 64

MAX_PIXELS = 2**27
"""Of an enlarged picture: what programs that open pictures take for sound."""

_LOSSLESS: dict[str, dict[str, Any]] = {
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
    "JPEG": {"quality": 95, "subsampling": 0},
}


def save_picture(path: Path, pixels: Pixels8, recipe: str | None) -> None:
    """Write a picture, without loss where the format can, its recipe inside.

    Args:
        path: where to; its ending decides the format.
        pixels: ``[height, width, 1 | 3 | 4]``.
        recipe: JSON, in ASCII; None for none. A format without room for it gets
            none, with a warning.

    Raises:
        SaveError: the format does not hold this kind of picture.
    """
    extension = path.suffix.lower()
    kind = Image.registered_extensions()[extension]
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    options = dict(_LOSSLESS.get(kind, {}))
    if recipe is not None:
        options |= _metadata(kind, recipe)
    try:
        picture.save(path, kind, **options)
    except (OSError, ValueError) as error:
        raise SaveError(
            f"cannot save {path.name!r}: {error}; PNG holds every picture"
        ) from error


def _metadata(kind: str, recipe: str) -> dict[str, Any]:
    if kind == "PNG":
        info = PngInfo()
        info.add_text(KEYWORD, recipe)
        return {"pnginfo": info}
    if kind in READ_FORMATS and len(recipe) <= MAX_EXIF_CHARACTERS:
        exif = Image.Exif()
        if kind == "TIFF":  # for which Pillow writes no part of EXIF that is its own
            exif[_IMAGE_DESCRIPTION] = _MARK + recipe
            return {"exif": exif}
        comment = _ASCII + (_MARK + recipe).encode("ascii")
        exif.get_ifd(_EXIF_POINTER)[_USER_COMMENT] = comment
        # As bytes: AVIF takes EXIF that has nothing but parts for empty.
        return {"exif": exif.tobytes()}
    reason = "is too long for it" if kind in READ_FORMATS else "finds no room in it"
    warnings.warn(
        f"saved as {kind} without the recipe, which {reason}; PNG keeps it",
        stacklevel=4,
    )
    return {}


def read_text(path: str | Path) -> str:
    """Return the recipe in a picture file, as text that nobody has checked yet.

    Args:
        path: the file. Its pixels are not decoded.

    Raises:
        ProvenanceError: there is no recipe inside, or the file makes no sense.
        OSError: the file cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Image.open(file, formats=READ_FORMATS) as image:
                    text = _text_in(image)
        except LucidError:
            raise
        except Exception as error:
            # Decoders meet broken files with errors of every kind.
            raise ProvenanceError(
                f"cannot read {Path(path).name!r}: {str(error)[:200]}"
            ) from error
    if text is None:
        raise ProvenanceError(
            f"{Path(path).name!r} has no recipe inside; expected a picture saved by "
            "FeatureVis.save, unchanged since (other programs remove what they do "
            "not know)"
        )
    if len(text) > MAX_CHARACTERS:
        raise ProvenanceError(f"the recipe has over {MAX_CHARACTERS:,} characters")
    return text


def _text_in(image: Image.Image) -> str | None:
    if image.format == "PNG":
        text = image.info.get(KEYWORD)
        return text if isinstance(text, str) else None
    if image.format == "TIFF":
        text = image.getexif().get(_IMAGE_DESCRIPTION)
    else:
        comment = image.getexif().get_ifd(_EXIF_POINTER).get(_USER_COMMENT)
        if not isinstance(comment, bytes) or not comment.startswith(_ASCII):
            return None
        text = comment[len(_ASCII) :].decode("ascii", "replace")
    if not isinstance(text, str):
        return None
    return text[len(_MARK) :] if text.startswith(_MARK) else None


def enlarge(pixels: Pixels8, scale: float) -> Pixels8:
    """Return a picture at another scale.

    Args:
        pixels: ``[height, width, 1 | 3 | 4]``.
        scale: whole numbers keep pixels square and sharp, others interpolate.

    Raises:
        SettingError: no such scale, or a picture that no memory has room for.
    """
    is_number = isinstance(scale, int | float) and not isinstance(scale, bool)
    if not is_number or not 0 < scale <= MAX_SCALE:
        raise SettingError(
            f"scale is {scale!r}; expected a number above 0, up to {MAX_SCALE}"
        )
    if scale == 1:
        return pixels
    height, width, channels = pixels.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size[0] * size[1] > MAX_PIXELS:
        raise SettingError(
            f"scale is {scale!r}, which makes {size[0]} x {size[1]} pixels; expected "
            f"at most {MAX_PIXELS:,}: take {int((MAX_PIXELS / height / width) ** 0.5)}"
        )
    whole = scale == int(scale)
    how = Image.Resampling.NEAREST if whole else Image.Resampling.LANCZOS
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    return np.asarray(image.resize(size, how)).reshape(size[1], size[0], channels)
