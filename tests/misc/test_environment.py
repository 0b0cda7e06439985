import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from lucid_widgets.misc.environment import is_notebook_environment

QUESTION = (
    "from lucid_widgets.misc.environment import is_notebook_environment\n"
    "print(is_notebook_environment())"
)


def test_a_test_is_no_notebook():
    assert is_notebook_environment() is False


def test_ipython_in_a_terminal_is_no_notebook():
    command = [sys.executable, "-m", "IPython", "--quick", "-c", QUESTION]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_is_one():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(QUESTION)])
    NotebookClient(notebook, timeout=60).execute()
    assert notebook.cells[0].outputs[0].text.strip() == "True"
