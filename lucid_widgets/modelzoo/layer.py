"""A layer: a named place in a model whose activations can be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Layer:
    """A named place in a model whose activations can be read.

    Args:
        model_name: name of the model it belongs to.
        name: what to write in an objective.
        depth: number of channels; None when it is not known.
        tags: kinds, such as ``"conv"`` or ``"dense"``.
        stride: distance in pixels of the image between two neighbouring positions.
        receptive_field: side in pixels of the square of the image that one position sees;
            the largest, where positions differ (behind upsampling). None where it sees
            all of the image, or nobody knows.
    """

    def __init__(
        self,
        model_name: str,
        name: str,
        depth: int | None,
        tags: Iterable[str] = (),
        *,
        stride: int | None = None,
        receptive_field: int | None = None,
    ) -> None:
        self.model_name = model_name
        self.name = name
        self.depth = depth
        self.tags = frozenset(tags)
        self.stride = stride
        self.receptive_field = receptive_field

    @property
    def size(self) -> int | None:
        """Lucid's older word for `depth`."""
        return self.depth

    @property
    def type(self) -> str:
        """The kind of layer: its tag."""
        return next(iter(sorted(self.tags)), "")

    def __getitem__(self, key: str) -> Any:
        """Read an attribute in the manner of a dictionary: ``layer["name"]``."""
        if key not in ("name", "depth", "size", "type", "tags", "model_name"):
            raise KeyError(key)
        return getattr(self, key)

    def to_json(self) -> str:
        """Return the layer's name, which is how it is written to JSON."""
        return self.name

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Layer)
            and (self.model_name, self.name) == (other.model_name, other.name)
            and (self.depth, self.tags) == (other.depth, other.tags)
        )

    def __hash__(self) -> int:
        return hash((self.model_name, self.name))

    def __repr__(self) -> str:
        tags = ", ".join(sorted(self.tags))
        return f"Layer (belonging to {self.model_name}) <{self.name}: {self.depth}> ([{tags}])"
