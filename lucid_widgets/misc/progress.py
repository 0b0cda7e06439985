"""Long work that says how far it is, and can be stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, TypeAlias

from lucid_widgets.errors import SettingError, StoppedError

Progress: TypeAlias = bool | Callable[[int, int], Any] | None
"""True for a bar, where somebody is looking; a function of (done, total); None."""


class Event(Protocol):
    """What can be set to stop the work: a `threading.Event`."""

    def is_set(self) -> bool:
        """Return whether to stop."""
        ...


Cancel: TypeAlias = Event | Callable[[], bool] | None
"""A `threading.Event` that stops the work once it is set; or a function that says so."""


class Tracker:
    """Counts pieces of work, tells about it, and stops when asked to.

    Use it as a context, and call `advance` after each piece.

    Args:
        total: pieces in all.
        progress: see `Progress`.
        cancel: see `Cancel`.
        what: the name of the work, in front of the bar.

    Raises:
        SettingError: `progress` or `cancel` is none of what they may be.

    Example:
        >>> with Tracker(2, lambda done, total: print(done, "of", total)) as tracker:
        ...     tracker.advance()
        1 of 2
    """

    def __init__(
        self,
        total: int,
        progress: Progress = None,
        cancel: Cancel = None,
        what: str = "",
    ) -> None:
        if not (progress is None or isinstance(progress, bool) or callable(progress)):
            raise SettingError(
                f"progress is {progress!r:.100}; expected True, None or a function of "
                "(done, total)"
            )
        if not (cancel is None or callable(cancel) or hasattr(cancel, "is_set")):
            raise SettingError(
                f"cancel is {cancel!r:.100}; expected a threading.Event, or a function "
                "that returns whether to stop"
            )
        self.total, self.done = total, 0
        self._progress, self._cancel, self._what = progress, cancel, what
        self._bar: Any = None

    def __enter__(self) -> Tracker:
        if self._progress is True:
            from tqdm.auto import tqdm

            # In a script whose output goes to a file, a bar is noise.
            silent = "ipykernel" not in sys.modules and not sys.stderr.isatty()
            self._bar = tqdm(total=self.total, desc=self._what, disable=silent)
        self.check()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def check(self) -> None:
        """Raise if the work is to be stopped.

        Raises:
            StoppedError: it is.
        """
        if self._cancel is None:
            return
        stop: Any = getattr(self._cancel, "is_set", self._cancel)
        if stop():
            raise StoppedError(
                f"{self._what or 'the work'} was stopped after {self.done} of "
                f"{self.total} parts, as asked"
            )

    def extend(self, count: int) -> None:
        """Note that there are so many more pieces than was thought."""
        self.total += count
        if self._bar is not None:
            self._bar.total = self.total

    def advance(self, count: int = 1) -> None:
        """Note that so many more pieces are done.

        Raises:
            StoppedError: the work is to be stopped; not after the last piece.
        """
        self.done += count
        if self._bar is not None:
            self._bar.update(count)
        elif callable(self._progress):
            self._progress(self.done, self.total)
        if self.done < self.total:
            self.check()
