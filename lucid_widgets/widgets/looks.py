"""Looks: one layout and one style for many controls.

ipywidgets gives every control a layout and a style of its own, two more models each
with some forty traits, all written into every saved notebook. Controls that look
alike can share them: a `FeatureVis` is then a hundred models and 150 kB smaller.
"""

from __future__ import annotations

from typing import Any

import ipywidgets


class Looks:
    """Layout and styles of one panel.

    Example:
        >>> looks = Looks()
        >>> ipywidgets.Button(description="Go", **looks.of(ipywidgets.Button))
    """

    def __init__(self) -> None:
        self._layout = ipywidgets.Layout()
        self._styles: dict[type, Any] = {}

    def of(self, kind: type[ipywidgets.Widget]) -> dict[str, Any]:
        """Return the arguments that give a widget the shared looks.

        Args:
            kind: the widget's class. Not for widgets whose layout changes.
        """
        looks: dict[str, Any] = {"layout": self._layout}
        style: Any = kind.class_traits().get("style")
        if style is not None:
            if style.klass not in self._styles:
                self._styles[style.klass] = style.klass()
            looks["style"] = self._styles[style.klass]
        return looks
