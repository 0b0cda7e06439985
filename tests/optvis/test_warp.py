"""Affine resampling: values by hand, and gradients that are exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.optvis.warp import (
    compose_maps,
    rotation,
    translation,
    warp,
    zoom,
)

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(2, 6, 9, 3)).astype(np.float32)


def bilinear(image: np.ndarray, row: float, column: float, fill: float) -> np.ndarray:
    height, width = image.shape[:2]
    top, left = math.floor(row), math.floor(column)
    total = np.zeros(image.shape[2])
    for i, j in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        inside = 0 <= i < height and 0 <= j < width
        weight = (1 - abs(row - i)) * (1 - abs(column - j))
        total += weight * (image[i, j] if inside else fill)
    return total


def by_hand(
    images: np.ndarray, matrix: np.ndarray, size: tuple[int, int], fill: float
) -> np.ndarray:
    _, height, width, depth = images.shape
    output = np.zeros((len(images), *size, depth))
    for i, j in np.ndindex(*size):
        centred = np.array([j - (size[1] - 1) / 2, i - (size[0] - 1) / 2, 1.0])
        x, y, _ = matrix @ centred
        for b, image in enumerate(images):
            output[b, i, j] = bilinear(
                image, y + (height - 1) / 2, x + (width - 1) / 2, fill
            )
    return output


MAPS = {
    "identity": tf.eye(3),
    "move": translation(1.25, -2.5),
    "zoom": zoom(0.7),
    "shrink": zoom(1.6),
    "turn": rotation(0.3),
    "all": compose_maps([translation(0.5, 1), zoom(0.9), None, rotation(-0.4)]),
}


@pytest.mark.parametrize("matrix", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize("size", [(6, 9), (8, 5)])
def test_warp_interpolates_between_the_four_nearest_pixels(matrix, size):
    expected = by_hand(IMAGE, np.asarray(matrix, np.float64), size, 0.5)
    np.testing.assert_allclose(warp(IMAGE, matrix, size, fill=0.5), expected, atol=2e-5)


def test_translation_moves_the_view_down_and_right():
    moved = warp(IMAGE, translation(2, 3), (6, 9), fill=7.0).numpy()
    np.testing.assert_allclose(moved[:, :4, :6], IMAGE[:, 2:, 3:], atol=1e-6)
    assert (moved[:, 4:] == 7).all()
    assert (moved[:, :, 6:] == 7).all()


def test_a_quarter_turn_is_counter_clockwise():
    square = IMAGE[:, :, :6]
    turned = warp(square, rotation(math.pi / 2), (6, 6))
    np.testing.assert_allclose(turned, np.rot90(square, axes=(1, 2)), atol=1e-5)


def test_maps_are_composed_left_to_right():
    first, second = translation(0.5, 1), rotation(0.7)
    chain = compose_maps([first, None, second])
    np.testing.assert_allclose(chain, tf.matmul(first, second), atol=1e-6)
    np.testing.assert_array_equal(compose_maps([None]), np.eye(3))


@pytest.mark.parametrize("matrix", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize("interpolation", ["BILINEAR", "NEAREST"])
@pytest.mark.parametrize("size", [(6, 9), (7, 4)])
def test_the_gradient_is_the_exact_adjoint(matrix, interpolation, size):
    """For a linear map A: <A x, y> = <x, A^T y>, for any x and y."""
    x = tf.constant(IMAGE)
    y = tf.constant(RNG.normal(size=(2, *size, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        forward = tf.reduce_sum(warp(x, matrix, size, interpolation=interpolation) * y)
    backward = tf.reduce_sum(x * tape.gradient(forward, x))
    scale = float(tf.norm(x) * tf.norm(y))
    assert abs(float(forward - backward)) < 1e-6 * scale


@pytest.mark.parametrize("turn", [math.pi / 2, math.pi, math.pi / 4])
def test_the_adjoint_of_nearest_is_exact_at_ties_too(turn):
    # 6 x 9: a quarter turn lands exactly between pixels.
    test_the_gradient_is_the_exact_adjoint(rotation(turn), "NEAREST", (6, 9))
    test_the_gradient_is_the_exact_adjoint(translation(0.5, -1.5), "NEAREST", (6, 9))


def test_the_gradient_agrees_with_differences():
    matrix = MAPS["all"]
    weights = RNG.normal(size=(1, 5, 8, 3)).astype(np.float32)

    def value(image: np.ndarray) -> float:
        return float(tf.reduce_sum(warp(image, matrix, (5, 8)) ** 2 * weights))

    image = tf.constant(IMAGE[:1])
    with tf.GradientTape() as tape:
        tape.watch(image)
        found = tf.reduce_sum(warp(image, matrix, (5, 8)) ** 2 * weights)
    gradient = tape.gradient(found, image).numpy()
    for index in [(0, 2, 3, 1), (0, 3, 5, 0), (0, 1, 4, 2)]:
        bump = np.zeros_like(IMAGE[:1])
        bump[index] = 0.05
        slope = (value(IMAGE[:1] + bump) - value(IMAGE[:1] - bump)) / 0.1
        assert gradient[index] == pytest.approx(slope, abs=2e-3)


def test_warp_works_in_a_trace_with_sizes_unknown():
    @tf.function(
        input_signature=[tf.TensorSpec([None, None, None, 3])], autograph=False
    )
    def gradient(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            shape = tf.shape(images)
            seen = warp(images, MAPS["all"], (shape[1], shape[2]))
            total = tf.reduce_sum(seen**2)
        return seen, tape.gradient(total, images)

    seen, found = gradient(IMAGE)
    np.testing.assert_allclose(seen, warp(IMAGE, MAPS["all"], (6, 9)), atol=1e-6)
    assert found.shape == IMAGE.shape
