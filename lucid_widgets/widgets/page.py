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
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
main > div { min-width: 0; }
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
    bundles = {_bundle(widget): read_bundle(_bundle(widget)) for widget in widgets}
    shown = [{"bundle": _bundle(widget), "state": _state(widget)} for widget in widgets]
    scripts = "".join(
        f'<script type="text/plain" id="bundle-{name}">{_inside_script(script)}</script>\n'
        for name, (script, _) in bundles.items()
    )
    style = "".join(style for _, style in bundles.values())
    heading = html.escape(title or widgets[0].title)
    # The class tells the front end that no kernel is behind the widget.
    places = "".join(
        f'<div id="widget-{number}" class="jupyter-widgets-disconnected"></div>'
        for number in range(len(widgets))
    )
    path = Path(path)
    path.write_text(
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{heading}</title>\n"
        f"<style>{style}{STYLE}</style></head>\n"
        f"<body><h1>{heading}</h1>\n<main>{places}</main>\n"
        f"{scripts}"
        f'<script type="application/json" id="widgets">{_json(shown)}</script>\n'
        f'<script type="module">{SCRIPT}</script>\n'
        "</body></html>\n",
        encoding="utf-8",
    )
    return path


def _bundle(widget: Any) -> str:
    return getattr(widget, "BUNDLE", "frame_canvas")


def _state(widget: Any) -> dict[str, Any]:
    state = {}
    for name in widget.keys:
        if name in HIDDEN or name.startswith("_"):
            continue
        value = getattr(widget, name)
        if isinstance(value, bytes):
            value = {"$bytes": base64.b64encode(value).decode()}
        state[name] = value
    return state


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _inside_script(script: str) -> str:
    # What would end the element early can only stand in a text of the program.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
