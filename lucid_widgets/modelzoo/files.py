"""A model from a file of any kind, told apart by what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo.graphdef_model import from_graphdef
from lucid_widgets.modelzoo.keras_files import from_keras_file
from lucid_widgets.modelzoo.saved_model import from_saved_model
from lucid_widgets.modelzoo.vision_base import Model


def from_file(path: str | Path, *, trust: bool = False, **settings: Any) -> Model:
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

    Example:
        >>> from_file("my.keras", image_value_range=(-1, 1))  # doctest: +SKIP
    """
    if not isinstance(path, (str, Path)):
        raise ModelError(
            f"from_file needs the path of a file, and was given {type(path).__name__}; "
            "for a Keras model in memory use models.from_keras"
        )
    file = Path(path).expanduser()
    if not file.exists():
        raise ModelError(f"there is no file {file}")
    if file.is_dir():
        return from_saved_model(file, trust=trust, **settings)
    suffix = file.suffix.lower()
    if suffix in (".keras", ".h5", ".hdf5"):
        return from_keras_file(file, **settings)
    if suffix == ".pb":
        return from_graphdef(file, trust=trust, **settings)
    raise ModelError(
        f"{file.name} is no model that can be read; expected .keras, .h5, .pb or the folder "
        "of a SavedModel. PyTorch models: convert them first, see KerasHub's from_preset"
    )
