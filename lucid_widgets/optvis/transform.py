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

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import TransformError
from lucid_widgets.optvis.geometric import (
    Geometric,
    crop_or_pad_to,
    jitter,
    pad,
    random_rotate,
    random_scale,
    roll,
)
from lucid_widgets.optvis.param.random import image_sample
from lucid_widgets.optvis.randomness import draws
from lucid_widgets.optvis.warp import compose_maps, warp
from lucid_widgets.shapes import ImageTensor

__all__ = [
    "Transform",
    "collapse_alpha_random",
    "compose",
    "crop_or_pad_to",
    "crops_and_noise",
    "jitter",
    "normalize_gradient",
    "pad",
    "per_image",
    "random_rotate",
    "random_scale",
    "roll",
    "standard",
    "standard_transforms",
    "structure_of",
]

Transform = Callable[[ImageTensor], ImageTensor]


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

    inner.structure = structure_of(transforms)  # type: ignore[attr-defined]
    return inner


def per_image(transforms: Iterable[Transform]) -> Transform:
    """Return one transform that draws anew for each image of the batch.

    As a rule one draw is shared by the batch, so that its images stay comparable;
    images that should find their own way need their own draws.

    Args:
        transforms: as for `compose`; their output must be of one size.

    Example:
        >>> transforms = [per_image(standard_transforms)]
    """
    transforms = list(transforms)
    run = compose(transforms)

    def inner(t: ImageTensor) -> ImageTensor:
        if t.shape[0] is None:
            raise TransformError("per_image: expected a batch of known size")
        return tf.concat([run(image) for image in tf.split(t, t.shape[0])], axis=0)

    structure = structure_of(transforms)
    inner.structure = structure and ("per_image", structure)  # type: ignore[attr-defined]
    return inner


def _runs(transforms: Sequence[Transform]) -> list[list[Transform]]:
    """Group neighbours that can be fused."""
    runs: list[list[Transform]] = []
    open_run = False
    for transform in transforms:
        fuses = isinstance(transform, Geometric) and transform.fuses
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


def standard(pad: int, jitter: Any, rotate: Any, scale: Any) -> Transform:
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


def crops_and_noise(
    count: int = 16,
    size: int = 128,
    fractions: tuple[float, float] = (0.6, 0.25),
    steps: int = 256,
    noise: float = 0.08,
) -> Transform:
    """Show the model several crops of each image, with noise; for MACO.

    Places are normally distributed around the middle (standard deviation 0.15 of the
    image), sizes around a fraction that falls from the first of `fractions` to the
    second (standard deviation 0.05): coarse structure first, detail later. After Fel
    et al., "Unlocking Feature Visualization for Deeper Networks with MAgnitude
    Constrained Optimization" (NeurIPS 2023), who go from 0.5 to 0.05 in images of a
    thousand pixels and more; in smaller ones such crops hold little.

    Args:
        count: crops for each image. The model's batch is so many times larger, with
            the crops of image 0 first.
        size: of a crop as the model sees it, in pixels.
        fractions: side of a crop as a fraction of the image's, at first and at last.
        steps: over how many updates it falls.
        noise: standard deviation of the normal noise that is added, and width of
            the uniform noise.

    Example:
        >>> transforms = [crops_and_noise(16, size=64)]
    """
    if count < 1 or size < 1 or steps < 1 or not 0 < min(fractions) <= 1:
        raise TransformError(
            f"crops_and_noise({count}, {size}, {fractions}, {steps}): expected count, "
            "size and steps of at least 1, and fractions above 0, up to 1"
        )
    first, last = fractions

    def inner(t: ImageTensor) -> ImageTensor:
        drawn = draws()
        done = tf.minimum(tf.cast(drawn.step, tf.float32) / steps, 1.0)
        total = count * t.shape[0]
        middle = 0.5 + 0.15 * drawn.normal([total, 2])
        side = first + (last - first) * done + 0.05 * drawn.normal([total, 1])
        half = tf.clip_by_value(side, 0.05, 1.0) / 2
        boxes = tf.concat([middle - half, middle + half], axis=1)
        owners = tf.repeat(tf.range(t.shape[0]), count)
        crops = tf.image.crop_and_resize(
            t, boxes, owners, [size, size], extrapolation_value=0.5
        )
        shape = crops.shape.as_list()
        uniform = drawn.uniform(shape, -noise / 2, noise / 2)
        return crops + noise * drawn.normal(shape) + uniform

    inner.structure = ("crops_and_noise", count, size, fractions, steps, noise)  # type: ignore[attr-defined]
    return inner
