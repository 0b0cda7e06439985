"""Worker: jobs of widgets, a little at a time, on one thread.

A job is a function that returns an iterator, or anything else: between two of its
items, whatever is more urgent has its turn. So a question about a photo is answered
while a thousand icons are being rendered.

A job has a name. Another job of the same name takes its place: the newest request
wins, and the older one is closed at its next item.

    with a name   waiting -> begun -> (an item) -> (an item) -> ended
                     '--------'-- replaced, dropped, failed --'

The thread starts with the first job, and ends when there has been none for a while.
It is a daemon, so a kernel that shuts down waits for no more than the item in progress.
What a job raises is handed to `failed`, and raised by `wait`: output of a thread would
land in whatever cell runs next.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import cast

from lucid_widgets.stream.at_exit import close_at_exit
from lucid_widgets.stream.waiting import wait_until

IDLE_S = 5.0
"""Seconds without work after which the thread ends."""

JOIN_S = 2.0
"""Most seconds that `close` waits for the item in progress."""


@dataclass
class _Job:
    name: Hashable
    make: Callable[[], object]
    urgency: int
    number: int
    failed: Callable[[Exception], object]
    ended: Callable[[], object] | None = None
    items: Iterator[object] | None = None
    dropped: bool = field(default=False)


class Worker:
    """Does jobs; see the module.

    Args:
        name: the thread's name.
        idle_s: seconds without work after which the thread ends.
    """

    def __init__(
        self, name: str = "lucid_widgets work", idle_s: float = IDLE_S
    ) -> None:
        self._name = name
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._jobs: dict[Hashable, _Job] = {}
        self._stale: list[_Job] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._current: _Job | None = None
        self._error: Exception | None = None
        self._closed = False
        close_at_exit(self)

    @property
    def thread(self) -> threading.Thread | None:
        """The thread, if there is one now."""
        return self._thread

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._jobs)

    def do(
        self,
        name: Hashable,
        make: Callable[[], object],
        *,
        urgency: int = 0,
        failed: Callable[[Exception], object] = lambda error: None,
        ended: Callable[[], object] | None = None,
    ) -> None:
        """Do something on the worker's thread.

        Args:
            name: a job of the same name that has not ended is given up.
            make: called on the worker's thread. If it returns an iterator, it is
                run to its end, an item at a time; items are thrown away.
            urgency: of several jobs, the one of the highest urgency has its turn;
                among equals the newest.
            failed: told what the job raised, on the worker's thread.
            ended: called when it has come to its end, on the worker's thread; not
                for a job that was given up or failed.
        """
        with self._changed:
            if self._closed:
                return
            self._drop(name)
            number = next(self._numbers)
            self._jobs[name] = _Job(name, make, urgency, number, failed, ended)
            self._error = None
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name=self._name, daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def drop(self, name: Hashable) -> None:
        """Give a job up, if there is one of that name."""
        with self._changed:
            self._drop(name)
            self._changed.notify_all()

    def has(self, name: Hashable) -> bool:
        """Return whether a job of that name has not ended."""
        return name in self._jobs

    def close(self) -> None:
        """Give everything up. The thread ends after the item in progress."""
        with self._changed:
            self._closed = True
            for name in list(self._jobs):
                self._drop(name)
            thread = self._thread
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_S)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there is nothing to do.

        Ctrl-C ends the waiting, and leaves the work as it is.

        Args:
            timeout: most seconds to wait; None: as long as it takes.

        Returns:
            Whether there is nothing to do now.

        Raises:
            Exception: what the last job to fail raised, if none was begun since.
        """
        with self._changed:
            if threading.current_thread() is self._thread:
                raise RuntimeError("wait() on the worker's thread would never return")
            if not wait_until(self._changed, self._is_idle, timeout):
                return False
            error = self._error
        if error is not None:
            raise error
        return True

    # Call with the lock held ------------------------------------------------------

    def _is_idle(self) -> bool:
        return not self._jobs and self._current is None

    def _drop(self, name: Hashable) -> None:
        job = self._jobs.pop(name, None)
        if job is not None:
            job.dropped = True
            # Only the thread may close an iterator: it might be inside of it.
            self._stale.append(job)

    def _next_job(self) -> _Job | None:
        """Return the job whose turn it is; None ends the thread."""
        self._current = None
        self._changed.notify_all()
        while not self._jobs and not self._stale:
            if self._closed or not self._changed.wait(self._idle_s):
                if self._jobs or self._stale:
                    break
                self._thread = None
                return None
        if not self._jobs:
            return _NOTHING
        self._current = max(
            self._jobs.values(), key=lambda job: (job.urgency, job.number)
        )
        return self._current

    # The thread -------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                job = self._next_job()
                stale, self._stale = self._stale, []
            for one in stale:
                _close(one)
            if job is None:
                return
            if job is not _NOTHING:
                self._advance(job)

    def _advance(self, job: _Job) -> None:
        try:
            if job.items is None:
                made = job.make()
                if not hasattr(made, "__next__"):
                    self._end(job)
                    return
                job.items = cast("Iterator[object]", made)
            next(job.items)
        except StopIteration:
            self._end(job)
        except Exception as error:
            with self._changed:
                if job.dropped:
                    return  # nobody asks for it any more
                self._jobs.pop(job.name)
                self._error = error
            with contextlib.suppress(Exception):
                job.failed(error)

    def _end(self, job: _Job) -> None:
        with self._changed:
            if job.dropped:
                return
            self._jobs.pop(job.name)
        if job.ended is not None:
            try:
                job.ended()
            except Exception as error:
                self._error = error
                with contextlib.suppress(Exception):
                    job.failed(error)


def _close(job: _Job) -> None:
    close = getattr(job.items, "close", None)
    if close is not None:
        with contextlib.suppress(Exception):
            close()


_NOTHING = _Job("nothing", lambda: None, 0, 0, lambda error: None)
"""A turn in which jobs that were given up are closed."""
