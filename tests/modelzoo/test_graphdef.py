from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import ModelError, UntrustedModelError
from lucid_widgets.modelzoo.allowlist import ALLOWED_OPERATIONS
from lucid_widgets.modelzoo.vision_models import from_graphdef

from .graphs import block_graphdef, block_weights


@pytest.fixture(scope="module", params=["Concat", "ConcatV2"])
def block_file(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("graphs") / "block.pb"
    graph_def = block_graphdef(block_weights(), concat=request.param)
    path.write_bytes(graph_def.SerializeToString())
    return path


def load(path, **settings):
    return from_graphdef(path, trust=True, image_value_range=(-1, 1), **settings)


def test_it_equals_what_tensorflow_itself_computes(block_file):
    graph_def = tf.compat.v1.GraphDef.FromString(block_file.read_bytes())
    images = np.random.default_rng(1).random((2, 24, 32, 3), np.float32)
    names = ["stem", "mixed", "classes"]

    def imported(x):
        return tf.graph_util.import_graph_def(
            graph_def, {"images": x}, [f"{name}:0" for name in names]
        )

    function = tf.compat.v1.wrap_function(imported, [tf.TensorSpec([2, 24, 32, 3])])
    found = load(block_file).activations(images, names)
    for name, expected in zip(
        names, function(tf.constant(images * 2 - 1)), strict=True
    ):
        np.testing.assert_allclose(found[name], expected, atol=1e-5)


def test_input_shape_and_layers_are_found(block_file):
    model = load(block_file)
    assert model.input_name == "images"
    assert tuple(model.image_shape) == (24, 32, 3)
    assert model.name == "block"
    depths = {layer.name: layer.depth for layer in model.layers}
    assert depths == {"stem": 6, "one": 5, "three": 7, "mixed": 12, "classes": 4}
    assert "stem_w" not in model.layer_names


def test_concatenations_of_relus_get_a_version_before_them(block_file):
    model = load(block_file)
    images = np.random.default_rng(1).random((2, 24, 32, 3), np.float32)
    found = model.activations(
        images, ["mixed_pre_relu", "one_pre_relu", "three_pre_relu", "mixed"]
    )
    both = np.concatenate([found["one_pre_relu"], found["three_pre_relu"]], -1)
    np.testing.assert_array_equal(found["mixed_pre_relu"], both)
    np.testing.assert_array_equal(found["mixed"], np.maximum(both, 0))
    assert model.get_layer("mixed_pre_relu").depth == 12


def test_the_same_file_is_the_same_model(block_file):
    assert load(block_file).identity == load(block_file).identity


def test_a_program_needs_to_be_trusted(block_file):
    with pytest.raises(UntrustedModelError, match="trust=True"):
        from_graphdef(block_file, image_value_range=(0, 1))
    with pytest.raises(UntrustedModelError, match="trust=True"):
        from_graphdef(block_file, trust="yes", image_value_range=(0, 1))


def test_the_value_range_must_be_given(block_file):
    with pytest.raises(ModelError, match="image_value_range"):
        from_graphdef(block_file, trust=True)


def write_file_graph():
    with tf.Graph().as_default() as graph:
        tf.compat.v1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        tf.io.write_file("stolen", "text")
    return graph.as_graph_def()


def python_graph():
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        tf.numpy_function(lambda x: x, [x], tf.float32, name="call")
    return graph.as_graph_def()


def hidden_in_a_function():
    @tf.function
    def write(x):
        tf.io.write_file("stolen", "text")
        return x

    return write.get_concrete_function(tf.TensorSpec([1, 8, 8, 3])).graph.as_graph_def()


def test_operations_on_files_and_python_are_refused_by_name(tmp_path):
    graphs = {"WriteFile": write_file_graph(), "PyFunc": python_graph()}
    function = tf.compat.v1.GraphDef()
    function.library.function.add().node_def.add(name="inner", op="ReadFile")
    function.node.add(name="x", op="Placeholder")
    for name, graph_def in {**graphs, "ReadFile": function}.items():
        path = tmp_path / f"{name}.pb"
        path.write_bytes(graph_def.SerializeToString())
        with pytest.raises(UntrustedModelError, match=name):
            load(path)


def test_no_operation_on_the_list_touches_files_processes_or_python():
    words = ("File", "PyFunc", "Save", "Restore", "Iterator", "Dataset", "Send", "Recv")
    bad = [op for op in ALLOWED_OPERATIONS if any(word in op for word in words)]
    assert bad == []
    from tensorflow.python.framework import op_def_registry

    stateful = [op for op in ALLOWED_OPERATIONS if op_def_registry.get(op).is_stateful]
    assert stateful == ["CheckNumerics"]  # which is passed over, not computed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html>not found</html>", "web page"),
        (b"PK\x03\x04 rest of a zip", "zip archive"),
        (b"\x89HDF\r\n\x1a\n rest", "HDF5"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\x00\x01\x02\x03", "not a GraphDef"),
        (b"", "0 bytes"),
    ],
)
def test_files_that_are_no_graphdef_are_recognized(tmp_path, content, words):
    path = tmp_path / "model.pb"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=words):
        load(path)


def test_a_truncated_file_is_refused(block_file, tmp_path):
    path = tmp_path / "half.pb"
    path.write_bytes(block_file.read_bytes()[:-1000])
    with pytest.raises(ModelError, match="only a part"):
        load(path)


def test_a_constant_that_would_fill_the_memory_is_refused(block_file, tmp_path):
    graph_def = tf.compat.v1.GraphDef.FromString(block_file.read_bytes())
    node = graph_def.node.add(name="giant", op="Const")
    node.attr["dtype"].type = node.attr["value"].tensor.dtype = 1
    for _ in range(2):
        node.attr["value"].tensor.tensor_shape.dim.add(size=10**6)
    node.attr["value"].tensor.float_val.append(1.0)
    path = tmp_path / "giant.pb"
    path.write_bytes(graph_def.SerializeToString())
    with pytest.raises(ModelError, match="'giant' declares"):
        load(path)


def test_a_missing_file_and_a_folder_are_answered_plainly(tmp_path):
    with pytest.raises(ModelError, match="no file"):
        load(tmp_path / "absent.pb")
    with pytest.raises(ModelError, match="from_saved_model"):
        load(tmp_path)


def test_several_placeholders_need_a_name(tmp_path):
    with tf.Graph().as_default() as graph:
        for name in ("left", "right"):
            tf.compat.v1.placeholder(tf.float32, [None, 8, 8, 3], name=name)
    path = tmp_path / "two.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    with pytest.raises(ModelError, match=r"left, right"):
        load(path)
    assert load(path, input_name="left").input_name == "left"


def test_bgr_models_are_given_blue_first(block_file):
    low, high = np.float32([-10, -20, -30]), np.float32([10, 20, 30])
    model = from_graphdef(
        block_file, trust=True, image_value_range=(low, high), is_BGR=True
    )
    red = np.zeros([1, 2, 3, 3], np.float32)
    red[..., 0] = 1
    seen = model.network_input(red).numpy()
    assert seen[0, 0, 0].tolist() == [-10, -20, 30]


def test_a_graph_without_an_image_input_is_refused(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.nn.relu(tf.constant([[1.0, -1.0]]), name="relu")
    path = tmp_path / "constant.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    with pytest.raises(ModelError, match="0 placeholders"):
        from_graphdef(path, trust=True, image_value_range=(0, 1))
