"""Objectives: what an optimization makes more of.

    objective : T -> number to maximise

`T` maps a layer's name to its activations, `[batch, height, width, channels]`:
`T("mixed4a")` or `T["mixed4a"]`. `T("input")` is the image before any transform,
`[batch, height, width, channels]` in [0, 1], and `T("labels")` the class names.

Objectives obey arithmetic: `2 * a + 3 * b` is worth exactly what it says, and
neither `a` nor `b` is changed by it. The numbers inside an objective (a channel's
index, a direction, a coefficient) are kept apart from its structure. Two
objectives of equal structure share one compiled step, and moving from one to the
other costs nothing.

Signs are Lucid's. Penalties (`L1`, `L2`, `total_variation`, `diversity`,
`input_diff`, `blur_input_each_step`) are positive: subtract them. `alignment` and
`penalize_boundary_complexity` are negative: add them.
"""

from __future__ import annotations

import functools
import inspect
import numbers as number_types
import operator
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.optvis import objectives_util as util
from lucid_widgets.shapes import ScalarTensor

Numbers = tuple[Any, ...]


class Objective:
    """A function of activations, to be maximised.

    Args:
        objective_func: called with `T`, and with one tensor for each of `numbers`;
            returns a tensor. When it is not a scalar, its sum is maximised.
        name: short name, shown on screen.
        description: longer name, printed by `render_vis`.
        numbers: arrays that may change without a new trace.
        structure: everything else about the objective, hashable. Leave it out
            for functions of your own: they are traced anew for every run, so
            that they always mean what they say at the time.
        targets: the `(layer, channel)` pairs it reads, to be checked against the
            model before work starts; channel None stands for all of them.

    Example:
        >>> Objective(lambda T: tf.reduce_max(T("mixed4a")), name="brightest")
    """

    def __init__(
        self,
        objective_func: Callable[..., ScalarTensor],
        name: str = "",
        description: str = "",
        *,
        numbers: Iterable[Any] = (),
        structure: Hashable | None = None,
        targets: Sequence[tuple[str, int | None]] = (),
    ) -> None:
        if not callable(objective_func):
            raise ObjectiveError(
                f"an objective is made of a function of T; got {objective_func!r}"
            )
        self.objective_func = objective_func
        self.name = name
        self.description = description
        self.numbers: Numbers = tuple(_as_number(number) for number in numbers)
        self.structure = structure
        self.targets = tuple(targets)

    def __call__(self, T: Any, numbers: Numbers | None = None) -> ScalarTensor:
        """Return the objective's value for the activations `T`.

        Args:
            T: maps a layer's name to its activations.
            numbers: tensors to use in place of `self.numbers`, in their order.
        """
        return self.objective_func(T, *(self.numbers if numbers is None else numbers))

    def __add__(self, other: Any) -> Objective:
        return _combine(operator.add, "sum", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Objective:
        return _combine(operator.sub, "difference", self, other)

    def __rsub__(self, other: Any) -> Objective:
        return -self + other

    def __neg__(self) -> Objective:
        return -1 * self

    def __mul__(self, other: Any) -> Objective:
        return _combine(operator.mul, "product", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Objective:
        return _combine(operator.truediv, "quotient", self, other)

    @staticmethod
    def sum(objs: Iterable[Objective]) -> Objective:
        """Return the sum of several objectives, as one objective."""
        objs = [as_objective(obj) for obj in objs]
        if not objs:
            raise ObjectiveError("the sum of no objectives; expected at least one")
        return functools.reduce(operator.add, objs)

    def __repr__(self) -> str:
        return f"<Objective {self.description or self.name}>"


# Python's operators must not be left to numpy: `np.float32(2) * objective` would
# otherwise become an array of objectives.
Objective.__array_ufunc__ = None  # type: ignore[attr-defined]


def _as_number(number: Any) -> np.ndarray:
    array = np.asarray(number)
    return array.astype(np.int32 if array.dtype.kind in "iu" else np.float32)


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, number_types.Real | np.number)
        or (isinstance(value, np.ndarray) and value.ndim == 0)
    ) and not isinstance(value, bool)


def _combine(
    operation: Callable[[Any, Any], Any], word: str, left: Objective, right: Any
) -> Objective:
    """Return ``operation(left, right)`` as an objective."""
    if _is_number(right):
        coefficient = np.float32(right)
        return Objective(
            lambda T, *ns: operation(left(T, ns[:-1]), ns[-1]),
            left.name,
            left.description
            if word in ("product", "quotient")
            else f"{left.description} {'+-'[word != 'sum']} {right:g}",
            numbers=(*left.numbers, coefficient),
            structure=left.structure and (word, left.structure),
            targets=left.targets,
        )
    if not isinstance(right, Objective):
        return NotImplemented  # type: ignore[return-value]
    split = len(left.numbers)
    joined = ", ".join(name for name in (left.name, right.name) if name)
    symbol = {"sum": "+", "difference": "-", "product": "*", "quotient": "/"}[word]
    return Objective(
        lambda T, *ns: operation(left(T, ns[:split]), right(T, ns[split:])),
        joined if word in ("sum", "difference") else left.name,
        f"{word.title()}({left.description} {symbol}\n{right.description})",
        numbers=(*left.numbers, *right.numbers),
        structure=left.structure
        and right.structure
        and (word, left.structure, right.structure),
        targets=(*left.targets, *right.targets),
    )


def scheduled(
    objective: Objective, coefficient: Callable[[ScalarTensor], ScalarTensor]
) -> Objective:
    """Return the objective times a coefficient that depends on the step.

    Args:
        objective: what to multiply.
        coefficient: maps the step's number, a float32 scalar tensor counted from
            0, to a number. Use TensorFlow functions.

    Example:
        >>> scheduled(channel("mixed4a", 3), lambda step: tf.exp(-step / 100))
    """

    def value(T: Any, *ns: Any) -> ScalarTensor:
        step = tf.cast(T("global_step"), tf.float32)
        return coefficient(step) * objective(T, ns)

    return Objective(
        value,
        objective.name,
        f"Scheduled({objective.description})",
        numbers=objective.numbers,
        targets=objective.targets,
    )


def as_objective(obj: Any) -> Objective:
    """Return `obj` as an objective.

    Args:
        obj: an `Objective`; a function of `T`; or a string "layer:n", which stands
            for `channel(layer, n)`.

    Raises:
        ObjectiveError: it is none of these.

    Example:
        >>> as_objective("mixed4a:30").description
        'Channel(mixed4a, 30)'
    """
    if isinstance(obj, Objective):
        return obj
    if isinstance(obj, str):
        layer, colon, index = obj.rpartition(":")
        if not (colon and layer and index.strip().lstrip("-").isdecimal()):
            raise ObjectiveError(
                f"cannot read the objective {obj!r}; expected 'layer:n', such as "
                "'mixed4a:30', with n a whole number"
            )
        return channel(layer.strip(), int(index))
    if callable(obj):
        name = getattr(obj, "__name__", type(obj).__name__)
        return Objective(obj, name, name)
    raise ObjectiveError(
        f"cannot read the objective {obj!r}; expected 'layer:n', an Objective, or a "
        "function of T"
    )


def wrap_objective(
    require_format: Any = None,
    handle_batch: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
) -> Any:
    """Turn a function that returns functions of `T` into one that returns objectives.

    Both forms are accepted: ``@wrap_objective`` and ``@wrap_objective()``.

    Args:
        require_format: "NHWC" hands the function activations of rank 4 always:
            those of dense layers become `[batch, 1, 1, channels]`.
        handle_batch: adds a keyword `batch` to the function; given an index, `T`
            shows only that element of the batch. (Lucid accepted this argument
            and ignored it.)

    Example:
        >>> @wrap_objective
        ... def brightest(layer):
        ...     return lambda T: tf.reduce_max(T(layer))
        >>> brightest("mixed4a").description
        'Brightest(mixed4a)'
    """
    if callable(require_format):
        return wrap_objective()(require_format)

    def decorate(function: Callable[..., Any]) -> Callable[..., Objective]:
        @functools.wraps(function)
        def factory(*args: Any, **kwargs: Any) -> Objective:
            batch = kwargs.pop("batch", None) if handle_batch else None
            inner = function(*args, **kwargs)
            return Objective(
                lambda T: inner(util.view(T, require_format, batch)),
                function.__name__,
                util.describe(function.__name__, args, kwargs),
            )

        return factory

    return decorate


def _objective(
    *number_names: str, layers: Sequence[str] = (), channels: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Objective]]:
    """Turn a function of this module into a factory of structured objectives.

    The wrapped function receives all its arguments when the objective is made, and
    returns a function of `T` and of the arguments in `number_names`, as tensors.
    An argument named `batch` limits `T` to one element of the batch.

    Args:
        number_names: arguments that are numbers: they change without a new trace.
        layers: arguments that name layers.
        channels: for each of `layers`, the argument with the channel's index.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Objective]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def factory(*args: Any, **kwargs: Any) -> Objective:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            if given.get("batch") is not None:
                given["batch"] = util.index(given["batch"], "batch")
            for name in channels:
                given[name] = util.index(given[name], name)
            inner = function(**given)
            batch = given.get("batch")
            structural = tuple(
                (name, _hashable(value))
                for name, value in given.items()
                if name not in number_names
            )
            padded = [*channels, *[None] * len(layers)][: len(layers)]
            return Objective(
                lambda T, *ns: inner(util.view(T, "NHWC", batch), *ns),
                function.__name__,
                util.describe(function.__name__, args, kwargs),
                numbers=[given[name] for name in number_names],
                structure=(function.__name__, structural),
                targets=[
                    (given[layer], given[number] if number else None)
                    for layer, number in zip(layers, padded, strict=True)
                ],
            )

        return factory

    return decorate


def _hashable(value: Any) -> Hashable:
    if isinstance(value, Hashable):
        return value
    array = np.asarray(value)
    return (array.shape, str(array.dtype), array.tobytes())


@_objective("channel_n", layers=["layer_name"], channels=["channel_n"])
def neuron(
    layer_name: str,
    channel_n: int,
    x: int | None = None,
    y: int | None = None,
    batch: int | None = None,
) -> Any:
    """One channel at one position; larger means more active.

        +---+---+---+---+
        |   |   |   |   |     x counts rows and y columns (Lucid's order).
        +---+---+---+---+     Left out, each is size // 2: of an even size,
        |   |   |   |   |     the lower right of the two middle positions.
        +---+---+---+---+
        |   |   | X |   |
        +---+---+---+---+

    Args:
        layer_name: the layer.
        channel_n: the channel's index, from 0.
        x: row, from 0.
        y: column, from 0.
        batch: index of one image; left out, the mean over the batch.

    Example:
        >>> neuron("mixed4a", 30)
    """

    def inner(T: Any, channel_n: Any) -> ScalarTensor:
        acts = util.at_position(T(layer_name), x, y)
        return tf.reduce_mean(util.pick(acts, channel_n))

    return inner


@_objective("n_channel", layers=["layer"], channels=["n_channel"])
def channel(layer: str, n_channel: int, batch: int | None = None) -> Any:
    """One channel, averaged over positions and batch; larger means more active.

    Args:
        layer: the layer.
        n_channel: the channel's index, from 0.
        batch: index of one image; left out, the mean over the batch.

    Example:
        >>> channel("mixed4a", 30)
    """

    def inner(T: Any, n_channel: Any) -> ScalarTensor:
        return tf.reduce_mean(util.pick(T(layer), n_channel))

    return inner


@_objective("n_channels", layers=["layer"])
def channels(layer: str, n_channels: Sequence[int]) -> Any:
    """One channel for each image of the batch, summed; for contact sheets.

    The value is a vector `[batch]`: each image has its own.

    Args:
        layer: the layer.
        n_channels: the channel that image 0 shall show, image 1, and so on.
    """

    def inner(T: Any, n_channels: Any) -> ScalarTensor:
        acts = T(layer)
        picked = tf.gather(tf.reduce_mean(acts, axis=[1, 2]), n_channels, axis=1)
        return tf.linalg.diag_part(picked)

    return inner


@_objective("weights", layers=["layer"])
def channel_weighted(layer: str, weights: Any, batch: int | None = None) -> Any:
    """A weighted sum of a layer's channels, averaged over positions.

    Args:
        layer: the layer.
        weights: one coefficient for each channel, `[channels]`.
        batch: index of one image; left out, the mean over the batch.
    """

    def inner(T: Any, weights: Any) -> ScalarTensor:
        return tf.reduce_mean(tf.reduce_sum(T(layer) * weights, axis=-1))

    return inner


@_objective("weights", layers=["layer"])
def local_group(
    layer: str,
    weights: Any,
    x: int | None = None,
    y: int | None = None,
    radius: int = 1,
    batch: int | None = None,
) -> Any:
    """A weighted sum of channels around one position.

    Args:
        layer: the layer.
        weights: one coefficient for each channel, `[channels]`.
        x: row of the middle, from 0; left out, height // 2.
        y: column of the middle, from 0; left out, width // 2.
        radius: how many positions it reaches to each side.
        batch: index of one image; left out, the mean over the batch.
    """

    def inner(T: Any, weights: Any) -> ScalarTensor:
        acts = util.at_position(T(layer), x, y, radius)
        return tf.reduce_mean(tf.reduce_sum(acts * weights, axis=-1))

    return inner


@_objective("vec", layers=["layer"])
def direction(
    layer: str, vec: Any, cossim_pow: float = 0, batch: int | None = None
) -> Any:
    """A direction in a layer's channel space, averaged over positions.

    With `cossim_pow` 0 the value is the dot product of activation and direction;
    else that times the cosine of the angle between them, floored at 0.1, to this
    power (see `objectives_util.dot_cossim`).

    Args:
        layer: the layer.
        vec: the direction, `[channels]`; used as it is, not normalised.
        cossim_pow: how much the angle matters.
        batch: index of one image; left out, the mean over the batch.

    Example:
        >>> direction("mixed4a", np.eye(224)[3], cossim_pow=1)
    """

    def inner(T: Any, vec: Any) -> ScalarTensor:
        return tf.reduce_mean(util.dot_cossim(T(layer), vec, cossim_pow))

    return inner


direction_cossim = direction


@_objective("vec", layers=["layer_name"])
def direction_neuron(
    layer_name: str,
    vec: Any,
    x: int | None = None,
    y: int | None = None,
    cossim_pow: float = 0,
    batch: int | None = None,
) -> Any:
    """A direction in channel space at one position: `direction` meets `neuron`.

    Args:
        layer_name: the layer.
        vec: the direction, `[channels]`.
        x: row, from 0; left out, height // 2.
        y: column, from 0; left out, width // 2.
        cossim_pow: how much the angle matters.
        batch: index of one image; left out, the mean over the batch.
    """

    def inner(T: Any, vec: Any) -> ScalarTensor:
        acts = util.at_position(T(layer_name), x, y)
        return tf.reduce_mean(util.dot_cossim(acts, vec, cossim_pow))

    return inner


@_objective("vec", layers=["layer"])
def tensor_direction(
    layer: str, vec: Any, cossim_pow: float = 0, batch: int | None = None
) -> Any:
    """A direction for each of several positions, held against the layer's middle.

    Args:
        layer: the layer.
        vec: `[height, width, channels]`, or the same with a leading 1; not larger
            than the layer's activations.
        cossim_pow: how much the angle matters.
        batch: index of one image; left out, the mean over the batch.

    Raises:
        ObjectiveError: `vec` has another rank.
    """
    shape = np.shape(vec)
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[0] != 1):
        raise ObjectiveError(
            f"tensor_direction: vec has shape {shape}; expected [height, width, "
            "channels]"
        )
    height, width = shape[-3:-1]

    def inner(T: Any, vec: Any) -> ScalarTensor:
        acts = util.crop_middle(T(layer), height, width)
        vec = tf.reshape(vec, [1, height, width, -1])
        return tf.reduce_mean(util.dot_cossim(acts, vec, cossim_pow))

    return inner


@_objective(layers=["layer"])
def deepdream(layer: str, batch: int | None = None) -> Any:
    """The mean square of a layer: whatever it sees, more of it.

    Args:
        layer: the layer.
        batch: index of one image; left out, the mean over the batch.
    """

    def inner(T: Any) -> ScalarTensor:
        return tf.reduce_mean(T(layer) ** 2)

    return inner


@_objective(layers=["layer"])
def total_variation(layer: str = "input", batch: int | None = None) -> Any:
    """How much neighbouring positions differ: subtract it.

    The sum of absolute differences between vertical and horizontal neighbours,
    a vector `[batch]` as in Lucid.

    Args:
        layer: the layer; left out, the image itself.
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any) -> ScalarTensor:
        return tf.image.total_variation(T(layer))

    return inner


@_objective("constant", layers=["layer"])
def L1(layer: str = "input", constant: Any = 0, batch: int | None = None) -> Any:  # noqa: N802 - Lucid's name
    """The sum of absolute differences from a constant: subtract it.

    Args:
        layer: the layer; left out, the image itself.
        constant: the number, or array, that costs nothing.
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any, constant: Any) -> ScalarTensor:
        return tf.reduce_sum(tf.abs(T(layer) - tf.cast(constant, tf.float32)))

    return inner


@_objective("constant", "epsilon", layers=["layer"])
def L2(  # noqa: N802 - Lucid's name
    layer: str = "input",
    constant: Any = 0,
    epsilon: float = 1e-6,
    batch: int | None = None,
) -> Any:
    """The root of the sum of squared differences from a constant: subtract it.

    Args:
        layer: the layer; left out, the image itself.
        constant: the number, or array, that costs nothing.
        epsilon: added under the root, so that its gradient stays finite at 0.
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any, constant: Any, epsilon: Any) -> ScalarTensor:
        squares = (T(layer) - tf.cast(constant, tf.float32)) ** 2
        return tf.sqrt(epsilon + tf.reduce_sum(squares))

    return inner


@_objective()
def blur_input_each_step(batch: int | None = None) -> Any:
    """How far the image is from its blurred self: subtract it.

    Half the sum of squares; the blurred image counts as constant, so `-k` times
    this is, under plain gradient ascent, a step of `k` towards the blurred image.

    Args:
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any) -> ScalarTensor:
        image = T("input")
        return 0.5 * tf.reduce_sum((image - tf.stop_gradient(util.blur(image, 3))) ** 2)

    return inner


@_objective()
def blur_alpha_each_step(batch: int | None = None) -> Any:
    """How far the alpha channel is from its blurred self: subtract it.

    Args:
        batch: index of one image; left out, all of them.
    """

    def inner(T: Any) -> ScalarTensor:
        alpha = T("input")[..., 3:4]
        return 0.5 * tf.reduce_sum((alpha - tf.stop_gradient(util.blur(alpha, 3))) ** 2)

    return inner


@_objective(
    "n_channel1",
    "n_channel2",
    layers=["layer1", "layer2"],
    channels=["n_channel1", "n_channel2"],
)
def channel_interpolate(
    layer1: str, n_channel1: int, layer2: str, n_channel2: int
) -> Any:
    """One channel in the batch's first image, another in its last, a blend between.

    Image `b` of `B` is worth `(1 - w)` of the first channel and `w` of the second,
    `w = b / (B - 1)`; the value is the sum over the batch. A batch of one shows
    the first channel (Lucid divided by zero).

    Args:
        layer1: layer of the first channel.
        n_channel1: index of the first channel.
        layer2: layer of the second channel.
        n_channel2: index of the second channel.
    """

    def inner(T: Any, n_channel1: Any, n_channel2: Any) -> ScalarTensor:
        first = tf.reduce_mean(util.pick(T(layer1), n_channel1), axis=[1, 2])
        second = tf.reduce_mean(util.pick(T(layer2), n_channel2), axis=[1, 2])
        count = tf.shape(first)[0]
        weights = tf.cast(tf.range(count) / tf.maximum(count - 1, 1), tf.float32)
        return tf.reduce_sum((1 - weights) * first + weights * second)

    return inner


@_objective("w", "C")
def penalize_boundary_complexity(
    shp: Sequence[int], w: int = 20, mask: Any = None, C: float = 0.5
) -> Any:
    """Minus the complexity of the image's border: add it. For calm edges.

    The value is minus the sum, under the mask, of the squared distance from the
    blurred image and 0.8 times the squared distance from `C`.

    Args:
        shp: shape of the image, `[batch, height, width, channels]`; batch and
            channels may be 1.
        w: width of the border, in pixels.
        mask: where to look, of a shape that broadcasts against the image; left
            out, 1 on the border and 0 inside.
        C: the colour that costs nothing, in [0, 1].
    """
    shape = tuple(int(size) for size in shp)

    def inner(T: Any, w: Any, C: Any) -> ScalarTensor:
        image = T("input")
        where = util.border(shape, w) if mask is None else tf.cast(mask, tf.float32)
        blurred = util.blur(image, 5)
        complexity = (blurred - image) ** 2 + 0.8 * (image - C) ** 2
        return -tf.reduce_sum(where * complexity)

    return inner


@_objective("decay_ratio", layers=["layer"])
def alignment(layer: str, decay_ratio: float = 2) -> Any:
    """Minus the differences between neighbouring images of the batch: add it.

    The sum, over distances d from 1 to 4 and over pairs of images d apart, of the
    mean squared difference of activations divided by `decay_ratio ** d`.

    Args:
        layer: the layer.
        decay_ratio: how fast the weight falls with distance.
    """

    def inner(T: Any, decay_ratio: Any) -> ScalarTensor:
        acts = T(layer)
        count = acts.shape[0]
        decay_ratio = tf.cast(decay_ratio, tf.float32)
        total = tf.constant(0.0)
        for distance in range(1, min(5, count)):
            difference = acts[:-distance] - acts[distance:]
            mean = tf.reduce_mean(difference**2, axis=[1, 2, 3])
            total += tf.reduce_sum(mean) / decay_ratio**distance
        return -total

    return inner


@_objective(layers=["layer"])
def diversity(layer: str) -> Any:
    """How alike the images of a batch are, in style: subtract it.

    Each image's Gram matrix (channels by channels, summed over positions) is
    normalised as a whole; the value is the sum of the products of all ordered
    pairs of different images, divided by the size of the batch.

    Args:
        layer: the layer.

    Example:
        >>> channel("mixed4a", 30) - 1e2 * diversity("mixed4a")
    """

    def inner(T: Any) -> ScalarTensor:
        acts = T(layer)
        count = tf.shape(acts)[0]
        flat = tf.reshape(acts, [count, -1, acts.shape[-1]])
        grams = tf.reshape(tf.matmul(flat, flat, transpose_a=True), [count, -1])
        grams = tf.math.l2_normalize(grams, axis=1, epsilon=1e-10)
        products = tf.matmul(grams, grams, transpose_b=True)
        others = 1 - tf.eye(count)
        return tf.reduce_sum(products * others) / tf.cast(count, tf.float32)

    return inner


@_objective("orig_img")
def input_diff(orig_img: Any) -> Any:
    """How far the image is from a given one: subtract it.

    The root of the mean square. At the image itself the gradient is 0 (in Lucid it
    was NaN, so a run could not start from there).

    Args:
        orig_img: the image, of a shape that broadcasts against the batch, values
            in [0, 1].
    """

    def inner(T: Any, orig_img: Any) -> ScalarTensor:
        difference = T("input") - tf.cast(orig_img, tf.float32)
        return util.safe_sqrt(tf.reduce_mean(difference**2))

    return inner


def class_logit(layer: str, label: int | str, batch: int | None = None) -> Objective:
    """A class's value in a layer of logits, summed over the batch.

    Args:
        layer: the layer of logits, such as "softmax2_pre_activation".
        label: the class's index, or its name exactly as in the model's labels. An
            index may change without a new trace.
        batch: index of one image; left out, all of them.

    Raises:
        ObjectiveError: no class has that name (when the run starts).
    """
    name = label if isinstance(label, str) else None
    batch = None if batch is None else util.index(batch, "batch")
    number = 0 if name is not None else util.index(label, "label")

    def value(T: Any, number: Any) -> ScalarTensor:
        logits = util.view(T, "NHWC", batch)(layer)
        if name is not None:
            number = util.label_index(T("labels"), name)
        return tf.reduce_sum(util.pick(logits, number))

    return Objective(
        value,
        "class_logit",
        util.describe("class_logit", (layer, label), {}),
        numbers=[number],
        structure=("class_logit", layer, name, batch),
        targets=[(layer, number if name is None else None)],
    )
