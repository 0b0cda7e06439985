"""Comms: where a widget's messages are handled, and which it may write.

JupyterLab sends the messages of widgets to a subshell, so that sliders move while
a cell runs. ipykernel 7.4 sends them on to the shell that last published on the
same comm, which is often the main one: a cell that starts a run and then blocks
would get no confirmations and no slider moves until it ends. Each comm of ours is
told to leave messages where they arrive.
"""

from __future__ import annotations

from typing import Any

import ipywidgets


def handle_where_received(widget: ipywidgets.Widget) -> None:
    """Keep ipykernel from moving a widget's messages to another shell.

    Does nothing where there is no kernel, or none that moves messages.
    """
    comm = widget.comm
    # A private method: other releases of ipykernel may not have it, or not need it.
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _stay  # type: ignore[union-attr]


def _stay(data: Any, default: Any) -> Any:
    return default


def is_open(widget: ipywidgets.Widget) -> bool:
    """Return whether messages can still be sent: the widget was not closed."""
    return widget.comm is not None
