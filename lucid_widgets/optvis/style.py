"""Style as statistics of activations: Gram matrices, and losses between them.

After Gatys, Ecker & Bethge, "Image Style Transfer Using Convolutional Neural
Networks" (CVPR 2016), and, for the moving average over random views of a texture,
Mordvintsev et al., "Differentiable Image Parameterizations" (Distill, 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis.objectives import Objective
from lucid_widgets.optvis.objectives_util import safe_sqrt
from lucid_widgets.shapes import ActivationTensor, Images, ScalarTensor


def gram_style(a: ActivationTensor) -> Any:
    """Return the Gram matrix of activations, `[channels, channels]`.

    The mean over all positions (and images) of the products of channels.

    Args:
        a: `[..., channels]`.
    """
    flat = tf.reshape(a, [-1, a.shape[-1]])
    count = tf.cast(tf.shape(flat)[0], flat.dtype)
    return tf.matmul(flat, flat, transpose_a=True) / count


def mean_l1_loss(g1: Any, g2: Any) -> ScalarTensor:
    """Return the mean absolute difference."""
    return tf.reduce_mean(tf.abs(g1 - g2))


def mean_l2_loss(g1: Any, g2: Any) -> ScalarTensor:
    """Return the root of the mean squared difference; its gradient at 0 is 0."""
    return safe_sqrt(tf.reduce_mean((g1 - g2) ** 2))


class StyleLoss:
    """How far an image's style is from that of another.

    A function of `T`, to be subtracted from an objective.

    Args:
        style_layers: names of the layers that count.
        ema_decay: use a moving average of the image's statistics, with this decay
            (0.95, say); for views drawn at random in every step. The average
            belongs to this object and goes on from run to run: `reset` forgets it.
        style_func: from activations to statistics.
        loss_func: from two statistics to a number.

    Example:
        >>> style = StyleLoss(["conv2d2", "mixed3a"])
        >>> style.set_style(model, load("painting.jpg"))
        >>> render_vis(model, content - 0.01 * style.objective())
    """

    def __init__(
        self,
        style_layers: Sequence[str],
        ema_decay: float | None = None,
        style_func: Callable[[ActivationTensor], Any] = gram_style,
        loss_func: Callable[[Any, Any], ScalarTensor] = mean_l1_loss,
    ) -> None:
        if isinstance(style_layers, str) or not style_layers:
            raise ObjectiveError(
                f"style_layers is {style_layers!r}; expected a list of layer names"
            )
        if ema_decay is not None and not 0 <= ema_decay < 1:
            raise ObjectiveError(
                f"ema_decay is {ema_decay!r}; expected a number from 0 to below 1"
            )
        self.style_layers = tuple(style_layers)
        self.ema_decay = ema_decay
        self.style_func = style_func
        self.loss_func = loss_func
        self.targets: Mapping[str, Any] = {}
        self._averages: dict[str, Any] = {}

    def set_style(self, model: Any, images: Images) -> None:
        """Take over the style of images.

        Args:
            model: the model that will look at the optimized image, too.
            images: `[height, width, channels]` or a batch of such, in [0, 1].
        """
        T = model.import_graph(tf.convert_to_tensor(images, tf.float32))
        self.targets = {
            name: tf.stop_gradient(self.style_func(T(name)))
            for name in self.style_layers
        }
        self.reset()

    def reset(self) -> None:
        """Forget the moving average: it starts again from the style itself."""
        if self.ema_decay is not None:
            self._averages = {
                name: tf.Variable(target, trainable=False)
                for name, target in self.targets.items()
            }

    def losses(self, T: Any) -> dict[str, ScalarTensor]:
        """Return the loss of every layer, by name.

        Args:
            T: maps a layer's name to its activations.

        Raises:
            ObjectiveError: no style has been set.
        """
        if not self.targets:
            raise ObjectiveError("no style yet: call set_style(model, images) first")
        return {
            name: self.loss_func(self._effective(name, T), target)
            for name, target in self.targets.items()
        }

    def __call__(self, T: Any) -> ScalarTensor:
        """Return the sum of the layers' losses."""
        return tf.add_n(list(self.losses(T).values()))

    def objective(self) -> Objective:
        """Return the loss as an objective: subtract it."""
        return Objective(
            self,
            "style",
            f"Style({', '.join(self.style_layers)})",
            targets=[(name, None) for name in self.style_layers],
        )

    def _effective(self, name: str, T: Any) -> Any:
        """Return statistics whose value may be averaged, and whose gradient is fresh."""
        fresh = self.style_func(T(name))
        if self.ema_decay is None:
            return fresh
        average = self._averages[name]
        moved = self.ema_decay * average + (1 - self.ema_decay) * fresh
        average.assign(tf.stop_gradient(moved))
        return fresh + tf.stop_gradient(moved - fresh)
