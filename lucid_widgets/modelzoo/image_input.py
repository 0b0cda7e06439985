"""How an image in [0, 1] becomes what a network sees: order, range, size."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from lucid_widgets.errors import ImageError
from lucid_widgets.shapes import ImageTensor

logger = logging.getLogger(__name__)


class ImageInput:
    """What images a model takes; the attributes are told of in `vision_base.Model`."""

    model_name: str = "Model"
    image_shape: Sequence[int] = (224, 224, 3)
    image_value_range: tuple[Any, Any] = (-1.0, 1.0)
    is_BGR: bool = False  # noqa: N815 - Lucid's name
    fixed_size: tuple[int, int] | None = None

    @property
    def conversion_digest(self) -> str:
        """A digest of how images become what the network sees."""
        ends = [np.float32(end).tolist() for end in self.image_value_range]
        seen = repr((ends, self.is_BGR, self.fixed_size)).encode()
        return hashlib.sha256(seen).hexdigest()[:12]

    def network_input(self, images: ImageTensor) -> Any:
        """Return a batch of images in [0, 1] as the network wants to see them."""
        import tensorflow as tf

        images = tf.convert_to_tensor(images)
        if self.fixed_size and tuple(images.shape[1:3]) != tuple(self.fixed_size):
            self._tell_of_resizing()
            images = tf.image.resize(images, self.fixed_size)
        if self.is_BGR:
            images = tf.reverse(images, [-1])
        low, high = (np.asarray(end, np.float32) for end in self.image_value_range)
        return low + images * (high - low)

    def _tell_of_resizing(self) -> None:
        """Say once for each model that it sees other images than it is given."""
        if not vars(self).get("_told_of_resizing"):
            self._told_of_resizing = True
            logger.warning(
                "%s takes images of %d x %d px only: others are resized, as the last step "
                "before the network",
                *(self.model_name, *(self.fixed_size or ())),
            )

    def _as_batch(self, images: Any) -> Any:
        import tensorflow as tf

        images = tf.convert_to_tensor(images)
        if not images.dtype.is_floating:
            raise ImageError(
                f"images must be numbers from 0 to 1, and these are {images.dtype.name}; "
                "for integers from 0 to 255, divide them by 255"
            )
        images = tf.cast(images, tf.float32)
        if images.shape.rank == 3:
            images = images[tf.newaxis]
        channels = self.image_shape[-1]
        if images.shape.rank != 4 or images.shape[-1] != channels:
            raise ImageError(
                f"{self.model_name} takes images [batch, height, width, {channels}], "
                f"and was given {images.shape}"
            )
        return images
