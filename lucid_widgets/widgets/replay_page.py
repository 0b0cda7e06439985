"""A run as one HTML file: picture, filmstrip, curve and recipe, with no network.

The file holds the same front end as the notebook, and a model that answers from the
state in the file instead of from a kernel. A policy in its head forbids everything
else: it loads nothing, and sends nothing.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lucid_widgets.errors import ImageError
from lucid_widgets.widgets.branches import Branch, Branches
from lucid_widgets.widgets.bundle import read_bundle
from lucid_widgets.widgets.filmstrip import StripEncoder
from lucid_widgets.widgets.frame_canvas import FrameCanvas
from lucid_widgets.widgets.replay import index_of, tree_of

STRIP_BYTES = 4 * 2**20
"""A page of its own has room for better pictures than a notebook."""

TIPS_BYTES = 2**20

MAX_SIDE = 512

STATE = (
    "status",
    "error",
    "title",
    "total_steps",
    "poster",
    "poster_mime",
    "poster_step",
    "poster_objective",
    "poster_curve",
    "filmstrip",
    "filmstrip_mime",
    "filmstrip_index",
    "branches",
    "branch_tips",
    "current_branch",
    "code",
)
"""The traits that the page needs."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)

STYLE = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 24px auto; max-width: 1120px; padding: 0 16px; }
h1 { font-size: 18px; font-weight: 600; }
main { display: grid; gap: 24px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 384px), 1fr)); }
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
const url = URL.createObjectURL(new Blob([text("bundle")], {type: "text/javascript"}));
const {default: widget} = await import(url);
URL.revokeObjectURL(url);
const bytes = text => Uint8Array.from(atob(text), one => one.charCodeAt(0));
class Model {
  constructor(state) { this.state = state; }
  get(name) { return this.state[name]; }
  on() {}
  off() {}
  send() {}
  widget_manager = {};
}
JSON.parse(text("states")).forEach((state, number) => {
  for (const name of ["poster", "filmstrip", "branch_tips"]) state[name] = bytes(state[name]);
  const made = widget();
  const el = document.getElementById(`canvas-${number}`);
  made.initialize({model: new Model(state)});
  made.render({el});
});
"""


def page_state(
    canvas: FrameCanvas, branch: Branch, branches: Branches
) -> dict[str, Any]:
    """Return the state of a canvas that a page shows, as JSON can hold it.

    Args:
        canvas: of a run at rest.
        branch: the run; its filmstrip is encoded anew, larger.
        branches: the tree that it belongs to.
    """
    state: dict[str, Any] = {name: getattr(canvas, name) for name in STATE}
    strip = StripEncoder(STRIP_BYTES, MAX_SIDE).encode(
        [one.pixels for one in branch.snapshots]
    )
    state["filmstrip"] = strip.data
    state["filmstrip_index"] = index_of(branch, strip.lengths)
    state["branches"], state["branch_tips"] = tree_of(
        branches, branch, StripEncoder(TIPS_BYTES, MAX_SIDE)
    )
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in state.items()
    }


def save_page(path: str | Path, shown: Sequence[Any], *, title: str = "") -> Path:
    """Write an HTML file that replays the runs of one or several widgets.

    Args:
        path: where to.
        shown: `FeatureVis` widgets, each at rest with a picture; several make a
            grid.
        title: heading of the page; left out, what the first one shows.

    Returns:
        The path.

    Raises:
        ImageError: a widget has no picture yet.
    """
    widgets = list(shown)
    if not widgets:
        raise ImageError("a page of no widgets; expected at least one FeatureVis")
    states = [
        page_state(vis.canvas, vis._open_session().current, vis.branches)
        for vis in widgets
    ]
    figures = [_figure(number, vis) for number, vis in enumerate(widgets)]
    script, style = read_bundle("frame_canvas")
    heading = html.escape(title or states[0]["title"])
    path = Path(path)
    path.write_text(
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{heading}</title>\n"
        f"<style>{style}{STYLE}</style></head>\n"
        f"<body><h1>{heading}</h1>\n<main>{''.join(figures)}</main>\n"
        f'<script type="text/plain" id="bundle">{_inside_script(script)}</script>\n'
        f'<script type="application/json" id="states">{_json(states)}</script>\n'
        f'<script type="module">{SCRIPT}</script>\n'
        "</body></html>\n",
        encoding="utf-8",
    )
    return path


def _figure(number: int, vis: Any) -> str:
    recipe = vis.recipe()
    rows = [
        ("model", f"{recipe.model_name} ({recipe.model_identity[:23]}…)"),
        ("seed", recipe.seed),
        ("updates", recipe.steps),
        *recipe.versions.items(),
    ]
    for one in recipe.stretches[:50]:
        rows.append((f"from step {one.start}", one.objective.text))
        for values in (one.settings, one.hyperparameters):
            given = ", ".join(
                f"{name.replace('_', ' ')} {value}"
                for name, value in vars(values).items()
            )
            rows.append(("", given))
    table = "".join(
        f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in rows
    )
    title = html.escape(vis.canvas.title)
    return (
        f"<figure><figcaption>{title}</figcaption>"
        # The class tells the front end that no kernel is behind the widget.
        f'<div id="canvas-{number}" class="jupyter-widgets-disconnected"></div>'
        f"<details><summary>Recipe</summary><table>{table}</table>"
        f"<pre>{html.escape(vis.code())}</pre></details></figure>"
    )


def _json(value: Any) -> str:
    return json.dumps(value).replace("<", "\\u003c")


def _inside_script(script: str) -> str:
    # What would end the element early can only stand in a text of the program.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
