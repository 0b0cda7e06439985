"""FeatureVis: see what a network has learned, while it is being drawn.

Traits are the truth: controls and Python write them, a plan is made from them, and
the session runs the plan. No numerics here.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import ipywidgets
import traitlets

from lucid_widgets.errors import ImageError, LucidError, did_you_mean
from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings, setting
from lucid_widgets.shapes import Images, Pixels
from lucid_widgets.widgets.comms import handle_where_received
from lucid_widgets.widgets.control_panel import ControlPanel
from lucid_widgets.widgets.frame_canvas import FrameCanvas
from lucid_widgets.widgets.front_ends import front_end, hint, marimo_view
from lucid_widgets.widgets.model_choice import as_model
from lucid_widgets.widgets.model_loading import ModelLoader
from lucid_widgets.widgets.objective_choice import ObjectiveChoice, choose
from lucid_widgets.widgets.plan import Plan
from lucid_widgets.widgets.plan_traits import CHOICE
from lucid_widgets.widgets.preloading import import_between_cells, import_engine
from lucid_widgets.widgets.run_session import RunSession
from lucid_widgets.widgets.setting_trait import NUMBERS, STRUCTURE, already_checked
from lucid_widgets.widgets.sharing import Sharing

KEYWORDS = (*CHOICE, *STRUCTURE, *NUMBERS, "steps", "seed", "autostart", "layout")
"""What can be given to `FeatureVis` besides model and objective."""


class FeatureVis(Sharing, ipywidgets.Box):
    """A picture that grows, and controls that act on it while it does.

    Every control is a trait: settings that are numbers act at the next step, those
    that are structure start a new run. The optimization runs on a thread of its
    own; it starts when the widget is first displayed, or with `start`.

    Args:
        model: a model, its name, or a Keras model; left out, the embedded
            `TinyInception`.
        objective: "layer:n", an `Objective`, or a function of `T`; left out, a
            channel halfway up.
        autostart: whether displaying it for the first time starts the run.
        **settings: first values of the traits of `PlanTraits`.

    Raises:
        LucidError: an argument that cannot be used, before any work is done.
        TypeError: an unknown argument.

    Example:
        >>> vis = FeatureVis(objective="mixed4a:30", steps=256)
        >>> vis.learning_rate = 0.02  # while it runs
    """

    # What a run tells. Observers are called on the thread that does the steps.
    status = traitlets.Unicode("idle", read_only=True)
    running = traitlets.Bool(default_value=False, read_only=True)
    current_step = traitlets.Int(0, read_only=True)
    """Updates done in this run."""

    total_steps = traitlets.Int(0, read_only=True)
    objective_value = traitlets.Float(float("nan"), read_only=True)
    """What the newest update saw; higher is better."""

    error = traitlets.Unicode("", read_only=True)
    """What went wrong, "" for nothing; line 1 says what to do."""

    # Set before anything can fail: an instance half made is closed when it is dropped.
    _session: RunSession | None = None

    def __init__(
        self,
        model: Any = None,
        objective: Any = None,
        *,
        autostart: bool = True,
        **settings: Any,
    ) -> None:
        _check_keywords(settings, objective)
        layout = {"layout": settings.pop("layout")} if "layout" in settings else {}
        choice = choose(as_model(model), objective, settings)
        render_settings = RenderSettings(**_pick(settings, STRUCTURE))
        hyperparameters = Hyperparameters(**_pick(settings, NUMBERS))
        counts = {
            name: setting(name).check(name, settings[name], int)
            for name in ("steps", "seed")
            if name in settings
        }

        self._canvas = FrameCanvas()
        self._loader = ModelLoader(self._canvas)
        self._changes = threading.RLock()
        self._autostart = autostart
        super().__init__(**layout)
        self._take_over(choice)
        with already_checked(self):
            for values in (render_settings, hyperparameters):
                for name, value in dataclasses.asdict(values).items():
                    setattr(self, name, value)
        for name, value in counts.items():
            setattr(self, name, value)
        self._session = RunSession(
            self._canvas, self._plan(choice), self._progress, name="lucid_widgets run"
        )
        self._session.asked_to_branch = self.branch
        self._session.asked_to_switch = self.switch
        self._quiet = False
        self._assemble()
        import_between_cells()

    def _assemble(self) -> None:
        self._panel = ControlPanel(self)
        host = ipywidgets.Box([self._canvas])
        host.add_class("lucid-canvas-host")
        self.children = (self._panel, host)
        self.add_class("lucid-feature-vis")
        for widget in (self, host):
            handle_where_received(widget)

    # What users call ------------------------------------------------------------

    def start(self) -> None:
        """Go on, and return at once. After the end or a failure, begin again."""
        self._open_session().start()

    def pause(self) -> None:
        """Rest after the step in progress."""
        self._open_session().pause()

    def step(self, n: int = 1) -> None:
        """Do `n` more steps, then rest. Returns at once; `wait` waits for them.

        Raises:
            SettingError: `n` is not a whole number from 1 to 100,000.
        """
        self._open_session().step(setting("steps").check("n", n, int))

    def reset(self, seed: int | None = None) -> None:
        """Begin again from step 0. What was running goes on running.

        Args:
            seed: where the random numbers start; left out, where they did before.

        Raises:
            SettingError: the seed is out of range.
        """
        session = self._open_session()
        if seed is not None and seed != self.seed:
            with self._changes, self._quietly():
                self.seed = seed
                session.plan = self._plan(session.plan.choice)
        session.reset()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run rests, its picture saved with the notebook.

        A run that has not begun is started first. Ctrl-C ends the waiting, not the
        run.

        Args:
            timeout: most seconds to wait; left out, as long as it takes.

        Returns:
            Whether the run rests now.

        Raises:
            Exception: what made the run fail.
        """
        session = self._open_session()
        if session.runner.status == "idle":
            session.start()
        if session.runner.active and timeout is None:
            import_engine()
        return session.runner.wait(timeout)

    def close(self) -> None:
        """Stop the run, end its thread, and remove the widget from every page."""
        session, self._session = self._session, None
        if session is not None:
            self._loader.close()
            session.close()
        if self.comm is not None:
            self._panel.close()
            for child in (*self.children, self._canvas):
                child.close()
            super().close()

    @property
    def objective(self) -> Any:
        """What is maximised. Assign "layer:n", an `Objective` or a function of `T`."""
        return self._plan_now().choice.objective

    @objective.setter
    def objective(self, given: Any) -> None:
        choice = self._choice_for(given)
        with self._changes:
            with self._quietly():
                self._take_over(choice)
            self._apply(choice)

    @property
    def images(self) -> Images:
        """The newest images, float32 ``[batch, height, width, channels]`` in [0, 1].

        Raises:
            ImageError: there are none yet.
        """
        session = self._session
        frame = session.newest if session is not None else None
        if frame is None:
            raise ImageError("there is no picture yet; call start() or step() first")
        return frame.images

    @property
    def image(self) -> Pixels:
        """The newest image, the batch's first, ``[height, width, channels]``."""
        return self.images[0]

    @property
    def canvas(self) -> FrameCanvas:
        """The canvas, to be placed somewhere else than beside the controls."""
        return self._canvas

    def __repr__(self) -> str:
        return f"<FeatureVis {self._canvas.title}, step {self.current_step}>"

    def _ipython_display_(self, **kwargs: Any) -> None:
        from IPython.display import display

        session = self._open_session()
        view: Any = self._repr_mimebundle_(include=None, exclude=None)
        display({**view, "text/plain": repr(self)}, raw=True)
        session.poster.display()
        if help_with := hint(front_end()):
            display({"text/plain": help_with}, raw=True)
        self._start_if_new()

    def _display_(self) -> Any:
        """Return what marimo shows, which asks for this instead."""
        self._start_if_new()
        return marimo_view(self._canvas)

    def _start_if_new(self) -> None:
        session = self._open_session()
        if self._autostart:
            self._autostart = False
            if session.runner.status == "idle":
                session.start()

    # From session and panel -----------------------------------------------------

    def _apply(self, choice: ObjectiveChoice) -> None:
        if self._session is not None:
            self._session.apply(self._plan(choice))

    def _plan_now(self) -> Plan:
        return self._open_session().plan

    def _open_session(self) -> RunSession:
        if self._session is None:
            raise LucidError("this FeatureVis is closed; make a new one")
        return self._session

    def _progress(self, **values: Any) -> None:
        for name, value in values.items():
            self.set_trait(name, value)

    def _refuse(self, error: Exception) -> None:
        """Show what the browser was refused; the run goes on as it was."""
        self._canvas.show_error(error)
        self.set_trait("error", self._canvas.error)


def _check_keywords(settings: dict[str, Any], objective: Any) -> None:
    for name in settings:
        if name not in KEYWORDS:
            raise TypeError(
                f"FeatureVis got an unknown argument {name!r}"
                f"{did_you_mean(name, KEYWORDS)}"
            )
    doubled = [name for name in CHOICE if name in settings and name != "label"]
    if objective is not None and doubled:
        raise TypeError(
            f"FeatureVis got an objective and {doubled[0]!r} too; expected one of them"
        )


def _pick(settings: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: settings[name] for name in names if name in settings}
