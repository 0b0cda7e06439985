from __future__ import annotations

import subprocess
import sys


def test_stream_imports_neither_tensorflow_nor_widgets():
    script = """
import pkgutil, importlib, sys
import lucid_widgets.stream as stream
for module in pkgutil.iter_modules(stream.__path__):
    importlib.import_module(f"lucid_widgets.stream.{module.name}")
foreign = {"tensorflow", "keras", "ipywidgets", "anywidget", "traitlets", "IPython"}
print(sorted(foreign & set(sys.modules)))
print(sorted(m for m in sys.modules if m.startswith("lucid_widgets.") and
             m.split(".")[1] not in ("stream", "misc", "errors", "frame", "shapes")))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n[]\n"
