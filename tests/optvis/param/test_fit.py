"""Every parameterization can become any photo.

MACO keeps its magnitudes and a CPPN has few variables: these two cannot, on purpose.
"""

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
    "odd": lambda: param.image(W - 1, H - 1),
    "odd pyramid": lambda: param.to_valid_rgb(
        param.laplacian_pyramid_image((1, H - 1, W - 1, 3))
    ),
    "alpha": lambda: param.image(W, H, alpha=True),
    "grey": lambda: param.grayscale_image_rgb(W, H),
    "texture": lambda: param.to_valid_rgb(
        param.bilinearly_sampled_image(param.pixel_image((1, H, W, 3))[0], _uv())[None]
    ),
    "ball": lambda: param.unit_balls.unit_ball_L_inf((1, H, W, 3)) / 2 + 0.5,
    "a batch with a common part": lambda: param.to_valid_rgb(
        param.fft_image((2, H, W, 3)) + param.lowres_tensor((2, H, W, 3), (1, 6, 8, 3))
    ),
}


def _uv() -> np.ndarray:
    u, v = np.meshgrid((np.arange(W) + 0.5) / W, 1 - (np.arange(H) + 0.5) / H)
    return np.stack([u, v], axis=-1).astype(np.float32)


@pytest.mark.parametrize("function", PARAMETERIZATIONS.values(), ids=PARAMETERIZATIONS)
def test_it_fits_a_smooth_photo(function):
    image = function()
    _, height, width, channels = image.shape
    photo = smooth_photo(H, W)[:height, :width]
    photo = np.concatenate([photo, photo[..., :1]], axis=-1)[..., :channels]
    if function is PARAMETERIZATIONS["grey"]:
        photo = np.repeat(photo[..., :1], 3, axis=-1)
    assert fitted(function, np.stack([photo, photo[::-1]])[: len(image)]) < 0.01


def test_it_fits_a_real_photo(shared_data):
    from lucid_widgets.misc.io import load

    photo = load(str(shared_data / "data" / "photos" / "n02123394_Persian_cat.jpg"))
    photo = tf.image.resize(photo[..., :3], [H, W], antialias=True).numpy()
    photo = np.clip(photo, 1 / 255, 1 - 1 / 255)
    assert fitted(lambda: param.image(W, H), photo[None]) < 0.01
