from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lucid_widgets.errors import ImageError, LayerNotFoundError, ModelError
from lucid_widgets.modelzoo import tiny_inception
from lucid_widgets.modelzoo.tiny_inception import BLOCKS, TinyInception

# Means and deviations of the activations of the three images of `photos`, from the weights that were
# checked on the validation photos (55.2 % top-1).
GOLDEN = {
    "conv2d0": [[1.03538, 1.10857, 0.94892], [1.07267, 1.32449, 1.32036]],
    "mixed4a_pre_relu": [[0.241849, 0.158093, 0.116838], [1.22834, 1.96945, 1.27852]],
    "mixed5b": [[0.0718342, 0.056447, 0.067852], [0.299326, 0.303359, 0.309052]],
    "softmax2_pre_activation": [
        [-1.81838, -0.889299, -2.23718],
        [1.27037, 1.20515, 1.16653],
    ],
}


def test_layers_and_labels_are_known_without_tensorflow():
    code = (
        "import sys, lucid_widgets.modelzoo.vision_models as models\n"
        "model = models.TinyInception()\n"
        "assert model.get_layer('mixed4a').depth == 272\n"
        "assert model.get_layer('mixed4a_pre_relu').depth == 272\n"
        "assert model.get_layer('mixed4a_3x3_bottleneck_pre_relu').depth == 56\n"
        "assert len(model.labels) == 200 and model.identity\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_is_small_enough_for_the_wheel():
    assert tiny_inception.WEIGHTS.stat().st_size < 4_000_000


def test_layers_have_lucids_names_and_true_depths(tiny, photos):
    names = [layer.name for layer in tiny.layers]
    assert names == ["conv2d0", "conv2d1", "conv2d2", *BLOCKS, "softmax2"]
    T = tiny.import_graph(photos)
    for layer in tiny.layers:
        assert T[layer.name].shape[-1] == layer.depth
    for name in tiny.layer_names:
        assert T[name].shape[-1] == tiny.get_layer(name).depth, name


def test_layers_shrink_as_in_inception_v1(tiny, photos):
    T = tiny.import_graph(photos)
    sizes = {"conv2d0": (32, 24), "mixed3b": (16, 12), "mixed4c": (8, 6)}
    for name, size in {**sizes, "mixed5b": (4, 3)}.items():
        assert tuple(T[name].shape[1:3]) == size


def test_activations_of_the_shipped_weights_are_what_they_were(tiny, photos):
    names = ["conv2d0", "mixed4a_pre_relu", "mixed5b", "softmax2_pre_activation"]
    found = tiny.activations(photos, names)
    for name in names:
        flat = found[name].reshape(3, -1)
        means = np.stack([flat.mean(-1), flat.std(-1)])
        np.testing.assert_allclose(means, GOLDEN[name], rtol=1e-4, atol=1e-5)


def test_it_equals_a_keras_network_with_the_same_weights(tiny, photos):
    import tensorflow as tf

    images = tf.constant(photos)
    names = ["conv2d0", "maxpool0", "mixed3b", "mixed4a_pre_relu", "softmax2"]
    expected = keras_build(images * 2 - 1)
    T = tiny.import_graph(images)
    for name in names:
        np.testing.assert_allclose(T[name], expected[name], atol=1e-4, rtol=1e-4)


def keras_build(x):
    """The architecture once more, in the words of Keras and PyTorch's padding."""
    from keras import ops

    weights = tiny_inception._weights()
    values = {}

    def conv(x, name, stride=1, pad=None):
        kernel, bias = weights[f"{name}_w"], weights[f"{name}_b"]
        pad = kernel.shape[0] // 2 if pad is None else pad
        x = ops.pad(x, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
        before = ops.conv(x, kernel, strides=stride, padding="valid") + bias
        values[f"{name}_pre_relu"] = before
        values[name] = ops.relu(before)
        return values[name]

    def pool(x, name, stride):
        lowest = -1e30
        x = ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=lowest)
        values[name] = ops.max_pool(x, 3, stride, padding="valid")
        return values[name]

    x = pool(conv(x, "conv2d0", 2), "maxpool0", 2)
    x = conv(conv(x, "conv2d1"), "conv2d2")
    for block in BLOCKS:
        if block in ("mixed4a", "mixed5a"):
            x = pool(x, f"pool_{block}", 2)
        conv(x, f"{block}_1x1")
        conv(conv(x, f"{block}_3x3_bottleneck"), f"{block}_3x3")
        conv(conv(x, f"{block}_5x5_bottleneck"), f"{block}_5x5")
        conv(pool(x, f"{block}_pool", 1), f"{block}_pool_reduce")
        towers = [f"{block}_{t}" for t in ("1x1", "3x3", "5x5", "pool_reduce")]
        before = [values[f"{tower}_pre_relu"] for tower in towers]
        values[f"{block}_pre_relu"] = ops.concatenate(before, -1)
        x = values[block] = ops.concatenate([values[tower] for tower in towers], -1)
    mean = ops.mean(x, (1, 2))
    logits = ops.matmul(mean, weights["softmax2_w"]) + weights["softmax2_b"]
    values["softmax2"] = ops.softmax(logits)
    return values


def test_what_is_traced_ends_at_the_layer_that_was_read(tiny):
    import tensorflow as tf

    @tf.function(autograph=False)
    def run(images):
        return tiny.import_graph(images)["mixed3a"]

    graph = run.get_concrete_function(tf.TensorSpec([1, 32, 48, 3])).graph
    convolutions = [op for op in graph.get_operations() if op.type == "Conv2D"]
    assert len(convolutions) == 3 + 6


def test_weights_are_shared_by_everything_traced(tiny):
    import tensorflow as tf

    def trace():
        function = tf.function(
            lambda x: tiny.import_graph(x)["mixed3a"], autograph=False
        )
        return function.get_concrete_function(tf.TensorSpec([1, 32, 48, 3]))

    first, second = trace(), trace()
    assert {id(t) for t in first.captured_inputs} == {
        id(t) for t in second.captured_inputs
    }
    constants = [op for op in first.graph.get_operations() if op.type == "Const"]
    # TensorFlow itself copies tensors of up to 128 numbers into what it traces.
    assert max(op.outputs[0].shape.num_elements() for op in constants) <= 128


@pytest.mark.parametrize(
    ("name", "closest"), [("mixed4z", "mixed4a"), ("softmax", "softmax2"), ("", "'")]
)
def test_a_misspelt_layer_is_answered_with_close_ones(tiny, name, closest):
    T = tiny.import_graph(np.zeros([1, 16, 16, 3], np.float32))
    with pytest.raises(LayerNotFoundError, match="did you mean") as raised:
        T[name]
    assert closest in str(raised.value)
    assert name not in T


def test_parts_of_a_name_find_the_first_layer_with_a_warning(tiny):
    with pytest.warns(UserWarning, match="mixed3a"):
        assert tiny.get_layer("MIXED3").name == "mixed3a"
    with pytest.raises(LayerNotFoundError, match="3a"):
        tiny.get_layer("mixed3z")


def test_layers_can_be_read_like_dictionaries(tiny):
    layer = tiny.get_layer("mixed4a")
    assert (layer["name"], layer["type"], layer["size"]) == ("mixed4a", "conv", 272)
    assert layer.size == layer.depth
    assert "mixed4a" in repr(layer)


def test_one_image_is_a_batch_of_one_and_the_raw_image_can_be_read(tiny):
    image = np.full([20, 32, 3], 0.25, np.float32)
    T = tiny.import_graph(image)
    assert T["conv2d0"].shape == [1, 10, 16, 32]
    np.testing.assert_array_equal(T["input"], image[None])


def test_the_network_sees_minus_one_for_black_and_one_for_white(tiny):
    ends = np.stack([np.zeros([2, 3, 3]), np.ones([2, 3, 3])]).astype(np.float32)
    seen = tiny.network_input(ends).numpy()
    assert (seen[0] == -1).all()
    assert (seen[1] == 1).all()


def test_images_that_are_none_are_refused(tiny):
    with pytest.raises(ImageError, match="divide them by 255"):
        tiny.import_graph(np.zeros([1, 16, 16, 3], np.uint8))
    with pytest.raises(ImageError, match="batch, height, width, 3"):
        tiny.import_graph(np.zeros([1, 16, 16, 4], np.float32))


def test_load_graphdef_does_nothing_but_say_so(tiny):
    with pytest.warns(DeprecationWarning, match="does nothing"):
        tiny.load_graphdef()


def test_equal_models_are_equal(tiny):
    assert tiny == TinyInception()
    assert hash(tiny) == hash(TinyInception())
    assert tiny.identity == TinyInception().identity


def test_an_image_too_small_is_answered_with_the_size_it_should_have(tiny):
    with pytest.raises(ModelError, match="64x64"):
        tiny.import_graph(np.zeros([1, 0, 0, 3], np.float32))["mixed5b"]
