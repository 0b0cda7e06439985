"""Recipes: what a saved picture carries, and what is made of it again."""

from __future__ import annotations

import copy
import json
import random
import warnings

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from PIL import Image, features
from PIL.PngImagePlugin import PngInfo

from lucid_widgets import FeatureVis
from lucid_widgets.errors import LucidError, ProvenanceError, UnknownModelError
from lucid_widgets.widgets.objective_recipe import from_tree, to_tree
from lucid_widgets.widgets.provenance import KEYWORD, read_text
from lucid_widgets.widgets.recipe import read_recipe


def executed(code: str, **given) -> np.ndarray:
    names = dict(given)
    exec(code, names)
    return names["images"]


@pytest.fixture
def rebuild():
    made = []

    def rebuild(path, **arguments):
        vis = FeatureVis.from_image(path, **arguments)
        made.append(vis)
        return vis

    yield rebuild
    for vis in made:
        vis.close()


def with_turns(make_vis, **arguments):
    """Return a run whose settings were changed on the way, three times."""
    vis = make_vis(steps=12, **arguments)
    for change in ({"learning_rate": 0.2}, {"channel": 33}, {"jitter": 0}):
        vis.step(3)
        vis.wait(120)
        for name, value in change.items():
            setattr(vis, name, value)
    vis.start()
    vis.wait(60)
    assert vis.current_step == 12
    return vis


@pytest.mark.parametrize("ending", [".png", ".webp"])
def test_a_saved_picture_rebuilds_the_run_pixel_for_pixel(
    make_vis, rebuild, tmp_path, ending
):
    vis = make_vis(steps=5, seed=3, learning_rate=0.08, objective="mixed3a:7")
    vis.wait(120)
    again = rebuild(vis.save(tmp_path / f"picture{ending}"))
    assert (again.status, again.steps, again.seed) == ("idle", 5, 3)
    assert (again.layer, again.channel, again.learning_rate) == ("mixed3a", 7, 0.08)
    assert again.differences == ()
    again.wait(60)
    np.testing.assert_array_equal(again.images, vis.images)
    with Image.open(tmp_path / f"picture{ending}") as file:
        assert (file.width, file.height) == (32, 24)
        saved = np.asarray(file.convert("RGB"), np.float32) / 255
    assert abs(saved - vis.image).max() <= 0.5 / 255 + 1e-6


def test_settings_changed_while_running_are_changed_again(make_vis, rebuild, tmp_path):
    vis = with_turns(make_vis)
    assert [one.start for one in vis.recipe().stretches] == [0, 3, 6, 9]
    again = rebuild(vis.save(tmp_path / "x.png"))
    assert (again.channel, again.jitter, again.learning_rate) == (33, 0, 0.2)
    again.wait(60)
    np.testing.assert_array_equal(again.images, vis.images)
    assert again.recipe() == vis.recipe()
    again.reset()
    again.wait(60)
    np.testing.assert_array_equal(again.images, vis.images)


def test_touching_a_control_ends_the_rebuilding(make_vis, rebuild, tmp_path):
    vis = with_turns(make_vis)
    again = rebuild(vis.save(tmp_path / "x.png"))
    again.step(2)
    again.wait(60)
    again.rotate = 1.5
    again.wait(1)
    again.start()
    again.wait(60)
    starts = [one.start for one in again.recipe().stretches]
    assert starts == [0, 2]
    assert again.recipe().stretches[-1].hyperparameters.rotate == 1.5
    assert again.recipe().stretches[-1].objective.channel == 33


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ({"size": 24, "pad": 12, "jitter": 8}, "render.render_vis("),
        ({"transforms": False, "jitter": 8, "alpha": True}, "render.render_vis("),
        ({"parameterization": "pixel", "batch": 2, "seed": 4}, "render.frames("),
        ({"objective_kind": "class"}, "render.frames("),
        ({"objective_kind": "neuron", "total_variation": 0.1}, "render.frames("),
        ({"objective_kind": "deepdream", "layer": "conv2d1"}, "render.frames("),
    ],
)
def test_the_code_makes_the_picture_bit_for_bit(make_vis, arguments, call):
    vis = make_vis(steps=4, **arguments)
    vis.wait(120)
    assert call in vis.code()
    np.testing.assert_array_equal(executed(vis.code()), vis.images)


def test_the_code_follows_changes_made_while_running(make_vis):
    vis = with_turns(make_vis, seed=11)
    assert "course = [" in vis.code()
    np.testing.assert_array_equal(executed(vis.code()), vis.images)
    assert vis.canvas.code == vis.code()


def test_arithmetic_of_objectives_is_kept(make_vis, rebuild, tmp_path):
    from lucid_widgets.optvis import objectives

    vec = np.linspace(-1, 1, 32).astype(np.float32)
    mixed = (
        2 * objectives.channel("mixed3a", 3)
        - objectives.direction("conv2d1", vec, cossim_pow=1) / 3
        + 0.1 * objectives.neuron("mixed4a", 5, x=1)
    )
    vis = make_vis(objective=mixed, steps=3)
    vis.wait(120)
    again = rebuild(vis.save(tmp_path / "x.png"))
    again.wait(60)
    np.testing.assert_array_equal(again.images, vis.images)
    np.testing.assert_array_equal(executed(vis.code()), vis.images)


def test_every_objective_of_the_list_survives_as_a_value():
    from lucid_widgets.optvis import objectives as o

    for one in (
        o.channel("a", 3, batch=1),
        o.neuron("a", 3, 1, 2),
        o.class_logit("a", 7),
        o.class_logit("a", "dog"),
        o.diversity("a"),
        o.L1(),
        o.L2("input", 1e-5),
        o.total_variation("input"),
        o.channels("a", [1, 2]),
        o.channel_interpolate("a", 1, "b", 2),
        o.local_group("a", [1.0, 2.0], radius=2),
        -o.channel("a", 1) * 0.1 + 1.5,
    ):
        tree = json.loads(json.dumps(to_tree(one)))
        again = from_tree(tree)
        assert again.structure == one.structure
        for left, right in zip(again.numbers, one.numbers, strict=True):
            np.testing.assert_array_equal(left, right)


def test_a_function_of_ones_own_has_to_be_given_again(make_vis, rebuild, tmp_path):
    def brightest(T):
        import tensorflow as tf

        return tf.reduce_max(T("conv2d0"))

    vis = make_vis(objective=brightest, steps=2)
    vis.wait(120)
    path = vis.save(tmp_path / "x.png")
    with pytest.raises(ProvenanceError, match="objective="):
        FeatureVis.from_image(path)
    again = rebuild(path, objective=brightest)
    again.wait(60)
    np.testing.assert_array_equal(again.images, vis.images)
    assert "`objective` must be there already" in vis.code()
    made = executed(vis.code(), objective=brightest)
    np.testing.assert_array_equal(made, vis.images)


def test_a_model_of_ones_own_has_to_be_given_again(
    make_vis, rebuild, tmp_path, tiny_model
):
    vis = make_vis(model=tiny_model, objective="conv2:3", steps=3)
    vis.wait(120)
    path = vis.save(tmp_path / "x.webp")
    with pytest.raises(UnknownModelError, match=r"'TinyModel'.*model="):
        FeatureVis.from_image(path)
    again = rebuild(path, model=tiny_model)
    again.wait(60)
    np.testing.assert_array_equal(again.images, vis.images)
    made = executed(vis.code(), model=tiny_model)
    np.testing.assert_array_equal(made, vis.images)


def saved_with(tmp_path, text, name="x.png"):
    info = PngInfo()
    info.add_text(KEYWORD, text)
    path = tmp_path / name
    Image.new("RGB", (4, 3)).save(path, pnginfo=info)
    return path


def test_other_versions_are_told(make_vis, rebuild, tmp_path):
    vis = make_vis(steps=1)
    vis.wait(120)
    recipe = json.loads(vis.recipe().to_json())
    recipe["versions"]["tensorflow"] = "1.15"
    recipe["model_identity"] = "sha256:0123"
    path = saved_with(tmp_path, json.dumps(recipe))
    with pytest.warns(UserWarning, match=r"other weights.*tensorflow was 1\.15"):
        again = rebuild(path)
    assert len(again.differences) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"format": "lucid_widgets recipe 2"},
        {"optimizer": "sgd"},
        {"seed": -1},
        {"steps": 10**9},
        {"stretches": []},
        {"stretches": [{}] * 20_000},
        {"versions": []},
        {"model_name": "x" * 2000},
        {"model_name": 7},
    ],
)
def test_fields_out_of_their_range_are_refused(make_vis, tmp_path, change):
    recipe = json.loads(make_vis_recipe(make_vis).to_json())
    with pytest.raises(ProvenanceError):
        read_recipe(json.dumps(recipe | change))


def make_vis_recipe(make_vis):
    vis = make_vis(steps=1)
    vis.wait(120)
    return vis.recipe()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "NaN",
        "1" * 5000,
        "[" * 100_000,
        "__import__('os').system('true')",
        '{"format": {}}',
        "x" * (2**20 + 1),
    ],
)
def test_texts_that_are_no_recipe_are_refused(text):
    with pytest.raises(ProvenanceError):
        read_recipe(text)


def test_a_file_without_a_recipe_and_no_picture_at_all_are_refused(tmp_path):
    plain = tmp_path / "plain.png"
    Image.new("RGB", (4, 3)).save(plain)
    with pytest.raises(ProvenanceError, match="no recipe"):
        FeatureVis.from_image(plain)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(ProvenanceError, match="cannot read"):
        FeatureVis.from_image(tmp_path / "text.png")


def test_a_compressed_bomb_in_the_metadata_is_refused(tmp_path):
    info = PngInfo()
    info.add_text(KEYWORD, "0" * 80_000_000, zip=True)
    path = tmp_path / "bomb.png"
    Image.new("RGB", (4, 3)).save(path, pnginfo=info)
    assert path.stat().st_size < 10**6
    with pytest.raises(ProvenanceError):
        read_text(path)


def test_an_objective_in_a_file_can_name_nothing_but_objectives():
    for tree in (
        {"call": "__import__", "arguments": {"name": "os"}},
        {"call": "as_objective", "arguments": {"obj": "a:1"}},
        {"call": "channel", "arguments": {"layer": "a", "n_channel": "1"}},
        {"call": "channel", "arguments": {"other": 1}},
        {"call": ["channel"], "arguments": {}},
        {"operation": "sum", "terms": [1, 2]},
        {"operation": "sum", "terms": [{"call": "L1", "arguments": {}}, "x"]},
        {"operation": "power", "terms": [1, 2]},
        "channel",
    ):
        with pytest.raises(LucidError):
            from_tree(tree)
    deep = {"call": "L1", "arguments": {}}
    for _ in range(60):
        deep = {"operation": "product", "terms": [deep, 2]}
    with pytest.raises(ProvenanceError):
        from_tree(deep)


@pytest.mark.parametrize("ending", [".png", ".webp", ".jpg", ".avif", ".tif"])
def test_every_format_that_takes_the_recipe_gives_it_back(make_vis, tmp_path, ending):
    if ending == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    vis = make_vis(steps=1)
    vis.wait(120)
    path = vis.save(tmp_path / f"x{ending}")
    assert read_recipe(read_text(path)) == vis.recipe()


def test_no_value_anywhere_in_a_recipe_is_more_than_refused(make_vis):
    vis = with_turns(make_vis)
    sound = json.loads(vis.recipe().to_json())
    odd = st.sampled_from([None, True, -1, 0, 2**70, 1e308, "", "x", [], {}, [[]]])
    odd |= st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=5,
    )

    @given(where=st.sampled_from(list(places(sound))), value=odd)
    @hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
    def check(where, value):
        recipe = copy.deepcopy(sound)
        *way, last = where
        holder = recipe
        for name in way:
            holder = holder[name]
        holder[last] = value
        try:
            read = read_recipe(json.dumps(recipe))
            read.plans(vis.model)
            read.differences(vis.model)
        except LucidError:
            pass

    check()


def places(value, at=()):
    """Yield the way to every value inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in inner:
        yield (*at, name)
        if isinstance(part, dict | list):
            yield from places(part, (*at, name))


@pytest.mark.parametrize("ending", [".png", ".webp"])
def test_mutated_files_are_refused_or_read_and_nothing_else(make_vis, tmp_path, ending):
    vis = with_turns(make_vis)
    good = vis.save(tmp_path / f"good{ending}").read_bytes()
    rng = random.Random(5)
    text = vis.recipe().to_json()
    outcomes = {"refused": 0, "read": 0}
    for number in range(40):
        path = tmp_path / f"{number}{ending}"
        data = bytearray(good)
        match number % 4:
            case 0:  # bytes anywhere
                for _ in range(rng.randint(1, 20)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
            case 1:  # cut short
                del data[rng.randrange(len(data)) :]
            case 2:  # another length in a header
                data[rng.randrange(40)] ^= 1 << rng.randrange(8)
            case _:  # a broken recipe in a sound file
                at = rng.randrange(len(text))
                other = text[:at] + rng.choice('{}[]":,09eEx\\') + text[at + 1 :]
                data = bytearray(saved_with(tmp_path, other, "y.png").read_bytes())
        path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                FeatureVis.from_image(path).close()
        except LucidError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
    assert min(outcomes.values()) > 0, outcomes
