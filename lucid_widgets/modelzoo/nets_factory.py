"""Models by name, under Lucid's name for this module."""

from __future__ import annotations

from lucid_widgets.errors import UnknownModelError, did_you_mean
from lucid_widgets.modelzoo import lucid_models
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
        224
    """
    if name in models_map:
        return models_map[name]
    within = [known for known in models_map if str(name).lower() in known.lower()]
    if within and name:
        listed = ", ".join(within)
        raise UnknownModelError(f"no model {name!r}; names that contain it: {listed}")
    raise UnknownModelError(f"no model {name!r}{did_you_mean(str(name), models_map)}")
