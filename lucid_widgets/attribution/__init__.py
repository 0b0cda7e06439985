"""Attribution: what made the model say so.

    from lucid_widgets import attribution

    found = attribution.grad_cam(model, "photo.jpg", "goldfish")
    show(found.overlay("photo.jpg"))

All methods are called ``method(model, images, target, layer, ...)`` and return an
`Attribution`. See ``README.md`` beside this file.
"""

from lucid_widgets.attribution.cam import grad_cam, grad_cam_plus_plus
from lucid_widgets.attribution.gradients import (
    gradient_x_input,
    integrated_gradients,
    saliency,
    smoothgrad,
)
from lucid_widgets.attribution.hidden import channel, group, spatial
from lucid_widgets.attribution.probe import OVERRIDES, How
from lucid_widgets.attribution.result import Attribution
from lucid_widgets.attribution.targets import position

__all__ = [
    "OVERRIDES",
    "Attribution",
    "How",
    "channel",
    "grad_cam",
    "grad_cam_plus_plus",
    "gradient_x_input",
    "group",
    "integrated_gradients",
    "position",
    "saliency",
    "smoothgrad",
    "spatial",
]
