"""Keras models: functional, Sequential, nested and subclassed ones."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import weakref
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from lucid_widgets.errors import LucidError, ModelError
from lucid_widgets.modelzoo import keras_graph, keras_steps
from lucid_widgets.modelzoo.activations import Overrides
from lucid_widgets.modelzoo.keras_graph import INPUT, Step
from lucid_widgets.modelzoo.keras_ranges import infer_value_range
from lucid_widgets.modelzoo.keras_sizes import takes_one_size_only
from lucid_widgets.modelzoo.vision_base import Layer, Model

logger = logging.getLogger(__name__)

# Layers that only pass on or rearrange what others computed.
_PLUMBING = {
    *("InputLayer", "Dropout", "SpatialDropout2D", "Flatten", "Reshape", "Permute"),
    *("ZeroPadding2D", "Cropping2D", "Rescaling", "Normalization", "Resizing"),
    *("GaussianNoise", "GaussianDropout", "Identity", "Cast", "StopGradient"),
}

_serials: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_next_serial = itertools.count(1)


class KerasModel(Model):
    """A Keras model whose layers can be read; made by `from_keras`."""

    def __init__(self, keras_model: Any) -> None:
        self.keras_model = keras_model
        self.model_name = keras_model.name
        self._steps, self._sources = keras_graph.flatten(keras_model)
        self._labels: list[str] | None = None

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, in the order of the network's outputs; or None."""
        return self._labels

    @cached_property
    def digest(self) -> str:
        """sha256 of structure and weights, as they are when first asked for."""
        digest = hashlib.sha256()
        for step in self._steps:
            digest.update(f"{step.name}:{type(step.operation).__name__};".encode())
        for weight in self.keras_model.weights:
            digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
        return digest.hexdigest()

    @property
    def identity(self) -> str:
        """A digest of structure and weights, and a number for this very Keras model.

        The number keeps two models apart that are equal now: compiled code reads the
        weights where they are, and either model may be trained further.
        """
        if self.keras_model not in _serials:
            _serials[self.keras_model] = next(_next_serial)
        return f"{self.model_name}:{self.digest}#{_serials[self.keras_model]}"

    # Names ------------------------------------------------------------------

    @cached_property
    def _composites(self) -> dict[int, dict[str, Any]]:
        """The steps that hold further layers, and these by their paths."""
        found = {}
        for index, step in enumerate(self._steps):
            inner = keras_steps.inner_operations(step.operation)
            if inner:
                found[index] = inner
        return found

    @cached_property
    def _before(self) -> dict[str, int]:
        """Names of what goes into fused activations, and the steps they belong to."""
        return {
            step.name + keras_steps.before_suffix(step.operation): index
            for index, step in enumerate(self._steps)
            if step.node is not None
            and keras_steps.fused_activation(step.operation) is not None
        }

    @cached_property
    def _inside(self) -> dict[str, tuple[int, str, list[int | None]]]:
        """Names inside of composite steps: step, name there, and shape."""
        import tensorflow as tf

        if not self._composites:
            return {}
        found: dict[str, tuple[int, str, list[int | None]]] = {}

        def trace(images: Any) -> None:
            evaluator = _KerasEvaluator(self, self.network_input(images), {})
            for index in self._composites:
                evaluator.evaluate(index)
                prefix = self._steps[index].name
                prefix = f"{prefix}/" if prefix else ""
                for name, value in evaluator.inner[index].items():
                    tensor = _first_tensor(value)
                    if tensor is not None and tensor.shape.rank is not None:
                        shape = tensor.shape.as_list()
                        found[prefix + name] = (index, name, shape)

        signature = [tf.TensorSpec([None, *self.image_shape], tf.float32)]
        function = tf.function(trace, input_signature=signature, autograph=False)
        function.get_concrete_function()
        return found

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """All names whose activations can be read, in the network's order."""
        before = {index: name for name, index in self._before.items()}
        inside: dict[int, list[str]] = {}
        for name, (index, _, _) in self._inside.items():
            inside.setdefault(index, []).append(name)
        ordered: dict[str, None] = {}
        named: dict[int, list[str]] = {}
        for name, (index, _) in self._sources.items():
            named.setdefault(index, []).append(name)
        for index in range(len(self._steps)):
            ordered.update(dict.fromkeys(inside.get(index, ())))
            if index in before:
                ordered[before[index]] = None
            ordered.update(dict.fromkeys(named.get(index, ())))
        return tuple(ordered)

    def canonical_name(self, name: str) -> str:
        """Return the canonical form of the exact name of a tensor.

        The input of any fused activation may be called ``_pre_relu`` as well as
        ``_pre_activation``.
        """
        if isinstance(name, str) and name not in self._addressable:
            for suffix, other in itertools.permutations(
                ("_pre_relu", "_pre_activation")
            ):
                plain = name.removesuffix(":0")
                swapped = plain.removesuffix(suffix) + other
                if plain.endswith(suffix) and swapped in self._addressable:
                    return swapped
        return super().canonical_name(name)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that make good subjects, in the network's order."""
        found = []
        for name in self.layer_names:
            operation, shape = self._described(name)
            if operation is None or type(operation).__name__ in _PLUMBING or not shape:
                continue
            tags = {2: "dense", 3: "token", 4: "conv"}.get(len(shape))
            if tags:
                found.append(Layer(self.model_name, name, shape[-1], {tags}))
        return tuple(found)

    def _described(self, name: str) -> tuple[Any, Sequence[int | None] | None]:
        """Return operation and output shape of a name; no operation for others."""
        if name in self._inside:
            index, inner, shape = self._inside[name]
            path = inner.partition("/call:")[0]
            return self._composites[index].get(path), shape
        if name in self._before:
            return None, self._steps[self._before[name]].shapes[0]
        index, output = self._sources[name]
        if (index, output) == INPUT:
            return None, None
        step = self._steps[index]
        first = output == 0 and step.name == name
        return (step.operation if first else None), step.shapes[output]

    def depth_of(self, name: str) -> int | None:
        """Return the number of channels of any addressable name, without its values."""
        shape = self._described(self.canonical_name(name))[1]
        return None if not shape else shape[-1]

    def _evaluator(self, images: Any, overrides: Overrides) -> Callable[[str], Any]:
        return _KerasEvaluator(self, images, overrides)


class _KerasEvaluator:
    """Computes the steps of a Keras model, each at most once, and no more than needed."""

    def __init__(self, model: KerasModel, images: Any, overrides: Overrides) -> None:
        self._model = model
        self._images = images
        self._overrides = overrides
        self._outputs: dict[int, list[Any]] = {-1: [images]}
        self._before: dict[int, Any] = {}
        self.inner: dict[int, dict[str, Any]] = {}

    def __call__(self, name: str) -> Any:
        model = self._model
        if name in model._before:
            index = model._before[name]
            self.evaluate(index)
            return _readable(self._before[index])
        if name in model._sources:
            index, output = model._sources[name]
            self.evaluate(index)
            return _readable(self._outputs[index][output])
        index, inner, _ = model._inside[name]
        if inner not in self.inner.get(index, {}):
            self.evaluate(index, inner)
        return _readable(_first_tensor(self.inner[index][inner]))

    def evaluate(self, index: int, wanted: str | None = None) -> None:
        """Compute a step and what it needs; or a part of it, up to an inner name."""
        steps, stack = self._model._steps, [index]
        while stack:
            current = stack[-1]
            if current in self._outputs:
                stack.pop()
                continue
            sources = [source for source, _ in steps[current].sources]
            missing = [source for source in sources if source not in self._outputs]
            if missing:
                stack.extend(missing)
                continue
            self._compute(current, wanted if current == index else None)
            stack.pop()

    def _compute(self, index: int, wanted: str | None) -> None:
        import keras
        import tensorflow as tf

        step = self._model._steps[index]
        args, kwargs = self._arguments(step)
        composite = self._model._composites.get(index)

        def record(x: Any) -> Any:
            self._before[index] = _widened(x)
            return _narrowed(self._before[index], x)

        with keras_steps.LOCK, contextlib.ExitStack() as exchanged:
            exchanged.enter_context(keras_steps.overridden(self._overrides))
            exchanged.enter_context(
                keras_steps.recorded_activation(step.operation, record)
            )
            if composite:
                memory = self.inner.setdefault(index, {})
                exchanged.enter_context(keras_steps.watched(composite, memory, wanted))
            try:
                outputs = step.operation(*args, **kwargs)
            except keras_steps.Stopped:
                return
            except LucidError:
                raise
            except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
                raise ModelError(self._explain(step, error)) from error
        flat = keras.tree.flatten(outputs)
        self._outputs[index] = [_split(value) for value in flat]

    def _arguments(self, step: Step) -> tuple[Sequence[Any], dict[str, Any]]:
        if step.node is None:
            args: Sequence[Any] = (self._images,)
            kwargs: dict[str, Any] = {}
        else:
            tensors = step.node.arguments.keras_tensors
            values = {
                id(tensor): _downstream(self._outputs[index][output])
                for tensor, (index, output) in zip(tensors, step.sources, strict=True)
            }
            args, kwargs = step.node.arguments.fill_in(values)
            kwargs = dict(kwargs)
        if getattr(step.operation, "_call_has_training_arg", False):
            kwargs["training"] = False
        return args, kwargs

    def _explain(self, step: Step, error: Exception) -> str:
        height, width, _ = self._model.image_shape
        given = f"{self._images.shape[1]}x{self._images.shape[2]}"
        why = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        layer = f"layer '{step.name}' of " if step.name else ""
        return (
            f"{layer}{self._model.model_name} cannot be computed for an image of {given} "
            f"px (the model was made for {height}x{width} px): {why}"
        )


class _Half:
    """A half-precision tensor, and the float32 copy that users read.

    Computation goes on from the copy, so that gradients with respect to it exist.
    """

    def __init__(self, readable: Any, dtype: Any) -> None:
        self.readable = readable
        self.dtype = dtype


def _split(value: Any) -> Any:
    widened = _widened(value)
    return value if widened is value else _Half(widened, value.dtype)


def _downstream(value: Any) -> Any:
    import tensorflow as tf

    if isinstance(value, _Half):
        return tf.cast(value.readable, value.dtype)
    return value


def _readable(value: Any) -> Any:
    if isinstance(value, _Half):
        return value.readable
    return _widened(value)


def _widened(value: Any) -> Any:
    import tensorflow as tf

    half = getattr(value, "dtype", None) in (tf.float16, tf.bfloat16)
    return tf.cast(value, tf.float32) if half else value


def _narrowed(widened: Any, original: Any) -> Any:
    import tensorflow as tf

    return original if widened is original else tf.cast(widened, original.dtype)


def _first_tensor(value: Any) -> Any:
    import keras

    tensors = [x for x in keras.tree.flatten(value) if hasattr(x, "shape")]
    return tensors[0] if tensors else None


def from_keras(
    keras_model: Any,
    image_value_range: tuple[Any, Any] | None = None,
    *,
    is_BGR: bool | None = None,
    image_shape: Sequence[int] | None = None,
    fixed_size: bool | None = None,
    labels: Sequence[str] | None = None,
    name: str | None = None,
) -> KerasModel:
    """Return a Keras model as a model whose layers can be visualized.

    Args:
        keras_model: a functional, Sequential, nested or subclassed model with one image
            input, ``[batch, height, width, channels]``.
        image_value_range: the values that 0 and 1 in an image become for the network:
            what its preprocessing makes of black and white. Inferred for models of
            `keras.applications` and models that begin with a Rescaling or Normalization
            layer; needed for all others.
        is_BGR: whether the network wants blue, green, red; inferred likewise.
        image_shape: ``[height, width, channels]``; needed when the model does not say.
        fixed_size: whether images must be resized to `image_shape` before the network
            sees them; by default only if the layers need it.
        labels: names of the classes, in order.
        name: what to call the model; Keras' name for it when not given.

    Raises:
        ModelError: not a Keras model, several inputs, no image input, or the value range
            is needed.

    Example:
        >>> import keras  # doctest: +SKIP
        >>> model = from_keras(keras.applications.MobileNetV2())  # doctest: +SKIP
        >>> model.layers  # doctest: +SKIP
    """
    shape = _checked_shape(keras_model, image_shape)
    _build(keras_model, shape)
    model = KerasModel(keras_model)
    model.model_name = name or keras_model.name
    known = tuple(size or 224 for size in shape[:2])
    model.image_shape = (*known, shape[2])
    if image_value_range is None:
        image_value_range, inferred_bgr = infer_value_range(keras_model, model._steps)
        is_BGR = inferred_bgr if is_BGR is None else is_BGR
    low, high = image_value_range
    model.image_value_range = (np.asarray(low), np.asarray(high))
    model.is_BGR = bool(is_BGR)
    if fixed_size is None:
        fixed_size = None not in shape[:2] and takes_one_size_only(model._steps)
    if fixed_size:
        model.fixed_size = (known[0], known[1])
        logger.info(
            "%s takes images of %d x %d px only: others are resized, as the last step",
            *(model.model_name, *known),
        )
    model._labels = None if labels is None else list(labels)
    return model


def _checked_shape(
    keras_model: Any, given: Sequence[int] | None
) -> tuple[int | None, ...]:
    """Return ``(height, width, channels)`` of a model's input, height and width or None."""
    import keras

    if not isinstance(keras_model, keras.Model):
        raise ModelError(
            f"from_keras needs a keras.Model, and was given {type(keras_model).__name__}"
        )
    inputs = _inputs_of(keras_model)
    if inputs is not None and len(inputs) != 1:
        names = ", ".join(f"'{tensor.name}'" for tensor in inputs)
        raise ModelError(
            f"{keras_model.name} has {len(inputs)} inputs ({names}), and only models "
            "with one image input can be used. Fix the others: "
            "keras.Model(image, model([image, constant]))"
        )
    if inputs is not None:
        shape = tuple(inputs[0].shape)
        if len(shape) != 4:
            raise ModelError(
                f"{keras_model.name} takes inputs of shape {shape}, which are not images: "
                "[batch, height, width, channels] is needed"
            )
        own = shape[1:]
        if given is not None:
            own = tuple(given) if own[-1] in (None, given[-1]) else own
        return own
    if given is None:
        raise ModelError(
            f"{keras_model.name} does not say what images it takes; pass "
            "image_shape=[height, width, channels]"
        )
    if len(given) != 3:
        raise ModelError(
            f"image_shape is [height, width, channels], and was given {given!r}"
        )
    return tuple(given)


def _inputs_of(keras_model: Any) -> list[Any] | None:
    graph = keras_graph.functional_graph(keras_model)
    return None if graph is None else list(graph.inputs)


def _build(keras_model: Any, shape: tuple[int | None, ...]) -> None:
    """Make the weights of a model that was never called."""
    import keras

    if isinstance(keras_model, keras.Sequential) and not keras_model.built:
        keras_model.build((None, *shape))
    elif not keras_model.built or _inputs_of(keras_model) is None:
        # Blocks make their weights when they are called for the first time, which must
        # not happen inside of a function being traced.
        keras_model(np.zeros((1, *(size or 224 for size in shape)), np.float32))
