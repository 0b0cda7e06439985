"""Prefixes for relative paths: ``with io_scope("results"): save(image, "a.png")``.

Scopes belong to a thread; `batch_save` hands its caller's scopes to its threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_thread = threading.local()


def current_io_scopes() -> list[str]:
    """Return the scopes of this thread, outermost first."""
    return list(getattr(_thread, "scopes", []))


def set_io_scopes(scopes: Sequence[str]) -> None:
    """Replace the scopes of this thread, for instance by those of another one."""
    _thread.scopes = list(scopes)


@contextmanager
def io_scope(
    path: str | os.PathLike[str] | Sequence[str],
    replace_current_scopes: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
) -> Iterator[None]:
    """Put a folder before every relative path that is loaded or saved inside.

    Args:
        path: the folder, or several nested ones.
        replace_current_scopes: forget the enclosing scopes instead of nesting.

    Example:
        >>> with io_scope("results"), io_scope("mixed4a"):
        ...     scope_url("476.png")
        'results/mixed4a/476.png'
    """
    before = current_io_scopes()
    added = [path] if isinstance(path, str | os.PathLike) else list(path)
    kept = [] if replace_current_scopes else before
    set_io_scopes([*kept, *(os.fspath(folder) for folder in added)])
    try:
        yield
    finally:
        set_io_scopes(before)


def scope_url(url: str, io_scopes: Sequence[str] | None = None) -> str:
    """Return `url` inside the current scopes.

    Absolute paths and addresses (anything with ``//``) stay as they are, and so does
    every path when there is no scope: ``./some/file.ext`` keeps its dot. An absolute
    scope inside another one starts afresh, as an absolute path would.

    Args:
        url: a path or an address.
        io_scopes: scopes to use instead of the current ones.
    """
    if _is_absolute(url):
        return url
    joined = ""
    for part in [*(current_io_scopes() if io_scopes is None else io_scopes), url]:
        joined = part if _is_absolute(part) else os.path.join(joined, part)  # noqa: PTH118 - also joins addresses
    return joined


def _is_absolute(path: str) -> bool:
    return "//" in path or os.path.isabs(path)  # noqa: PTH117 - pathlib would mangle addresses
