"""Loading models that are chosen by name: in place, or while everything goes on.

    Python    vis.model = "InceptionV1"   loads here and now, raises here and now
    browser   menu -> load -> worker thread: download, read -+
                take or refuse <- the thread of the menu <---'   unless there is a newer choice

The thread that handles what the browser says must not wait for a download: sliders and
buttons would be dead meanwhile. Nor may the worker thread touch a control. So the model is
handed over through the event loop in which the choice came in.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lucid_widgets.modelzoo.applications import megabytes_to_fetch
from lucid_widgets.modelzoo.downloading import watched
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.stream.worker import Worker
from lucid_widgets.widgets.frame_canvas import FrameCanvas
from lucid_widgets.widgets.model_choice import as_model
from lucid_widgets.widgets.preloading import between_cells, import_on_worker

STEP_PERCENT = 10
"""How often the progress of a download is told: screen readers read it out."""


@dataclass(frozen=True, eq=False)
class _Request:
    name: str
    take: Callable[[Model], object]
    refuse: Callable[[Exception | None], object]


class _GivenUpError(Exception):
    """Ends a download that nobody waits for any more."""


class ModelLoader:
    """Loads models and says so on a canvas; the newest choice wins.

    Args:
        canvas: where to say it.
    """

    def __init__(self, canvas: FrameCanvas) -> None:
        self._canvas = canvas
        self._worker = Worker("lucid_widgets load")
        self._lock = threading.RLock()
        self._newest: _Request | None = None

    def load(
        self,
        name: str,
        take: Callable[[Model], object],
        refuse: Callable[[Exception | None], object],
    ) -> None:
        """Load a model on the worker thread, and return at once.

        Where there is no event loop to come back to, it is loaded before this returns.

        Args:
            name: of a model in the catalogue.
            take: is given the model, in the event loop that runs now.
            refuse: is given what went wrong, there too; or None, at once, when
                `load_in_place` made the choice void.
        """
        request = _Request(name, take, refuse)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._begin(request)
            self._load(request, lambda call: call())
            return
        context = contextvars.copy_context()

        def hand_over(call: Callable[[], None]) -> None:
            try:
                loop.call_soon_threadsafe(call, context=context)
            except RuntimeError:  # closed, with the page that had it
                between_cells(call)

        with self._lock:
            self._begin(request)
            self._worker.do(
                "model", lambda: self._load(request, hand_over, import_on_worker)
            )

    def load_in_place(self, given: Any) -> Model:
        """Return a model for whatever a user may have given; see `as_model`.

        What the browser has chosen before is not waited for any more.
        """
        with self._lock:
            former = self._newest
            self.give_up()
        if former is not None:
            former.refuse(None)
        if not isinstance(given, str):
            return as_model(given)
        self._canvas.loading = _loading(given)
        try:
            return as_model(given)
        finally:
            self._canvas.loading = ""

    def give_up(self) -> None:
        """Forget what is being loaded, if anything is."""
        with self._lock:
            if self._newest is not None:
                self._newest = None
                self._canvas.loading = ""
                self._worker.drop("model")

    def close(self) -> None:
        """Give up for good; a download ends soon, reading a file when it is read."""
        self.give_up()
        self._worker.close()

    def _begin(self, request: _Request) -> None:
        with self._lock:
            self._newest = request
            self._canvas.loading = _loading(request.name)

    def _load(
        self,
        request: _Request,
        hand_over: Callable[[Callable[[], None]], None],
        prepare: Callable[[], object] = lambda: None,
    ) -> None:
        def watch(done: int, total: int | None) -> None:
            self._watch(request, done, total)

        try:
            prepare()
            with watched(watch):
                model = as_model(request.name)
        except Exception as error:
            failure = error
            hand_over(lambda: self._finish(request, lambda: request.refuse(failure)))
            return
        hand_over(lambda: self._finish(request, lambda: request.take(model)))

    def _watch(self, request: _Request, done: int, total: int | None) -> None:
        with self._lock:
            if self._newest is not request:
                raise _GivenUpError
            if total:
                percent = done * 100 // total // STEP_PERCENT * STEP_PERCENT
                self._canvas.loading = f"loading {request.name}… {percent} %"

    def _finish(self, request: _Request, act: Callable[[], object]) -> None:
        with self._lock:
            if self._newest is not request:
                return
            self.give_up()
        try:
            act()
        except Exception as error:  # an event loop would print it
            request.refuse(error)


def _loading(name: str) -> str:
    megabytes = megabytes_to_fetch(name)
    size = "" if megabytes is None else f" about {megabytes} MB of weights, once"
    return f"loading {name[:60]}…{size}"
