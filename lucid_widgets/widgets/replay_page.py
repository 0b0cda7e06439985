"""Runs as one HTML file: picture, filmstrip, curve and recipe, with no network."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lucid_widgets.errors import ImageError
from lucid_widgets.widgets.branches import Branch, Branches
from lucid_widgets.widgets.filmstrip import StripEncoder
from lucid_widgets.widgets.frame_canvas import FrameCanvas
from lucid_widgets.widgets.page import Piece, write_page
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


def page_state(
    canvas: FrameCanvas, branch: Branch, branches: Branches
) -> dict[str, Any]:
    """Return the state of a canvas that a page shows.

    Args:
        canvas: of a run at rest.
        branch: the run; its filmstrip is encoded anew, larger.
        branches: the tree that it belongs to.
    """
    state: dict[str, Any] = {name: getattr(canvas, name) for name in STATE}
    strip = StripEncoder(STRIP_BYTES, MAX_SIDE).encode(branch.snapshots)
    state["filmstrip"] = strip.data
    state["filmstrip_index"] = index_of(branch, strip.lengths)
    state["branches"], state["branch_tips"] = tree_of(
        branches, branch, StripEncoder(TIPS_BYTES, MAX_SIDE)
    )
    return state


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
    pieces = [_piece(vis) for vis in widgets]
    return write_page(path, pieces, title=title or widgets[0].canvas.title, column=384)


def _piece(vis: Any) -> Piece:
    state = page_state(vis.canvas, vis._open_session().tree.current, vis.branches)
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
    details = (
        f"<details><summary>Recipe</summary><table>{table}</table>"
        f"<pre>{html.escape(vis.code())}</pre></details>"
    )
    return Piece("frame_canvas", state, html.escape(vis.canvas.title), details)
