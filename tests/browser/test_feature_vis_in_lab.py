"""`FeatureVis` as a person meets it."""

from __future__ import annotations

import base64
import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
from lab import KERNEL, wait_for
from PIL import Image

IMPORT = "from lucid_widgets import FeatureVis\n"
SMALL = IMPORT + "vis = FeatureVis(size=64, steps=100_000)\nvis"
TRACES = "__import__('lucid_widgets.optvis.render', fromlist=['*']).trace_count()"
AXE = Path(__file__).parents[2] / "js/node_modules/axe-core/axe.min.js"


def running(notebook, step=3, number=0):
    wait_for(lambda: notebook.step(number) >= step, f"step {step}", 120)


def at_rest(notebook, number=0):
    """Wait until the picture stops changing."""
    wait_for(lambda: notebook.button("Play", number).count(), "rest", 30)
    time.sleep(0.5)


def pixels_of(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)


def test_the_quickstart_runs_to_step_100_and_every_frame_changes_the_picture(
    open_notebook, shot
):
    notebook = open_notebook(IMPORT + "vis = FeatureVis()\nvis")
    notebook.run(0)
    digests: dict[int, str] = {}
    deadline = time.monotonic() + 120
    while not digests or max(digests) < 100:
        assert time.monotonic() < deadline
        before, digest, after = notebook.step(), notebook.pixels(), notebook.step()
        if before == after and before > 0:
            digests.setdefault(before, digest)
    assert len(digests) > 5
    assert len(set(digests.values())) == len(digests)
    label = notebook.picture().get_attribute("aria-label")
    assert label.startswith("TinyInception, channel mixed4a:55, step")
    shot(notebook.page, "quickstart")


def test_numbers_act_while_running_by_keyboard_and_nothing_is_traced_again(
    open_notebook,
):
    notebook = open_notebook(SMALL)
    notebook.run(0)
    running(notebook)
    traces = notebook.ask(TRACES)
    rate = notebook.ask("vis.learning_rate")
    handles = notebook.widget().get_by_role("slider")
    handles.nth(1).focus()
    for _ in range(4):
        notebook.page.keyboard.press("ArrowRight")
    wait_for(lambda: notebook.ask("vis.learning_rate") > rate, "the learning rate")
    handles.nth(0).focus()
    notebook.page.keyboard.press("ArrowRight")
    wait_for(lambda: notebook.ask("vis.channel") == 31, "the channel")
    wait_for(
        lambda: "mixed4a:31" in notebook.picture().get_attribute("aria-label"),
        "the label to follow",
    )
    notebook.widget().get_by_role("button", name="Random").press("Enter")
    wait_for(lambda: notebook.ask("vis.channel") != 31, "another channel")
    step = notebook.step()
    wait_for(lambda: notebook.step() > step, "more frames")
    assert notebook.ask(TRACES) == traces
    assert notebook.ask("vis.running") is True


def test_a_number_box_takes_what_is_typed(open_notebook):
    notebook = open_notebook(SMALL)
    notebook.run(0)
    running(notebook)
    box = (
        notebook.widget()
        .get_by_label("Channel")
        .and_(notebook.page.get_by_role("spinbutton"))
    )
    box.fill("77")
    box.press("Enter")
    wait_for(lambda: notebook.ask("vis.channel") == 77, "channel 77")


def test_structure_starts_a_new_run_and_says_so(open_notebook):
    notebook = open_notebook(SMALL)
    notebook.run(0)
    running(notebook, 30)
    menu = notebook.widget().get_by_label("Layer")
    menu.select_option(label="mixed3a - 104 ch.")
    wait_for(lambda: "new run: layer" in notebook.widget().inner_text(), "the notice")
    running(notebook)
    assert notebook.ask("(vis.layer, vis.running)") == ("mixed3a", True)
    assert "mixed3a:55" in notebook.picture().get_attribute("aria-label")


def test_pause_step_reset_and_save_by_keyboard(open_notebook):
    notebook = open_notebook(SMALL)
    notebook.run(0)
    running(notebook)
    notebook.button("Pause").press("Enter")
    at_rest(notebook)
    step = notebook.step()
    assert notebook.ask("(vis.running, vis.current_step)") == (False, step)
    notebook.button("Step").press("Enter")
    wait_for(lambda: notebook.step() == step + 1, "one step more")
    with notebook.page.expect_download() as download:
        notebook.button("Save").press("Enter")
    saved = pixels_of(Path(download.value.path()).read_bytes())
    assert download.value.suggested_filename.endswith(".png")
    expected = np.array(notebook.ask("vis.image.tolist()"))
    np.testing.assert_allclose(saved / 255, expected, atol=0.5 / 255 + 1e-6)
    notebook.button("Reset").press(" ")
    wait_for(lambda: notebook.step() == 0, "step 0")
    assert notebook.ask("vis.current_step") == 0
    notebook.button("Play").press("Enter")
    running(notebook)


def test_two_views_show_the_same_and_losing_one_changes_nothing(open_notebook):
    notebook = open_notebook(SMALL, "vis")
    notebook.run(0)
    notebook.run(1)
    running(notebook, 5, 0)
    running(notebook, 5, 1)
    notebook.select(0)
    notebook.command("notebook:clear-cell-output")
    wait_for(lambda: notebook.picture(1).count() == 0, "one view to go")
    time.sleep(1)
    assert notebook.ask("vis.running") is True
    step = notebook.step(0)
    wait_for(lambda: notebook.step(0) > step, "the other view to go on")
    notebook.button("Pause").click()
    at_rest(notebook)


def test_both_views_hold_the_same_pixels(open_notebook):
    notebook = open_notebook(SMALL, "vis")
    notebook.run(0)
    notebook.run(1)
    running(notebook, 5, 1)
    notebook.button("Pause", 1).click()
    at_rest(notebook, 0)
    at_rest(notebook, 1)
    assert notebook.step(0) == notebook.step(1)
    assert notebook.pixels(0) == notebook.pixels(1) != ""


def test_when_nobody_looks_the_run_pauses(open_notebook):
    notebook = open_notebook(SMALL)
    notebook.run(0)
    running(notebook)
    notebook.command("notebook:clear-all-cell-outputs")
    wait_for(lambda: not notebook.ask("vis.running"), "the run to pause", 20)
    assert notebook.ask("vis.status") == "paused"


def test_a_reloaded_page_shows_the_run_that_went_on(open_notebook):
    notebook = open_notebook(SMALL)
    notebook.run(0)
    running(notebook)
    notebook.save()
    step = notebook.step()
    notebook.page.reload(wait_until="domcontentloaded")
    notebook.wait_until_ready(kernel=False)
    running(notebook, step + 1)
    step = notebook.step()
    running(notebook, step + 1)
    notebook.button("Pause").click()
    at_rest(notebook)


def test_a_restarted_kernel_is_told_by_a_badge(open_notebook):
    notebook = open_notebook(
        SMALL, expected_problems=("Cannot send", "Kernel", "dead", "Disposed")
    )
    notebook.run(0)
    running(notebook)
    notebook.page.evaluate(f"() => {KERNEL}.restart()")
    notebook.page.get_by_text("disconnected", exact=True).wait_for()
    assert notebook.button("Play").get_attribute("aria-disabled") == "true"


def test_a_cell_that_blocks_after_start_still_gets_frames_and_slider_moves(
    open_notebook,
):
    block = (
        "import time\n"
        "seen = []\n"
        "vis.start()\n"
        "end = time.monotonic() + 12\n"
        "while time.monotonic() < end:\n"
        "    seen.append((vis.learning_rate, vis._session._sender._pacer.sequence))\n"
        "    time.sleep(0.05)\n"
    )
    notebook = open_notebook(
        IMPORT + "vis = FeatureVis(size=64, steps=100_000, autostart=False)\nvis",
        "vis.step(2); vis.wait()",
        block,
    )
    notebook.run(0)
    notebook.run(1)
    notebook.run(2, wait=False)
    running(notebook, 10)
    handle = notebook.widget().get_by_role("slider").nth(1)
    handle.focus()
    for _ in range(3):
        notebook.page.keyboard.press("ArrowRight")
    steps = [notebook.step()]
    for _ in range(20):
        time.sleep(0.1)
        steps.append(notebook.step())
    assert len(set(steps)) > 8, "frames, not only a probe every other second"
    wait_for(lambda: notebook.page.evaluate(f"{KERNEL}.status") == "idle", "idle", 30)
    seen = notebook.ask("seen")
    assert seen[-1][0] > seen[0][0], "the slider moved while the cell was running"
    assert seen[-1][1] - seen[0][1] > 30, "frames were confirmed meanwhile"


def test_an_error_is_shown_in_place_with_a_useful_first_line(open_notebook, shot):
    notebook = open_notebook(
        IMPORT + "vis = FeatureVis(objective=lambda T: T('mixed9z'), size=64)\nvis",
        "1 + 1",
    )
    notebook.run(0)
    alert = notebook.widget().get_by_role("alert")
    wait_for(lambda: "mixed9z" in alert.inner_text(), "the message", 60)
    assert "did you mean" in alert.inner_text()
    notebook.run(1)
    assert [output["output_type"] for output in notebook.outputs(1)] == [
        "execute_result"
    ]
    kinds = [output["output_type"] for output in notebook.outputs(0)]
    assert kinds == ["display_data", "display_data"]
    shot(notebook.page, "error")


def test_a_saved_notebook_shows_the_picture_without_a_kernel(open_notebook, shot):
    notebook = open_notebook(
        IMPORT + "vis = FeatureVis(size=(48, 80), steps=20)\nvis", "vis.wait()"
    )
    notebook.run(0)
    notebook.run(1)
    running(notebook, 20)
    at_rest(notebook)
    poster = notebook.page.locator(".jp-OutputArea-child:not(:has(.lucid-panel)) img")
    assert poster.count() == 1
    assert not poster.is_visible(), "the live view hides its poster"
    saved = notebook.save()
    outputs = saved["cells"][0]["outputs"]
    assert [set(output["data"]) for output in outputs] == [
        {"text/plain", "application/vnd.jupyter.widget-view+json"},
        {"text/plain", "image/png"},
    ]
    png = base64.b64decode(outputs[1]["data"]["image/png"])
    expected = np.array(notebook.ask("vis.image.tolist()"))
    np.testing.assert_allclose(pixels_of(png) / 255, expected, atol=0.5 / 255 + 1e-6)
    assert len(json.dumps(saved)) < 100_000

    notebook.page.close()
    notebook.lab.end_kernels()
    reopened = open_notebook(name=notebook.name, kernel=False)
    picture = reopened.page.locator(".jp-OutputArea img")
    picture.first.wait_for(state="visible")
    shot(reopened.page, "no-kernel")


def test_the_widget_is_accessible(open_notebook):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm --prefix js ci")
    notebook = open_notebook(SMALL)
    notebook.run(0)
    running(notebook)
    for title in ("Image", "Transforms", "Penalties"):
        notebook.widget().get_by_role("button", name=title).click()
    notebook.widget().get_by_label("Jitter").first.wait_for()
    notebook.page.evaluate(AXE.read_text())
    result = notebook.page.evaluate(
        "async () => (await axe.run('.lucid-feature-vis')).violations"
    )
    serious = [
        (rule["id"], [node["html"][:200] for node in rule["nodes"]])
        for rule in result
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_every_control_is_reached_with_the_tab_key(open_notebook):
    notebook = open_notebook(SMALL)
    notebook.run(0)
    running(notebook)
    notebook.button("Pause").click()
    at_rest(notebook)
    notebook.widget().get_by_label("Model").focus()
    reached = []
    for _ in range(40):
        inside, name = notebook.page.evaluate(
            """() => {
                const el = document.activeElement;
                const label = el.getAttribute('aria-label')
                    || el.labels?.[0]?.textContent || el.textContent;
                return [Boolean(el.closest('.lucid-feature-vis')), label.trim()];
            }"""
        )
        if not inside:
            break
        reached.append(name)
        notebook.page.keyboard.press("Tab")
    wanted = "Model Layer Objective Channel Random Steps Image Transforms Penalties"
    for name in [*wanted.split(), "Learning rate", "Play", "Step", "Reset", "Save"]:
        assert any(name in one for one in reached), (name, reached)


@pytest.mark.parametrize(
    ("theme", "width", "name"),
    [
        ("JupyterLab Light", 1200, "light"),
        ("JupyterLab Dark", 1200, "dark"),
        ("JupyterLab Light", 420, "narrow"),
    ],
)
def test_it_looks_at_home(open_notebook, shot, theme, width, name):
    notebook = open_notebook(IMPORT + "vis = FeatureVis(steps=64)\nvis", width=width)
    notebook.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
        theme,
    )
    if width < 600:
        notebook.command("application:toggle-left-area")
    notebook.run(0)
    running(notebook, 64)
    at_rest(notebook)
    widget, panel = notebook.widget(), notebook.page.locator(".lucid-panel")
    picture = notebook.picture()
    box, left, right = (part.bounding_box() for part in (widget, panel, picture))
    assert box["width"] <= width
    assert right["x"] >= box["x"]
    assert right["x"] + right["width"] <= box["x"] + box["width"] + 1
    if width < 600:
        assert left["y"] > right["y"] + right["height"], "the panel is under the canvas"
    else:
        assert right["x"] >= left["x"] + left["width"], "the panel is beside the canvas"
    shot(notebook.page, name)
