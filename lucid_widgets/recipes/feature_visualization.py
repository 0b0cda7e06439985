"""Pictures of channels and neurons, and how well they did at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis import objectives, param
from lucid_widgets.optvis.objectives import Objective
from lucid_widgets.optvis.objectives_util import blur, indices
from lucid_widgets.optvis.packing import images_at_once, pack_sizes
from lucid_widgets.optvis.plan import plan
from lucid_widgets.optvis.settings import STEPS, Hyperparameters, RenderSettings
from lucid_widgets.optvis.step import hyperparameter_tensors, number_tensors
from lucid_widgets.optvis.transform import (
    collapse_alpha_random,
    crop_or_pad_to,
    standard_transforms,
)
from lucid_widgets.shapes import Images


def channel(
    model: Any,
    layer: str,
    channel_indices: int | Iterable[int],
    alpha: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
    negative: bool = False,  # noqa: FBT001, FBT002
    decorrelation_matrix: Any = None,
    n_steps: int = 128,
    parallel_transforms: int = 16,
    lr: float = 0.05,
    override_gradients: bool = True,  # noqa: FBT001, FBT002
    seed: int = 0,
) -> Any:
    """Return pictures of channels, and how well they did at every step.

    The images are as large as those that the model was trained on, and none takes
    anything from the others. Many channels are made several at a time.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        layer: the layer.
        channel_indices: one channel, or several.
        alpha: transparent pictures: what does not matter fades away.
        negative: what the channels like least.
        decorrelation_matrix: `[3, 3]`, from coordinates to red, green and blue, for
            photos unlike ImageNet's: the root of their colours' covariance. Left out,
            `color.color_correlation_svd_sqrt`.
        n_steps: how many updates.
        parallel_transforms: without effect, as in Lucid.
        lr: the learning rate.
        override_gradients: redirect ReLUs in the first 17 updates.
        seed: decides all that is random.

    Returns:
        For one channel `(images [1, height, width, 3 or 4], values [1, n_steps])`;
        for several a list of such pairs `(image [height, width, ...], values
        [n_steps])`, one for each.

    Raises:
        LucidError: no such layer or channel, or an impossible number.

    Example:
        >>> (one, _), (other, _) = channel(model, "mixed4a", [30, 31])
    """
    del parallel_transforms
    chosen = indices(_listed(channel_indices), "channel_indices")
    several = isinstance(chosen, list)
    pairs: list[Any] = []
    for part in _parts(model, chosen if several else [chosen]):
        objective = objectives.channels(layer, part)
        images, values = _rendered(
            model,
            -objective if negative else objective,
            batch=len(part),
            alpha=alpha,
            decorrelation_matrix=decorrelation_matrix,
            n_steps=n_steps,
            lr=lr,
            override_gradients=override_gradients,
            seed=seed,
        )
        if not several:
            return images, values
        pairs += zip(images, values, strict=True)
    return pairs


def _parts(model: Any, channels: list[int]) -> Iterator[list[int]]:
    """Split channels into what is best optimized together."""
    height, width = model.image_shape[:2]
    start = 0
    for size in pack_sizes(len(channels), images_at_once(height, width)):
        yield channels[start : start + size]
        start += size


def neuron(
    model: Any,
    layer: str,
    channel_n: int,
    x: int | None = None,
    y: int | None = None,
    **options: Any,
) -> tuple[Images, np.ndarray]:
    """Return a picture of a neuron, and how well it did at every step.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        layer: the layer.
        channel_n: the channel.
        x: row; left out, the middle.
        y: column; left out, the middle.
        options: as for `channel`.

    Returns:
        `(images [1, height, width, 3 or 4], values [1, n_steps])`.
    """
    negative = options.pop("negative", False)
    objective = objectives.neuron(layer, channel_n, x, y)
    return _rendered(model, -objective if negative else objective, **options)


def _listed(values: Any) -> Any:
    return list(values) if isinstance(values, Iterable) else values


def _rendered(
    model: Any,
    objective: Objective,
    *,
    batch: int = 1,
    alpha: bool = False,
    decorrelation_matrix: Any = None,
    n_steps: int = 128,
    lr: float = 0.05,
    override_gradients: bool = True,
    seed: int = 0,
) -> tuple[Images, np.ndarray]:
    height, width = model.image_shape[:2]
    transforms = [*standard_transforms, crop_or_pad_to(height, width)]
    if alpha:
        transforms = [collapse_alpha_random(), *transforms]
    made = plan(
        model,
        _fading(objective) if alpha else objective,
        _param_f((batch, height, width, 4 if alpha else 3), decorrelation_matrix),
        transforms=transforms,
        settings=RenderSettings(redirect_relu=override_gradients),
        hyperparameters=Hyperparameters(learning_rate=lr),
        seed=seed,
    )
    numbers = number_tensors(made.objective.numbers)
    hyper = hyperparameter_tensors(made.hyperparameters)
    state, curve = made.start, []
    for _ in range(STEPS.check("n_steps", n_steps, int)):
        state, values = made.step.update(state, numbers, hyper)
        curve.append(values.numpy())
    return made.step.images(state), np.stack(curve, axis=1)


def _param_f(shape: tuple[int, int, int, int], matrix: Any) -> Callable[[], Any]:
    batch, height, width, channels = shape
    if matrix is None:
        return lambda: param.image(width, height, batch=batch, alpha=channels == 4)
    to_rgb = np.asarray(matrix, np.float32)
    if to_rgb.shape != (3, 3):
        raise ParameterizationError(
            f"decorrelation_matrix has shape {to_rgb.shape}; expected (3, 3)"
        )
    to_rgb = to_rgb / np.linalg.norm(to_rgb, axis=0).max()

    def param_f() -> Any:
        t = param.fft_image(shape)
        rgb = tf.tensordot(t[..., :3], to_rgb.T, 1)
        return tf.sigmoid(tf.concat([rgb, t[..., 3:]], axis=-1))

    return param_f


def _fading(objective: Objective) -> Objective:
    """Return the objective times transparency, so that what does not matter fades."""

    def value(T: Any, *numbers: Any) -> Any:
        alpha = T("input")[..., 3:]
        rough = tf.reduce_sum(
            (alpha - tf.stop_gradient(blur(alpha, 3))) ** 2, axis=[1, 2, 3]
        )
        clear = 1 - tf.reduce_mean(alpha, axis=[1, 2, 3])
        return objective(T, numbers) * clear - 0.05 * rough

    return Objective(
        value,
        objective.name,
        objective.description,
        numbers=objective.numbers,
        structure=("fading", objective.structure),
        targets=objective.targets,
    )
