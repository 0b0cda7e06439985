"""`python3 examples`: installs into .venv and opens JupyterLab on the quickstart.

Without a display it prints the address to open. Options go to JupyterLab:
`python3 examples --port 9000`.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / ".ci"))

import environment  # noqa: E402 - found through the line above

EXAMPLES = ROOT / "examples"
# Part of the address that is printed; as an argument, the notebook would not be.
QUICKSTART = "--LabApp.default_url=/lab/tree/01_quickstart.ipynb"


def main() -> None:
    environment.install("lab", "analysis")
    options = sys.argv[1:]
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not screen and sys.platform.startswith("linux"):
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # in a container there is nobody else
    command = [environment.PYTHON, "-m", "jupyterlab", EXAMPLES, QUICKSTART, *options]
    # In place of this process: whoever stops the command stops the server.
    os.execve(command[0], [str(word) for word in command], environment.ENVIRONMENT)


if __name__ == "__main__":
    main()
