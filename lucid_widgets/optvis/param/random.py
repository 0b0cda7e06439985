"""Images of noise with the spectrum of natural images, drawn anew every time."""

from __future__ import annotations

from collections.abc import Sequence

from lucid_widgets.optvis.param.color import to_valid_rgb
from lucid_widgets.optvis.param.spatial import rfft2d_freqs, spectrum_to_image
from lucid_widgets.optvis.randomness import draws
from lucid_widgets.shapes import ImageTensor


def rand_fft_image(
    shape: Sequence[int], sd: float | None = None, decay_power: float = 1
) -> ImageTensor:
    """Return numbers as from `fft_image`, but random in every step.

    Args:
        shape: `[batch, height, width, channels]`.
        sd: standard deviation of the coefficients; 0.01 when left out.
        decay_power: the power of the frequency that divides.
    """
    batch, h, w, channels = (int(length) for length in shape)
    size = (2, batch, channels, *rfft2d_freqs(h, w).shape)
    spectrum = (sd or 0.01) * draws().normal(size)
    return spectrum_to_image(spectrum, (batch, h, w, channels), decay_power)


def image_sample(
    shape: Sequence[int],
    decorrelate: bool = True,  # noqa: FBT001, FBT002 - Lucid's signature
    sd: float | None = None,
    decay_power: float = 1,
) -> ImageTensor:
    """Return random images, `[batch, height, width, 3]` in [0, 1].

    Args:
        shape: `[batch, height, width, 3]`.
        decorrelate: give colours the correlation of photographs.
        sd: contrast; 0.01 when left out.
        decay_power: how much lower frequencies weigh.
    """
    noise = rand_fft_image(shape, sd=sd, decay_power=decay_power)
    return to_valid_rgb(noise, decorrelate=decorrelate, sigmoid=True)
