"""Models by name, under Lucid's name for this module."""

from __future__ import annotations

from typing import Any

from lucid_widgets.errors import UnknownModelError, did_you_mean
from lucid_widgets.modelzoo import lucid_models
from lucid_widgets.modelzoo.applications import APPLICATIONS, application
from lucid_widgets.modelzoo.catalogue import lucid_names
from lucid_widgets.modelzoo.inception_v1 import InceptionV1
from lucid_widgets.modelzoo.tiny_inception import TinyInception
from lucid_widgets.modelzoo.vision_base import Model

models_map: dict[str, type[Model]] = {
    "TinyInception": TinyInception,
    "InceptionV1": InceptionV1,
    **{name: getattr(lucid_models, name) for name in lucid_names()},
}
"""Class by name, for the embedded model and Lucid's 31."""


def get_model(name: str) -> type[Model]:
    """Return the class of a model; call it to get the model.

    Args:
        name: such as ``"InceptionV1"``; see `models_map`.

    Raises:
        UnknownModelError: there is none; names that contain the given one are listed.

    Example:
        >>> get_model("TinyInception")().get_layer("mixed4a").depth
        272
    """
    if name in models_map:
        return models_map[name]
    within = [known for known in models_map if str(name).lower() in known.lower()]
    if within and name:
        listed = ", ".join(within)
        raise UnknownModelError(f"no model {name!r}; names that contain it: {listed}")
    raise UnknownModelError(f"no model {name!r}{did_you_mean(str(name), models_map)}")


def known_names() -> tuple[str, ...]:
    """Return all names that `by_name` takes: those of `catalogue.catalog`."""
    return (*models_map, *APPLICATIONS)


def check_name(name: Any) -> None:
    """Raise unless there is a model of a name; nothing is loaded.

    Raises:
        UnknownModelError: there is none; the message names the three closest.
    """
    known = known_names()
    if not isinstance(name, str) or name not in known:
        shown = str(name)[:100]
        raise UnknownModelError(
            f"no model {shown!r}{did_you_mean(shown, known)} models.catalog(), or "
            "`lucid-widgets models`, lists them"
        )


def by_name(name: str, **settings: Any) -> Model:
    """Return the model of a name in the catalogue, its weights downloaded if need be.

    Args:
        name: the embedded model, one of Lucid's, or one of `keras.applications`.
        **settings: for the model's class, such as ``path``; or for `application`, such as
            ``weights``.

    Raises:
        UnknownModelError: there is none; the message names the three closest.
        WeightsError, ModelError: its weights cannot be had.

    Example:
        >>> by_name("TinyInception").get_layer("mixed4a").depth
        272
    """
    check_name(name)
    if name in models_map:
        return models_map[name](**settings)
    return application(name, **settings)


def at_hand() -> list[str]:
    """Return the names worth offering: weights are here, or can be downloaded.

    Left out are Lucid's models whose files are neither in the cache nor, as far as is
    known, in Lucid's bucket.
    """
    lost = {name for name in lucid_names() if not lucid_models.weights_of(name).cached}
    return [name for name in known_names() if name not in lost]
