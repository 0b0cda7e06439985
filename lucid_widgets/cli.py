"""The command line, for machines without a screen: render, sheet, models, lab."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lucid_widgets import __version__
from lucid_widgets.cli_models import import_tensorflow, models
from lucid_widgets.cli_options import (
    ChannelsType,
    Chosen,
    check_output,
    chosen,
    setting_options,
)
from lucid_widgets.errors import (
    LoadError,
    LucidError,
    MissingPackageError,
    ObjectiveError,
)

if TYPE_CHECKING:
    from lucid_widgets.frame import Frame

DEFAULT_MODEL = "TinyInception"
QUICKSTART = "01_quickstart.ipynb"


class _Failure(click.ClickException):
    """One line on the error stream, and exit code 2."""

    exit_code = 2


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    try:
        yield
    except (LucidError, OSError) as error:
        raise _Failure(str(error)) from error


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        with _errors_in_one_line():
            return super().invoke(ctx)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lucid-widgets")
def main() -> None:
    r"""See what image networks have learned: feature visualization.

    \b
    lucid-widgets render mixed4a:30 -o picture.png
    lucid-widgets sheet mixed4a --channels 0-11 -o sheet.png
    lucid-widgets lab
    """


main.add_command(models)

_model_option = click.option(
    "--model",
    "model_name",
    default=DEFAULT_MODEL,
    show_default=True,
    help="Name of the model; `lucid-widgets models` lists them.",
)


@main.command()
@click.argument("objective")
@_model_option
@click.option(
    "-o",
    "--output",
    default="out.png",
    show_default=True,
    help="File to write: .png, .jpg, .webp or .npy.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@setting_options()
def render(
    objective: str, model_name: str, output: str, quiet: bool, **options: Any
) -> None:
    """Make a picture that a unit of the model responds to.

    OBJECTIVE is a layer and a channel, such as mixed4a:30. Several images (--batch)
    are put into one picture, side by side.
    """
    settings = chosen(options)
    structure = settings.structure
    check_output(output, alpha=structure.alpha, channels=structure.channels)
    model = _load_model(model_name)
    frame = _last_frame(model, objective, settings, objective, quiet=quiet)
    _save_picture(frame.images, output)
    click.echo(
        f"{output}: {objective} of {model_name} after {frame.step + 1} steps, "
        f"objective {frame.objective:.4g}"
    )


@main.command()
@click.argument("layer")
@_model_option
@click.option(
    "--channels",
    "channel_numbers",
    type=ChannelsType(),
    default="0-11",
    show_default=True,
    help="Which channels of the layer: numbers and ranges, such as 3,8-11, or all.",
)
@click.option("--columns", type=click.IntRange(1, 1000), help="Pictures in a row.")
@click.option(
    "-o",
    "--output",
    default="sheet.png",
    show_default=True,
    help="File to write: .png, .jpg, .webp or .npy.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@setting_options(without=("channels",))  # means the layer's channels here
def sheet(
    layer: str,
    model_name: str,
    channel_numbers: list[int] | str,
    columns: int | None,
    output: str,
    quiet: bool,
    **options: Any,
) -> None:
    """Make a contact sheet: one labelled picture for each channel of LAYER."""
    from lucid_widgets.misc.sprites import sprite_sheet

    settings = chosen(options)
    structure = settings.structure
    check_output(output, alpha=structure.alpha, channels=structure.channels)
    model = _load_model(model_name)
    found = model.get_layer(layer)
    numbers = _check_channels(channel_numbers, found)
    pictures = _pictures(model, found.name, numbers, settings, quiet=quiet)
    numbers = numbers[: len(pictures)]
    labels = [
        f"{found.name}:{number}"
        for number, images in zip(numbers, pictures, strict=True)
        for _ in images
    ]
    _save_picture(sprite_sheet(pictures, labels, columns, gap=4)[None], output)
    click.echo(
        f"{output}: {len(numbers)} channels of {found.name} of {model_name}, "
        f"{settings.steps} steps each"
    )


@main.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    help="Where the notebook is put; one that is there already is kept.",
)
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(folder: Path, jupyter_options: tuple[str, ...]) -> None:
    """Open JupyterLab on a copy of the quickstart notebook.

    Without a display it prints the address to open. Further options go to JupyterLab:
    lucid-widgets lab --port 9000
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingPackageError(
            "JupyterLab is not installed: pip install 'lucid-widgets[lab]'"
        )
    folder.mkdir(parents=True, exist_ok=True)
    notebook = folder / "quickstart.ipynb"
    if not notebook.exists():
        shutil.copyfile(_quickstart(), notebook)
    # The address that is printed leads to the notebook, not to a list of files.
    arguments = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/{notebook.name}",
        *jupyter_options,
    ]
    if not _has_display():
        arguments.append("--no-browser")
    click.echo(f"Opening {notebook}. Stop with Ctrl-C.", err=True)
    # In this process: whoever stops the command stops the server.
    importlib.import_module("jupyterlab.labapp").main(arguments)


def _load_model(name: str) -> Any:
    nets_factory = importlib.import_module("lucid_widgets.modelzoo.nets_factory")
    nets_factory.check_name(name)
    import_tensorflow()
    return nets_factory.by_name(name)


def _check_channels(channels: list[int] | str, layer: Any) -> list[int]:
    if channels == "all":
        return list(range(layer.depth))
    numbers = [int(channel) for channel in channels]
    outside = [number for number in numbers if number >= layer.depth]
    if outside:
        raise ObjectiveError(
            f"{layer.name} has no channel {outside[0]}; expected 0 to {layer.depth - 1}"
        )
    return numbers


def _last_frame(
    model: Any, objective: str, settings: Chosen, label: str, *, quiet: bool
) -> Frame:
    """Run to the end, or until Ctrl-C, and return the newest frame."""
    from tqdm import tqdm

    import_tensorflow()
    engine = importlib.import_module("lucid_widgets.optvis.render")
    frames = engine.frames(
        model,
        objective,
        settings=settings.structure,
        hyperparameters=settings.hyperparameters,
        seed=settings.seed,
        steps=settings.steps,
    )
    newest = None
    # None: no bar where nobody looks, in a log file for instance.
    hidden = True if quiet else None
    with tqdm(total=settings.steps, desc=label, unit="step", disable=hidden) as bar:
        try:
            for newest in frames:
                bar.set_postfix(objective=f"{newest.objective:.4g}", refresh=False)
                bar.update()
        except KeyboardInterrupt:
            if newest is None:
                raise
            click.echo(f"Stopped after {newest.step + 1} steps.", err=True)
        finally:
            frames.close()
    assert newest is not None  # steps is at least 1
    return newest


def _pictures(
    model: Any, layer: str, numbers: list[int], settings: Chosen, *, quiet: bool
) -> list[Any]:
    """Return the images of each channel, several made at a time; or until Ctrl-C."""
    from tqdm import tqdm

    import_tensorflow()
    engine = importlib.import_module("lucid_widgets.optvis.render")
    rendered = engine.render_many(
        model,
        [f"{layer}:{number}" for number in numbers],
        settings=settings.structure,
        hyperparameters=settings.hyperparameters,
        seed=settings.seed,
        steps=settings.steps,
    )
    pictures = []
    hidden = True if quiet else None
    with tqdm(total=len(numbers), desc=layer, unit="channel", disable=hidden) as bar:
        try:
            for _, frame in rendered:  # of one structure: they come in order
                pictures.append(frame.images)
                bar.update()
        except KeyboardInterrupt:
            if not pictures:
                raise
            click.echo(f"Stopped after {len(pictures)} channels.", err=True)
        finally:
            rendered.close()
    return pictures


def _save_picture(images: Any, output: str) -> None:
    from lucid_widgets.misc.io import save
    from lucid_widgets.misc.io.tiling import tile

    if output.lower().endswith(".npy"):
        save(images, output)
    else:
        save(tile(images, empty=0.5), output, domain=(0, 1))


def _quickstart() -> Path:
    """Return the notebook: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent
    for folder in (package.parent / "examples", package / "examples"):
        if (folder / QUICKSTART).exists():
            return folder / QUICKSTART
    raise LoadError(
        f"the notebook {QUICKSTART} is missing from this installation; "
        "reinstall lucid-widgets"
    )


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    main()
