"""`RunState`, with no thread around it: the life of a run as a state machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lucid_widgets.stream.run_state import RunState


def loaded(total: int = 3, *, start: bool = True, done: int = 0) -> RunState:
    state = RunState()
    state.load(total, start=start, done=done)
    return state


def test_a_run_prepares_runs_and_finishes():
    state = loaded(2)
    assert state.status == "preparing"
    assert state.advance(0)
    assert state.status == "running"
    assert state.advance(1)
    assert (state.status, state.done, state.rest_due) == ("finished", 2, True)


def test_an_iterator_that_ends_early_finishes_the_run():
    state = loaded(100)
    state.advance(None)
    assert state.status == "finished"


def test_a_run_that_was_paused_before_its_first_update_is_paused_after_it():
    state = loaded()
    state.pause()
    assert state.status == "idle"
    state.advance(0)
    assert state.status == "paused"


def test_steps_add_up_and_move_the_end():
    state = loaded(3, start=False, done=2)
    state.step(2, begun=True)
    state.step(1, begun=True)
    assert (state.status, state.total) == ("running", 5)
    for step in (2, 3, 4):
        assert state.active
        state.advance(step)
    assert (state.status, state.done) == ("finished", 5)


def test_start_forgets_where_a_step_was_to_end():
    state = loaded(9, start=False)
    state.step(1, begun=False)
    state.start(begun=False)
    state.advance(0)
    assert state.status == "running"


def test_moving_the_end_finishes_a_paused_run_and_opens_a_finished_one():
    state = loaded(9, start=False, done=5)
    state.move_end(5)
    assert state.status == "finished"
    state.move_end(6)
    assert state.status == "paused"


COMMANDS = st.sampled_from(["start", "step", "pause", "advance", "shorten", "extend"])


@given(st.integers(1, 5), st.lists(COMMANDS, max_size=30))
def test_no_order_of_commands_runs_past_the_end_or_rests_unnoticed(total, commands):
    state = loaded(total)
    for command in commands:
        if command in ("start", "step"):
            arguments = (1,) if command == "step" else ()
            getattr(state, command)(*arguments, begun=state.done > 0)
        elif command == "pause" and state.active:
            state.pause()
        elif command == "advance" and state.active:
            state.advance(state.done)
            assert state.active or state.rest_due
        elif command in ("shorten", "extend"):
            state.move_end(max(1, state.total + (1 if command == "extend" else -1)))
        if state.status == "finished":
            assert state.done >= state.total
        if state.status == "paused":
            assert 0 < state.done < state.total
