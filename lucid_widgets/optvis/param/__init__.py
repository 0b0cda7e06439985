"""Parameterizations: how variables become images."""

from lucid_widgets.optvis.param import (
    color,
    lowres,
    random,
    resize_bilinear_nd,
    spatial,
    unit_balls,
)
from lucid_widgets.optvis.param.color import to_valid_rgb
from lucid_widgets.optvis.param.cppn import cppn
from lucid_widgets.optvis.param.images import grayscale_image_rgb, image
from lucid_widgets.optvis.param.lowres import lowres_tensor
from lucid_widgets.optvis.param.maco import maco, magnitude_spectrum
from lucid_widgets.optvis.param.random import image_sample
from lucid_widgets.optvis.param.spatial import (
    bilinearly_sampled_image,
    fft_image,
    laplacian_pyramid,
    laplacian_pyramid_image,
    naive,
    pixel_image,
)

__all__ = [
    "bilinearly_sampled_image",
    "color",
    "cppn",
    "fft_image",
    "grayscale_image_rgb",
    "image",
    "image_sample",
    "laplacian_pyramid",
    "laplacian_pyramid_image",
    "lowres",
    "lowres_tensor",
    "maco",
    "magnitude_spectrum",
    "naive",
    "pixel_image",
    "random",
    "resize_bilinear_nd",
    "spatial",
    "to_valid_rgb",
    "unit_balls",
]
