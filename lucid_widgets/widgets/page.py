"""Widgets as one HTML file that needs neither kernel nor network.

The file holds the front ends that notebooks use, and models that answer from the
state in the file. A policy in its head forbids everything else: it loads nothing, and
sends nothing.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lucid_widgets.errors import SettingError
from lucid_widgets.widgets.bundle import read_bundle

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)

STYLE = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 24px auto; max-width: 1120px; padding: 0 16px; }
h1 { font-size: 18px; font-weight: 600; }
main { display: grid; gap: 24px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, var(--column)), 1fr)); }
figure { margin: 0; min-width: 0; }
figcaption { font-size: 14px; margin-bottom: 6px; }
details { font-size: 13px; margin-top: 8px; }
table { border-collapse: collapse; }
th { font-weight: normal; text-align: left; padding-right: 16px; opacity: 0.75; }
td, th { vertical-align: top; padding: 1px 0; padding-right: 16px; }
pre { overflow: auto; font-size: 12px; }
"""

SCRIPT = """
const text = id => document.getElementById(id).textContent;
const bytes = text => Uint8Array.from(atob(text), one => one.charCodeAt(0));
class Model {
  constructor(state) { this.state = state; this.widget_manager = {}; }
  get(name) { return this.state[name]; }
  on() {}
  off() {}
  send() {}
}
for (const [number, {bundle, state}] of JSON.parse(text("widgets")).entries()) {
  for (const [name, value] of Object.entries(state))
    if (value && typeof value === "object" && "$bytes" in value)
      state[name] = bytes(value.$bytes);
  const source = text(`bundle-${bundle}`);
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const {default: widget} = await import(url);
  URL.revokeObjectURL(url);
  const made = widget();
  made.initialize({model: new Model(state)});
  made.render({el: document.getElementById(`widget-${number}`)});
}
"""

HIDDEN = ("_esm", "_css", "layout", "tabbable", "tooltip", "poster_id")
"""Traits that a page does not need."""


@dataclass(frozen=True)
class Piece:
    """One widget of a page.

    Attributes:
        bundle: stem of its front end.
        state: its traits, bytes included.
        caption: HTML above it.
        details: HTML below it.
    """

    bundle: str
    state: dict[str, Any]
    caption: str = ""
    details: str = ""


def save_widgets(path: str | Path, widgets: Sequence[Any], *, title: str = "") -> Path:
    """Write an HTML file that shows widgets as they are now.

    Args:
        path: where to.
        widgets: instances of `BaseWidget`, and canvases of `FeatureVis`.
        title: heading of the page; left out, the first widget's title.

    Returns:
        The path.

    Raises:
        SettingError: no widgets.
    """
    if not widgets:
        raise SettingError("a page of no widgets; expected at least one")
    pieces = [Piece(widget.BUNDLE, _state(widget)) for widget in widgets]
    return write_page(path, pieces, title=title or widgets[0].title, column=480)


def write_page(
    path: str | Path, pieces: Sequence[Piece], *, title: str, column: int
) -> Path:
    """Write an HTML file of several widgets.

    Args:
        path: where to.
        pieces: what it shows.
        title: heading of the page.
        column: least width of a widget beside another one, in CSS pixels.

    Returns:
        The path.
    """
    bundles = {piece.bundle: read_bundle(piece.bundle) for piece in pieces}
    scripts = "".join(
        f'<script type="text/plain" id="bundle-{name}">{_inside_script(script)}</script>\n'
        for name, (script, _) in bundles.items()
    )
    style = "".join(style for _, style in bundles.values())
    heading = html.escape(title)
    figures = "".join(_figure(number, piece) for number, piece in enumerate(pieces))
    shown = [{"bundle": piece.bundle, "state": piece.state} for piece in pieces]
    path = Path(path)
    path.write_text(
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{heading}</title>\n"
        f"<style>{style}{STYLE}main {{ --column: {column}px; }}</style></head>\n"
        f"<body><h1>{heading}</h1>\n<main>{figures}</main>\n"
        f"{scripts}"
        f'<script type="application/json" id="widgets">{_json(shown)}</script>\n'
        f'<script type="module">{SCRIPT}</script>\n'
        "</body></html>\n",
        encoding="utf-8",
    )
    return path


def _figure(number: int, piece: Piece) -> str:
    caption = piece.caption and f"<figcaption>{piece.caption}</figcaption>"
    return (
        f"<figure>{caption}"
        # The class tells the front end that no kernel is behind the widget.
        f'<div id="widget-{number}" class="jupyter-widgets-disconnected"></div>'
        f"{piece.details}</figure>"
    )


def _state(widget: Any) -> dict[str, Any]:
    names = [one for one in widget.keys if one not in HIDDEN and one[0] != "_"]
    return {name: getattr(widget, name) for name in names}


def _json(value: Any) -> str:
    def encoded(one: Any) -> Any:
        if not isinstance(one, bytes):
            raise TypeError(f"{type(one).__name__} in the state of a widget")
        return {"$bytes": base64.b64encode(one).decode()}

    text = json.dumps(value, allow_nan=False, default=encoded)
    return text.replace("<", "\\u003c")


def _inside_script(script: str) -> str:
    # What would end the element early can only stand in a text of the program.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
