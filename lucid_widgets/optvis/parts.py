"""The parts of `make_vis_T` one by one, for loops written in plain TensorFlow.

    see = make_transform_f([transform.jitter(8)])
    with tf.GradientTape() as tape:
        image = make_t_image(param_f)
        T = import_model(model, see(image), image)
        value = as_objective("mixed4a:30")(T)

All are eager: images are tensors, and so is what `T` gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from lucid_widgets.modelzoo.activations import Activations
from lucid_widgets.optvis import param
from lucid_widgets.optvis.optimizers import Optimizer, as_optimizer
from lucid_widgets.optvis.param.variables import check_image
from lucid_widgets.optvis.transform import Transform, compose, standard_transforms
from lucid_widgets.shapes import ImageTensor


def make_t_image(param_f: Any = None) -> ImageTensor:
    """Return the images that a parameterization makes.

    Args:
        param_f: a function without arguments, or images themselves; left out,
            `param.image(128)`.

    Raises:
        ParameterizationError: it gives no images.
    """
    if param_f is None:
        return param.image(128)
    image = param_f() if callable(param_f) else param_f
    check_image(image)
    return image


def make_transform_f(transforms: Any = None) -> Transform:
    """Return one transform made of a list of them.

    Args:
        transforms: a *list*; anything else means the standard set, as in `render_vis`.

    Raises:
        TransformError: one of them is none.
    """
    return compose(transforms if isinstance(transforms, list) else standard_transforms)


def make_optimizer(optimizer: Any, args: Sequence[Any] = ()) -> Optimizer:
    """Return what `as_optimizer` makes of an optimizer.

    Args:
        optimizer: an optimizer, or a function (or class) that returns one; None for
            Adam(0.05).
        args: for the function.

    Raises:
        SettingError: it is none of these.
    """
    if args and callable(optimizer):
        return as_optimizer(lambda: optimizer(*args))
    return as_optimizer(optimizer)


def import_model(
    model: Any,
    t_image: ImageTensor,
    t_image_raw: ImageTensor | None = None,
    scope: str = "import",
    input_map: Any = None,
) -> Activations:
    """Return `T` for images: a layer's name to its activations.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        t_image: what the model sees, `[batch, height, width, channels]` in [0, 1].
        t_image_raw: what `T("input")` shall give: the images before any transform;
            left out, `t_image`.
        scope: kept for Lucid's sake; nothing is named here.
        input_map: activations by layer name, to go on from instead of computing them.

    Raises:
        LayerNotFoundError: `input_map` names a layer that the model does not have.

    Example:
        >>> T = import_model(model, load("dog.jpg")[None])
        >>> T("mixed4a").shape
    """
    del scope
    T = model.import_graph(t_image, given=input_map)
    T["input"] = tf.convert_to_tensor(t_image if t_image_raw is None else t_image_raw)
    T["labels"] = model.labels
    return T
