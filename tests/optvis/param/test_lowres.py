"""Interpolation along any axes, shared variables, pyramids, sampled textures."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis import param
from lucid_widgets.optvis.param.lowres import lowres_tensor
from lucid_widgets.optvis.param.resize_bilinear_nd import resize_bilinear_nd

from .helpers import made

RNG = np.random.default_rng(0)


def test_two_axes_are_resized_as_tensorflow_1_did():
    images = RNG.normal(size=(2, 5, 7, 3)).astype(np.float32)
    for size in [(10, 21), (13, 9), (5, 7), (3, 4), (1, 1)]:
        expected = tf.raw_ops.ResizeBilinear(images=images, size=size)
        found = resize_bilinear_nd(tf.constant(images), [2, *size, 3])
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_every_axis_is_resized_by_itself():
    t = RNG.normal(size=(2, 3, 1, 2)).astype(np.float32)
    found = resize_bilinear_nd(tf.constant(t), [4, 6, 5, 3]).numpy()
    assert found.shape == (4, 6, 5, 3)
    np.testing.assert_allclose(found[::2, ::2, 0][:, :, 0], t[:, :, 0, 0], atol=1e-6)
    np.testing.assert_allclose(found[1], (found[0] + found[2]) / 2, atol=1e-6)
    np.testing.assert_allclose(found[:, :, 0], found[:, :, 4], atol=1e-6)


def test_resizing_keeps_the_type():
    given = np.arange(6.0).reshape(2, 3)
    resized = resize_bilinear_nd(given, [4, 3])
    assert resized.dtype == tf.float64
    np.testing.assert_allclose(resized[1], (given[0] + given[1]) / 2)


def test_another_number_of_axes_is_refused():
    with pytest.raises(ValueError, match="expected 2 lengths"):
        resize_bilinear_nd(tf.zeros([2, 3]), [2, 3, 4])


def test_a_lowres_tensor_is_its_variable_interpolated():
    (small,), t = made(lambda: lowres_tensor((6, 12, 15, 3), (2, 3, 5, 3), sd=1.0))
    assert small.shape == (2, 3, 5, 3)
    assert small.std() == pytest.approx(1, abs=0.25)
    np.testing.assert_allclose(
        t, resize_bilinear_nd(tf.constant(small), (6, 12, 15, 3)), atol=1e-6
    )
    # Along the batch, too: from the first of the two to the second, gradually.
    np.testing.assert_allclose(t[0, ::4, ::3], small[0], atol=1e-6)
    np.testing.assert_allclose(t[3, ::4, ::3], small[1], atol=1e-6)
    np.testing.assert_allclose(t[1], (2 * t[0] + t[3]) / 3, atol=1e-5)


def test_an_underlying_batch_of_one_is_shared_by_all_images():
    _, t = made(lambda: lowres_tensor((4, 8, 6, 3), (1, 4, 3, 3), sd=1.0))
    for image in t[1:]:
        np.testing.assert_allclose(image, t[0], atol=1e-6)


def test_offsets_move_towards_higher_indices():
    shape, small = (1, 8, 12, 2), (1, 2, 3, 2)
    _, plain = made(lambda: lowres_tensor(shape, small, sd=1.0))
    for offset, rows, columns in [
        ([0, 3, 1, 0], 3, 1),
        ([False, True, False, False], 2, 0),
        ((0, True, True, 0), 2, 2),
    ]:
        given = list(offset)
        _, moved = made(lambda given=given: lowres_tensor(shape, small, given, sd=1.0))
        np.testing.assert_allclose(
            moved[:, rows:, columns:], plain[:, : 8 - rows, : 12 - columns], atol=1e-6
        )
        assert given == list(offset)  # Lucid changed the list it was given
        mirrored = np.pad(plain, [(0, 0), (rows, 0), (columns, 0), (0, 0)], "symmetric")
        np.testing.assert_allclose(moved, mirrored[:, :8, :12], atol=1e-6)
    _, from_array = made(lambda: lowres_tensor(shape, small, np.array(offset), sd=1.0))
    np.testing.assert_allclose(from_array[:, 1:, 1:], plain[:, :7, :11], atol=1e-6)
    _, all_alike = made(lambda: lowres_tensor((4, 4), (2, 2), 1, sd=1.0), check=False)
    assert all_alike.shape == (4, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        ((1, 8, 8, 3), (8, 8, 3)),
        ((1, 8, 8, 3), (1, 0, 4, 3)),
        ((1, 8, 8, 3), (1, 4, 4, 3), [1, 2]),
        ((1, 8, 8, 3), (1, 4, 4, 3), [0, -1, 0, 0]),
        ((1, 8, 8, 3), (1, 4, 4, 3), [0, 9, 0, 0]),
    ],
)
def test_shapes_and_offsets_that_do_not_go_together_are_refused(arguments):
    with pytest.raises(ParameterizationError, match="expected"):
        lowres_tensor(*arguments)


def test_a_pyramid_is_a_sum_of_resolutions():
    levels, image = made(lambda: param.laplacian_pyramid_image([2, 24, 17, 3], 4, 1.0))
    assert [v.shape[1:3] for v in levels] == [(24, 17), (12, 8), (6, 4), (3, 2)]
    total = sum(resize_bilinear_nd(tf.constant(v), (2, 24, 17, 3)) for v in levels)
    np.testing.assert_allclose(image, total, atol=1e-5)


def sampled_by_hand(texture, u, v):
    height, width, _ = texture.shape
    x, y = u * width - 0.5, (1 - v) * height - 0.5
    left, top = int(np.floor(x)), int(np.floor(y))
    total = 0.0
    for i in (0, 1):
        for j in (0, 1):
            weight = (1 - abs(y - top - i)) * (1 - abs(x - left - j))
            total = total + weight * texture[(top + i) % height, (left + j) % width]
    return total


def test_textures_are_sampled_as_in_opengl():
    texture = RNG.normal(size=(5, 8, 3))
    uv = RNG.uniform(-1.2, 2.2, size=(7, 6, 2))
    uv[0, 0], uv[0, 1], uv[0, 2] = (0, 0), (1, 1), (0.5, 0.5)
    found = param.bilinearly_sampled_image(
        tf.constant(texture), tf.constant(uv)
    ).numpy()
    assert found.shape == (7, 6, 3)
    for index in np.ndindex(7, 6):
        expected = sampled_by_hand(texture, *uv[index])
        np.testing.assert_allclose(found[index], expected, atol=1e-8)


def test_pixel_centres_are_the_pixels_and_rows_go_upwards():
    texture = RNG.normal(size=(4, 6, 3))
    v, u = np.meshgrid(
        (np.arange(4) + 0.5) / 4, (np.arange(6) + 0.5) / 6, indexing="ij"
    )
    uv = np.stack([u, v], axis=-1)
    found = param.bilinearly_sampled_image(tf.constant(texture), tf.constant(uv))
    np.testing.assert_allclose(found, texture[::-1], atol=1e-8)


def test_older_names_still_work_and_say_so():
    from lucid_widgets.optvis.param import spatial

    with pytest.warns(DeprecationWarning, match="pixel_image"):
        assert param.naive((1, 4, 5, 3)).shape == (1, 4, 5, 3)
    with pytest.warns(DeprecationWarning, match="laplacian_pyramid_image"):
        assert param.laplacian_pyramid((1, 4, 5, 3)).shape == (1, 4, 5, 3)
    with pytest.warns(DeprecationWarning, match="bilinearly_sampled_image"):
        spatial.sample_bilinear(tf.zeros([2, 2, 3]), tf.zeros([1, 1, 2]))
