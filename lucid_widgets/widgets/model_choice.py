"""Which model: names, model objects and Keras models, all become a `Model`."""

from __future__ import annotations

import sys
from typing import Any

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo import nets_factory, vision_models
from lucid_widgets.modelzoo.nets_factory import check_name as check_name
from lucid_widgets.modelzoo.vision_base import Model

OFFERED = ("TinyInception", "InceptionV1")
"""Models first in the menu, which a file from elsewhere may ask for by name: one is
embedded, the other is downloaded with a known digest."""


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
        return nets_factory.by_name(given)
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
    names = dict.fromkeys([*OFFERED, *used, *nets_factory.at_hand()])
    return [(name, used.get(name, name)) for name in names]
