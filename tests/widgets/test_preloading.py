"""TensorFlow comes in without tripping over the user's own imports."""

from __future__ import annotations

import subprocess
import sys


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_a_kernel_nothing_is_imported_before_it_is_needed():
    script = """
import sys
from lucid_widgets.widgets import preloading
preloading.import_between_cells()
print("tensorflow" in sys.modules, "ipykernel" in sys.modules)
"""
    assert run(script) == "False False\n"


def test_the_worker_keeps_clear_of_an_import_in_progress():
    # A module that is being imported: this is how Python marks it.
    script = """
import sys, threading, time, types
from lucid_widgets.widgets import preloading
keras = types.ModuleType("keras")
keras.__spec__ = types.SimpleNamespace(_initializing=True)
sys.modules["keras"] = keras
done = []
preloading.import_engine = lambda: done.append(time.monotonic())
worker = threading.Thread(target=preloading.import_on_worker)
worker.start()
time.sleep(0.3)
early = list(done)
keras.__spec__._initializing = False
worker.join(10)
print(early, len(done))
"""
    assert run(script) == "[] 1\n"
