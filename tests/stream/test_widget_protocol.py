from __future__ import annotations

import json
from pathlib import Path

import pytest

from lucid_widgets.errors import ProtocolError
from lucid_widgets.stream.widget_protocol import parse_to_browser, parse_to_kernel

FOLDER = Path(__file__).parents[1] / "fixtures" / "widget_protocol"
FIXTURES = sorted(FOLDER.glob("*.json"))


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
    parse = parse_to_kernel if to_kernel else parse_to_browser
    buffers = [bytes(size) for size in fixture.get("buffers", [])]
    if fixture["valid"]:
        assert parse(fixture["message"], buffers) == fixture["message"]
    else:
        with pytest.raises(ProtocolError):
            parse(fixture["message"], buffers)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, object(), b"1"])
def test_values_that_json_does_not_know_are_refused(value):
    with pytest.raises(ProtocolError, match="value is"):
        parse_to_kernel({"kind": "change", "name": "layer", "value": value})


def test_a_flood_of_values_is_refused_in_one_short_line():
    flood = {"kind": "ask", "request": 1, "name": "x", "arguments": {"a": [0] * 50_000}}
    with pytest.raises(ProtocolError) as caught:
        parse_to_kernel(flood)
    assert len(str(caught.value)) < 300
