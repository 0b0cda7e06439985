"""Keras files, ``.keras`` and ``.h5``, loaded without running anything inside them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from lucid_widgets.errors import LucidError, ModelError, UntrustedModelError
from lucid_widgets.modelzoo.archives import read_member, what_it_is
from lucid_widgets.modelzoo.keras_model import KerasModel, from_keras

_HDF5 = b"\x89HDF\r\n\x1a\n"


def from_keras_file(path: str | Path, **settings: Any) -> KerasModel:
    """Return the model in a ``.keras`` or ``.h5`` file.

    The file is loaded in Keras' safe mode, always: layers that carry code (Lambda) and
    names that lead out of Keras are refused. If you trust such a file, load it yourself,
    with ``keras.saving.load_model(path, safe_mode=False)``, and use `from_keras`.

    Args:
        path: the file.
        **settings: for `from_keras`, such as ``image_value_range``.

    Raises:
        UntrustedModelError: the file carries code, or points to other files.
        ModelError: it is damaged, or not a Keras model.

    Example:
        >>> from_keras_file("my.keras", image_value_range=(-1, 1))  # doctest: +SKIP
    """
    import keras

    file = Path(path).expanduser()
    _check_file(file)
    try:
        keras_model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except LucidError:
        raise
    except Exception as error:  # Keras raises whatever happened inside
        raise _explained(file, error) from error
    return from_keras(keras_model, **settings)


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise ModelError(f"there is no file {file}")
    with file.open("rb") as opened:
        beginning = opened.read(200)
    if not beginning:
        raise ModelError(f"{file} is empty; was the download interrupted?")
    if beginning[:8] == _HDF5:
        _check_links(file, file)
    elif beginning[:4] == b"PK\x03\x04" and file.suffix == ".keras":
        _, weights = read_member(file, "model.weights.h5")
        _check_links(io.BytesIO(weights), file)
    else:
        raise ModelError(
            f"{file} is neither a .keras archive nor an HDF5 file (as its extension "
            f"says), but {what_it_is(beginning)}"
        )


def _check_links(source: Any, file: Path) -> None:
    """Refuse HDF5 files that read from other files of this machine."""
    import h5py

    # Visitors stop at the first name they return; h5py does not take exceptions well.
    def links_out(name: str, link: Any) -> str | None:
        return name if isinstance(link, h5py.ExternalLink) else None

    def data_outside(name: str, item: Any) -> str | None:
        outside = isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
        return name if outside else None

    try:
        with h5py.File(source, "r") as opened:
            name = opened.visititems_links(links_out) or opened.visititems(data_outside)
    except (OSError, RuntimeError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{file} is damaged ({error}); was the download interrupted?"
        ) from error
    if name is not None:
        raise UntrustedModelError(
            f"'{name}' in {file} is a link to another file of this machine; weights belong "
            "into the file itself"
        )


def _explained(file: Path, error: Exception) -> ModelError:
    text = " ".join(str(error).split())
    lowered = text.lower()
    if "lambda" in lowered or "safe_mode" in lowered or "unsafe" in lowered:
        return UntrustedModelError(
            f"{file} carries Python code (a Lambda layer, or a name outside of Keras). If "
            "you trust it, load it yourself: model = keras.saving.load_model(path, "
            f"safe_mode=False), then models.from_keras(model). Keras says: {text[:300]}"
        )
    if "no model config found" in lowered:
        return ModelError(
            f"{file} holds weights and no network; build the network, "
            "network.load_weights(path), and use models.from_keras(network)"
        )
    return ModelError(
        f"{file} cannot be loaded: {text[:300]}. If it uses layers of your own, load it "
        "with keras.saving.load_model(path, custom_objects={...}) and use "
        "models.from_keras(model)"
    )
