"""The parts of make_vis_T, put together by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError, SettingError, TransformError
from lucid_widgets.optvis import param, render, transform
from lucid_widgets.optvis.objectives import as_objective
from lucid_widgets.optvis.overrides import relu_overrides

IMAGE = np.random.default_rng(0).uniform(size=(2, 20, 28, 3)).astype(np.float32)


def test_a_loop_of_ones_own_climbs(tiny_model):
    image = tf.Variable(IMAGE)
    see = render.make_transform_f([transform.jitter(2)])
    objective = as_objective("conv2:3")
    values = []
    for _ in range(8):
        with tf.GradientTape() as tape, relu_overrides():
            T = render.import_model(tiny_model, see(image), image)
            values.append(objective(T))
        image.assign_add(100 * tape.gradient(values[-1], image))
    assert values[-1] > values[0]


def test_the_input_is_the_image_before_transforms(tiny_model):
    seen = IMAGE[:, 2:, 3:]
    T = render.import_model(tiny_model, seen, IMAGE, "scope")
    np.testing.assert_array_equal(T("input"), IMAGE)
    np.testing.assert_array_equal(
        T("conv2"), tiny_model.import_graph(tf.constant(seen))("conv2")
    )
    assert T("labels") == tiny_model.labels
    np.testing.assert_array_equal(render.import_model(tiny_model, seen)("input"), seen)
    given = {"conv1": 0 * T("conv1")}
    T = render.import_model(tiny_model, seen, input_map=given)
    assert np.ptp(T("conv2_pre_relu")[..., 3]) < 1e-5


def test_images_come_from_nothing_a_function_or_themselves():
    assert render.make_t_image(None).shape == (1, 128, 128, 3)
    assert render.make_t_image(lambda: param.image(8, 6)).shape == (1, 6, 8, 3)
    tensor = tf.constant(IMAGE)
    assert render.make_t_image(tensor) is tensor
    with pytest.raises(ParameterizationError, match="expected"):
        render.make_t_image(3)


def test_anything_but_a_list_of_transforms_means_the_standard_set():
    for given in (None, (transform.jitter(1),)):
        assert render.make_transform_f(given)(IMAGE).shape == (2, 32, 40, 3)
    assert render.make_transform_f([])(IMAGE).shape == IMAGE.shape
    assert render.make_transform_f([transform.jitter(3)])(IMAGE).shape[1] == 17
    with pytest.raises(TransformError):
        render.make_transform_f([3])


def test_optimizers_may_be_made_with_arguments():
    assert render.make_optimizer(None, []).learning_rate == 0.05
    made = render.make_optimizer(keras.optimizers.Adam, [0.25])
    assert made.learning_rate == 0.25
    with pytest.raises(SettingError):
        render.make_optimizer("adam", [])
