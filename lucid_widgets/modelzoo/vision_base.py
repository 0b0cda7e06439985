"""What a model is: images in [0, 1] in, named activations out.

`Model` is the base of every network in the zoo. It knows the conversion from images to
what the network wants to see (channel order, value range, size), and finds layers by
name; how a layer is computed is the business of its subclasses, which each supply an
evaluator (see `lucid_widgets.modelzoo.activations`).
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from lucid_widgets.errors import (
    LayerNotFoundError,
    ModelError,
    did_you_mean,
)
from lucid_widgets.modelzoo.activations import Activations, Given, Overrides
from lucid_widgets.modelzoo.editable import Editable
from lucid_widgets.modelzoo.geometry import Geometry
from lucid_widgets.modelzoo.image_input import ImageInput
from lucid_widgets.modelzoo.layer import Layer
from lucid_widgets.modelzoo.overriding import current_overrides
from lucid_widgets.modelzoo.storable import Storable
from lucid_widgets.modelzoo.tracing import traced
from lucid_widgets.shapes import ImageTensor

__all__ = ["IMAGENET_MEAN", "IMAGENET_MEAN_BGR", "Layer", "Model"]

IMAGENET_MEAN = np.array([123.68, 116.779, 103.939], np.float32)
"""Mean of ImageNet's pixels: red, green, blue, in 0..255."""

IMAGENET_MEAN_BGR = IMAGENET_MEAN[::-1].copy()
"""The same in the order of Caffe's models: blue, green, red."""


class Model(ImageInput, Editable, Storable):
    """A network whose layers can be read; see the classes in `vision_models`.

    Attributes:
        model_name: what the model is called, such as ``"InceptionV1"``.
        image_shape: ``[height, width, channels]`` of the images it was trained on.
        image_value_range: the values that 0 and 1 in an image become; numbers, or arrays
            with one number per channel, in the network's channel order.
        is_BGR: whether the network wants blue, green, red.
        dataset: what it was trained on.
        model_path: file or address of its weights.
        input_name: name of the input in the network's graph.
        fixed_size: (height, width) if the network takes images of one size only; images
            of other sizes are then resized, as the last step before the network.
    """

    dataset: str | None = None
    model_path: str | None = None
    input_name: str = "input"

    # What subclasses supply -------------------------------------------------

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that make good subjects, in the network's order."""
        raise NotImplementedError

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """All names whose activations can be read, in the network's order."""
        raise NotImplementedError

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, in the order of the network's outputs; or None."""
        return None

    @cached_property
    def network_identity(self) -> str:
        """A digest of structure and weights: equal for equal networks only."""
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """The same, and how images become what the network sees.

        Equal for models that compute the same; one network told two value ranges is two.
        """
        return f"{self.network_identity}@{self.conversion_digest}"

    def fingerprint(self) -> str:
        """Return what identifies the network in files: equal for equal weights.

        Unlike `identity` it is the same in every process, and tells the weights as
        they are now.
        """
        return self.identity

    def _evaluator(
        self, images: Any, overrides: Overrides, given: Given
    ) -> Callable[[str], Any]:
        """Return a function from layer name to tensor, for one converted batch."""
        raise NotImplementedError

    # What every model can do ------------------------------------------------

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.model_name

    def load_graphdef(self) -> None:
        """Do nothing; Lucid's code calls it before a model can be used."""
        warnings.warn(
            "Model.load_graphdef() does nothing: weights are loaded when they are needed",
            DeprecationWarning,
            stacklevel=2,
        )

    def import_graph(
        self,
        images: ImageTensor,
        overrides: Overrides | None = None,
        given: Given | None = None,
    ) -> Activations:
        """Connect the network to images; its activations are computed on access.

        Args:
            images: float tensor ``[batch, height, width, channels]`` in [0, 1] (or one
                image of rank 3); converted to the network's channel order and value
                range here.
            overrides: replacements of operations, see `activations.Overrides`; left
                out, those of the block it stands in (`overriding.overriding`).
            given: activations by layer name, to go on from instead of computing them:
                what would the network make of them? What does not depend on these
                layers is computed from the images as ever. For each image one.

        Returns:
            A mapping of layer name to tensor, ``[batch, height, width, depth]`` for most
            layers; it can also be called, as Lucid's ``T``.

        Raises:
            ImageError: the images have the wrong rank or number of channels.
            LayerNotFoundError: `given` names a layer that the model does not have.

        Example:
            >>> T = model.import_graph(images)  # doctest: +SKIP
            >>> T["mixed4a"].shape  # doctest: +SKIP
        """
        raw = self._as_batch(images)
        if overrides is None:
            overrides = current_overrides()
        given = {self.canonical_name(name): x for name, x in (given or {}).items()}
        evaluate = self._evaluator(self.network_input(raw), overrides, given)
        activations = Activations(
            evaluate, self.canonical_name, lambda: self.layer_names
        )
        activations["input"] = raw
        return activations

    # Describing layers ------------------------------------------------------

    @cached_property
    def geometry(self) -> Mapping[str, Geometry]:
        """Stride and receptive field by name, for the layers that have them."""
        return {}

    def describe(self, name: str, depth: int | None, tags: Iterable[str] = ()) -> Layer:
        """Return a `Layer` of this model."""
        geometry = self.geometry.get(name)
        return Layer(
            self.model_name,
            name,
            depth,
            tags,
            stride=geometry and geometry.stride,
            receptive_field=geometry and geometry.receptive_field,
        )

    # Finding layers ---------------------------------------------------------

    @cached_property
    def _layers_by_name(self) -> Mapping[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def _addressable(self) -> frozenset[str]:
        return frozenset(self.layer_names)

    def canonical_name(self, name: str) -> str:
        """Return the canonical form of the exact name of a tensor.

        Raises:
            LayerNotFoundError: there is none of that name; parts are not completed.
        """
        if not isinstance(name, str):
            raise LayerNotFoundError(
                f"the name of one layer is needed, and was given {str(name)[:100]!r} "
                f"({type(name).__name__}); several are read by model.activations(images, "
                "[...])"
            )
        if name in self._addressable:
            return name
        if name.endswith(":0"):
            return self.canonical_name(name[:-2])
        node, colon, output = name.rpartition(":")
        if colon and output.isdecimal() and node in self._addressable:
            return name
        raise self._no_layer(name)

    def _no_layer(self, name: object) -> LayerNotFoundError:
        known = {**self._layers_by_name, **dict.fromkeys(self.layer_names)}
        close = did_you_mean(str(name), known)
        return LayerNotFoundError(
            f"no layer {name!r} in {self.model_name}{close or ';'} See model.layers"
        )

    def get_layer(self, name: str | Layer) -> Layer:
        """Return the layer of a name.

        Args:
            name: a name in `layers`, or the layer itself; or any other name in
                `layer_names`, such as ``"mixed4a_pre_relu"``; or a part of one: then the
                first layer whose name contains it is returned, with a warning, as in
                Lucid.

        Raises:
            LayerNotFoundError: nothing fits; the message names the three closest.
        """
        if isinstance(name, Layer):
            name = name.name
        if isinstance(name, str) and name in self._layers_by_name:
            return self._layers_by_name[name]
        try:
            found = self.canonical_name(name)
        except LayerNotFoundError:
            for layer in self.layers if isinstance(name, str) and name else ():
                if name.lower() in layer.name.lower():
                    warnings.warn(
                        f"no layer {name!r} in {self.model_name}; taking {layer.name!r}",
                        stacklevel=2,
                    )
                    return layer
            raise
        return self._layers_by_name.get(found) or self._layer_of(found)

    def _layer_of(self, name: str) -> Layer:
        """Describe an addressable tensor that is not in `layers`."""
        return self.describe(name, self.depth_of(name))

    def depth_of(self, name: str) -> int | None:
        """Return the number of channels of any addressable name, without its values."""
        shape = self._symbolic_shape(name)
        return None if not shape else shape[-1]

    def _symbolic_shape(self, name: str) -> list[int | None]:
        shape = self.shapes_of([name])[name]
        return [] if shape is None else shape

    def shapes_of(self, names: Iterable[str]) -> dict[str, list | None]:
        """Return shapes at the model's own image size, computing no values.

        Names that cannot be computed are left out, unless there is only one.
        """
        import tensorflow as tf

        names = list(names)
        shapes: dict[str, list | None] = {}

        def trace(images: Any) -> None:
            activations = self.import_graph(images)
            for name in names:
                try:
                    shape = activations[name].shape
                except ModelError:
                    if len(names) == 1:
                        raise
                    continue
                shapes[name] = None if shape.rank is None else shape.as_list()

        signature = [tf.TensorSpec([None, *self.image_shape], tf.float32)]
        traced(trace, signature)
        return shapes

    def before_softmax(self) -> str | None:
        """Return the name of what goes into the last softmax; None if there is none."""
        return None

    # Reading activations ----------------------------------------------------

    def activations(
        self,
        images: Any,
        layers: str | Sequence[str],
        batch_size: int = 32,
        *,
        center_only: bool = False,
    ) -> Any:
        """Return activations for images, computed in batches.

        Only one batch of images, and the result, are held in memory; where the result is
        too large for that, use `iterate_activations`.

        Args:
            images: an array ``[height, width, channels]`` or ``[n, height, width,
                channels]`` in [0, 1]; the path of an image file; a `tf.data.Dataset` of
                images or of pairs that begin with them; or any iterable of these.
                Images of different sizes are allowed if the layers' shapes agree.
            layers: one layer name, or several.
            batch_size: images computed at a time.
            center_only: of layers with positions, only read the one in the centre
                (row height // 2, column width // 2): ``[n, depth]``.

        Returns:
            An array ``[n, ...]`` for one name; a dictionary of arrays for several.

        Raises:
            LayerNotFoundError: no such layer.
            ImageError: the images cannot be used.
        """
        from lucid_widgets.modelzoo.reading import read_activations

        return read_activations(
            self, images, layers, batch_size, center_only=center_only
        )

    def iterate_activations(
        self,
        images: Any,
        layers: str | Sequence[str],
        batch_size: int = 32,
        *,
        center_only: bool = False,
    ) -> Iterator[Any]:
        """Yield activations batch by batch: for more images than fit into memory.

        Takes what `activations` takes, and yields what it would return, for up to
        `batch_size` images at a time. Arguments are checked at once.
        """
        from lucid_widgets.modelzoo.reading import iterate_batches

        return iterate_batches(
            self, images, layers, batch_size, center_only=center_only
        )

    @cached_property
    def _lock(self) -> threading.RLock:
        return threading.RLock()

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Model)
            and type(self) is type(other)
            and self.identity == other.identity
        )

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        return f"<{self.model_name}: {len(self.layers)} layers>"
