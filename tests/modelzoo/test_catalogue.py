from __future__ import annotations

import json

import numpy as np
import pytest

from lucid_widgets.errors import OfflineError, UnknownModelError
from lucid_widgets.modelzoo import lucid_models, vision_models
from lucid_widgets.modelzoo.applications import APPLICATIONS
from lucid_widgets.modelzoo.catalogue import catalog
from lucid_widgets.modelzoo.nets_factory import (
    at_hand,
    by_name,
    get_model,
    known_names,
    models_map,
)

from .graphs import block_graphdef, block_weights


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LUCID_WIDGETS_OFFLINE", "1")
    return tmp_path


def test_every_model_of_the_catalogue_can_be_asked_for():
    entries = {entry.name: entry for entry in catalog()}
    assert len(entries) == 1 + 31 + len(APPLICATIONS)
    for name in models_map:
        assert issubclass(getattr(vision_models, name), vision_models.Model)
        assert name in entries
    assert entries["TinyInception"].cached
    assert not entries["InceptionV1"].cached
    assert entries["InceptionV1"].licence == "Apache-2.0"


def test_what_lucid_says_about_its_models_is_kept(shared):
    facts = json.loads((shared / "facts" / "lucid_modelzoo.json").read_text())
    assert set(facts) == set(models_map) - {"TinyInception"}
    for name, expected in facts.items():
        found = models_map[name]
        assert tuple(found.image_shape) == tuple(expected["image_shape"])
        assert found.is_BGR == bool(expected.get("is_BGR"))
        assert found.input_name == expected["input_name"]
        assert found.dataset == expected.get("dataset")
        if name != "InceptionV1":
            listed = [
                [layer["name"], layer["depth"], *layer["tags"]]
                for layer in expected.get("layers", [])
            ]
            assert lucid_models.facts()[name]["layers"] == listed


def test_caffe_models_see_blue_first_and_without_the_mean():
    low, high = vision_models.VGG16_caffe.image_value_range
    np.testing.assert_allclose(low, [-103.939, -116.779, -123.68])
    np.testing.assert_allclose(high, [151.061, 138.221, 131.32], rtol=1e-6)


def test_missing_weights_are_answered_with_where_to_put_them(offline):
    with pytest.raises(OfflineError) as raised:
        vision_models.ResnetV1_50_slim()
    for words in ("ResnetV1_50.pb", str(offline), "ResnetV1_50_slim.pb"):
        assert words in str(raised.value)


def test_a_local_copy_is_used(offline):
    path = offline / "graph.pb"
    path.write_bytes(block_graphdef(block_weights()).SerializeToString())
    model = vision_models.VGG16_caffe(path=path, labels=["a", "b"])
    assert model.labels == ["a", "b"]
    assert model.get_layer("conv5_1/conv5_1").depth == 512
    clip = vision_models.Clip_ResNet50_4x(path=path)
    assert clip.model_name == "Clip_ResNet50_4x"
    assert clip.labels is None


def test_labels_that_cannot_be_had_are_none(offline, caplog):
    path = offline / "graph.pb"
    path.write_bytes(block_graphdef(block_weights()).SerializeToString())
    assert vision_models.VGG19_caffe(path=path).labels is None
    assert "has no labels" in caplog.text


def test_models_are_found_by_name():
    assert get_model("InceptionV1") is vision_models.InceptionV1
    with pytest.raises(UnknownModelError, match="ResnetV1_50_slim, "):
        get_model("resnet")
    with pytest.raises(UnknownModelError, match="did you mean 'VGG16_caffe'"):
        get_model("VG16_cafe")


def test_one_function_makes_every_model_of_the_catalogue(offline, monkeypatch):
    assert by_name("TinyInception") == vision_models.TinyInception()
    assert by_name("MobileNetV2", weights=None).get_layer("Conv1").depth == 32
    path = offline / "graph.pb"
    path.write_bytes(block_graphdef(block_weights()).SerializeToString())
    assert isinstance(by_name("VGG16_caffe", path=path), vision_models.VGG16_caffe)
    assert sorted(known_names()) == sorted(entry.name for entry in catalog())
    for name in ("Model", "Layer", "__builtins__", "MobilNetV2", 7, None):
        with pytest.raises(UnknownModelError, match="did you mean"):
            by_name(name)


def test_models_whose_weights_are_lost_are_offered_once_they_are_there(offline):
    assert {"TinyInception", "InceptionV1", "ResNet50"} <= set(at_hand())
    assert "VGG16_caffe" not in at_hand()
    download = lucid_models.weights_of("VGG16_caffe")
    download.path.parent.mkdir(parents=True, exist_ok=True)
    download.path.write_bytes(block_graphdef(block_weights()).SerializeToString())
    assert "VGG16_caffe" in at_hand()
    assert "VGG19_caffe" not in at_hand()


def test_command_line_and_widget_know_the_same_models():
    from lucid_widgets.cli import _load_model
    from lucid_widgets.widgets.model_choice import as_model, model_options

    for load in (_load_model, as_model):
        assert load("TinyInception") == vision_models.TinyInception()
        with pytest.raises(UnknownModelError, match="'MobileNetV2'"):
            load("MobilNetV2")
        with pytest.raises(OfflineError, match=r"ResnetV1_50_slim\.pb"):
            load("ResnetV1_50_slim")
    offered = [name for name, _ in model_options({})]
    assert offered[:2] == ["TinyInception", "InceptionV1"]
    assert sorted(offered) == sorted(at_hand())
