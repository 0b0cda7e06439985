"""What is shipped: built as a release would be, opened, installed elsewhere, used."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).resolve().parent.parent
STATIC = "lucid_widgets/widgets/static"
WIDGETS = sorted(path.stem for path in (ROOT / "js/src/widgets").glob("*.ts"))
BUNDLES = {f"{STATIC}/{name}{end}" for name in WIDGETS for end in (".js", ".css")}
NEEDED = {
    *BUNDLES,
    "lucid_widgets/examples/01_quickstart.ipynb",
    "lucid_widgets/modelzoo/data/MODEL_CARD.md",
    "lucid_widgets/modelzoo/data/tiny_inception.npz",
    "lucid_widgets/modelzoo/data/tiny_inception_labels.tsv",
    "lucid_widgets/py.typed",
}
SUFFIXES = {".css", ".ipynb", ".js", ".json", ".md", ".npz", ".py", ".tsv", ".typed"}
MAX_BYTES = 6 * 2**20
# What git ignores: a release is built from what is left.
IGNORED = shutil.ignore_patterns(
    ".*_cache", ".git", ".hypothesis", ".venv", "__pycache__", "build", "dist",
    "node_modules", "static",
)  # fmt: skip

WITH_A_WIDGET = """
import lucid_widgets
assert "site-packages" in lucid_widgets.__file__, lucid_widgets.__file__
vis = lucid_widgets.FeatureVis()
assert len(vis.canvas._esm) > 1000 and len(vis.canvas._css) > 100
vis.close()
grid = lucid_widgets.ChannelGrid()
assert len(grid._esm) > 1000 and len(grid._css) > 100
grid.close()
"""


def _run(*command: object, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _build(kind: str, source: Path, output: Path, **environment: str) -> Path:
    build = (sys.executable, "-m", "build", f"--{kind}", "--outdir", output)
    _run(*build, source, **environment)
    (made,) = output.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution, of a copy of the repository without its bundle."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT, folder / "copy", ignore=IGNORED)
    return _build("sdist", folder / "copy", folder / "dist")


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, of the source distribution, with no way to packages of npm."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        # Our own archive; the first releases of Python 3.11 know no filter.
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder, **safe)
    (source,) = folder.iterdir()
    nowhere = "http://127.0.0.1:9/"
    return _build("wheel", source, folder / "dist", npm_config_registry=nowhere)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("installed")
    uv = importlib.util.find_spec("uv") is not None
    venv.create(folder, with_pip=not uv)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    if uv:
        _run(sys.executable, "-m", "uv", "pip", "install", "--python", python, wheel)
    else:
        _run(python, "-m", "pip", "install", wheel)
    return programs


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_source_distribution_carries_the_bundle_and_its_sources(sdist: Path):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= BUNDLES
    assert {f"js/src/widgets/{name}.ts" for name in WIDGETS} <= names
    assert "js/package-lock.json" in names
    assert {"LICENSE", "README.md", "tests/test_wheel.py"} <= names
    assert not [name for name in names if "node_modules" in name or ".venv" in name]
    assert sdist.stat().st_size < MAX_BYTES


def test_the_wheel_has_all_that_a_widget_and_its_model_need(wheel: Path):
    assert NEEDED - _names(wheel) == set()
    with zipfile.ZipFile(wheel) as archive:
        for name in BUNDLES:
            assert archive.getinfo(name).file_size > 1000, name


def test_the_build_waits_for_every_bundle():
    with (ROOT / "pyproject.toml").open("rb") as file:
        hooks = tomllib.load(file)["tool"]["hatch"]["build"]["hooks"]
    assert set(hooks["jupyter-builder"]["ensured-targets"]) == BUNDLES


def test_the_wheel_has_nothing_large_or_stray(wheel: Path):
    names = [name for name in _names(wheel) if ".dist-info/" not in name]
    assert [name for name in names if not name.startswith("lucid_widgets/")] == []
    assert [name for name in names if Path(name).suffix not in SUFFIXES] == []
    assert wheel.stat().st_size < MAX_BYTES


def test_the_wheel_says_its_licence_and_the_version_of_the_package(wheel: Path):
    declared = (ROOT / "lucid_widgets" / "__init__.py").read_text()
    version = re.search(r'__version__ = "(.+)"', declared)
    assert version is not None
    assert wheel.name == f"lucid_widgets-{version[1]}-py3-none-any.whl"
    information = f"lucid_widgets-{version[1]}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        assert b"Apache License" in archive.read(f"{information}/licenses/LICENSE")
        metadata = archive.read(f"{information}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata


def test_a_widget_can_be_made_in_an_empty_environment(installed: Path, tmp_path: Path):
    _run(installed / "python", "-I", "-c", WITH_A_WIDGET)


def test_the_command_line_works_in_an_empty_environment(
    installed: Path, tmp_path: Path
):
    program = installed / "lucid-widgets"
    assert "render" in _run(program, "--help")
    picture = tmp_path / "out.png"
    small = ("--steps", 2, "--size", 32)
    _run(program, "render", "mixed4a:55", *small, "-o", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
