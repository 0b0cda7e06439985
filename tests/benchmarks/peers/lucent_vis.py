"""Lucent: its own InceptionV1 (random weights) and its own `render_vis`.

`"fixed"` gives it the input size that ours has; else it scales images up to 224 px.
"""

from __future__ import annotations

import serving
import torch

# Lucent imports torchvision for one function. Builds of torchvision that do not fit
# this PyTorch then miss operations of object detection, which nobody calls here.
_missing = torch.library.Library("torchvision", "DEF")
for _name in ("nms", "qnms"):
    _missing.define(_name + "(Tensor dets, Tensor scores, float iou) -> Tensor")

from lucent.modelzoo import inceptionv1  # noqa: E402
from lucent.optvis import param, render  # noqa: E402

given = serving.arguments()
model = inceptionv1(pretrained=False).eval()
options = {"fixed_image_size": given["size"] + 12} if given.get("fixed") else {}


def advance(count: int) -> None:
    """Do updates."""
    render.render_vis(
        model,
        f"{given['layer']}:30",
        lambda: param.image(given["size"], batch=given["batch"]),
        thresholds=(count,),
        progress=False,
        show_image=False,
        **options,
    )


serving.serve(advance, f"torch-lucent 0.1.8, PyTorch {torch.__version__}")
