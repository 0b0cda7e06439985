"""A front end in this process: reads what a widget sends, answers as a browser would."""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from lucid_widgets.stream.protocol import parse_to_browser


class FrontEnd:
    """Stands where the browser stands, on a thread of its own.

    Args:
        canvas: the widget to listen to.
        confirm: whether frames are confirmed.
        decode: whether their pixels are kept.
    """

    def __init__(self, canvas: Any, *, confirm: bool = True, decode: bool = True):
        self.canvas = canvas
        self.confirm = confirm
        self.decode = decode
        self.frames: list[dict[str, Any]] = []
        self.stills: list[dict[str, Any]] = []
        self.pictures: list[np.ndarray] = []
        self.state: dict[str, Any] = {}
        self._queue: queue.Queue[Any] = queue.Queue()
        self._send = canvas.comm.send
        canvas.comm.send = self._receive
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(5)

    def say(self, **message: Any) -> None:
        """Send a custom message to the kernel."""
        self.custom(message)

    def custom(self, content: Any, buffers: Any = ()) -> None:
        """Send anything at all to the kernel, as a custom message."""
        send_to(self.canvas, {"method": "custom", "content": content}, buffers)

    def write(self, **state: Any) -> None:
        """Write traits of the canvas, which a browser should not."""
        send_to(self.canvas, {"method": "update", "state": state})

    def until(self, condition: Callable[[], Any], timeout: float = 60.0) -> None:
        until(condition, timeout)

    def _receive(self, data: Any = None, buffers: Any = None, **_rest: Any) -> None:
        self._queue.put((data, [bytes(buffer) for buffer in buffers or ()]))

    def _live(self) -> None:
        while (item := self._queue.get()) is not None:
            data, buffers = item
            if data["method"] == "update":
                self.state.update(data["state"])
            elif data["method"] == "custom":
                self._draw(data["content"], buffers)

    def _draw(self, content: Any, buffers: list[bytes]) -> None:
        message = parse_to_browser(content, buffers)
        if self.decode:
            self.pictures.append(np.asarray(Image.open(io.BytesIO(buffers[0]))))
        if message["kind"] == "still":
            self.stills.append({**message, "data": buffers[0]})
            return
        self.frames.append(dict(message))
        if self.confirm:
            self.say(kind="drawn", sequence=message["sequence"])


def send_to(widget: Any, data: dict[str, Any], buffers: Any = ()) -> None:
    """Deliver a message of the browser's to a widget, as its comm would."""
    widget._handle_msg({"content": {"data": data}, "buffers": list(buffers)})


def until(condition: Callable[[], Any], timeout: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
