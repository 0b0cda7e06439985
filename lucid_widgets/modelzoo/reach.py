"""Which positions of its input a position of a layer sees, one by one.

Where grids only become coarser, all positions see squares of one size, and a formula
gives it (`lucid_widgets.modelzoo.geometry`). Where they become finer again (transposed
convolutions, upsampling), neighbours may see the same or not: the sizes differ from
position to position, and the largest is found by asking positions backwards, through
every layer between them and the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_MOST_WORK = 1_000_000
"""Steps walked for one model; beyond that, sizes are not told."""


class Reach(Protocol):
    """How one layer reads its input, along one axis of an endless image."""

    def seen(self, first: int, last: int) -> tuple[int, int]:
        """Return first and last input position that these output positions see."""
        ...


@dataclass(frozen=True)
class Window:
    """A window moved over the input: convolution, pooling; or padding, as one of size 1.

    Args:
        size: positions in the window.
        step: positions that it moves on.
        dilation: distance of positions within it.
        before: positions of padding in front.
    """

    size: int = 1
    step: int = 1
    dilation: int = 1
    before: int = 0

    def seen(self, first: int, last: int) -> tuple[int, int]:
        """Return first and last input position that these output positions see."""
        reach = (self.size - 1) * self.dilation
        return first * self.step - self.before, last * self.step - self.before + reach


@dataclass(frozen=True)
class Spread:
    """A transposed convolution: every input position is spread over a window.

    Args:
        size: positions in the window.
        factor: by how much the grid becomes finer.
        dilation: distance of positions within the window.
        before: positions cut off in front.
    """

    size: int
    factor: int
    dilation: int = 1
    before: int = 0

    def seen(self, first: int, last: int) -> tuple[int, int]:
        """Return first and last input position that these output positions see."""
        lowest = first + self.before - (self.size - 1) * self.dilation
        return -(-lowest // self.factor), (last + self.before) // self.factor


@dataclass(frozen=True)
class Enlarged:
    """A picture made larger by interpolation.

    Args:
        factor: by how much the grid becomes finer.
        taps: input positions that one output position is made of: 1 for the nearest, 2
            for bilinear interpolation, 4 for cubic.
    """

    factor: int
    taps: int = 1

    def seen(self, first: int, last: int) -> tuple[int, int]:
        """Return first and last input position that these output positions see."""
        # Centres of pixels lie on top of one another; positions closer than taps / 2
        # count. All in units of a half fine pixel.
        unit, reach = 2 * self.factor, self.taps * self.factor
        lowest = (2 * first + 1 - self.factor - reach) // unit + 1
        highest = -(-(2 * last + 1 - self.factor + reach) // unit) - 1
        return lowest, highest


@dataclass(frozen=True)
class Read:
    """What a step reads.

    Args:
        sources: the steps before it; -1 for the image.
        reach: how; None where it does not read position by position.
    """

    sources: tuple[int, ...]
    reach: Reach | None


def largest_fields(
    reads: Sequence[Read], wanted: Sequence[int]
) -> dict[int, int | None]:
    """Return the side of the largest square that a position of some steps sees.

    Args:
        reads: all steps, in the order of computation.
        wanted: indices of those to be told.

    Returns:
        Side by index; None where it cannot be known.
    """
    period = 1
    for read in reads:
        period *= getattr(read.reach, "factor", 1)
    if period * len(reads) * len(wanted) > _MOST_WORK:
        return dict.fromkeys(wanted)
    return {
        index: max(
            (_field(reads, index, position) or 0 for position in range(period)),
            default=0,
        )
        or None
        for index in wanted
    }


def _field(reads: Sequence[Read], index: int, position: int) -> int | None:
    seen = {index: (position, position)}
    for current in range(index, -1, -1):
        if current not in seen:
            continue
        read = reads[current]
        if read.reach is None:
            return None
        first, last = read.reach.seen(*seen[current])
        for source in read.sources:
            low, high = seen.get(source, (first, last))
            seen[source] = (min(low, first), max(high, last))
    if -1 not in seen:
        return None
    first, last = seen[-1]
    return last - first + 1
