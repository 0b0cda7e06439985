"""Long work: told about, and stopped when asked to."""

from __future__ import annotations

import threading

import pytest

from lucid_widgets.errors import SettingError, StoppedError
from lucid_widgets.misc.progress import Tracker


def test_progress_is_told_after_each_piece():
    told = []
    with Tracker(3, lambda done, total: told.append((done, total))) as tracker:
        tracker.advance()
        tracker.extend(1)
        tracker.advance(2)
    assert told == [(1, 3), (3, 4)]


def test_an_event_or_a_function_stops_the_work():
    event = threading.Event()
    with Tracker(3, None, event, "counting") as tracker:
        tracker.advance()
        event.set()
        with pytest.raises(StoppedError, match="counting was stopped after 2 of 3"):
            tracker.advance()
        tracker.advance()  # all is done: there is nothing left to stop
    with pytest.raises(StoppedError), Tracker(3, None, lambda: True):
        pass


@pytest.mark.parametrize("wrong", [{"progress": "bar"}, {"cancel": 1}])
def test_other_arguments_are_refused(wrong):
    with pytest.raises(SettingError, match="expected"):
        Tracker(3, **wrong)
