"""Pictures kept on disk by what made them, so that nothing is rendered twice.

A picture's name is the sha256 of its specification, written as canonical JSON: model,
unit, settings, seed, version. Its file is a PNG that carries specification and
results as text. So one file is one entry, it is written beside its place and moved
there, and several kernels may share the folder: what is there is complete.

Nothing is unpickled. What cannot be read, or is not what it claims to be, is deleted
and rendered anew. The entries that were used least recently go when there are more
than `max_bytes`. Where the folder cannot be written, pictures are kept in memory.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import logging
import os
import tempfile
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lucid_widgets.errors import ImageError
from lucid_widgets.misc.cache import cache_folder

log = logging.getLogger(__name__)

KEYWORD = "lucid_widgets_render"
"""Keyword of the text chunk that holds specification and results."""

MAX_BYTES = 256 * 2**20
"""About 20,000 icons."""

KEPT_IN_MEMORY = 4096
"""Entries."""

MAX_ENTRY_BYTES = 32 * 2**20
"""No file of ours is larger; one that is was put there by somebody else."""

TOUCH_S = 3600.0
"""An entry is marked as used at most once in so many seconds: reading stays cheap."""

STALE_S = 3600.0
"""Files half written this long ago belong to a kernel that has died."""

KEPT_FRACTION = 0.8
"""How much is left when the cache has been too large."""


@dataclass(frozen=True)
class Entry:
    """A kept picture.

    Args:
        pixels: uint8 ``[height, width, 1 | 3 | 4]``.
        info: what was found out when it was made; JSON values.
        data: its file, a PNG.
    """

    pixels: NDArray[np.uint8]
    info: Mapping[str, Any]
    data: bytes


class RenderCache:
    """A folder of pictures; see the module.

    Args:
        folder: where they are kept; left out, ``renders`` in the cache of this user
            (`misc.cache`).
        max_bytes: how large the folder may become.

    Attributes:
        folder: where the files are.
        problem: why nothing is kept on disk, "" while all is well.
    """

    def __init__(
        self, folder: str | Path | None = None, max_bytes: int = MAX_BYTES
    ) -> None:
        self.folder = cache_folder("renders") if folder is None else Path(folder)
        self.max_bytes = max_bytes
        self.problem = ""
        self._memory: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes: int | None = None

    @classmethod
    def shared(cls) -> RenderCache:
        """Return the cache of this user, one for the whole process."""
        return _of_folder(cache_folder("renders"))

    def path(self, spec: Mapping[str, Any]) -> Path:
        """Return where the picture of a specification is, or would be."""
        key = key_of(spec)
        return self.folder / key[:2] / f"{key}.png"

    def get(self, spec: Mapping[str, Any]) -> Entry | None:
        """Return the picture of a specification, or None.

        Args:
            spec: all that decides the picture; JSON values.
        """
        key = key_of(spec)
        with self._lock:
            entry = self._memory.get(key)
            if entry is not None:
                self._memory.move_to_end(key)
                return entry
        path = self.path(spec)
        try:
            status = path.stat()
            if status.st_size > MAX_ENTRY_BYTES:
                raise ImageError("it is too large")
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except (OSError, ImageError) as error:
            self._drop(path, error)
            return None
        try:
            entry = _decode(data, key)
        except Exception as error:
            # Decoders meet broken files with errors of every kind.
            self._drop(path, error)
            return None
        if time.time() - status.st_mtime > TOUCH_S:
            with contextlib.suppress(OSError):
                os.utime(path)
        self._remember(key, entry)
        return entry

    def put(
        self,
        spec: Mapping[str, Any],
        pixels: NDArray[np.uint8],
        info: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Keep a picture.

        Args:
            spec: all that decides the picture; JSON values.
            pixels: uint8 ``[height, width, 1 | 3 | 4]``.
            info: what else was found out; JSON values.

        Raises:
            ImageError: the pixels have another shape or type.
        """
        entry = Entry(pixels, dict(info or {}), _encode(spec, pixels, info or {}))
        self._remember(key_of(spec), entry)
        if not self.problem:
            try:
                self._write(self.path(spec), entry.data)
            except OSError as error:
                self.problem = (
                    f"pictures are not kept on disk: {self.folder} cannot be written "
                    f"({error.strerror or error}); set the "
                    "environment variable LUCID_WIDGETS_CACHE to another folder"
                )
                log.warning("%s", self.problem)
        return entry

    def clear(self) -> None:
        """Forget everything, on disk as well."""
        with self._lock:
            self._memory.clear()
            self._bytes = None
        for path, _, _ in self._files():
            with contextlib.suppress(OSError):
                path.unlink()

    def _remember(self, key: str, entry: Entry) -> None:
        with self._lock:
            self._memory[key] = entry
            self._memory.move_to_end(key)
            while len(self._memory) > KEPT_IN_MEMORY:
                self._memory.popitem(last=False)

    def _drop(self, path: Path, error: Exception) -> None:
        log.info("%s is rendered anew: %s", path.name, error)
        with contextlib.suppress(OSError):
            path.unlink()

    def _write(self, path: Path, data: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
        self._make_room(len(data))

    def _make_room(self, added: int) -> None:
        """Delete what was used least recently, if there is too much.

        How much there is was counted when this process wrote first; other kernels
        may have added to it, so it is counted again before anything is deleted.
        """
        with self._lock:
            if self._bytes is not None:
                self._bytes += added
                if self._bytes <= self.max_bytes:
                    return
            files = sorted(self._files(), key=lambda file: file[2])
            total = sum(size for _, size, _ in files)
            target = self.max_bytes * KEPT_FRACTION
            if total > self.max_bytes:
                for path, size, _ in files:
                    if total <= target:
                        break
                    with contextlib.suppress(OSError):
                        path.unlink()
                        total -= size
            self._bytes = total

    def _files(self) -> list[tuple[Path, int, float]]:
        """Return path, size and time of last use of every entry."""
        found = []
        for path in self.folder.glob("??/*"):
            try:
                status = path.stat()
                if path.suffix == ".png":
                    found.append((path, status.st_size, status.st_mtime))
                elif path.suffix == ".tmp" and (
                    time.time() - status.st_mtime > STALE_S
                ):
                    path.unlink()
            except OSError:
                continue  # another kernel was faster
        return found


@functools.lru_cache(maxsize=8)
def _of_folder(folder: Path) -> RenderCache:
    return RenderCache(folder)


def key_of(spec: Mapping[str, Any]) -> str:
    """Return the sha256 of a specification, in hexadecimal."""
    return hashlib.sha256(_canonical(spec).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def _encode(
    spec: Mapping[str, Any], pixels: NDArray[np.uint8], info: Mapping[str, Any]
) -> bytes:
    proper = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.size
    if not proper or pixels.shape[-1] not in (1, 3, 4):
        raise ImageError(
            f"a picture of shape {pixels.shape}, {pixels.dtype}; expected uint8 "
            "[height, width, 1 | 3 | 4]"
        )
    text = PngInfo()
    text.add_text(KEYWORD, _canonical({"spec": dict(spec), "info": dict(info)}))
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6, pnginfo=text)
    return buffer.getvalue()


def _decode(data: bytes, key: str) -> Entry:
    """Return what is in a file, trusting nothing.

    Raises:
        Exception: it is damaged, or the picture of something else.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as that of pictures far too large
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            held = json.loads(str(image.info.get(KEYWORD, "")))
            if key_of(held["spec"]) != key:
                raise ImageError("it shows something else")
            image.load()
            pixels = np.asarray(image, np.uint8)
    info = held["info"]
    if not isinstance(info, dict):
        raise ImageError("its results are no object")
    return Entry(pixels[..., np.newaxis] if pixels.ndim == 2 else pixels, info, data)
