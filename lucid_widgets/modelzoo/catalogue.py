"""What models are known, where their weights come from, and what was checked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lucid_widgets.errors import (
    CacheError,
    ModelError,
    OfflineError,
    UnknownModelError,
    did_you_mean,
)
from lucid_widgets.modelzoo import inception_v1, lucid_models, tiny_inception
from lucid_widgets.modelzoo.downloading import Download, is_offline
from lucid_widgets.modelzoo.keras_model import KerasModel, from_keras

APPLICATIONS: dict[str, int] = {
    f"{family}{variant}": int(megabytes)
    for family, variants in {
        "ConvNeXt": "Base 339 Large 755 Small 192 Tiny 109 XLarge 1310",
        "DenseNet": "121 33 169 57 201 80",
        "EfficientNet": "B0 29 B1 31 B2 36 B3 48 B4 75 B5 118 B6 166 B7 256",
        "EfficientNetV2": "B0 29 B1 34 B2 42 B3 59 L 479 M 220 S 88",
        "Inception": "ResNetV2 215 V3 92",
        "MobileNet": " 16 V2 14 V3Large 22 V3Small 10",
        "NASNet": "Large 343 Mobile 23",
        "ResNet": "101 171 101V2 171 152 232 152V2 232 50 98 50V2 98",
        "VGG": "16 528 19 549",
        "Xception": " 88",
    }.items()
    for variant, megabytes in zip(
        variants.split(" ")[::2], variants.split(" ")[1::2], strict=True
    )
}
"""Models of `keras.applications`, and the size of their weights in MB, as Keras' pages
say; for MobileNetV3, four bytes for each number."""


@dataclass(frozen=True)
class CatalogueEntry:
    """One known model.

    Attributes:
        name: what to write: ``models.<name>()``, or ``models.application("<name>")``.
        megabytes: size of its weights; None when it is not known.
        licence: licence of the weights.
        source: where they come from.
        cached: whether they are on this machine; None when only Keras knows.
        verified: what was checked about it.
    """

    name: str
    megabytes: float | None
    licence: str
    source: str
    cached: bool | None
    verified: str


def catalog() -> list[CatalogueEntry]:
    """Return all models that are known by name.

    Example:
        >>> [entry.name for entry in catalog() if entry.cached][0]
        'TinyInception'
    """
    weights = tiny_inception.WEIGHTS
    archive = inception_v1.ARCHIVE
    entries = [
        CatalogueEntry(
            "TinyInception",
            round(weights.stat().st_size / 1e6, 1),
            "Apache-2.0",
            "comes with the package",
            cached=True,
            verified="accuracy and activations",
        ),
        CatalogueEntry(
            "InceptionV1",
            archive.megabytes,
            "Apache-2.0",
            archive.url,
            cached=archive.cached,
            verified="sha256 of the download; structure, on a stand-in",
        ),
    ]
    entries += [_lucid(name, lucid_models.weights_of(name)) for name in lucid_names()]
    entries += [
        CatalogueEntry(
            name,
            megabytes,
            "as stated by keras.applications",
            "keras.applications",
            cached=None,
            verified="value range, from the name; layers are read from the model",
        )
        for name, megabytes in APPLICATIONS.items()
    ]
    return entries


def lucid_names() -> list[str]:
    """Return the names of Lucid's models other than InceptionV1."""
    return [name for name in lucid_models.facts() if name != "InceptionV1"]


def _lucid(name: str, download: Download) -> CatalogueEntry:
    return CatalogueEntry(
        name,
        None,
        "not stated: ask the model's authors",
        f"{download.url} (reported gone since 2021)",
        cached=download.cached,
        verified="nothing: the file could not be had",
    )


def application(
    name: str, weights: str | None = "imagenet", **settings: Any
) -> KerasModel:
    """Return a model of `keras.applications` by its name.

    Args:
        name: such as ``"MobileNetV2"``.
        weights: ``"imagenet"`` (Keras downloads them once), the path of a file, or None
            for random weights.
        **settings: for `from_keras`, such as ``labels``.

    Raises:
        UnknownModelError: there is none of that name.
        CacheError: the folder where Keras keeps weights cannot be written.
        OfflineError: ``LUCID_WIDGETS_OFFLINE`` is set, and the weights are not there.
        ModelError: Keras could not make the model, or not get its weights.

    Example:
        >>> application("MobileNetV2", weights=None).get_layer("block_3_expand").depth
        144
    """
    if name not in APPLICATIONS:
        raise UnknownModelError(
            f"keras.applications has no model {name!r}{did_you_mean(name, APPLICATIONS)}"
        )
    import keras

    if weights == "imagenet":
        _check_keras_folder()
        _check_offline(name)
    try:
        keras_model = getattr(keras.applications, name)(weights=weights)
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise ModelError(
            f"keras.applications.{name}(weights={weights!r}) failed: {error}. Without a "
            "network, put the file that it names into ~/.keras/models (or set KERAS_HOME)"
        ) from error
    return from_keras(keras_model, **settings)


def _keras_home() -> Path:
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))


def _check_offline(name: str) -> None:
    """Refuse to let Keras download when there is to be no network."""
    if not is_offline():
        return
    if not _kept_by_keras(name):
        folder = _keras_home() / "models"
        raise OfflineError(
            f"the weights of {name} are not in {folder}, and LUCID_WIDGETS_OFFLINE is set; "
            "put the file that Keras downloads there, or use weights=None for random ones"
        )


def _kept_by_keras(name: str) -> bool:
    folder = _keras_home() / "models"
    files = folder.glob("*.h5") if folder.is_dir() else ()
    return any(_letters(name) in _letters(file.name) for file in files)


def megabytes_to_fetch(name: str) -> int | None:
    """Return how much Keras will download for a model; None if nothing, or not by Keras.

    Keras tells nobody how a download goes; so its size is said beforehand.
    """
    return (
        None if name not in APPLICATIONS or _kept_by_keras(name) else APPLICATIONS[name]
    )


def _letters(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _check_keras_folder() -> None:
    """Refuse to go on where Keras would silently use the shared temporary folder."""
    home = _keras_home()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        has_models = (home / "models").is_dir()
        if not has_models:
            raise CacheError(
                f"Keras cannot write to {home}, and would use a temporary folder that "
                "everybody can write to; set KERAS_HOME to a folder of your own"
            )
