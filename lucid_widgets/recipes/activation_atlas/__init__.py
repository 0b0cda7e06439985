"""Activation atlas: a map of all that a layer tells apart, drawn from your photos.

    collect.py   activations at a random position of every photo; resumable
    layout.py    the map: neighbours on it are alike to the layer; its grid
    render.py    icons of directions
    atlas.py     all of it together: one model, one class, or two models on one map

After Carter et al., "Exploring Neural Networks with Activation Atlases" (Distill, 2019).
"""

from lucid_widgets.recipes.activation_atlas.atlas import (
    Atlas,
    activation_atlas,
    aligned_activation_atlas,
    build_atlas,
    grow_atlas,
)
from lucid_widgets.recipes.activation_atlas.collect import (
    Collected,
    collect_activations,
)

__all__ = [
    "Atlas",
    "Collected",
    "activation_atlas",
    "aligned_activation_atlas",
    "build_atlas",
    "collect_activations",
    "grow_atlas",
]
