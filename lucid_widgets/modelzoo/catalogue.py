"""What models are known, where their weights come from, and what was checked."""

from __future__ import annotations

from dataclasses import dataclass

from lucid_widgets.modelzoo import (
    applications,
    inception_v1,
    lucid_models,
    tiny_inception,
)
from lucid_widgets.modelzoo.downloading import Download


@dataclass(frozen=True)
class CatalogueEntry:
    """One known model.

    Attributes:
        name: what to write: ``models.<name>()``, or ``models.application("<name>")``.
        megabytes: size of its weights, about, in 10^6 bytes; None when it is not known.
        licence: licence of the weights.
        source: where they come from.
        cached: whether they are on this machine.
        verified: what was checked about it.
    """

    name: str
    megabytes: float | None
    licence: str
    source: str
    cached: bool
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
            "of the model's authors: see keras.io/api/applications",
            "keras.applications",
            cached=applications.is_at_hand(name),
            verified="value range, from the name; layers are read from the model",
        )
        for name, (_, megabytes) in applications.APPLICATIONS.items()
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
