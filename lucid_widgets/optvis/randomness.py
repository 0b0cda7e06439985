"""Random numbers that depend on the seed and the step, and on nothing else.

Inside a step of an optimization, `draws()` gives numbers made from `(seed, step)`
by a counter-based generator: the same seed gives the same frames, on any thread,
after any pause. Outside one, as when a transform is tried by hand, it gives fresh
numbers every time.
"""

from __future__ import annotations

import contextlib
import contextvars
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

_GOLDEN = 0x9E3779B9  # 2**32 / golden ratio: spreads consecutive counts


class Draws:
    """A sequence of random tensors.

    Args:
        seed: integer scalar tensor.
        step: integer scalar tensor.
    """

    def __init__(self, seed: Any, step: Any) -> None:
        self._seed = tf.cast(seed, tf.int64)
        self.step = tf.cast(step, tf.int64)
        self._count = 0

    def _next(self) -> Any:
        self._count += 1
        return tf.stack([self._seed + self._count * _GOLDEN, self.step])

    def uniform(
        self, shape: Sequence[int] = (), low: Any = 0.0, high: Any = 1.0
    ) -> Any:
        """Return float32 numbers, uniform in [low, high)."""
        unit = tf.random.stateless_uniform(shape, self._next(), alg="philox")
        return low + (high - low) * unit

    def normal(self, shape: Sequence[int]) -> Any:
        """Return float32 numbers with mean 0 and standard deviation 1."""
        return tf.random.stateless_normal(shape, self._next(), alg="philox")

    def below(self, count: Any, shape: Sequence[int] = ()) -> Any:
        """Return int32 numbers, each of 0 .. count - 1 equally likely."""
        count = tf.cast(count, tf.float32)
        index = tf.cast(tf.floor(self.uniform(shape) * count), tf.int32)
        return tf.minimum(index, tf.cast(count, tf.int32) - 1)


_current: contextvars.ContextVar[Draws | None] = contextvars.ContextVar(
    "draws", default=None
)


def draws() -> Draws:
    """Return where random numbers come from, here and now."""
    current = _current.get()
    if current is not None:
        return current
    if tf.executing_eagerly():
        return Draws(secrets.randbits(31), 0)
    # In a graph of the user's own, fresh numbers at every execution.
    return Draws(tf.random.uniform([], maxval=2**31 - 1, dtype=tf.int32), 0)


def current_step() -> Any:
    """Return the number of the step that is being made, or None outside of a run."""
    current = _current.get()
    return None if current is None else current.step


@contextlib.contextmanager
def drawing(seed: Any, step: Any) -> Iterator[Draws]:
    """Make `draws()` give the numbers of this seed and step, within the block."""
    token = _current.set(Draws(seed, step))
    try:
        yield _current.get()  # type: ignore[misc]
    finally:
        _current.reset(token)
