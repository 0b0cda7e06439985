"""The doctor finds what was broken on purpose, and nothing in healthy runs."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import LayerNotFoundError, ObjectiveError
from lucid_widgets.frame import Frame
from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.modelzoo.vision_models import TinyInception
from lucid_widgets.optvis.doctor import Diagnosis, diagnose, look_at
from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings

SMALL = RenderSettings(size=(20, 28))


def causes(*args, **kwargs) -> list[str]:
    return [finding.cause for finding in diagnose(*args, **kwargs).findings]


def changed(model, **attributes):
    """Return a model like another, apart from some attributes."""
    return type("Changed", (type(model),), attributes)()


@pytest.mark.parametrize("objective", ["conv2:3", "conv2_pre_relu:5"])
def test_a_healthy_run_is_healthy(tiny_model, objective):
    found = diagnose(tiny_model, objective, settings=SMALL)
    assert found.healthy, str(found)
    assert str(found).startswith("healthy: the objective rose from ")
    assert len(found.values) == 32


@pytest.mark.parametrize("objective", ["mixed3a:5", "mixed5b:100"])
def test_the_embedded_model_is_healthy(objective):
    found = diagnose(TinyInception(), objective, settings=RenderSettings(size=64))
    assert found.healthy, str(found)


def test_a_range_that_is_too_narrow_is_found():
    """A network for 0..255 that is given 0..1 sees almost the same in all images."""
    model = changed(TinyInception(), image_value_range=(-1.0, -1.0 + 2 / 255))
    found = diagnose(model, "mixed3a:30", settings=RenderSettings(size=64), steps=2)
    assert found.findings[0].cause == "value range"
    assert "[-1, -0.992" in found.findings[0].evidence
    assert "image_value_range" in found.findings[0].cure


def test_a_range_that_is_too_wide_is_found():
    """Given the values of 16-bit images, a network is certain of what noise shows."""
    model = changed(TinyInception(), image_value_range=(0.0, 65535.0))
    assert "value range" in causes(
        model, "mixed3a:30", settings=RenderSettings(size=64), steps=2
    )


def test_weights_that_are_no_numbers_are_found(tiny_model):
    class Broken(type(tiny_model)):
        network_identity = "broken"

        def import_graph(self, images, overrides=None):
            T = super().import_graph(images, overrides)
            T["conv2"] = T["conv2"] + np.nan
            return T

    found = diagnose(Broken(), "conv2:3", settings=SMALL)
    assert [f.cause for f in found.findings] == ["not a number"]
    assert "conv2 gives NaN" in str(found)


def test_an_objective_that_gives_no_number_is_found(tiny_model):
    def root(T):
        return tf.sqrt(tf.reduce_sum((T("input") - tf.stop_gradient(T("input"))) ** 2))

    found = diagnose(tiny_model, root, settings=SMALL, transforms=[])
    assert found.findings[0].cause == "not a number"
    assert "safe at 0" in found.findings[0].cure


def test_an_objective_without_gradient_is_found(tiny_model):
    found = diagnose(
        tiny_model,
        lambda T: tf.constant(3.0) * tf.stop_gradient(tf.reduce_mean(T("conv1"))),
        settings=SMALL,
    )
    assert found.findings[0].cause == "no gradient"


class Silent:
    """Mixed into a model: its second layer hardly ever exceeds a threshold."""

    threshold = 50.0

    def import_graph(self, images, overrides=None):
        T = super().import_graph(images, overrides)
        relu = (overrides or {}).get("Relu", tf.nn.relu)
        T["conv2"] = relu(T["conv2_pre_relu"] - self.threshold)
        return T


def silent(tiny_model, threshold):
    attributes = {"network_identity": f"silent {threshold}", "threshold": threshold}
    return type("Off", (Silent, type(tiny_model)), attributes)()


def test_a_channel_that_never_wakes_up_is_found(tiny_model):
    model = silent(tiny_model, 50.0)
    off = RenderSettings(size=(20, 28), redirect_relu=False)
    found = diagnose(model, "conv2:3", settings=off)
    assert [f.cause for f in found.findings] == ["silent channel"]
    assert "redirect_relu" in found.findings[0].cure


def test_a_channel_that_only_the_border_moves_is_found(tiny_model):
    """Then no ReLU is redirected, and yet nothing reaches the image."""
    found = diagnose(tiny_model, "conv1:0", settings=SMALL)
    assert [f.cause for f in found.findings] == ["silent channel"]
    assert "the image by 0" in str(found)


def test_a_channel_that_wakes_up_by_redirection_is_healthy(tiny_model):
    """Channel 3 is off for grey, and on after a few redirected updates."""
    model = silent(tiny_model, 1.5)
    waking = diagnose(model, "conv2:3", settings=SMALL, transforms=[])
    assert waking.healthy, str(waking)
    asleep = RenderSettings(size=(20, 28), redirect_relu=False)
    assert "silent channel" in causes(model, "conv2:3", settings=asleep, transforms=[])


def test_a_learning_rate_that_saturates_the_image_is_found(tiny_model):
    found = diagnose(
        tiny_model,
        "conv2:3",
        settings=SMALL,
        hyperparameters=Hyperparameters(learning_rate=100.0),
    )
    assert found.findings[-1].cause == "saturated image"
    assert "lower learning rate" in found.findings[-1].cure


def test_a_learning_rate_that_does_nothing_is_found(tiny_model):
    found = diagnose(
        tiny_model,
        "conv2:3",
        settings=SMALL,
        hyperparameters=Hyperparameters(
            learning_rate=1e-9, jitter=0, rotate=0, scale=0
        ),
    )
    assert found.findings[0].cause == "not rising"
    assert "a higher learning rate" in str(found)


def test_an_image_below_the_layer_is_found(tiny_model):
    small = RenderSettings(size=2, transforms=False)
    found = diagnose(tiny_model, "conv2:3", settings=small)
    assert found.findings[0].cause == "image too small"
    assert "20 x 28 px" in found.findings[0].cure


def test_a_layer_that_always_has_one_position_is_no_sign_of_a_small_image():
    """As the logits of MobileNet, a convolution behind the pooling of everything."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            layers.Input((40, 48, 3)),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="conv"),
            layers.GlobalAveragePooling2D(keepdims=True),
            layers.Conv2D(5, 1, name="logits"),
        ]
    )
    model = models.from_keras(network, image_value_range=(0, 255))
    for size in ((40, 48), (24, 20)):
        settings = RenderSettings(size=size)
        found = diagnose(model, "logits:1", settings=settings, steps=8)
        assert found.healthy, str(found)
    tiny = RenderSettings(size=3, transforms=False)
    assert causes(model, "conv:1", settings=tiny, steps=2) == ["image too small"]


def test_a_range_that_was_corrected_is_used_at_once(tiny_model):
    """Nothing compiled for the wrong range is left over."""
    narrow = changed(tiny_model, image_value_range=(0.0, 1 / 255))
    values = [
        diagnose(m, "conv2:3", settings=SMALL).values for m in (narrow, tiny_model)
    ]
    assert abs(values[0][-1] - values[1][-1]) > 1e-3


@pytest.mark.parametrize(("told", "healthy"), [((0, 255), True), ((0, 1), False)])
def test_a_range_that_contradicts_the_first_layer_is_found(told, healthy):
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.layers.Input((20, 28, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, name="conv"),
        ]
    )
    model = models.from_keras(network, image_value_range=told)
    found = diagnose(model, "conv:1", settings=SMALL, steps=6)
    assert found.healthy is healthy, str(found)
    assert healthy or "for [0, 255], and it is given values in [0, 1]" in str(found)


def two_convolutions(activation):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.layers.Input((20, 28, 3)),
            keras.layers.Conv2D(6, 3, strides=2, name="conv"),
            keras.layers.Conv2D(5, 3, activation=activation, name="last"),
        ]
    )


def test_an_activation_function_without_slope_is_found():
    network = two_convolutions(keras.ops.sign)  # as a tanh of very large numbers
    model = models.from_keras(network, image_value_range=(-1, 1))
    found = diagnose(model, "last:1", settings=SMALL, steps=2)
    assert [f.cause for f in found.findings] == ["no slope"]
    assert "the layer before" in found.findings[0].cure


def test_a_network_that_sees_nothing_is_found():
    for bias, cause, says in (
        (1, "no gradient", "last gives the same, whatever the image"),
        (0, "silent channel", "and so is every channel of last"),
    ):
        network = two_convolutions("tanh")
        conv = network.get_layer("conv")
        conv.set_weights([0 * conv.get_weights()[0], conv.get_weights()[1] + bias])
        model = models.from_keras(network, image_value_range=(0, 1))
        found = diagnose(model, "last:1", settings=SMALL, steps=2)
        assert [f.cause for f in found.findings] == [cause]
        assert says in str(found)


def test_one_cause_is_enough(tiny_model):
    """What follows from it is not told as if it were something else."""
    still = diagnose(tiny_model, lambda T: tf.constant(1.0), settings=SMALL)
    assert [f.cause for f in still.findings] == ["no gradient"]
    model = silent(tiny_model, 1e4)
    asleep = diagnose(model, "conv2:3", settings=SMALL, steps=4)
    assert [f.cause for f in asleep.findings] == ["silent channel"]
    assert "redirect_relu" not in asleep.findings[0].cure  # it is on


def test_transparent_images_can_be_examined_too(tiny_model):
    see_through = RenderSettings(size=(20, 28), alpha=True)
    assert diagnose(tiny_model, "conv2:3", settings=see_through).healthy


def test_arguments_that_cannot_be_used_are_errors_and_no_findings(tiny_model):
    with pytest.raises(LayerNotFoundError):
        diagnose(tiny_model, "conv7:3")
    with pytest.raises(ObjectiveError, match="gave None"):
        diagnose(tiny_model, lambda T: None)


def test_frames_can_be_looked_at_one_by_one():
    grey = np.full((1, 4, 5, 3), 0.5, np.float32)
    assert look_at(Frame(3, 1.0, grey)) is None
    assert look_at(Frame(3, float("nan"), grey)).cause == "not a number"
    assert look_at(Frame(3, 1.0, grey * np.nan)).cause == "not a number"
    assert look_at(Frame(3, 1.0, grey * 2)).cause == "saturated image"
    assert "after 4 updates" in look_at(Frame(3, float("inf"), grey)).evidence


def test_findings_are_read_aloud():
    assert Diagnosis(()).healthy
    found = look_at(Frame(0, float("nan"), np.zeros((1, 2, 2, 3), np.float32)))
    assert str(Diagnosis((found,))).startswith("not a number: the objective is nan")
    assert "Try: " in str(found)
