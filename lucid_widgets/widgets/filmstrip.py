"""Filmstrip: snapshots that cover a run, bounded in number and in bytes.

A snapshot is kept after 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32 ...
updates: four in every doubling, because a picture changes most at its beginning. That
rule needs no knowledge of where the run ends: 512 updates make 32 snapshots, 100,000
make 63. The newest picture at rest is one more.

    kernel memory   the engine's state of each, from which its picture is made again,
                    at most `STATE_BYTES`; past that, every other snapshot is left
                    with its picture alone
    saved notebook  small WebP pictures, at most `STRIP_BYTES` together
"""

from __future__ import annotations

import dataclasses
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from lucid_widgets.frame import Frame
from lucid_widgets.shapes import Images, Pixels
from lucid_widgets.stream.encoder import Pixels8, to_pixels
from lucid_widgets.widgets.course import Course, Stretch

MAX_SNAPSHOTS = 64

STRIP_BYTES = 78_000
"""Of a saved filmstrip, before base64 makes it a third larger."""

STATE_BYTES = 512 * 2**20

MAX_SIDE = 320
"""Longest side of a picture in a saved filmstrip, in pixels."""

QUALITIES = (80, 65, 50, 38, 28)
"""Tried in this order, until the strip is small enough; then smaller pictures."""

SHRINK = 0.75


@dataclass(frozen=True, repr=False, eq=False)
class Snapshot:
    """A picture of a run that was kept, in full precision.

    Args:
        frame: what the last update showed.
        course: how it was made.
        complete: whether the course is.
    """

    frame: Frame
    course: tuple[Stretch, ...]
    complete: bool = True

    @property
    def step(self) -> int:
        """Updates done."""
        return self.frame.step + 1

    @property
    def objective(self) -> float:
        """What the last of them saw; may be NaN."""
        return self.frame.objective

    @property
    def state(self) -> Any:
        """The engine's state, to go on from; None where it was dropped."""
        return self.frame.state

    @property
    def images(self) -> Images:
        """The images, float32 ``[batch, height, width, channels]`` in [0, 1]."""
        return self.frame.images

    def without_state(self) -> Snapshot:
        """Return the picture alone."""
        frame = Frame(self.frame.step, self.objective, self.images)
        return dataclasses.replace(self, frame=frame)

    @property
    def image(self) -> Pixels:
        """The batch's first image, ``[height, width, channels]``."""
        return self.images[0]

    @property
    def pixels(self) -> Pixels8:
        """The picture, uint8 ``[height, width, 1 | 3 | 4]``; a batch side by side."""
        return to_pixels(self.images)

    def __repr__(self) -> str:
        return f"<Snapshot of step {self.step}, objective {self.objective:.4g}>"


def is_scheduled(step: int) -> bool:
    """Return whether the picture after so many updates is kept.

    Example:
        >>> [step for step in range(1, 33) if is_scheduled(step)]
        [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32]
    """
    # In binary, three leading digits and nothing but zeros behind them.
    spare = max(0, step.bit_length() - 3)
    return step >= 1 and (step >> spare) << spare == step


class Filmstrip:
    """The snapshots of one run, in the order of their steps. Safe across threads.

    Args:
        before: snapshots of the run that this one continues.
    """

    def __init__(self, before: tuple[Snapshot, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._snapshots = list(before)
        self._last_is_extra = False

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """What is kept."""
        with self._lock:
            return tuple(self._snapshots)

    def offer(self, frame: Frame, course: Course, *, rests: bool) -> None:
        """Keep a frame, if it is one to keep.

        Args:
            frame: of the newest update.
            course: how it was made.
            rests: whether the run rests here; such a frame is kept until the next.
        """
        step = frame.step + 1
        if not (rests or is_scheduled(step)):
            return
        snapshot = Snapshot(frame, course.until(step), course.complete)
        with self._lock:
            if self._last_is_extra or self._holds(step):
                self._snapshots.pop()
            self._snapshots.append(snapshot)
            self._last_is_extra = not is_scheduled(step)
            if len(self._snapshots) > MAX_SNAPSHOTS:
                del self._snapshots[0]
            self._snapshots = _within_memory(self._snapshots)

    def _holds(self, step: int) -> bool:
        return bool(self._snapshots) and self._snapshots[-1].step >= step


def _within_memory(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Drop every other state, but the last, until the rest fits."""
    while sum(_bytes_of(one.state) for one in snapshots) > STATE_BYTES:
        held = [one for one in snapshots[:-1] if one.state is not None]
        if not held:
            break
        dropped = {one.step for one in held[::2]}
        snapshots = [
            one.without_state() if one.step in dropped else one for one in snapshots
        ]
    return snapshots


def _bytes_of(state: Any) -> int:
    if state is None:
        return 0
    sizes = (v.shape.num_elements() or 0 for v in (*state.variables, *state.slots))
    return 4 * sum(sizes)


# Encoding ---------------------------------------------------------------------------


@dataclass(frozen=True)
class EncodedStrip:
    """A filmstrip as bytes.

    Args:
        data: the files of the pictures, one behind the other.
        lengths: of each, in bytes; empty where not even tiny pictures fit.
        mime: their kind.
    """

    data: bytes
    lengths: tuple[int, ...]
    mime: str = "image/webp"


class Picture(Protocol):
    """What a file is made of; told apart from others by identity."""

    @property
    def pixels(self) -> Pixels8:
        """The picture, uint8 ``[height, width, 1 | 3 | 4]``."""
        ...

    def __hash__(self) -> int: ...


class StripEncoder:
    """Makes small files of pictures, as good as a number of bytes allows.

    A picture is encoded once, unless there is less room for it later.

    Args:
        limit: most bytes of all pictures together.
        max_side: larger pictures are made smaller, in pixels.
    """

    def __init__(self, limit: int = STRIP_BYTES, max_side: int = MAX_SIDE) -> None:
        self._limit = limit
        self._max_side = max_side
        self._tried = 0
        self._files: dict[Picture, bytes] = {}

    def encode(self, pictures: Sequence[Picture]) -> EncodedStrip:
        """Return pictures, all of one size, as files."""
        longest = max(pictures[0].pixels.shape[:2]) if pictures else 1
        while True:
            smaller, index = divmod(self._tried, len(QUALITIES))
            scale = min(1.0, self._max_side / longest) * SHRINK**smaller
            if scale * longest < 1:
                return EncodedStrip(b"", ())
            files = self._encode(pictures, scale, QUALITIES[index])
            if files is not None:
                return EncodedStrip(b"".join(files), tuple(map(len, files)))
            self._tried += 1
            self._files.clear()

    def _encode(
        self, pictures: Sequence[Picture], scale: float, quality: int
    ) -> list[bytes] | None:
        """Return the files, or None as soon as they are too many bytes."""
        left = self._limit
        files: dict[Picture, bytes] = {}
        # The last pictures have the most detail: trying them first fails early.
        for picture in reversed(pictures):
            data = self._files.get(picture) or _webp(picture.pixels, scale, quality)
            files[picture] = data
            left -= len(data)
            if left < 0:
                return None
        self._files = files
        return [files[picture] for picture in pictures]


def _webp(pixels: Pixels8, scale: float, quality: int) -> bytes:
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    if scale < 1:
        width, height = round(image.width * scale), round(image.height * scale)
        size = max(1, width), max(1, height)
        image = image.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()
