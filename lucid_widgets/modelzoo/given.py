"""Checks of what people say about a model: value range, image size, labels."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import ModelError, SettingError


def checked_range(given: Any, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a value range as two arrays: a number each, or one number per channel.

    Args:
        given: what 0 and 1 in an image become for the network.
        channels: how many channels the images have.

    Raises:
        ModelError: it is not that.
    """
    try:
        low, high = (np.asarray(end, np.float64) for end in given)
    except (TypeError, ValueError):
        raise _no_range(given) from None
    if isinstance(given, str) or not all(
        end.shape in ((), (1,), (channels,)) and np.isfinite(end).all()
        for end in (low, high)
    ):
        raise _no_range(given)
    if np.any(low == high):
        raise ModelError(
            f"image_value_range is {given!r}: black and white would look alike"
        )
    return low, high


def _no_range(given: Any) -> ModelError:
    return ModelError(
        "image_value_range is a pair of what black and white become for the network, "
        "such as (0, 1), (-1, 1) or (0, 255), or a pair of arrays with one number per "
        f"channel; it was {str(given)[:100]}"
    )


def checked_shape(given: Any) -> tuple[int, int, int]:
    """Return ``(height, width, channels)``.

    Raises:
        ModelError: it is not three whole numbers from 1.
    """
    try:
        height, width, channels = (operator.index(length) for length in given)
    except (TypeError, ValueError):
        height = width = channels = 0
    if min(height, width, channels) < 1:
        raise ModelError(
            f"image_shape is [height, width, channels], and was given {given!r}"
        )
    return height, width, channels


def checked_labels(given: Sequence[str] | None) -> list[str] | None:
    """Return labels as a list of texts.

    Raises:
        SettingError: one text was given instead of a list.
    """
    if given is None:
        return None
    if isinstance(given, str):
        raise SettingError(
            f"labels are a list with one name per class, and were given {given[:50]!r}; "
            "for a file with one name per line: open(path).read().splitlines()"
        )
    return [str(label) for label in given]
