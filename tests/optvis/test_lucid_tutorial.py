"""What Lucid's users type: only the import lines differ, and thresholds are few.

The cells run on a stand-in for InceptionV1 with its nodes and random weights.
"""

from __future__ import annotations

import runpy
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import lucid_widgets.modelzoo.vision_models as models
import lucid_widgets.optvis.objectives as objectives
import lucid_widgets.optvis.param as param
import lucid_widgets.optvis.render as render
import lucid_widgets.optvis.transform as transform
from lucid_widgets.misc.io import show
from lucid_widgets.optvis.objectives import wrap_objective
from lucid_widgets.optvis.param.color import to_valid_rgb
from lucid_widgets.optvis.param.spatial import fft_image, pixel_image

FEW = (0, 2)


@pytest.fixture(scope="module")
def model(shared_data, tmp_path_factory):
    script = shared_data / "tools" / "inception5h_like.py"
    if not script.exists():
        pytest.skip(f"no stand-in: {script} is missing")
    path = tmp_path_factory.mktemp("inception") / "inception5h.pb"
    build = runpy.run_path(str(script))["build"]
    path.write_bytes(build(seed=0, heads=False).SerializeToString())
    model = models.InceptionV1(path=path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model.load_graphdef()
    return model


@pytest.fixture(autouse=True)
def _quiet(capsys):
    yield
    capsys.readouterr()  # Lucid prints and shows; that is not under test here


def check(images, *, count=2, shape=(1, 128, 128, 3)):
    assert len(images) == count
    for image in images:
        assert image.shape == shape
        assert np.isfinite(image).all()
        assert 0 <= image.min() < image.max() <= 1
    assert np.abs(images[-1] - images[0]).max() > 1e-3


# The tutorial -------------------------------------------------------------------


def test_one_neuron_by_its_name(model):
    check(render.render_vis(model, "mixed4a_pre_relu:476", thresholds=FEW))


def test_an_objective_by_function(model):
    obj = objectives.channel("mixed4a_pre_relu", 465)
    check(render.render_vis(model, obj, thresholds=FEW))


def test_a_sum_of_two(model):
    channel = lambda n: objectives.channel("mixed4a_pre_relu", n)  # noqa: E731
    obj = channel(476) + channel(465)
    check(render.render_vis(model, obj, thresholds=FEW))


def test_no_transforms_then_a_little_jitter(model):
    for transforms in ([], [transform.jitter(2)]):
        check(
            render.render_vis(
                model, "mixed4a_pre_relu:476", transforms=transforms, thresholds=FEW
            )
        )


def test_all_the_stops_pulled_out(model):
    transforms = [
        transform.pad(16),
        transform.jitter(8),
        transform.random_scale([n / 100.0 for n in range(80, 120)]),
        transform.random_rotate(
            list(range(-10, 10)) + list(range(-5, 5)) + 10 * list(range(-2, 2))
        ),
        transform.jitter(2),
    ]
    check(
        render.render_vis(
            model, "mixed4a_pre_relu:476", transforms=transforms, thresholds=FEW
        )
    )


def test_pixels_and_frequencies(model):
    for fft, decorrelate in ((False, False), (True, True)):
        param_f = lambda: param.image(128, fft=fft, decorrelate=decorrelate)  # noqa: B023, E731
        images = render.render_vis(model, "mixed4a_pre_relu:2", param_f, thresholds=FEW)
        check(images)


# Other notebooks ----------------------------------------------------------------


def test_negative_neurons(model):
    def param_f():
        return param.image(96, batch=2)

    obj = objectives.channel("mixed4a", 492, batch=1) - objectives.channel(
        "mixed4a", 492, batch=0
    )
    check(render.render_vis(model, obj, param_f, thresholds=FEW), shape=(2, 96, 96, 3))


def test_neuron_diversity(model):
    param_f = lambda: param.image(96, batch=4)  # noqa: E731
    obj = objectives.channel("mixed4a_pre_relu", 97) - 1e2 * objectives.diversity(
        "mixed4a"
    )
    check(render.render_vis(model, obj, param_f, thresholds=FEW), shape=(4, 96, 96, 3))


def test_neuron_interaction_and_aligned_interpolation(model):
    def interpolate_f():
        unique = fft_image((6, 96, 96, 3))
        shared = [
            param.lowres_tensor((6, 96, 96, 3), (1, 48, 48, 3)),
            param.lowres_tensor((6, 96, 96, 3), (1, 24, 24, 3)),
            param.lowres_tensor((6, 96, 96, 3), (1, 12, 12, 3)),
        ]
        return to_valid_rgb(unique + sum(shared), decorrelate=True)

    obj = objectives.channel_interpolate(
        "mixed4a_pre_relu", 476, "mixed4a_pre_relu", 460
    )
    obj += 1e-1 * objectives.alignment("mixed3b_pre_relu", decay_ratio=5)
    check(
        render.render_vis(model, obj, interpolate_f, thresholds=FEW),
        shape=(6, 96, 96, 3),
    )
    random_direction = np.random.default_rng(0).normal(size=528)
    check(
        render.render_vis(
            model,
            objectives.direction("mixed4d_pre_relu", random_direction),
            lambda: param.image(64),
            thresholds=FEW,
        ),
        shape=(1, 64, 64, 3),
    )


def test_regularization(model):
    obj = objectives.channel("mixed4a_pre_relu", 492)
    obj += -0.05 * objectives.L1(constant=0.5)
    obj += -0.25 * objectives.total_variation()
    obj += -1.0 * objectives.blur_input_each_step()
    images = render.render_vis(
        model,
        obj,
        lambda: to_valid_rgb(pixel_image((1, 64, 64, 3)), sigmoid=True),
        tf.compat.v1.train.AdamOptimizer(0.05),
        transforms=[
            transform.jitter(1),
            transform.random_rotate((-5, 5)),
            transform.random_scale(1.1**n for n in (-1, 0, 1)),
        ],
        thresholds=(0, 1, 3),
    )
    check(images, count=3, shape=(1, 64, 64, 3))
    show([image[0] for image in images])


def test_any_number_of_channels(model):
    check(
        render.render_vis(
            model,
            "mixed4a_pre_relu:476",
            lambda: param.grayscale_image_rgb(64),
            thresholds=FEW,
        ),
        shape=(1, 64, 64, 3),
    )
    mixing = np.random.default_rng(0).uniform(size=(6, 3)).astype(np.float32)
    seen = render.render_vis(
        model,
        "mixed4a_pre_relu:476",
        lambda: param.image(64, channels=6),
        transforms=[
            lambda t: tf.tensordot(t, mixing / 6, 1),
            *transform.standard_transforms,
        ],
        thresholds=FEW,
    )
    check(seen, shape=(1, 64, 64, 6))


def test_xy2rgb_with_a_plain_function_as_objective(model):
    target = np.linspace(0, 1, 32 * 32 * 3, dtype=np.float32).reshape(1, 32, 32, 3)

    def closeness(T):
        return -tf.reduce_mean((T("input") - target) ** 2)

    images = render.render_vis(
        model,
        closeness,
        lambda: param.cppn(32),
        keras.optimizers.Adam(0.005),
        transforms=[],
        thresholds=range(10),
    )
    check(images, count=10, shape=(1, 32, 32, 3))
    check(
        render.render_vis(
            model,
            "mixed4b_pre_relu:77",
            lambda: param.cppn(64),
            optimizer=lambda: tf.compat.v1.train.AdamOptimizer(0.005),
            transforms=[],
            thresholds=FEW,
        ),
        shape=(1, 64, 64, 3),
    )


def test_style_transfer_with_wrapped_objectives(model):
    content, style = np.random.default_rng(0).uniform(size=(2, 96, 80, 3))

    def style_transfer_param():
        picture = param.image(80, 96)[0]
        return tf.stack([picture, *np.float32([content, style])])

    def gram(acts):
        depth = acts.shape[-1]
        flat = tf.reshape(acts, [-1, depth])
        return tf.matmul(flat, flat, transpose_a=True) / tf.cast(
            tf.shape(flat)[0], tf.float32
        )

    @wrap_objective()
    def activation_difference(layer_names, transform_f=None, against=1):
        def inner(T):
            total = 0.0
            for name in layer_names:
                one, other = T(name)[0], T(name)[against]
                if transform_f is not None:
                    one, other = transform_f(one), transform_f(other)
                total += tf.reduce_mean(tf.abs(one - other))
            return total

        return inner

    content_obj = 100 * activation_difference(["mixed3b"], against=1)
    content_obj.description = "Content Loss"
    style_obj = activation_difference(["conv2d2", "mixed3a"], gram, against=2)
    style_obj.description = "Style Loss"
    images = render.render_vis(
        model,
        -content_obj - style_obj,
        style_transfer_param,
        transforms=[],
        thresholds=FEW,
        verbose=True,
        print_objectives=[content_obj, style_obj],
    )
    check(images, shape=(3, 96, 80, 3))
    np.testing.assert_allclose(images[1][1], content, atol=1e-6)


def test_transparency_with_a_hand_made_parameterization(model):
    transforms = [
        transform.collapse_alpha_random(),
        transform.pad(8),
        transform.random_scale(0.9 + 0.02 * n for n in range(10)),
        transform.crop_or_pad_to(64, 64),
    ]
    obj = objectives.Objective(
        lambda T: (
            tf.reduce_mean(T("mixed4a_pre_relu")[..., 465])
            * (1.0 - tf.reduce_mean(T("input")[..., -1]))
        )
    )
    images = render.render_vis(
        model,
        obj,
        lambda: param.image(64, alpha=True),
        transforms=transforms,
        thresholds=FEW,
    )
    check(images, shape=(1, 64, 64, 4))


def test_layers_are_read_as_dictionaries(model):
    for layer in model.layers[3:6]:
        assert layer["name"].startswith("mixed")
        assert layer["size"] == layer.depth
        assert layer["type"] == "conv"
    acts = model.activations(np.zeros((64, 64, 3), np.float32), "mixed4a")
    assert acts.shape == (1, 4, 4, 508)
