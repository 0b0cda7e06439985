"""Overrides that hold for a block: what `import_graph` uses unless told otherwise."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

from lucid_widgets.modelzoo.activations import Overrides

_current: contextvars.ContextVar[Overrides] = contextvars.ContextVar("overrides")


def current_overrides() -> Overrides:
    """Return the overrides that hold here; none by default."""
    return _current.get({})


@contextlib.contextmanager
def overriding(overrides: Overrides) -> Iterator[None]:
    """Let overrides hold within the block, on this thread, and no longer.

    Args:
        overrides: see `activations.Overrides`; those of an outer block hold, too, for
            other operations.
    """
    token = _current.set({**current_overrides(), **overrides})
    try:
        yield
    finally:
        _current.reset(token)
