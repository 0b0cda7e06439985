"""Neuron groups: a layer's many channels as a few that fire together.

A photo's activations, factored into a few non-negative groups (NMF): where each group is
active, and which channels it is made of. The picture of a group is that of its direction
in channel space. After Olah et al., "The Building Blocks of Interpretability" (Distill,
2018).
"""

from __future__ import annotations

import dataclasses
import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import ObjectiveError, SettingError
from lucid_widgets.misc.channel_reducer import ChannelReducer
from lucid_widgets.recipes.direction_icons import direction_icons
from lucid_widgets.recipes.positions import class_gradient, look, photo_list
from lucid_widgets.shapes import Images, Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

log = logging.getLogger(__name__)

# Of the activations' squares; more than this below 0 is worth a word.
_NEGATIVE = 0.01


@dataclass(frozen=True)
class NeuronGroups:
    """Groups of channels that fire together, the strongest first.

    Args:
        layer: name of the layer.
        photos: as the model saw them, each `[height, width, channels]` in [0, 1].
        maps: for each photo float32 `[rows, columns, groups]`, how active each group
            is at each position, 0 or more; in units of the layer's activations, as
            directions have length 1.
        directions: float32 `[groups, channels]`, what each group is made of, 0 or more,
            of length 1.
        explained: how much of the activations' squares the groups account for, from 0
            to 1.
        icons: `[groups, height, width, channels]` in [0, 1], a picture of each; None
            until `with_icons`.
    """

    layer: str
    photos: tuple[Pixels, ...]
    maps: tuple[NDArray[np.float32], ...]
    directions: NDArray[np.float32]
    explained: float
    icons: Images | None = None

    def __len__(self) -> int:
        return len(self.directions)

    def top_channels(self, group: int, count: int = 5) -> list[tuple[int, float]]:
        """Return the channels that a group is mostly made of, with their shares.

        Shares are those of the squared length: all channels together make 1.
        """
        shares = self.directions[group] ** 2
        order = np.argsort(-shares, kind="stable")[:count]
        return [(int(n), float(shares[n])) for n in order]

    def with_icons(
        self, model: Model, *, size: int = 96, n_steps: int = 128, seed: int = 0
    ) -> NeuronGroups:
        """Return the same groups, with a picture of each.

        Args:
            model: the model that they are of.
            size: side of a picture, in pixels.
            n_steps: how many updates.
            seed: decides all that is random.
        """
        icons = direction_icons(
            model, self.layer, self.directions, size=size, n_steps=n_steps, seed=seed
        )
        return dataclasses.replace(self, icons=icons)

    def attribution(self, model: Model, label: int | str) -> NDArray[np.float32]:
        """Return how much each group speaks for a class.

        Gradient times activation: by how much the class's value (before the softmax)
        would fall, to first order, without the group.

        Args:
            model: the model that they are of.
            label: name or index of the class; see `classes.class_index`.

        Returns:
            float32 `[photos, groups]`, in units of the class's value; negative where a
            group speaks against it.

        Raises:
            ObjectiveError: no such class, or it is not computed from this layer.
        """
        found = []
        for photo, activity in zip(self.photos, self.maps, strict=True):
            gradient = class_gradient(model, photo, self.layer, label)
            by_group = gradient @ self.directions.T
            found.append((by_group * activity).sum(axis=(0, 1)))
        return np.stack(found)


def neuron_groups(
    model: Model,
    images: Any,
    layer: str,
    groups: int = 6,
    *,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
) -> NeuronGroups:
    """Return groups of channels that fire together on one photo, or on several.

    Negative activations count as 0; `explained` tells what that leaves out.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        images: a photo, or a list of them: files, arrays, PIL images; see
            `photos.as_photo`. The groups of several are found together.
        layer: the layer.
        groups: how many.
        size: shorter side in pixels, or `(height, width)`, of what the model sees; left
            out, as it was trained.
        seed: decides where the factorization starts.

    Raises:
        ImageError: there is no photo.
        LayerNotFoundError: no such layer.
        SettingError: `groups` is no positive number, or more than there are positions
            or channels.
        ObjectiveError: nothing is active in the layer.
        MissingPackageError: scikit-learn is not installed.

    Example:
        >>> groups = neuron_groups(model, "dog.jpg", "mixed4a").with_icons(model)
        >>> show(groups.icons)
    """
    seen = [look(model, image, layer, size) for image in photo_list(images)]
    acts = np.concatenate(
        [one.activations.reshape(-1, one.activations.shape[-1]) for one in seen]
    )
    whole = isinstance(groups, int | np.integer) and not isinstance(groups, bool)
    if not whole or not 1 <= groups <= min(acts.shape):
        raise SettingError(
            f"groups is {groups!r}; expected 1 to {min(acts.shape)}: {layer} has "
            f"{acts.shape[0]} positions here, and {acts.shape[1]} channels"
        )
    squares = float((acts.astype(np.float64) ** 2).sum())
    positive = np.maximum(acts, 0)
    if not positive.any() or not np.isfinite(squares):
        raise ObjectiveError(f"nothing is active in {layer}; expected another photo")
    left_out = float((np.minimum(acts, 0).astype(np.float64) ** 2).sum()) / squares
    if left_out > _NEGATIVE:
        log.warning(
            "%s has negative activations (%.0f %% of the squares): groups leave them "
            "out",
            layer,
            100 * left_out,
        )
    activity, directions = _factored(positive, int(groups), seed)
    rest = float(((acts - activity @ directions).astype(np.float64) ** 2).sum())
    maps = np.split(activity, np.cumsum([one.activations[..., 0].size for one in seen]))
    return NeuronGroups(
        layer,
        tuple(one.photo for one in seen),
        tuple(
            part.reshape(*one.activations.shape[:2], -1)
            for one, part in zip(seen, maps[:-1], strict=True)
        ),
        directions,
        1 - rest / squares,
    )


def _factored(
    acts: NDArray[np.float32], groups: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return activity `[positions, groups]` and unit directions `[groups, channels]`."""
    reducer = ChannelReducer(
        groups, "NMF", random_state=seed, max_iter=500, init="nndsvda"
    )
    with warnings.catch_warnings():
        # After so many rounds the groups hardly change; they need not be a fixed point.
        warnings.filterwarnings("ignore", message="Maximum number of iterations")
        activity = reducer.fit_transform(acts)
    directions = np.asarray(reducer.components)
    lengths = np.linalg.norm(directions, axis=1)
    directions = directions / np.maximum(lengths, 1e-12)[:, np.newaxis]
    activity = activity * lengths
    order = np.argsort(-(activity**2).sum(axis=0), kind="stable")
    return (
        activity[:, order].astype(np.float32),
        directions[order].astype(np.float32),
    )
