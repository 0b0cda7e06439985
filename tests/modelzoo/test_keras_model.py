from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from lucid_widgets.errors import LayerNotFoundError, ModelError, SettingError
from lucid_widgets.modelzoo.vision_models import from_keras

HEIGHT, WIDTH = 24, 32


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(5).random((2, HEIGHT, WIDTH, 3), np.float32)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)


def chain() -> keras.Model:
    """Two convolutions with fused and separate activations, and a head."""
    x = inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="fused")(x)
    x = layers.Conv2D(5, 3, name="plain")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    x = layers.MaxPooling2D((2, 3))(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(6, activation="softmax", name="head")(x)
    return keras.Model(inputs, x, name="chain")


def cut(model: keras.Model, name: str) -> keras.Model:
    return keras.Model(model.input, model.get_layer(name).output)


def test_every_layer_equals_the_model_cut_there(images):
    keras_model = chain()
    model = from_keras(keras_model, (-1, 1))
    found = model.activations(images, list(model.layer_names))
    for layer in keras_model.layers[1:]:
        expected = cut(keras_model, layer.name).predict(images * 2 - 1, verbose=0)
        name = layer.name.rstrip("0123456789").rstrip("_")
        np.testing.assert_allclose(found[name], expected, atol=1e-5, err_msg=name)


def test_input_gradients_equal_those_of_the_cut_model(images):
    keras_model = chain()
    model = from_keras(keras_model, (-1, 1))
    x = tf.constant(images)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ours = tf.reduce_sum(model.import_graph(x)["plain"][..., 2] ** 2)
        theirs = tf.reduce_sum(cut(keras_model, "plain")(x * 2 - 1)[..., 2] ** 2)
    np.testing.assert_allclose(
        tape.gradient(ours, x), tape.gradient(theirs, x), rtol=1e-4, atol=1e-5
    )


def test_layers_have_depths_and_kinds(images):
    model = from_keras(chain(), (0, 1))
    depths = {layer.name: (layer.depth, layer.type) for layer in model.layers}
    assert depths["fused"] == (4, "conv")
    assert depths["head"] == (6, "dense")
    assert model.get_layer("fused_pre_relu").depth == 4
    T = model.import_graph(images)
    for name in model.layer_names:
        assert T[name].shape[-1] == model.depth_of(name)


def test_what_goes_into_fused_activations_can_be_read(images):
    model = from_keras(chain(), (0, 1))
    T = model.import_graph(images)
    before = T["fused_pre_relu"]
    assert before.numpy().min() < 0
    np.testing.assert_array_equal(T["fused"], np.maximum(before, 0))
    np.testing.assert_allclose(
        tf.nn.softmax(T["head_pre_activation"]), T["head"], atol=1e-6
    )
    assert T["head_pre_relu"] is T["head_pre_activation"]
    assert "fused_pre_activation" in T
    assert "plain_pre_relu" not in T


def test_models_are_left_as_they_were(images):
    keras_model = chain()
    expected = keras_model(images).numpy()
    activation = keras_model.get_layer("fused").activation
    model = from_keras(keras_model, (0, 1))
    model.import_graph(images, {"Relu": lambda x: x * 0})["head"]
    assert keras_model.get_layer("fused").activation is activation
    assert tf.nn.relu(tf.constant(3.0)).numpy() == 3
    np.testing.assert_array_equal(keras_model(images), expected)


def test_nothing_past_the_layer_that_was_read_is_traced():
    model = from_keras(chain(), (0, 1))

    def operations(name):
        function = tf.function(lambda x: model.import_graph(x)[name], autograph=False)
        spec = tf.TensorSpec([1, HEIGHT, WIDTH, 3])
        graph = function.get_concrete_function(spec).graph
        return [op.type for op in graph.get_operations()]

    assert operations("fused").count("Conv2D") == 1
    assert operations("plain").count("Conv2D") == 2
    assert "MatMul" not in operations("plain")
    assert "MatMul" in operations("head")


def test_automatic_names_are_the_same_on_every_build():
    first, second = from_keras(chain(), (0, 1)), from_keras(chain(), (0, 1))
    keras_names = [layer.name for layer in second.keras_model.layers]
    assert "re_lu" not in keras_names  # Keras counts on
    assert first.layer_names == second.layer_names
    assert "re_lu" in first.layer_names


@pytest.mark.parametrize("op", ["Relu", "Relu6", "MaxPool"])
def test_overrides_reach_the_activations_of_layers(images, op):
    model = from_keras(chain(), (-1, 1))
    seen = []

    def override(x, *window):
        seen.append(window)
        return tf.nn.relu(x) if not window else tf.nn.avg_pool2d(x, *window)

    T = model.import_graph(images, {op: override})
    T["head"]
    expected = {"Relu": (), "Relu6": (), "MaxPool": ((2, 3), (2, 3), "VALID")}
    assert seen == [expected[op]]


def test_redirected_gradients_equal_those_of_the_same_graphdef(images, tmp_path):
    from lucid_widgets.modelzoo.vision_models import from_graphdef

    from .graphs import block_graphdef, block_keras, block_weights

    weights = block_weights()
    path = tmp_path / "block.pb"
    path.write_bytes(block_graphdef(weights).SerializeToString())
    graph = from_graphdef(path, trust=True, image_value_range=(-1, 1))
    model = from_keras(block_keras(weights), (-1, 1))

    @tf.custom_gradient
    def redirected(x):
        return tf.nn.relu(x), lambda grad: tf.where((x < 0) & (grad > 0), 0.0, grad)

    names = [
        "stem",
        "stem_pre_relu",
        "pool",
        "one",
        "three_pre_relu",
        "mixed",
        "classes",
    ]
    x = tf.constant(images)
    for overrides in ({}, {"Relu": redirected}):
        ours, theirs = graph.import_graph(x, overrides), None
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            ours = graph.import_graph(x, overrides)
            theirs = model.import_graph(x, overrides)
            pairs = [(ours[name], theirs[name]) for name in names]
            sums = [
                (tf.reduce_sum(a[..., :2]), tf.reduce_sum(b[..., :2])) for a, b in pairs
            ]
        for name, (a, b), (sum_a, sum_b) in zip(names, pairs, sums, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-4, err_msg=name)
            gradients = tape.gradient(sum_a, x), tape.gradient(sum_b, x)
            assert float(tf.reduce_max(tf.abs(gradients[0]))) > 0
            np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_calls_of_a_shared_layer_are_numbered(images):
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    inputs = keras.Input((None, None, 3))
    twice = shared(shared(inputs))
    shared(keras.Input((None, None, 3)))  # belongs to another model
    model = from_keras(keras.Model(inputs, shared(twice), name="m"), (0, 1))
    assert model.layer_names == ("shared", "shared/call:1", "shared/call:2")
    T = model.import_graph(images)
    np.testing.assert_allclose(T["shared/call:1"], shared(T["shared"]), atol=1e-6)
    np.testing.assert_allclose(
        T["shared/call:2"], shared(T["shared/call:1"]), atol=1e-6
    )


def test_operations_that_are_no_layers_can_be_read(images):
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 1, name="conv")(inputs)
    model = from_keras(keras.Model(inputs, keras.ops.relu(x + 1.0), name="m"), (0, 1))
    assert list(model.layer_names) == ["conv", "add", "relu"]
    T = model.import_graph(images)
    np.testing.assert_allclose(T["relu"], np.maximum(T["conv"] + 1, 0), atol=1e-6)


def nested() -> keras.Model:
    inner = keras.Sequential(
        [keras.Input((None, None, 4)), layers.Conv2D(5, 1, name="a"), layers.ReLU()],
        name="inner",
    )
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 1, name="stem")(inputs)
    x = inner(x)
    deep = keras.Sequential([keras.Input((None, None, 5)), nest_again()], name="deep")
    return keras.Model(inputs, deep(x), name="outer")


def nest_again() -> keras.Model:
    return keras.Sequential(
        [keras.Input((None, None, 5)), layers.Conv2D(6, 1, name="b")], name="deeper"
    )


def test_layers_of_models_inside_models_have_paths(images):
    keras_model = nested()
    model = from_keras(keras_model, (0, 1))
    assert model.layer_names == (
        *("stem", "inner/a", "inner/re_lu", "inner"),
        *("deep/deeper/b", "deep/deeper", "deep"),
    )
    T = model.import_graph(images)
    np.testing.assert_allclose(T["deep/deeper/b"], keras_model(images), atol=1e-6)
    assert T["inner"] is T["inner/re_lu"]


class Block(layers.Layer):
    """Two convolutions, one of them called twice, and a residual connection."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Conv2D(
            4, 3, padding="same", activation="relu", name="first"
        )
        self.second = layers.Conv2D(4, 3, padding="same", name="second")

    def call(self, x):
        y = self.second(self.second(self.first(x)))
        return tf.nn.relu(x + y)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.stem = layers.Conv2D(4, 3, name="stem")
        self.blocks = [Block(name="block_0"), Block(name="block_1")]
        self.head = keras.Sequential(
            [layers.GlobalAveragePooling2D(), layers.Dense(3, name="logits")],
            name="head",
        )

    def call(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def test_layers_inside_a_subclassed_model_can_be_read(images):
    keras_model = Subclassed()
    model = from_keras(keras_model, (0, 1), image_shape=(HEIGHT, WIDTH, 3))
    assert model.layer_names[:6] == (
        *("stem", "block_0/first_pre_relu", "block_0/first", "block_0/second"),
        *("block_0/second/call:1", "block_0"),
    )
    T = model.import_graph(images)
    block = keras_model.blocks[0]
    expected = block.first(keras_model.stem(images))
    np.testing.assert_allclose(T["block_0/first"], expected, atol=1e-5)
    twice = block.second(block.second(expected))
    np.testing.assert_allclose(T["block_0/second/call:1"], twice, atol=1e-5)
    np.testing.assert_allclose(T["head/logits"], keras_model(images), atol=1e-5)
    depths = {layer.name: layer.depth for layer in model.layers}
    assert depths["block_1/second"] == 4
    assert depths["head/logits"] == 3


def test_a_subclassed_model_is_run_no_further_than_needed():
    model = from_keras(Subclassed(), (0, 1), image_shape=(HEIGHT, WIDTH, 3))
    assert "block_1/first" in model.layer_names

    def convolutions(*names):
        def compute(x):
            T = model.import_graph(x)
            return [T[name] for name in names]

        function = tf.function(compute, autograph=False)
        spec = tf.TensorSpec([1, HEIGHT, WIDTH, 3])
        graph = function.get_concrete_function(spec).graph
        return [op.type for op in graph.get_operations()].count("Conv2D")

    assert convolutions("block_0/second") == 3
    # Reading on continues where it stopped, and computes nothing again.
    assert convolutions("block_0/second", "block_1/first") == 5
    assert convolutions("head", "stem") == 7


def test_layers_of_a_subclassed_model_depend_on_each_other(images):
    model = from_keras(Subclassed(), (0, 1), image_shape=(HEIGHT, WIDTH, 3))
    with tf.GradientTape() as tape:
        T = model.import_graph(images)
        early = T["block_0/first"]
        tape.watch(early)
        late = tf.reduce_sum(T["head/logits"][:, 1])
    assert float(tf.reduce_max(tf.abs(tape.gradient(late, early)))) > 0


def test_overrides_reach_relus_written_in_tensorflow(images):
    model = from_keras(Subclassed(), (0, 1), image_shape=(HEIGHT, WIDTH, 3))
    seen = []
    T = model.import_graph(images, {"Relu": lambda x: seen.append(1) or tf.nn.relu(x)})
    T["block_1"]
    assert len(seen) == 4


def test_blocks_in_a_functional_model_are_opened_too(images):
    inputs = keras.Input((None, None, 3))
    x = Block(name="block")(layers.Conv2D(4, 1, name="stem")(inputs))
    model = from_keras(keras.Model(inputs, x, name="m"), (0, 1))
    assert "block/second/call:1" in model.layer_names
    assert model.layer_names[-1] == "block"
    T = model.import_graph(images)
    before, after = T["block/first_pre_relu"], T["block/first"]
    np.testing.assert_allclose(after, np.maximum(before, 0), atol=1e-6)


def test_a_sequential_model_without_input_is_built(images):
    keras_model = keras.Sequential(
        [layers.Conv2D(4, 3, name="a"), layers.Conv2D(5, 3, name="b")], name="s"
    )
    with pytest.raises(ModelError, match="image_shape"):
        from_keras(keras_model, (0, 1))
    model = from_keras(keras_model, (0, 1), image_shape=(HEIGHT, WIDTH, 3))
    assert [layer.name for layer in model.layers] == ["a", "b"]
    assert model.activations(images[:, :20, :16], "b").shape == (2, 16, 12, 5)


def test_several_outputs_of_a_layer_are_numbered(images):
    class Split(layers.Layer):
        def call(self, x):
            return x[..., :1], x[..., 1:]

    inputs = keras.Input((None, None, 3))
    left, right = Split(name="split")(inputs)
    model = from_keras(keras.Model(inputs, [left, right], name="m"), (0, 1))
    found = model.activations(images, ["split", "split:1"])
    np.testing.assert_allclose(found["split"], images[..., :1])
    np.testing.assert_allclose(found["split:1"], images[..., 1:])


def test_half_precision_models_are_read_in_float32(images):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        keras_model = chain()
    finally:
        keras.config.set_dtype_policy("float32")
    model = from_keras(keras_model, (0, 1))
    x = tf.constant(images)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        T = model.import_graph(x)
        middle, late = T["fused"], T["plain"]
        value = tf.reduce_sum(late)
    assert middle.dtype == late.dtype == T["fused_pre_relu"].dtype == tf.float32
    assert float(tf.reduce_max(tf.abs(tape.gradient(value, middle)))) > 0
    assert float(tf.reduce_max(tf.abs(tape.gradient(value, x)))) > 0
    expected = cut(keras_model, "plain")(images)
    np.testing.assert_allclose(late, tf.cast(expected, tf.float32), atol=1e-3)


def test_dropout_is_off(images):
    inputs = keras.Input((None, None, 3))
    keras_model = keras.Model(inputs, layers.Dropout(0.9, name="drop")(inputs))
    model = from_keras(keras_model, (0, 1))
    np.testing.assert_allclose(model.activations(images, "drop"), images)


def test_images_are_resized_for_models_of_one_size(images, caplog):
    inputs = keras.Input((16, 12, 3))
    x = layers.Conv2D(4, 3, name="conv")(inputs)
    x = layers.Dense(2, name="dense")(layers.Flatten()(x))
    model = from_keras(keras.Model(inputs, x, name="m"), (0, 1))
    assert model.fixed_size == (16, 12)
    found = model.activations(images, ["conv", "dense"])
    assert found["conv"].shape == (2, 14, 10, 4)
    assert found["dense"].shape == (2, 2)
    # It says so, once.
    model.activations(images[:, :-2], "conv")
    told = [record.getMessage() for record in caplog.records]
    assert [text for text in told if "16 x 12 px only: others are resized" in text] == [
        "m takes images of 16 x 12 px only: others are resized, as the last step before "
        "the network"
    ]


def test_models_that_average_over_positions_take_any_size(images):
    inputs = keras.Input((16, 12, 3))
    x = layers.Conv2D(4, 3, name="conv")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(2, name="dense")(layers.Reshape((4,))(x))
    model = from_keras(keras.Model(inputs, x, name="m"), (0, 1))
    assert model.fixed_size is None
    assert model.activations(images, "conv").shape == (2, HEIGHT - 2, WIDTH - 2, 4)


def test_several_inputs_are_refused():
    left, right = (
        keras.Input((8, 8, 3), name="left"),
        keras.Input((8, 8, 3), name="right"),
    )
    with pytest.raises(ModelError, match=r"2 inputs \('left', 'right'\)"):
        from_keras(keras.Model([left, right], left + right), (0, 1))


def test_further_inputs_of_models_of_python_code_are_refused():
    class Two(keras.Model):
        def call(self, x, y):
            return x + y

    class Named(keras.Model):
        def call(self, x):
            return x["image"]

    for model in (Two(name="m"), Named(name="m")):
        with pytest.raises(ModelError, match=r"m cannot be called .*\(1, 8, 10, 3\)"):
            from_keras(model, (0, 1), image_shape=(8, 10, 3))


def test_the_number_that_keras_gave_to_a_model_is_not_in_its_name():
    def build():
        inputs = keras.Input((8, 8, 3))
        return keras.Model(
            inputs, layers.Conv2D(2, 1, kernel_initializer="ones")(inputs)
        )

    first, second = from_keras(build(), (0, 1)), from_keras(build(), (0, 1))
    assert first.name == second.name == "functional"
    assert first.fingerprint() == second.fingerprint()
    assert first != second  # either may be trained further


def test_models_without_images_are_refused():
    inputs = keras.Input((7,))
    model = keras.Model(inputs, layers.Dense(2)(inputs))
    with pytest.raises(ModelError, match="not images"):
        from_keras(model, (0, 1))
    with pytest.raises(ModelError, match=r"keras\.Model"):
        from_keras("model.keras", (0, 1))


def test_what_is_said_about_a_model_is_checked():
    flat = keras.Sequential(
        [keras.Input((8, 12, 3)), layers.Flatten(), layers.Dense(2)], name="flat"
    )
    first = keras.Input((3, 8, 12))
    channels_first = keras.Model(
        first, layers.Conv2D(2, 3, data_format="channels_first")(first)
    )
    for network, settings, words in [
        (flat, {"image_shape": (20, 24, 3)}, "8 x 12 px only"),
        (flat, {"image_shape": (8, 12, 1)}, "3 channels, and image_shape says 1"),
        (flat, {"image_shape": (8, 12)}, r"\[height, width, channels\]"),
        (flat, {"image_shape": (0, 12, 3)}, r"\[height, width, channels\]"),
        (channels_first, {}, "channels_last"),
        (keras.applications.MobileNet, {}, "call what makes the model"),
    ]:
        with pytest.raises(ModelError, match=words):
            from_keras(network, (0, 1), **settings)
    with pytest.raises(SettingError, match="a list with one name per class"):
        from_keras(flat, (0, 1), labels="ant")


def test_operations_that_average_leave_the_size_open():
    inputs = keras.Input((8, 12, 3))
    maps = layers.Conv2D(4, 3)(layers.RandomFlip()(inputs))
    model = from_keras(
        keras.Model(inputs, layers.Dense(2)(keras.ops.mean(maps, (-3, -2)))), (0, 1)
    )
    assert model.fixed_size is None
    assert [layer.name for layer in model.layers] == ["conv2d", "mean", "dense"]
    first = keras.ops.mean(maps, 1)
    assert from_keras(keras.Model(inputs, first), (0, 1)).fixed_size == (8, 12)


def test_unknown_layers_name_the_closest():
    model = from_keras(chain(), (0, 1))
    with pytest.raises(LayerNotFoundError, match="'plain'"):
        model.get_layer("plane")


def test_one_network_with_other_ranges_or_channel_orders_is_another_model():
    keras_model = chain()
    models = [
        from_keras(keras_model, (0, 1)),
        from_keras(keras_model, (0, 255)),
        from_keras(keras_model, (np.zeros(3), np.ones(3) * 255)),
        from_keras(keras_model, (0, 1), is_BGR=True),
    ]
    assert len({model.identity for model in models}) == len(set(models)) == 4
    assert len({model.digest for model in models}) == 1


def test_models_that_are_trained_apart_are_not_mixed_up():
    keras_model = chain()
    copy = keras.models.clone_model(keras_model)
    copy.set_weights(keras_model.get_weights())
    first, second = from_keras(keras_model, (0, 1)), from_keras(copy, (0, 1))
    assert first.digest == second.digest
    assert first.identity != second.identity
    assert first.identity == from_keras(keras_model, (0, 1)).identity
