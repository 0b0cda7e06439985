"""The front end's files, built from `js/` into `widgets/static/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lucid_widgets.errors import LucidError

STATIC = Path(__file__).parent / "static"


@cache
def read_bundle(stem: str) -> tuple[str, str]:
    """Return JavaScript and CSS of a widget.

    Args:
        stem: the widget's file name, without its ending.

    Raises:
        LucidError: the files are missing; the message says how to build them.
    """
    files = [STATIC / f"{stem}.js", STATIC / f"{stem}.css"]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise LucidError(
            f"the front end is not built: {' and '.join(missing)} missing. In a clone, "
            "run `npm --prefix js ci && npm --prefix js run build`; otherwise reinstall "
            "lucid-widgets, whose wheel brings them"
        )
    script, style = (file.read_text(encoding="utf-8") for file in files)
    return script, style
