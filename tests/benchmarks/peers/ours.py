"""lucid_widgets: the engine as `render_vis` runs it, ReLU override and all."""

from __future__ import annotations

import serving
import tensorflow as tf

from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.optvis import objectives
from lucid_widgets.optvis.plan import plan
from lucid_widgets.optvis.settings import RenderSettings
from lucid_widgets.optvis.step import hyperparameter_tensors, number_tensors

given = serving.arguments()
model = models.from_graphdef(given["graph"], trust=True, image_value_range=(-117, 138))
batch, layer = given["batch"], given["layer"]
objective = objectives.channel(f"{layer}_pre_relu", 30)
if batch > 1:
    objective = objectives.channels(f"{layer}_pre_relu", range(30, 30 + batch))
made = plan(model, objective, settings=RenderSettings(size=given["size"], batch=batch))
numbers = number_tensors(made.objective.numbers)
hyper = hyperparameter_tensors(made.hyperparameters)
state = made.start


def advance(count: int) -> None:
    """Do updates, and look at each one's value, as the loop does."""
    global state
    for _ in range(count):
        state, values = made.step.update(state, numbers, hyper)
        values.numpy()


serving.serve(advance, f"TensorFlow {tf.__version__}")
