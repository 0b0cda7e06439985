from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import (
    LayerNotFoundError,
    ModelError,
    SaveError,
    UntrustedModelError,
)
from lucid_widgets.modelzoo.vision_models import Model, from_graphdef, from_keras

from .graphs import block_graphdef, block_keras, block_weights


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((2, 24, 32, 3), np.float32)


@pytest.fixture(scope="module")
def block():
    return block_keras(block_weights())


def compare(model, again, images, names):
    expected, found = (m.activations(images, names) for m in (model, again))
    for name in names:
        assert expected[name].any()
        np.testing.assert_allclose(found[name], expected[name], atol=1e-5, err_msg=name)


def test_a_keras_model_comes_back_with_names_labels_and_values(block, images, tmp_path):
    path = tmp_path / "block.pb"
    Model.save(path, block, image_value_range=(-1, 1), labels=["a", "b", "c", "d"])
    model, again = from_keras(block, (-1, 1)), Model.load(path, trust=True)
    names = ["stem", "stem_pre_relu", "pool", "mixed", "classes"]
    assert set(names) <= set(again.layer_names)
    compare(model, again, images, names)
    assert [layer.name for layer in again.layers] == [x.name for x in model.layers]
    assert again.get_layer("mixed").depth == 12
    assert again.labels == ["a", "b", "c", "d"]
    assert again.get_layer("mixed").tags == {"conv"}


def test_what_was_saved_takes_images_of_other_sizes(block, images, tmp_path):
    Model.save(tmp_path / "block.pb", block, image_value_range=(-1, 1))
    again = from_graphdef(tmp_path / "block.pb", trust=True)
    compare(
        from_keras(block, (-1, 1)), again, images[:, :15, :19], ["mixed", "classes"]
    )


def test_input_gradients_and_relus_survive(block, images, tmp_path):
    Model.save(tmp_path / "block.pb", block, image_value_range=(-1, 1))
    again = Model.load(tmp_path / "block.pb", trust=True)

    def gradient(model, overrides):
        x = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(x)
            T = model.import_graph(x, overrides)
            score = tf.reduce_sum(T["mixed"][..., 3] ** 2)
        return tape.gradient(score, x)

    model = from_keras(block, (-1, 1))
    for overrides in ({}, {"Relu": tf.identity}):
        found = [gradient(m, overrides).numpy() for m in (model, again)]
        np.testing.assert_allclose(found[1], found[0], atol=1e-4)
    assert not np.allclose(gradient(model, {}), gradient(model, {"Relu": tf.identity}))


def test_nested_and_fixed_size_models_come_back(images, tmp_path):
    inner = keras.Sequential(
        [keras.layers.Conv2D(3, 3, activation="relu", name="c")], name="stage"
    )
    x = given = keras.Input((24, 32, 3))
    conv = keras.layers.Conv2D(3, 3, padding="same", name="shared")
    x = conv(conv(inner(keras.layers.Conv2D(3, 1, name="first")(x))))
    x = keras.layers.Dense(4, name="out")(keras.layers.Flatten()(x))
    model = from_keras(keras.Model(given, x), (0, 255))
    Model.save(tmp_path / "nested.pb", model)
    again = Model.load(tmp_path / "nested.pb", trust=True)
    assert model.fixed_size == again.fixed_size == (24, 32)
    names = {"stage/c": "stage/c", "shared/call:1": "shared/call_1", "out": "out"}
    small = images[:, :20, :20]
    for name, saved in names.items():
        np.testing.assert_allclose(
            again.activations(small, saved), model.activations(small, name), atol=1e-3
        )


def test_the_embedded_model_is_written_node_by_node(tiny, photos, tmp_path):
    Model.save(tmp_path / "tiny.pb", tiny)
    again = Model.load(tmp_path / "tiny.pb", trust=True)
    assert again.layer_names == tiny.layer_names
    assert [x.name for x in again.layers] == [x.name for x in tiny.layers]
    assert again.labels == tiny.labels
    for layer, other in zip(again.layers, tiny.layers, strict=True):
        assert (layer.stride, layer.depth) == (other.stride, other.depth)
    compare(tiny, again, photos, ["mixed4a_pre_relu", "softmax2"])


def test_a_graphdef_is_saved_with_what_is_known_about_it(images, tmp_path):
    path = tmp_path / "graph.pb"
    path.write_bytes(block_graphdef(block_weights()).SerializeToString())
    model = from_graphdef(path, trust=True, image_value_range=(-117, 138))
    Model.save(tmp_path / "saved.pb", model)
    again = Model.load(tmp_path / "saved.pb", trust=True)
    compare(model, again, images, ["mixed_pre_relu", "classes"])
    Model.save(tmp_path / "twice.pb", again)
    third = Model.load(tmp_path / "twice.pb", trust=True)
    assert third.layer_names == again.layer_names


def test_a_function_is_saved_with_its_own_names(images, tmp_path):
    kernel = tf.Variable(block_weights()["stem_w"])

    @tf.function(input_signature=[tf.TensorSpec([None, 24, 32, 3])])
    def network(pixels):
        y = tf.nn.relu(tf.nn.conv2d(pixels, kernel, 2, "SAME"), name="features")
        return tf.nn.softmax(tf.reduce_mean(y, [1, 2]), name="classes")

    path = tmp_path / "function.pb"
    metadata = Model.save(path, network, image_value_range=(-1, 1))
    assert metadata["image_shape"] == [24, 32, 3]
    model = Model.load(path, trust=True)
    expected = network(images * 2 - 1)
    np.testing.assert_allclose(
        model.activations(images, "classes"), expected, atol=1e-5
    )
    assert model.get_layer("features").depth == 6
    with pytest.raises(ModelError, match="image_value_range is needed"):
        Model.save(path, network)
    with pytest.raises(ModelError, match="no operation 'nothing'"):
        Model.save(path, network, None, ["nothing"], None, (0, 1))


def test_only_what_is_asked_for_is_saved(tiny, tmp_path):
    Model.save(tmp_path / "part.pb", tiny, output_names=["mixed3a"])
    part = Model.load(tmp_path / "part.pb", trust=True)
    assert "mixed3a_1x1" in part.layer_names
    assert not [name for name in part.layer_names if name.startswith("mixed3b")]
    assert [layer.name for layer in part.layers][-1] == "mixed3a"
    with pytest.raises(LayerNotFoundError, match="mixed3a"):
        Model.save(tmp_path / "part.pb", tiny, output_names=["mixed3q"])


@pytest.mark.parametrize(
    ("name", "network", "error", "words"),
    [
        ("x.keras", "tiny", SaveError, "ends in .pb"),
        ("x.pb", None, ModelError, "no default graph"),
        ("x.pb", "images", ModelError, "no default graph"),
        ("x.pb", 7, ModelError, "cannot be saved"),
        ("x.pb", lambda x, y: x, ModelError, "cannot be traced"),
    ],
)
def test_what_cannot_be_saved_leaves_no_file(tmp_path, name, network, error, words):
    with pytest.raises(error, match=words):
        Model.save(tmp_path / name, network, None, None, [8, 6, 3], (0, 1))
    assert not list(tmp_path.iterdir())


def test_a_network_that_reads_files_is_not_saved(tmp_path):
    @tf.function(input_signature=[tf.TensorSpec([None, 8, 6, 3])])
    def network(pixels):
        text = tf.io.read_file(str(tmp_path / "secret"))
        return pixels + tf.strings.to_number(text)

    with pytest.raises(UntrustedModelError, match="ReadFile"):
        Model.save(tmp_path / "x.pb", network, image_value_range=(0, 1))
    assert not list(tmp_path.iterdir())


def test_a_manifest_of_lucid_is_read(tiny, photos, tmp_path):
    Model.save(tmp_path / "tiny.pb", tiny)
    (tmp_path / "labels.txt").write_text("first\nsecond")
    manifest = {
        "model_path": "./tiny.pb",
        "labels_path": "./labels.txt",
        "image_value_range": [-1, 1],
        "input_name": "input",
        "image_shape": [64, 64, 3],
    }
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    model = Model.load(path, trust=True)
    assert model.labels == ["first", "second"]
    compare(tiny, model, photos, ["mixed3b", "softmax2"])
    with pytest.raises(UntrustedModelError, match="trust=True"):
        Model.load(path)
    for change, words in [
        ({"model_path": "../tiny.pb"}, "not in its folder"),
        ({"model_path": "./absent.pb"}, "there is no file"),
        ({"model_path": 3}, "no manifest"),
    ]:
        path.write_text(json.dumps({**manifest, **change}))
        with pytest.raises(ModelError, match=words):
            Model.load(path, trust=True)
    path.write_text(json.dumps({"model_path": "./tiny.pb"}))
    with pytest.raises(ModelError, match="has no image_value_range, input_name"):
        Model.load(path, trust=True)
    path.write_text("{")
    with pytest.raises(ModelError, match="not JSON"):
        Model.load(path, trust=True)


def test_arguments_are_suggested_and_shown_as_the_call(block, tmp_path):
    found = Model.suggest_save_args(block)
    assert found["image_value_range"] is None
    assert found["output_names"] == ["classes"]
    assert "commonest cause" in repr(found)
    known = Model.suggest_save_args(
        keras.Sequential(
            [
                keras.Input((8, 6, 3)),
                keras.layers.Rescaling(1 / 255),
                keras.layers.Conv2D(2, 3),
            ]
        )
    )
    assert known["image_shape"] == [8, 6, 3]
    assert known["image_value_range"] == (0, 255)
    graph = Model.suggest_save_args(block_graphdef(block_weights()))
    assert graph == {
        "input_name": "images",
        "output_names": ["classes"],
        "image_shape": [24, 32, 3],
        "image_value_range": None,
    }
    with pytest.raises(ModelError, match="expected a Keras model"):
        Model.suggest_save_args(7)


def test_graphs_that_take_bytes_are_entered_behind_the_division():
    with tf.Graph().as_default() as graph:
        pixels = tf.compat.v1.placeholder(tf.uint8, [None, 8, 6, 3], name="pixels")
        unit = tf.raw_ops.RealDiv(
            x=tf.cast(pixels, tf.float32), y=tf.constant(255.0), name="unit"
        )
        tf.nn.relu(unit - 0.5, name="relu")
    found = Model.suggest_save_args(graph.as_graph_def())
    assert (found["input_name"], found["image_value_range"]) == ("unit", (0, 1))
