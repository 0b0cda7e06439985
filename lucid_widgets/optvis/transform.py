"""Transforms: random changes that a visualization must survive.

    (config) => (tensor) => (stochastically transformed tensor)

Tensors are images, `[batch, height, width, channels]`. One random draw per step is
shared by the whole batch.

Called one by one, the transforms do exactly what Lucid's did (angles excepted: here
180 degrees are pi). In a list they are fused: a run of geometric transforms becomes
one affine map, drawn anew in every step, and the image is resampled once, bilinearly,
to a fixed size. That is faster and blurs less. What differs from a chain of single
resamplings, knowingly:

- The output always has the size that goes with the mean scale; a drawn scale
  magnifies about the middle instead of changing the number of pixels.
- Where a chain would show what it had cut off or never seen (the corners of a
  turned image), the picture goes on if there is any; beyond it lies the colour of
  the run's constant padding, or black if there was none.
- Rotation interpolates between pixels instead of taking the nearest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import TransformError
from lucid_widgets.optvis.param.random import image_sample
from lucid_widgets.optvis.randomness import draws
from lucid_widgets.optvis.warp import compose_maps, rotation, translation, warp, zoom
from lucid_widgets.shapes import ImageTensor

Transform = Callable[[ImageTensor], ImageTensor]


class Geometric:
    """A transform that moves pixels, and can be fused with its neighbours.

    `draw` decides what happens in this step; `apply` does it as Lucid did; `map`
    gives it as an affine map, from positions in the output to positions in the
    input, both counted from the middle of the image.
    """

    resamples = False
    fill: float | None = None

    def __call__(self, t: ImageTensor) -> ImageTensor:
        t = tf.convert_to_tensor(t)
        return self.apply(t, self.draw())

    def draw(self) -> Any:
        """Return this step's random choice."""

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        """Return the image transformed by what was drawn."""
        raise NotImplementedError

    def map(self, drawn: Any) -> Any:
        """Return a 3 x 3 matrix, or None for the identity."""
        raise NotImplementedError

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
        if not tf.is_tensor(d) and (d < 0 or d != int(d)):
            raise TransformError(
                f"jitter({d!r}): expected a whole number of pixels, 0 or more"
            )
        self.d = d if tf.is_tensor(d) else int(d)
        self.structure = ("jitter", self.d) if not tf.is_tensor(d) else None

    def draw(self) -> Any:
        return draws().below(self.d + 1, [2])

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        height, width = self.size(*_static_size(t, "jitter"))
        return tf.slice(
            t,
            [0, drawn[0], drawn[1], 0],
            [t.shape[0] or -1, height, width, t.shape[3] or -1],
        )

    def map(self, drawn: Any) -> Any:
        half = tf.floor(self.d / 2) if tf.is_tensor(self.d) else self.d / 2
        offset = tf.cast(drawn, tf.float32) - tf.cast(half, tf.float32)
        return translation(offset[0], offset[1])

    def size(self, height: int, width: int) -> tuple[int, int]:
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
            "constant" fills with `constant_value`, "uniform" with one random
            number in [0, 1] per step.
        constant_value: what "constant" fills with.

    Raises:
        TransformError: an unknown mode, a negative width, or a mirror wider than
            the image.
    """

    def __init__(self, w: int, mode: str = "REFLECT", constant_value: float = 0.5):
        if mode.lower() not in ("reflect", "constant", "uniform"):
            raise TransformError(
                f"pad: mode is {mode!r}; expected 'REFLECT', 'constant' or 'uniform'"
            )
        if w < 0 or w != int(w):
            raise TransformError(
                f"pad({w!r}): expected a whole number of pixels, 0 or more"
            )
        self.w, self.mode = int(w), mode.lower()
        self.constant_value = constant_value
        self.fill = float(constant_value) if self.mode == "constant" else None
        self.structure = ("pad", self.w, self.mode, float(constant_value))

    @property
    def fuses(self) -> bool:
        """Whether the border is one colour that goes on for ever."""
        return self.mode == "constant"

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        height, width = _static_size(t, "pad")
        if self.mode == "reflect" and self.w >= min(height, width):
            raise TransformError(
                f"pad({self.w}) mirrors more than an image of {height} x {width} px "
                "has: use a narrower border, or mode='constant'"
            )
        margins = [[0, 0], [self.w] * 2, [self.w] * 2, [0, 0]]
        if self.mode == "reflect":
            return tf.pad(t, margins, mode="REFLECT")
        value = draws().uniform() if self.mode == "uniform" else self.constant_value
        return tf.pad(t, margins, constant_values=tf.cast(value, t.dtype))

    def map(self, drawn: Any) -> Any:
        return None

    def size(self, height: int, width: int) -> tuple[int, int]:
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
        return _choice(self.scales)

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        shape = tf.cast(tf.shape(t)[1:3], tf.float32)
        # The tiny addend undoes float32's rounding: int(0.9 * 150) is 135.
        size = tf.cast(drawn * shape + 1e-4, tf.int32)
        return tf.raw_ops.ResizeBilinear(images=t, size=tf.maximum(size, 1))

    def map(self, drawn: Any) -> Any:
        return zoom(1.0 / drawn)

    def size(self, height: int, width: int) -> tuple[int, int]:
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
        return self._factor * _choice(self.angles)

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        height, width = _static_size(t, "random_rotate")
        return warp(t, self.map(drawn), (height, width), interpolation="NEAREST")

    def map(self, drawn: Any) -> Any:
        return rotation(drawn)


class crop_or_pad_to(Geometric):  # noqa: N801 - Lucid's name
    """Bring images to a fixed size, about their middle; for models that need one.

    Args:
        height: of the result, in pixels.
        width: of the result, in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = int(height), int(width)
        self.structure = ("crop_or_pad_to", self.height, self.width)

    def apply(self, t: ImageTensor, drawn: Any) -> ImageTensor:
        return tf.image.resize_with_crop_or_pad(t, self.height, self.width)

    def map(self, drawn: Any) -> Any:
        return None

    def size(self, height: int, width: int) -> tuple[int, int]:
        return self.height, self.width


def _collection(name: str, values: Any) -> tuple[Any, Any]:
    """Return the values as an array (or tensor), and the structure."""
    if tf.is_tensor(values):
        return values, None
    array = np.asarray(list(values), np.float32)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise TransformError(f"{name}: expected finite numbers, at least one")
    return array, (name, tuple(array.tolist()))


def _choice(values: Any) -> Any:
    return tf.gather(values, draws().below(values.shape[0]))


def _static_size(t: ImageTensor, name: str) -> tuple[int, int]:
    height, width = t.shape[1], t.shape[2]
    if height is None or width is None:
        shape = tf.shape(t)
        return shape[1], shape[2]
    return height, width


def _fuse(run: Sequence[Geometric], window: tuple[int, int] | None = None) -> Transform:
    """Return one transform that does what a run of geometric ones does.

    Args:
        run: the transforms.
        window: size of the output; left out, the size that the run arrives at.
    """

    def inner(t: ImageTensor) -> ImageTensor:
        size = (t.shape[1], t.shape[2])
        if window is None:
            for transform in run:
                size = transform.size(*size)
        matrix = compose_maps([transform.map(transform.draw()) for transform in run])
        fill = next((step.fill for step in run if step.fill is not None), 0.0)
        return warp(t, matrix, window or size, fill=fill)

    return inner


def compose(transforms: Iterable[Transform]) -> Transform:
    """Return one transform that applies several, left to right, fused.

    Args:
        transforms: the transforms; anything that maps images to images.

    Raises:
        TransformError: one of them cannot be called.
    """
    transforms = list(transforms)
    for transform in transforms:
        if not callable(transform):
            raise TransformError(
                f"{transform!r} is no transform; expected functions of an image, such "
                "as transform.jitter(8)"
            )

    def inner(t: ImageTensor) -> ImageTensor:
        t = tf.convert_to_tensor(t)
        for group in _runs(transforms):
            fusable = sum(
                step.resamples for step in group if isinstance(step, Geometric)
            )
            static = None not in t.shape[1:3]
            if len(group) > 1 and fusable and static:
                t = _fuse(group)(t)  # type: ignore[arg-type]
            else:
                for transform in group:
                    t = transform(t)
        return t

    return inner


def _runs(transforms: Sequence[Transform]) -> list[list[Transform]]:
    """Group neighbours that can be fused."""
    runs: list[list[Transform]] = []
    open_run = False
    for transform in transforms:
        fuses = isinstance(transform, Geometric) and getattr(transform, "fuses", True)
        # A border of its own colour must be the first to be seen.
        new_fill = fuses and transform.fill is not None  # type: ignore[union-attr]
        if fuses and open_run and not new_fill:
            runs[-1].append(transform)
        else:
            runs.append([transform])
        open_run = fuses
    return runs


def structure_of(transforms: Sequence[Transform]) -> tuple[Any, ...] | None:
    """Return what identifies a list of transforms; None if one is unknown."""
    structures = tuple(getattr(step, "structure", None) for step in transforms)
    return None if None in structures else structures


_STANDARD_SCALES = tuple(1 + (i - 5) / 50.0 for i in range(11))
_STANDARD_ANGLES = (*range(-10, 11), *[0] * 5)

standard_transforms = [
    pad(12, mode="constant", constant_value=0.5),
    jitter(8),
    random_scale(_STANDARD_SCALES),
    random_rotate(_STANDARD_ANGLES),
    jitter(4),
]
"""Lucid's standard set; `render_vis` uses it unless told otherwise."""


def standard(pad: int, jitter: Any, rotate: Any, scale: Any) -> Transform:  # noqa: A002
    """Return the standard set with numbers of your own; tensors, if you like.

    The network sees a window that is `pad` pixels larger than the image (the size
    that `standard_transforms` arrives at), in which the image moves. With the
    default numbers this equals `standard_transforms`, draw for draw.

    Args:
        pad: width of the grey border that may move into view, in pixels.
        jitter: how far the image moves, in pixels; and once more by half of that.
        rotate: how far it turns, in degrees.
        scale: by which fraction it grows or shrinks.
    """
    border = globals()["pad"](pad, mode="constant", constant_value=0.5)
    move = globals()["jitter"]

    def inner(t: ImageTensor) -> ImageTensor:
        distance = tf.cast(jitter, tf.int32)
        scales = 1 + tf.cast(scale, tf.float32) * (np.arange(11, dtype="f4") - 5) / 5
        angles = tf.cast(rotate, tf.float32) * np.array(_STANDARD_ANGLES, "f4") / 10
        run = [
            border,
            move(distance),
            random_scale(scales),
            random_rotate(angles),
            move(distance // 2),
        ]
        margin = 2 * (pad // 2)
        return _fuse(run, (t.shape[1] + margin, t.shape[2] + margin))(t)

    return inner


def normalize_gradient(grad_scales: Any = None) -> Transform:
    """Leave images alone, and divide their gradients by their norms.

    Args:
        grad_scales: one factor for each image of the batch, `[batch]`.

    A gradient that is 0 everywhere stays 0 (in Lucid it became NaN).
    """
    scales = None if grad_scales is None else np.asarray(grad_scales, np.float32)

    @tf.custom_gradient
    def inner(t: ImageTensor) -> Any:
        def gradient(grad: Any) -> Any:
            squares = tf.reduce_sum(grad**2, axis=[1, 2, 3], keepdims=True)
            grad = tf.math.divide_no_nan(grad, tf.sqrt(squares))
            return grad if scales is None else grad * scales[:, None, None, None]

        return tf.identity(t), gradient

    return inner


def collapse_alpha_random(sd: float = 0.5) -> Transform:
    """Put images with an alpha channel on a background drawn anew in every step.

    Args:
        sd: contrast of the background.

    Example:
        >>> transforms = [collapse_alpha_random(), *standard_transforms]
    """

    def inner(t: ImageTensor) -> ImageTensor:
        if t.shape[-1] != 4:
            raise TransformError(
                f"collapse_alpha_random: the image has {t.shape[-1]} channels; "
                "expected 4: use param.image(..., alpha=True)"
            )
        rgb, alpha = t[..., :3], t[..., 3:]
        return alpha * rgb + (1 - alpha) * image_sample(rgb.shape.as_list(), sd=sd)

    inner.structure = ("collapse_alpha_random", sd)  # type: ignore[attr-defined]
    return inner
