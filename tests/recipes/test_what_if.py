"""Ablation, patches, cosine similarity: numbers against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ImageError, LucidError, ObjectiveError, SettingError
from lucid_widgets.misc.ndimage_utils import composite
from lucid_widgets.recipes.ablation import ablation
from lucid_widgets.recipes.cosine_similarity import cosine_similarity
from lucid_widgets.recipes.patch_sweep import patch_sweep, sweep_patch

RNG = np.random.default_rng(0)
PHOTO = RNG.random((20, 28, 3), np.float32)
OTHER = RNG.random((40, 30, 3), np.float32)


# Ablation -----------------------------------------------------------------------


def test_without_a_channel_the_classes_are_those_of_the_rest(tiny_model):
    found = ablation(tiny_model, [PHOTO, OTHER], ["conv2:3", "conv2:5"])
    means = tiny_model.activations(found.photos, "conv2").mean(axis=(1, 2))
    means[:, [3, 5]] = 0
    logits = means @ tiny_model.weight("logits_w") + tiny_model.weight("logits_b")
    powers = np.exp(logits)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.after, expected, rtol=1e-4)
    np.testing.assert_allclose(
        found.before, tiny_model.activations(found.photos, "softmax"), rtol=1e-4
    )
    change = found.after[1] - found.before[1]
    label, before, after = found.changed(photo=1)[0]
    index = int(np.abs(change).argmax())
    assert label == tiny_model.labels[index]
    assert after - before == pytest.approx(change[index], abs=1e-6)
    assert len(found.top(count=3)) == 3


def test_a_factor_of_one_changes_nothing(tiny_model):
    found = ablation(tiny_model, PHOTO, "conv1", factor=1)
    np.testing.assert_allclose(found.after, found.before, rtol=1e-5)


@pytest.mark.parametrize(
    "given",
    [{"units": []}, {"units": "conv9:1"}, {"units": "conv2:7"}, {"images": []},
     {"factor": np.nan}],
)  # fmt: skip
def test_impossible_ablations_are_refused(tiny_model, given):
    with pytest.raises(LucidError):
        ablation(**{"model": tiny_model, "images": PHOTO, "units": "conv2:1", **given})


# Patches ------------------------------------------------------------------------


def test_every_size_and_place_is_asked_for(tiny_model):
    sizes, places = (0.25, 0.5), [(0, 0), (1.0, 0.5), (0.5, 1)]
    stages = list(sweep_patch(tiny_model, PHOTO, OTHER, sizes=sizes, places=places))
    assert [np.isnan(stage.after).mean() for stage in stages] == [0.5, 0]
    sweep = stages[-1]
    patch = OTHER[5:35]  # the middle square
    np.testing.assert_array_equal(sweep.patch, patch)
    for row, size in enumerate(sizes):
        for column, place in enumerate(places):
            image = np.clip(composite(PHOTO, patch, size, place), 0, 1)
            np.testing.assert_array_equal(sweep.image(row, column), image)
            expected = tiny_model.activations(image, "softmax")[0]
            np.testing.assert_allclose(sweep.after[row, column], expected, rtol=1e-4)
    size, place, probability = sweep.best("cat")
    assert probability == sweep.after[..., 2].max() == sweep.after[size, place, 2]
    assert sweep.top(0, 0)[0][1] == sweep.after[0, 0].max()
    assert sweep.best("CAT") == sweep.best(2) == (size, place, probability)
    with pytest.raises(ObjectiveError, match="no class 'eel'"):
        sweep.best("eel")


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (SettingError, {"sizes": ()}),
        (SettingError, {"sizes": (0.0, 0.5)}),
        (SettingError, {"sizes": (0.9,)}),  # wider than the photo is high
        (SettingError, {"places": [(0, 1.5)]}),
        (ImageError, {"patch": np.ones((4, 4, 7), np.float32)}),
        (ImageError, {"image": PHOTO * 9}),
    ],
)
def test_impossible_sweeps_are_refused_before_the_work(tiny_model, error, given):
    with pytest.raises(error):
        sweep_patch(**{"model": tiny_model, "image": PHOTO, "patch": OTHER, **given})


def test_a_patch_of_the_same_colour_changes_nothing(tiny_model):
    grey = np.full((20, 28, 3), 0.5, np.float32)
    sweep = patch_sweep(tiny_model, grey, grey[:8, :8], sizes=(0.3,))
    np.testing.assert_allclose(sweep.after[0, 4], sweep.before, rtol=1e-4)


# Cosine similarity ----------------------------------------------------------------


def test_similarity_is_the_cosine_of_activations(tiny_model):
    alike = cosine_similarity(tiny_model, [PHOTO, OTHER], "conv2")
    acts = [tiny_model.activations(photo, "conv2")[0] for photo in alike.photos]
    vector = acts[0][4, 9]
    for found, act in zip(alike.to(0, 4, 9), acts, strict=True):
        norms = np.linalg.norm(act, axis=-1) * np.linalg.norm(vector)
        expected = np.divide(act @ vector, norms, where=norms > 0, out=0 * norms)
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert alike.to(0, 4, 9)[0][4, 9] == pytest.approx(1, abs=1e-5)
    assert alike.box(0, 4, 9) == (8, 18, 10, 20)
    overlays = alike.overlays(0, 4, 9, size=60)
    assert [overlay.shape for overlay in overlays] == [(60, 84, 3), (81, 60, 3)]
    for wrong in ((2, 0, 0), (0, 10, 0), (-1, 0, 0)):
        with pytest.raises(SettingError):
            alike.to(*wrong)
