"""Array shapes, named once.

Axis order is batch, height, width, channels everywhere. Tensors come from
TensorFlow, which this module does not import: the aliases are documentation
that readers and editors see in signatures.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.float32]
"""One image, ``[height, width, channels]``, values in [0, 1]."""

Images: TypeAlias = NDArray[np.float32]
"""A batch of images, ``[batch, height, width, channels]``, values in [0, 1]."""

ImageTensor: TypeAlias = Any
"""A TensorFlow tensor ``[batch, height, width, channels]``, values in [0, 1]."""

ActivationTensor: TypeAlias = Any
"""A TensorFlow tensor ``[batch, height, width, channels]`` or ``[batch, channels]``."""

ScalarTensor: TypeAlias = Any
"""A TensorFlow tensor of rank 0."""
