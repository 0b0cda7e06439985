from __future__ import annotations

import io

import numpy as np
from PIL import Image

from lucid_widgets.frame import Frame
from lucid_widgets.stream.encoder import to_pixels
from lucid_widgets.stream.pacing import Pacer
from lucid_widgets.stream.protocol import parse_to_browser
from lucid_widgets.stream.sender import FrameSender
from tests.stream.frames import picture


class Wire:
    def __init__(self, **options) -> None:
        self.now = 0.0
        self.messages: list[dict] = []
        self.pictures: list[np.ndarray] = []
        options = {"interval_s": 0.0, **options}
        self.sender = FrameSender(self.send, Pacer(now=lambda: self.now, **options))
        self.sender.begin()

    def send(self, message, data) -> None:
        self.messages.append(parse_to_browser(dict(message), [data]))
        self.pictures.append(np.asarray(Image.open(io.BytesIO(data))))

    def step(self, number: int, total: int = 100, **options) -> None:
        images = options.get("images", lambda: picture(number))
        self.sender.frame(Frame(number, number / 10, images), total)
        self.sender.tend()


def test_a_frame_message_tells_updates_done_and_the_objective():
    wire = Wire()
    wire.step(0, total=40)
    message = wire.messages[0]
    assert (message["step"], message["total_steps"]) == (1, 40)
    assert (message["width"], message["height"]) == (10, 6)
    assert message["objective"] == 0.0
    assert message["curve"] == [[1, 0.0]]
    assert message["mime"] == "image/jpeg"


def test_dropped_frames_are_never_even_computed_but_their_values_arrive():
    wire = Wire()
    computed: list[int] = []

    def images(number):
        return lambda: computed.append(number) or picture(number)

    for number in range(8):
        wire.step(number, images=images(number))
    assert computed == [0, 1]
    wire.sender.confirm(2)
    wire.sender.tend()
    assert computed == [0, 1, 7]
    assert [point[0] for point in wire.messages[-1]["curve"]] == [3, 4, 5, 6, 7, 8]


def test_at_rest_the_last_frame_arrives_without_loss():
    wire = Wire()
    for number in range(3):
        wire.step(number)
        wire.sender.confirm(number + 1)
    wire.sender.rest()
    wire.sender.tend()
    assert wire.messages[-1]["lossless"]
    assert wire.messages[-1]["step"] == 3
    np.testing.assert_array_equal(wire.pictures[-1], to_pixels(picture(2)))


def test_the_last_frame_waits_for_a_slow_browser_and_then_goes():
    wire = Wire()
    for number in range(5):
        wire.step(number)
    wire.sender.rest()
    assert wire.sender.tend() == 2.0
    assert len(wire.messages) == 2
    wire.sender.confirm(1)
    assert wire.sender.tend() is None
    assert (wire.messages[-1]["step"], wire.messages[-1]["lossless"]) == (5, True)


def test_a_reloaded_page_gets_the_newest_frame_and_the_whole_curve():
    wire = Wire()
    for number in range(5):
        wire.step(number)
    wire.sender.ready()
    wire.sender.tend()
    assert wire.messages[-1]["step"] == 5
    assert [point[0] for point in wire.messages[-1]["curve"]] == [1, 2, 3, 4, 5]
    assert not wire.messages[-1]["lossless"]


def test_a_page_reloaded_at_rest_gets_a_lossless_frame():
    wire = Wire()
    wire.step(0)
    wire.sender.rest()
    wire.sender.tend()
    wire.sender.ready()
    wire.sender.tend()
    assert wire.messages[-1]["lossless"]


def test_a_page_that_is_ready_before_the_first_frame_gets_nothing_yet():
    wire = Wire()
    wire.sender.ready()
    assert wire.sender.tend() is None
    assert wire.messages == []


def test_a_new_run_has_a_new_number_and_an_empty_curve():
    wire = Wire()
    wire.step(0)
    wire.step(1)
    wire.step(2)
    wire.sender.begin()
    wire.sender.confirm(2)
    wire.step(0)
    before, after = wire.messages[-2:]
    assert after["run"] == before["run"] + 1
    assert after["sequence"] == before["sequence"] + 1
    assert after["curve"] == [[1, 0.0]]


def test_an_objective_that_is_not_a_number_travels_as_null():
    wire = Wire()
    wire.sender.frame(Frame(0, float("nan"), picture(0)), 5)
    wire.sender.tend()
    assert wire.messages[0]["objective"] is None
    assert wire.messages[0]["curve"] == [[1, None]]


def test_a_run_that_waits_shows_what_it_will_start_from():
    wire = Wire()
    for number in range(3):
        wire.step(number)
    wire.sender.show_start(Frame(-1, float("nan"), picture(9)), 50)
    wire.sender.confirm(2)
    wire.sender.tend()
    before, start = wire.messages[-2:]
    assert (start["step"], start["total_steps"]) == (0, 50)
    assert (start["objective"], start["curve"]) == (None, [])
    assert start["run"] > before["run"]
    np.testing.assert_array_equal(wire.pictures[-1], to_pixels(picture(9)))
