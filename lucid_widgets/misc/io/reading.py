"""Bytes from paths and addresses.

What comes from an address is kept in the cache folder of this user (see
`lucid_widgets.misc.cache`) and not fetched again; ``cache="purge"`` fetches it anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from lucid_widgets.errors import LoadError, SettingError, did_you_mean
from lucid_widgets.misc.cache import cache_folder, make_cache_folder
from lucid_widgets.misc.io import remote
from lucid_widgets.misc.io.scoping import scope_url

Cache = bool | str | None

# Two threads that load one address fetch it once; a lock per address would be one
# more thing to clean up, and downloads of different addresses rarely share a lock.
_LOCKS = [threading.Lock() for _ in range(64)]


def local_cache_path(remote_url: str) -> Path:
    """Return where the contents of an address are kept.

    The name shows the address, in letters that every file system takes, and ends
    with a hash of it: two addresses never share a file.
    """
    digest = hashlib.sha256(remote_url.encode()).hexdigest()[:24]
    readable = re.sub(r"[^A-Za-z0-9]+", "_", remote_url)[:120]
    extension = os.path.splitext(urlsplit(remote_url).path)[1]  # noqa: PTH122 - an address
    safe_extension = re.sub(r"[^A-Za-z0-9.]", "", extension)[:12]
    return cache_folder("remote", f"{readable}-{digest}{safe_extension}")


@contextmanager
def read_handle(url: str, cache: Cache = None, mode: str = "rb") -> Iterator[IO[Any]]:
    """Open a path or an address for reading.

    Args:
        url: a path, or an https, http, gs or s3 address; relative paths stand inside
            the current `io_scope`.
        cache: None or True to keep what comes from an address, False not to,
            "purge" to fetch it anew. Paths are never copied.
        mode: "rb" for bytes, "r" for text in UTF-8.

    Raises:
        LoadError: there is no such file, or it cannot be read.
        MissingPackageError: the address needs a package that is not installed.
    """
    if mode not in ("r", "rb"):
        raise SettingError(f"mode is {mode!r}; expected 'rb' or 'r'")
    if cache not in (None, True, False, "purge"):
        raise SettingError(f"cache is {cache!r}; expected None, False or 'purge'")
    url = scope_url(os.fspath(url))
    if not remote.is_remote(url):
        with _open_local(url, mode) as file:
            yield file
        return
    path = _fetch(url, cache)
    try:
        with _open_local(str(path), mode) as file:
            yield file
    finally:
        if cache is False:
            path.unlink(missing_ok=True)


def read(
    url: str, encoding: str | None = None, cache: Cache = None, mode: str = "rb"
) -> bytes | str:
    """Return the contents of a path or an address.

    Args:
        url: see `read_handle`.
        encoding: decode the bytes, and return text.
        cache: see `read_handle`.
        mode: "rb" for bytes, "r" for text in UTF-8.

    Raises:
        LoadError: there is no such file, it cannot be read, or it is not text in
            this encoding.
    """
    with read_handle(url, cache=cache) as file:
        data = file.read()
    if encoding is None and mode == "rb":
        return data
    return decode_text(data, encoding or "utf-8", url)


def decode_text(data: bytes, encoding: str, name: str) -> str:
    """Return bytes as text, or raise a `LoadError` that names their source."""
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise LoadError(f"{name} is not text in {encoding}: {error}") from error


def _open_local(path: str, mode: str) -> IO[Any]:
    try:
        return Path(path).open(mode, encoding=None if "b" in mode else "utf-8")
    except FileNotFoundError as error:
        raise LoadError(f"there is no file {path!r}{_similar_files(path)}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(f"cannot read {path!r}: {reason}") from error


def _similar_files(path: str) -> str:
    wanted = Path(path)
    try:
        # Enough to help with a typing error; a folder may hold a million files.
        names = [entry.name for entry in islice(wanted.parent.iterdir(), 1000)]
    except OSError:
        return f": the folder {str(wanted.parent)!r} does not exist"
    return did_you_mean(wanted.name, names)


def _fetch(url: str, cache: Cache) -> Path:
    remote.scheme_of(url, LoadError)
    folder = make_cache_folder("remote")
    kept = local_cache_path(url)
    # The name is new every time: processes that fetch the same address at once
    # do not write into each other's file, and the last rename wins.
    arriving = folder / f"{secrets.token_hex(8)}.part"
    if cache is False:
        _download(url, arriving)
        return arriving
    with _LOCKS[hash(url) % len(_LOCKS)]:
        if cache != "purge" and kept.exists():
            return kept
        _download(url, arriving)
        arriving.replace(kept)
    return kept


def _download(url: str, path: Path) -> None:
    try:
        remote.download(url, path, LoadError)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
