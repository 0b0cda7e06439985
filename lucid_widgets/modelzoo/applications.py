"""Models of `keras.applications` by name, their weights downloaded by `downloading`.

Keras fetches weights with a function that shows no progress to anybody but a terminal,
starts over when it was cut off, goes to a temporary folder that everybody can write to
when its own cannot be written, and knows no offline mode. While one of its models is
made here, our `fetch` stands in its place: same file, same folder, Keras' own checksum.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lucid_widgets.errors import (
    CacheError,
    LucidError,
    ModelError,
    UnknownModelError,
    WeightsError,
    did_you_mean,
)
from lucid_widgets.modelzoo.downloading import Download, fetch
from lucid_widgets.modelzoo.keras_model import KerasModel, from_keras

logger = logging.getLogger(__name__)

_FACTS = Path(__file__).parent / "data" / "keras_applications.json"

APPLICATIONS: dict[str, tuple[str, int]] = {
    name: (file, megabytes)
    for name, (file, megabytes) in json.loads(_FACTS.read_text("utf-8")).items()
}
"""Models of `keras.applications`: the file of their weights, and about how many MB (10^6
bytes) it has: four for each number in the network."""

_CLASSES = (
    "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
    "c2c37ea517e94d9795004a39431a14cb",
)
"""Address and md5 of the names of ImageNet's classes, as Keras has them."""

_fetching = threading.Lock()


def application(
    name: str, weights: str | None = "imagenet", **settings: Any
) -> KerasModel:
    """Return a model of `keras.applications` by its name.

    Args:
        name: such as ``"MobileNetV2"``.
        weights: ``"imagenet"`` (downloaded once, to where Keras keeps them), the path of
            a file, or None for random weights.
        **settings: for `from_keras`, such as ``labels``; those of ImageNet, downloaded
            once, too, when not given and `weights` are those of ImageNet.

    Raises:
        UnknownModelError: there is none of that name.
        CacheError: the folder where Keras keeps weights cannot be written.
        OfflineError: they must be downloaded and there is no network, or
            ``LUCID_WIDGETS_OFFLINE`` forbids it; the message says where to put the file.
        WeightsError: the server does not have them, or the download was cut off.
        ModelError: Keras could not make the model.

    Example:
        >>> application("MobileNetV2", weights=None).get_layer("block_3_expand").depth
        144
    """
    if not isinstance(name, str) or name not in APPLICATIONS:
        raise UnknownModelError(
            f"keras.applications has no model {name!r}"
            f"{did_you_mean(str(name), APPLICATIONS)}"
        )
    import keras

    if weights == "imagenet" and not is_at_hand(name):
        _check_writable(_folder("models"))
    try:
        with _fetched_by_us():
            keras_model = getattr(keras.applications, name)(weights=weights)
    except LucidError:
        raise
    except Exception as error:  # whatever Keras meets in a file that is not right
        raise ModelError(
            f"keras.applications.{name}(weights={weights!r}) failed: {error}. Weights are "
            f"read from {_folder('models')}; KERAS_HOME names another folder, and a file "
            "that is damaged there is downloaded again once you delete it"
        ) from error
    if weights == "imagenet" and settings.get("labels") is None:
        settings["labels"] = _labels()
    return from_keras(keras_model, **settings)


def is_at_hand(name: str) -> bool:
    """Return whether the weights of a model of `keras.applications` are here."""
    return (_folder("models") / APPLICATIONS[name][0]).is_file()


def megabytes_to_fetch(name: str) -> int | None:
    """Return about how much is downloaded for a model; None if nothing, or not known."""
    if name not in APPLICATIONS or is_at_hand(name):
        return None
    return APPLICATIONS[name][1]


def _folder(subfolder: str) -> Path:
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / subfolder


def _labels() -> list[str] | None:
    """Return the names of ImageNet's classes; None if they cannot be had."""
    try:
        url, md5 = _CLASSES
        name = url.rpartition("/")[2]
        download = Download(url, name, md5=md5, folder=_folder("models"))
        file = _fetch(download, progress=False)
        found = json.loads(file.read_text(encoding="utf-8"))
        return [found[str(i)][1].replace("_", " ") for i in range(len(found))]
    except (WeightsError, CacheError, ValueError, KeyError) as error:
        logger.warning("the names of ImageNet's classes are missing: %s", error)
        return None


@contextlib.contextmanager
def _fetched_by_us() -> Iterator[None]:
    """Let Keras get files by `fetch`, on this thread only."""
    try:
        from keras.src.utils import file_utils
    except ImportError:  # not public: where Keras moved it, Keras fetches itself
        yield
        return
    owner = threading.get_ident()

    with _fetching:
        original = file_utils.get_file

        def get_file(
            fname: Any = None, origin: Any = None, *args: Any, **options: Any
        ) -> Any:
            plain = not args and set(options) <= {"cache_subdir", "file_hash"}
            if threading.get_ident() != owner or not plain:
                return original(fname, origin, *args, **options)
            digest = options.get("file_hash")
            # As Keras does: the length says which kind of digest it is.
            kind = "sha256" if digest and len(digest) == 64 else "md5"
            folder = _folder(options.get("cache_subdir", "datasets"))
            wanted = {kind: digest, "folder": folder}
            return str(_fetch(Download(str(origin), str(fname), **wanted)))

        file_utils.get_file = get_file
        try:
            yield
        finally:
            file_utils.get_file = original


def _fetch(download: Download, *, progress: bool = True) -> Path:
    """Fetch a file to where Keras keeps such files, so that both find it."""
    folder = download.path.parent
    if download.cached and not os.access(folder, os.W_OK):
        return download.path  # put there by an administrator, say
    _check_writable(folder)
    return fetch(download, progress=progress)


def _check_writable(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise CacheError(
            f"the folder where Keras keeps weights, {folder}, cannot be written; set "
            "KERAS_HOME to a folder of your own"
        )
