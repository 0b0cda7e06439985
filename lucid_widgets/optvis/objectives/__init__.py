"""Objectives: what an optimization makes more of.

    objective : T -> number to maximise

`T` maps a layer's name to its activations, `[batch, height, width, channels]`:
`T("mixed4a")` or `T["mixed4a"]`. `T("input")` is the image before any transform,
`[batch, height, width, channels]` in [0, 1], and `T("labels")` the class names.

Objectives obey arithmetic: `2 * a + 3 * b` is worth exactly what it says, and
neither `a` nor `b` is changed by it. Signs are Lucid's. Penalties (`L1`, `L2`,
`total_variation`, `diversity`, `input_diff`, `blur_input_each_step`) are positive:
subtract them. `alignment` and `penalize_boundary_complexity` are negative: add them.
"""

from lucid_widgets.optvis.objectives.activations import (
    channel,
    channel_weighted,
    class_logit,
    deepdream,
    direction,
    direction_cossim,
    direction_neuron,
    local_group,
    neuron,
    tensor_direction,
)
from lucid_widgets.optvis.objectives.batches import (
    alignment,
    channel_interpolate,
    channels,
    directions,
    diversity,
)
from lucid_widgets.optvis.objectives.images import (
    L1,
    L2,
    blur_alpha_each_step,
    blur_input_each_step,
    input_diff,
    penalize_boundary_complexity,
    total_variation,
)
from lucid_widgets.optvis.objectives.objective import Numbers, Objective, scheduled
from lucid_widgets.optvis.objectives.reading import as_objective
from lucid_widgets.optvis.objectives.wrapping import handle_batch, wrap_objective

__all__ = [
    "L1",
    "L2",
    "Numbers",
    "Objective",
    "alignment",
    "as_objective",
    "blur_alpha_each_step",
    "blur_input_each_step",
    "channel",
    "channel_interpolate",
    "channel_weighted",
    "channels",
    "class_logit",
    "deepdream",
    "direction",
    "direction_cossim",
    "direction_neuron",
    "directions",
    "diversity",
    "handle_batch",
    "input_diff",
    "local_group",
    "neuron",
    "penalize_boundary_complexity",
    "scheduled",
    "tensor_direction",
    "total_variation",
    "wrap_objective",
]
