"""RunTree: the branches of one run, one of them at hand, as the canvas shows them."""

from __future__ import annotations

from lucid_widgets.widgets.branches import MAX_BRANCHES, Branch, Branches
from lucid_widgets.widgets.filmstrip import Snapshot, StripEncoder
from lucid_widgets.widgets.frame_canvas import FrameCanvas
from lucid_widgets.widgets.replay import (
    TIPS_BYTES,
    publish_branches,
    publish_strip,
)


class RunTree:
    """The branches of one run, and where on it the session is.

    Args:
        canvas: shows the filmstrip of the branch at hand, and the others beside it.
    """

    def __init__(self, canvas: FrameCanvas) -> None:
        self.branches = Branches()
        self.current: Branch
        self._canvas = canvas
        self._tips = StripEncoder(TIPS_BYTES)
        self.plant()

    def plant(self) -> None:
        """Begin a new tree, with a first branch at hand."""
        self.branches = Branches()
        self.go_to(Branch())

    def grow(self, snapshot: Snapshot) -> None:
        """Leave the branch at hand at one of its snapshots, on a new branch."""
        self.go_to(Branch(self.current, snapshot, self.branches[-1].number + 1))

    def go_to(self, branch: Branch) -> None:
        """Make a branch the one at hand; its pictures are shown when it rests."""
        self.current = branch
        if branch not in self.branches:
            self.branches = Branches((*self.branches, branch)[-MAX_BRANCHES:])
        publish_strip(self._canvas, None)
        publish_branches(self._canvas, self.branches, branch)

    def publish(self, branch: Branch) -> None:
        """Show filmstrip and code of a branch that rests, and the tips of the others."""
        publish_strip(self._canvas, branch)
        publish_branches(self._canvas, self.branches, branch, self._tips)
