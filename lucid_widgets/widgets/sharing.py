"""What a `FeatureVis` gives away: pictures, recipes, code, history, pages.

Mixed into `FeatureVis`, which holds the traits and the session.
"""

from __future__ import annotations

import dataclasses
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from PIL import Image

from lucid_widgets.errors import (
    ImageError,
    UnknownModelError,
    did_you_mean,
)
from lucid_widgets.stream.encoder import encode_still, to_pixels
from lucid_widgets.widgets.branches import Branch, Branches
from lucid_widgets.widgets.course import Stretch
from lucid_widgets.widgets.exporting import save_animation
from lucid_widgets.widgets.filmstrip import Snapshot
from lucid_widgets.widgets.front_ends import show_until_rest
from lucid_widgets.widgets.model_choice import OFFERED, as_model
from lucid_widgets.widgets.plan_traits import PlanTraits
from lucid_widgets.widgets.poster import mime_bundle
from lucid_widgets.widgets.provenance import enlarge, read_text, save_picture
from lucid_widgets.widgets.recipe import Recipe, read_recipe
from lucid_widgets.widgets.replay import code_for, recipe_at
from lucid_widgets.widgets.replay_page import save_page
from lucid_widgets.widgets.setting_trait import NUMBERS, STRUCTURE, already_checked

if TYPE_CHECKING:
    from lucid_widgets.widgets.run_session import RunSession

BRANCH_KEYWORDS = (
    "objective",
    "objective_kind",
    "layer",
    "channel",
    "label",
    *STRUCTURE,
    *NUMBERS,
    "steps",
)


class Sharing(PlanTraits):
    """Pictures, recipes, history and branches of a `FeatureVis`."""

    images: Any

    differences: tuple[str, ...] = ()
    """In what this machine differs from the one whose picture `from_image` read."""

    def _open_session(self) -> RunSession:
        raise NotImplementedError

    # The picture ------------------------------------------------------------------

    def save(self, path: str | Path, *, scale: float = 1) -> Path:
        """Save the newest picture, its recipe inside; see `from_image`.

        PNG and WebP keep every pixel. The images of a batch stand side by side.

        Args:
            path: where to; its ending decides the format, such as ".png".
            scale: pixels for each pixel of the image, more than 0 to 64; whole
                numbers keep them square and sharp.

        Returns:
            The path.

        Raises:
            ImageError: there is no picture yet, or no such format.
            SettingError: the scale is out of range.
            SaveError: the format cannot hold the picture.
        """
        path = Path(path)
        if path.suffix.lower() not in Image.registered_extensions():
            raise ImageError(
                f"cannot save images as {path.suffix!r}; expected an ending such as "
                "'.png', '.jpg' or '.webp'"
            )
        images = self.images
        recipe = self.recipe()
        save_picture(path, enlarge(to_pixels(images), scale), recipe.to_json())
        return path

    def recipe(self) -> Recipe:
        """Return what made the newest picture, as a plain value.

        Raises:
            ImageError: there is no picture yet.
        """
        session = self._open_session()
        frame = session.newest
        step = frame.step + 1 if frame is not None else 0
        recipe = recipe_at(session.tree.current, step)
        if recipe is None:
            raise ImageError("there is no picture yet; call start() or step() first")
        return recipe

    def code(self) -> str:
        """Return the program that makes the newest picture, bit for bit.

        It leaves the picture in ``images``. A function of the user's own cannot be
        written there: a comment says what to supply.

        Raises:
            ImageError: there is no picture yet.

        Example:
            >>> exec(vis.code())  # images == vis.images
        """
        session = self._open_session()
        return code_for(self.recipe(), session.plan.choice.model)

    @classmethod
    def from_image(
        cls, path: str | Path, *, model: Any = None, objective: Any = None, **more: Any
    ) -> Self:
        """Return a widget that makes the picture in a file again.

        Settings that were changed while the picture was made are changed again at
        the same steps, until somebody touches a control.

        Args:
            path: a picture saved by `save`.
            model: what to use for a model that is not among lucid_widgets' own.
            objective: what to use for a function of its author's own.
            **more: other arguments of `FeatureVis`: autostart, layout, steps.

        Returns:
            The widget; its `differences` say what is not as it was, such as the
            version of TensorFlow; they are also given as a warning.

        Raises:
            ProvenanceError: the file has no recipe, or one that cannot be used.
            UnknownModelError: it was made with a model that is not here.
            LucidError: the model lacks a layer or channel.

        Example:
            >>> FeatureVis.from_image(vis.save("dog.png"))
        """
        recipe = read_recipe(read_text(path))
        at_hand = _model_for(recipe, model)
        script = recipe.plans(at_hand, objective)
        last = script[-1].plan
        choice = last.choice
        subject: dict[str, Any] = {"objective": choice.custom}
        if choice.kind != "custom":
            subject = {
                "objective_kind": choice.kind,
                "layer": choice.layer,
                "channel": choice.channel,
                "label": choice.label,
            }
        settings = {**_values(last.settings), **_values(last.hyperparameters)}
        given = {"steps": recipe.steps, **settings, **subject, **more}
        make: Any = cls
        vis = make(at_hand, seed=recipe.seed, **given)
        vis._follow(script)
        vis.differences = recipe.differences(at_hand)
        if vis.differences:
            warnings.warn(
                f"the picture may differ: {'; '.join(vis.differences)}", stacklevel=2
            )
        return vis

    def save_animation(
        self, path: str | Path, *, frames_per_second: float = 8, scale: float = 1
    ) -> Path:
        """Save the snapshots of the run as one moving picture.

        Args:
            path: where to; ".webp", ".gif", ".png", ".avif", or ".mp4" with ffmpeg.
            frames_per_second: how fast.
            scale: as for `save`.

        Returns:
            The path.

        Raises:
            ImageError: there is no picture yet, or no such format.
            SettingError: the scale is out of range.
            MissingPackageError: the format needs what is not installed.
        """
        pictures = [enlarge(one.pixels, scale) for one in self.history]
        return save_animation(path, pictures, frames_per_second)

    def to_html(self, path: str | Path, *others: Any, title: str = "") -> Path:
        """Save the run as one HTML file that replays it without network or kernel.

        Args:
            path: where to.
            *others: more widgets, to stand beside this one.
            title: heading of the page.

        Returns:
            The path.

        Raises:
            ImageError: there is no picture yet.
        """
        return save_page(path, [self, *others], title=title)

    def run_blocking(self, timeout: float | None = None) -> bool:
        """Run to the end inside the cell, its picture growing in the output.

        For front ends in which a widget does not update from the background, such
        as Colab. Ctrl-C (interrupt) pauses the run.

        Args:
            timeout: most seconds to run; left out, as long as it takes.

        Returns:
            Whether the run rests now.

        Raises:
            Exception: what made the run fail.
        """
        session = self._open_session()
        deadline = None if timeout is None else time.monotonic() + timeout
        session.start()

        def has_rested(seconds: float) -> bool:
            late = deadline is not None and time.monotonic() >= deadline
            return session.runner.wait(seconds) or late

        def picture() -> dict[str, Any] | None:
            frame = session.newest
            return None if frame is None else mime_bundle(encode_still(frame.images))[0]

        try:
            show_until_rest(has_rested, picture)
        except KeyboardInterrupt:
            session.pause()
        return session.runner.wait(0)

    def _follow(self, script: tuple[Stretch, ...]) -> None:
        session = self._open_session()
        session.follow((*script[:-1], Stretch(script[-1].start, session.plan)))

    # The way to it ----------------------------------------------------------------

    @property
    def history(self) -> tuple[Snapshot, ...]:
        """Snapshots of the run at hand, first to last; see `filmstrip`.

        Each has `step`, `objective`, `image`, `images` and `state`.
        """
        return self._open_session().tree.current.snapshots

    @property
    def branches(self) -> Branches:
        """The runs that go back to the same first step; prints as a tree."""
        return self._open_session().tree.branches

    def branch(self, step: int, **settings: Any) -> None:
        """Go on from a snapshot, with other settings; returns at once.

        What was done after the snapshot stays in `branches`.

        Args:
            step: of one of the snapshots in `history`.
            **settings: what to change; anything that leaves the image's size and
                parameterization as they are.

        Raises:
            SettingError: no such snapshot, or a setting that a branch cannot change.
            LucidError: a value that cannot be used. Then all stays as it was.
            TypeError: an unknown setting.

        Example:
            >>> vis.branch(40, learning_rate=0.2, channel=31)
        """
        for name in settings:
            if name not in BRANCH_KEYWORDS:
                raise TypeError(
                    f"branch got an unknown setting {name!r}"
                    f"{did_you_mean(name, BRANCH_KEYWORDS)}"
                )
        session = self._open_session()
        snapshot = session.tree.current.snapshot(step)
        with self._changes, self._quietly():
            before = session.plan
            try:
                self._assign(settings)
                session.branch(snapshot, self._plan(self._choice()))
            except Exception:
                self._restore(before)
                raise
            self._restore(session.plan)

    def switch(self, branch: int | Branch) -> None:
        """Go back to another branch, with its settings; returns at once.

        The branch at hand stays as it is, and what it did last among its snapshots.
        `history`, `save` and `branch` are then about the other one; `start` goes on
        where it ends.

        Args:
            branch: one of `branches`, or its number.

        Raises:
            SettingError: there is no such branch.

        Example:
            >>> vis.switch(0)  # the first run again
        """
        session = self._open_session()
        with self._changes, self._quietly():
            session.switch(self.branches.find(branch))
            self._restore(session.plan)

    def _assign(self, settings: dict[str, Any]) -> None:
        """Set traits without applying them."""
        settings = dict(settings)
        objective = settings.pop("objective", None)
        if objective is not None:
            self._take_over(self._choice_for(objective))
        for name, value in settings.items():
            setattr(self, name, value)

    def _restore(self, plan: Any) -> None:
        """Set the traits to those of a plan."""
        self._take_over(plan.choice)
        with already_checked(self):
            for values in (plan.settings, plan.hyperparameters):
                for name, value in _values(values).items():
                    setattr(self, name, value)
        self.steps = plan.steps


def _values(settings: Any) -> dict[str, Any]:
    return {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
    }


def _model_for(recipe: Recipe, given: Any) -> Any:
    if given is not None:
        return as_model(given)
    if recipe.model_name not in OFFERED:
        raise UnknownModelError(
            f"the picture was made with {recipe.model_name!r}, which is not among "
            "lucid_widgets' own models; give it: FeatureVis.from_image(path, model=...)"
        )
    return as_model(recipe.model_name)
