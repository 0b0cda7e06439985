"""Models whose network is a table of nodes: the embedded one and GraphDef files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo import table_edits
from lucid_widgets.modelzoo.activations import Given, NodeEvaluator, Overrides
from lucid_widgets.modelzoo.editing import Edits, unknown_weight
from lucid_widgets.modelzoo.geometry import Geometry, table_geometry
from lucid_widgets.modelzoo.nodes import Node, NodeTable, split_output
from lucid_widgets.modelzoo.vision_base import Model


class NodeModel(Model):
    """A model computed from a `NodeTable`, which subclasses supply as `_table`."""

    @cached_property
    def _table(self) -> NodeTable:
        raise NotImplementedError

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """All names whose activations can be read, in the network's order."""
        depending = set(self._table.depending_on(self.input_name))
        return tuple(name for name in self._table if name in depending)

    @cached_property
    def geometry(self) -> Mapping[str, Geometry]:
        """Stride and receptive field by name, for the layers that have them."""
        return table_geometry(self._table, self.input_name)

    def depth_of(self, name: str) -> int | None:
        """Return the number of channels of any addressable name, without its values."""
        node = self._table.get(name)
        if node is not None and node.depth is not None:
            return node.depth
        return super().depth_of(name)

    def before_softmax(self) -> str | None:
        """Return the name of what goes into the last softmax; None if there is none."""
        for name in reversed(self.layer_names):
            node = self._table[name]
            if node.op == "Softmax":
                return self.canonical_name(node.inputs[0])
        return None

    def _evaluator(
        self, images: Any, overrides: Overrides, given: Given
    ) -> Callable[[str], Any]:
        size = f"{images.shape[1]}x{images.shape[2]}"
        height, width, _ = self.image_shape
        cure = f"it needs {height}x{width} px, the size that the network was trained on"
        # Whether TensorFlow refuses an image without pixels depends on the operation.
        if 0 in images.shape[1:3]:
            raise ModelError(f"{self.model_name} got an image of {size} px: {cure}")

        def explain(node: Node, why: str) -> str:
            return (
                f"layer '{node.name}' of {self.model_name} cannot be computed for an "
                f"image of {size} px: {cure} ({why.splitlines()[0]})"
            )

        for name in given:
            if split_output(name)[1]:
                raise ModelError(
                    f"'{name}' is a further output of a node; only activations of first "
                    "outputs can be given"
                )
        feeds = {self.input_name: images, **given}
        return NodeEvaluator(self._table, feeds, overrides, explain)

    # Changing ---------------------------------------------------------------

    @cached_property
    def weight_names(self) -> tuple[str, ...]:
        """Names of the weights, for `weight` and `edit`."""
        return table_edits.weight_names(self._table)

    def weight(self, name: str) -> np.ndarray:
        """Return a copy of a weight.

        Raises:
            ModelError: there is none of that name; the message names the three closest.
        """
        node = self._table.get(name) if isinstance(name, str) else None
        if node is None or node.value is None:
            raise unknown_weight(name, self)
        return np.array(node.value())

    def _edited(self, edits: Edits) -> Model:
        layers = self.layers
        copied = self._copy_without_caches()
        copied._table = table_edits.edited_table(self._table, edits)
        copied.network_identity = f"{self.network_identity}+{edits.digest}"
        copied.layers = layers
        return copied
