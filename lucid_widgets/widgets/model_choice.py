"""Which model: names, model objects and Keras models, all become a `Model`."""

from __future__ import annotations

import sys
from typing import Any

from lucid_widgets.errors import ModelError, UnknownModelError, did_you_mean
from lucid_widgets.modelzoo import vision_models
from lucid_widgets.modelzoo.vision_base import Model

OFFERED = ("TinyInception", "InceptionV1")
"""Models in the menu; any other can be given from Python."""


def as_model(given: Any) -> Model:
    """Return a model for whatever a user may have given.

    Args:
        given: a `Model`; the name of one in the catalogue; a Keras model; None
            for the embedded model.

    Raises:
        UnknownModelError: no model has that name.
        ModelError: it is something else.
        WeightsError: its weights cannot be had.
    """
    if given is None:
        return vision_models.TinyInception()
    if isinstance(given, Model):
        return given
    if isinstance(given, str):
        return _by_name(given)
    # A Keras model can only exist where Keras has been imported.
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(given, keras.Model):
        return vision_models.from_keras(given)
    raise ModelError(
        f"model is {str(given)[:100]!r}; expected a model from "
        "lucid_widgets.modelzoo.vision_models, its name, or a Keras model"
    )


def model_options(used: dict[str, Model]) -> list[tuple[str, Any]]:
    """Return the entries of the menu of models.

    Args:
        used: models at hand, by name; the others are loaded when they are chosen.
    """
    return [(name, used.get(name, name)) for name in dict.fromkeys([*OFFERED, *used])]


def check_name(name: str) -> None:
    """Raise unless a name is in the catalogue.

    Raises:
        UnknownModelError: it is not; the message names the three closest.
    """
    known = [entry.name for entry in vision_models.catalog()]
    if name not in known:
        raise UnknownModelError(
            f"no model {name[:100]!r}{did_you_mean(name[:100], known)} "
            "See models.catalog()"
        )


def _by_name(name: str) -> Model:
    check_name(name)
    make = getattr(vision_models, name, None)
    return vision_models.application(name) if make is None else make()
