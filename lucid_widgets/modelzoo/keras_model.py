"""Keras models: functional, Sequential, nested and subclassed ones."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from lucid_widgets.errors import ValueRangeError
from lucid_widgets.modelzoo import keras_graph, keras_steps
from lucid_widgets.modelzoo.activations import Given, Overrides
from lucid_widgets.modelzoo.editing import Edits, unknown_weight
from lucid_widgets.modelzoo.geometry import Geometry
from lucid_widgets.modelzoo.given import checked_labels, checked_range
from lucid_widgets.modelzoo.keras_edits import StepEdits, step_edits, weights_by_name
from lucid_widgets.modelzoo.keras_evaluator import KerasEvaluator, first_tensor
from lucid_widgets.modelzoo.keras_geometry import steps_geometry
from lucid_widgets.modelzoo.keras_graph import INPUT
from lucid_widgets.modelzoo.keras_inputs import check_size, input_shape, make_weights
from lucid_widgets.modelzoo.keras_ranges import infer_value_range
from lucid_widgets.modelzoo.keras_sizes import takes_one_size_only
from lucid_widgets.modelzoo.traced_geometry import traced_geometry
from lucid_widgets.modelzoo.tracing import traced
from lucid_widgets.modelzoo.vision_base import Layer, Model

# Layers that only pass on or rearrange what others computed.
_PLUMBING = {
    *("InputLayer", "Dropout", "SpatialDropout2D", "Flatten", "Reshape", "Permute"),
    *("ZeroPadding2D", "Cropping2D", "Rescaling", "Normalization", "Resizing"),
    *("GaussianNoise", "GaussianDropout", "Identity", "Cast", "StopGradient"),
    *("GetItem", "Stack", "Split", "CenterCrop"),
}

_serials: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_next_serial = itertools.count(1)


class KerasModel(Model):
    """A Keras model whose layers can be read; made by `from_keras`.

    Attributes:
        keras_model: the Keras model. An edited copy shares it, and computes with weights
            of its own.
    """

    def __init__(self, keras_model: Any) -> None:
        self.keras_model = keras_model
        self.model_name = keras_graph.model_name(keras_model)
        self.steps, self.sources = keras_graph.flatten(keras_model)
        self._labels: list[str] | None = None
        # By id() of the variable, in an edited copy.
        self._own_weights: dict[int, Any] = {}
        self._factors: dict[str, np.ndarray] = {}

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, in the order of the network's outputs; or None."""
        return self._labels

    @property
    def likely_value_range(self) -> tuple[Any, Any] | None:
        """What the model's first layer, or its name, says of its value range."""
        try:
            return infer_value_range(self)[0]
        except ValueRangeError:
            return None

    @cached_property
    def digest(self) -> str:
        """sha256 of structure and weights, as they are when first asked for."""
        return self._digest()

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for step in self.steps:
            digest.update(f"{step.name}:{type(step.operation).__name__};".encode())
        for weight in self.keras_model.weights:
            digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
        return digest.hexdigest()

    @cached_property
    def network_identity(self) -> str:
        """A digest of structure and weights, and a number for this very Keras model.

        The number keeps two models apart that are equal now: compiled code reads the
        weights where they are, and either model may be trained further.
        """
        if self.keras_model not in _serials:
            _serials[self.keras_model] = next(_next_serial)
        return f"{self.model_name}:{self.digest}#{_serials[self.keras_model]}"

    def fingerprint(self) -> str:
        """Return what identifies the network in files; see `Model.fingerprint`."""
        # The Keras model may have been trained further; an edited copy has weights of
        # its own, and a digest that says so.
        digest = self.digest if self._own_weights or self._factors else self._digest()
        return f"{self.model_name}:{digest}@{self.conversion_digest}"

    # Changing ---------------------------------------------------------------

    @cached_property
    def _variables(self) -> dict[str, Any]:
        return weights_by_name(self)

    @cached_property
    def weight_names(self) -> tuple[str, ...]:
        """Names of the weights, for `weight` and `edit`: ``layer/kernel``."""
        return tuple(self._variables)

    def weight(self, name: str) -> np.ndarray:
        """Return a copy of a weight.

        Raises:
            ModelError: there is none of that name; the message names the three closest.
        """
        if name not in self._variables:
            raise unknown_weight(name, self)
        variable = self._variables[name]
        return np.array(self._own_weights.get(id(variable), variable).numpy())

    @cached_property
    def step_edits(self) -> dict[int, StepEdits]:
        """What is multiplied in which steps."""
        return step_edits(self, self._factors) if self._factors else {}

    def weights_in_use(self, operation: Any) -> contextlib.AbstractContextManager[Any]:
        """Let a layer compute with the weights of this copy while the context is open."""
        import keras

        own = self._own_weights
        weights = getattr(operation, "weights", ()) if own else ()
        mapping = [(v, own[id(v)]) for v in weights if id(v) in own]
        if not mapping:
            return contextlib.nullcontext()
        return keras.StatelessScope(state_mapping=mapping)

    def _edited(self, edits: Edits) -> Model:
        import tensorflow as tf

        copied = self._copy_without_caches()
        # Finding names in a block runs it, and the names are the same.
        for name in ("composites", "before_names", "inside", "layers", "geometry"):
            setattr(copied, name, getattr(self, name))
        # The weights as they are now, also those that were not changed: the Keras model
        # may be trained further.
        vars(self).pop("digest", None)
        with tf.init_scope():
            own = {
                id(variable): self._own_weights.get(id(variable))
                for variable in self.keras_model.weights
            }
            for variable in self.keras_model.weights:
                if own[id(variable)] is None:
                    own[id(variable)] = tf.constant(variable.numpy())
            for name, value in edits.weights.items():
                own[id(self._variables[name])] = tf.constant(value)
        copied._own_weights = own
        copied._factors = {**self._factors}
        for name, factors in edits.factors.items():
            copied._factors[name] = factors * self._factors.get(name, np.float32(1))
        digest = f"{self.digest}+{edits.digest}"
        serial = self.network_identity.partition("#")[2]
        copied.digest = digest
        copied.network_identity = f"{self.model_name}:{digest}#{serial}"
        return copied

    # Names ------------------------------------------------------------------

    @cached_property
    def composites(self) -> dict[int, dict[str, Any]]:
        """The steps that hold further layers, and these by their paths."""
        found = {}
        for index, step in enumerate(self.steps):
            inner = keras_steps.inner_operations(step.operation)
            if inner:
                found[index] = inner
        return found

    @cached_property
    def before_names(self) -> dict[str, int]:
        """Names of what goes into fused activations, and the steps they belong to."""
        return {
            step.name + keras_steps.before_suffix(step.operation): index
            for index, step in enumerate(self.steps)
            if step.node is not None
            and keras_steps.fused_activation(step.operation) is not None
        }

    @cached_property
    def inside(self) -> dict[str, tuple[int, str, list[int | None]]]:
        """Names inside of composite steps: step, name there, and shape."""
        import tensorflow as tf

        self._inside_geometry: dict[str, Geometry] = {}
        if not self.composites:
            return {}
        found: dict[str, tuple[int, str, list[int | None]]] = {}

        def trace(images: Any) -> None:
            converted = self.network_input(images)
            evaluator = KerasEvaluator(self, converted, {})
            tensors, layers = {}, {}
            for index in self.composites:
                evaluator.evaluate(index)
                prefix = self.steps[index].name
                prefix = f"{prefix}/" if prefix else ""
                for name, value in evaluator.inner[index].items():
                    tensor = first_tensor(value)
                    if tensor is not None and tensor.shape.rank is not None:
                        shape = tensor.shape.as_list()
                        found[prefix + name] = (index, name, shape)
                        tensors[prefix + name] = tensor
                        path = name.partition("/call:")[0]
                        layers[prefix + name] = self.composites[index].get(path)
            self._inside_geometry = traced_geometry(converted, tensors, layers)

        signature = [tf.TensorSpec([None, *self.image_shape], tf.float32)]
        traced(trace, signature)
        return found

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """All names whose activations can be read, in the network's order."""
        before = {index: name for name, index in self.before_names.items()}
        inside: dict[int, list[str]] = {}
        for name, (index, _, _) in self.inside.items():
            inside.setdefault(index, []).append(name)
        ordered: dict[str, None] = {}
        named: dict[int, list[str]] = {}
        for name, (index, _) in self.sources.items():
            named.setdefault(index, []).append(name)
        for index in range(len(self.steps)):
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
            kind = type(operation).__name__
            plumbing = kind in _PLUMBING or kind.startswith("Random")
            if operation is None or plumbing or not shape:
                continue
            tags = {2: "dense", 3: "token", 4: "conv"}.get(len(shape))
            if tags:
                found.append(self.describe(name, shape[-1], {tags}))
        return tuple(found)

    def _described(self, name: str) -> tuple[Any, Sequence[int | None] | None]:
        """Return operation and output shape of a name; no operation for others."""
        if name in self.inside:
            index, inner, shape = self.inside[name]
            path = inner.partition("/call:")[0]
            return self.composites[index].get(path), shape
        if name in self.before_names:
            return None, self.steps[self.before_names[name]].shapes[0]
        index, output = self.sources[name]
        if (index, output) == INPUT:
            return None, None
        step = self.steps[index]
        first = output == 0 and step.name == name
        return (step.operation if first else None), step.shapes[output]

    @cached_property
    def geometry(self) -> Mapping[str, Geometry]:
        """Stride and receptive field by name, for the layers that have them."""
        by_step = steps_geometry(self.steps)
        steps = {name: index for name, (index, _) in self.sources.items()}
        steps.update(self.before_names)
        found = {name: by_step[index] for name, index in steps.items() if index >= 0}
        found = {**found, **(self._inside_geometry if self.inside else {})}
        return {name: place for name, place in found.items() if place and place.stride}

    def depth_of(self, name: str) -> int | None:
        """Return the number of channels of any addressable name, without its values."""
        shape = self._described(self.canonical_name(name))[1]
        return None if not shape else shape[-1]

    def before_softmax(self) -> str | None:
        """Return the name of what goes into the last softmax; None if there is none."""
        fused = {index: name for name, index in self.before_names.items()}
        names = {source: name for name, source in self.sources.items()}
        for index in range(len(self.steps) - 1, -1, -1):
            step = self.steps[index]
            activation = keras_steps.fused_activation(step.operation)
            if getattr(activation, "__name__", "") == "softmax" and index in fused:
                return fused[index]
            if type(step.operation).__name__ == "Softmax" and step.sources:
                return names.get(step.sources[0])
        return None

    def _evaluator(
        self, images: Any, overrides: Overrides, given: Given
    ) -> Callable[[str], Any]:
        return KerasEvaluator(self, images, overrides, given)


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
            `keras.applications` and models that preprocess what they are given
            themselves (Rescaling, Normalization, `preprocess_input`); needed for all
            others.
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
    shape = input_shape(keras_model, image_shape)
    make_weights(keras_model, shape)
    model = KerasModel(keras_model)
    model.model_name = name or model.model_name
    known = (shape[0] or 224, shape[1] or 224)
    model.image_shape = (*known, shape[2] or 3)
    if image_value_range is None:
        image_value_range, inferred_bgr = infer_value_range(model)
        is_BGR = inferred_bgr if is_BGR is None else is_BGR
    model.image_value_range = checked_range(image_value_range, model.image_shape[-1])
    model.is_BGR = bool(is_BGR)
    if fixed_size is None:
        fixed_size = None not in shape[:2] and takes_one_size_only(model.steps)
    if fixed_size:
        check_size(keras_model, known)
        model.fixed_size = (known[0], known[1])
    model._labels = checked_labels(labels)
    return model
