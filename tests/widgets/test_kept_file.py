from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.widgets.kept_file import kept_file

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_large_picture_is_kept_small_in_its_proportions(channels):
    noise = RNG.integers(0, 255, (200, 300, channels), np.uint8)
    kept = kept_file(noise, 3000)
    assert len(kept) <= 3000
    width, height = Image.open(io.BytesIO(kept)).size
    assert width / height == pytest.approx(1.5, rel=0.1)


def test_a_small_picture_keeps_its_pixels():
    flat = np.full((20, 30, 3), 90, np.uint8)
    assert Image.open(io.BytesIO(kept_file(flat))).size == (30, 20)
