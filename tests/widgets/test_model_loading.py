"""A model chosen in the menu is loaded while everything goes on."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lucid_widgets.errors import WeightsError
from lucid_widgets.modelzoo import nets_factory, vision_models
from tests.widgets.conftest import run_threads
from tests.widgets.front_end import send_to
from tests.widgets.test_bad_input import controls
from tests.widgets.test_controls import of


class Slow:
    """Stands where a class of the catalogue stands; takes until it is told to end."""

    def __init__(self, name: str) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.thread: threading.Thread | None = None
        self.error: Exception | None = None
        self.model = vision_models.TinyInception().edit(remove="mixed5b:3")
        self.model.model_name = name

    def __call__(self):
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.go_on.wait(30)
        if self.error is not None:
            raise self.error
        return self.model


@pytest.fixture
def slow(monkeypatch):
    """Return slow models by name, in place of two of the catalogue's."""
    made = {name: Slow(name) for name in ("InceptionV1", "MobileNetV2")}
    for name, one in made.items():
        monkeypatch.setitem(nets_factory.models_map, name, one)
    yield made
    for one in made.values():
        one.go_on.set()


def menu(vis):
    return controls(vis)["Model"][0]


def choose(vis, name):
    index = [label for label, _ in menu(vis).options].index(name)
    send_to(menu(vis), {"method": "update", "state": {"index": index}})


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


def test_sliders_move_and_the_run_goes_on_while_a_model_is_loaded(make_vis, slow):
    vis, one = make_vis(steps=100_000), slow["InceptionV1"]
    before, threads = vis.model, []
    vis.observe(lambda _change: threads.append(threading.current_thread()), "model")

    async def front_end():
        vis.start()
        await until(lambda: vis.current_step)
        choose(vis, "InceptionV1")
        await until(one.begun.is_set)
        assert vis.canvas.loading == "loading InceptionV1…"
        send_to(of(vis, "jitter")[0], {"method": "update", "state": {"value": 3}})
        step = vis.current_step
        await until(lambda: vis.current_step > step + 2)
        assert (vis.jitter, vis.model, vis.error) == (3, before, "")
        one.go_on.set()
        await until(lambda: vis.model is one.model)

    asyncio.run(front_end())
    assert one.thread is not threading.current_thread()
    assert threads == [threading.current_thread()]
    assert menu(vis).value is one.model
    assert (vis.canvas.loading, vis.canvas.notice) == ("", "new run: model")
    assert vis.running


def test_the_newest_choice_wins(make_vis, slow, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))  # where no weights are
    vis = make_vis()
    seen = []
    vis.observe(lambda change: seen.append(change.new), "model")

    async def front_end():
        choose(vis, "InceptionV1")
        await until(slow["InceptionV1"].begun.is_set)
        choose(vis, "MobileNetV2")
        assert vis.canvas.loading.startswith("loading MobileNetV2… about 14 MB")
        for one in slow.values():
            one.go_on.set()
        await until(lambda: vis.model is slow["MobileNetV2"].model)

    asyncio.run(front_end())
    assert seen == [slow["MobileNetV2"].model]


def test_going_back_to_the_model_at_hand_gives_the_other_up(make_vis, slow):
    vis, one = make_vis(), slow["InceptionV1"]
    before = vis.model

    async def front_end():
        choose(vis, "InceptionV1")
        await until(one.begun.is_set)
        choose(vis, before.name)
        assert vis.canvas.loading == ""
        one.go_on.set()
        await until(lambda: not vis._loader._worker.busy)
        await asyncio.sleep(0.05)

    asyncio.run(front_end())
    assert (vis.model, menu(vis).value) == (before, before)


def test_what_cannot_be_loaded_is_told_and_the_run_goes_on(make_vis, slow, capfd):
    vis, one = make_vis(steps=100_000), slow["InceptionV1"]
    before = vis.model
    one.error = WeightsError("no weights today")
    one.go_on.set()

    async def front_end():
        vis.start()
        choose(vis, "InceptionV1")
        await until(lambda: vis.error)
        step = vis.current_step
        await until(lambda: vis.current_step > step + 2)

    asyncio.run(front_end())
    assert "no weights today" in vis.canvas.error
    assert vis.canvas.loading == ""
    assert (vis.model, menu(vis).value) == (before, before)
    assert capfd.readouterr().out == ""


def test_assigning_in_python_raises_in_place_and_outdoes_the_menu(make_vis, slow):
    vis, one = make_vis(), slow["InceptionV1"]
    before, failing = vis.model, slow["MobileNetV2"]
    failing.error = WeightsError("no weights today")
    failing.go_on.set()

    async def front_end():
        choose(vis, "InceptionV1")
        await until(one.begun.is_set)
        with pytest.raises(WeightsError, match="no weights today"):
            vis.model = "MobileNetV2"
        assert failing.thread is threading.current_thread()
        one.go_on.set()
        await asyncio.sleep(0.05)
        assert (vis.model, menu(vis).value, vis.canvas.loading) == (before, before, "")

    asyncio.run(front_end())
    vis.model = "InceptionV1"
    assert vis.model is one.model


def test_closing_does_not_wait_for_the_model(make_vis, slow):
    vis, one = make_vis(), slow["InceptionV1"]

    async def front_end():
        choose(vis, "InceptionV1")
        await until(one.begun.is_set)
        threading.Timer(0.1, one.go_on.set).start()
        vis.close()
        assert run_threads() == []
        await asyncio.sleep(0.05)

    asyncio.run(front_end())
    assert vis.model is not one.model
