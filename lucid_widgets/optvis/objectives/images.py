"""Objectives about the image itself (or any layer, as an image): penalties.

All are positive and meant to be subtracted, apart from
`penalize_boundary_complexity`, which is negative and meant to be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis import objectives_util as util
from lucid_widgets.optvis.objectives.wrapping import factory
from lucid_widgets.shapes import ScalarTensor


@factory(layers=["layer"])
def total_variation(layer: str = "input", batch: int | None = None) -> Any:
    """How much neighbouring positions differ: subtract it.

    The sum of absolute differences between vertical and horizontal neighbours,
    a vector `[batch]` as in Lucid.

    Args:
        layer: the layer; left out, the image itself.
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any) -> ScalarTensor:
        return tf.image.total_variation(T(layer))

    return inner


@factory("constant", layers=["layer"])
def L1(layer: str = "input", constant: Any = 0, batch: int | None = None) -> Any:  # noqa: N802 - Lucid's name
    """The sum of absolute differences from a constant: subtract it.

    Args:
        layer: the layer; left out, the image itself.
        constant: the number, or array, that costs nothing.
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any, constant: Any) -> ScalarTensor:
        return tf.reduce_sum(tf.abs(T(layer) - tf.cast(constant, tf.float32)))

    return inner


@factory("constant", "epsilon", layers=["layer"])
def L2(  # noqa: N802 - Lucid's name
    layer: str = "input",
    constant: Any = 0,
    epsilon: float = 1e-6,
    batch: int | None = None,
) -> Any:
    """The root of the sum of squared differences from a constant: subtract it.

    Args:
        layer: the layer; left out, the image itself.
        constant: the number, or array, that costs nothing.
        epsilon: added under the root, so that its gradient stays finite at 0.
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any, constant: Any, epsilon: Any) -> ScalarTensor:
        squares = (T(layer) - tf.cast(constant, tf.float32)) ** 2
        return tf.sqrt(epsilon + tf.reduce_sum(squares))

    return inner


@factory()
def blur_input_each_step(batch: int | None = None) -> Any:
    """How far the image is from its blurred self: subtract it.

    Half the sum of squares; the blurred image counts as constant, so `-k` times
    this is, under plain gradient ascent, a step of `k` towards the blurred image.

    Args:
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any) -> ScalarTensor:
        image = T("input")
        return 0.5 * tf.reduce_sum((image - tf.stop_gradient(util.blur(image, 3))) ** 2)

    return inner


@factory()
def blur_alpha_each_step(batch: int | None = None) -> Any:
    """How far the alpha channel is from its blurred self: subtract it.

    Args:
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any) -> ScalarTensor:
        image = T("input")
        if image.shape[-1] != 4:
            raise ObjectiveError(
                f"blur_alpha_each_step: the image has {image.shape[-1]} channels; "
                "expected 4, the last one alpha: use param.image(..., alpha=True)"
            )
        alpha = image[..., 3:]
        return 0.5 * tf.reduce_sum((alpha - tf.stop_gradient(util.blur(alpha, 3))) ** 2)

    return inner


@factory("w", "C")
def penalize_boundary_complexity(
    shp: Sequence[int], w: int = 20, mask: Any = None, C: float = 0.5
) -> Any:
    """Minus the complexity of the image's border: add it. For calm edges.

    The value is minus the sum, under the mask, of the squared distance from the
    blurred image and 0.8 times the squared distance from `C`.

    Args:
        shp: shape of the image, `[batch, height, width, channels]`; batch and
            channels may be 1.
        w: width of the border, in pixels.
        mask: where to look, of a shape that broadcasts against the image; left
            out, 1 on the border and 0 inside.
        C: the colour that costs nothing, in [0, 1].
    """
    shape = tuple(int(size) for size in shp)

    def inner(T: Any, w: Any, C: Any) -> ScalarTensor:
        image = T("input")
        where = util.border(shape, w) if mask is None else tf.cast(mask, tf.float32)
        blurred = util.blur(image, 5)
        complexity = (blurred - image) ** 2 + 0.8 * (image - C) ** 2
        return -tf.reduce_sum(where * complexity)

    return inner


@factory("orig_img")
def input_diff(orig_img: Any) -> Any:
    """How far the image is from a given one: subtract it.

    The root of the mean square. At the image itself the gradient is 0 (in Lucid it
    was NaN, so a run could not start from there).

    Args:
        orig_img: the image, of a shape that broadcasts against the batch, values
            in [0, 1].
    """

    def inner(T: Any, orig_img: Any) -> ScalarTensor:
        difference = T("input") - tf.cast(orig_img, tf.float32)
        return util.safe_sqrt(tf.reduce_mean(difference**2))

    return inner
