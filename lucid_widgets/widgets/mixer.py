"""Mixer: a pad between two to four units, and the live picture of what lies between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import ipywidgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from lucid_widgets.errors import ObjectiveError, SettingError
from lucid_widgets.recipes.icons import layer_to_read
from lucid_widgets.recipes.units import Unit, as_unit, direction
from lucid_widgets.widgets.base import BaseWidget
from lucid_widgets.widgets.comms import handle_where_received
from lucid_widgets.widgets.feature_vis import FeatureVis
from lucid_widgets.widgets.objective_choice import first_choice
from lucid_widgets.widgets.preloading import import_on_worker


class Mixer(BaseWidget):
    r"""Drag between units of a layer: `FeatureVis` follows, in the running optimization.

        two units      [0] ----- [1]      three    [0] --- [1]      four    [0] --- [1]
                                                      \   /                 |       |
                                                       [2]                 [2] --- [3]

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        units: two to four units of one layer: names such as ``"mixed4a:30"`` and
            ``"-mixed4a:30"``, or directions made with `units.direction`.
        point: where to begin: ``(x, y)`` in [0, 1], from the left and from the top.
        **settings: first values of the settings of `FeatureVis`.

    Attributes:
        vis: the `FeatureVis`.

    Raises:
        ObjectiveError: other than two to four units, or units of several layers.

    Example:
        >>> mixer = Mixer(units=["mixed4a:7", "mixed4a:258", "mixed4a:44"])
        >>> mixer.point = (0.2, 0.7)
    """

    BUNDLE: ClassVar[str] = "mixer"
    CHANGEABLE: ClassVar[tuple[str, ...]] = ("point",)

    point = traitlets.List(traitlets.Float(), [0.5, 0.0]).tag(sync=True)
    """Where the mixture is: x from the left and y from the top, in [0, 1]."""

    units = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the units at the corners."""

    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    """How much of each unit; they sum to 1."""

    def __init__(
        self,
        model: Any = None,
        units: Sequence[Any] | None = None,
        *,
        point: Sequence[float] = (0.5, 0.0),
        **settings: Any,
    ) -> None:
        self._corners: list[Unit] = []
        super().__init__(model)
        self._corners = self._checked(units)
        self.vis = FeatureVis(self.model, self._corners[0].layer + ":0", **settings)
        with self.hold_sync():
            self.units = [unit.name for unit in self._corners]
            self.title = f"{self.model.name}, between {' and '.join(self.units)}"
            self.point = list(point)
        self._mix()
        host = ipywidgets.Box(
            [self], layout=ipywidgets.Layout(flex="0 1 300px", min_width="0")
        )
        rest = ipywidgets.Box(
            [self.vis], layout=ipywidgets.Layout(flex="1 1 420px", min_width="0")
        )
        self._box = ipywidgets.Box(
            [host, rest],
            layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="16px"),
        )
        for widget in (self._box, host, rest):
            handle_where_received(widget)

    @property
    def mixture(self) -> Unit:
        """What lies at the point, as a direction.

        Raises:
            ObjectiveError: opposites cancel out there.
        """
        return direction(self._corners[0].layer, self._vector())

    def close(self) -> None:
        """Stop the run, and remove everything from every page."""
        if "vis" in vars(self):
            self.vis.close()
        if "_box" in vars(self):
            for box in (*self._box.children, self._box):
                box.close()
        super().close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the icons are rendered and the run rests; see `BaseWidget.wait`."""
        return super().wait(timeout) and self.vis.wait(timeout)

    def _ipython_display_(self, **kwargs: Any) -> None:
        from IPython.display import display

        view: Any = self._box._repr_mimebundle_(include=None, exclude=None)
        display({**view, "text/plain": repr(self)}, raw=True)
        self._poster.display()
        session = self.vis._open_session()
        session.poster.display()
        if session.runner.status == "idle":
            session.start()

    def _checked(self, given: Sequence[Any] | None) -> list[Unit]:
        if given is None:
            layer = first_choice(self.model).layer
            given = [f"{layer}:{channel}" for channel in range(3)]
        units = [self._check_unit(as_unit(unit)) for unit in given]
        layers = {unit.layer for unit in units}
        if not 2 <= len(units) <= 4 or len(layers) > 1:
            raise ObjectiveError(
                f"a mixer of {len(units)} units of {len(layers)} layers; expected two "
                "to four units of one layer"
            )
        return [self.know(unit) for unit in units]

    @traitlets.validate("point")
    def _valid_point(self, proposal: Any) -> list[float]:
        point = [float(number) for number in proposal.value]
        if len(point) != 2 or not all(0 <= number <= 1 for number in point):
            raise SettingError(
                f"point is {proposal.value!r:.80}; expected (x, y), each from 0 to 1"
            )
        return point

    @traitlets.observe("point")
    def _point_changed(self, _change: Any) -> None:
        if "_box" in vars(self):
            self._mix()

    def _mix(self) -> None:
        self.weights = mixing_weights(len(self._corners), *self.point)
        import_on_worker()
        from lucid_widgets.optvis import objectives

        # The same structure whatever the numbers: the run goes on.
        read = min(self._corners, key=lambda unit: not unit.negative)
        self.vis.objective = objectives.direction(
            layer_to_read(self.model, read), self._vector(), cossim_pow=0
        )

    def _vector(self) -> NDArray[np.float32]:
        depth = self.model.get_layer(self._corners[0].layer).depth or 0
        vectors = np.stack([unit.direction(depth) for unit in self._corners])
        return np.asarray(self.weights, np.float32) @ vectors


def mixing_weights(count: int, x: float, y: float) -> list[float]:
    """Return how much of each corner there is at a point of the pad.

    Args:
        count: of corners: 2 (left, right), 3 (and below) or 4 (two above, two below).
        x: from the left, in [0, 1].
        y: from the top, in [0, 1]; means nothing with two corners.
    """
    if count == 2:
        return [1 - x, x]
    above = [(1 - x) * (1 - y), x * (1 - y)]
    return [*above, y] if count == 3 else [*above, (1 - x) * y, x * y]
