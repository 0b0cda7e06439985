"""AtlasSource: what an atlas is made of, before it is cut into cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import SettingError
from lucid_widgets.misc.progress import Cancel, Progress
from lucid_widgets.modelzoo.classes import class_index
from lucid_widgets.modelzoo.vision_base import Model
from lucid_widgets.recipes.activation_atlas import (
    Atlas,
    Collected,
    collect_activations,
)
from lucid_widgets.recipes.activation_atlas.atlas import outline_atlas
from lucid_widgets.recipes.dataset_examples import Photos
from lucid_widgets.widgets.objective_choice import check_layer, first_choice


class AtlasSource:
    """Photos, activations that were collected before, or a finished `Atlas`.

    Args:
        model: the model.
        given: one of these three; `Collected` as its `.npz` file, too.
        layer: name of the layer, for photos; left out, one halfway up.
        classes: names or indices of the classes to collect for.
        layout: where each activation lies, `[n, 2]` in [0, 1], if that is known.
        collecting: further arguments of `collect_activations`.
        laying_out: further arguments of `outline_atlas`.

    Attributes:
        layer: name of the layer.
        labels: names of the classes that are collected for.
        atlas: the atlas, if one was given.
        collected: the activations; None before they are collected, and for an atlas.
        layout: where each lies; None before the first cut.

    Raises:
        LucidError: it cannot be mapped, or is of another model.
    """

    def __init__(
        self,
        model: Model,
        given: Any,
        layer: str | None,
        *,
        classes: Any,
        layout: NDArray[np.float64] | None,
        collecting: dict[str, Any],
        laying_out: dict[str, Any],
    ) -> None:
        if given is None:
            raise SettingError(
                "an atlas of nothing; expected source=: a folder or list of photos, "
                "collected activations, or an Atlas"
            )
        if isinstance(given, str) and given.endswith(".npz"):
            given = Collected.load(given)
        self.atlas: Atlas | None = None
        self.collected: Collected | None = None
        self.layout = layout
        self._model = model
        self._given = given
        self._classes = classes
        self._collecting = collecting
        self._laying_out = laying_out
        if isinstance(given, Atlas):
            self.atlas, layer = given, given.layer
        elif isinstance(given, Collected):
            self.collected, layer = given, given.layer
            classes = given.classes.tolist()
        else:
            Photos.of(given)  # complains now, not when the work has begun
        self.layer = check_layer(model, layer or first_choice(model).layer).name
        self.labels = self._names(classes)
        if self.atlas is not None:
            self._check_depth(self.atlas.directions)
            count = self.atlas.attributions.shape[1]
            if len(self.labels) != count:
                self.labels = [f"class {n}" for n in range(count)]
        elif self.collected is not None:
            self._check_depth(self.collected.activations)

    def collect(self, progress: Progress, cancel: Cancel) -> None:
        """Look at the photos.

        Args:
            progress: is told (done, total), in photos.
            cancel: says whether to stop.
        """
        self.collected = collect_activations(
            self._model,
            self.layer,
            self._given,
            classes=self._classes,
            progress=progress,
            cancel=cancel,
            **self._collecting,
        )

    @property
    def count(self) -> int:
        """How many activations were collected."""
        return 0 if self.collected is None else len(self.collected.activations)

    @property
    def grid_size(self) -> int:
        """Cells along each side such that one holds a dozen activations."""
        return int(np.clip((self.count / 12) ** 0.5, 4, 60))

    def cut(self, grid_size: int) -> Atlas:
        """Return an atlas of what was collected, with no icons.

        Args:
            grid_size: cells along each side.

        Raises:
            LucidError: see `outline_atlas`.
        """
        assert self.collected is not None, "collect comes first"
        options = dict(self._laying_out)
        if options["threshold"] is None:
            options["threshold"] = min(5, self.count // (4 * grid_size**2))
        found = outline_atlas(
            self._model,
            self.collected,
            grid_size,
            icon_size=1,
            layout=self.layout,
            **options,
        )
        self.layout = found.layout
        return found

    def _check_depth(self, vectors: NDArray[np.float32]) -> None:
        depth = self._model.get_layer(self.layer).depth
        if depth and vectors.shape[-1] != depth:
            raise SettingError(
                f"source has {vectors.shape[-1]} channels; {self.layer} of "
                f"{self._model.name} has {depth}: expected a source of this model"
            )

    def _names(self, classes: Any) -> list[str]:
        known = self._model.labels
        indices = [class_index(self._model, one) for one in classes]
        return [str(known[i]) if known is not None else f"class {i}" for i in indices]
