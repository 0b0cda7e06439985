"""Units: what a network can be asked about, named so that texts and files can hold it.

    mixed4a:30            channel 30 of a layer
    -mixed4a:30           what that channel likes least
    mixed4a@3f2a91bc0d4e  a direction in the layer's channel space, by its digest

Nothing here imports TensorFlow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import ObjectiveError

_NAME = re.compile(r"(-?)(.+?)(?::(\d{1,9})|@([0-9a-f]{12}))", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Unit:
    """A channel, or a direction in channel space, of a layer.

    Args:
        layer: name of the layer.
        channel: index of the channel, from 0; None for a direction.
        vector: the direction, one number for each channel; () for a channel.
        negative: whether its opposite is meant.

    Raises:
        ObjectiveError: it is neither a channel nor a direction of finite numbers.
    """

    layer: str
    channel: int | None = None
    vector: tuple[float, ...] = ()
    negative: bool = False

    def __post_init__(self) -> None:
        if (self.channel is None) == (not self.vector):
            raise ObjectiveError(
                f"a unit of {self.layer} has channel {self.channel} and a direction of "
                f"{len(self.vector)} numbers; expected one of the two"
            )
        if not np.isfinite(self.vector).all() or (self.vector and not any(self.vector)):
            raise ObjectiveError(
                f"a direction of {self.layer} is not finite, or zero everywhere; "
                "expected finite numbers, one for each channel"
            )

    @property
    def name(self) -> str:
        """Its name, such as ``"mixed4a:30"``; equal names mean the same unit."""
        sign = "-" if self.negative else ""
        if self.channel is not None:
            return f"{sign}{self.layer}:{self.channel}"
        digest = hashlib.sha256(np.asarray(self.vector, "<f4").tobytes()).hexdigest()
        return f"{sign}{self.layer}@{digest[:12]}"

    def direction(self, depth: int) -> NDArray[np.float32]:
        """Return it as a direction, ``[depth]``: of a channel, 1 among zeros.

        Raises:
            ObjectiveError: the layer has another number of channels.
        """
        if self.channel is not None:
            if self.channel >= depth:
                raise ObjectiveError(
                    f"no channel {self.channel} in {self.layer}, which has {depth}: "
                    f"0 to {depth - 1}"
                )
            vector = np.zeros(depth, np.float32)
            vector[self.channel] = 1
        else:
            vector = np.asarray(self.vector, np.float32)
            if len(vector) != depth:
                raise ObjectiveError(
                    f"a direction of {len(vector)} numbers for {self.layer}; expected "
                    f"{depth}, one for each channel"
                )
        return -vector if self.negative else vector

    def __str__(self) -> str:
        return self.name


def direction(layer: str, vector: Any, *, negative: bool = False) -> Unit:
    """Return a direction as a unit.

    Args:
        layer: name of the layer.
        vector: one number for each channel, ``[channels]``. Only where it points
            matters: it is scaled to length 1.
        negative: whether its opposite is meant.

    Raises:
        ObjectiveError: the numbers are not finite, all zero, or no list of numbers.
    """
    array = np.asarray(vector, np.float32)
    if array.ndim != 1 or not array.size:
        raise ObjectiveError(
            f"a direction of {layer} has shape {array.shape}; expected [channels]"
        )
    # By the largest first: squares of large numbers overflow.
    largest = float(np.abs(array).max())
    if np.isfinite(largest) and largest > 0:
        array = array / np.float32(largest)
        array = array / np.linalg.norm(array)
    return Unit(layer, None, tuple(map(float, array)), negative)


def as_unit(given: Any, known: Sequence[Unit] = ()) -> Unit:
    """Return a unit for whatever stands for one.

    Args:
        given: a `Unit`, or the name of one.
        known: directions that may be meant; a name holds only their digest.

    Raises:
        ObjectiveError: it is no unit, or an unknown direction.

    Example:
        >>> as_unit("-mixed4a:30")
        Unit(layer='mixed4a', channel=30, vector=(), negative=True)
    """
    if isinstance(given, Unit):
        return given
    match = _NAME.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise ObjectiveError(
            f'a unit is {str(given)[:80]!r}; expected "layer:channel", such as '
            "'mixed4a:30', or a direction made with units.direction(layer, vector)"
        )
    sign, layer, channel, _ = match.groups()
    if channel is not None:
        return Unit(layer, int(channel), negative=bool(sign))
    for unit in known:
        if unit.name == given:
            return unit
    raise ObjectiveError(f"no direction {given[:80]!r} is known here")
