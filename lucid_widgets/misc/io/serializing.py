"""One function per file format: a thing to the bytes that `save` writes.

Each takes the thing, an open file in memory and the extension, and returns what the
result of `save` should tell about it.
"""

from __future__ import annotations

import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from PIL import Image

from lucid_widgets.errors import SaveError
from lucid_widgets.misc.io.serialize_array import (
    Domain,
    encode_pixels,
    normalize_array,
)

Details = dict[str, Any]
Saver = Callable[..., Details]


class ClarityJSONEncoder(json.JSONEncoder):
    """Writes tuples, sets, NumPy's numbers and arrays, and what has a ``to_json``."""

    def default(self, o: Any) -> Any:
        """Return something plainer to write in the place of `o`."""
        if isinstance(o, set | frozenset):
            # Sets have no order; a file that changes by itself helps nobody.
            return sorted(o, key=repr)
        if isinstance(o, np.generic | np.ndarray):
            return o.tolist()
        if hasattr(o, "to_json"):
            return o.to_json()
        return super().default(o)


def _save_image(
    thing: Any,
    file: IO[bytes],
    extension: str,
    domain: Domain | None = None,
    quality: int = 90,
    **options: Any,
) -> Details:
    if isinstance(thing, Image.Image):
        # Through an array, so that palettes and CMYK work with every format.
        if thing.mode not in ("L", "RGB", "RGBA"):
            thing = thing.convert("RGBA" if thing.has_transparency_data else "RGB")
        thing, domain = np.asarray(thing), None
    pixels = normalize_array(thing, domain)
    file.write(encode_pixels(pixels, extension[1:], quality, **options))
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    return {"shape": (pixels.shape[1], pixels.shape[0], channels)}


def _save_npy(thing: Any, file: IO[bytes], extension: str) -> Details:
    array = _plain_array(thing)
    np.save(file, array, allow_pickle=False)
    return {"shape": array.shape}


def _save_npz(thing: Any, file: IO[bytes], extension: str) -> Details:
    if isinstance(thing, dict):
        arrays = {str(name): _plain_array(value) for name, value in thing.items()}
    elif isinstance(thing, list | tuple):
        arrays = {f"arr_{i}": _plain_array(value) for i, value in enumerate(thing)}
    else:
        arrays = {"arr_0": _plain_array(thing)}
    # Written by hand: np.savez takes names as keyword arguments, and fails for an
    # array that is called "file".
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return {}


def _plain_array(thing: Any) -> np.ndarray[Any, Any]:
    try:
        array = np.asarray(thing)
    except ValueError as error:
        raise SaveError(f"cannot make one array of this: {error}") from error
    if array.dtype.hasobject:
        raise SaveError(
            f"an array of Python objects (from {type(thing).__name__}) would be "
            "pickled; save numbers, or use .json"
        )
    return array


def _save_json(
    thing: Any, file: IO[bytes], extension: str, indent: int | None = 2
) -> Details:
    try:
        text = json.dumps(thing, indent=indent, cls=ClarityJSONEncoder)
    except (TypeError, ValueError, RecursionError) as error:
        raise SaveError(f"cannot save as JSON: {error}") from error
    file.write(text.encode())
    return {}


def _save_txt(thing: Any, file: IO[bytes], extension: str) -> Details:
    if isinstance(thing, str):
        file.write(thing.encode())
        return {}
    if not isinstance(thing, list | tuple):
        raise SaveError(
            f"cannot save {type(thing).__name__} as {extension}; expected a text or a "
            "list of lines"
        )
    for line in thing:
        if not isinstance(line, str | bytes):
            warnings.warn(
                f"a line is {type(line).__name__}, no text; its repr is saved",
                stacklevel=3,
            )
            line = repr(line)
        data = line.encode() if isinstance(line, str) else line
        file.write(data if data.endswith(b"\n") else data + b"\n")
    return {}


def _save_pb(thing: Any, file: IO[bytes], extension: str) -> Details:
    if not hasattr(thing, "SerializeToString"):
        raise SaveError(
            f"cannot save {type(thing).__name__} as {extension}; expected a GraphDef, "
            "or another protocol buffer"
        )
    file.write(thing.SerializeToString())
    return {}


def _save_pickle(thing: Any, file: IO[bytes], extension: str) -> Details:
    pickle.dump(thing, file)
    return {}


SAVERS: dict[str, tuple[str, Saver]] = {
    ".png": ("image", _save_image),
    ".jpg": ("image", _save_image),
    ".jpeg": ("image", _save_image),
    ".webp": ("image", _save_image),
    ".npy": ("npy", _save_npy),
    ".npz": ("npz", _save_npz),
    ".json": ("json", _save_json),
    ".txt": ("txt", _save_txt),
    ".pb": ("pb", _save_pb),
}
UNSAFE_SAVERS: dict[str, tuple[str, Saver]] = dict.fromkeys(
    (".pickle", ".pkl"), ("pickle", _save_pickle)
)
