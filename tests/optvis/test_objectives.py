"""Every objective against a formula in numpy, the algebra by numbers, and ascent."""

from __future__ import annotations

import fractions
import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis import objectives
from lucid_widgets.optvis.objectives import Objective, as_objective, wrap_objective
from lucid_widgets.optvis.optimizers import adam
from lucid_widgets.optvis.render import frames

BATCH, HEIGHT, WIDTH, DEPTH = 3, 6, 9, 5


class T(dict):
    """Named tensors, as a mapping and as a function, like the engine's own."""

    __call__ = dict.__getitem__


@pytest.fixture
def acts() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return {
        "layer": draw(BATCH, HEIGHT, WIDTH, DEPTH),
        "other": draw(BATCH, 4, 3, 2),
        "dense": draw(BATCH, DEPTH),
        "tokens": draw(BATCH, 8, DEPTH),
        "input": rng.uniform(size=(BATCH, 12, 10, 4)).astype(np.float32),
    }


def value(objective: Objective, acts: dict[str, np.ndarray]) -> np.ndarray:
    tensors = T({name: tf.constant(array) for name, array in acts.items()})
    tensors["labels"] = ["ant", "bee", "cat", "dog", "eel"]
    tensors["global_step"] = tf.constant(4)
    return np.asarray(objective(tensors))


def cossim(acts: np.ndarray, vec: np.ndarray, power: float) -> np.ndarray:
    dot = (acts * vec).sum(-1)
    norms = (1e-4 + np.linalg.norm(acts, axis=-1)) * (
        1e-4 + np.linalg.norm(vec, axis=-1)
    )
    return dot * np.maximum(0.1, dot / norms) ** power


def blurred(image: np.ndarray, width: int) -> np.ndarray:
    kernel = np.full((width, width), 0.5)
    kernel[1:-1, 1:-1] = 1
    margin = width // 2
    _, height, length, _ = image.shape

    def convolve(x: np.ndarray) -> np.ndarray:
        x = np.pad(x, [(0, 0), (margin, margin), (margin, margin), (0, 0)])
        return sum(
            kernel[i, j] * x[:, i : i + height, j : j + length]
            for i, j in np.ndindex(width, width)
        )

    return convolve(image.astype(np.float64)) / convolve(np.ones_like(image))


# Each factory's value -----------------------------------------------------------


@pytest.mark.parametrize("batch", [None, 0, 2, -1, np.int64(1)])
def test_channel_is_the_mean_over_positions_and_batch(acts, batch):
    some = acts["layer"] if batch is None else acts["layer"][batch][None]
    objective = objectives.channel("layer", 3, batch=batch)
    assert value(objective, acts) == pytest.approx(some[..., 3].mean(), abs=1e-6)


def test_channel_sees_dense_layers_and_tokens_too(acts):
    dense = value(objectives.channel("dense", 1), acts)
    tokens = value(objectives.channel("tokens", 1), acts)
    assert dense == pytest.approx(acts["dense"][:, 1].mean(), abs=1e-6)
    assert tokens == pytest.approx(acts["tokens"][..., 1].mean(), abs=1e-6)


def test_a_negative_channel_counts_from_the_end(acts):
    last = acts["layer"][..., -1].mean()
    assert value(objectives.channel("layer", -1), acts) == pytest.approx(last, abs=1e-6)


@pytest.mark.parametrize(("x", "y"), [(None, None), (1, 7), (5, None), (None, 0)])
@pytest.mark.parametrize("batch", [None, np.int32(2)])
def test_neuron_counts_rows_with_x_and_columns_with_y(acts, x, y, batch):
    row = HEIGHT // 2 if x is None else x
    column = WIDTH // 2 if y is None else y
    some = acts["layer"] if batch is None else acts["layer"][[batch]]
    expected = some[:, row, column, 2].mean()
    objective = objectives.neuron("layer", 2, x, y, batch=batch)
    assert value(objective, acts) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("power", [0, 1, 2.5])
@pytest.mark.parametrize("batch", [None, 1])
def test_direction_is_dot_times_floored_cosine_power(acts, power, batch):
    vec = np.random.default_rng(1).normal(size=DEPTH)
    some = acts["layer"] if batch is None else acts["layer"][[batch]]
    expected = cossim(some, vec, power).mean()
    objective = objectives.direction("layer", vec, cossim_pow=power, batch=batch)
    assert value(objective, acts) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert objectives.direction_cossim is objectives.direction


@pytest.mark.parametrize("power", [0, 2])
def test_direction_neuron_looks_at_one_position(acts, power):
    vec = np.random.default_rng(2).normal(size=DEPTH)
    expected = cossim(acts["layer"][:, 4, 1], vec, power).mean()
    objective = objectives.direction_neuron("layer", vec, 4, 1, cossim_pow=power)
    assert value(objective, acts) == pytest.approx(expected, rel=1e-5)
    middle = cossim(acts["layer"][:, HEIGHT // 2, WIDTH // 2], vec, power).mean()
    objective = objectives.direction_neuron("layer", vec, cossim_pow=power)
    assert value(objective, acts) == pytest.approx(middle, rel=1e-5)


@pytest.mark.parametrize("leading", [(), (1,)])
@pytest.mark.parametrize("power", [0, 1])
def test_tensor_direction_compares_with_the_middle(acts, leading, power):
    vec = np.random.default_rng(3).normal(size=(*leading, 3, 4, DEPTH))
    top, left = (HEIGHT - 3) // 2, (WIDTH - 4) // 2
    middle = acts["layer"][:, top : top + 3, left : left + 4]
    expected = cossim(middle, vec.reshape(3, 4, DEPTH), power).mean()
    objective = objectives.tensor_direction("layer", vec, cossim_pow=power)
    assert value(objective, acts) == pytest.approx(expected, rel=1e-5)


def test_deepdream_is_the_mean_square(acts):
    assert value(objectives.deepdream("layer"), acts) == pytest.approx(
        (acts["layer"] ** 2).mean(), rel=1e-5
    )


def test_deepdream_and_penalties_can_be_limited_to_one_image(acts):
    one = {name: array[1:2] for name, array in acts.items()}
    for factory in (
        objectives.deepdream,
        objectives.total_variation,
        objectives.L1,
        objectives.L2,
    ):
        assert value(factory("layer", batch=1), acts) == pytest.approx(
            value(factory("layer"), one), rel=1e-5
        )
    for factory in (objectives.blur_input_each_step, objectives.blur_alpha_each_step):
        assert value(factory(batch=1), acts) == pytest.approx(
            value(factory(), one), rel=1e-5
        )


def test_total_variation_is_a_vector_of_absolute_differences(acts):
    image = acts["input"].astype(np.float64)
    expected = np.abs(np.diff(image, axis=1)).sum((1, 2, 3))
    expected += np.abs(np.diff(image, axis=2)).sum((1, 2, 3))
    found = value(objectives.total_variation(), acts)
    assert found.shape == (BATCH,)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("constant", [0, 0.5, np.arange(4) / 4])
def test_l1_and_l2_measure_the_distance_from_a_constant(acts, constant):
    difference = acts["input"].astype(np.float64) - constant
    assert value(objectives.L1(constant=constant), acts) == pytest.approx(
        np.abs(difference).sum(), rel=1e-5
    )
    assert value(objectives.L2(constant=constant, epsilon=0.1), acts) == pytest.approx(
        np.sqrt(0.1 + (difference**2).sum()), rel=1e-5
    )


def test_blurring_penalties_measure_the_distance_from_the_blurred_image(acts):
    image = acts["input"]
    expected = 0.5 * ((image - blurred(image, 3)) ** 2).sum()
    assert value(objectives.blur_input_each_step(), acts) == pytest.approx(
        expected, rel=1e-5
    )
    alpha = image[..., 3:]
    expected = 0.5 * ((alpha - blurred(alpha, 3)) ** 2).sum()
    assert value(objectives.blur_alpha_each_step(), acts) == pytest.approx(
        expected, rel=1e-5
    )


def test_the_blurred_image_is_a_constant_to_the_gradient(acts):
    image = tf.constant(acts["input"])
    with tf.GradientTape() as tape:
        tape.watch(image)
        penalty = objectives.blur_input_each_step()(T(input=image))
    expected = acts["input"] - blurred(acts["input"], 3)
    np.testing.assert_allclose(tape.gradient(penalty, image), expected, atol=1e-5)


def test_channel_interpolate_weighs_channels_along_the_batch(acts):
    first = acts["layer"][..., 1].mean((1, 2))
    second = acts["other"][..., 0].mean((1, 2))
    weights = np.array([0, 0.5, 1])
    expected = ((1 - weights) * first + weights * second).sum()
    objective = objectives.channel_interpolate("layer", 1, "other", 0)
    assert value(objective, acts) == pytest.approx(expected, rel=1e-5)


def test_channel_interpolate_shows_the_first_channel_in_a_batch_of_one(acts):
    one = {name: array[:1] for name, array in acts.items()}
    objective = objectives.channel_interpolate("layer", 1, "other", 0)
    assert value(objective, one) == pytest.approx(one["layer"][..., 1].mean(), rel=1e-5)


def test_boundary_complexity_is_negative_and_looks_at_the_border(acts):
    image = acts["input"].astype(np.float64)
    mask = np.ones((12, 10))
    mask[3:-3, 3:-3] = 0
    cost = (blurred(image, 5) - image) ** 2 + 0.8 * (image - 0.25) ** 2
    expected = -(mask[None, :, :, None] * cost).sum()
    shape = acts["input"].shape
    objective = objectives.penalize_boundary_complexity(shape, w=3, C=0.25)
    assert value(objective, acts) == pytest.approx(expected, rel=1e-5)
    given_mask = objectives.penalize_boundary_complexity(
        list(shape), mask=mask[:, :, None], C=0.25
    )
    assert value(given_mask, acts) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("ratio", [2, 5.0])
def test_alignment_is_minus_the_differences_of_neighbours(ratio):
    layer = np.random.default_rng(4).normal(size=(6, 3, 4, 2)).astype(np.float32)
    expected = 0.0
    for distance in (1, 2, 3, 4):
        for i in range(6 - distance):
            squares = (layer[i] - layer[i + distance]) ** 2
            expected -= squares.mean() / ratio**distance
    objective = objectives.alignment("layer", decay_ratio=ratio)
    assert value(objective, {"layer": layer}) == pytest.approx(expected, rel=1e-5)


def test_diversity_is_how_alike_the_styles_of_different_images_are(acts):
    grams = []
    for one in acts["layer"].astype(np.float64):
        flat = one.reshape(-1, DEPTH)
        gram = flat.T @ flat
        grams.append(gram / np.sqrt((gram**2).sum()))
    pairs = itertools.permutations(range(BATCH), 2)
    expected = sum((grams[i] * grams[j]).sum() for i, j in pairs) / BATCH
    assert expected > 0
    objective = objectives.diversity("layer")
    assert value(objective, acts) == pytest.approx(expected, rel=1e-4)


def test_input_diff_is_the_root_of_the_mean_square(acts):
    original = np.random.default_rng(5).uniform(size=(12, 10, 4))
    expected = np.sqrt(((acts["input"] - original) ** 2).mean())
    assert value(objectives.input_diff(original), acts) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize("label", [1, np.int64(1), "bee"])
@pytest.mark.parametrize("batch", [None, 2])
def test_class_logit_sums_over_the_batch(acts, label, batch):
    some = acts["dense"] if batch is None else acts["dense"][[batch]]
    objective = objectives.class_logit("dense", label, batch=batch)
    assert value(objective, acts) == pytest.approx(some[:, 1].sum(), rel=1e-5)


def test_class_logit_names_the_closest_labels(acts):
    with pytest.raises(ObjectiveError, match=r"'bea'.*5 labels.*did you mean 'bee'"):
        value(objectives.class_logit("dense", "bea"), acts)


def test_channels_gives_every_image_of_the_batch_its_own(acts):
    found = value(objectives.channels("layer", [4, 0, 2]), acts)
    expected = [acts["layer"][i, ..., n].mean() for i, n in enumerate([4, 0, 2])]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_channels_wants_as_many_channels_as_images(acts):
    with pytest.raises(ObjectiveError, match=r"2 channels.*3 images"):
        value(objectives.channels("layer", [4, 0]), acts)


@pytest.mark.parametrize("power", [0, 2])
def test_directions_gives_every_image_of_the_batch_its_own(acts, power):
    vecs = np.random.default_rng(5).normal(size=(BATCH, DEPTH))
    pairs = zip(acts["layer"], vecs, strict=True)
    expected = [cossim(act, vec, power).mean() for act, vec in pairs]
    found = value(objectives.directions("layer", vecs, power), acts)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_weighted_channels_are_a_direction_without_the_angle(acts):
    weights = np.random.default_rng(6).normal(size=DEPTH)
    expected = (acts["layer"] * weights).sum(-1).mean()
    objective = objectives.channel_weighted("layer", weights)
    assert value(objective, acts) == pytest.approx(expected, rel=1e-5)


def test_local_group_reaches_around_its_position_and_stops_at_the_border(acts):
    weights = np.random.default_rng(7).normal(size=DEPTH)
    some = (acts["layer"][:, 1:6, 2:7] * weights).sum(-1).mean()
    objective = objectives.local_group("layer", weights, 3, 4, radius=2)
    assert value(objective, acts) == pytest.approx(some, rel=1e-5)
    corner = (acts["layer"][:, 0:2, 8:9] * weights).sum(-1).mean()
    objective = objectives.local_group("layer", weights, 0, 9 - 1, radius=0)
    assert value(objective, acts) == pytest.approx(
        (acts["layer"][:, 0, 8] * weights).sum(-1).mean(), rel=1e-5
    )
    objective = objectives.local_group("layer", weights, 0, 9 - 1, radius=1)
    corner = (acts["layer"][:, 0:2, 7:9] * weights).sum(-1).mean()
    assert value(objective, acts) == pytest.approx(corner, rel=1e-5)


# Algebra ------------------------------------------------------------------------


@pytest.fixture
def a() -> Objective:
    return objectives.channel("layer", 1)


@pytest.fixture
def b() -> Objective:
    return objectives.deepdream("other")


def test_arithmetic_is_worth_what_it_says(acts, a, b):
    x, y = value(a, acts), value(b, acts)
    half = fractions.Fraction(1, 2)
    for combined, expected in {
        2 * a + 3 * b: 2 * x + 3 * y,
        a - b: x - y,
        b * a: x * y,
        a / b: x / y,
        a / 2: x / 2,
        1 - a: 1 - x,
        a - 1: x - 1,
        -a: -x,
        a + 0.25: x + 0.25,
        0.25 + a: x + 0.25,
        half * a: x / 2,
        np.float32(2) * a: 2 * x,
        a * np.float32(2): 2 * x,
        np.float64(1) - a: 1 - x,
        np.int64(3) + a: 3 + x,
        np.array(2.0) * a: 2 * x,
        a * np.array(2.0): 2 * x,
        tf.constant(2.0) * a: 2 * x,
        a - tf.constant(2): x - 2,
        2 / a: 2 / x,
        np.float64(2) / a: 2 / x,
        +a: x,
        sum([a, b, a]): 2 * x + y,
        Objective.sum([a, b, "layer:1"]): 2 * x + y,
        -(2 * (a + b) - 1) / 4: -(2 * (x + y) - 1) / 4,
    }.items():
        assert value(combined, acts) == pytest.approx(expected, rel=1e-5)


def test_objectives_read_mappings_and_functions_alike(acts, a, b):
    for objective in (a, b, 2 * a - b):
        expected = value(objective, acts)
        mapping = {name: tf.constant(array) for name, array in acts.items()}
        for T in (mapping, mapping.__getitem__):
            assert float(objective(T)) == pytest.approx(expected, rel=1e-5)
            again = float(objective.objective_func(T))
            assert again == pytest.approx(expected, rel=1e-5)


def test_operands_are_unchanged(acts, a, b):
    before = value(a, acts), value(b, acts), a.name, a.description, a.structure
    for combined in (2 * a + 3 * b, a / b, -a, 1 - b, sum([a, b])):
        value(combined, acts)
    after = value(a, acts), value(b, acts), a.name, a.description, a.structure
    assert before == after


@pytest.mark.parametrize("strange", ["2", None, [1, 2], np.ones(3), True])
def test_other_things_are_refused_as_operands(a, strange):
    for operate in (
        lambda: a + strange,
        lambda: strange + a,
        lambda: a * strange,
        lambda: strange * a,
    ):
        with pytest.raises(TypeError):
            operate()


NUMBERS = st.floats(-8, 8, allow_subnormal=False, width=32)


def number(n: float) -> Objective:
    return Objective(lambda T, n: tf.cast(n, tf.float32), numbers=[n], structure="n")


@given(x=NUMBERS, y=NUMBERS, k=NUMBERS, m=NUMBERS)
@settings(max_examples=60, deadline=None)
def test_algebra_obeys_the_laws_of_arithmetic(x, y, k, m):
    a, b = number(x), number(y)
    T = None
    for left, right in [
        (k * (a + b), k * a + k * b),
        (k * a - m * b, -(m * b - k * a)),
        ((k + m) * a, k * a + m * a),
        (a * b, b * a),
        (a - b, a + -1 * b),
        (k - a, -(a - k)),
        (a + a, 2 * a),
        ((a + k) + b, a + (k + b)),
    ]:
        scale = 1 + abs(x) + abs(y) + abs(k) + abs(m)
        np.testing.assert_allclose(left(T), right(T), atol=1e-5 * scale**2)


@given(k=NUMBERS, n=st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_moving_a_number_keeps_the_structure(k, n):
    def build(k, n):
        return k * objectives.channel("a", n) - objectives.neuron("b", n) / 3 + k

    one, other = build(1.0, 0), build(k, n)
    assert one.structure == other.structure
    assert hash(one.structure) == hash(other.structure)
    assert [x.dtype for x in one.numbers] == [x.dtype for x in other.numbers]
    assert one.structure != build(k, n) * 1
    assert [float(x) for x in other.numbers] == [n, np.float32(k), n, 3, np.float32(k)]


def test_numbers_are_read_from_the_outside_when_given(acts, a):
    doubled = 2 * a
    other = tuple(tf.constant(x) for x in (np.int32(4), np.float32(10)))
    tensors = T({name: tf.constant(array) for name, array in acts.items()})
    expected = 10 * acts["layer"][..., 4].mean()
    assert np.asarray(doubled(tensors, other)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (objectives.L1(constant=0), objectives.L1(constant=0.5)),
        (objectives.alignment("a"), objectives.alignment("a", 2.5)),
        (objectives.class_logit("a", 1), objectives.class_logit("a", 2)),
        (
            objectives.penalize_boundary_complexity((1, 8, 8, 3)),
            objectives.penalize_boundary_complexity((1, 8, 8, 3), w=2, C=1),
        ),
    ],
)
def test_numbers_keep_their_types_when_they_move(one, other):
    assert one.structure == other.structure
    assert [n.dtype for n in one.numbers] == [n.dtype for n in other.numbers]


def test_structures_differ_where_the_computation_does():
    different = [
        objectives.channel("a", 1),
        objectives.channel("b", 1),
        objectives.channel("a", 1, batch=0),
        objectives.neuron("a", 1),
        objectives.neuron("a", 1, x=0),
        objectives.direction("a", np.ones(3)),
        objectives.direction("a", np.ones(3), cossim_pow=1),
        objectives.class_logit("a", 1),
        objectives.class_logit("a", "cat"),
        objectives.penalize_boundary_complexity((1, 8, 8, 3)),
        objectives.penalize_boundary_complexity((1, 8, 8, 3), mask=np.ones((8, 8, 1))),
        objectives.penalize_boundary_complexity((1, 8, 8, 3), mask=np.zeros((8, 8, 1))),
        objectives.penalize_boundary_complexity(
            (1, 8, 8, 3), mask=tf.fill([8, 8, 1], 0.5)
        ),
    ]
    assert len({objective.structure for objective in different}) == len(different)


# Reading and wrapping -----------------------------------------------------------


def test_strings_name_a_layer_and_a_channel(acts):
    assert value(as_objective("layer:1"), acts) == pytest.approx(
        acts["layer"][..., 1].mean(), rel=1e-5
    )
    objective = as_objective(" layer : -1 ")
    assert objective.targets == (("layer", -1),)
    assert as_objective("scope/layer:0:12").targets == (("scope/layer:0", 12),)
    assert objective.description == "Channel(layer, -1)"


@pytest.mark.parametrize(
    "strange", ["layer", "layer:", ":3", "layer:x", "", 3, None, ["layer:3"]]
)
def test_what_is_no_objective_is_refused(strange):
    with pytest.raises(ObjectiveError, match="expected 'layer:n'"):
        as_objective(strange)


def test_functions_of_the_users_own_are_objectives(acts):
    def brightest(T):
        return tf.reduce_max(T("layer")) + tf.reduce_max(T["other"])

    objective = as_objective(brightest)
    expected = acts["layer"].max() + acts["other"].max()
    assert value(2 * objective, acts) == pytest.approx(2 * expected, rel=1e-5)
    assert objective.name == "brightest"
    assert objective.structure is None
    assert (2 * objective).structure is None


def test_wrap_objective_works_bare_and_called(acts):
    @wrap_objective
    def brightest(layer):
        """Say what it does."""
        return lambda T: tf.reduce_max(T(layer))

    @wrap_objective()
    def darkest(layer, scale=1):
        return lambda T: scale * tf.reduce_min(T(layer))

    @wrap_objective(require_format="NHWC")
    def rank(layer):
        return lambda T: tf.constant(float(T(layer).shape.rank))

    assert brightest.__doc__ == "Say what it does."
    assert brightest.__name__ == "brightest"
    assert value(brightest("layer"), acts) == acts["layer"].max()
    assert value(darkest("layer", scale=2), acts) == 2 * acts["layer"].min()
    assert value(rank("dense"), acts) == 4
    assert isinstance(brightest("layer"), Objective)
    assert darkest("layer", scale=2).description == "Darkest(layer, scale=2)"
    long = brightest("x" * 100)
    assert long.description == "Brightest(...)"
    long.description = "Brightest of all"
    assert long.description == "Brightest of all"


def test_wrap_objective_can_limit_to_one_image(acts):
    @wrap_objective(handle_batch=True)
    def brightest(layer):
        return lambda T: tf.reduce_max(T(layer))

    @wrap_objective(handle_batch=True)
    def own(layer, batch=0):
        return lambda T: tf.reduce_max(T(layer)) + batch

    assert value(brightest("layer", batch=np.int64(1)), acts) == acts["layer"][1].max()
    assert value(brightest("layer"), acts) == acts["layer"].max()
    assert value(own("layer", batch=2), acts) == acts["layer"].max() + 2


def test_handle_batch_limits_a_function_of_t_to_one_image(acts):
    @objectives.handle_batch(np.int64(2))
    def brightest(T):
        return tf.reduce_max(T("layer"))

    assert value(Objective(brightest), acts) == acts["layer"][2].max()


def test_schedules_multiply_by_a_function_of_the_step(acts, a):
    objective = objectives.scheduled(a, lambda step: step / 8)
    assert value(objective, acts) == pytest.approx(value(a, acts) / 2, rel=1e-5)
    assert (objective + a).numbers == (*a.numbers, *a.numbers)


def test_descriptions_say_how_an_objective_is_made(a, b):
    assert a.description == "Channel(layer, 1)"
    assert (a + b).description == "Sum(Channel(layer, 1) +\nDeepdream(other))"
    assert (a + b).name == "channel, deepdream"
    assert (2 * a).description == a.description
    assert (a + 1).description == "Channel(layer, 1) + 1"
    assert repr(a) == "<Objective Channel(layer, 1)>"


@pytest.mark.parametrize(
    "make",
    [
        lambda: objectives.channel("layer", 1.5),
        lambda: objectives.channel("layer", "1"),
        lambda: objectives.channel("layer", True),
        lambda: objectives.channel("layer", 1, batch="all"),
        lambda: objectives.class_logit("layer", 1.5),
        lambda: objectives.tensor_direction("layer", np.ones(5)),
        lambda: objectives.tensor_direction("layer", np.ones((2, 3, 4, 5))),
        lambda: objectives.channels("layer", []),
        lambda: objectives.channels("layer", [1.5]),
        lambda: objectives.direction("layer", np.ones((2, 3))),
        lambda: objectives.directions("layer", np.ones(3)),
        lambda: objectives.direction("layer", ["a", "b"]),
        lambda: objectives.neuron("layer", 1, x=1.5),
        lambda: float("nan") * objectives.channel("layer", 1),
        lambda: 10**400 + objectives.channel("layer", 1),
        lambda: objectives.direction("layer", [np.nan, 1.0]),
        lambda: Objective("layer:1"),
        lambda: Objective.sum([]),
    ],
)
def test_impossible_arguments_are_refused_at_once(make):
    with pytest.raises(ObjectiveError, match=r"expected|function of T"):
        make()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: objectives.channel("layer", 1, batch=3), "below 3"),
        (lambda: objectives.channel("layer", 1, batch=-4), "below 3"),
        (lambda: objectives.neuron("layer", 1, x=6), "x is 6.*6 positions"),
        (lambda: objectives.neuron("layer", 1, y=9), "y is 9.*9 positions"),
        (lambda: objectives.direction("layer", np.ones(4)), "4 numbers; expected 5"),
        (lambda: objectives.channel_weighted("layer", np.ones(4)), "4 numbers; exp"),
        (lambda: objectives.tensor_direction("layer", np.ones((7, 2, 5))), "7 x 2"),
        (lambda: objectives.blur_alpha_each_step(), "alpha"),
    ],
)
def test_what_does_not_fit_the_activations_is_explained(acts, make, says):
    acts["input"] = acts["input"][..., :3]
    with pytest.raises(ObjectiveError, match=says):
        value(make(), acts)


# Gradients ----------------------------------------------------------------------


def gradient(objective: Objective, name: str, array: np.ndarray) -> np.ndarray:
    tensor = tf.constant(array, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        found = objective(T({name: tensor}))
    return tape.gradient(found, tensor).numpy()


def test_cosine_similarity_has_a_gradient_at_silent_positions():
    silent = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    silent[0, 1] = 0
    for factory in (objectives.direction, objectives.tensor_direction):
        vec = np.ones(5) if factory is objectives.direction else np.ones((3, 4, 5))
        found = gradient(factory("layer", vec, cossim_pow=2), "layer", silent)
        assert np.isfinite(found).all()
        assert (found[1] != 0).any()


def test_input_diff_has_gradient_zero_at_the_original():
    image = np.random.default_rng(0).uniform(size=(1, 4, 5, 3))
    assert (gradient(objectives.input_diff(image), "input", image) == 0).all()
    away = gradient(objectives.input_diff(image), "input", image + 0.1)
    np.testing.assert_allclose(away, np.full(image.shape, 1 / 60), rtol=1e-4)


# Ascent -------------------------------------------------------------------------

VEC = np.random.default_rng(8).normal(size=7).astype(np.float32)
IMAGE = np.random.default_rng(9).uniform(size=(1, 20, 28, 3)).astype(np.float32)
RISING = {
    "neuron": objectives.neuron("conv2", 3),
    "channel": objectives.channel("conv2", 3),
    "channels": objectives.channels("conv2", [1, 3]),
    "weighted": objectives.channel_weighted("conv2", VEC),
    "group": objectives.local_group("conv2", VEC),
    "directions": objectives.directions("conv2_pre_relu", np.stack([VEC, -VEC])),
    "direction": objectives.direction("conv2_pre_relu", VEC),
    "direction cossim": objectives.direction("conv2_pre_relu", VEC, cossim_pow=1),
    "direction neuron": objectives.direction_neuron("conv2_pre_relu", VEC),
    "tensor direction": objectives.tensor_direction(
        "conv2_pre_relu", np.tile(VEC, (2, 3, 1))
    ),
    "deepdream": objectives.deepdream("conv2"),
    "-total variation": -1 * objectives.total_variation(),
    "-L1": -1 * objectives.L1(),
    "-L2": -1 * objectives.L2(),
    "-blur": -1 * objectives.blur_input_each_step(),
    "interpolate": objectives.channel_interpolate("conv1", 0, "conv2", 3),
    "-blur of alpha": -1 * objectives.blur_alpha_each_step(),
    "boundary": objectives.penalize_boundary_complexity((1, 20, 28, 3), w=4),
    "alignment": objectives.alignment("conv2"),
    "-diversity": -1 * objectives.diversity("conv2"),
    "-input diff": -1 * objectives.input_diff(IMAGE),
    "class logit": objectives.class_logit("logits", "cat"),
    "scheduled": objectives.scheduled(objectives.channel("conv2", 3), tf.exp),
}


@pytest.mark.parametrize("objective", RISING.values(), ids=RISING)
def test_every_objective_rises(tiny_model, objective):
    from lucid_widgets.optvis import param

    alpha = objective.name == "blur_alpha_each_step"
    values = [
        frame.objective
        for frame in frames(
            tiny_model,
            objective,
            lambda: param.image(28, 20, batch=2, sd=0.5, alpha=alpha),
            adam(0.1),
            [],
            steps=4,
            seed=1,
        )
    ]
    assert np.isfinite(values).all()
    assert values[3] > values[0]
