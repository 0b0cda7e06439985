"""Parameterizations: how variables become images."""

from lucid_widgets.optvis.param.color import to_valid_rgb
from lucid_widgets.optvis.param.images import grayscale_image_rgb, image
from lucid_widgets.optvis.param.spatial import fft_image, pixel_image
from lucid_widgets.optvis.param.spatial import pixel_image as naive

__all__ = [
    "fft_image",
    "grayscale_image_rgb",
    "image",
    "naive",
    "pixel_image",
    "to_valid_rgb",
]
