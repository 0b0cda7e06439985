"""Bytes to paths and addresses, all or nothing.

A file is written beside its final place and then renamed: whoever reads it sees the
old contents or the new, never half, and a failed save leaves the old file as it was.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lucid_widgets.errors import SaveError, SettingError
from lucid_widgets.misc.io import remote
from lucid_widgets.misc.io.scoping import scope_url

# What is larger goes to disk before it is sent.
_MEMORY_FOR_UPLOADS = 64 * 2**20


@contextmanager
def write_handle(path: str, mode: str | None = None) -> Iterator[IO[Any]]:
    """Open a path or an address for writing.

    Missing folders are made. Nothing is there under that name before the block has
    ended, and nothing is if it raises.

    Args:
        path: a path, or a gs or s3 address; relative paths stand inside the current
            `io_scope`.
        mode: "wb" for bytes (the default), "w" for text in UTF-8.

    Raises:
        SaveError: http addresses, and schemes that are not allowed.
        OSError: the disk refuses.
    """
    if mode not in (None, "w", "wb"):
        raise SettingError(f"mode is {mode!r}; expected 'wb' or 'w'")
    url = scope_url(os.fspath(path))
    writer = _write_remote if remote.is_remote(url) else _write_local
    with writer(url) as file:
        if mode != "w":
            yield file
            return
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        yield text
        # The wrapper would close the file, which still has to be renamed.
        text.detach()


def write(data: bytes | str, url: str, mode: str = "wb") -> None:
    """Write bytes, or text in UTF-8, to a path or an address.

    Args:
        data: the contents.
        url: see `write_handle`.
        mode: "wb" or "w"; text is encoded in either.

    Raises:
        SaveError: http addresses, and schemes that are not allowed.
    """
    if mode not in ("w", "wb"):
        raise SettingError(f"mode is {mode!r}; expected 'wb' or 'w'")
    with write_handle(url) as file:
        file.write(data.encode() if isinstance(data, str) else data)


@contextmanager
def _write_local(url: str) -> Iterator[IO[bytes]]:
    # A link keeps pointing where it points: what it points to is replaced.
    target = Path(url).resolve()
    if target.is_dir():
        raise SaveError(f"cannot write {url!r}: there is a folder of that name")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        with unfinished.open("xb") as file:
            yield file
        if target.exists():
            shutil.copymode(target, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _write_remote(url: str) -> Iterator[IO[Any]]:
    scheme = remote.scheme_of(url, SaveError)
    if scheme not in remote.WRITABLE_SCHEMES:
        allowed = " or ".join(f"{name}://" for name in remote.WRITABLE_SCHEMES)
        raise SaveError(
            f"cannot write to {url!r}: web servers take no files; "
            f"use a path, or an address that starts with {allowed}"
        )
    files = remote.filesystem(scheme)
    with tempfile.SpooledTemporaryFile(_MEMORY_FOR_UPLOADS) as contents:
        yield contents
        contents.seek(0)
        with files.open(url, "wb") as file:
            shutil.copyfileobj(contents, file, 2**20)
