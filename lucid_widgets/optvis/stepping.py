"""make_vis_T(): an optimization under a loop of your own.

Lucid's `make_vis_T` returned `T` in a graph and a session: `T("vis_op").run()` did an
update, `T("loss").eval()` read a value, and a feed dictionary changed numbers. Here
`T` holds a state, which is a value: step, read any tensor by name, go back, change
numbers, go on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import SettingError
from lucid_widgets.optvis.objectives import as_objective
from lucid_widgets.optvis.plan import Plan, check_same_structure, plan
from lucid_widgets.optvis.randomness import drawing
from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings
from lucid_widgets.optvis.step import (
    State,
    check_targets,
    hyperparameter_tensors,
    number_tensors,
)


class Stepper:
    """An optimization that waits for you; made by `make_vis_T`.

    Attributes:
        state: where it is; keep it, and assign it to come back.
        hyperparameters: numbers of the next update; assign others at any time.
        objective: what is maximised; assign one of equal structure at any time.

    Example:
        >>> T = make_vis_T(model, "mixed4a:30")
        >>> while T.step() < 3.0:
        ...     T.hyperparameters = Hyperparameters(learning_rate=0.1)
        >>> T("input").shape, T("mixed3a").shape
    """

    def __init__(self, plan: Plan) -> None:
        self._step = plan.step
        self._objective = plan.objective
        self.hyperparameters = plan.hyperparameters
        self.state = plan.start

    @property
    def objective(self) -> Any:
        """What is maximised."""
        return self._objective

    @objective.setter
    def objective(self, objective: Any) -> None:
        new = as_objective(objective)
        check_same_structure(self._objective, new)
        check_targets(self._step.structure.model, new)
        self._objective = new

    def step(self, count: int = 1) -> float:
        """Do updates.

        Args:
            count: how many, 1 or more.

        Returns:
            The objective's value that the last one saw.

        Raises:
            SettingError: `count` is no number of updates.
        """
        if isinstance(count, bool) or count != int(count) or count < 1:
            raise SettingError(
                f"count is {count!r}; expected a whole number of updates, 1 or more"
            )
        numbers = number_tensors(self._objective.numbers)
        hyper = hyperparameter_tensors(self.hyperparameters)
        values: Any = ()
        for _ in range(int(count)):
            self.state, values = self._step.update(self.state, numbers, hyper)
        return float(np.sum(values))

    def __call__(self, name: str) -> Any:
        """Return a tensor's value in the present state.

        Args:
            name: a layer, any other tensor of the model, "input" (the image before
                transforms), "t_image" (what the model sees at the next update),
                "loss" (Lucid's word for the objective's value), "global_step" (updates
                done) or "labels".

        Returns:
            A numpy array; a list for "labels".

        Raises:
            LayerNotFoundError: nothing has this name.
            SettingError: "vis_op" and "optimizer", which a session would run.
        """
        state: State = self.state
        if name == "input":
            return self._step.images(state)
        if name in ("vis_op", "optimizer"):
            raise SettingError(
                f"{name!r} belongs to TensorFlow 1's sessions; T.step() does an update"
            )
        hyper = hyperparameter_tensors(self.hyperparameters)
        if name == "loss":
            return self._step.evaluate(self._objective, state, hyper)
        with drawing(state.seed, state.step):
            image = self._step.structure.parameterization.to_image(state.variables)
            T = self._step.activations(image, tf.constant(state.step), hyper)
            value = T[name]
            return value.numpy() if tf.is_tensor(value) else value

    __getitem__ = __call__


def make_vis_T(  # noqa: N802 - Lucid's name
    model: Any,
    objective_f: Any,
    param_f: Any = None,
    optimizer: Any = None,
    transforms: Any = None,
    relu_gradient_override: bool = False,  # noqa: FBT001, FBT002 - Lucid's signature
    *,
    hyperparameters: Hyperparameters | None = None,
    seed: int = 0,
) -> Stepper:
    """Return an optimization that does an update whenever it is told to.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        objective_f: an `Objective`, "layer:n", or a function of `T`.
        param_f: function that returns the images; left out, `param.image(128)`.
        optimizer: see `optimizers.as_optimizer`; left out, Adam(0.05).
        transforms: a *list* of transforms; `[]` for none; anything else means the
            standard set.
        relu_gradient_override: redirect ReLUs in the first 17 updates. Off here and
            on in `render_vis`, as in Lucid.
        hyperparameters: numbers to begin with.
        seed: decides all that is random.

    Raises:
        LucidError: an argument that cannot be used; see `errors`.
    """
    made = plan(
        model,
        objective_f,
        param_f,
        optimizer,
        transforms,
        settings=RenderSettings(redirect_relu=bool(relu_gradient_override)),
        hyperparameters=hyperparameters,
        seed=seed,
    )
    return Stepper(made)
