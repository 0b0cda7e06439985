from __future__ import annotations

import threading
import time

import pytest

from lucid_widgets.stream.worker import Worker


@pytest.fixture
def worker():
    worker = Worker("a worker of a test", idle_s=0.05)
    yield worker
    worker.close()
    assert worker.thread is None or not worker.thread.is_alive()


def test_it_works_on_a_thread_of_its_own_which_ends_when_idle(worker):
    names = []
    worker.do("name", lambda: names.append(threading.current_thread().name))
    assert worker.wait(5)
    assert names == ["a worker of a test"]
    deadline = time.monotonic() + 5
    while worker.thread is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    worker.do("again", lambda: names.append("again"))
    assert worker.wait(5)
    assert names[-1] == "again"


def test_the_newest_job_of_a_name_wins_and_the_older_one_is_closed(worker):
    begun, closed, seen = threading.Event(), threading.Event(), []

    def endless():
        try:
            while True:
                begun.set()
                yield
        finally:
            closed.set()

    worker.do("icons", endless)
    assert begun.wait(5)
    worker.do("icons", lambda: seen.append("newest"))
    assert worker.wait(5)
    assert closed.wait(5)
    assert seen == ["newest"]


def test_what_is_urgent_comes_between_the_items_of_what_is_long(worker):
    order = []
    go = threading.Event()

    def long():
        for number in range(3):
            order.append(number)
            yield
            if number == 0:
                go.wait(5)

    worker.do("long", long)
    while not order:
        time.sleep(0.001)
    worker.do("question", lambda: order.append("answer"), urgency=1)
    go.set()
    assert worker.wait(5)
    assert order.index("answer") < order.index(2)
    assert order[-1] == 2


def test_what_a_job_raises_is_told_and_raised_by_wait(worker):
    told, ended = [], []
    worker.do("bad", lambda: 1 / 0, failed=told.append, ended=lambda: ended.append(1))
    with pytest.raises(ZeroDivisionError):
        worker.wait(5)
    assert isinstance(told[0], ZeroDivisionError)
    assert ended == []
    worker.do("good", lambda: None, ended=lambda: ended.append(2))
    assert worker.wait(5)
    assert ended == [2]


def test_a_job_that_was_given_up_neither_ends_nor_fails(worker):
    begun, go, told = threading.Event(), threading.Event(), []

    def failing():
        begun.set()
        go.wait(5)
        raise ValueError("too late")

    worker.do("job", failing, failed=told.append, ended=lambda: told.append("ended"))
    assert begun.wait(5)
    worker.drop("job")
    go.set()
    assert worker.wait(5)
    assert told == []


def test_after_closing_nothing_is_done():
    worker = Worker()
    worker.close()
    worker.do("late", lambda: pytest.fail("was done"))
    assert not worker.busy
    assert worker.thread is None


def test_waiting_ends_after_its_time(worker):
    go = threading.Event()
    worker.do("slow", lambda: go.wait(5))
    assert not worker.wait(0.05)
    go.set()
    assert worker.wait(5)
