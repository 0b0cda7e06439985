"""What makes a model's weights readable and its copies changeable: `Editable`.

The work is done in `lucid_widgets.modelzoo.editing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


class Editable:
    """A network whose weights can be read, and of which changed copies can be made."""

    @cached_property
    def weight_names(self) -> tuple[str, ...]:
        """Names of the weights, for `weight` and `edit`."""
        raise NotImplementedError

    def weight(self, name: str) -> np.ndarray:
        """Return a copy of a weight.

        Raises:
            ModelError: there is none of that name; the message names the three closest.
        """
        raise NotImplementedError

    def edit(
        self,
        *,
        scale: Mapping[str, float] | None = None,
        remove: str | Iterable[str] = (),
        weights: Mapping[str, Any] | None = None,
    ) -> Model:
        """Return a copy of the model in which something is changed.

        The model itself stays as it is, and the copy does not follow later training. What
        is changed in a layer changes everything computed from it.

        Args:
            scale: factors by ``"layer:channel"``; by ``"layer"`` for all its channels.
            remove: channels, or whole layers, that are always 0 (ablated).
            weights: new values by the names in `weight_names`: arrays, or functions from
                the old array to the new.

        Raises:
            LayerNotFoundError, ObjectiveError: no such layer or channel.
            ModelError: no such weight, or values of another shape.
            SettingError: nothing to change, or a factor that is no number.

        Example:
            >>> from lucid_widgets.modelzoo.vision_models import TinyInception
            >>> model = TinyInception()
            >>> without = model.edit(remove=["mixed4a:30"])
            >>> upside_down = model.edit(weights={"conv2d0_w": lambda w: w[::-1]})
        """
        from lucid_widgets.modelzoo.editing import edit

        return edit(cast("Model", self), scale=scale, remove=remove, weights=weights)

    def _edited(self, edits: Any) -> Model:
        """Return the copy that `edit` makes; `edits` are an `editing.Edits`."""
        raise NotImplementedError

    def _copy_without_caches(self) -> Any:
        """Return a copy that works out anew what was worked out from the network."""
        copied = object.__new__(type(self))
        worked_out = {
            name
            for kind in type(self).__mro__
            for name, value in vars(kind).items()
            if isinstance(value, cached_property)
        }
        worked_out.update(("_reading_functions", "_attribution_functions"))
        vars(copied).update(
            (name, value)
            for name, value in vars(self).items()
            if name not in worked_out
        )
        return copied
