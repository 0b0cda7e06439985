"""Activation atlases: collected, laid out, cut and drawn; each part against numpy."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import (
    LoadError,
    LucidError,
    MissingPackageError,
    ObjectiveError,
    SettingError,
    StoppedError,
)
from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.recipes.activation_atlas import (
    Collected,
    activation_atlas,
    aligned_activation_atlas,
    collect_activations,
    grow_atlas,
)
from lucid_widgets.recipes.activation_atlas import layout as layout_module
from lucid_widgets.recipes.activation_atlas.atlas import inverse_covariance
from lucid_widgets.recipes.activation_atlas.layout import (
    aligned_umap,
    bin_laid_out_activations,
    make_canvas,
    normalize_layout,
)
from lucid_widgets.recipes.activation_atlas.render import (
    direction_neuron_cossim_S,
    direction_neuron_S,
    render_icons,
)

RNG = np.random.default_rng(0)
PHOTOS = RNG.random((30, 20, 28, 3), np.float32)


# Collecting -----------------------------------------------------------------------


def test_activations_come_from_one_place_of_every_photo(tiny_model):
    found = collect_activations(tiny_model, "conv2", PHOTOS, batch_size=7, seed=3)
    acts = tiny_model.activations(PHOTOS, "conv2")
    rows, columns = found.places.T
    np.testing.assert_allclose(
        found.activations, acts[np.arange(30), rows, columns], atol=1e-5
    )
    assert found.photos.tolist() == list(range(30))
    assert len({tuple(place) for place in found.places.tolist()}) > 20


def test_attributions_are_gradient_times_activation(tiny_model):
    found = collect_activations(tiny_model, "conv2", PHOTOS[:5], classes=["cat", 0])
    weights = tiny_model.weight("logits_w")[:, [2, 0]] / 140  # the mean of 10 x 14
    np.testing.assert_allclose(
        found.attributions, found.activations @ weights, rtol=1e-3, atol=1e-6
    )


def test_what_was_stopped_goes_on_where_it_was_left(tiny_model, tmp_path):
    for number, photo in enumerate(PHOTOS[:12]):
        pixels = (photo * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number:02}.png")
    (tmp_path / "03.png").write_bytes(b"broken")
    file, stop, told = tmp_path / "kept" / "acts.npz", threading.Event(), []

    def progress(done, total):
        told.append((done, total))
        if done >= 4:
            stop.set()

    options = {"batch_size": 2, "path": file}
    with pytest.raises(StoppedError):
        collect_activations(
            tiny_model, "conv2", tmp_path, progress=progress, cancel=stop, **options
        )
    assert told == [(0, 12), (2, 12), (4, 12)]
    assert Collected.load(file).looked_at == 4
    found = collect_activations(tiny_model, "conv2", tmp_path, **options)
    whole = collect_activations(tiny_model, "conv2", tmp_path, batch_size=32)
    np.testing.assert_array_equal(found.places, whole.places)
    np.testing.assert_allclose(found.activations, whole.activations, atol=1e-6)
    assert found.photos.tolist() == [0, 1, 2, *range(4, 12)]
    with pytest.raises(LoadError, match="another collection"):
        collect_activations(tiny_model, "conv1", tmp_path, **options)


def test_bad_collections_are_refused(tiny_model, tmp_path):
    (tmp_path / "no.npz").write_bytes(b"PK no")
    with pytest.raises(LoadError, match="expected a file written by"):
        collect_activations(tiny_model, "conv2", PHOTOS, path=tmp_path / "no.npz")
    for given in ({"number": 0}, {"batch_size": 0}, {"classes": ["eel"]}):
        with pytest.raises(LucidError):
            collect_activations(tiny_model, "conv2", PHOTOS, **given)


# Layout ----------------------------------------------------------------------------


def test_both_margins_of_a_layout_are_alike():
    points = np.stack([np.linspace(0, 10, 101), np.linspace(5, 25, 101)], axis=1)
    found = normalize_layout(points, 0, 100, relative_margin=0.1)
    np.testing.assert_allclose(found[[0, -1]], [[1 / 12] * 2, [11 / 12] * 2])
    assert normalize_layout([[0, 0], [9, 9], [1, 1]]).max() <= 1
    np.testing.assert_array_equal(normalize_layout([[2, 3], [2, 3]]), np.zeros((2, 2)))


def test_cells_hold_means_and_counts_and_small_ones_are_left_out():
    layout = np.array([[0.1, 0.1], [0.2, 0.3], [0.9, 0.1], [0.9, 0.9], [1, 1]])
    acts = np.arange(10.0).reshape(5, 2)
    means, coordinates, counts = bin_laid_out_activations(layout, acts, 2, threshold=1)
    np.testing.assert_array_equal(means, [[1, 2], [7, 8]])
    assert coordinates.tolist() == [[0, 0], [1, 1]]
    assert counts.tolist() == [2, 2]
    _, coordinates, _ = bin_laid_out_activations(layout, acts, 2, threshold=0)
    assert coordinates.tolist() == [[0, 0], [1, 0], [1, 1]]
    icons = np.stack([np.full((3, 4, 3), level) for level in (0.0, 0.25, 0.5)])
    canvas = make_canvas(icons, coordinates, 2)
    assert canvas.shape == (6, 8, 3)
    assert canvas[[0, 3, 3, 0], [0, 0, 4, 4], 0].tolist() == [0, 0.25, 0.5, 1]


def test_without_umap_the_layout_is_another_and_that_is_said(monkeypatch, caplog):
    groups = np.repeat(np.eye(3), 20, axis=0) + 0.05 * RNG.random((60, 3))
    monkeypatch.setattr(layout_module.importlib.util, "find_spec", lambda name: None)
    first, second = aligned_umap([groups[:25], groups[25:]], seed=1)
    assert "t-SNE" in caplog.text
    assert (first.shape, second.shape) == ((25, 2), (35, 2))
    layout = np.concatenate([first, second])
    middles = layout.reshape(3, 20, 2).mean(axis=1)
    spread = layout.reshape(3, 20, 2).std(axis=1).max()
    assert np.linalg.norm(middles[0] - middles[1]) > spread
    flat = aligned_umap(groups, method="pca")
    assert flat.shape == (60, 2)
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(MissingPackageError, match=r"lucid-widgets\[atlas\]"):
        aligned_umap(groups, method="umap")


@pytest.mark.slow  # numba compiles for a minute
def test_umap_puts_what_is_alike_together():
    pytest.importorskip("umap")
    groups = np.repeat(np.eye(3), 20, axis=0) + 0.05 * RNG.random((60, 3))
    options = {"n_neighbors": 10, "n_epochs": 60}
    layout = aligned_umap(groups, options)
    parts = layout.reshape(3, 20, 2)
    gap = np.linalg.norm(parts.mean(axis=1)[:, None] - parts.mean(axis=1), axis=-1)
    assert gap[np.triu_indices(3, 1)].min() > parts.std(axis=1).max()


@pytest.mark.parametrize(
    "given",
    [
        {"activations": np.ones(5)},
        {"activations": np.ones((2, 5))},
        {"activations": [np.ones((4, 5)), np.ones((4, 6))]},
        {"activations": np.ones((9, 5)), "method": "magic"},
    ],
)
def test_impossible_layouts_are_refused(given):
    with pytest.raises(SettingError):
        aligned_umap(**given)
    with pytest.raises(SettingError):
        bin_laid_out_activations(np.ones((5, 2)), np.ones((4, 3)), 4)


# Icons -------------------------------------------------------------------------------


def test_directions_through_a_matrix_against_numpy(tiny_model):
    T = tiny_model.import_graph(PHOTOS[:3])
    acts = tiny_model.activations(PHOTOS[:3], "conv2")[:, 5, 7]
    vector, S = RNG.normal(size=7), RNG.normal(size=(7, 7))
    dot = (acts * (vector @ S)).mean(axis=1)
    plain = direction_neuron_S("conv2", vector, S=S)
    assert float(plain(T)) == pytest.approx(dot.mean(), rel=1e-4)
    cosine = np.maximum(dot / (1e-4 + np.linalg.norm(acts, axis=1)), 0.1)
    bent = direction_neuron_cossim_S("conv2", vector, S=S, cossim_pow=2)
    assert float(bent(T)) == pytest.approx((dot * cosine**2).mean(), rel=1e-4)
    with pytest.raises(ObjectiveError):
        direction_neuron_S("conv2", vector, S=np.ones((6, 6)))


def test_of_several_attempts_the_best_icon_is_kept(tiny_model):
    icons, extra = render_icons(
        np.eye(7)[:3], tiny_model, "conv2", size=24, n_steps=3, num_attempts=2
    )
    assert icons.shape == (3, 24, 24, 3)
    assert extra == []
    with pytest.raises(LucidError):
        render_icons(np.eye(7), tiny_model, "conv9")


def test_whitening_turns_the_mean_product_into_one():
    rng = np.random.default_rng(1)
    acts = rng.normal(size=(500, 5)) @ (np.eye(5) + 0.2 * rng.normal(size=(5, 5)))
    products = acts.T @ acts / 500
    np.testing.assert_allclose(
        inverse_covariance(acts) @ products, np.eye(5), atol=0.01
    )


# All of it ---------------------------------------------------------------------------

QUICK = {"method": "pca", "threshold": 1, "n_steps": 2, "icon_size": 20}


def test_an_atlas_fills_cell_by_cell(tiny_model):
    collected = collect_activations(tiny_model, "conv2", PHOTOS, classes=["cat"])
    stages = list(grow_atlas(tiny_model, collected, 3, **QUICK))
    cells = len(stages[0].counts)
    assert [stage.drawn.sum() for stage in stages] == list(range(cells + 1))
    assert stages[0].canvas().min() == 1
    last = stages[-1]
    assert last.canvas().shape == (60, 60, 3)
    weights = tiny_model.weight("logits_w")[:, 2] / 140
    np.testing.assert_allclose(last.attributions[:, 0], last.means @ weights, rtol=1e-3)
    one_class = next(grow_atlas(tiny_model, collected, 2, label="cat", **QUICK))
    assert len(one_class.layout) == (collected.attributions > 0).sum()
    with pytest.raises(SettingError, match="was not collected for"):
        grow_atlas(tiny_model, collected, 3, label="dog", **QUICK)
    with pytest.raises(SettingError, match="no cell"):
        grow_atlas(tiny_model, collected, 3, **{**QUICK, "threshold": 99})


def test_atlases_by_lucids_calls(tiny_model):
    quick = {key: QUICK[key] for key in ("method", "threshold")}
    canvas = activation_atlas(
        tiny_model, "conv2", 2, 20, images=PHOTOS, n_steps=2, **quick
    )
    assert canvas.shape == (40, 40, 3)
    other = tiny_model.edit(scale={"conv2": 2.0})
    both = aligned_activation_atlas(
        tiny_model, "conv2", other, "conv2", 2, 20, 2, images=PHOTOS, **quick
    )
    pictures = [list(growing)[-1] for growing in both]
    assert [picture.shape for picture in pictures] == [(40, 40, 3)] * 2
    # Twice as active, and otherwise the same: the same cells are filled.
    filled = [(picture != 1).any(axis=-1) for picture in pictures]
    np.testing.assert_array_equal(*filled)


def test_icons_of_weak_directions_are_not_kept_grey_by_the_calm_of_their_border():
    model = models.TinyInception()
    acts = model.activations(RNG.random((4, 64, 64, 3), np.float32), "mixed4a")
    weak = acts.reshape(-1, acts.shape[-1]).mean(axis=0)
    weak = (weak - weak.mean()) / np.linalg.norm(weak - weak.mean()) * len(weak)
    icons, _ = render_icons(
        weak[np.newaxis], model, "mixed4a", size=48, n_steps=48, num_attempts=1
    )
    inside = icons[0, 10:-10, 10:-10]
    assert inside.std(axis=(0, 1)).mean() > 0.06
