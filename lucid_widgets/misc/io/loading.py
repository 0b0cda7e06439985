"""load: files and addresses to arrays, texts and graphs, by their extension.

    .png .jpg .jpeg .webp    float32 [height, width, 3 or 4] in [0, 1]; size=(w, h)
    .npy .npz                array; dictionary of arrays
    .json .txt .md           Python values; text, or a list of lines with split=True
    .pb                      GraphDef (imports TensorFlow)
    .pickle .pkl             only with allow_unsafe_formats=True
    ....xz                   any of these, compressed

An unknown extension is tried as an image, as in Lucid. A list of addresses is loaded in
parallel; what fails stands in the list as an exception object.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from urllib.parse import urlsplit

from lucid_widgets.errors import ImageError, LoadError, LucidError
from lucid_widgets.misc.io import array_files
from lucid_widgets.misc.io.decoding import decode_image
from lucid_widgets.misc.io.reading import Cache, decode_text, read_handle
from lucid_widgets.misc.io.remote import is_remote
from lucid_widgets.misc.io.scoping import current_io_scopes, set_io_scopes

_THREADS = 8
_XZ_MEMORY = 2**30


def load(
    url_or_handle: Any,
    allow_unsafe_formats: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
    cache: Cache = None,
    **kwargs: Any,
) -> Any:
    """Load a file.

    Args:
        url_or_handle: a path, an address (https, http, gs, s3; see `reading`), an
            open binary file that has a name, or a list of these.
        allow_unsafe_formats: also load pickles, which run the program that is in
            them: only for files that you made yourself.
        cache: None to keep what comes from an address, False not to, "purge" to
            fetch it anew.
        **kwargs: `size` for images, ``(width, height)`` in pixels; `split` and
            `encoding` for texts.

    Returns:
        What the extension says; see the top of this module.

    Raises:
        LoadError: (a RuntimeError) no such file, unknown contents, broken contents.
        ImageError: an image too large to be opened safely.

    Example:
        >>> load("photo.jpg", size=(224, 224)).shape    # doctest: +SKIP
        (224, 224, 3)
    """
    options = {"allow_unsafe_formats": allow_unsafe_formats, "cache": cache, **kwargs}
    if isinstance(url_or_handle, list | tuple):
        return _load_all(url_or_handle, options)
    if _is_handle(url_or_handle):
        name = str(getattr(url_or_handle, "name", ""))
        return _load_file(url_or_handle, name, kwargs, unsafe=allow_unsafe_formats)
    return _load_url(_as_url(url_or_handle), cache, kwargs, unsafe=allow_unsafe_formats)


def _as_url(thing: Any) -> str:
    if isinstance(thing, str | os.PathLike):
        return str(os.fspath(thing))
    raise LoadError(
        f"cannot load from {type(thing).__name__}; expected a path, an address, "
        "an open file, or a list of these"
    )


def _is_handle(thing: Any) -> bool:
    return hasattr(thing, "read")


def _load_all(things: Sequence[Any], options: dict[str, Any]) -> list[Any]:
    scopes = current_io_scopes()

    def load_one(thing: Any) -> Any:
        set_io_scopes(scopes)
        try:
            return load(thing, **options)
        except Exception as error:
            # Lucid's semantics: one missing icon does not lose the other 10,000.
            return error

    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(load_one, things))


def _load_url(url: str, cache: Cache, kwargs: dict[str, Any], *, unsafe: bool) -> Any:
    try:
        with read_handle(url, cache=cache) as file:
            return _load_file(file, url, kwargs, unsafe=unsafe)
    except (LoadError, ImageError):
        # The kept copy may be stale or damaged; a file on disk would stay the same.
        if not is_remote(url) or cache in (False, "purge"):
            raise
    with read_handle(url, cache="purge") as file:
        return _load_file(file, url, kwargs, unsafe=unsafe)


def _load_file(
    file: IO[Any], name: str, kwargs: dict[str, Any], *, unsafe: bool
) -> Any:
    stem, extension = _split_extension(name)
    if extension == ".xz":
        file = io.BytesIO(_decompress(file, name))
        stem, extension = _split_extension(stem)
    if extension in (".pickle", ".pkl"):
        return _load_pickle(file, name, allowed=unsafe)
    loader = _LOADERS.get(extension)
    if loader is not None:
        return loader(file, name, **kwargs)
    try:
        return _load_image(file, name, **kwargs)
    except LoadError as error:
        raise LoadError(
            f"cannot load {name!r}: unknown extension {extension!r}, and it is no "
            f"image; expected one of {', '.join(_LOADERS)}, or one of these with .xz"
        ) from error


def _split_extension(name: str) -> tuple[str, str]:
    # An address may have a query behind its path: a.png?raw=1.
    path = urlsplit(name).path if is_remote(name) else name
    stem, extension = os.path.splitext(path)  # noqa: PTH122 - also splits addresses
    return stem, extension.lower()


def _load_image(file: IO[bytes], name: str, size: Any = None) -> Any:
    return decode_image(_seekable(file), name, size)


def _load_npy(file: IO[bytes], name: str) -> Any:
    return array_files.read_npy(_seekable(file), name)


def _load_npz(file: IO[bytes], name: str) -> Any:
    return array_files.read_npz(_seekable(file), name)


def _load_json(file: IO[Any], name: str, encoding: str = "utf-8") -> Any:
    try:
        return json.loads(_text(file, name, encoding))
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{name} is no JSON: {error}") from error


def _load_text(
    file: IO[Any], name: str, *, split: bool = False, encoding: str = "utf-8"
) -> str | list[str]:
    text = _text(file, name, encoding)
    return text.splitlines() if split else text


def _load_graphdef(file: IO[bytes], name: str) -> Any:
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        return tf.compat.v1.GraphDef.FromString(file.read())
    except DecodeError as error:
        raise LoadError(f"{name} is no GraphDef, or is cut short: {error}") from error


_LOADERS: dict[str, Callable[..., Any]] = {
    ".png": _load_image,
    ".jpg": _load_image,
    ".jpeg": _load_image,
    ".webp": _load_image,
    ".npy": _load_npy,
    ".npz": _load_npz,
    ".json": _load_json,
    ".txt": _load_text,
    ".md": _load_text,
    ".pb": _load_graphdef,
}


def _load_pickle(file: IO[bytes], name: str, *, allowed: bool) -> Any:
    if not allowed:
        raise LoadError(
            f"{name} is a pickle, which runs the program that is in it; if you made "
            "it yourself, load it with allow_unsafe_formats=True"
        )
    try:
        return pickle.load(file)
    except LucidError:
        raise
    except Exception as error:
        raise LoadError(f"cannot load the pickle {name}: {error}") from error


def _decompress(file: IO[bytes], name: str) -> bytes:
    limit = array_files.MAX_UNPACKED_BYTES
    try:
        decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        data = decompressor.decompress(file.read(), max_length=limit + 1)
    except lzma.LZMAError as error:
        raise LoadError(f"{name} is no .xz file, or is broken: {error}") from error
    if len(data) > limit:
        raise array_files.too_large(name)
    if not decompressor.eof:
        raise LoadError(f"{name} is cut short")
    return data


def _text(file: IO[Any], name: str, encoding: str) -> str:
    data = file.read()
    return data if isinstance(data, str) else decode_text(data, encoding, name)


def _seekable(file: IO[Any]) -> IO[bytes]:
    if file.seekable():
        return file
    return io.BytesIO(file.read())
