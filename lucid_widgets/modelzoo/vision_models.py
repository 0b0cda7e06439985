"""The models, under Lucid's name for this module.

import lucid_widgets.modelzoo.vision_models as models

model = models.TinyInception()  # embedded: no network needed
"""

from __future__ import annotations

import importlib
from typing import Any

from lucid_widgets.modelzoo.applications import application
from lucid_widgets.modelzoo.catalogue import catalog
from lucid_widgets.modelzoo.files import from_file
from lucid_widgets.modelzoo.graphdef_model import from_graphdef
from lucid_widgets.modelzoo.inception_v1 import InceptionV1
from lucid_widgets.modelzoo.keras_model import from_keras
from lucid_widgets.modelzoo.lucid_models import (
    AlexNet,
    AlexNet_caffe_Places365,
    CaffeNet_caffe,
    Clip_ResNet50_4x,
    InceptionResnetV2_slim,
    InceptionV1_adv_finetuned,
    InceptionV1_caffe,
    InceptionV1_caffe_Places205,
    InceptionV1_caffe_Places365,
    InceptionV1_slim,
    InceptionV2_slim,
    InceptionV3_slim,
    InceptionV4_slim,
    MobilenetV1_025_slim,
    MobilenetV1_050_slim,
    MobilenetV1_slim,
    MobilenetV2_10_slim,
    MobilenetV2_14_slim,
    NasnetLarge_slim,
    NasnetMobile_slim,
    PnasnetLarge_slim,
    PnasnetMobile_slim,
    ResnetV1_50_slim,
    ResnetV1_101_slim,
    ResnetV1_152_slim,
    ResnetV2_50_slim,
    ResnetV2_101_slim,
    ResnetV2_152_slim,
    VGG16_caffe,
    VGG19_caffe,
)
from lucid_widgets.modelzoo.nets_factory import by_name
from lucid_widgets.modelzoo.saved_model import from_saved_model
from lucid_widgets.modelzoo.tiny_inception import TinyInception
from lucid_widgets.modelzoo.vision_base import Layer, Model

__all__ = [
    "AlexNet",
    "AlexNet_caffe_Places365",
    "CaffeNet_caffe",
    "Clip_ResNet50_4x",
    "InceptionResnetV2_slim",
    "InceptionV1",
    "InceptionV1_adv_finetuned",
    "InceptionV1_caffe",
    "InceptionV1_caffe_Places205",
    "InceptionV1_caffe_Places365",
    "InceptionV1_slim",
    "InceptionV2_slim",
    "InceptionV3_slim",
    "InceptionV4_slim",
    "Layer",
    "MobilenetV1_025_slim",
    "MobilenetV1_050_slim",
    "MobilenetV1_slim",
    "MobilenetV2_10_slim",
    "MobilenetV2_14_slim",
    "Model",
    "NasnetLarge_slim",
    "NasnetMobile_slim",
    "PnasnetLarge_slim",
    "PnasnetMobile_slim",
    "ResnetV1_50_slim",
    "ResnetV1_101_slim",
    "ResnetV1_152_slim",
    "ResnetV2_50_slim",
    "ResnetV2_101_slim",
    "ResnetV2_152_slim",
    "TinyInception",
    "VGG16_caffe",
    "VGG19_caffe",
    "application",
    "by_name",
    "catalog",
    "check",
    "from_file",
    "from_graphdef",
    "from_keras",
    "from_saved_model",
]


def check(model: Any, photo: Any = None, **options: Any) -> Any:
    """Try out a model, and tell in words whether it is ready to be visualized.

    Args:
        model: a `Model`, a Keras model, a file or folder, or a name of the catalogue.
        photo: a path, or an array ``[height, width, channels]`` in [0, 1].
        **options: see `lucid_widgets.recipes.checking.check`; ``save="unit.png"`` writes
            the unit that was visualized.

    Returns:
        A `lucid_widgets.recipes.checking.Report`; print it.

    Example:
        >>> print(check("my.keras", "dog.jpg"))  # doctest: +SKIP
    """
    # The one look upwards: what users type as `models` is a front door, and the check
    # uses the engine that stands above it.
    checking = importlib.import_module("lucid_widgets.recipes.checking")
    return checking.check(model, photo, **options)
