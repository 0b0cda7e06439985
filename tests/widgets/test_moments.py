"""Moments: how a picture grew, evenly spread, small."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.widgets.moments import MOST, MOST_BYTES, Moments


def flat(value: int, height: int = 30, width: int = 50) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def greys(moments: Moments) -> list[int]:
    images = [Image.open(io.BytesIO(file)) for file in moments.files()]
    return [round(float(np.asarray(image).mean())) for image in images]


def test_few_moments_are_all_kept_in_their_order():
    moments = Moments()
    for value in (10, 80, 150):
        moments.note(flat(value))
    assert greys(moments) == pytest.approx([10, 80, 150], abs=2)


@pytest.mark.parametrize("count", [MOST, MOST + 1, 100, 250])
def test_many_moments_are_thinned_and_stay_evenly_spread(count):
    moments = Moments()
    for value in range(count):
        moments.note(flat(value))
    kept = np.array(greys(moments))
    assert MOST / 2 <= len(kept) <= MOST
    assert kept[0] <= 2
    gaps = np.diff(kept)
    assert gaps.max() - gaps.min() <= 4
    assert kept[-1] >= count - 1 - gaps.max() - 2


def test_files_are_bounded_whatever_the_picture():
    rng = np.random.default_rng(0)
    moments = Moments()
    moments.note(rng.integers(0, 256, (700, 1100, 3), np.uint8))
    moments.note(rng.integers(0, 256, (40, 56, 1), np.uint8))
    large, small = moments.files()
    assert len(large) <= MOST_BYTES
    width, height = Image.open(io.BytesIO(large)).size
    assert width / height == pytest.approx(1100 / 700, rel=0.1)
    assert Image.open(io.BytesIO(small)).size == (56, 40)
