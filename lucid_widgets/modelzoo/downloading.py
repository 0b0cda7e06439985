"""Fetching weights once, checking them, and keeping them in the cache.

A file is used only after its sha256 was found right, appears in the cache only when it is
complete, and is never asked for again. An interrupted download goes on where it stopped
if the server can do that, and starts over if not. Nothing is downloaded when the
environment variable ``LUCID_WIDGETS_OFFLINE`` is set to anything but 0.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lucid_widgets.errors import ChecksumError, OfflineError, WeightsError
from lucid_widgets.misc.cache import cache_folder, make_cache_folder

OFFLINE_VARIABLE = "LUCID_WIDGETS_OFFLINE"

_SECONDS_TO_CONNECT = 10
_SECONDS_WITHOUT_DATA = 60
_CHUNK = 1 << 16

Watcher = Callable[[int, int | None], object]
"""Is told how many bytes there are, and of how many where that is known."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@dataclass(frozen=True)
class Download:
    """A file to be had from the internet.

    Args:
        url: where it is.
        filename: what it is called in the cache.
        sha256: its digest in hexadecimal; None when it is not known.
        md5: its older digest, where only that is known.
        megabytes: its size, for people.
        folder: where to keep it; the cache when not given.
    """

    url: str
    filename: str
    sha256: str | None = None
    md5: str | None = None
    megabytes: float | None = None
    folder: Path | None = None

    @property
    def path(self) -> Path:
        """Where it is, or will be."""
        return (self.folder or cache_folder("models")) / self.filename

    @property
    def digest(self) -> tuple[str, str] | None:
        """Kind and hexadecimal of the digest that it is checked by; None if not known."""
        if self.sha256:
            return "sha256", self.sha256
        return ("md5", self.md5) if self.md5 else None

    @property
    def cached(self) -> bool:
        """Whether it is there already."""
        return self.path.is_file()

    def advice(self) -> str:
        """Say how to supply the file by hand."""
        digest = f" ({' '.join(self.digest)})" if self.digest else ""
        return (
            f"Get {self.url}{digest} on any machine and put it into "
            f"{self.path.parent} as {self.filename}"
        )


def fetch(download: Download, *, progress: bool = True) -> Path:
    """Return the path of a file, downloading it if it is not in the cache.

    Args:
        download: what to fetch.
        progress: whether to show a progress bar.

    Raises:
        OfflineError: it must be downloaded and there is no network; the message says
            where to put the file.
        ChecksumError: what came is not the file that was expected.
        WeightsError: the server does not have it, or the download was cut off.
        CacheError: the cache folder cannot be written.
    """
    import pooch

    _forbid_paths(download.filename)
    if not download.cached and is_offline():
        raise OfflineError(
            f"{download.filename} must be downloaded, and {OFFLINE_VARIABLE} is set. "
            + download.advice()
        )
    folder = download.folder or make_cache_folder("models")
    transfer = _Transfer(download, folder, progress=progress)
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        return Path(
            pooch.retrieve(
                download.url,
                known_hash=download.digest and ":".join(download.digest),
                fname=download.filename,
                path=folder,
                downloader=transfer,  # type: ignore[arg-type] - fewer names
            )
        )
    except ValueError as error:  # pooch: the hash is not the expected one
        if transfer.resumed:
            return fetch(
                download, progress=progress
            )  # the first part was of another file
        kind, digest = download.digest or ("digest", "known")
        raise ChecksumError(
            f"what {download.url} delivered is not {download.filename}: its {kind} is "
            f"not {digest}. It was deleted; the file on the server may have "
            "changed, or something between here and there has changed it"
        ) from error
    finally:
        logger.setLevel(level)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell a function how downloads go, in place of their progress bars.

    Args:
        watcher: called after each piece, on the thread that downloads. What it raises
            ends the download; the next one goes on from there.
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def is_offline() -> bool:
    """Return whether ``LUCID_WIDGETS_OFFLINE`` forbids downloads."""
    return os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0")


def _forbid_paths(filename: str) -> None:
    if Path(filename).name != filename or filename in ("", ".", ".."):
        raise WeightsError(f"{filename!r} is not a plain file name")


class _Transfer:
    """The actual download, called by pooch with the file to write."""

    def __init__(self, download: Download, folder: Path, *, progress: bool) -> None:
        self._download = download
        self._part = folder / f"{download.filename}.part"
        self._progress = progress
        self.resumed = False

    def __call__(self, url: str, output_file: str, registry: Any) -> None:
        import requests

        del registry
        if is_offline():  # pooch found a file there, and it is another one
            kind, digest = self._download.digest or ("digest", "known")
            raise OfflineError(
                f"{self._download.path} is not the file that is needed (its {kind} is not "
                f"{digest}), and {OFFLINE_VARIABLE} is set. {self._download.advice()}"
            )
        try:
            self._receive(url)
        except requests.exceptions.HTTPError as error:
            raise WeightsError(
                f"{url} does not deliver it ({error}); the file may have "
                f"moved. {self._download.advice()}"
            ) from error
        except requests.exceptions.ChunkedEncodingError as error:
            raise self._cut_off(url) from error
        except requests.exceptions.RequestException as error:
            raise OfflineError(
                f"{self._download.filename} must be downloaded, and {url} cannot be "
                f"reached ({type(error).__name__}). {self._download.advice()}"
            ) from error
        self._refuse_web_page(url)
        self._part.replace(output_file)

    def _cut_off(self, url: str) -> WeightsError:
        return WeightsError(
            f"the download of {url} was cut off after {self._part.stat().st_size} bytes; "
            "try again: it goes on from there if the server can do that"
        )

    def _receive(self, url: str) -> None:
        import requests

        have = self._part.stat().st_size if self._part.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        headers["Accept-Encoding"] = "identity"
        timeout = (_SECONDS_TO_CONNECT, _SECONDS_WITHOUT_DATA)
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                self._part.unlink()
                self._receive(url)
                return
            answer.raise_for_status()
            self.resumed = bool(have) and _continues(answer, have)
            total = _length(answer, have if self.resumed else 0)
            with self._part.open("ab" if self.resumed else "wb") as file:
                self._copy(answer, file, total)
        if total is not None and self._part.stat().st_size < total:
            raise self._cut_off(url)

    def _copy(self, answer: Any, file: Any, total: int | None) -> None:
        from tqdm.auto import tqdm

        watcher = _watcher.get()
        with tqdm(
            desc=self._download.filename,
            total=total,
            initial=file.tell(),
            unit="B",
            unit_scale=True,
            disable=not self._progress or watcher is not None,
        ) as bar:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
                if watcher is not None:
                    watcher(file.tell(), total)

    def _refuse_web_page(self, url: str) -> None:
        with self._part.open("rb") as file:
            beginning = file.read(200).lstrip().lower()
        if beginning.startswith((b"<!doctype html", b"<html")):
            self._part.unlink()
            raise WeightsError(
                f"{url} answered with a web page instead of {self._download.filename}; is "
                f"there a login page between here and there? {self._download.advice()}"
            )


def _continues(answer: Any, have: int) -> bool:
    given = answer.headers.get("Content-Range", "")
    return answer.status_code == 206 and given.startswith(f"bytes {have}-")


def _length(answer: Any, have: int) -> int | None:
    length = answer.headers.get("Content-Length")
    return None if length is None else int(length) + have
