from __future__ import annotations

import json
from pathlib import Path

import pytest

from lucid_widgets.errors import ProtocolError
from lucid_widgets.stream.protocol import parse_message, parse_to_browser

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures" / "protocol").glob("*.json"))


def test_there_are_fixtures_of_every_sort():
    sorts = {
        (fixture["direction"], fixture["valid"])
        for fixture in (json.loads(path.read_text()) for path in FIXTURES)
    }
    assert len(sorts) == 4


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_fixture_is_parsed_or_refused_as_it_says(path):
    fixture = json.loads(path.read_text())
    to_kernel = fixture["direction"] == "to_kernel"
    parse = parse_message if to_kernel else parse_to_browser
    buffers = [bytes(size) for size in fixture.get("buffers", [])]
    if fixture["valid"]:
        parsed = parse(fixture["message"], buffers)
        assert parsed.items() <= fixture["message"].items()
        assert parsed["kind"] == fixture["message"]["kind"]
    else:
        with pytest.raises(ProtocolError):
            parse(fixture["message"], buffers)


@pytest.mark.parametrize(
    ("message", "first_words"),
    [
        (None, "a message is None"),
        ([1, 2], "a message is a list of 2"),
        ({}, "a message has kind None; expected one of ready"),
        ({"kind": ["drawn"]}, "a message has kind a list of 1"),
        ({"kind": "frame"}, "a message has kind 'frame'; expected one of"),
        ({"kind": "draw"}, "a message has kind 'draw'.*did you mean 'drawn'"),
        ({"kind": "drawn"}, "in a drawn message, sequence is missing; expected"),
        ({"kind": "drawn", "sequence": 1.5}, "sequence is 1.5; expected a whole"),
        ({"kind": "drawn", "sequence": True}, "sequence is True"),
        ({"kind": "drawn", "sequence": -1}, "sequence is -1"),
        ({"kind": "drawn", "sequence": 10**5000}, "sequence is a huge number"),
        ({"kind": "drawn", "sequence": "x" * 10**6}, "sequence is 'xxx"),
        ({"kind": "command", "command": "explode"}, "one of play, pause, step, reset"),
        ({"kind": "command", "command": None}, "command is None"),
        ({"kind": "views", "count": "2"}, "count is '2'"),
        ({"kind": "views", "count": float("nan")}, "count is nan"),
    ],
)
def test_nonsense_is_refused_in_one_short_line(message, first_words):
    with pytest.raises(ProtocolError, match=first_words) as caught:
        parse_message(message)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_a_message_to_the_kernel_carries_no_buffers():
    with pytest.raises(ProtocolError, match="has 1 buffers; expected 0"):
        parse_message({"kind": "ready"}, [b"bytes"])


def test_unknown_keys_are_dropped():
    message = {"kind": "drawn", "sequence": 7, "newer_than_this_kernel": 1}
    assert parse_message(message) == {"kind": "drawn", "sequence": 7}
