"""Classes: found by name or index, and their probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.modelzoo.classes import (
    class_index,
    class_names,
    class_probabilities,
    logits_of,
)
from tests.conftest import TinyModel


class Cranes(TinyModel):
    labels = ["crane", "Crane", "white crane", "dog"]  # noqa: RUF012


def test_a_class_is_found_by_index_by_name_and_by_a_part_that_only_it_has(tiny_model):
    assert logits_of(tiny_model) == "logits"
    assert class_index(tiny_model, 3) == 3
    assert class_index(tiny_model, np.int64(2)) == 2
    assert class_index(tiny_model, " Bee") == 1
    assert class_index(tiny_model, "ca") == 2
    assert class_index(Cranes(), "WHITE") == 2


def test_equal_names_are_told_apart_by_their_number():
    class Twins(TinyModel):
        labels = ["crane", "crane", "white crane", "dog"]  # noqa: RUF012

    assert class_names(Twins()) == ["crane", "crane (1)", "white crane", "dog"]
    assert class_index(Twins(), "crane (1)") == 1
    with pytest.raises(
        ObjectiveError, match=r"ambiguous: 'crane \(0\)', 'crane \(1\)'"
    ):
        class_index(Twins(), "crane")


@pytest.mark.parametrize("label", [4, -1, "eel", "", None, 1.5, True, "a"])
def test_other_classes_are_refused(tiny_model, label):
    with pytest.raises(ObjectiveError):
        class_index(tiny_model, label)


def test_probabilities_are_the_softmax(tiny_model):
    images = np.random.default_rng(0).random((3, 20, 28, 3), np.float32)
    found = class_probabilities(tiny_model, images)
    np.testing.assert_allclose(
        found, tiny_model.activations(images, "softmax"), atol=1e-6
    )
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
