"""Many channels as colours: every channel gets a hue, pixels mix them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucid_widgets.errors import ImageError

# Around the colour wheel, one corner of the RGB cube every 60 degrees.
_CORNERS = np.array(
    [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1]], np.float64
)
_CORNERS /= np.linalg.norm(_CORNERS, axis=1, keepdims=True)


def hue_to_rgb(ang: float, warp: bool = True) -> NDArray[np.float64]:  # noqa: FBT001, FBT002 - Lucid's signature
    """Return the unit RGB vector of a hue.

    Args:
        ang: angle on the colour wheel, in degrees; 0 is red, 120 green, 240 blue.
        warp: spend more of the circle on the mixed colours than on the primaries,
            between which the eye sees little difference.

    Returns:
        RGB, shape ``[3]``, of length 1.
    """
    corner, within = divmod((ang % 360.0) / 60.0, 1.0)
    first = int(corner) % 6
    if warp and first % 2 == 0:
        within = math.sin(within * math.pi / 2)
    elif warp:
        within = 1 - math.sin((1 - within) * math.pi / 2)
    mixed = (1 - within) * _CORNERS[first] + within * _CORNERS[(first + 1) % 6]
    return mixed / np.linalg.norm(mixed)


def sparse_channels_to_rgb(X: ArrayLike) -> NDArray[np.floating[Any]]:
    """Show non-negative channels as evenly spaced hues.

    The strongest channel of a pixel gives its hue, the others wash it out towards
    white, and the length of the RGB vector is the length of the channel vector.

    Args:
        X: ``[..., channels]``, no negative values.

    Returns:
        ``[..., 3]``; values may pass 1 where several channels are strong.

    Raises:
        ImageError: a value is negative; see `collapse_channels`.
    """
    values = _channels(X)
    if (values < 0).any():
        raise ImageError(
            f"the smallest channel value is {values.min():.4g}; expected none below 0: "
            "use collapse_channels, which splits positive from negative"
        )
    count = values.shape[-1]
    hues = np.stack([hue_to_rgb(360 * k / count) for k in range(count)])
    rgb = values @ hues.astype(values.dtype)
    rgb = rgb + (values.sum(-1, keepdims=True) - values.max(-1, keepdims=True))
    # The small constant keeps empty pixels black.
    rgb = rgb / (1e-4 + np.linalg.norm(rgb, axis=-1, keepdims=True))
    return rgb * np.linalg.norm(values, axis=-1, keepdims=True)


def collapse_channels(X: ArrayLike) -> NDArray[np.floating[Any]]:
    """Show any number of channels, of any sign, as colours.

    When a value is negative, every channel is split into its positive and its
    negative part first, and each part gets a hue of its own.

    Args:
        X: ``[..., channels]``.

    Returns:
        ``[..., 3]``, not negative.

    Example:
        >>> collapse_channels(np.eye(2)[None]).shape
        (1, 2, 3)
    """
    values = _channels(X)
    if (values < 0).any():
        values = np.concatenate([values.clip(0), (-values).clip(0)], axis=-1)
    return sparse_channels_to_rgb(values)


def _channels(X: ArrayLike) -> NDArray[np.floating[Any]]:
    values = np.asarray(X)
    if values.ndim == 0 or values.shape[-1] == 0:
        raise ImageError(
            f"an array of shape {values.shape} has no channels; "
            "expected [..., channels] with at least one"
        )
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float64)
    return values
