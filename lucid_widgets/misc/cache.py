r"""Where downloaded and computed files are kept.

One folder for the whole package: ``$LUCID_WIDGETS_CACHE`` when it is set, else the
platform's cache folder for this user (``~/.cache/lucid_widgets`` on Linux,
``~/Library/Caches/lucid_widgets`` on macOS, ``%LOCALAPPDATA%\lucid_widgets\Cache`` on
Windows). It is created readable by its owner alone. The shared temporary folder is
never used, not even when the cache cannot be written: another user of the machine
could have put a file of the expected name there first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lucid_widgets.errors import CacheError

ENVIRONMENT_VARIABLE = "LUCID_WIDGETS_CACHE"


def cache_folder(*parts: str) -> Path:
    """Return the folder for cached files of one kind, without creating it.

    Args:
        *parts: folders inside the cache, such as ``"models"``.

    Example:
        >>> cache_folder("models").name
        'models'
    """
    chosen = os.environ.get(ENVIRONMENT_VARIABLE)
    root = Path(chosen).expanduser() if chosen else _platform_cache_folder()
    return root.joinpath(*parts)


def make_cache_folder(*parts: str) -> Path:
    """Return the same folder as `cache_folder`, created if need be.

    Raises:
        CacheError: the folder cannot be created or written.
    """
    folder = cache_folder(*parts)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError as error:
        raise _not_writable(folder, error.strerror or str(error)) from error
    if not writable:
        raise _not_writable(folder, "permission denied")
    return folder


def _not_writable(folder: Path, why: str) -> CacheError:
    return CacheError(
        f"cannot write to the cache folder {folder} ({why}); set the environment "
        f"variable {ENVIRONMENT_VARIABLE} to a folder that you can write to"
    )


def _platform_cache_folder() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        base = Path(local) if local else Path.home() / "AppData" / "Local"
        return base / "lucid_widgets" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "lucid_widgets"
    # The XDG specification says that a relative path is to be ignored.
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(xdg) if xdg.startswith("/") else Path.home() / ".cache"
    return base / "lucid_widgets"
