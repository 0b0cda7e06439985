"""BaseWidget: what the widgets about units have in common.

    a widget = traits that only the kernel writes
             + icons, delivered where somebody looks            (icon_supply)
             + work on a thread of its own, newest request wins (stream.worker)
             + a selection that linked widgets share            (selection)
             + a poster and kept icons, for those without a kernel

See `widgets/README.md` for how to write one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image

from lucid_widgets.misc.sprites import sprite_sheet
from lucid_widgets.recipes.icons import IconSettings
from lucid_widgets.recipes.units import Unit, as_unit
from lucid_widgets.stream.worker import Worker
from lucid_widgets.widgets.answering import Answering
from lucid_widgets.widgets.frame_canvas import describe
from lucid_widgets.widgets.icon_supply import IconSupply
from lucid_widgets.widgets.model_choice import as_model
from lucid_widgets.widgets.poster import PosterOutput
from lucid_widgets.widgets.preloading import import_between_cells, import_on_worker
from lucid_widgets.widgets.selection import SelectionTrait, as_selection

POSTER_TILES = 48
POSTER_TILE = 72


class BaseWidget(Answering):
    """The base of widgets about units; not displayed itself.

    A subclass names its bundle and the traits that the page may ask to change,
    validates those traits, and overrides what it needs of `_answer`,
    `_poster_pixels`, `_check_unit`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded one.
        icon_settings: how icons are made.
        **traits: first values of the widget's own traits.

    Raises:
        LucidError: an argument that cannot be used, or the front end is not built.
        TypeError: an unknown argument.
    """

    status = traitlets.Enum(["resting", "working", "failed", "closed"], "resting").tag(
        sync=True
    )
    """Whether something is being computed."""

    notice = traitlets.Unicode().tag(sync=True)
    """Something short to know."""

    title = traitlets.Unicode().tag(sync=True)
    """What is shown, in a few words."""

    selection = SelectionTrait().tag(sync=True)
    """What is being looked at: see `widgets.selection`. Assign a unit's name to it."""

    links = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the links it is part of, by which pages without a kernel know them."""

    kept_icons = traitlets.Bytes(b"").tag(sync=True)
    """Icons for a page without a kernel: WebP, one file behind the other."""

    kept_index = traitlets.List().tag(sync=True)
    """One ``[unit, bytes, strength]`` for each."""

    poster_id = traitlets.Unicode("").tag(sync=True)
    """Names the output that shows a picture to those without widgets."""

    def __init__(
        self,
        model: Any = None,
        *,
        icon_settings: IconSettings | None = None,
        **traits: Any,
    ) -> None:
        for name in traits:
            if name != "layout" and not self.class_traits().get(name):
                raise TypeError(
                    f"{type(self).__name__} got an unknown argument {name!r}"
                )
        self.model = as_model(model)
        self._directions: dict[str, Unit] = {}
        self.worker = Worker(f"lucid_widgets {self.BUNDLE}")
        self._poster = PosterOutput()
        self.icons = IconSupply(
            self.model,
            icon_settings or IconSettings(),
            self.send_message,
            self.show_error,
            self._note_status,
        )
        super().__init__(poster_id=self._poster.id, **traits)
        import_between_cells()

    # For users --------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything asked for is computed. Ctrl-C ends the waiting.

        Where no page has asked for icons (a notebook executed without a browser), those
        of the picture for such readers are made.

        Args:
            timeout: most seconds to wait for each kind of work.

        Returns:
            Whether it is.

        Raises:
            Exception: what went wrong.
        """
        done = self.worker.wait(timeout)
        if done and not any(supply.asked for supply in self._supplies()):
            self._want_poster()
        done = done and all(supply.wait(timeout) for supply in self._supplies())
        if done:
            self._rest()
        return done

    def to_html(self, path: str | Path, *, title: str = "") -> Path:
        """Write a page that shows the widget as it is now, with no kernel or network.

        Args:
            path: where to.
            title: heading; left out, the widget's own.
        """
        from lucid_widgets.widgets.page import save_widgets

        self._keep_icons()
        return save_widgets(path, [self], title=title)

    def close(self) -> None:
        """Stop computing, and remove the widget from every page."""
        # One that was never finished (a wrong argument) is closed when it is dropped.
        for part in list(vars(self).values()):
            if isinstance(part, IconSupply | Worker):
                part.close()
        if self.comm is not None:
            self.status = "closed"
            super().close()

    def _ipython_display_(self, **kwargs: Any) -> None:
        from IPython.display import display

        view: Any = self._repr_mimebundle_()
        if isinstance(view, tuple):  # anywidget returns data and metadata
            view = view[0]
        display({**view, "text/plain": repr(self)}, raw=True)
        self._poster.display()
        self._displayed()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.title}>"

    # For subclasses: what they override ---------------------------------------------

    def _displayed(self) -> None:
        """Begin, if work is to begin when the widget is shown."""

    def _poster_pixels(self) -> NDArray[np.uint8] | None:
        """Return the picture for those without widgets; None for none yet."""
        icons = self.icons.held[-POSTER_TILES:]
        if not icons:
            return None
        tiles = [
            np.asarray(
                Image.fromarray(icon.pixels).resize((POSTER_TILE, POSTER_TILE)),
                np.float32,
            )
            / 255
            for icon in icons
        ]
        labels = [icon.unit.name.rpartition(":")[2] for icon in icons]
        sheet = sprite_sheet(tiles, labels, columns=min(8, len(tiles)), gap=4)
        return (sheet * 255 + 0.5).astype(np.uint8)

    def _poster_units(self) -> list[Unit]:
        """Return the units whose icons the poster shows."""
        return []

    def _want_poster(self) -> None:
        """Ask for the icons that the poster shows."""
        self.icons.want(self._poster_units())

    def _supplies(self) -> list[IconSupply]:
        """Return what icons come from: one for each model."""
        return [self.icons]

    def _want(self, names: Sequence[str]) -> None:
        """Ask for the icons of units that the page shows."""
        self.icons.want([self.unit(name) for name in names])

    def _kept_icons(self) -> tuple[bytes, list[list[Any]]]:
        """Return icons for a page without a kernel; see `IconSupply.kept`."""
        return self.icons.kept()

    def _check_unit(self, unit: Unit) -> Unit:
        """Return a unit if it can be selected here, or raise.

        Raises:
            LucidError: the model has no such unit.
        """
        depth = self.model.get_layer(self.model.canonical_name(unit.layer)).depth
        if unit.channel is not None and depth:
            unit.direction(depth)
        return unit

    # For subclasses: what they call ---------------------------------------------------

    def know(self, unit: Unit) -> Unit:
        """Remember a direction, whose name alone would not say what it is."""
        self._directions[unit.name] = unit
        return unit

    def has(self, layer: str) -> bool:
        """Return whether the model has a layer of exactly this name."""
        return layer in self.model.layer_names

    def unit(self, name: Any) -> Unit:
        """Return the unit of a name, directions that are known here included."""
        if isinstance(name, str) and name in self._directions:
            return self._directions[name]
        return self._check_unit(as_unit(name))

    def compute(
        self, name: str, work: Callable[[], object], *, urgency: int = 0
    ) -> None:
        """Do something on the widget's thread; the newest of a name wins.

        Args:
            name: what it is.
            work: may return an iterator, whose items are taken one at a time so
                that more urgent work comes between; what it raises is shown.
            urgency: see `Worker.do`.
        """

        def make() -> object:
            import_on_worker()
            return work()

        self.worker.do(
            name,
            make,
            urgency=urgency,
            failed=self.show_error,
            ended=self._note_status,
        )
        self._note_status()

    def show_error(self, error: Exception) -> None:
        """Show what went wrong, in place."""
        with self.hold_sync():
            self.error = describe(error)
            self._note_status()

    # The selection --------------------------------------------------------------------

    def select(self, unit: Any = None, position: Any = None) -> None:
        """Select a unit, a position, or both; what is left out stays as it is.

        With neither, nothing is selected any more.

        Args:
            unit: a `Unit` or the name of one.
            position: row and column.

        Raises:
            LucidError: the model has no such unit.
        """
        nothing = unit is None and position is None
        changed = as_selection(None) if nothing else dict(self.selection)
        if unit is not None:
            changed["unit"] = self.unit(unit).name
        if position is not None:
            changed["position"] = position
        self.error = ""
        self.selection = changed

    @traitlets.validate("selection")
    def _valid_selection(self, proposal: Any) -> Any:
        made = as_selection(proposal.value)
        if made["unit"] is not None:
            made["unit"] = self.unit(made["unit"]).name
        return made

    # At rest --------------------------------------------------------------------------

    def _note_status(self) -> None:
        """Bring `status` up to date; what is computed is kept when all work is done."""
        if self.status == "closed":
            return
        busy = self.worker.busy or any(supply.busy for supply in self._supplies())
        if self.icons.problem and not self.notice:
            self.notice = self.icons.problem
        if busy:
            self.status = "working"
        else:
            self._rest()

    def _rest(self) -> None:
        self._keep_icons()
        self._show_poster()
        self.status = "failed" if self.error else "resting"

    def _keep_icons(self) -> None:
        data, index = self._kept_icons()
        if index != self.kept_index:
            with self.hold_sync():
                self.kept_index = index
                self.kept_icons = data

    def _show_poster(self) -> None:
        pixels = self._poster_pixels()
        if pixels is not None:
            self._poster.show(pixels)
