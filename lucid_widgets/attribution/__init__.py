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
from lucid_widgets.attribution.hidden import channel, group, neuron, spatial
from lucid_widgets.attribution.metrics import deletion, insertion, mu_fidelity
from lucid_widgets.attribution.perturbation import occlusion, rise
from lucid_widgets.attribution.probe import OVERRIDES, How
from lucid_widgets.attribution.result import Attribution
from lucid_widgets.attribution.targets import position

METHODS = {
    "saliency": saliency,
    "SmoothGrad": smoothgrad,
    "gradient x input": gradient_x_input,
    "integrated gradients": integrated_gradients,
    "Grad-CAM": grad_cam,
    "Grad-CAM++": grad_cam_plus_plus,
    "occlusion": occlusion,
    "RISE": rise,
}
"""What explains an image, by name; each can be called with no further arguments."""

__all__ = [
    "METHODS",
    "OVERRIDES",
    "Attribution",
    "How",
    "channel",
    "deletion",
    "grad_cam",
    "grad_cam_plus_plus",
    "gradient_x_input",
    "group",
    "insertion",
    "integrated_gradients",
    "mu_fidelity",
    "neuron",
    "occlusion",
    "position",
    "rise",
    "saliency",
    "smoothgrad",
    "spatial",
]
