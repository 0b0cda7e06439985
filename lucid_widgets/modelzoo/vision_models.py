"""The models, under Lucid's name for this module.

import lucid_widgets.modelzoo.vision_models as models

model = models.TinyInception()  # embedded: no network needed
"""

from __future__ import annotations

from lucid_widgets.modelzoo.graphdef_model import from_graphdef
from lucid_widgets.modelzoo.inception_v1 import InceptionV1
from lucid_widgets.modelzoo.keras_model import from_keras
from lucid_widgets.modelzoo.tiny_inception import TinyInception
from lucid_widgets.modelzoo.vision_base import Layer, Model

__all__ = [
    "InceptionV1",
    "Layer",
    "Model",
    "TinyInception",
    "from_graphdef",
    "from_keras",
]
