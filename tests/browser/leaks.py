"""Counts what views leave behind in a page and in its kernel."""

from __future__ import annotations

from typing import Any

COUNT_BITMAPS = """
() => {
    if (window.openBitmaps !== undefined) return;
    window.openBitmaps = 0;
    const make = window.createImageBitmap;
    window.createImageBitmap = async (...given) => {
        const bitmap = await make(...given);
        window.openBitmaps += 1;
        const close = bitmap.close.bind(bitmap);
        let isOpen = true;
        bitmap.close = () => {
            if (isOpen) window.openBitmaps -= 1;
            isOpen = false;
            close();
        };
        return bitmap;
    };
}
"""

THREADS = (
    "sum(t.name.startswith('lucid_widgets') for t in "
    "__import__('threading').enumerate())"
)


class Leaks:
    """Counts in one notebook; made before its cells run.

    Args:
        notebook: a `Notebook`.
    """

    def __init__(self, notebook: Any) -> None:
        self._notebook = notebook
        notebook.page.evaluate(COUNT_BITMAPS)
        self._session = notebook.page.context.new_cdp_session(notebook.page)
        self._session.send("Performance.enable")

    def count(self) -> dict[str, int]:
        """Return what there is now, after a garbage collection in the page."""
        for _ in range(2):
            self._session.send("HeapProfiler.collectGarbage")
        metrics = {
            one["name"]: int(one["value"])
            for one in self._session.send("Performance.getMetrics")["metrics"]
        }
        return {
            "listeners": metrics["JSEventListeners"],
            "nodes": metrics["Nodes"],
            "views": self._notebook.page.locator(".lucid-frame-canvas").count(),
            "bitmaps": self._notebook.page.evaluate("window.openBitmaps"),
            "threads": self._notebook.ask(THREADS),
        }
