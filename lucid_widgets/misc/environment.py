"""Where the code runs."""

from __future__ import annotations

import sys


def is_notebook_environment() -> bool:
    """Say whether results are shown in a notebook (Jupyter, Colab, VS Code).

    False in scripts and in IPython's terminal.
    """
    # Whoever runs inside IPython has imported it already.
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None
