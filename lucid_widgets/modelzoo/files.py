"""A model from a file of any kind, told apart by what is in it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lucid_widgets.errors import ModelError, SettingError, did_you_mean
from lucid_widgets.modelzoo.graphdef_model import from_graphdef
from lucid_widgets.modelzoo.keras_files import from_keras_file
from lucid_widgets.modelzoo.keras_model import from_keras
from lucid_widgets.modelzoo.saved_model import from_saved_model
from lucid_widgets.modelzoo.vision_base import Model


def from_file(
    path: str | os.PathLike[str], *, trust: bool = False, **settings: Any
) -> Model:
    """Return the model in a file or folder.

    Args:
        path: ``.keras`` or ``.h5`` (Keras), ``.pb`` (GraphDef, also one saved by Lucid),
            or the folder of a SavedModel.
        trust: must be True for GraphDefs and SavedModels, which are programs.
        **settings: for `from_keras`, `from_graphdef` or `from_saved_model`:
            ``image_value_range`` above all.

    Raises:
        ModelError: the file is of no known kind, or cannot be used.
        UntrustedModelError: `trust` is needed, or the file does too much.
        SettingError: a setting that files of this kind do not have.

    Example:
        >>> from_file("my.keras", image_value_range=(-1, 1))  # doctest: +SKIP
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ModelError(
            f"from_file needs the path of a file, and was given {type(path).__name__}; "
            "for a Keras model in memory use models.from_keras"
        )
    file = _existing(path)
    suffix = file.suffix.lower()
    if file.is_dir():
        _check_folder(file)
        kind, read, takers = "a SavedModel", from_saved_model, _PROGRAMS
        settings = {"trust": trust, **settings}
    elif suffix in (".keras", ".h5", ".hdf5"):
        kind, read, takers = "a Keras file", from_keras_file, (from_keras,)
    elif suffix == ".pb":
        kind, read, takers = "a GraphDef", from_graphdef, (from_graphdef,)
        settings = {"trust": trust, **settings}
    else:
        raise ModelError(
            f"{file.name} is no model that can be read; expected .keras, .h5, .pb or the "
            "folder of a SavedModel. PyTorch models: convert them first, see KerasHub's "
            "from_preset"
        )
    _check_settings(kind, takers, settings)
    try:
        return read(file, **settings)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror or error}") from error


_PROGRAMS = (from_saved_model, from_graphdef)


def _existing(path: str | os.PathLike[str]) -> Path:
    text = os.fspath(path)
    if "://" in text:
        raise ModelError(
            f"{text[:200]} is an address; download the file first, and give its path"
        )
    file = Path(text).expanduser()
    try:
        found = bool(text) and "\0" not in text and file.exists()
    except OSError as error:  # a name too long, a folder that may not be entered
        raise ModelError(f"{text[:200]} cannot be read: {error.strerror}") from error
    if not found:
        raise ModelError(f"there is no file {text[:200]!r}")
    return file


def _check_folder(folder: Path) -> None:
    """Refuse a folder that is no SavedModel, before anybody is asked to trust it."""
    if (folder / "saved_model.pb").is_file():
        return
    if (folder / "config.json").is_file():
        raise ModelError(
            f"{folder} looks like a preset of KerasHub, timm or Hugging Face: "
            f"keras_hub.models.Backbone.from_preset({str(folder)!r}), then "
            "models.from_keras; see lucid_widgets/modelzoo/README.md"
        )
    names = sorted(file.name for file in folder.iterdir())
    inside = f"it contains {', '.join(names[:5])}" if names else "it is empty"
    raise ModelError(
        f"{folder} is a folder without a file saved_model.pb, and so no SavedModel; "
        f"{inside}"
    )


def _check_settings(
    kind: str, takers: Sequence[Callable[..., Any]], settings: dict[str, Any]
) -> None:
    known = [
        name
        for taker in takers
        for name, parameter in inspect.signature(taker).parameters.items()
        if name not in ("path", "keras_model")
        and parameter.kind is not parameter.VAR_KEYWORD
    ]
    for name in settings:
        if name not in known:
            listed = ", ".join(dict.fromkeys(known))
            raise SettingError(
                f"no setting {name!r} for {kind}{did_you_mean(name, known)} "
                f"Expected some of {listed}"
            )
