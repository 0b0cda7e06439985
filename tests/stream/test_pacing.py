from __future__ import annotations

import threading

from lucid_widgets.stream.pacing import Pacer


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def pacer(**options) -> tuple[Pacer[str], Clock]:
    clock = Clock()
    options = {"interval_s": 0.0, **options}
    return Pacer[str](now=clock, **options), clock


def test_nothing_is_taken_when_nothing_is_offered():
    pace, _ = pacer()
    assert pace.take() is None
    assert pace.delay() is None


def test_two_frames_go_and_the_third_waits_for_a_confirmation():
    pace, _ = pacer()
    for name in "ab":
        pace.offer(name)
        assert pace.take() is not None
    pace.offer("c")
    assert pace.take() is None
    assert pace.confirm(1)
    assert pace.take() == (3, "c")
    assert pace.in_flight == 2


def test_of_the_frames_that_wait_only_the_newest_goes():
    pace, _ = pacer(in_flight=1)
    pace.offer("first")
    pace.take()
    for name in ("old", "older", "newest"):
        pace.offer(name)
    assert pace.take() is None
    pace.confirm(1)
    assert pace.take() == (2, "newest")
    assert pace.delay() is None


def test_a_confirmation_covers_all_older_frames():
    pace, _ = pacer()
    for name in "ab":
        pace.offer(name)
        pace.take()
    assert pace.confirm(2)
    assert pace.in_flight == 0
    assert not pace.confirm(1)


def test_numbers_never_sent_confirm_nothing():
    pace, _ = pacer()
    for name in "ab":
        pace.offer(name)
        pace.take()
    for lie in (0, 3, 10**12, -1):
        assert not pace.confirm(lie)
    assert pace.in_flight == 2


def test_after_two_seconds_of_silence_one_probe_goes_out():
    pace, clock = pacer()
    for name in "ab":
        pace.offer(name)
        pace.take()
    pace.offer("probe")
    clock.now = 1.9
    assert pace.take() is None
    assert pace.delay() == 2.0 - 1.9
    clock.now = 2.0
    assert pace.take() == (3, "probe")
    pace.offer("later")
    assert pace.take() is None, "one probe, not two"
    clock.now = 4.0
    assert pace.take() == (4, "later")


def test_a_confirmed_probe_brings_back_two_in_flight():
    pace, clock = pacer()
    for name in "ab":
        pace.offer(name)
        pace.take()
    pace.offer("probe")
    clock.now = 2.5
    pace.take()
    assert pace.confirm(3)
    for name in "cd":
        pace.offer(name)
        assert pace.take() is not None
    pace.offer("e")
    assert pace.take() is None


def test_live_frames_keep_their_distance_and_urgent_ones_do_not():
    pace, clock = pacer(interval_s=0.1)
    pace.offer("a")
    assert pace.take() == (1, "a")
    pace.offer("b")
    assert pace.take() is None
    assert pace.delay() == 0.1
    pace.offer("last", urgent=True)
    assert pace.take() == (2, "last")
    clock.now = 0.05
    pace.confirm(2)
    pace.offer("d")
    assert pace.take() is None
    clock.now = 0.2
    assert pace.take() == (3, "d")


def test_a_front_end_that_starts_anew_has_nothing_in_flight():
    pace, _ = pacer()
    for name in "ab":
        pace.offer(name)
        pace.take()
    pace.forget()
    pace.offer("c")
    assert pace.take() == (3, "c")


def test_a_withdrawn_frame_is_never_sent():
    pace, _ = pacer()
    pace.offer("of the run before")
    pace.withdraw()
    assert pace.take() is None
    assert pace.delay() is None


def test_under_fire_from_threads_no_more_than_two_are_ever_in_flight():
    pace = Pacer[int](interval_s=0.0, probe_s=60)
    taken: list[int] = []
    most = 0
    done = threading.Event()

    def browser() -> None:
        while not done.is_set():
            for sequence in taken[-2:]:
                pace.confirm(sequence)

    threads = [threading.Thread(target=browser) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(3000):
        pace.offer(number)
        sent = pace.take()
        if sent is not None:
            taken.append(sent[0])
        most = max(most, pace.in_flight)
    done.set()
    for thread in threads:
        thread.join()
    assert most <= 2
    assert taken == sorted(set(taken))
