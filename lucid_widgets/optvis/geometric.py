"""Transforms that move pixels: Lucid's five, one by one.

Called one by one they do exactly what Lucid's did (angles excepted: here 180 degrees
are pi). `transform.compose` fuses neighbours into one resampling.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import TransformError
from lucid_widgets.optvis.randomness import draws
from lucid_widgets.optvis.warp import rotation, translation, warp, zoom
from lucid_widgets.shapes import ImageTensor


class Geometric:
    """A transform that moves pixels, and can be fused with its neighbours.

    `draw` decides what happens in this step; `apply` does it as Lucid did; `map`
    gives it as an affine map, from positions in the output to positions in the
    input, both counted from the middle of the image.
    """

    resamples = False
    """Whether pixels end up between pixels."""
    fuses = True
    """Whether the outcome is a view of one picture and a colour around it."""
    fill: float | None = None
    """The colour that it adds around the picture."""
    structure: Hashable | None = None
    """Equal for transforms that mean the same."""

    def __call__(self, t: ImageTensor) -> ImageTensor:
        """Return the image transformed at random."""
        t = tf.convert_to_tensor(t)
        return self.apply(t, self.draw())

    def draw(self) -> Any:
        """Return this step's random choice."""

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        """Return the image transformed by what was drawn."""
        raise NotImplementedError

    def map(self, drawn: Any) -> Any:
        """Return what was drawn as a 3 x 3 matrix, or None for the identity."""

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the size of the output (of the mean scale)."""
        return height, width


class jitter(Geometric):  # noqa: N801 - Lucid's name
    """Cut out a random part of the image, `d` pixels smaller.

    Args:
        d: how many pixels to lose, in height and in width.
        seed: kept for Lucid's sake; the run's seed decides.

    Raises:
        TransformError: `d` is negative, or as large as the image.

    Example:
        >>> render_vis(model, "mixed4a:30", transforms=[jitter(2)])
    """

    def __init__(self, d: Any, seed: Any = None) -> None:
        del seed
        self.d = d if tf.is_tensor(d) else _pixels("jitter", d)
        self.structure = None if tf.is_tensor(d) else ("jitter", self.d)

    def draw(self) -> Any:
        """Return the part's place: row and column, `[2]`."""
        return draws().below(self.d + 1, [2])

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        """Cut out the part."""
        height, width = self.size(*_static_size(t, "jitter"))
        return tf.slice(
            t,
            [0, drawn[0], drawn[1], 0],
            [t.shape[0] or -1, height, width, t.shape[3] or -1],
        )

    def map(self, drawn: Any) -> Any:
        """Return the step from the middle of the image to that of the part."""
        half = tf.floor(self.d / 2) if tf.is_tensor(self.d) else self.d / 2
        offset = tf.cast(drawn, tf.float32) - tf.cast(half, tf.float32)
        return translation(offset[0], offset[1])

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return a size smaller by `d`."""
        if min(height, width) <= self.d:
            raise TransformError(
                f"jitter({self.d}) leaves nothing of an image of {height} x {width} "
                "px: use less jitter, a larger image, or pad first"
            )
        return height - self.d, width - self.d


class pad(Geometric):  # noqa: N801 - Lucid's name
    """Add a border of `w` pixels on all four sides.

    Args:
        w: width of the border, in pixels.
        mode: "REFLECT" mirrors the image (w must be smaller than the image),
            "SYMMETRIC" does so with the outermost pixels twice, "constant" fills with
            `constant_value`, "uniform" with one random number in [0, 1] per step.
        constant_value: what "constant" fills with; "uniform" for a random number.

    Raises:
        TransformError: an unknown mode, a negative width, or a mirror wider than
            the image.
    """

    def __init__(
        self, w: int, mode: str = "REFLECT", constant_value: float | str = 0.5
    ) -> None:
        if str(mode).lower() not in ("reflect", "symmetric", "constant", "uniform"):
            raise TransformError(
                f"pad: mode is {mode!r}; expected 'REFLECT', 'SYMMETRIC', 'constant' or "
                "'uniform'"
            )
        self.w, self.mode = _pixels("pad", w), mode.lower()
        if self.mode == "constant" and constant_value == "uniform":  # Lucid's way
            self.mode = "uniform"
        self.fuses = self.mode == "constant"
        self.fill = _colour("pad", constant_value) if self.fuses else None
        self.structure = ("pad", self.w, self.mode, self.fill or 0.0)

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        """Add the border."""
        height, width = _static_size(t, "pad")
        mirrors = self.mode in ("reflect", "symmetric")
        if mirrors and self.w >= min(height, width) + (self.mode == "symmetric"):
            raise TransformError(
                f"pad({self.w}) mirrors more than an image of {height} x {width} px "
                "has: use a narrower border, or mode='constant'"
            )
        margins = [[0, 0], [self.w] * 2, [self.w] * 2, [0, 0]]
        if mirrors:
            return tf.pad(
                t, margins, mode="REFLECT" if self.mode == "reflect" else "SYMMETRIC"
            )
        value: Any = draws().uniform() if self.mode == "uniform" else self.fill
        return tf.pad(t, margins, constant_values=tf.cast(value, t.dtype))

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return a size larger by both borders."""
        return height + 2 * self.w, width + 2 * self.w


class random_scale(Geometric):  # noqa: N801 - Lucid's name
    """Resize by a factor drawn from a collection.

    Called by itself, the new size is `int(factor * size)`, and positions are
    measured from the upper left corner, as TensorFlow 1 did.

    Args:
        scales: the factors; each is equally likely. A generator is read at once.
        seed: kept for Lucid's sake; the run's seed decides.

    Raises:
        TransformError: no factors, or one that is not positive.
    """

    resamples = True

    def __init__(self, scales: Iterable[float], seed: Any = None) -> None:
        del seed
        self.scales, self.structure = _collection("random_scale", scales)
        if self.structure and min(self.scales) <= 0:
            raise TransformError(
                f"random_scale: the smallest factor is {min(self.scales)}; expected "
                "positive factors"
            )

    def draw(self) -> Any:
        """Return a factor."""
        return _choice(self.scales)

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        """Resize."""
        shape = tf.cast(tf.shape(t)[1:3], tf.float32)
        # The tiny addend undoes float32's rounding: int(0.9 * 150) is 135.
        size = tf.cast(drawn * shape + 1e-4, tf.int32)
        return tf.raw_ops.ResizeBilinear(images=t, size=tf.maximum(size, 1))

    def map(self, drawn: Any) -> Any:
        """Return the zoom."""
        return zoom(1.0 / drawn)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the size at the mean factor."""
        mean = float(np.mean(self.scales))
        return max(1, int(mean * height + 1e-6)), max(1, int(mean * width + 1e-6))


class random_rotate(Geometric):  # noqa: N801 - Lucid's name
    """Turn the image about its middle by an angle drawn from a collection.

    Positive angles turn counter-clockwise. Called by itself, pixels are taken from
    their nearest neighbour and the corners are black.

    Args:
        angles: the angles; each is equally likely. A generator is read at once.
        units: "degrees" or "radians" ("rads", "rad").
        seed: kept for Lucid's sake; the run's seed decides.

    Raises:
        TransformError: no angles, or another unit.
    """

    resamples = True

    def __init__(
        self, angles: Iterable[float], units: str = "degrees", seed: Any = None
    ) -> None:
        del seed
        if units.lower() not in ("degrees", "radians", "rads", "rad"):
            raise TransformError(
                f"random_rotate: units is {units!r}; expected 'degrees' or 'radians'"
            )
        self._factor = math.pi / 180 if units.lower() == "degrees" else 1.0
        self.angles, structure = _collection("random_rotate", angles)
        self.structure = structure and (*structure, units.lower())

    def draw(self) -> Any:
        """Return an angle in radians."""
        return self._factor * _choice(self.angles)

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        """Turn, taking nearest neighbours."""
        height, width = _static_size(t, "random_rotate")
        return warp(t, self.map(drawn), (height, width), interpolation="NEAREST")

    def map(self, drawn: Any) -> Any:
        """Return the turn."""
        return rotation(drawn)


class crop_or_pad_to(Geometric):  # noqa: N801 - Lucid's name
    """Bring images to a fixed size, about their middle; for models that need one.

    Args:
        height: of the result, in pixels.
        width: of the result, in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height = _pixels("crop_or_pad_to", height, 1)
        self.width = _pixels("crop_or_pad_to", width, 1)
        self.structure = ("crop_or_pad_to", self.height, self.width)

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        """Crop, or pad with black."""
        return tf.image.resize_with_crop_or_pad(t, self.height, self.width)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the fixed size."""
        return self.height, self.width


class roll(Geometric):  # noqa: N801 - as lower case as its neighbours
    """Move the image by up to `d` pixels each way; what leaves comes in again.

    For images that tile, and for DeepDream.

    Args:
        d: the farthest move, in pixels.
    """

    fuses = False

    def __init__(self, d: int) -> None:
        self.d = _pixels("roll", d)
        self.structure = ("roll", self.d)

    def draw(self) -> Any:
        """Return how far to move: down and right, `[2]`."""
        return draws().below(2 * self.d + 1, [2]) - self.d

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        """Move the image."""
        return tf.roll(t, drawn, axis=[1, 2])


def _pixels(name: str, value: Any, least: int = 0) -> int:
    number: Any = value if isinstance(value, numbers.Real) else -1
    whole = math.isfinite(number) and number == int(number)
    if isinstance(value, bool) or not whole or number < least:
        raise TransformError(
            f"{name}({value!r}): expected a whole number of pixels, {least} or more"
        )
    return int(number)


def _colour(name: str, value: Any) -> float:
    if (
        isinstance(value, bool | str)
        or not np.isscalar(value)
        or not np.isfinite(value)
    ):
        raise TransformError(
            f"{name}: constant_value is {value!r}; expected a number, or 'uniform'"
        )
    return float(value)  # type: ignore[arg-type]


def _collection(name: str, values: Any) -> tuple[Any, Any]:
    """Return the values as an array (or tensor), and the structure."""
    if tf.is_tensor(values):
        return values, None
    try:
        array = np.asarray(list(values), np.float32)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise TransformError(
            f"{name}({values!r}): expected a list of finite numbers, at least one"
        )
    return array, (name, tuple(array.tolist()))


def _choice(values: Any) -> Any:
    return tf.gather(values, draws().below(values.shape[0]))


def _static_size(t: ImageTensor, name: str) -> tuple[int, int]:
    height, width = t.shape[1:3]
    if height is None or width is None:
        raise TransformError(
            f"{name}: the image's size is not known when the step is compiled; "
            "expected images of fixed height and width: resize them first"
        )
    return height, width
