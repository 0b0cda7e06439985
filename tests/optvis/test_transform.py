"""Lucid's transforms one by one, and the fused run against the chain."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from lucid_widgets.errors import TransformError
from lucid_widgets.optvis import transform
from lucid_widgets.optvis.randomness import drawing

RNG = np.random.default_rng(0)
IMAGE = RNG.uniform(size=(2, 24, 31, 3)).astype(np.float32)


def at(step: int, function, image=IMAGE):
    """Apply a transform with the draws of one step."""
    with drawing(5, step):
        return np.asarray(function(tf.constant(image)))


def found_in(part: np.ndarray, whole: np.ndarray) -> list[tuple[int, int]]:
    """Return where a part lies in the whole, by (row, column)."""
    height, width = part.shape[1:3]
    rows, columns = whole.shape[1] - height, whole.shape[2] - width
    return [
        (i, j)
        for i, j in np.ndindex(rows + 1, columns + 1)
        if np.array_equal(whole[:, i : i + height, j : j + width], part)
    ]


# One by one ---------------------------------------------------------------------


def test_jitter_cuts_out_a_part_at_every_offset():
    offsets = set()
    for step in range(50):
        part = at(step, transform.jitter(2))
        assert part.shape == (2, 22, 29, 3)
        (offset,) = found_in(part, IMAGE)
        offsets.add(offset)
    assert offsets == {(i, j) for i in range(3) for j in range(3)}


def test_jitter_of_nothing_changes_nothing():
    np.testing.assert_array_equal(at(0, transform.jitter(0)), IMAGE)


def test_the_whole_batch_shares_one_draw():
    twice = np.stack([IMAGE[0], IMAGE[0]])
    for step in range(3):
        for function in (
            transform.jitter(5),
            transform.random_rotate(range(-20, 20)),
            transform.compose(transform.standard_transforms),
            transform.standard(12, 8.0, 10.0, 0.1),
        ):
            seen = at(step, function, twice)
            np.testing.assert_array_equal(seen[0], seen[1])


def test_draws_differ_between_steps_and_return_with_them():
    function = transform.compose(transform.standard_transforms)
    frames = [at(step, function) for step in (0, 1, 2, 0)]
    assert not np.array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[1], frames[2])
    np.testing.assert_array_equal(frames[0], frames[3])


def test_outside_a_run_every_call_draws_anew():
    function = transform.jitter(12)
    offsets = {found_in(function(IMAGE).numpy(), IMAGE)[0] for _ in range(12)}
    assert len(offsets) > 1


def test_pad_fills_the_border_with_a_constant():
    padded = at(0, transform.pad(3, mode="constant", constant_value=0.25))
    assert padded.shape == (2, 30, 37, 3)
    np.testing.assert_array_equal(padded[:, 3:-3, 3:-3], IMAGE)
    border = np.ones(padded.shape, bool)
    border[:, 3:-3, 3:-3] = False
    assert (padded[border] == 0.25).all()
    grey = at(0, transform.pad(1, "constant"))
    assert grey[0, 0, 0, 0] == 0.5


def test_pad_mirrors_unless_told_otherwise():
    mirrored = at(0, transform.pad(4))
    expected = np.pad(IMAGE, [(0, 0), (4, 4), (4, 4), (0, 0)], mode="reflect")
    np.testing.assert_array_equal(mirrored, expected)


def test_pad_mirrors_with_the_edge_twice_too():
    mirrored = at(0, transform.pad(24, mode="SYMMETRIC"))
    expected = np.pad(IMAGE, [(0, 0), (24, 24), (24, 24), (0, 0)], mode="symmetric")
    np.testing.assert_array_equal(mirrored, expected)


@pytest.mark.parametrize(
    "given", [{"mode": "uniform"}, {"mode": "constant", "constant_value": "uniform"}]
)
def test_pad_uniform_draws_one_number_per_step(given):
    borders = []
    for step in (0, 1):
        padded = at(step, transform.pad(2, **given))
        border = np.unique(
            np.concatenate([padded[:, :2].ravel(), padded[:, -2:].ravel()])
        )
        assert border.size == 1
        assert 0 <= border[0] < 1
        borders.append(border[0])
    assert borders[0] != borders[1]


def tf1_bilinear(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize with the corners on each other: no half pixels."""
    rows = np.arange(height) * image.shape[1] / height
    columns = np.arange(width) * image.shape[2] / width
    top, left = rows.astype(int), columns.astype(int)
    bottom = np.minimum(top + 1, image.shape[1] - 1)
    right = np.minimum(left + 1, image.shape[2] - 1)
    v, h = (rows - top)[:, None, None], (columns - left)[:, None]
    upper = image[:, top][:, :, left] * (1 - h) + image[:, top][:, :, right] * h
    lower = image[:, bottom][:, :, left] * (1 - h) + image[:, bottom][:, :, right] * h
    return upper * (1 - v) + lower * v


@pytest.mark.parametrize("scale", [0.5, 0.9, 1.1, 1.7])
def test_random_scale_resizes_as_tensorflow_1_did(scale):
    scaled = at(0, transform.random_scale([scale]))
    height, width = int(scale * 24), int(scale * 31)
    assert scaled.shape == (2, height, width, 3)
    np.testing.assert_allclose(scaled, tf1_bilinear(IMAGE, height, width), atol=1e-5)


def test_random_scale_truncates_sizes_without_rounding_errors():
    for size in [*range(10, 60), 128, 150, 224]:
        image = tf.zeros([1, size, 2 * size, 1])
        for scale in (0.9, 0.92, 1.1):
            shape = transform.random_scale([scale])(image).shape
            exact = math.floor(round(scale * 100) * size / 100)
            assert shape[1] == exact, (size, scale)


def test_random_scale_draws_every_factor():
    sizes = {at(s, transform.random_scale([0.5, 1, 2])).shape[1] for s in range(40)}
    assert sizes == {12, 24, 48}


def test_random_rotate_takes_nearest_pixels_and_black_corners():
    square = IMAGE[:, :, :24]
    turned = at(0, transform.random_rotate([90]), square)
    np.testing.assert_allclose(turned, np.rot90(square, axes=(1, 2)), atol=1e-6)
    half = at(0, transform.random_rotate([math.pi / 4], units="rads"), square)
    assert half.shape == square.shape
    assert (half[:, 0, 0] == 0).all()
    assert (half[:, -1, -1] == 0).all()
    assert np.isin(half, [0, *square.ravel()]).all()  # no new colours


@pytest.mark.parametrize("units", ["degrees", "radians", "rads", "rad", "Degrees"])
def test_random_rotate_knows_its_units(units):
    angle = 180 if units.lower() == "degrees" else math.pi
    turned = at(0, transform.random_rotate([angle], units=units))
    np.testing.assert_allclose(turned, IMAGE[:, ::-1, ::-1], atol=1e-6)


def test_generators_are_read_once_and_last():
    function = transform.random_scale(0.998**n for n in range(20, 40))
    sizes = {at(step, function).shape[2] for step in range(20)}
    assert len(sizes) > 1
    run = transform.compose(
        step for step in [transform.jitter(1), transform.random_rotate(iter([0.0]))]
    )
    assert at(0, run).shape == at(1, run).shape == (2, 23, 30, 3)


def test_normalize_gradient_divides_by_each_images_norm():
    image = tf.constant(IMAGE)
    outer = RNG.normal(size=IMAGE.shape).astype(np.float32)
    outer[1] *= 100
    for scales in (None, [2.0, 3.0]):
        with tf.GradientTape() as tape:
            tape.watch(image)
            seen = transform.normalize_gradient(scales)(image)
            total = tf.reduce_sum(seen * outer)
        gradient = tape.gradient(total, image).numpy()
        np.testing.assert_array_equal(seen, IMAGE)
        norms = np.linalg.norm(outer.reshape(2, -1), axis=1)[:, None, None, None]
        factors = np.reshape(scales or [1, 1], (2, 1, 1, 1))
        np.testing.assert_allclose(gradient, outer / norms * factors, rtol=1e-5)


def test_normalize_gradient_leaves_zero_at_zero():
    image = tf.constant(IMAGE)
    with tf.GradientTape() as tape:
        tape.watch(image)
        total = tf.reduce_sum(transform.normalize_gradient()(image)[0])
    gradient = tape.gradient(total, image).numpy()
    assert (gradient[1] == 0).all()
    assert np.linalg.norm(gradient[0]) == pytest.approx(1, rel=1e-5)


def test_collapse_alpha_shows_the_image_over_a_random_background():
    rgb, alpha = IMAGE[..., :3], np.zeros((2, 24, 31, 1), np.float32)
    alpha[:, :12] = 1
    rgba = np.concatenate([rgb, alpha], axis=-1)
    seen = [at(step, transform.collapse_alpha_random(), rgba) for step in (0, 1)]
    np.testing.assert_allclose(seen[0][:, :12], rgb[:, :12], atol=1e-6)
    assert seen[0].shape == (2, 24, 31, 3)
    assert np.abs(seen[0][:, 12:] - seen[1][:, 12:]).mean() > 0.01
    assert ((seen[0] >= 0) & (seen[0] <= 1)).all()


@pytest.mark.parametrize("size", [(30, 20), (10, 40), (24, 31), (7, 7)])
def test_crop_or_pad_to_works_about_the_middle(size):
    seen = at(0, transform.crop_or_pad_to(*size))
    expected = tf.image.resize_with_crop_or_pad(IMAGE, *size)
    assert seen.shape == (2, *size, 3)
    np.testing.assert_array_equal(seen, expected)


def test_compose_applies_left_to_right_anything_callable():
    run = transform.compose([lambda t: t + 1, lambda t: t * 2])
    np.testing.assert_allclose(at(0, run), (IMAGE + 1) * 2)
    np.testing.assert_array_equal(at(0, transform.compose([])), IMAGE)


def test_roll_moves_the_image_around():
    moves = set()
    for step in range(80):
        rolled = at(step, transform.roll(1))
        (move,) = [
            (i, j)
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if np.array_equal(np.roll(IMAGE, (i, j), (1, 2)), rolled)
        ]
        moves.add(move)
    assert len(moves) == 9


def test_per_image_draws_anew_for_each_image():
    twice = np.stack([IMAGE[0]] * 3)
    own = at(0, transform.per_image([transform.jitter(12)]), twice)
    assert own.shape == (3, 12, 19, 3)
    assert len({found_in(own[i : i + 1], twice[:1])[0] for i in range(3)}) > 1
    standard = transform.per_image(transform.standard_transforms)
    assert at(0, standard, twice).shape == (3, 36, 43, 3)
    assert standard.structure == transform.per_image(standard_copy()).structure


def standard_copy():
    return list(transform.standard_transforms)


def test_crops_show_parts_of_each_image_and_shrink_with_the_steps():
    image = np.zeros((2, 60, 80, 1), np.float32)
    image[0], image[1] = np.arange(80)[:, None] / 80, 0.25
    run = transform.crops_and_noise(20, 16, (0.5, 0.05), steps=100, noise=0.0)
    early, late, end = (at(step, run, image) for step in (0, 99, 5000))
    assert early.shape == (40, 16, 16, 1)
    # The first image is a ramp: the slope across a crop tells how wide it is.
    slopes = [
        np.median(np.diff(crops[:20], axis=2)) * 15 for crops in (early, late, end)
    ]
    assert slopes[0] == pytest.approx(0.5, abs=0.06)
    assert slopes[1] == pytest.approx(0.07, abs=0.04)
    assert slopes[2] == pytest.approx(0.07, abs=0.04)
    assert np.isin(early[20:], [0.25, 0.5]).mean() > 0.9
    noisy = at(0, transform.crops_and_noise(20, 16, (0.5, 0.05), noise=0.1), image)
    assert np.std(noisy - early) == pytest.approx(0.1 * np.sqrt(1 + 1 / 12), rel=0.1)


# Fused runs ---------------------------------------------------------------------


def smooth(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = [0.5 + 0.4 * np.sin(y / 7 + k) * np.cos(x / 9 - k) for k in range(3)]
    return np.stack(waves, axis=-1)[None].astype(np.float32)


def chained(transforms, image, step):
    """Apply the same transforms with the same draws, one resampling each."""
    with drawing(5, step):
        t = tf.constant(image)
        drawn = [transform_.draw() for transform_ in transforms]
        for one, draw in zip(transforms, drawn, strict=True):
            t = one.apply(t, draw)
    return t.numpy()


def middle(image: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width]


@pytest.mark.parametrize("step", range(6))
def test_the_fused_run_shows_what_the_chain_shows(step):
    image = smooth(64, 90)
    transforms = transform.standard_transforms
    fused = at(step, transform.compose(transforms), image)
    chain = chained(transforms, image, step)
    assert fused.shape == (1, 64 + 24 - 8 - 4, 90 + 24 - 8 - 4, 3)
    # Same part of the picture, up to the pixel or so that nearest neighbours and
    # corner-aligned resizing are off.
    difference = np.abs(middle(fused, 36, 60) - middle(chain, 36, 60))
    assert difference.max() < 0.09
    assert difference.mean() < 0.025
    shifted = np.abs(middle(fused, 36, 60) - middle(np.roll(chain, 8, 2), 36, 60))
    assert difference.mean() < 0.3 * shifted.mean()


def test_a_fused_run_without_turning_or_scaling_is_the_chain():
    """With factor 1 and angle 0 the resampling hits pixels exactly."""
    transforms = [
        transform.pad(6, "constant", 0.5),
        transform.jitter(4),
        transform.random_scale([1.0]),
        transform.random_rotate([0.0]),
        transform.jitter(2),
    ]
    for step in range(4):
        fused = at(step, transform.compose(transforms))
        np.testing.assert_allclose(fused, chained(transforms, IMAGE, step), atol=1e-5)


@given(
    size=st.tuples(st.integers(14, 30), st.integers(14, 30)),
    steps=st.lists(
        st.sampled_from(
            [
                transform.jitter(3),
                transform.pad(2, "constant", 0.25),
                transform.pad(3),
                transform.random_scale([0.9, 1.1]),
                transform.random_rotate(range(-20, 21)),
                transform.crop_or_pad_to(17, 13),
                transform.roll(4),
            ]
        ),
        max_size=4,
    ),
)
@settings(max_examples=40, deadline=None)
def test_any_list_keeps_batch_channels_and_range(size, steps):
    images = np.random.default_rng(0).uniform(size=(2, *size, 3)).astype(np.float32)
    for step in range(3):
        seen = at(step, transform.compose(steps), images)
        assert seen.shape[::3] == (2, 3)
        assert min(seen.shape) > 0
        assert seen.min() >= 0
        assert seen.max() <= 1 + 1e-6


def test_runs_of_whole_pixels_are_lossless():
    transforms = [
        transform.pad(5, "constant", 0.5),
        transform.jitter(3),
        transform.pad(2),
        transform.jitter(4),
        transform.crop_or_pad_to(26, 29),
    ]
    seen = at(1, transform.compose(transforms))
    assert seen.shape == (2, 26, 29, 3)
    # The first border is half a grey; every other colour is one of the image's own.
    assert np.isin(seen, [0.5, *IMAGE.ravel()]).all()


@pytest.mark.parametrize("step", range(5))
def test_standard_equals_standard_transforms_draw_for_draw(step):
    listed = at(step, transform.compose(transform.standard_transforms))
    numbers = at(step, transform.standard(12, 8, 10, 0.1))
    np.testing.assert_allclose(numbers, listed, atol=2e-4)
    tensors = at(
        step,
        transform.standard(12, *(tf.constant(n, tf.float32) for n in (8, 10, 0.1))),
    )
    np.testing.assert_allclose(tensors, listed, atol=2e-4)


def test_standard_shows_a_window_of_fixed_size():
    for numbers in [(0.0, 0.0, 0.0), (8.0, 10.0, 0.1), (30.0, 90.0, 0.5)]:
        seen = at(0, transform.standard(12, *numbers))
        assert seen.shape == (2, 24 + 12, 31 + 12, 3)
        still = at(0, transform.standard(0, *numbers))
        assert still.shape == IMAGE.shape
    np.testing.assert_allclose(at(3, transform.standard(0, 0, 0, 0)), IMAGE, atol=1e-6)


def test_standard_fills_what_lies_beyond_with_grey():
    seen = at(0, transform.standard(20, 0, 0, 0))
    np.testing.assert_allclose(seen[:, 10:-10, 10:-10], IMAGE, atol=1e-6)
    assert (seen[:, :10] == 0.5).all()


def test_rotation_probabilities_of_the_standard_set_are_lucids():
    angles = transform.standard_transforms[3].angles
    assert len(angles) == 26
    assert (angles == 0).sum() == 6
    scales = transform.standard_transforms[2].scales
    np.testing.assert_allclose(scales, np.arange(0.9, 1.11, 0.02), atol=1e-6)


def test_gradients_flow_exactly_through_the_fused_run():
    image = tf.constant(IMAGE)
    weights = None
    with drawing(5, 2), tf.GradientTape() as tape:
        tape.watch(image)
        seen = transform.compose(transform.standard_transforms)(image)
        weights = tf.constant(RNG.normal(size=seen.shape), tf.float32)
        total = tf.reduce_sum(seen * weights)
    gradient = tape.gradient(total, image)
    black = at(2, transform.compose(transform.standard_transforms), 0 * IMAGE)
    linear = float(total) - float((black * weights.numpy()).sum())
    assert float(tf.reduce_sum(gradient * image)) == pytest.approx(linear, abs=2e-2)


def test_a_run_can_be_traced_and_follows_the_step():
    run = transform.compose(transform.standard_transforms)

    @tf.function(autograph=False)
    def traced(step):
        with drawing(5, step):
            return run(tf.constant(IMAGE))

    for step in (0, 3):
        np.testing.assert_allclose(traced(tf.constant(step)), at(step, run), atol=1e-5)


def test_structures_tell_lists_of_transforms_apart():
    def structure(*transforms):
        return transform.structure_of(transforms)

    assert structure(transform.jitter(2)) == structure(transform.jitter(2))
    different = {
        structure(),
        structure(transform.jitter(2)),
        structure(transform.jitter(3)),
        structure(transform.pad(2)),
        structure(transform.pad(2, "constant")),
        structure(transform.pad(2, "constant", 0.25)),
        structure(transform.random_scale([1.0, 2.0])),
        structure(transform.random_rotate([1.0, 2.0])),
        structure(transform.random_rotate([1.0, 2.0], units="rad")),
        structure(transform.crop_or_pad_to(2, 3)),
        structure(transform.collapse_alpha_random()),
    }
    assert len(different) == 11
    assert structure(transform.jitter(2), lambda t: t) is None


# Bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: transform.jitter(-1),
        lambda: transform.jitter(1.5),
        lambda: transform.jitter("2"),
        lambda: transform.jitter(float("nan")),
        lambda: transform.jitter(True),
        lambda: transform.pad(-1),
        lambda: transform.pad(1.5),
        lambda: transform.pad(2, mode="wrap"),
        lambda: transform.pad(2, mode=3),
        lambda: transform.pad(2, "constant", "grey"),
        lambda: transform.pad(2, "constant", float("nan")),
        lambda: transform.random_scale([]),
        lambda: transform.random_scale([0.0, 1.0]),
        lambda: transform.random_scale([-1.0]),
        lambda: transform.random_scale([float("nan")]),
        lambda: transform.random_scale(1.5),
        lambda: transform.random_rotate([]),
        lambda: transform.random_rotate([1.0], units="turns"),
        lambda: transform.random_rotate([[1.0]]),
        lambda: transform.random_rotate(["a"]),
        lambda: transform.compose([3]),
        lambda: transform.crop_or_pad_to(0, 5),
        lambda: transform.roll(-1),
        lambda: transform.crops_and_noise(0),
        lambda: transform.crops_and_noise(fractions=(0.5, 0.0)),
        lambda: transform.crop_or_pad_to(5, "6"),
    ],
)
def test_impossible_transforms_are_refused_when_made(make):
    with pytest.raises(TransformError, match="expected"):
        make()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (transform.jitter(24), "jitter.24. leaves nothing.*24 x 31"),
        (transform.pad(24), "mirrors more.*24 x 31"),
        (transform.pad(25, "SYMMETRIC"), "mirrors more.*24 x 31"),
        (transform.collapse_alpha_random(), "3 channels; expected 4"),
        (
            transform.compose([transform.jitter(30), transform.random_scale([1.0])]),
            "leaves nothing",
        ),
    ],
)
def test_transforms_that_do_not_fit_the_image_say_so(function, says):
    with pytest.raises(TransformError, match=says):
        function(IMAGE)


def test_transforms_leave_what_they_are_given_unchanged():
    before = IMAGE.copy()
    at(0, transform.compose(transform.standard_transforms))
    np.testing.assert_array_equal(IMAGE, before)
