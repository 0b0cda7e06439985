"""KernelOwned: a front end of our own, whose traits only the kernel writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import anywidget
import traitlets

from lucid_widgets.errors import ProtocolError
from lucid_widgets.widgets.bundle import read_bundle
from lucid_widgets.widgets.comms import handle_where_received


class KernelOwned(anywidget.AnyWidget):
    """The base of widgets that draw themselves: the page asks, the kernel decides.

    Args:
        **traits: first values.

    Raises:
        LucidError: the front end is not built.
    """

    BUNDLE: ClassVar[str] = ""
    """Stem of ``js/src/widgets/STEM.ts``."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        script, style = read_bundle(self.BUNDLE)
        super().__init__(_esm=script, _css=style, **traits)
        handle_where_received(self)
        self.on_msg(self._receive)

    def show_error(self, error: Exception) -> None:
        """Show what went wrong, in place."""
        raise NotImplementedError

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Refuse what a front end wants to write.

        Code is among it (`_esm`): whoever could write that could run programs in the
        pages of everyone who shares the kernel.
        """
        names = [name for name in sync_data if name in self.keys]
        self.show_error(
            ProtocolError(
                f"the front end tried to write {', '.join(names) or 'unknown traits'}, "
                "which only the kernel may"
            )
        )
        self.send_state(names)

    def _receive(self, _widget: Any, content: Any, buffers: Any) -> None:
        try:
            self._dispatch(content, buffers or ())
        except Exception as error:
            # Anything raised from here would be printed into some cell.
            self.show_error(error)

    def _dispatch(self, content: Any, buffers: Sequence[Any]) -> None:
        """Do what a message from the page asks for, or raise."""
        raise NotImplementedError
