import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from lucid_widgets import __version__
from lucid_widgets.cli import main
from lucid_widgets.cli_options import ChannelsType, SizeType, check_output, chosen
from lucid_widgets.errors import SettingError
from lucid_widgets.misc.io import load
from lucid_widgets.optvis.settings import Hyperparameters, RenderSettings

QUICK = ["--size", "24x40", "--steps", "2", "--no-transforms"]
FIELDS = [
    *dataclasses.fields(RenderSettings),
    *dataclasses.fields(Hyperparameters),
]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def failure(*arguments):
    """Return the error line of a command that must fail as a user's mistake."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.stderr


def test_help_and_version():
    assert __version__ in run("--version").output
    overview = run("--help").output
    for command in ("render", "sheet", "models", "lab"):
        assert command in overview
        assert run(command, "--help").output.startswith("Usage:")


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_setting_is_an_option_with_its_own_help(field):
    text = " ".join(run("render", "--help").output.split())
    assert f"--{field.name.replace('_', '-')}" in text
    help_text = field.metadata["setting"].help
    # The formatter breaks words at hyphens.
    assert help_text.replace(" ", "") in text.replace(" ", "")


def test_defaults_are_those_of_the_settings():
    from lucid_widgets.cli import render

    options = {option.name: option.default for option in render.params}
    found = chosen(options | {"size": 128})
    assert found.structure == RenderSettings()
    assert found.hyperparameters == Hyperparameters()
    assert (found.steps, found.seed) == (512, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "0"], "size is 0"),
        (["--size", "1000000"], "size is 1000000"),
        (["--size", "big"], "is no size"),
        (["--size", "10x"], "is no size"),
        (["--steps", "0"], "steps is 0"),
        (["--steps", "-1"], "steps is -1"),
        (["--steps", "1000000000000"], "steps is 1000000000000"),
        (["--steps", "many"], "not a valid integer"),
        (["--learning-rate", "0"], "learning_rate is 0"),
        (["--learning-rate", "nan"], "learning_rate is nan"),
        (["--seed", "-1"], "seed is -1"),
        (["--parameterization", "ftt"], "'ftt' is not one of"),
        (["--batch", "0"], "batch is 0"),
        (["--no-such-option"], "No such option"),
        (["-o", "picture.gif"], "ends in .png"),
        (["-o", "picture"], "ends in .png"),
        (["-o", "picture.jpg", "--alpha"], "transparency"),
        (["-o", "picture.png", "--channels", "7"], "7 channels"),
        (["--model", "TinyInceptoin"], "did you mean 'TinyInception'"),
        (["--model", "Layer"], "no model 'Layer'"),
        (["--model", "__builtins__"], "no model"),
    ],
)
def test_wrong_options_are_refused_in_one_clear_line(arguments, message):
    assert message in failure("render", "mixed4a:30", *arguments)


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ("mixed4z:3", "mixed4"),
        ("mixed4a:100000", "mixed4a"),
        ("mixed4a:-100000", "mixed4a"),
        ("mixed4a", "mixed4a"),
        ("mixed4a:x", "mixed4a:x"),
        ("", "objective"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_wrong_objectives_are_refused_in_one_clear_line(objective, message, tmp_path):
    line = failure("render", "-o", tmp_path / "a.png", *QUICK, "--", objective)
    assert message in line
    assert not (tmp_path / "a.png").exists()


def test_render_saves_a_picture_and_says_what_it_is(tmp_path):
    path = tmp_path / "deep" / "picture.png"
    result = run("render", "mixed3a:5", *QUICK, "-o", path)
    assert result.exit_code == 0, result.output
    assert re.search(
        r"picture\.png: mixed3a:5 of TinyInception after 2 steps, objective -?\d",
        result.stdout,
    )
    picture = load(path)
    assert picture.shape == (24, 40, 3)
    assert picture.std() > 0.01


def test_the_same_seed_gives_the_same_picture_and_npy_the_numbers(tmp_path):
    for name, seed in {"a": 3, "b": 3, "c": 4}.items():
        output = tmp_path / f"{name}.npy"
        result = run("render", "mixed3a:5", *QUICK, "--seed", seed, "-q", "-o", output)
        assert result.exit_code == 0, result.output
    a, b, c = (load(tmp_path / f"{name}.npy") for name in "abc")
    assert a.shape == (1, 24, 40, 3)
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0.01


def test_a_batch_becomes_one_picture(tmp_path):
    path = tmp_path / "a.png"
    result = run("render", "mixed3a:5", *QUICK, "--batch", 2, "-o", path)
    assert result.exit_code == 0, result.output
    assert load(path).shape == (48, 40, 3)


def test_a_sheet_shows_the_channels_it_was_asked_for(tmp_path):
    path = tmp_path / "sheet.png"
    result = run(
        "sheet", "mixed3a", *QUICK, "--channels", "3,5-6", "--columns", 3, "-o", path
    )
    assert result.exit_code == 0, result.output
    assert "3 channels of mixed3a of TinyInception" in result.stdout
    sheet = load(path)
    assert sheet.shape == (24 + 16 + 4, 3 * (40 + 4), 3)
    tiles = [sheet[16:40, 44 * i : 44 * i + 40] for i in range(3)]
    assert all(tile.std() > 0.01 for tile in tiles)
    assert np.abs(tiles[0] - tiles[1]).max() > 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mixed3a", "--channels", "99999"], "no channel 99999"),
        (["mixed3a", "--channels", "1-"], "is no channel"),
        (["mixed3a", "--channels", "5-3"], "0 channels"),
        (["mixed3a", "--channels", "0-999999"], "channels"),
        (["mixed3a", "--channels", ""], "is no channel"),
        (["qqqqq"], "qqqqq"),
        (["mixed3a", "-o", "a.bmp"], "ends in .png"),
    ],
)
def test_wrong_sheets_are_refused(arguments, message):
    assert message in failure("sheet", *QUICK, *arguments)


def test_models_lists_the_embedded_one():
    result = run("models")
    assert result.exit_code == 0, result.output
    assert "TinyInception" in result.stdout
    assert "InceptionV1" in result.stdout


def test_sizes_and_channels_are_read_as_they_are_written():
    assert SizeType().convert("128", None, None) == 128
    assert SizeType().convert("96x160", None, None) == (96, 160)
    assert ChannelsType().convert("3, 8-10,3", None, None) == [3, 8, 9, 10, 3]
    assert ChannelsType().convert("all", None, None) == "all"


@pytest.mark.parametrize("name", ["a.PNG", "a.jpeg", "a.webp", "b.c/a.npy"])
def test_good_names_of_files_pass(name):
    check_output(name, alpha=False, channels=None)


def test_hidden_files_without_extension_do_not():
    with pytest.raises(SettingError):
        check_output("x.png/a", alpha=False, channels=None)


def test_tensorflow_does_not_greet(tmp_path):
    command = [sys.executable, "-m", "lucid_widgets.cli", "render", "mixed3a:5"]
    done = subprocess.run(
        [*command, *QUICK, "-o", str(tmp_path / "a.png")],
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if "TF_CPP" not in key},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (tmp_path / "a.png").exists()


def test_without_jupyterlab_lab_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "lucid-widgets[lab]" in failure("lab", "--folder", tmp_path)


@pytest.mark.slow
def test_lab_serves_a_copy_of_the_quickstart(tmp_path):
    pytest.importorskip("jupyterlab")
    command = [sys.executable, "-m", "lucid_widgets.cli", "lab", "--folder"]
    options = ["--ServerApp.port=0", "--allow-root", "--no-browser"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, str(tmp_path / "here"), *options], stderr=log, stdout=log
        )
    try:
        address = wait_for_address(tmp_path / "log")
        base, _, token = address.partition("?token=")
        assert base.endswith("/lab/tree/quickstart.ipynb")
        notebook = base.partition("/lab/")[0] + "/api/contents/quickstart.ipynb"
        with urllib.request.urlopen(f"{notebook}?token={token}", timeout=20) as answer:
            assert b'"type": "notebook"' in answer.read()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def wait_for_address(log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/\S+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.mark.skipif(sys.platform == "win32", reason="timers of POSIX")
def test_ctrl_c_keeps_the_picture_so_far(tmp_path):
    path = tmp_path / "a.png"
    # Compiled first, so that the interruption falls into the steps.
    assert run("render", "mixed3a:5", *QUICK, "-o", path).exit_code == 0
    path.unlink()
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 3)
    try:
        result = run("render", "mixed3a:5", *QUICK, "--steps", 100_000, "-o", path)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert result.exit_code == 0, result.output
    assert "Stopped after" in result.stderr
    assert load(path).shape == (24, 40, 3)
