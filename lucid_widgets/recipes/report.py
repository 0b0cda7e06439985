"""What a check of a model found, to be read in a terminal or a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import numpy as np

from lucid_widgets.modelzoo.vision_base import Model


@dataclass
class Report:
    """What `check` found; printed, it is the whole story.

    Attributes:
        model: the model, ready to be used; None when it could not be loaded.
        lines: pairs of a title and what was found.
        problems: what stands between the model and good pictures, with the cure.
        picture: ``[height, width, channels]`` in [0, 1], when one was asked for.
    """

    model: Model | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    picture: np.ndarray | None = None

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """One sentence: what to do next."""
        if self.ready:
            return "ready: FeatureVis(model), or render.render_vis(model, ...)"
        return f"{len(self.problems)} thing{'s'[: len(self.problems) > 1]} to mend"

    def tell(self, title: str, text: str) -> None:
        """Add a line."""
        self.lines.append((title, text))

    def __str__(self) -> str:
        width = max(len(title) for title, _ in self._rows)
        return "\n".join(f"{title:<{width}}  {text}" for title, text in self._rows)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left;vertical-align:top'>{html.escape(title)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for title, text in self._rows
        )
        return f"<table>{rows}</table>"

    @property
    def _rows(self) -> list[tuple[str, str]]:
        problems = [("To mend", text) for text in self.problems]
        return [*self.lines, *problems, ("Verdict", self.verdict)]
