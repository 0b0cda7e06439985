from __future__ import annotations

import random
import subprocess
import sys
import threading
import time

import pytest

from lucid_widgets.frame import Frame
from lucid_widgets.stream.runner import Runner
from tests.stream.frames import Source


class Recorder:
    """A listener that writes down what it is told."""

    def __init__(self) -> None:
        self.runner: Runner | None = None
        self.steps: list[int] = []
        self.statuses: list[str] = []
        self.rests: list[int] = []
        self.runs = 0
        self.errors: list[Exception] = []
        self.tended = 0
        self.delay: float | None = None
        self.threads: set[threading.Thread] = set()

    def status(self) -> None:
        assert self.runner is not None
        if self.statuses[-1:] != [self.runner.status]:
            self.statuses.append(self.runner.status)

    def began(self) -> None:
        self.runs += 1
        self.steps.clear()

    def frame(self, frame: Frame) -> None:
        self.steps.append(frame.step)
        self.threads.add(threading.current_thread())

    def rested(self) -> None:
        self.rests.append(len(self.steps))

    def failed(self, error: Exception) -> None:
        self.errors.append(error)

    def tend(self) -> float | None:
        self.tended += 1
        return self.delay


@pytest.fixture
def make():
    runners: list[Runner] = []

    def make(**options) -> tuple[Runner, Recorder]:
        recorder = Recorder()
        runner = Runner(recorder, **options)
        recorder.runner = runner
        runners.append(runner)
        return runner, recorder

    yield make
    for runner in runners:
        runner.close()
        thread = runner.thread
        assert thread is None or not thread.is_alive()


def eventually(condition, timeout: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return False


def test_a_run_goes_from_start_to_finish_on_one_other_thread(make):
    runner, recorder = make()
    source = Source()
    runner.load(source, 20, start=True)
    assert runner.wait(5)
    assert recorder.steps == list(range(20))
    assert recorder.statuses == ["preparing", "running", "finished"]
    assert recorder.rests == [20]
    assert len(source.threads) == 1
    assert threading.current_thread() not in source.threads


def test_a_loaded_run_waits_for_start(make):
    runner, recorder = make()
    source = Source()
    runner.load(source, 5, start=False)
    assert runner.status == "idle"
    assert runner.wait(1)
    assert source.made == 0
    runner.start()
    assert runner.active
    assert runner.wait(5)
    assert runner.status == "finished"
    assert recorder.steps == [0, 1, 2, 3, 4]


def test_pause_rests_after_the_step_in_progress_and_start_goes_on(make):
    runner, recorder = make()
    source = Source(gated=True)
    runner.load(source, 10, start=True)
    for _ in range(3):
        source.gate.release()
    assert eventually(lambda: len(recorder.steps) == 3)
    runner.pause()
    assert runner.status == "paused"
    source.gate.release()  # The step that had begun already.
    assert runner.wait(5)
    assert recorder.steps == [0, 1, 2, 3]
    assert recorder.rests == [4]
    for _ in range(6):
        source.gate.release()
    runner.start()
    assert runner.wait(5)
    assert recorder.steps == list(range(10))
    assert source.made == 1


def test_wait_returns_only_after_the_listener_knows_of_the_rest(make):
    runner, recorder = make()
    recorder.rested = lambda: (time.sleep(0.2), recorder.rests.append(1))  # type: ignore[method-assign]
    runner.load(Source(), 3, start=True)
    assert runner.wait(5)
    assert recorder.rests == [1]


def test_wait_gives_up_when_its_time_is_over(make):
    runner, _ = make()
    source = Source(gated=True)
    runner.load(source, 2, start=True)
    before = time.monotonic()
    assert not runner.wait(0.1)
    assert time.monotonic() - before < 5
    source.gate.release(2)


def test_steps_are_counted_and_add_up(make):
    runner, recorder = make()
    runner.load(Source(), 100, start=False)
    runner.step(3)
    assert runner.wait(5)
    assert (recorder.steps, runner.status) == ([0, 1, 2], "paused")
    runner.step()
    runner.step()
    assert runner.wait(5)
    assert recorder.steps == [0, 1, 2, 3, 4]


def test_a_step_past_the_end_moves_the_end(make):
    runner, recorder = make()
    runner.load(Source(), 2, start=True)
    assert runner.wait(5)
    runner.step(2)
    assert runner.wait(5)
    assert recorder.steps == [0, 1, 2, 3]
    assert runner.total_steps == 4
    assert runner.status == "finished"


def test_the_end_of_a_run_can_be_moved_both_ways(make):
    runner, recorder = make()
    runner.load(Source(), 4, start=True)
    assert runner.wait(5)
    runner.set_total_steps(6)
    assert runner.status == "paused"
    runner.start()
    assert runner.wait(5)
    assert recorder.steps == [0, 1, 2, 3, 4, 5]
    runner.set_total_steps(3)
    assert runner.status == "finished"


def test_a_new_run_replaces_the_old_one_which_is_closed(make):
    runner, recorder = make()
    first, second = Source(gated=True), Source()
    runner.load(first, 50, start=True)
    first.gate.release(2)
    assert eventually(lambda: len(recorder.steps) == 2)
    runner.load(second, 4, start=True)
    first.gate.release()
    assert runner.wait(5)
    assert recorder.steps == [0, 1, 2, 3]
    assert recorder.runs == 2
    assert first.closed == 1
    assert first.yielded == 3


def test_an_error_is_handed_over_and_raised_by_wait_and_printed_nowhere(make, capfd):
    runner, recorder = make()
    source = Source(fail_at=2)
    runner.load(source, 10, start=True)
    with pytest.raises(ZeroDivisionError, match="the model divides by zero"):
        runner.wait(5)
    assert recorder.steps == [0, 1]
    assert [type(error) for error in recorder.errors] == [ZeroDivisionError]
    assert recorder.statuses[-1] == "failed"
    assert source.closed == 1
    assert capfd.readouterr() == ("", "")


def test_a_run_can_be_loaded_after_a_failed_one(make):
    runner, recorder = make()
    runner.load(Source(fail_at=0), 10, start=True)
    with pytest.raises(ZeroDivisionError):
        runner.wait(5)
    runner.start()
    assert runner.status == "failed"
    runner.load(Source(), 3, start=True)
    assert runner.wait(5)
    assert recorder.steps == [0, 1, 2]


def test_a_factory_that_fails_is_reported_like_any_error(make):
    runner, recorder = make()

    def make_frames():
        raise ValueError("no such layer")

    runner.load(make_frames, 10, start=True)
    with pytest.raises(ValueError, match="no such layer"):
        runner.wait(5)
    assert len(recorder.errors) == 1


def test_a_listener_that_fails_fails_the_run(make):
    runner, recorder = make()

    def frame(frame: Frame) -> None:
        raise LookupError("an observer of the user's")

    recorder.frame = frame  # type: ignore[method-assign]
    runner.load(Source(), 10, start=True)
    with pytest.raises(LookupError):
        runner.wait(5)
    assert len(recorder.errors) == 1


def test_close_ends_the_thread_quickly_and_for_good(make):
    runner, recorder = make()
    source = Source()
    runner.load(source, 10**6, start=True)
    assert eventually(lambda: len(recorder.steps) > 3)
    thread = runner.thread
    before = time.monotonic()
    runner.close()
    assert time.monotonic() - before < 5
    assert thread is not None
    assert not thread.is_alive()
    assert source.closed == 1
    count = len(recorder.steps)
    runner.start()
    runner.step()
    runner.load(Source(), 3, start=True)
    runner.poke()
    runner.close()
    assert runner.status == "closed"
    assert runner.wait(0)
    assert len(recorder.steps) == count


def test_close_wakes_those_who_wait(make):
    runner, _ = make()
    source = Source(gated=True)
    runner.load(source, 5, start=True)
    result: list[bool] = []
    waiter = threading.Thread(target=lambda: result.append(runner.wait(20)))
    waiter.start()
    source.gate.release()
    threading.Timer(0.05, source.gate.release).start()
    runner.close()
    waiter.join(2)
    assert result == [True]


def test_the_listener_may_close_the_runner(make):
    runner, recorder = make()
    recorder.frame = lambda frame: runner.close()  # type: ignore[method-assign]
    runner.load(Source(), 5, start=True)
    assert eventually(lambda: runner.thread is None)
    assert runner.status == "closed"


def test_an_idle_thread_ends_and_the_next_command_starts_another(make):
    runner, recorder = make(idle_s=0.05)
    runner.load(Source(), 10, start=False)
    runner.step(2)
    assert runner.wait(5)
    first = runner.thread
    assert eventually(lambda: runner.thread is None)
    assert first is not None
    assert eventually(lambda: not first.is_alive())
    runner.step(2)
    assert runner.wait(5)
    assert recorder.steps == [0, 1, 2, 3]
    assert len(recorder.threads) == 2


def test_a_resting_worker_sleeps(make):
    runner, recorder = make()
    runner.load(Source(), 3, start=True)
    assert runner.wait(5)
    assert eventually(lambda: recorder.tended >= 4)
    tended = recorder.tended
    cpu = time.process_time()
    time.sleep(0.3)
    assert recorder.tended == tended
    assert time.process_time() - cpu < 0.1


def test_a_poke_wakes_a_resting_worker(make):
    runner, recorder = make()
    runner.load(Source(), 2, start=True)
    assert runner.wait(5)
    time.sleep(0.05)
    tended = recorder.tended
    runner.poke()
    assert eventually(lambda: recorder.tended == tended + 1)


def test_a_listener_that_asks_for_it_is_tended_again(make):
    runner, recorder = make()
    recorder.delay = 0.02
    runner.load(Source(), 1, start=True)
    assert runner.wait(5)
    tended = recorder.tended
    assert eventually(lambda: recorder.tended > tended + 3, 2)


def test_a_preparation_runs_first_and_its_errors_wait_for_the_run(make):
    runner, recorder = make()
    order: list[str] = []

    def prepare() -> None:
        order.append("prepare")
        raise ImportError("no such module")

    runner.prepare(prepare)
    runner.load(lambda: order.append("frames") or Source()(), 1, start=True)
    assert runner.wait(5)
    assert order == ["prepare", "frames"]
    assert recorder.errors == []


def test_a_preparation_that_takes_long_does_not_hold_up_close(make):
    runner, _ = make()
    begun, gate = threading.Event(), threading.Event()
    runner.prepare(lambda: (begun.set(), gate.wait(10)))
    assert begun.wait(5)
    thread = runner.thread
    runner.close()
    assert thread.is_alive()
    gate.set()
    thread.join(5)
    assert not thread.is_alive()


def test_pause_during_preparation_keeps_the_first_frame_and_goes_on_later(make):
    runner, recorder = make()
    source = Source(gated=True)
    runner.load(source, 3, start=True)
    assert eventually(lambda: source.made == 1)
    runner.pause()
    source.gate.release()
    assert runner.wait(5)
    assert runner.status in ("idle", "paused")
    source.gate.release(3)
    runner.start()
    assert runner.wait(5)
    assert recorder.steps == [0, 1, 2]


def test_hammering_from_many_threads_leaves_a_runner_that_works(make):
    runner, recorder = make()
    runner.load(Source(), 10**6, start=True)
    stop = time.monotonic() + 1.0
    failures: list[Exception] = []

    def hammer(seed: int) -> None:
        rng = random.Random(seed)
        commands = [
            runner.start,
            runner.pause,
            runner.step,
            runner.poke,
            lambda: runner.step(5),
            lambda: runner.load(Source(), 10**6, start=rng.random() < 0.5),
            lambda: runner.set_total_steps(rng.randrange(1, 10**6)),
        ]
        try:
            while time.monotonic() < stop:
                rng.choice(commands)()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert recorder.errors == []
    runner.load(Source(), 7, start=True)
    assert runner.wait(5)
    assert recorder.steps == list(range(7))
    named = [t for t in threading.enumerate() if t.name == "lucid_widgets"]
    assert len(named) <= 1


def test_ctrl_c_ends_the_waiting_and_leaves_the_run():
    script = """
import signal, threading, _thread
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
from tests.stream.frames import Source
from tests.stream.test_runner import Recorder
from lucid_widgets.stream.runner import Runner
recorder = Recorder()
runner = recorder.runner = Runner(recorder)
source = Source(gated=True)
runner.load(source, 5, start=True)
threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT)).start()
threading.Timer(0.2, _thread.interrupt_main).start()
try:
    runner.wait()
except KeyboardInterrupt:
    print("interrupted", runner.status)
source.gate.release(5)
print(runner.wait(5), len(recorder.steps))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30
    )
    assert done.stdout.split("\n")[0].startswith("interrupted"), done.stderr
    assert done.stdout.split("\n")[1] == "True 5"


def test_a_process_ends_while_a_run_goes_on():
    script = """
import sys, time
from tests.stream.frames import Source
from tests.stream.test_runner import Recorder
from lucid_widgets.stream.runner import Runner
recorder = Recorder()
runner = recorder.runner = Runner(recorder)
runner.load(Source(), 10**9, start=True)
time.sleep(0.2)
"""
    before = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - before < 10
