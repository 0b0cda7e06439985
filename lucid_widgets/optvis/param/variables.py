"""From functions that build an image to pairs of pure functions.

Lucid describes a parameterization by a function without arguments that creates
variables and returns the image made of them: ``lambda: param.image(128)``. Here
such a function is run once to collect its variables' first values, and then in
every step to turn the current values into an image. So

    init(seed) -> variables,  to_image(variables) -> images

and a run's state is a plain value. Any TensorFlow arithmetic around `param`'s
functions keeps working, and so does `tf.Variable`.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ParameterizationError
from lucid_widgets.optvis.randomness import drawing
from lucid_widgets.shapes import ImageTensor

Variables = tuple[Any, ...]
Init = Callable[[np.random.Generator], Any]


class _Supplier(Protocol):
    def supply(self, init: Init) -> Any: ...


class _Collector:
    """Gives every variable its first value, and keeps it."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.values: list[Any] = []

    def supply(self, init: Init) -> Any:
        # A generator of its own for every variable: adding one does not change
        # the first values of the others.
        rng = np.random.default_rng([self._seed, len(self.values)])
        value = tf.convert_to_tensor(init(rng))
        self.values.append(value)
        return value


class _Replayer:
    """Gives the variables' current values, in the order of their creation."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._used = 0

    def supply(self, init: Init) -> Any:
        del init  # the first value has long been drawn
        if self._used == len(self._values):
            raise ParameterizationError(
                "the parameterization made more variables than at first; it must "
                "make the same ones every time it is called"
            )
        self._used += 1
        return self._values[self._used - 1]


_supplier: contextvars.ContextVar[_Supplier | None] = contextvars.ContextVar(
    "supplier", default=None
)


def variable(init: Init) -> Any:
    """Return a variable's value: what the functions of `param` optimize.

    Args:
        init: makes the first value from a random generator.

    Returns:
        A tensor. Outside an optimization, the first value for a fresh seed.
    """
    supplier = _supplier.get()
    if supplier is None:
        return tf.convert_to_tensor(init(np.random.default_rng()))
    return supplier.supply(init)


def normal(shape: Sequence[int], sd: float) -> Init:
    """Return an `init` that draws from a normal distribution around 0."""
    size = tuple(int(length) for length in shape)
    return lambda rng: (sd * rng.standard_normal(size)).astype(np.float32)


@contextlib.contextmanager
def _supplying(supplier: _Supplier) -> Iterator[None]:
    def create(next_creator: Any, **kwargs: Any) -> Any:
        del next_creator
        value: Any = kwargs["initial_value"]

        def init(rng: np.random.Generator) -> Any:
            del rng
            first: Any = value() if callable(value) else value
            return tf.convert_to_tensor(first, dtype=kwargs.get("dtype"))

        return supplier.supply(init)

    token = _supplier.set(supplier)
    try:
        with tf.variable_creator_scope(create):
            yield
    finally:
        _supplier.reset(token)


@dataclass(frozen=True)
class Parameterization:
    """How variables become images.

    Args:
        function: builds the images from variables; without arguments.
        structure: hashable; equal for equal parameterizations. None for functions
            of the user's own, which may mean something else the next time.
    """

    function: Callable[[], ImageTensor]
    structure: Hashable | None = None

    def init(self, seed: int) -> Variables:
        """Return the variables' first values, as float32 tensors.

        Raises:
            ParameterizationError: the function does not return images, or has no
                variables.
        """
        collector = _Collector(seed)
        with _supplying(collector), drawing(seed, 0):
            image = self.function()
        check_image(image)
        if not collector.values:
            raise ParameterizationError(
                "the parameterization has no variables, so there is nothing to "
                "optimize; build the image with param.image or another function of "
                "lucid_widgets.optvis.param, inside the function"
            )
        other = {v.dtype.name for v in collector.values} - {"float32"}
        if other:
            raise ParameterizationError(
                f"the parameterization has a variable of {other.pop()}; expected "
                "float32: tf.Variable(value, dtype=tf.float32)"
            )
        return tuple(collector.values)

    def to_image(self, variables: Variables) -> ImageTensor:
        """Return the images, `[batch, height, width, channels]`."""
        with _supplying(_Replayer(variables)):
            return self.function()


def check_image(image: Any) -> None:
    """Raise unless a parameterization returned images.

    Raises:
        ParameterizationError: it returned something else.
    """
    if not tf.is_tensor(image):
        raise ParameterizationError(
            f"the parameterization returned {type(image).__name__}; expected a "
            "tensor [batch, height, width, channels]"
        )
    if image.shape.rank != 4 or not image.dtype.is_floating:
        raise ParameterizationError(
            f"the parameterization returned a {image.dtype.name} tensor of shape "
            f"{tuple(image.shape)}; expected floats [batch, height, width, channels]"
        )


def as_parameterization(param_f: Any) -> Parameterization:
    """Return a parameterization made from what `render_vis` accepts.

    Args:
        param_f: a `Parameterization`, or a function without arguments that returns
            images.

    Raises:
        ParameterizationError: it is none of these.
    """
    if isinstance(param_f, Parameterization):
        return param_f
    if callable(param_f):
        return Parameterization(param_f, structure_of(param_f))
    raise ParameterizationError(
        f"param_f is {type(param_f).__name__}; expected a function without arguments "
        "that returns images, such as `lambda: param.image(128)`"
    )


_recording: contextvars.ContextVar[list[tuple[Any, Hashable]] | None] = (
    contextvars.ContextVar("recording", default=None)
)


def recorded(image: ImageTensor, structure: Hashable) -> ImageTensor:
    """Note that a library function made `image`, and return it."""
    made = _recording.get()
    if made is not None:
        made.append((image, structure))
    return image


@contextlib.contextmanager
def recording() -> Iterator[list[tuple[Any, Hashable]]]:
    """Collect what library functions note within the block, and nobody else sees."""
    made: list[tuple[Any, Hashable]] = []
    token = _recording.set(made)
    try:
        yield made
    finally:
        _recording.reset(token)


def structure_of(function: Callable[[], ImageTensor]) -> Hashable | None:
    """Return the structure of a function that only calls one of ours.

    ``lambda: param.image(128)`` is a new function every time it is written, and
    always means the same: its compiled step can be used again. Of anything else
    nothing is known, and the answer is None.
    """
    with recording() as made, _supplying(_Collector(0)), drawing(0, 0):
        image = function()
    if len(made) == 1 and made[0][0] is image:
        return made[0][1]
    return None
