from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import (
    LayerNotFoundError,
    ModelError,
    ObjectiveError,
    SettingError,
)
from lucid_widgets.modelzoo.editing import ParameterEditor
from lucid_widgets.modelzoo.vision_models import Model, from_graphdef, from_keras
from lucid_widgets.optvis import render
from lucid_widgets.optvis.settings import RenderSettings

from .graphs import block_graphdef, block_keras, block_weights


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((2, 24, 32, 3), np.float32)


def keras_block():
    return from_keras(block_keras(block_weights()), (-1, 1))


@pytest.fixture
def graph_block(tmp_path):
    path = tmp_path / "block.pb"
    path.write_bytes(block_graphdef(block_weights()).SerializeToString())
    return from_graphdef(path, trust=True, image_value_range=(-1, 1))


@pytest.fixture(params=["keras", "graphdef"])
def block(request):
    if request.param == "keras":
        return keras_block()
    return request.getfixturevalue("graph_block")


def expected(images, change):
    """What NumPy makes of the block's last layers, with the towers changed."""
    weights = block_weights()
    mixed = keras_block().activations(images, "mixed")
    means = change(mixed).mean((1, 2))
    logits = means @ weights["head_w"] + weights["head_b"]
    exponents = np.exp(logits - logits.max(-1, keepdims=True))
    return exponents / exponents.sum(-1, keepdims=True)


def test_a_removed_channel_is_gone_for_everything_behind_it(block, images):
    before = block.activations(images, ["mixed", "classes"])
    edited = block.edit(remove="mixed:3", scale={"mixed:8": -2.5})
    found = edited.activations(images, ["mixed", "classes"])
    factors = np.ones(12, np.float32)
    factors[3], factors[8] = 0, -2.5
    np.testing.assert_allclose(found["mixed"], before["mixed"] * factors, atol=1e-5)
    np.testing.assert_allclose(
        found["classes"], expected(images, lambda x: x * factors), atol=1e-5
    )
    assert np.abs(found["classes"] - before["classes"]).max() > 1e-3
    again = block.activations(images, ["mixed", "classes"])
    for name in again:
        np.testing.assert_array_equal(again[name], before[name])


def test_edits_of_edits_add_up(block, images):
    twice = block.edit(scale={"mixed:8": 2}).edit(scale={"mixed:8": 3, "stem": 0.5})
    at_once = block.edit(scale={"mixed:8": 6, "stem": 0.5})
    for name in ("stem", "mixed", "classes"):
        np.testing.assert_allclose(
            twice.activations(images, name),
            at_once.activations(images, name),
            atol=1e-5,
        )


def test_inputs_of_activations_can_be_scaled(block, images):
    edited = block.edit(scale={"stem_pre_relu:2": -1})
    found = edited.activations(images, ["stem_pre_relu", "stem"])
    before = block.activations(images, "stem_pre_relu")
    np.testing.assert_allclose(found["stem_pre_relu"][..., 2], -before[..., 2])
    np.testing.assert_allclose(found["stem"], np.maximum(found["stem_pre_relu"], 0))


def test_identities_tell_edits_apart(block):
    edits = [
        {"remove": ["mixed:3"]},
        {"remove": ["mixed:4"]},
        {"scale": {"mixed:3": 0.5}},
        {"scale": {"mixed": 0.5}},
    ]
    identities = {block.identity, *(block.edit(**edit).identity for edit in edits)}
    assert len(identities) == 5
    assert block.edit(remove=["mixed:3"]) == block.edit(scale={"mixed:3": 0})
    assert block.edit(remove=["mixed:3"]) != block


def test_layers_stay_those_of_the_model(block):
    edited = block.edit(remove=["mixed:3"])
    assert [layer.name for layer in edited.layers] == [x.name for x in block.layers]
    assert edited.get_layer("mixed").receptive_field is not None
    assert block.get_layer("mixed") == edited.get_layer("mixed")


def test_weights_are_edited_like_arrays(images):
    weights = block_weights()
    for block, name in ((keras_block(), "stem/kernel"), (None, "stem_w")):
        if block is None:
            path_block = block_graphdef(weights)
            from lucid_widgets.modelzoo.graphdef_model import from_graph_content

            block = from_graph_content(
                path_block.SerializeToString(),
                "block.pb",
                name="block",
                input_name=None,
                image_shape=None,
                image_value_range=(-1, 1),
                is_BGR=False,
                labels=None,
                layers=None,
            )
        before = block.activations(images, "stem_pre_relu")
        editor = ParameterEditor(block)
        editor[name, :, :, :, 0] *= -1
        editor[name, ..., 5] = 0
        np.testing.assert_array_equal(editor[name][..., 0], -weights["stem_w"][..., 0])
        edited = editor.model()
        after = edited.activations(images, "stem_pre_relu")
        bias = weights["stem_b"]
        np.testing.assert_allclose(
            after[..., 0], 2 * bias[0] - before[..., 0], atol=1e-4
        )
        np.testing.assert_allclose(after[..., 1:5], before[..., 1:5], atol=1e-5)
        np.testing.assert_allclose(after[..., 5], bias[5], atol=1e-6)
        np.testing.assert_array_equal(block.weight(name), weights["stem_w"])
        np.testing.assert_array_equal(
            block.activations(images, "stem_pre_relu"), before
        )
        assert edited.identity != block.identity


def test_weights_given_as_functions_and_arrays_agree(block, images):
    name = next(n for n in block.weight_names if n.startswith("three"))
    kernel = block.weight(name)[::-1]
    by_array = block.edit(weights={name: kernel})
    by_function = block.edit(weights={name: lambda w: w[::-1]})
    assert by_array == by_function
    np.testing.assert_array_equal(
        by_array.activations(images, "mixed"), by_function.activations(images, "mixed")
    )
    assert (
        by_array.activations(images, "mixed") != block.activations(images, "mixed")
    ).any()


def test_input_gradients_follow_changed_weights(block, images):
    name = next(n for n in block.weight_names if n.startswith("stem"))
    edited = block.edit(weights={name: lambda w: 2 * w})

    def gradient(model):
        x = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(x)
            score = tf.reduce_sum(model.import_graph(x)["stem_pre_relu"][..., 1])
        return tape.gradient(score, x).numpy()

    np.testing.assert_allclose(gradient(edited), 2 * gradient(block), atol=1e-4)


def test_an_edited_keras_model_does_not_follow_training(images):
    keras_model = block_keras(block_weights())
    model = from_keras(keras_model, (-1, 1))
    edited = model.edit(remove=["mixed:3"])
    before = edited.activations(images, "classes")
    for variable in keras_model.weights:
        variable.assign(variable * 0.5)
    fresh = from_keras(keras_model, (-1, 1)).activations(images, "classes")
    assert np.abs(fresh - before).max() > 1e-3
    render_again = edited.edit(scale={"mixed:3": 1}).activations(images, "classes")
    np.testing.assert_allclose(render_again, before, atol=1e-6)


def test_layers_inside_subclassed_models_are_edited(images):
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Conv2D(4, 3, activation="relu", name="first")
            self.second = keras.layers.Conv2D(5, 3, name="second")

        def call(self, x):
            return self.second(self.first(x))

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.block = Block()

        def call(self, x):
            return self.block(x)

    keras.utils.set_random_seed(0)  # weights by which no channel is always 0
    model = from_keras(Net(), (0, 1), image_shape=(24, 32, 3))
    first = next(n for n in model.layer_names if n.endswith("first"))
    last = next(n for n in model.layer_names if n.endswith("second"))
    kernel = next(n for n in model.weight_names if n.endswith("second/kernel"))
    edited = model.edit(remove=[f"{first}:2"])
    by_weights = model.edit(weights={kernel: _without_input(2)})
    found = edited.activations(images, [first, last])
    assert not found[first][..., 2].any()
    np.testing.assert_allclose(
        found[last], by_weights.activations(images, last), atol=1e-5
    )
    assert np.abs(found[last] - model.activations(images, last)).max() > 1e-4


def _without_input(channel):
    def change(kernel):
        kernel[:, :, channel] = 0
        return kernel

    return change


def test_an_edited_model_is_visualized_and_saved(tiny, photos, tmp_path):
    edited = tiny.edit(remove=["mixed3a:5"], weights={"conv2d0_w": lambda w: -w})
    assert not edited.activations(photos, "mixed3a")[..., 5].any()
    frames = list(
        render.frames(edited, "mixed3a:5", settings=RenderSettings(size=64), steps=2)
    )
    assert frames[-1].objective == 0
    plain = list(
        render.frames(tiny, "mixed3a:5", settings=RenderSettings(size=64), steps=2)
    )
    assert plain[-1].objective != 0
    Model.save(tmp_path / "edited.pb", edited)
    again = Model.load(tmp_path / "edited.pb", trust=True)
    np.testing.assert_allclose(
        again.activations(photos, "softmax2"),
        edited.activations(photos, "softmax2"),
        atol=1e-5,
    )


def test_an_edited_keras_model_is_saved_as_edited(images, tmp_path):
    edited = keras_block().edit(remove=["mixed:3"])
    Model.save(tmp_path / "edited.pb", edited)
    again = Model.load(tmp_path / "edited.pb", trust=True)
    np.testing.assert_allclose(
        again.activations(images, "classes"),
        edited.activations(images, "classes"),
        atol=1e-5,
    )


def test_half_precision_models_are_edited(images):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = from_keras(block_keras(block_weights()), (-1, 1))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    edited = model.edit(remove=["mixed:3"], weights={"stem/kernel": lambda w: w * 2})
    found = edited.activations(images, "mixed")
    assert found.dtype == np.float32
    assert not found[..., 3].any()
    assert found[..., 4:].any()


@pytest.mark.parametrize(
    ("edit", "error", "words"),
    [
        ({}, SettingError, "nothing to change"),
        ({"remove": ["mixd:3"]}, LayerNotFoundError, "'mixed'"),
        ({"remove": ["mixed:12"]}, ObjectiveError, "expected 0 to 11"),
        ({"remove": [3]}, SettingError, "layer:channel"),
        ({"scale": {"mixed:3": "a lot"}}, SettingError, "by a number"),
        ({"scale": {"mixed:3": float("nan")}}, SettingError, "by a number"),
        ({"weights": {"stm_w": 0}}, ModelError, "did you mean"),
        ({"weights": {"STEM": 0}}, ModelError, "of shape"),
        ({"weights": {"STEM": lambda w: w / 0}}, ModelError, "finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_cannot_be_edited_is_named(block, edit, error, words):
    if "STEM" in edit.get("weights", {}):
        name = next(n for n in block.weight_names if n.startswith("stem"))
        edit = {"weights": {name: edit["weights"]["STEM"]}}
    with pytest.raises(error, match=words):
        block.edit(**edit)


def test_indices_that_do_not_fit_are_named(tiny):
    editor = ParameterEditor(tiny)
    with pytest.raises(ModelError, match="conv2d0_w"):
        editor["conv2d0_q"]
    with pytest.raises(ModelError, match=r"shape \(7, 7, 3, 32\)"):
        editor["conv2d0_w", 7]
    with pytest.raises(ModelError, match="cannot be set"):
        editor["conv2d0_w", 0, 0] = np.zeros([4, 5])
