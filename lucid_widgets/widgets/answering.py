"""Answering: what a page may ask of a widget about units, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import traitlets

from lucid_widgets.errors import ProtocolError, SettingError
from lucid_widgets.stream.widget_protocol import (
    MAX_UPLOAD,
    AskMessage,
    ChangeMessage,
    SelectMessage,
    ToBrowser,
    parse_to_kernel,
)
from lucid_widgets.widgets.comms import is_open
from lucid_widgets.widgets.frame_canvas import describe
from lucid_widgets.widgets.icon_supply import touched
from lucid_widgets.widgets.kernel_owned import KernelOwned

Answer = tuple[Any, Sequence[bytes]]
"""What answers a question: a JSON value, and buffers."""


class Answering(KernelOwned):
    """A widget that does what its page asks for, or says why it does not."""

    CHANGEABLE: ClassVar[tuple[str, ...]] = ()
    """Traits that the page may ask to change, each validated by the kernel."""

    AT_ONCE: ClassVar[tuple[str, ...]] = ()
    """Questions that take no time, and do not wait for work in progress."""

    error = traitlets.Unicode().tag(sync=True)
    """What went wrong, "" for nothing. Line 1 is for everyone; details follow."""

    def send_message(self, message: ToBrowser, buffers: Sequence[bytes] = ()) -> None:
        """Send a message to the page, if there may be one."""
        if is_open(self):
            self.send(message, list(buffers))

    # What the base does with a message ----------------------------------------------

    def select(self, unit: Any = None, position: Any = None) -> None:
        """Select a unit, a position, or both."""
        raise NotImplementedError

    def compute(
        self, name: str, work: Callable[[], object], *, urgency: int = 0
    ) -> None:
        """Do something on the widget's thread; the newest of a name wins."""
        raise NotImplementedError

    def _want(self, names: Sequence[str]) -> None:
        """Ask for the icons of units that the page shows."""
        raise NotImplementedError

    def _answer(self, name: str, arguments: Any, upload: bytes | None) -> Answer:
        """Return the answer to a question of the page's, on the worker's thread.

        Args:
            name: which question.
            arguments: JSON values by name, from the browser: trust nothing.
            upload: the bytes that came with it.

        Raises:
            LucidError: why it cannot be answered.
        """
        raise ProtocolError(f"{type(self).__name__} knows no question {name[:60]!r}")

    # ----------------------------------------------------------------------------------

    def _dispatch(self, content: Any, buffers: Sequence[Any]) -> None:
        message = parse_to_kernel(content, buffers)
        touched()
        match message["kind"]:
            case "visible":
                self._want(message["units"])
            case "select":
                unit, position = message["unit"], message["position"]
                self._reply(message, lambda: self.select(unit, position))
            case "change":
                name, value = message["name"], message["value"]
                self._reply(message, lambda: self._change(name, value))
            case "ask":
                self._ask(message, bytes(buffers[0]) if buffers else None)
            case "ready":
                # An answer, be it an empty one, tells the page that there is a kernel.
                self.send_message({"kind": "icons", "icons": []})
            case _:
                pass

    def _change(self, name: str, value: Any) -> None:
        if name not in self.CHANGEABLE:
            raise ProtocolError(
                f"the front end asked to change {name[:60]!r}; expected one of "
                f"{', '.join(self.CHANGEABLE) or 'nothing'}"
            )
        self.error = ""
        try:
            setattr(self, name, value)
        except traitlets.TraitError as error:
            raise SettingError(str(error)) from error
        finally:
            # The page may already show what it asked for.
            self.send_state([name])

    def _reply(
        self, message: AskMessage | ChangeMessage | SelectMessage, do: Callable[[], Any]
    ) -> None:
        """Do what a message wants, and tell the page whether it could be done."""
        request = message.get("request")
        try:
            value, files = do() or (None, ())
        except Exception as error:
            if request is not None:
                first = describe(error).partition("\n")[0]
                self.send_message(
                    {"kind": "refusal", "request": request, "error": first}
                )
            raise
        if request is not None:
            self.send_message(
                {"kind": "answer", "request": request, "value": value}, files
            )

    def _ask(self, message: AskMessage, upload: bytes | None) -> None:
        name = message["name"]
        if upload is not None and len(upload) > MAX_UPLOAD:
            raise ProtocolError(
                f"an upload of {len(upload):,} bytes; expected at most {MAX_UPLOAD:,}"
            )

        def answer() -> Answer:
            found = self._answer(name, message["arguments"], upload)
            self.error = ""
            return found

        if name in self.AT_ONCE:
            self._reply(message, answer)
        else:
            self.compute(f"ask {name}", lambda: self._reply(message, answer), urgency=1)
