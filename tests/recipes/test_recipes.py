"""Finished analyses: shapes, properties, and that they do what they are for."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import (
    ImageError,
    LucidError,
    ParameterizationError,
    SettingError,
)
from lucid_widgets.optvis import param
from lucid_widgets.optvis.param import color
from lucid_widgets.optvis.param.variables import Parameterization
from lucid_widgets.recipes import caricature as caricature_module
from lucid_widgets.recipes import feature_visualization
from lucid_widgets.recipes.caricature import caricature, dot_compare, feature_inversion
from lucid_widgets.recipes.deepdream import deepdream
from lucid_widgets.recipes.image_interpolation_params import multi_interpolation_basis

PHOTO = np.random.default_rng(0).uniform(size=(40, 30, 3)).astype(np.float32)


# Feature visualization ----------------------------------------------------------


def test_one_channel_gives_a_picture_and_a_rising_curve(tiny_model):
    images, values = feature_visualization.channel(tiny_model, "conv2", 3, n_steps=8)
    assert images.shape == (1, 20, 28, 3)
    assert values.shape == (1, 8)
    assert values[0, -1] > values[0, 0]


def test_several_channels_give_a_pair_each_and_do_not_disturb_each_other(tiny_model):
    pairs = feature_visualization.channel(tiny_model, "conv2", (1, 3), n_steps=6)
    (_, first), (image, second) = pairs
    assert image.shape == (20, 28, 3)
    assert first.shape == second.shape == (6,)
    assert first[-1] > first[0]
    assert second[-1] > second[0]
    other = feature_visualization.channel(tiny_model, "conv2", [5, 3], n_steps=6)
    np.testing.assert_allclose(other[1][0], image, atol=1e-5)


def test_many_channels_are_made_several_at_a_time(tiny_model, monkeypatch):
    monkeypatch.setattr(feature_visualization, "images_at_once", lambda *_: 2)
    pairs = feature_visualization.channel(tiny_model, "conv2", [1, 3, 5], n_steps=3)
    assert [image.shape for image, _ in pairs] == [(20, 28, 3)] * 3
    assert [values.shape for _, values in pairs] == [(3,)] * 3


def test_negative_pictures_show_what_a_channel_likes_least(tiny_model):
    def mean(images):
        return float(tf.reduce_mean(tiny_model.import_graph(images)("conv2")[..., 3]))

    most, _ = feature_visualization.channel(tiny_model, "conv2", 3, n_steps=30)
    least, values = feature_visualization.channel(
        tiny_model, "conv2", 3, n_steps=30, negative=True
    )
    assert mean(least) < mean(most)
    assert values[0, -1] <= 0


def test_colours_may_be_decorrelated_by_a_matrix_of_ones_own(tiny_model):
    """Lucid's argument order; with Lucid's own matrix nothing changes."""
    given = (tiny_model, "conv2", [1, 3], True, False)
    default = feature_visualization.channel(*given, None, 6, 16, 0.05, False)
    same = feature_visualization.channel(
        *given, color.color_correlation_svd_sqrt, 6, 16, 0.05, False
    )
    grey = feature_visualization.channel(*given, np.ones((3, 3)), 6)
    np.testing.assert_allclose(default[1][0], same[1][0], atol=1e-4)
    image = grey[0][0][..., :3]
    np.testing.assert_allclose(image[..., 0], image[..., 2], atol=1e-5)
    with pytest.raises(ParameterizationError, match=r"\(3, 3\)"):
        feature_visualization.channel(*given, np.eye(4))


def test_transparent_pictures_have_an_alpha_channel(tiny_model):
    pairs = feature_visualization.channel(
        tiny_model, "conv2", [1, 3], n_steps=4, alpha=True
    )
    assert pairs[0][0].shape == (20, 28, 4)


def test_a_neuron_is_looked_at_in_one_place(tiny_model):
    images, values = feature_visualization.neuron(
        tiny_model, "conv2", 3, x=2, y=11, n_steps=12, seed=1
    )
    assert images.shape == (1, 20, 28, 3)
    assert values.shape == (1, 12)


def test_impossible_requests_are_refused(tiny_model):
    for given in ({"channel_indices": 7}, {"channel_indices": []}):
        with pytest.raises(LucidError):
            feature_visualization.channel(tiny_model, "conv2", **given)
    with pytest.raises(SettingError):
        feature_visualization.channel(tiny_model, "conv2", 3, n_steps=0)


# Caricature ---------------------------------------------------------------------


def test_dot_compare_against_numpy():
    acts = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype(np.float32)
    T = {"layer": tf.constant(acts)}.__getitem__
    dot = (acts[0] * acts[2]).sum()
    assert float(dot_compare("layer", 2)(T)) == pytest.approx(dot, rel=1e-4)
    cosine = max(0.1, dot / (1e-6 + np.linalg.norm(acts[2])))
    assert float(dot_compare("layer", 2, 1.5)(T)) == pytest.approx(
        dot * cosine**1.5, rel=1e-4
    )


def test_a_caricature_exaggerates_the_photo(tiny_model):
    images = caricature(
        PHOTO, tiny_model, ["conv1", "conv2"], n_steps=24, verbose=False
    )
    assert images.shape == (3, 20, 28, 3)
    resized = tf.image.resize(PHOTO, [20, 28], antialias=True)
    np.testing.assert_allclose(images[0], resized, atol=1e-5)
    for i, layer in ((1, "conv1"), (2, "conv2")):
        acts = tiny_model.import_graph(images)(layer).numpy()
        grey = tiny_model.import_graph(np.full((1, 20, 28, 3), 0.5, "f4"))(
            layer
        ).numpy()
        assert (acts[0] * acts[i]).sum() > (acts[0] * grey[0]).sum()


def test_one_layer_may_be_given_by_itself_and_the_result_is_shown(
    tiny_model, monkeypatch
):
    shown = []
    monkeypatch.setattr(caricature_module, "show", shown.append)
    images = feature_inversion(PHOTO, tiny_model, "conv2", n_steps=2, cossim_pow=1)
    assert images.shape == (2, 20, 28, 3)
    assert shown[0].shape == (20, 56, 3)


@pytest.mark.parametrize(
    "strange", [PHOTO[..., 0], PHOTO * 255, PHOTO[None], np.zeros((4, 4, 4))]
)
def test_what_is_no_photo_is_refused(tiny_model, strange):
    with pytest.raises(ImageError, match="expected a photo"):
        caricature(strange, tiny_model, "conv2")


# DeepDream ----------------------------------------------------------------------


def test_a_dream_shows_more_of_what_a_layer_sees(tiny_model):
    photo = np.clip(PHOTO * 0.2 + 0.4, 0, 1)
    octaves = []
    dream = deepdream(
        photo,
        tiny_model,
        "conv2",
        n_steps=4,
        octaves=2,
        tile=24,
        on_octave=octaves.append,
    )
    assert dream.shape == photo.shape
    assert 0 <= dream.min() < dream.max() <= 1
    assert [octave.shape for octave in octaves] == [(28, 21, 3), (40, 30, 3)]
    acts = [
        tiny_model.import_graph(image[None])("conv2").numpy()
        for image in (photo, dream)
    ]
    assert (acts[1] ** 2).mean() > (acts[0] ** 2).mean()
    again = deepdream(photo, tiny_model, "conv2", n_steps=4, octaves=2, tile=24)
    np.testing.assert_array_equal(dream, again)


def test_a_dream_may_be_of_one_channel(tiny_model):
    def mean(image):
        return float(
            tf.reduce_mean(tiny_model.import_graph(image[None])("conv2")[..., 3])
        )

    dream = deepdream(PHOTO, tiny_model, "conv2:3", n_steps=3, octaves=1)
    assert mean(dream) > mean(PHOTO)


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (ImageError, {"img": PHOTO * 255}),
        (ImageError, {"img": PHOTO[:10]}),
        (LucidError, {"objective": "conv9"}),
        (SettingError, {"n_steps": 0}),
        (SettingError, {"octaves": 0}),
        (SettingError, {"octave_scale": 1.0}),
        (SettingError, {"tile": 8}),
    ],
)
def test_impossible_dreams_are_refused(tiny_model, error, given):
    with pytest.raises(error):
        deepdream(**{"img": PHOTO, "model": tiny_model, "objective": "conv2", **given})


# Interpolation between objectives -----------------------------------------------


@pytest.fixture
def basis():
    def function():
        t = multi_interpolation_basis(3, 5, width=16, channels=2)
        assert t.shape == (3, 3, 5, 16, 16, 2)
        return param.to_valid_rgb(tf.reshape(t, [-1, 16, 16, 2]))

    pair = Parameterization(function)
    rng = np.random.default_rng(0)
    drawn = [rng.normal(size=v.shape).astype(np.float32) for v in pair.init(0)]
    return pair.to_image(drawn).numpy().reshape(3, 3, 5, 16, 16, 2)


def test_ways_are_the_same_backwards(basis):
    for a in range(3):
        for b in range(3):
            np.testing.assert_allclose(basis[a, b], basis[b, a, ::-1], atol=1e-6)


def test_neighbours_on_a_way_are_more_alike_than_its_ends(basis):
    steps = np.abs(np.diff(basis[0, 1], axis=0)).mean()
    assert steps < np.abs(basis[0, 1, 0] - basis[0, 1, -1]).mean()
    assert np.abs(basis[0, 1] - basis[0, 2]).max() > 0.05
