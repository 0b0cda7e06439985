"""`python3 tests`: installs into .venv, then lint, types and tests of both halves.

Options go to pytest: `python3 tests -k jitter`. The slow suites (browser, notebooks,
wheel) are run by `.ci/run`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / ".ci"))

import environment  # noqa: E402 - found through the line above
from environment import BIN, PYTHON, call  # noqa: E402

# Two processes, each with whole files: most tests keep one core busy.
IN_TWO = ("-n", "2", "--dist", "loadfile")
SUITES = (
    ("pytest", (PYTHON, "-m", "pytest", "-q", *IN_TWO, *sys.argv[1:]), "."),
    ("ruff check", (PYTHON, "-m", "ruff", "check", "."), "."),
    ("ruff format", (PYTHON, "-m", "ruff", "format", "--check", "."), "."),
    ("pyright", (PYTHON, "-m", "pyright"), "."),
    ("tsc", (BIN / "npm", "run", "--silent", "check"), "js"),
    ("biome", (BIN / "npm", "run", "--silent", "lint"), "js"),
    ("vitest", (BIN / "npm", "run", "--silent", "test"), "js"),
)


def main() -> None:
    environment.install("lab", "analysis", "remote", "mesh", groups=("dev",))
    _install_node_packages()
    failed = []
    for name, command, folder in SUITES:
        print(f"\n=== {name} ===", flush=True)
        if call(*command, folder=folder):
            failed.append(name)
    print(f"\n{len(SUITES) - len(failed)} passed, {len(failed)} failed", flush=True)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


def _install_node_packages() -> None:
    """Bring js/node_modules to what the lock file says."""
    installed = ROOT / "js" / "node_modules" / ".package-lock.json"
    locked = ROOT / "js" / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        status = call(BIN / "npm", "ci", folder="js")
        if status:
            sys.exit(status)


if __name__ == "__main__":
    main()
