"""Every parameterization can become any photo."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.optvis import param

from .helpers import fitted, smooth_photo

H, W = 48, 64
PARAMETERIZATIONS = {
    "fft": lambda: param.image(W, H),
    "fft correlated": lambda: param.image(W, H, decorrelate=False),
    "pixels": lambda: param.image(W, H, fft=False),
    "pixels correlated": lambda: param.image(W, H, fft=False, decorrelate=False),
    "channels": lambda: param.image(W, H, channels=3),
    "pyramid": lambda: param.to_valid_rgb(
        param.laplacian_pyramid_image((1, H, W, 3)), decorrelate=True
    ),
    "shared": lambda: param.to_valid_rgb(
        param.fft_image((1, H, W, 3)) + param.lowres_tensor((1, H, W, 3), (1, 6, 8, 3))
    ),
    "clipped": lambda: param.to_valid_rgb(
        param.fft_image((1, H, W, 3)), decorrelate=True, sigmoid=False
    ),
}


@pytest.mark.parametrize("function", PARAMETERIZATIONS.values(), ids=PARAMETERIZATIONS)
def test_it_fits_a_smooth_photo(function):
    assert fitted(function, smooth_photo(H, W)[None]) < 0.01


def test_it_fits_a_real_photo(shared_data):
    from lucid_widgets.misc.io import load

    photo = load(str(shared_data / "data" / "photos" / "n02123394_Persian_cat.jpg"))
    photo = tf.image.resize(photo[..., :3], [H, W], antialias=True).numpy()
    photo = np.clip(photo, 1 / 255, 1 - 1 / 255)
    assert fitted(lambda: param.image(W, H), photo[None]) < 0.01
