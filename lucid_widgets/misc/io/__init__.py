"""Reading, writing and showing things: ``from lucid_widgets.misc.io import show, load``.

Modules are named after what they do (`loading`, `saving`, `showing`), so that their
verbs (`load`, `save`, `show`) never hide a module of the same name.
"""

from lucid_widgets.misc.io.loading import load
from lucid_widgets.misc.io.reading import read
from lucid_widgets.misc.io.sanitizing import sanitize
from lucid_widgets.misc.io.saving import CaptureSaveContext, batch_save, save
from lucid_widgets.misc.io.scoping import io_scope, scope_url
from lucid_widgets.misc.io.showing import show

__all__ = [
    "CaptureSaveContext",
    "batch_save",
    "io_scope",
    "load",
    "read",
    "sanitize",
    "save",
    "scope_url",
    "show",
]
