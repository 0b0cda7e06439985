"""FrameCanvas: the picture, its progress, and the buttons that drive it.

The Python half of `js/src/widgets/frame_canvas.ts`. State travels as traits, which
only the kernel writes; frames and commands travel as messages (`stream.protocol`).
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import traitlets

from lucid_widgets.errors import LucidError
from lucid_widgets.stream.protocol import Command, ToBrowser, parse_message
from lucid_widgets.widgets.comms import is_open
from lucid_widgets.widgets.kernel_owned import KernelOwned


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


class FrameCanvas(KernelOwned):
    """Draws the frames it is sent.

    Raises:
        LucidError: the front end is not built.
    """

    BUNDLE: ClassVar[str] = "frame_canvas"

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
        self._listener: CanvasListener | None = None
        super().__init__(**kwargs)

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

    def _dispatch(self, content: Any, buffers: Sequence[Any]) -> None:
        message = parse_message(content, buffers)
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
