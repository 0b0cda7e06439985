"""Addresses: which ones are allowed, and the optional package that reaches them.

Only the schemes in `SCHEMES` are opened. fsspec knows many more (and chains of them,
``a::b``), which would let a string in a notebook read local files or start other
programs' protocols; those never reach it.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from lucid_widgets.errors import LucidError, MissingPackageError

SCHEMES = {
    "https": "fsspec[http]",
    "http": "fsspec[http]",
    "gs": "gcsfs",
    "s3": "s3fs",
}
"""What may be opened, and the package that is needed for it."""

WRITABLE_SCHEMES = ("gs", "s3")


def is_remote(url: str) -> bool:
    """Say whether `url` is an address with a scheme, and not a path."""
    return "://" in url


def scheme_of(url: str, error: type[LucidError]) -> str:
    """Return the scheme of an address, in lower case.

    Args:
        url: an address with ``://`` in it.
        error: what to raise.

    Raises:
        LucidError: of the class `error`: the scheme is not allowed.
    """
    scheme = url.split("://", 1)[0].lower()
    if scheme not in SCHEMES or "::" in url:
        raise error(
            f"cannot open {url!r}; expected a path, or an address that starts with "
            f"{', '.join(f'{known}://' for known in SCHEMES)} and has no '::'"
        )
    return scheme


def filesystem(scheme: str) -> Any:
    """Return fsspec's file system for a scheme.

    Raises:
        MissingPackageError: fsspec, or what it needs for this scheme, is missing.
    """
    try:
        fsspec = importlib.import_module("fsspec")
        return fsspec.filesystem(scheme)
    except ImportError as error:
        package = SCHEMES[scheme]
        raise MissingPackageError(
            f"{scheme}:// addresses need the package {package}, which is not "
            f"installed: pip install 'lucid-widgets[remote]' '{package}'"
        ) from error


def download(url: str, path: Path, error: type[LucidError]) -> None:
    """Copy what stands at an address into the file `path`.

    Raises:
        LucidError: of the class `error`: the address cannot be read.
    """
    files = filesystem(scheme_of(url, error))
    try:
        files.get_file(url, str(path))
    except FileNotFoundError as missing:
        raise error(f"there is nothing at {url} (not found)") from missing
    except Exception as failed:
        # Every backend brings its own exceptions.
        reason = str(failed) or type(failed).__name__
        raise error(
            f"cannot read {url}: {reason}; check the address and the network"
        ) from failed
