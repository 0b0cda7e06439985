"""Encoders of KerasHub, with random weights; and timm's checkpoints through it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lucid_widgets.modelzoo.vision_models import Model, from_keras
from lucid_widgets.optvis import render
from lucid_widgets.optvis.settings import RenderSettings

keras_hub = pytest.importorskip(
    "keras_hub", reason="KerasHub is not installed: pip install keras-hub"
)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((2, 32, 48, 3), np.float32)


def encoder():
    return keras_hub.models.ViTBackbone(
        image_shape=(32, 48, 3),
        patch_size=16,
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        mlp_dim=24,
    )


def named(model, ending):
    return next(name for name in model.layer_names if name.endswith(ending))


def test_the_blocks_of_an_encoder_are_read_and_named_alike(images):
    backbone = encoder()
    model, again = from_keras(backbone, (-1, 1)), from_keras(encoder(), (-1, 1))
    assert model.layer_names == again.layer_names
    assert model.fixed_size == (32, 48)
    block = named(model, "transformer_block_1")
    found = model.activations(images, [block, named(model, "vit_encoder")])
    # Six patches of 16 x 16 pixels, and the class token.
    assert found[block].shape == (2, 7, 16)
    np.testing.assert_allclose(
        found[named(model, "vit_encoder")],
        backbone.predict(images * 2 - 1, verbose=0),
        atol=1e-5,
    )
    before = named(model, "transformer_block_1/mlp/dense_pre_activation")
    assert model.get_layer(before).depth == 24


def test_a_unit_of_a_block_is_visualized():
    model = from_keras(encoder(), (-1, 1))
    layer = named(model, "transformer_block_2")
    settings = RenderSettings(size=(32, 48), transforms=False)
    frames = list(render.frames(model, f"{layer}:3", settings=settings, steps=8))
    assert np.isfinite(frames[-1].images).all()
    assert frames[-1].objective > frames[0].objective


def test_a_block_is_edited_and_saved(images, tmp_path):
    model = from_keras(encoder(), (-1, 1))
    block, last = named(model, "transformer_block_1"), named(model, "vit_encoder")
    edited = model.edit(remove=[f"{block}:3"])
    assert not edited.activations(images, block)[..., 3].any()
    before = model.activations(images, last)
    assert np.abs(edited.activations(images, last) - before).max() > 1e-4
    Model.save(tmp_path / "vit.pb", edited)
    again = Model.load(tmp_path / "vit.pb", trust=True)
    np.testing.assert_allclose(
        again.activations(images, last), edited.activations(images, last), atol=1e-4
    )


def timm_checkpoint(folder):
    """Write a ResNet-18 as timm would: config.json and weights in PyTorch's order."""
    numpy = pytest.importorskip("safetensors.numpy")
    config = {
        "architecture": "resnet18",
        "num_classes": 7,
        "num_features": 512,
        "pretrained_cfg": {
            "input_size": [3, 64, 64],
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
            "interpolation": "bilinear",
        },
    }
    rng = np.random.default_rng(0)
    weights = {}

    def conv(name, norm, depth, source, side):
        spread = (source * side * side) ** -0.5
        shape = (depth, source, side, side)
        weights[f"{name}.weight"] = rng.normal(0, spread, shape)
        weights[f"{norm}.weight"] = rng.uniform(0.5, 1.5, depth)
        weights[f"{norm}.bias"] = rng.normal(0, 0.1, depth)
        weights[f"{norm}.running_mean"] = rng.normal(0, 0.1, depth)
        weights[f"{norm}.running_var"] = rng.uniform(0.5, 1.5, depth)

    conv("conv1", "bn1", 64, 3, 7)
    source = 64
    for stage, depth in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            path = f"layer{stage}.{block}"
            conv(f"{path}.conv1", f"{path}.bn1", depth, source, 3)
            conv(f"{path}.conv2", f"{path}.bn2", depth, depth, 3)
            if source != depth:
                down = f"{path}.downsample"
                conv(f"{down}.0", f"{down}.1", depth, source, 1)
            source = depth
    weights["fc.weight"] = rng.normal(0, 0.04, (7, 512))
    weights["fc.bias"] = rng.normal(0, 0.1, 7)
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    numpy.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    return weights


def test_a_checkpoint_of_timm_is_read_through_kerashub(tmp_path):
    weights = timm_checkpoint(tmp_path)
    backbone = keras_hub.models.Backbone.from_preset(str(tmp_path))
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
    values = (-mean / deviation, (1 - mean) / deviation)
    model = from_keras(backbone, values, image_shape=(64, 96, 3))
    images = np.random.default_rng(1).random((2, 64, 96, 3), np.float32)
    first = next(n for n in model.layer_names if n.endswith("conv1_conv"))
    found = model.activations(images, first)
    kernel = weights["conv1.weight"].transpose(2, 3, 1, 0)
    padded = np.pad((images - mean) / deviation, [(0, 0), (3, 3), (3, 3), (0, 0)])
    rows, columns = 5, 9  # position (5, 9) sees rows 10..16 and columns 18..24
    patch = padded[:, 10:17, 18:25]
    expected = np.einsum("nhwi,hwio->no", patch, kernel)
    np.testing.assert_allclose(found[:, rows, columns], expected, atol=1e-4)
    stages = model.activations(images, named(model, "stack3_block1_out"))
    assert stages.shape == (2, 2, 3, 512)
    assert np.isfinite(stages).all()
