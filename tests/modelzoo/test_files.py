from __future__ import annotations

import json
import os
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import ModelError, SettingError, UntrustedModelError
from lucid_widgets.modelzoo.vision_models import (
    from_file,
    from_graphdef,
    from_saved_model,
)

from .graphs import block_graphdef, block_keras, block_weights

# Keras 3.15 with NumPy 2.4, when it saves weights.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept"
)


@pytest.fixture(scope="module")
def block():
    return block_keras(block_weights())


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((2, 24, 32, 3), np.float32)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_keras_files_give_the_model_that_was_saved(block, images, tmp_path, suffix):
    path = tmp_path / f"block{suffix}"
    block.save(path)
    model = from_file(path, image_value_range=(-1, 1))
    found = model.activations(images, ["mixed", "classes"])
    np.testing.assert_allclose(found["classes"], block(images * 2 - 1), atol=1e-5)
    assert found["mixed"].shape[-1] == 12


@pytest.fixture(scope="module")
def folder(block, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "block"

    class Served(tf.Module):
        def __init__(self):
            self.variables_ = [tf.Variable(w) for w in block.get_weights()]
            self.model = block

        @tf.function(input_signature=[tf.TensorSpec([None, 24, 32, 3])])
        def serve(self, images):
            stem, bias = self.variables_[:2]
            y = tf.nn.conv2d(images, stem, 2, "SAME") + bias
            return {"stem": tf.nn.relu(y, name="stem")}

    served = Served()
    tf.saved_model.save(served, str(path), signatures=served.serve)
    return path


def test_a_saved_model_is_frozen_and_read(block, folder, images):
    model = from_saved_model(folder, trust=True, image_value_range=(-1, 1))
    assert tuple(model.image_shape) == (24, 32, 3)
    relus = [layer.name for layer in model.layers if layer.depth == 6]
    assert relus
    cut = keras.Model(block.input, block.get_layer("stem").output)
    found = from_file(folder, trust=True, image_value_range=(-1, 1))
    np.testing.assert_allclose(
        found.activations(images, relus[0]), cut(images * 2 - 1), atol=1e-5
    )


def test_a_saved_model_needs_trust_and_the_right_signature(folder, tmp_path):
    with pytest.raises(UntrustedModelError, match="trust=True"):
        from_saved_model(folder, image_value_range=(0, 1))
    with pytest.raises(ModelError, match="it has 'serving_default'"):
        from_saved_model(folder, trust=True, signature="x", image_value_range=(0, 1))
    with pytest.raises(ModelError, match=r"no file saved_model\.pb"):
        from_saved_model(tmp_path, trust=True, image_value_range=(0, 1))
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff\xff")
    with pytest.raises(ModelError, match="damaged"):
        from_saved_model(tmp_path, trust=True, image_value_range=(0, 1))


def test_a_saved_model_that_writes_files_is_not_even_loaded(tmp_path):
    class Writer(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3])])
        def serve(self, images):
            tf.io.write_file(str(tmp_path / "stolen"), "text")
            return {"y": images}

    writer = Writer()
    tf.saved_model.save(writer, str(tmp_path / "m"), signatures=writer.serve)
    with pytest.raises(UntrustedModelError, match="WriteFile"):
        from_saved_model(tmp_path / "m", trust=True, image_value_range=(0, 1))
    assert not (tmp_path / "stolen").exists()


def with_lambda(path) -> None:
    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x + 1)(inputs)).save(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_files_that_carry_code_are_refused_with_the_cure(tmp_path, suffix):
    path = tmp_path / f"lambda{suffix}"
    with_lambda(path)
    with pytest.raises(UntrustedModelError, match="load it yourself"):
        from_file(path, image_value_range=(0, 1))


def test_a_config_that_names_a_system_function_is_refused(block, tmp_path):
    path, bad = tmp_path / "block.keras", tmp_path / "bad.keras"
    block.save(path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                layer = config["config"]["layers"][1]
                marker = tmp_path / "ran"
                layer["module"], layer["class_name"] = "os", "system"
                layer["config"] = {"command": f"touch {marker}"}
                content = json.dumps(config).encode()
            new.writestr(name, content)
    with pytest.raises(ModelError, match=r"cannot be loaded|carries"):
        from_file(bad, image_value_range=(0, 1))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["link", "external data", "virtual"])
def test_hdf5_files_that_read_other_files_are_refused(tmp_path, kind):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(os.urandom(64))
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/conv")
        if kind == "link":
            group["kernel"] = h5py.ExternalLink(str(secret), "/x")
        elif kind == "external data":
            group.create_dataset("kernel", (8,), "f4", external=[(str(secret), 0, 32)])
        else:
            layout = h5py.VirtualLayout((8,), "f4")
            layout[:] = h5py.VirtualSource(str(secret), "x", (8,))
            group.create_virtual_dataset("kernel", layout)
    with pytest.raises(UntrustedModelError, match="another file"):
        from_file(path, image_value_range=(0, 1))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.keras", b"", "empty"),
        ("m.keras", b"<html>no</html>", "neither .* but a web page"),
        ("m.h5", b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        ("m.keras", b"PK\x03\x04 cut off", "not a zip"),
        ("m.h5", b"", "empty"),
        ("m.h5", b"\x89HDF\r\n\x1a\n cut off", "damaged"),
        ("m.onnx", b"x", "PyTorch"),
        ("m.txt", b"x", "no model"),
    ],
)
def test_damaged_and_foreign_files_are_refused(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError, match=words):
        from_file(path, image_value_range=(0, 1))


def test_a_truncated_keras_file_is_refused(block, tmp_path):
    path = tmp_path / "block.keras"
    block.save(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ModelError, match="not a zip archive"):
        from_file(path, image_value_range=(0, 1))


def test_an_absent_file_is_answered_plainly(tmp_path):
    with pytest.raises(ModelError, match="no file"):
        from_file(tmp_path / "absent.keras")


def test_weights_without_a_network_say_what_to_do(block, tmp_path):
    block.save_weights(tmp_path / "block.weights.h5")
    with pytest.raises(ModelError, match="load_weights"):
        from_file(tmp_path / "block.weights.h5", image_value_range=(0, 1))
    with pytest.raises(ModelError, match="from_keras"):
        from_file(block)


def saved_by_lucid(path, metadata: bytes) -> None:
    graph_def = block_graphdef(block_weights())
    with tf.Graph().as_default() as graph:
        tf.constant(metadata, name="lucid_metadata_json")
    graph_def.node.extend(graph.as_graph_def().node)
    path.write_bytes(graph_def.SerializeToString())


def test_models_saved_by_lucid_say_what_they_want(tmp_path):
    path = tmp_path / "saved.pb"
    metadata = {
        "input_name": "images",
        "image_shape": [24, 32, 3],
        "image_value_range": [0, 255],
    }
    saved_by_lucid(path, json.dumps(metadata).encode())
    model = from_file(path, trust=True)
    assert model.input_name == "images"
    assert [float(end) for end in model.image_value_range] == [0, 255]
    assert "lucid_metadata_json" not in model.layer_names


@pytest.mark.parametrize("metadata", [b"{", b"[1]", b"\xff"])
def test_metadata_that_cannot_be_read_is_answered_plainly(tmp_path, metadata):
    path = tmp_path / "saved.pb"
    saved_by_lucid(path, metadata)
    with pytest.raises(ModelError, match="does not hold JSON"):
        from_graphdef(path, trust=True)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("", None, "there is no file ''"),
        ("absent\0.pb", None, "there is no file"),
        ("a" * 300, None, "cannot be read: File name too long"),
        ("https://example.org/model.keras", None, "is an address; download the file"),
        ("model.pt", b"PK\x03\x04", "KerasHub's from_preset"),
        ("photo.keras", b"\x89PNG\r\n\x1a\n", r"but a picture \(PNG\)"),
        ("notes.h5", b"hello", "but a text"),
    ],
)
def test_what_is_no_model_is_said_in_words(
    name, content, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        from_file(name, trust=True)


def test_a_folder_is_looked_into_before_trust_is_asked_for(tmp_path):
    with pytest.raises(ModelError, match="no SavedModel; it is empty"):
        from_file(tmp_path)
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ModelError, match=r"it contains model\.safetensors"):
        from_file(tmp_path)
    (tmp_path / "config.json").touch()
    with pytest.raises(ModelError, match=r"keras_hub\.models\.Backbone\.from_preset"):
        from_file(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(UntrustedModelError, match=r"trust=True \(--trust"):
        from_file(tmp_path)


def test_a_setting_that_does_not_exist_is_named(tmp_path):
    (tmp_path / "model.pb").touch()
    (tmp_path / "model.keras").touch()
    for name, taken in (("model.pb", "input_name"), ("model.keras", "fixed_size")):
        with pytest.raises(SettingError, match="did you mean 'image_value_range'") as e:
            from_file(tmp_path / name, trust=True, value_range=(-1, 1))
        assert taken in str(e.value)
