"""Synthetic images of known shape, for measuring what a unit responds to.

A picture is given by an implicit function of the position: negative inside of the
object, positive outside. Positions are in pixels from the centre, `X` to the right and
`Y` down; functions get arrays and return arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucid_widgets.errors import SettingError

Implicit = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
Colour = Sequence[float]

# Points on a circle that are compared to find out whether a boundary passes through.
_CIRCLE = 16


def sample_binary_image(
    size: int,
    alias_factor: int = 10,
    color_a: Colour = (1, 1, 1),
    color_b: Colour = (0, 0, 0),
    boundary_line: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
    boundary_width: float = 1,
    blur_beyond_radius: float | None = None,
    fade_beyond_radius: float | None = None,
    fade_over_distance: float = 10,
    fade_color: Colour = (0.5, 0.5, 0.5),
    seed: int = 0,
) -> Callable[[Implicit], NDArray[np.float64]]:
    """Return a function that draws implicit functions; usable as a decorator.

    Args:
        size: height and width, in pixels.
        alias_factor: samples per pixel, for smooth edges.
        color_a: colour outside, RGB in [0, 1].
        color_b: colour inside, or of the boundary.
        boundary_line: draw the boundary alone.
        boundary_width: its half width, in pixels.
        blur_beyond_radius: distance from the centre, in pixels, from where on the
            picture is blurred more and more.
        fade_beyond_radius: distance from where on it fades.
        fade_over_distance: over how many pixels it fades.
        fade_color: to what it fades.
        seed: where the samples lie within a pixel; the same seed, the same picture.
            (Lucid draws them anew for every picture.)

    Returns:
        A function from an implicit function to an image ``[size, size, 3]``.

    Raises:
        SettingError: `size` or `alias_factor` is not positive.

    Example:
        >>> @sample_binary_image(32)
        ... def disc(X, Y):
        ...     return X**2 + Y**2 - 10**2
        >>> disc.shape
        (32, 32, 3)
    """
    for name, value in {"size": size, "alias_factor": alias_factor}.items():
        if value < 1:
            raise SettingError(f"{name} is {value!r}; expected at least 1")
    position = np.arange(size) - size // 2
    X, Y = position[None, :], position[:, None]
    radius = np.hypot(X, Y)
    spread = np.ones_like(radius)
    if blur_beyond_radius is not None:
        spread = spread + np.maximum(0, radius - blur_beyond_radius)
    fade = np.zeros_like(radius)
    if fade_beyond_radius is not None:
        fade = np.clip((radius - fade_beyond_radius) / fade_over_distance, 0, 1)
    within_pixel = np.random.default_rng(seed).uniform(-0.5, 0.5, (alias_factor, 2))
    angles = 2 * np.pi * np.arange(_CIRCLE) / _CIRCLE
    circle = boundary_width * np.stack([np.cos(angles), np.sin(angles)], axis=-1)

    def draw(implicit: Implicit) -> NDArray[np.float64]:
        def outside(x: float, y: float) -> NDArray[Any]:
            return np.asarray(implicit(X + spread * x, Y + spread * y)) >= 0

        def off_boundary(x: float, y: float) -> NDArray[Any]:
            around = np.mean([outside(x + dx, y + dy) for dx, dy in circle], axis=0)
            # Where no boundary passes, all points of the circle agree.
            return np.abs(around - 0.5) >= 0.495

        sample = off_boundary if boundary_line else outside
        a = np.mean([sample(x, y) for x, y in within_pixel], axis=0)[..., None]
        image = a * np.asarray(color_a) + (1 - a) * np.asarray(color_b)
        return (1 - fade[..., None]) * image + fade[..., None] * np.asarray(fade_color)

    return draw


def rmin(X: ArrayLike, Y: ArrayLike, r: float) -> NDArray[Any]:
    """Return the smaller of two numbers, rounded off where they are about equal.

    As the intersection of two implicit shapes it makes an edge of radius `r`. Source:
    C. Olah, "Manipulation of Implicit Functions (With an Eye on CAD)", 2011.
    """
    x, y = np.asarray(X), np.asarray(Y)
    near = np.abs(x - y) <= r
    ratio = np.clip((x - y) / (max(r, 1e-6) * math.sqrt(2)), -1, 1)
    arc = y + r * np.sin(np.pi / 4 + np.arcsin(ratio)) - r
    return np.where(near, arc, np.minimum(x, y))


def rounded_corner(
    orientation: float,
    r: float,
    angular_width: float = 90,
    size: int = 224,
    **kwds: Any,
) -> NDArray[np.float64]:
    """Draw a corner, rounded off: from a sharp angle to a gentle curve.

    Args:
        orientation: where it points, in degrees.
        r: radius of the curve, in pixels; 0 is sharp.
        angular_width: angle of the corner, in degrees.
        size: height and width, in pixels.
        **kwds: styles; see `sample_binary_image`.

    Returns:
        ``[size, size, 3]`` in [0, 1].
    """
    middle = math.radians(orientation) + math.pi / 2
    half = math.radians(angular_width) / 2
    # The normals of the two sides.
    first, second = middle - half, middle + half + math.pi
    # Keeps the curve, and not the corner that was cut off, in the centre.
    shift = r * (1 - 1 / math.sqrt(2))

    def corner(X: NDArray[Any], Y: NDArray[Any]) -> NDArray[Any]:
        one = math.cos(first) * X + math.sin(first) * Y + shift
        two = math.cos(second) * X + math.sin(second) * Y + shift
        return rmin(one, two, r)

    return sample_binary_image(size, **kwds)(corner)
