from __future__ import annotations

import importlib
import threading

import pytest

SMALL = {"size": (24, 32), "pad": 4, "jitter": 2, "steps": 6}
"""A run of milliseconds; height and width differ."""


def run_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("lucid_widgets")]


@pytest.fixture(scope="session", autouse=True)
def engine():
    """Import TensorFlow once, so that no widget does so in the background."""
    return importlib.import_module("lucid_widgets.optvis.render")


@pytest.fixture
def make_vis():
    """Return a function that makes small widgets, closed after the test."""
    from lucid_widgets import FeatureVis

    made: list[FeatureVis] = []

    def make(**arguments):
        model = arguments.pop("model", None)
        objective = arguments.pop("objective", None)
        vis = FeatureVis(model, objective, **{**SMALL, **arguments})
        made.append(vis)
        return vis

    yield make
    for vis in made:
        vis.close()
    assert run_threads() == []
