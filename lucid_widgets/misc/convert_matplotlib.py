"""Matplotlib figures as images."""

from __future__ import annotations

import io
from typing import Any

from lucid_widgets.misc.io.decoding import decode_image
from lucid_widgets.shapes import Pixels


def matplotlib_to_numpy(plt: Any) -> Pixels:
    """Return a figure as an image.

    Args:
        plt: a figure, or the module `matplotlib.pyplot` for the current one.

    Returns:
        float32 ``[height, width, 4]`` in [0, 1].

    Example:
        >>> plt.plot([1, 3, 2])    # doctest: +SKIP
        >>> matplotlib_to_numpy(plt).shape    # doctest: +SKIP
        (480, 640, 4)
    """
    file = io.BytesIO()
    plt.savefig(file, format="png")
    file.seek(0)
    return decode_image(file, "the figure")
