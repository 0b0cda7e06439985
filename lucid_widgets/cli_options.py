"""Command-line options, made from the fields that declare the settings.

Ranges are checked where they are declared, not here: `--learning-rate 0` gets the
same answer as ``learning_rate=0`` in Python.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from lucid_widgets.errors import SettingError
from lucid_widgets.optvis import settings

Command = TypeVar("Command", bound=Callable[..., Any])
_CLASSES = (settings.RenderSettings, settings.Hyperparameters)


class SizeType(click.ParamType):
    """A number of pixels, or height and width: 128, or 96x160."""

    name = "PIXELS"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | tuple[int, int]:
        """Return what `RenderSettings.size` takes."""
        found = re.fullmatch(r"(-?\d{1,9})(?:x(-?\d{1,9}))?", str(value).strip())
        if found is None:
            self.fail(
                f"{value!r} is no size; expected pixels such as 128, or height x "
                "width such as 96x160",
                param,
                ctx,
            )
        height, width = found.groups()
        return int(height) if width is None else (int(height), int(width))


class ChannelsType(click.ParamType):
    """Numbers and ranges of channels: 3,8-11 or all."""

    name = "CHANNELS"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int] | str:
        """Return the channels in the order given, or "all"."""
        if value == "all":
            return value
        channels: list[int] = []
        for part in str(value).split(","):
            found = re.fullmatch(r"\s*(\d{1,6})(?:-(\d{1,6}))?\s*", part)
            if found is None:
                self.fail(
                    f"{part!r} is no channel; expected numbers and ranges such as "
                    "3,8-11, or all",
                    param,
                    ctx,
                )
            first = int(found[1])
            last = int(found[2] or first)
            channels.extend(range(first, last + 1))
        if not channels or len(channels) > 10_000:
            self.fail(f"{value!r} are {len(channels)} channels", param, ctx)
        return channels


def _option(field: dataclasses.Field[Any]) -> Callable[[Command], Command]:
    declared: settings.Setting = field.metadata["setting"]
    flag = f"--{field.name.replace('_', '-')}"
    if isinstance(field.default, bool):
        return click.option(
            f"{flag}/--no-{flag[2:]}",
            field.name,
            default=field.default,
            show_default=True,
            help=declared.help,
        )
    return click.option(
        flag,
        field.name,
        type=_type_of(field, declared),
        default=field.default,
        show_default=True,
        help=_help(declared),
    )


def _type_of(field: dataclasses.Field[Any], declared: settings.Setting) -> Any:
    if declared.choices is not None:
        return click.Choice(declared.choices)
    if field.name == "size":
        return SizeType()
    return float if isinstance(field.default, float) else int


def _help(declared: settings.Setting) -> str:
    if declared.min is None or declared.max is None:
        return declared.help
    return f"{declared.help} {declared.range_text().capitalize()}."


def setting_options(*, without: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """Give a command an option for every setting, and for steps and seed.

    Args:
        without: names of settings that the command has no use for.
    """
    steps = click.option(
        "--steps",
        type=int,
        default=settings.STEPS_DEFAULT,
        show_default=True,
        help=_help(settings.STEPS),
    )
    seed = click.option(
        "--seed", type=int, default=0, show_default=True, help=_help(settings.SEED)
    )
    fields = [field for cls in _CLASSES for field in dataclasses.fields(cls)]
    options = [_option(field) for field in fields if field.name not in without]

    def decorate(command: Command) -> Command:
        for option in reversed([steps, seed, *options]):
            command = option(command)
        return command

    return decorate


@dataclasses.dataclass(frozen=True)
class Chosen:
    """What the user set, checked.

    Args:
        structure: what is compiled.
        hyperparameters: the numbers.
        steps: how many updates.
        seed: where the random numbers start.
    """

    structure: settings.RenderSettings
    hyperparameters: settings.Hyperparameters
    steps: int
    seed: int


def chosen(options: dict[str, Any]) -> Chosen:
    """Return the settings in the options of a command.

    Raises:
        SettingError: one of them is out of its range.
    """
    structure, hyperparameters = (
        cls(
            **{
                field.name: options[field.name]
                for field in dataclasses.fields(cls)
                if field.name in options
            }
        )
        for cls in _CLASSES
    )
    assert isinstance(structure, settings.RenderSettings)
    assert isinstance(hyperparameters, settings.Hyperparameters)
    return Chosen(
        structure,
        hyperparameters,
        settings.STEPS.check("steps", options["steps"], int),
        settings.SEED.check("seed", options["seed"], int),
    )


def check_output(path: str, *, alpha: bool, channels: int | None) -> None:
    """Raise now, and not after minutes of work, if the picture cannot be saved.

    Raises:
        SettingError: the extension does not fit the picture.
    """
    extension = path.lower().rpartition(".")[2] if "." in path else ""
    if extension not in ("png", "jpg", "jpeg", "webp", "npy"):
        raise SettingError(
            f"cannot save a picture as {path!r}; expected a name that ends in .png, "
            ".jpg, .webp or .npy"
        )
    if extension == "npy":
        return
    if channels not in (None, 1, 3, 4):
        raise SettingError(
            f"a picture with {channels} channels does not fit into {path!r}; "
            "choose a .npy file"
        )
    if extension in ("jpg", "jpeg") and (alpha or channels == 4):
        raise SettingError(
            f"{path!r} cannot hold transparency; choose a .png or .webp file"
        )
