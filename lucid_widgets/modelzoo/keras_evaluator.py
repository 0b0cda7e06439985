"""Computing the steps of a Keras model, each at most once, and no more than needed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lucid_widgets.errors import LucidError, ModelError
from lucid_widgets.modelzoo import keras_steps
from lucid_widgets.modelzoo.activations import Given, Overrides
from lucid_widgets.modelzoo.keras_given import steps_given
from lucid_widgets.modelzoo.keras_graph import Source, Step

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.keras_model import KerasModel


class KerasEvaluator:
    """Computes the steps of a Keras model, each at most once, and no more than needed."""

    def __init__(
        self,
        model: KerasModel,
        images: Any,
        overrides: Overrides,
        given: Given | None = None,
    ) -> None:
        self._model = model
        self._images = images
        self._overrides = overrides
        self._outputs: dict[int, list[Any]] = {-1: [images]}
        self._before: dict[int, Any] = {}
        self.inner: dict[int, dict[str, Any]] = {}
        self._given = steps_given(model, given or {})
        for index, values in self._given.items():
            # A step of which all is given need not be computed.
            if index >= 0 and len(values.by_output) == len(model.steps[index].shapes):
                self._outputs[index] = [
                    self._given_output(index, output, value)
                    for output, value in sorted(values.by_output.items())
                ]

    def _given_output(self, index: int, output: int, value: Any) -> Any:
        import tensorflow as tf

        tensor = self._model.steps[index].node.outputs[output]
        dtype = tf.as_dtype(tensor.dtype)
        return _Half(value, dtype) if _is_half(dtype) else value

    def __call__(self, name: str) -> Any:
        """Return the tensor of a name, in float32."""
        model = self._model
        if name in model.before_names:
            index = model.before_names[name]
            if index not in self._before:  # a step of which all was given, so far
                self._outputs.pop(index, None)
            self.evaluate(index)
            return _readable(self._before[index])
        if name in model.sources:
            self.evaluate(model.sources[name][0])
            return self.output(model.sources[name])
        index, inner, _ = model.inside[name]
        if inner not in self.inner.get(index, {}):
            self.evaluate(index, inner)
        return _readable(first_tensor(self.inner[index][inner]))

    def output(self, source: Source) -> Any:
        """Return an output of a step that was evaluated, in float32."""
        index, output = source
        return _readable(self._outputs[index][output])

    def evaluate(self, index: int, wanted: str | None = None) -> None:
        """Compute a step and what it needs; or a part of it, up to an inner name."""
        steps, stack = self._model.steps, [index]
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

        step = self._model.steps[index]
        args, kwargs = self._arguments(step)
        composite = self._model.composites.get(index)

        edits = self._model.step_edits.get(index)
        given = self._given.get(index)

        def record(x: Any) -> Any:
            x = edits.before(x) if edits else x
            x = given.before(x) if given else x
            self._before[index] = _widened(x)
            return _narrowed(self._before[index], x)

        with keras_steps.LOCK, contextlib.ExitStack() as exchanged:
            exchanged.enter_context(keras_steps.overridden(self._overrides))
            exchanged.enter_context(
                keras_steps.recorded_activation(step.operation, record)
            )
            exchanged.enter_context(self._model.weights_in_use(step.operation))
            if composite:

                def change(name: str, value: Any) -> Any:
                    value = edits.inside(name, value) if edits else value
                    return given.inside(name, value) if given else value

                memory = self.inner.setdefault(index, {})
                exchanged.enter_context(
                    keras_steps.watched(composite, memory, wanted, change)
                )
            try:
                outputs = step.operation(*args, **kwargs)
            except keras_steps.Stopped:
                return
            except LucidError:
                raise
            except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
                raise ModelError(self._explain(step, error)) from error
        flat = keras.tree.flatten(outputs)
        flat = edits.outputs(flat) if edits else flat
        flat = given.outputs(flat) if given else flat
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

    half = _is_half(getattr(value, "dtype", None))
    return tf.cast(value, tf.float32) if half else value


def _is_half(dtype: Any) -> bool:
    return getattr(dtype, "name", None) in ("float16", "bfloat16")


def _narrowed(widened: Any, original: Any) -> Any:
    import tensorflow as tf

    return original if widened is original else tf.cast(widened, original.dtype)


def first_tensor(value: Any) -> Any:
    """Return the first of the tensors that a layer returned; None if there is none."""
    import keras

    tensors = [x for x in keras.tree.flatten(value) if hasattr(x, "shape")]
    return tensors[0] if tensors else None
