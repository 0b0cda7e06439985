"""What a saved notebook keeps of a run: filmstrip, recipe and code.

Set at rest, because traits are state and frames are not.
"""

from __future__ import annotations

from typing import Any

from lucid_widgets.frame import Frame
from lucid_widgets.modelzoo import vision_models
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.stream.curve import finite_or_none
from lucid_widgets.widgets.branches import Branch, Branches
from lucid_widgets.widgets.filmstrip import EncodedStrip, StripEncoder
from lucid_widgets.widgets.frame_canvas import FrameCanvas
from lucid_widgets.widgets.provenance import KEYWORD
from lucid_widgets.widgets.recipe import Recipe, recipe_of
from lucid_widgets.widgets.recipe_code import code_of

MAX_SAVED_TEXT = 12_000
"""A longer recipe or program is left out of saved notebooks, in characters."""

TIPS_BYTES = 24_000
"""Of the last pictures of other branches, before base64 makes it a third larger."""

MAX_NAME = 160
"""Longer names of branches are cut, in characters."""

SHORTENED = (
    "# The program for this picture is long: its settings were changed often.\n"
    "# In the notebook, vis.code() returns it.\n"
)


def publish_strip(canvas: FrameCanvas, branch: Branch | None) -> None:
    """Make filmstrip and code of a branch those of the canvas; None empties both."""
    if branch is None:
        if canvas.filmstrip or canvas.code:
            with canvas.hold_sync():
                canvas.filmstrip, canvas.filmstrip_index, canvas.code = b"", [], ""
        return
    kept = branch.snapshots
    strip = branch.encoder.encode(kept)
    with canvas.hold_sync():
        canvas.filmstrip_mime = strip.mime
        canvas.filmstrip_index = index_of(branch, strip.lengths)
        canvas.filmstrip = strip.data
        canvas.code = saved_code(branch)


def publish_branches(
    canvas: FrameCanvas,
    branches: Branches,
    current: Branch,
    encoder: StripEncoder | None = None,
) -> None:
    """Make a tree of runs that of the canvas.

    Args:
        canvas: shows it.
        branches: the tree.
        current: the one whose filmstrip the canvas has.
        encoder: of the last picture of each; None leaves them out.
    """
    rows, tips = tree_of(branches, current, encoder)
    with canvas.hold_sync():
        canvas.branch_tips = tips
        canvas.branches = rows
        canvas.current_branch = current.number


def tree_of(
    branches: Branches, current: Branch, encoder: StripEncoder | None
) -> tuple[list[list[Any]], bytes]:
    """Return the rows of a tree, and the pictures that belong to them."""
    walked = list(branches.walk())
    tips = [one.tip if one is not current else None for _, one in walked]
    shown = [tip for tip in tips if tip is not None]
    strip = encoder.encode(shown) if encoder is not None else EncodedStrip(b"", ())
    lengths = iter(strip.lengths)
    rows: list[list[Any]] = []
    for (depth, one), tip in zip(walked, tips, strict=True):
        name = one.name if len(one.name) <= MAX_NAME else f"{one.name[:MAX_NAME]}…"
        objective = finite_or_none(tip.objective) if tip is not None else None
        length = next(lengths, 0) if tip is not None else 0
        rows.append([one.number, depth, name, one.steps, objective, length])
    return rows, strip.data


def index_of(branch: Branch, lengths: tuple[int, ...]) -> list[list[Any]]:
    """Return ``[step, objective or None, bytes]`` of every snapshot with a picture."""
    return [
        [one.step, finite_or_none(one.objective), length]
        for one, length in zip(branch.snapshots, lengths, strict=False)
    ]


def saved_code(branch: Branch) -> str:
    """Return the program for a branch's newest snapshot, if it is short enough."""
    kept = branch.snapshots
    recipe = recipe_at(branch, kept[-1].step) if kept else None
    if recipe is None:
        return ""
    code = code_for(recipe, kept[-1].course[0].plan.choice.model)
    return code if len(code) <= MAX_SAVED_TEXT else SHORTENED


def recipe_at(branch: Branch, step: int) -> Recipe | None:
    """Return the recipe of a branch's picture after `step` updates; None: no picture."""
    stretches = branch.course.until(step)
    if not stretches:
        return None
    return recipe_of(stretches, step, complete=branch.course.complete)


def recipe_text(branch: Branch, frame: Frame) -> dict[str, str]:
    """Return what the file of a frame's picture is to carry."""
    recipe = recipe_at(branch, frame.step + 1)
    text = recipe.to_json() if recipe is not None else ""
    return {KEYWORD: text} if 0 < len(text) <= MAX_SAVED_TEXT else {}


def code_for(recipe: Recipe, model: Model) -> str:
    """Return the program for a recipe's picture.

    Args:
        recipe: of the picture.
        model: it was made with.
    """
    name = model.name
    # Models of one name may differ: a file given, or a Keras model of the user's.
    is_ours = name in ("TinyInception", "InceptionV1") and type(model).__name__ == name
    is_ours = is_ours and hasattr(vision_models, name)
    return code_of(recipe, f"models.{name}()" if is_ours else "")
