"""The commands about models: ``lucid-widgets models``, ``lucid-widgets models check``."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import click


@click.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List the models that are known, and whether they are on this machine.

    `lucid-widgets models check PATH` tries out a model of your own.
    """
    if ctx.invoked_subcommand is not None:
        return
    vision_models = importlib.import_module("lucid_widgets.modelzoo.vision_models")
    rows = [_as_texts(entry) for entry in vision_models.catalog()]
    for line in _table(rows):
        click.echo(line)


@models.command()
@click.argument("path")
@click.option("--photo", help="A picture to show to it; a made-up one if left out.")
@click.option(
    "--range",
    "image_value_range",
    type=(float, float),
    help="What black and white become for the network, such as --range -1 1.",
)
@click.option("--bgr", is_flag=True, help="The network wants blue, green, red.")
@click.option(
    "--image-shape",
    type=(int, int, int),
    help="Height, width and channels, where the model does not say.",
)
@click.option(
    "--trust",
    is_flag=True,
    help="You trust where a .pb file or SavedModel comes from: they are programs.",
)
@click.option("-o", "--output", help="Save the visualized unit: .png, .jpg or .webp.")
@click.pass_context
def check(
    ctx: click.Context,
    path: str,
    photo: str | None,
    image_value_range: tuple[float, float] | None,
    image_shape: tuple[int, int, int] | None,
    bgr: bool,
    trust: bool,
    output: str | None,
) -> None:
    """Say in words whether a model is ready, and what to mend.

    PATH is a file (.keras, .h5, .pb), the folder of a SavedModel, or a name that
    `lucid-widgets models` lists. Ends with exit code 1 if there is something to mend.
    """
    import_tensorflow()
    given = {"image_value_range": image_value_range, "image_shape": image_shape}
    settings = {name: value for name, value in given.items() if value is not None}
    if bgr:
        settings["is_BGR"] = True
    checking = importlib.import_module("lucid_widgets.recipes.checking")
    report = checking.check(path, photo, save=output, trust=trust, **settings)
    click.echo(str(report))
    ctx.exit(0 if report.ready else 1)


def import_tensorflow() -> None:
    """Import TensorFlow without the greetings that its C++ parts print.

    No setting turns them off. What they print stands on the error stream after all
    when the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            tensorflow = importlib.import_module("tensorflow")
            # Looking for a GPU is worth another greeting.
            tensorflow.config.list_physical_devices()
        except BaseException:
            hidden.seek(0)
            os.write(shown, hidden.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)


def _as_texts(entry: Any) -> dict[str, str]:
    values = entry if isinstance(entry, dict) else vars(entry)
    return {str(key): str(value) for key, value in values.items()}


def _table(rows: list[dict[str, str]]) -> Iterator[str]:
    columns = list(rows[0]) if rows else []
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(
            text.ljust(width) for text, width in zip(line, widths, strict=True)
        ).rstrip()
