"""Attribution: how much each part contributed, with what is needed to read the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lucid_widgets.errors import SettingError, did_you_mean
from lucid_widgets.misc import heat_maps
from lucid_widgets.shapes import Pixels

POSITIONS = ("row", "column")


@dataclass(frozen=True, eq=False)
class Attribution:
    """What a method found.

    Attributes:
        values: float32, one axis for each name in `axes`.
        axes: ``"image"`` first; then, for attribution to a whole layer, ``"target ..."``;
            then where the values belong: ``"row"``, ``"column"``, ``"token"``,
            ``"channel"``, ``"group"``.
        layer: the layer the values belong to; ``"input"`` for pixels.
        target: what they contribute to, in words.
        method: the method's name.
        unit: of the values. ``"logit"``: of the class's value before the softmax.
        signed: whether negative values mean a contribution against the target. If False,
            values are sizes, and none is negative.
        target_values: the target for each image (``[n, ...]``, with the axes of the
            target).
        delta: for methods that promise completeness, the sum of an image's values minus
            the difference that they should add up to; None for the others.
        difference: that difference: the target for the image minus for the baseline.
        details: what else the method found out, by name.

    Example:
        >>> found = grad_cam(model, photo, "goldfish")  # doctest: +SKIP
        >>> show(found.overlay(photo))  # doctest: +SKIP
    """

    values: np.ndarray
    axes: tuple[str, ...]
    layer: str
    target: str
    method: str
    unit: str
    signed: bool
    target_values: np.ndarray
    delta: np.ndarray | None = None
    difference: np.ndarray | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.values.ndim == len(self.axes), (self.values.shape, self.axes)

    @property
    def relative_delta(self) -> np.ndarray | None:
        """The size of `delta` as a part of the size of `difference`."""
        if self.delta is None or self.difference is None:
            return None
        size = np.maximum(np.abs(self.difference), 1e-12)
        return np.abs(self.delta) / size

    def sum(self, *axes: str) -> Attribution:
        """Return the sum over axes, by name.

        Raises:
            SettingError: there is no such axis.
        """
        for axis in axes:
            if axis not in self.axes:
                raise SettingError(
                    f"no axis {axis!r}{did_you_mean(axis, self.axes)} This attribution has "
                    f"{', '.join(self.axes)}"
                )
        places = tuple(i for i, axis in enumerate(self.axes) if axis in axes)
        kept = tuple(axis for axis in self.axes if axis not in axes)
        return self._with(self.values.sum(axis=places), kept)

    @property
    def maps(self) -> np.ndarray:
        """The values by position, summed over channels and groups: ``[..., rows, columns]``.

        Tokens of a transformer that form a square are arranged in it; a token in front of
        them, which belongs to no position, is left out.

        Raises:
            SettingError: the values belong to no positions.
        """
        inner = [axis for axis in ("channel", "group") if axis in self.axes]
        flat = self.sum(*inner)
        if flat.axes[-2:] == POSITIONS:
            return flat.values
        if flat.axes[-1:] == ("token",):
            count = flat.values.shape[-1]
            side = int(count**0.5)
            if count - side**2 in (0, 1):
                tokens = flat.values[..., count - side**2 :]
                return tokens.reshape(*tokens.shape[:-1], side, side)
        raise SettingError(
            f"an attribution with the axes {', '.join(self.axes)} has no positions to show "
            "as a map"
        )

    def overlay(self, photo: Any, image: int = 0, **look: Any) -> Pixels:
        """Return a photo under the map of one image.

        Args:
            photo: what the values belong to; anything `misc.photos.as_photo` takes.
            image: index of the image in the batch.
            **look: see `misc.heat_maps.overlay`.

        Raises:
            SettingError: there is no single map for an image.
        """
        from lucid_widgets.misc.photos import as_photo

        chosen = self.maps[image]
        if chosen.ndim != 2:
            raise SettingError(
                f"there is one map for each {' and '.join(self.axes[1:-2])}; choose one "
                "of `maps`, and give it to misc.heat_maps.overlay"
            )
        return heat_maps.overlay(as_photo(photo), chosen, **look)

    def top(self, count: int = 10, image: int = 0) -> list[tuple[int, float]]:
        """Return the channels or groups of the largest size, with their values.

        Args:
            count: how many.
            image: index of the image in the batch.

        Raises:
            SettingError: the values are not one per channel or group.
        """
        if self.axes not in (("image", "channel"), ("image", "group")):
            raise SettingError(
                f"this attribution has the axes {', '.join(self.axes)}; expected one value "
                "for each channel or group: use channel() or group(), or .sum(...)"
            )
        row = self.values[image]
        order = np.argsort(-np.abs(row), kind="stable")[:count]
        return [(int(i), float(row[i])) for i in order]

    def _with(self, values: np.ndarray, axes: tuple[str, ...]) -> Attribution:
        from dataclasses import replace

        return replace(self, values=values, axes=axes)

    def __repr__(self) -> str:
        shape = " x ".join(
            f"{n} {axis}" for n, axis in zip(self.values.shape, self.axes, strict=True)
        )
        off = self.relative_delta
        complete = f", complete to {off.max():.2%}" if off is not None else ""
        return (
            f"<{self.method}: {self.layer} -> {self.target}, {shape}, in {self.unit}"
            f"{', signed' if self.signed else ''}{complete}>"
        )
