"""Front ends in which pictures from a background thread do not arrive.

Colab handles the messages of widgets while a cell runs only, and VS Code may show a
widget late or never. There `FeatureVis.run_blocking` does the same run inside the
cell, and updates one plain output. marimo shows the canvas, and no ipywidgets.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

BLOCKING = {"Colab", "VS Code"}

INTERVAL_S = 0.5
"""Seconds between two updates of the output."""


def front_end(modules: Any = sys.modules, environment: Any = os.environ) -> str | None:
    """Return the front end's name, if it is one that is known to need help.

    Args:
        modules: names of what has been imported.
        environment: of the process.
    """
    if "google.colab" in modules or "COLAB_RELEASE_TAG" in environment:
        return "Colab"
    if "VSCODE_PID" in environment or "VSCODE_CWD" in environment:
        return "VS Code"
    return None


def hint(name: str | None) -> str:
    """Return one line for people in such a front end, "" for all others."""
    if name == "marimo":
        return (
            "marimo shows the canvas alone: settings are traits, such as "
            "vis.channel = 12; if no picture grows, call vis.wait() and show vis.image."
        )
    if name not in BLOCKING:
        return ""
    return (
        f"If no picture grows here ({name} may hold back updates from the "
        "background), run vis.run_blocking() in a cell."
    )


def marimo_view(canvas: Any) -> Any:
    """Return a canvas for marimo, with a line of help.

    marimo has a place for widgets made with anywidget, and none for ipywidgets, of
    which the settings beside the canvas consist.
    """
    marimo = sys.modules["marimo"]
    help_with = marimo.md(f"`{hint('marimo')}`")
    return marimo.vstack([marimo.ui.anywidget(canvas), help_with])


def show_until_rest(
    has_rested: Callable[[float], bool],
    picture: Callable[[], dict[str, Any] | None],
    interval_s: float = INTERVAL_S,
) -> None:
    """Show pictures in the output of the cell until a run rests.

    Args:
        has_rested: waits for the run so many seconds at most; whether it rests.
        picture: returns the newest picture as data of an output, None before the
            first one.
        interval_s: seconds between two updates.
    """
    from IPython.display import display

    handle = None
    shown: Any = None
    rests = False
    while not rests:
        started = time.monotonic()
        rests = has_rested(interval_s)
        data = picture()
        if data is not None and data != shown:
            if handle is None:
                handle = display(data, raw=True, display_id=True)
            else:
                handle.update(data, raw=True)
            shown = data
        if not rests:
            time.sleep(max(0.0, interval_s - (time.monotonic() - started)))
