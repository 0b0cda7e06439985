"""Lucent: its own InceptionV1 (random weights) and its own `render_vis`.

`"fixed"` gives it the input size that ours has; else it scales images up to 224 px.
"""

from __future__ import annotations

import serving
import torch
from lucent.modelzoo import inceptionv1
from lucent.optvis import param, render

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
