"""The project's own environment: `.venv`, made when it is missing or out of date.

Needs nothing but Python 3.11 to 3.13 and the package registries: node comes with the
packages. `python3 examples` and `python3 tests` begin here.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STATIC = ROOT / "lucid_widgets" / "widgets" / "static"
# What an installation depends on; a change of any of these makes a new one.
SOURCES = ("pyproject.toml", "js/*.json", "js/*.mjs", "js/src/**/*")

# The tools of the environment (node among them) come before those of the machine.
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
ENVIRONMENT.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")


def install(*extras: str, groups: tuple[str, ...] = ()) -> None:
    """Install the package for editing, with extras and dependency groups.

    Args:
        extras: extras of the package, such as "lab".
        groups: dependency groups of `pyproject.toml`, such as "dev".
    """
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(
            f"{sys.executable} is Python {sys.version.split()[0]}; expected 3.11, 3.12 "
            "or 3.13: start this with another one, such as python3.12"
        )
    stamps = [VENV / f"installed_{name}" for name in (*extras, *groups)]
    digest = _digest()
    if STATIC.is_dir() and all(_read(stamp) == digest for stamp in stamps):
        return
    print("Installing into .venv; the first time this takes a minute or more.")
    sys.stdout.flush()
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", VENV)
    packages = ["--editable", f"{ROOT}[{','.join(extras)}]"]
    for group in groups:
        packages += ["--group", group]
    pip = (PYTHON, "-m", "pip", "install", "-qq")
    # uv takes an eighth of pip's time. Where it cannot do it (behind a proxy or with
    # an index that only pip is set up for), pip can; dependency groups are new to it.
    uv = (PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON)
    # As pip does; otherwise the first import of TensorFlow takes three times as long.
    uv = (*uv, "--compile-bytecode")
    if call(*pip, "uv") or call(*uv, *packages):
        run(*pip, "pip>=25.1")
        run(*pip, *packages)
    for stamp in stamps:
        stamp.write_text(digest)


def run(*command: object) -> None:
    """Run a command in the repository; end with its exit status if it fails."""
    status = call(*command)
    if status:
        sys.exit(status)


def call(*command: object, folder: str = ".") -> int:
    """Run a command in a folder of the repository and return its exit status."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=ROOT / folder, env=ENVIRONMENT).returncode


def _digest() -> str:
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(stamp: Path) -> str:
    return stamp.read_text() if stamp.exists() else ""
