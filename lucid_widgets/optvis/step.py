"""compile_step(): from structure to one compiled update.

A compiled step is built from everything that decides the *structure* of the
computation; all numbers (learning rate, transform ranges, the channel's index,
coefficients, seed, step) are handed to it as tensors. Asking twice for the same
structure gives the same compiled step, across runs and widgets.
"""

from __future__ import annotations

import dataclasses
import gc
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import ObjectiveError
from lucid_widgets.modelzoo.tracing import traced
from lucid_widgets.optvis import transform as transform_module
from lucid_widgets.optvis.objectives import Numbers, Objective
from lucid_widgets.optvis.objectives_util import blur, label_index
from lucid_widgets.optvis.optimizers import Optimizer
from lucid_widgets.optvis.overrides import relu_overrides
from lucid_widgets.optvis.param.variables import Parameterization, Variables
from lucid_widgets.optvis.randomness import drawing
from lucid_widgets.optvis.settings import Hyperparameters
from lucid_widgets.shapes import Images, ImageTensor

_traces = 0


def trace_count() -> int:
    """Return how many updates have been traced by TensorFlow in this process.

    Moving a number must not change it.
    """
    return _traces


@dataclass(frozen=True)
class State:
    """Where a run is: everything needed to go on from here.

    Tensors cannot change, so keeping a state is keeping a snapshot.

    Args:
        variables: what is optimized.
        slots: the optimizer's memory.
        step: how many updates have been done.
        seed: of the run.
    """

    variables: Variables
    slots: tuple[Any, ...]
    step: int
    seed: int


@dataclass(frozen=True)
class Structure:
    """What is compiled.

    Args:
        model: see `modelzoo.vision_base.Model`.
        objective: only its structure matters; numbers are handed in.
        parameterization: how variables become images.
        transforms: a list of transforms, or None for the standard set, whose
            numbers are hyperparameters.
        pad: border of the standard set, in pixels.
        optimizer: how gradients change variables.
        redirect_relu: whether ReLUs are redirected in the first 17 updates.
        overrides: functions in place of operations of the model, by operation type;
            see `overrides`.
    """

    model: Any
    objective: Objective
    parameterization: Parameterization
    transforms: tuple[Any, ...] | None
    pad: int
    optimizer: Optimizer
    redirect_relu: bool
    overrides: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def key(self) -> tuple[Any, ...] | None:
        """Return what identifies the structure; None when a part is unknown."""
        transforms: Any = ("standard", self.pad)
        if self.transforms is not None:
            transforms = transform_module.structure_of(self.transforms)
        parts = (
            self.model.identity,
            self.objective.structure,
            tuple(label_index(self.model.labels, c) for c in self.objective.classes),
            self.parameterization.structure,
            transforms,
            self.optimizer.structure,
        )
        # Of a user's override nothing is known but that it is this function.
        unknown = None in parts or self.overrides
        return None if unknown else (*parts, self.redirect_relu)


class CompiledStep:
    """One update, compiled; see `compile_step`."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self._lock = threading.Lock()
        self._traced: dict[tuple[Any, ...], Any] = {}

    def _compiled(self, function: Any, key: tuple[Any, ...], arguments: Any) -> Any:
        """Return a traced function; `key` tells apart what needs traces of its own."""
        with self._lock:
            key = (function.__name__, *key)
            if key not in self._traced:
                self._traced[key] = traced(function, arguments)
            return self._traced[key]

    def init(self, parameterization: Parameterization, seed: int) -> State:
        """Return the state of a run before its first update.

        Args:
            parameterization: of this step's structure; gives the first values.
            seed: decides all that is random.
        """
        variables = parameterization.init(seed)
        return State(variables, self.structure.optimizer.init(variables), 0, seed)

    def update(
        self, state: State, numbers: Numbers, hyperparameters: Mapping[str, Any]
    ) -> tuple[State, Any]:
        """Return the state after one more update, and the objective's values, `[n]`.

        Their sum was maximised: one number for most objectives, and for those about
        the images of a batch one by one as many as there are images.

        Args:
            state: where the run is.
            numbers: tensors, the objective's numbers.
            hyperparameters: float32 tensors, by name.
        """
        arguments = (
            state.variables,
            state.slots,
            tf.constant(state.step, tf.int32),
            tf.constant(state.seed, tf.int64),
            numbers,
            dict(hyperparameters),
        )
        shapes = tuple((*number.shape, number.dtype) for number in numbers)
        update = self._compiled(self._trace_update, shapes, arguments)
        variables, slots, values = update(*arguments)
        return State(variables, slots, state.step + 1, state.seed), values

    def images(self, state: State) -> Images:
        """Return the images, float32 `[batch, height, width, channels]`."""
        step, seed = tf.constant(state.step), tf.constant(state.seed, tf.int64)
        arguments = (state.variables, step, seed)
        images = self._compiled(self._trace_images, (), arguments)
        return images(*arguments).numpy()

    def evaluate(
        self, objective: Objective, state: State, hyperparameters: Mapping[str, Any]
    ) -> float:
        """Return the value of any objective for a state.

        Args:
            objective: need not be the one that is optimized.
            state: where the run is; the transforms are those of the next update.
            hyperparameters: float32 tensors, by name.
        """
        with drawing(state.seed, state.step):
            image = self.structure.parameterization.to_image(state.variables)
            T = self.activations(image, tf.constant(state.step), hyperparameters)
            return float(tf.reduce_sum(value_of(objective, T)))

    def _trace_images(self, variables: Variables, step: Any, seed: Any) -> Any:
        # Parameterizations may draw random numbers, too.
        with drawing(seed, step):
            return self.structure.parameterization.to_image(variables)

    def _trace_update(
        self,
        variables: Variables,
        slots: tuple[Any, ...],
        step: Any,
        seed: Any,
        numbers: Numbers,
        hyper: dict[str, Any],
    ) -> tuple[Variables, tuple[Any, ...], Any]:
        global _traces  # runs once per trace, under TensorFlow's lock
        _traces += 1
        with drawing(seed, step), tf.GradientTape() as tape:
            tape.watch(variables)
            image = self.structure.parameterization.to_image(variables)
            T = self.activations(image, step, hyper)
            values = value_of(self.structure.objective, T, numbers)
            # Optimizers minimise, and overrides expect the gradient of a loss.
            loss = _penalty(image, hyper) - tf.reduce_sum(values)
        gradients = tape.gradient(
            loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        variables, slots = self.structure.optimizer.update(
            variables, tuple(gradients), slots, step, hyper["learning_rate"]
        )
        return variables, slots, tf.reshape(values, [-1])

    def activations(
        self, image: ImageTensor, step: Any, hyper: Mapping[str, Any]
    ) -> Any:
        """Return `T` for an image, seen through this step's transforms.

        Beside the model's layers it knows "input" (the image before any transform),
        "t_image" (what the model sees), "labels" and "global_step".
        """
        structure = self.structure
        seen = self._transformed(image, hyper)
        overrides = {
            **(relu_overrides(step) if structure.redirect_relu else {}),
            **structure.overrides,
        }
        T = structure.model.import_graph(seen, overrides)
        T["input"] = image
        T["t_image"] = seen
        T["labels"] = structure.model.labels
        T["global_step"] = step
        return T

    def _transformed(self, image: ImageTensor, hyper: Mapping[str, Any]) -> ImageTensor:
        structure = self.structure
        t = image
        if structure.transforms is None:
            if self._shows_through(t):
                t = transform_module.collapse_alpha_random()(t)
            standard = transform_module.standard(
                structure.pad, hyper["jitter"], hyper["rotate"], hyper["scale"]
            )
            return standard(t)
        t = transform_module.compose(structure.transforms)(t)
        return (
            transform_module.collapse_alpha_random()(t) if self._shows_through(t) else t
        )

    def _shows_through(self, image: ImageTensor) -> bool:
        return image.shape[-1] == 4 and self.structure.model.image_shape[-1] == 3


def value_of(objective: Objective, T: Any, numbers: Numbers | None = None) -> Any:
    """Return an objective's value as float32.

    Raises:
        ObjectiveError: it is no tensor of numbers.
    """
    try:
        value = objective(T, numbers)
    except NotImplementedError as error:
        if "numpy" not in str(error):
            raise
        raise ObjectiveError(
            f"{objective.description} hands tensors to numpy, which has no gradients; "
            "use TensorFlow's functions, such as tf.reduce_mean"
        ) from error
    try:
        tensor = tf.convert_to_tensor(value)
    except (TypeError, ValueError):
        tensor = tf.constant("")
    if not (tensor.dtype.is_floating or tensor.dtype.is_integer):
        raise ObjectiveError(
            f"{objective.description} gave {value!r:.100}; expected a tensor of numbers"
        )
    return tf.cast(tensor, tf.float32)


def _penalty(image: ImageTensor, hyper: Mapping[str, Any]) -> Any:
    """Return the sum of the penalties, each computed only if it counts."""

    def l1() -> Any:
        return tf.reduce_sum(tf.abs(image - 0.5))

    def total_variation() -> Any:
        return tf.reduce_sum(tf.image.total_variation(image))

    def blurred() -> Any:
        return 0.5 * tf.reduce_sum((image - tf.stop_gradient(blur(image, 3))) ** 2)

    def weighted(name: str, measure: Any) -> Any:
        coefficient = hyper[name]
        return tf.cond(
            coefficient > 0, lambda: coefficient * measure(), lambda: tf.constant(0.0)
        )

    return (
        weighted("l1", l1)
        + weighted("total_variation", total_variation)
        + weighted("blur", blurred)
    )


# Of InceptionV1's updates each takes about 25 MB.
_CACHE_SIZE = 4
_cache: OrderedDict[tuple[Any, ...], CompiledStep] = OrderedDict()
_cache_lock = threading.Lock()


def compile_step(structure: Structure) -> CompiledStep:
    """Return the compiled step of a structure; it is traced at its first use.

    The most recent ones are kept. Structures with parts of unknown meaning (a
    function of the user's own) are compiled anew every time.
    """
    key = structure.key()
    if key is None:
        return CompiledStep(structure)
    with _cache_lock:
        step = _cache.pop(key, None) or CompiledStep(structure)
        _cache[key] = step
        dropped = max(0, len(_cache) - _CACHE_SIZE)
        for _ in range(dropped):
            _cache.popitem(last=False)
    if dropped:
        gc.collect()  # graphs are full of cycles, and large
    return step


def number_tensors(numbers: Sequence[np.ndarray]) -> Numbers:
    """Return an objective's numbers as tensors."""
    return tuple(tf.constant(number) for number in numbers)


def hyperparameter_tensors(hyperparameters: Hyperparameters) -> dict[str, Any]:
    """Return hyperparameters as float32 tensors, by name."""
    return {
        field.name: tf.constant(getattr(hyperparameters, field.name), tf.float32)
        for field in dataclasses.fields(hyperparameters)
    }


def check_targets(model: Any, objective: Objective) -> None:
    """Raise unless the model has the layers and channels that an objective reads.

    Raises:
        LayerNotFoundError: an unknown layer.
        ObjectiveError: a channel that the layer does not have, or a class that is
            not among the model's labels.
    """
    for name in objective.classes:
        label_index(model.labels, name)
    for name, channel in objective.targets:
        if name in ("input", "t_image"):
            continue
        depth = model.get_layer(model.canonical_name(name)).depth
        if channel is None or not depth or -depth <= channel < depth:
            continue
        raise ObjectiveError(
            f"channel {channel} of {name}: {model.name}'s {name} has {depth} channels, "
            f"0 to {depth - 1}"
        )
