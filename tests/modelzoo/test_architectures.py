"""Architectures of keras.applications, with random weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lucid_widgets.modelzoo.vision_models import from_keras
from lucid_widgets.optvis import render
from lucid_widgets.optvis.settings import RenderSettings

MIDDLE = {
    "ConvNeXtTiny": "convnext_tiny_stage_1_block_1_pointwise_conv_1",
    "DenseNet121": "conv3_block3_concat",
    "EfficientNetB0": "block3a_expand_activation",
    "EfficientNetV2B0": "block3a_expand_activation",
    "InceptionResNetV2": "conv2d_3",
    "InceptionV3": "mixed3",
    "MobileNetV2": "block_6_expand",
    "MobileNetV3Small": "expanded_conv_3_project",
    "NASNetMobile": "normal_conv_1_4",
    "ResNet50": "conv3_block2_out",
    "ResNet50V2": "conv3_block2_out",
    "VGG16": "block3_conv2",
    "Xception": "block4_sepconv1",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MIDDLE)
def test_a_middle_layer_is_visualized_and_names_stay_the_same(name):
    build = getattr(keras.applications, name)
    model, again = from_keras(build(weights=None)), from_keras(build(weights=None))
    assert model.layer_names == again.layer_names
    layer = MIDDLE[name]
    if name == "NASNetMobile":
        layer = next(
            found.name for found in model.layers if "normal_conv" in found.name
        )
    frames = list(
        render.frames(model, f"{layer}:1", settings=RenderSettings(size=96), steps=5)
    )
    first, last = frames[0].images, frames[-1].images
    assert np.isfinite(last).all()
    assert np.isfinite(frames[-1].objective)
    assert not np.array_equal(first, last)
