"""Explorer: dictionary, grid and live picture side by side, with one selection."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from lucid_widgets.errors import LucidError
from lucid_widgets.recipes.units import Unit
from lucid_widgets.widgets.channel_grid import ChannelGrid
from lucid_widgets.widgets.comms import handle_where_received
from lucid_widgets.widgets.feature_vis import FeatureVis
from lucid_widgets.widgets.model_choice import as_model
from lucid_widgets.widgets.objective_choice import check_layer, first_choice
from lucid_widgets.widgets.selection import Selection, link


class Explorer(ipywidgets.Box):
    """What a network sees: in a photo, in a layer, in one unit, side by side.

    Choosing a channel anywhere selects it everywhere, and `FeatureVis` draws it.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        image: a photo: the name of a file, an array, a PIL image. Without one, choose
            one on the page.
        layer: name of the layer to begin with; left out, one halfway up.
        **settings: first values of the settings of `FeatureVis`.

    Attributes:
        words: the `SemanticDictionary`.
        grid: the `ChannelGrid`.
        vis: the `FeatureVis`.

    Raises:
        LucidError: an argument that cannot be used.
        TypeError: an unknown argument.

    Example:
        >>> explorer = Explorer(image="dog.jpg")
        >>> explorer.selection = "mixed4a:30"
    """

    def __init__(
        self,
        model: Any = None,
        image: Any = None,
        layer: str | None = None,
        **settings: Any,
    ) -> None:
        from lucid_widgets.widgets.semantic_dictionary import SemanticDictionary

        self._parts: list[Any] = []
        chosen = as_model(model)
        name = check_layer(chosen, layer or first_choice(chosen).layer).name
        try:
            # The one that can refuse the most comes first: nothing is left half made.
            self.vis = self._part(FeatureVis(chosen, f"{name}:0", **settings))
            self.words = self._part(SemanticDictionary(chosen, image, name))
            self.grid = self._part(ChannelGrid(chosen, name))
        except BaseException:
            self._close_parts()
            raise
        hosts = [
            ipywidgets.Box(
                [part], layout=ipywidgets.Layout(flex=f"1 1 {width}", min_width="0")
            )
            for part, width in (
                (self.words, "420px"),
                (self.grid, "420px"),
                (self.vis, "100%"),
            )
        ]
        super().__init__(
            hosts,
            layout=ipywidgets.Layout(
                flex_flow="row wrap", width="100%", grid_gap="16px"
            ),
        )
        self._link = link(self.words, self.grid, self.vis)
        self._layers = traitlets.link((self.words, "layer"), (self.grid, "layer"))
        self.words.observe(self._photo_changed, names=["photo"])
        if self.words.photo:  # its thread may have been faster
            self._photo_changed(None)
        self.grid.selection = Unit(name, self.vis.channel).name
        for widget in (self, *hosts):
            handle_where_received(widget)

    def _part(self, part: Any) -> Any:
        self._parts.append(part)
        return part

    def _close_parts(self) -> None:
        for part in self._parts:
            with contextlib.suppress(LucidError):
                part.close()

    @property
    def selection(self) -> Selection:
        """What is being looked at; assign a unit's name to it."""
        return dict(self.grid.selection or {})

    @selection.setter
    def selection(self, given: Any) -> None:
        self.grid.selection = given

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything asked for is computed, the run of `vis` included.

        Args:
            timeout: most seconds to wait for each part.

        Returns:
            Whether it is.

        Raises:
            Exception: what went wrong.
        """
        return all(part.wait(timeout) for part in self._parts)

    def to_html(self, path: str | Path, *, title: str = "") -> Path:
        """Write a page that shows the parts as they are now, with no kernel.

        Args:
            path: where to.
            title: heading; left out, the model's name.
        """
        from lucid_widgets.widgets.page import save_widgets

        parts = [self.words, self.grid, self.vis.canvas]
        return save_widgets(path, parts, title=title or self.words.model.name)

    def close(self) -> None:
        """Stop all work, and remove the parts from every page."""
        self._close_parts()
        if self.comm is not None:
            for host in self.children:
                host.close()
            super().close()

    def __repr__(self) -> str:
        return f"<Explorer {self.words.title}>"

    def _ipython_display_(self, **kwargs: Any) -> None:
        from IPython.display import display

        view: Any = self._repr_mimebundle_(include=None, exclude=None)
        display({**view, "text/plain": repr(self)}, raw=True)
        # One picture for each part, for those without widgets.
        for part in (self.words, self.grid):
            part._poster.display()
        session = self.vis._open_session()
        session.poster.display()
        if session.runner.status == "idle":
            session.start()

    def _photo_changed(self, _change: Any) -> None:
        self.grid.image = self.words.image
