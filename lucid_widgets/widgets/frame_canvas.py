"""FrameCanvas: the picture, its progress, and the buttons that drive it.

The Python half of `js/src/widgets/frame_canvas.ts`. State travels as traits, which
only the kernel writes; frames and commands travel as messages (`stream.protocol`).
"""

from __future__ import annotations

import traceback
from typing import Any, Protocol

import anywidget
import traitlets

from lucid_widgets.errors import LucidError, ProtocolError
from lucid_widgets.stream.protocol import Command, ToBrowser, ToKernel, parse_message
from lucid_widgets.widgets.bundle import read_bundle
from lucid_widgets.widgets.comms import handle_where_received, is_open


class CanvasListener(Protocol):
    """What a canvas passes on from the browser, from whatever thread handles it."""

    def ready(self) -> None:
        """A front end has started, and shows nothing yet."""

    def drawn(self, sequence: int) -> None:
        """The frame of this number has been painted."""

    def command(self, command: Command) -> None:
        """A button was pressed."""

    def save_requested(self, step: int) -> None:
        """The person wants the picture of a step as a file."""

    def branch_at(self, step: int) -> None:
        """The person wants to go on from the snapshot of a step."""

    def switch_to(self, number: int) -> None:
        """The person wants another branch."""

    def views_left(self, count: int) -> None:
        """A view was removed; so many are left."""


class FrameCanvas(anywidget.AnyWidget):
    """Draws the frames it is sent.

    Raises:
        LucidError: the front end is not built.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    status = traitlets.Enum(
        ["idle", "preparing", "running", "paused", "finished", "failed", "closed"],
        "idle",
    ).tag(sync=True)
    """Where the run is."""

    error = traitlets.Unicode().tag(sync=True)
    """What went wrong, "" for nothing. Line 1 is for everyone; details follow."""

    title = traitlets.Unicode().tag(sync=True)
    """What is shown: model and objective."""

    notice = traitlets.Unicode().tag(sync=True)
    """Something short to know, such as "new run: layer"."""

    loading = traitlets.Unicode().tag(sync=True)
    """What the kernel is loading, such as "loading InceptionV1…", "" for nothing."""

    total_steps = traitlets.Int(0).tag(sync=True)
    """Updates after which the run is finished."""

    poster = traitlets.Bytes(b"").tag(sync=True)
    """The newest kept picture, encoded: what is shown without a kernel."""

    poster_mime = traitlets.Unicode("").tag(sync=True)
    poster_step = traitlets.Int(0).tag(sync=True)
    poster_size = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)
    """Width and height of the poster, in pixels."""

    poster_objective = traitlets.Float(None, allow_none=True).tag(sync=True)
    poster_curve = traitlets.List().tag(sync=True)
    """The objective's course up to the poster: at most 200 ``[step, value]``."""

    filmstrip = traitlets.Bytes(b"").tag(sync=True)
    """Snapshots of the run, small, one file behind the other; set at rest."""

    filmstrip_mime = traitlets.Unicode("").tag(sync=True)
    filmstrip_index = traitlets.List().tag(sync=True)
    """One ``[step, objective or None, bytes]`` for each snapshot."""

    branches = traitlets.List().tag(sync=True)
    """The tree of runs, each below what it continues: ``[number, depth, name, steps,
    objective or None, bytes]``. The last two are of its last picture."""

    branch_tips = traitlets.Bytes(b"").tag(sync=True)
    """The last pictures of all branches but the one at hand; set at rest."""

    current_branch = traitlets.Int(-1).tag(sync=True)
    """Number of the branch at hand."""

    code = traitlets.Unicode("").tag(sync=True)
    """The program that makes the poster's picture; set at rest, "" for none."""

    poster_id = traitlets.Unicode("").tag(sync=True)
    """Names the output that shows the same picture to those without widgets."""

    def __init__(self, **kwargs: Any) -> None:
        script, style = read_bundle("frame_canvas")
        self._listener: CanvasListener | None = None
        super().__init__(_esm=script, _css=style, **kwargs)
        handle_where_received(self)
        self.on_msg(self._receive)

    def listen(self, listener: CanvasListener) -> None:
        """Pass what the browser says on to `listener`."""
        self._listener = listener

    def send_message(self, message: ToBrowser, data: bytes) -> bool:
        """Send a message with its one buffer.

        Returns:
            False where nobody can receive it any more: the widget is closed.
        """
        if not is_open(self):
            return False
        self.send(message, [data])
        return True

    def show_error(self, error: Exception) -> None:
        """Show what went wrong, in place."""
        self.error = describe(error)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Refuse what a front end wants to write: every trait here is the kernel's.

        Code is among them (`_esm`): whoever could write that could run programs in
        the pages of everyone who shares the kernel.
        """
        names = [name for name in sync_data if name in self.keys]
        self.show_error(
            ProtocolError(
                f"the front end tried to write {', '.join(names) or 'unknown traits'} "
                "of the canvas, which only the kernel may"
            )
        )
        self.send_state(names)

    def _receive(self, _widget: Any, content: Any, buffers: Any) -> None:
        try:
            self._dispatch(parse_message(content, buffers or ()))
        except Exception as error:
            # Anything raised from here would be printed into some cell.
            self.show_error(error)

    def _dispatch(self, message: ToKernel) -> None:
        listener = self._listener
        if listener is None:
            return
        match message["kind"]:
            case "ready":
                listener.ready()
            case "drawn":
                listener.drawn(message["sequence"])
            case "command":
                listener.command(message["command"])
            case "save_request":
                listener.save_requested(message["step"])
            case "branch":
                listener.branch_at(message["step"])
            case "switch":
                listener.switch_to(message["branch"])
            case "views":
                listener.views_left(message["count"])


def describe(error: Exception) -> str:
    """Return an error as text: a useful first line, then details."""
    if isinstance(error, LucidError):
        return str(error)
    message = " ".join(str(error).split()) or "no message"
    if len(message) > 300:
        message = f"{message[:297]}..."
    details = "".join(traceback.format_exception(error))
    return f"{type(error).__name__}: {message}\n{details}"
