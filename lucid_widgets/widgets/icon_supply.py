"""Icons for one widget: what is visible is sent, cached at once, or as it is rendered.

    browser says what is visible -> what is cached goes out here and now
                                 -> the rest is rendered on the thread of all icons

All widgets of a kernel share one thread for rendering: two grids of one layer do not
render an icon twice, and a page of widgets does not fight over the processor. The
widget that asked last has its turn first.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lucid_widgets.errors import LucidError
from lucid_widgets.recipes.icons import Icon, IconMaker, IconSettings
from lucid_widgets.recipes.units import Unit
from lucid_widgets.stream.encoder import encode_live
from lucid_widgets.stream.widget_protocol import IconsMessage
from lucid_widgets.stream.worker import Worker
from lucid_widgets.widgets.preloading import import_on_worker

ICONS_PER_MESSAGE = 32
"""Icons that are there already travel together."""

KEPT_BYTES = 300_000
"""A saved notebook carries at most so many bytes of icons for each widget."""

KEPT_QUALITY = 80

PAUSE_S = 0.1
"""After every message of a page, rendering leaves the processor to it for so long."""

_worker = Worker("lucid icons")
_touched = threading.Event()


def touched() -> None:
    """Say that somebody is at work on a page: the next update waits a moment."""
    _touched.set()


def _give_way() -> None:
    # Once for all messages so far: who moves the mouse on and on wants icons, too.
    if _touched.is_set():
        _touched.clear()
        time.sleep(PAUSE_S)


class IconSupply:
    """Delivers icons to one widget.

    Args:
        model: whose units they show.
        settings: how they are made.
        send: sends a message with its buffers.
        failed: told what went wrong, on any thread.
        changed: called when work begins or ends, on any thread.
    """

    def __init__(
        self,
        model: Any,
        settings: IconSettings,
        send: Callable[[IconsMessage, list[bytes]], object],
        failed: Callable[[Exception], object],
        changed: Callable[[], object],
    ) -> None:
        self._maker = IconMaker(model, settings, between=_give_way)
        self._send = send
        self._failed = failed
        self._changed = changed
        self._wanted: Sequence[Unit] = ()
        self.asked = False
        """Whether icons were ever wanted."""
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Icon] = OrderedDict()

    @property
    def busy(self) -> bool:
        """Whether icons are being rendered."""
        return _worker.has(self)

    @property
    def problem(self) -> str:
        """Why icons are not kept on disk; "" while they are."""
        return self._maker.cache.problem

    @property
    def held(self) -> list[Icon]:
        """The icons that were sent, those wanted last at the end."""
        with self._lock:
            return list(self._held.values())

    def get(self, unit: Unit) -> Icon | None:
        """Return an icon if there is one, without rendering it."""
        with self._lock:
            icon = self._held.get(unit.name)
        return icon if icon is not None and icon.final else self._maker.cached(unit)

    def hold(self, icon: Icon) -> None:
        """Take an icon that was made elsewhere; it is sent when it is wanted."""
        with self._lock:
            self._held[icon.unit.name] = icon

    def prepare(self, unit: Unit) -> None:
        """Get ready to render icons like this one, before any is wanted."""

        def work() -> None:
            import_on_worker()
            # What fails here fails again when an icon is wanted, and is told then.
            with contextlib.suppress(LucidError):
                self._maker.prepare(unit)

        _worker.do((self, "prepare"), work)

    def want(self, units: Sequence[Unit]) -> None:
        """Say which icons are wanted now, instead of those wanted so far.

        What is cached is sent before this returns; the rest is rendered.

        Args:
            units: the most urgent first.
        """
        self.asked = True
        there: list[Icon] = []
        missing: list[Unit] = []
        for unit in units:
            icon = self.get(unit)
            if icon is None:
                missing.append(unit)
            else:
                there.append(icon)
        self._deliver(there)
        self._wanted = missing
        if missing:
            _worker.do(self, self._render, failed=self._failed, ended=self._changed)
        else:
            _worker.drop(self)
        self._changed()

    def kept(self, most: int = KEPT_BYTES) -> tuple[bytes, list[list[Any]]]:
        """Return the newest icons, small: one file behind the other, and an index.

        Args:
            most: bytes at most.

        Returns:
            The bytes, and ``[unit, length, strength]`` of each.
        """
        files: list[bytes] = []
        index: list[list[Any]] = []
        left = most
        for icon in reversed(self.held):
            data = _small_file(icon.pixels)
            left -= len(data)
            if left < 0:
                break
            files.append(data)
            index.append([icon.unit.name, len(data), icon.strength])
        return b"".join(files), index

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all icons of all widgets are rendered; see `Worker.wait`."""
        return _worker.wait(timeout)

    def close(self) -> None:
        """Render nothing any more."""
        _worker.drop(self)
        _worker.drop((self, "prepare"))

    def _render(self) -> Iterator[None]:
        import_on_worker()
        for icon in self._maker.render(lambda: self._wanted):
            self._deliver([icon])
            yield

    def _deliver(self, icons: Sequence[Icon]) -> None:
        for start in range(0, len(icons), ICONS_PER_MESSAGE):
            part = icons[start : start + ICONS_PER_MESSAGE]
            items: Any = []
            files = []
            for icon in part:
                mime, data = "image/png", icon.data
                if data is None:
                    encoded = encode_live(icon.pixels / np.float32(255))
                    mime, data = encoded.mime, encoded.data
                files.append(data)
                items.append(
                    {
                        "unit": icon.unit.name,
                        "mime": mime,
                        "final": icon.final,
                        "strength": icon.strength,
                    }
                )
            self._send({"kind": "icons", "icons": items}, files)
        with self._lock:
            for icon in icons:
                self._held.pop(icon.unit.name, None)
                self._held[icon.unit.name] = icon


def _small_file(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=KEPT_QUALITY, method=4)
    return buffer.getvalue()
