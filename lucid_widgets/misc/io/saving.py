"""save: arrays, texts and graphs to files, by their extension.

    .png .jpg .jpeg .webp    an image: array or PIL image; domain=(low, high), quality
    .npy .npz                an array; a dictionary or list of arrays
    .json                    Python values; also tuples, sets and NumPy's numbers
    .txt                     a text, or a list of lines
    .pb                      a GraphDef, or anything with SerializeToString
    .pickle .pkl             only with allow_unsafe_formats=True
    ....xz                   any of these, compressed

Texts can be saved under any extension. Folders are made, and a file is there whole or
not at all.
"""

from __future__ import annotations

import io
import lzma
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lucid_widgets.errors import SaveError, SettingError, did_you_mean
from lucid_widgets.misc.io import writing
from lucid_widgets.misc.io.scoping import (
    current_io_scopes,
    scope_url,
    set_io_scopes,
)
from lucid_widgets.misc.io.serializing import (
    SAVERS,
    UNSAFE_SAVERS,
    ClarityJSONEncoder,
    Saver,
)

__all__ = ["CaptureSaveContext", "ClarityJSONEncoder", "batch_save", "save"]

_thread = threading.local()


class CaptureSaveContext:
    """Collects what `save` returns.

    Example:
        >>> with CaptureSaveContext() as context:
        ...     save("hello", "/tmp/greeting.txt")    # doctest: +SKIP
        >>> context.captured_saves    # doctest: +SKIP
        [{'type': 'txt', 'url': '/tmp/greeting.txt'}]
    """

    def __init__(self) -> None:
        self.captured_saves: list[dict[str, Any]] = []

    def __enter__(self) -> CaptureSaveContext:
        _thread.contexts = [*getattr(_thread, "contexts", []), self]
        return self

    def __exit__(self, *error: object) -> None:
        _thread.contexts = _thread.contexts[:-1]

    def capture(self, save_result: dict[str, Any]) -> None:
        """Add one result; safe from several threads."""
        self.captured_saves.append(save_result)

    @classmethod
    def current_save_context(cls) -> CaptureSaveContext | None:
        """Return the innermost context of this thread."""
        contexts = getattr(_thread, "contexts", [])
        return contexts[-1] if contexts else None


def save(
    thing: Any,
    url_or_handle: Any,
    allow_unsafe_formats: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
    save_context: CaptureSaveContext | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """Save a thing to a file, in the format that the extension names.

    Images: with the default ``domain=None`` the contrast is stretched from the
    smallest to the largest value, as in Lucid and unlike `show`. To keep values as
    they are, give ``domain=(0, 1)``. Integers are taken for pixel values.

    Args:
        thing: what to save.
        url_or_handle: a path, a gs or s3 address, or an open binary file with a
            name; relative paths stand inside the current `io_scope`.
        allow_unsafe_formats: also save pickles.
        save_context: where the result is collected; the innermost
            `CaptureSaveContext` by default.
        **kwargs: `domain`, `quality` and Pillow's options for images; `indent` for
            JSON.

    Returns:
        ``{"type": ..., "url": ...}``, with ``"shape"`` for arrays and images (width,
        height, channels for images, in Lucid's order), and ``"serve"``, a web
        address, for what was saved to gs://.

    Raises:
        SaveError: (a ValueError) the extension does not fit the thing.
        ImageError: the array is no image.

    Example:
        >>> save(images[-1][0], "mixed4a_476.png", domain=(0, 1))    # doctest: +SKIP
        {'type': 'image', 'shape': (128, 128, 3), 'url': 'mixed4a_476.png'}
    """
    handle = url_or_handle if hasattr(url_or_handle, "write") else None
    if handle is not None:
        url = str(getattr(handle, "name", ""))
    elif isinstance(url_or_handle, str | os.PathLike):
        url = scope_url(str(os.fspath(url_or_handle)))
    else:
        raise SaveError(
            f"cannot save to {type(url_or_handle).__name__}; expected a path, an "
            "address or an open file"
        )
    kind, saver, extension, compressed = _saver_for(
        thing, url, unsafe=allow_unsafe_formats
    )
    # Serialized before the file is touched: what cannot be saved leaves no trace.
    contents = io.BytesIO()
    details = saver(thing, contents, extension, **kwargs)
    data = contents.getvalue()
    if compressed:
        data = lzma.compress(data)
    if handle is not None:
        handle.write(data)
    else:
        writing.write(data, str(url_or_handle))  # which enters the scope itself
    result = {"type": kind, **details, "url": url}
    if url.startswith("gs://"):
        result["serve"] = "https://storage.googleapis.com/" + url.removeprefix("gs://")
    context = save_context or CaptureSaveContext.current_save_context()
    if context is not None:
        context.capture(result)
    return result


def batch_save(
    save_tuples: Sequence[tuple[Any, ...]], num_workers: int = 16
) -> list[dict[str, Any]]:
    """Save many things in parallel, inside this thread's scopes and context.

    Args:
        save_tuples: ``(thing, path)`` or ``(thing, path, keyword arguments)``.
        num_workers: number of threads.

    Returns:
        What `save` returns, in order.

    Raises:
        LucidError: the first of the errors, after everything else was saved.
    """
    if num_workers < 1:
        raise SettingError(f"num_workers is {num_workers!r}; expected at least 1")
    scopes = current_io_scopes()
    context = CaptureSaveContext.current_save_context()

    def save_one(thing: Any, path: Any, options: dict[str, Any] | None = None) -> Any:
        set_io_scopes(scopes)
        merged: dict[str, Any] = {"save_context": context, **(options or {})}
        return save(thing, path, **merged)

    with ThreadPoolExecutor(num_workers) as threads:
        jobs = [threads.submit(save_one, *one) for one in save_tuples]
    return [job.result() for job in jobs]


def _saver_for(thing: Any, url: str, *, unsafe: bool) -> tuple[str, Saver, str, bool]:
    stem, extension = _split_extension(url)
    compressed = extension == ".xz"
    if compressed:
        stem, extension = _split_extension(stem)
    if extension in UNSAFE_SAVERS and not unsafe:
        raise SaveError(
            f"cannot save {url!r}: loading a pickle runs the program in it. Use "
            ".npy, .npz or .json, or allow_unsafe_formats=True"
        )
    found = (SAVERS | UNSAFE_SAVERS).get(extension)
    if found is None and isinstance(thing, str) and extension:
        found = SAVERS[".txt"]
    if found is None:
        raise SaveError(
            f"cannot save {type(thing).__name__} as {url!r}: "
            f"{'unknown' if extension else 'no'} extension; expected one of "
            f"{', '.join(SAVERS)}{did_you_mean(extension, SAVERS, 1)}"
        )
    kind, saver = found
    return kind, saver, extension, compressed


def _split_extension(url: str) -> tuple[str, str]:
    stem, extension = os.path.splitext(url)  # noqa: PTH122 - also splits addresses
    return stem, extension.lower()
