"""`FeatureVis` as a person meets it."""

from __future__ import annotations

import base64
import io
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.lab import KERNEL, PATIENCE_S, wait_for

IMPORT = "from lucid_widgets import FeatureVis\n"
TRACES = "__import__('lucid_widgets.optvis.render', fromlist=['*']).trace_count()"
AXE = Path(__file__).parents[2] / "js/node_modules/axe-core/axe.min.js"


def pixels_of(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)


def assert_shows(pixels: np.ndarray, image: list) -> None:
    np.testing.assert_allclose(pixels / 255, np.array(image), atol=0.5 / 255 + 1e-6)


def test_the_quickstart_runs_to_step_100_and_every_frame_changes_the_picture(
    open_notebook, shot
):
    notebook = open_notebook(IMPORT + "vis = FeatureVis()\nvis")
    notebook.run(0)
    digests: dict[int, str] = {}
    deadline = time.monotonic() + PATIENCE_S
    while not digests or max(digests) < 100:
        assert time.monotonic() < deadline
        before, digest, after = notebook.step(), notebook.pixels(), notebook.step()
        if before == after and before > 0:
            digests.setdefault(before, digest)
    assert len(digests) > 5
    assert len(set(digests.values())) == len(digests)
    label = notebook.picture().get_attribute("aria-label")
    assert re.fullmatch(r"TinyInception, channel mixed4a:\d+, step \d{3} of 512", label)
    shot(notebook.page, "quickstart")


def test_numbers_act_while_running_by_keyboard_and_nothing_is_traced_again(workbench):
    traces = workbench.ask(TRACES)
    rate, channel = workbench.ask("(vis.learning_rate, vis.channel)")
    sliders = workbench.widget().get_by_role("slider")
    sliders.and_(workbench.page.get_by_label("Learning rate")).focus()
    for _ in range(4):
        workbench.page.keyboard.press("ArrowRight")
    wait_for(lambda: workbench.ask("vis.learning_rate") > rate, "the learning rate")
    sliders.and_(workbench.page.get_by_label("Channel")).focus()
    workbench.page.keyboard.press("ArrowRight")
    wait_for(lambda: workbench.ask("vis.channel") == channel + 1, "the channel")
    wait_for(
        lambda: f":{channel + 1}," in workbench.picture().get_attribute("aria-label"),
        "the label to follow",
    )
    workbench.widget().get_by_role("button", name="Random").press("Enter")
    wait_for(lambda: workbench.ask("vis.channel") != channel + 1, "another channel")
    workbench.wait_for_step(workbench.step() + 2)
    assert workbench.ask(TRACES) == traces
    assert workbench.ask("vis.running") is True


def test_a_number_box_takes_what_is_typed(workbench):
    box = workbench.page.get_by_role("spinbutton", name="Channel")
    box.fill("77")
    box.press("Enter")
    wait_for(lambda: workbench.ask("vis.channel") == 77, "channel 77")


def test_structure_starts_a_new_run_and_says_so(workbench):
    channel = workbench.ask("vis.channel")
    workbench.wait_for_step(30)
    menu = workbench.widget().get_by_label("Layer")
    menu.select_option(label="mixed3a - 144 ch.")
    wait_for(lambda: "new run: layer" in workbench.widget().inner_text(), "the notice")
    wait_for(
        lambda: f"mixed3a:{channel}" in workbench.picture().get_attribute("aria-label"),
        "the label to follow",
    )
    workbench.wait_for_step(3)
    assert workbench.ask("(vis.layer, vis.running)") == ("mixed3a", True)


def test_pause_step_reset_and_save_by_keyboard(workbench):
    workbench.button("Pause").press("Enter")
    workbench.wait_for_rest()
    step = workbench.step()
    assert workbench.ask("(vis.running, vis.current_step)") == (False, step)
    workbench.button("Step").press("Enter")
    wait_for(lambda: workbench.step() == step + 1, "one step more")
    with workbench.page.expect_download() as download:
        workbench.button("Save").press("Enter")
    assert download.value.suggested_filename.endswith(".png")
    saved = pixels_of(Path(download.value.path()).read_bytes())
    assert_shows(saved, workbench.ask("vis.image.tolist()"))
    workbench.button("Reset").press(" ")
    wait_for(lambda: workbench.step() == 0, "step 0")
    assert workbench.ask("vis.current_step") == 0
    workbench.button("Play").press("Enter")
    workbench.wait_for_step(3)


def test_two_views_show_the_same_and_losing_one_changes_nothing(workbench):
    workbench.run(1)
    workbench.wait_for_step(workbench.step(0) + 3, 1)
    workbench.button("Pause", 1).click()
    workbench.wait_for_rest(0)
    workbench.wait_for_rest(1)
    assert workbench.step(0) == workbench.step(1)
    assert workbench.pixels(0) == workbench.pixels(1) != ""
    workbench.button("Play", 0).click()
    workbench.select(0)
    workbench.command("notebook:clear-cell-output")
    wait_for(lambda: workbench.picture(1).count() == 0, "one view to go")
    workbench.wait_for_step(workbench.step() + 3)
    assert workbench.ask("vis.running") is True


def test_when_nobody_looks_the_run_pauses(workbench):
    workbench.command("notebook:clear-all-cell-outputs")
    wait_for(lambda: not workbench.ask("vis.running"), "the run to pause")
    assert workbench.ask("vis.status") == "paused"


def test_a_cell_that_blocks_still_gets_frames_and_slider_moves(workbench):
    workbench.run(2, wait=False)
    slider = workbench.page.get_by_role("slider", name="Learning rate")
    slider.focus()
    for _ in range(3):
        workbench.page.keyboard.press("ArrowRight")
    steps = set()
    end = time.monotonic() + 10
    while time.monotonic() < end and len(steps) <= 8:
        steps.add(workbench.step())
        time.sleep(0.1)
    # Unconfirmed, ten seconds would bring five probes and the frame before them.
    assert len(steps) > 8, "frames, not only a probe every other second"
    seen = workbench.ask("seen")
    assert seen[-1][0] > seen[0][0], "the slider moved while the cell was running"
    assert seen[-1][1] - seen[0][1] > 8, "frames were confirmed meanwhile"


def test_an_error_is_shown_in_place_and_in_no_other_cell(workbench, shot):
    workbench.command("notebook:clear-all-cell-outputs")
    workbench.run(3)
    alert = workbench.widget().get_by_role("alert")
    message = "no layer 'mixed9z' in TinyInception; did you mean"
    # The run first: it may have failed before the page had drawn its controls, and
    # what these write back must not take the message away.
    wait_for(lambda: workbench.ask("vis.status") == "failed", "the failure")
    wait_for(lambda: message in alert.inner_text(), "the message")
    workbench.run(1)  # a view that is drawn after the failure
    for number in (0, 1):
        again = workbench.widget(number).get_by_role("alert")
        wait_for(lambda alert=again: message in alert.inner_text(), "the message")
    assert message in workbench.ask("vis.error")
    workbench.run(4)
    kinds = [output["output_type"] for output in workbench.outputs(4)]
    assert kinds == ["execute_result"]
    kinds = [output["output_type"] for output in workbench.outputs(3)]
    assert kinds == ["display_data", "display_data"]
    shot(workbench.page, "error")


def test_the_widget_is_accessible(workbench):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm --prefix js ci")
    for title in ("Image", "Transforms", "Penalties"):
        workbench.widget().get_by_role("button", name=title).click()
    workbench.page.get_by_role("slider", name="Jitter").wait_for()
    workbench.page.evaluate(AXE.read_text())
    result = workbench.page.evaluate(
        "async () => (await axe.run('.lucid-feature-vis')).violations"
    )
    serious = [
        (rule["id"], [node["html"][:200] for node in rule["nodes"]])
        for rule in result
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_every_control_is_reached_with_the_tab_key(workbench):
    workbench.button("Pause").click()
    workbench.wait_for_rest()
    workbench.widget().get_by_label("Model").focus()
    reached = []
    for _ in range(40):
        inside, name = workbench.page.evaluate(
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
        workbench.page.keyboard.press("Tab")
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
def test_it_looks_at_home(workbench, shot, theme, width, name):
    page = workbench.page
    workbench.command("notebook:clear-all-cell-outputs")
    workbench.run(5)
    workbench.wait_for_step(64)
    try:
        page.evaluate(
            "theme => window.jupyterapp.commands"
            ".execute('apputils:change-theme', {theme})",
            theme,
        )
        page.set_viewport_size({"width": width, "height": 1100})
        if width < 600:
            workbench.command("application:toggle-left-area")
        time.sleep(1.5)
        workbench.picture().scroll_into_view_if_needed()
        widget, panel = workbench.widget(), page.locator(".lucid-panel")
        picture = workbench.picture()
        box, left, right = (part.bounding_box() for part in (widget, panel, picture))
        shot(workbench.widget(), name)
    finally:
        page.set_viewport_size({"width": 1200, "height": 900})
        if width < 600:
            workbench.command("application:toggle-left-area")
    assert box["width"] <= width
    assert right["x"] >= box["x"]
    assert right["x"] + right["width"] <= box["x"] + box["width"] + 1
    if width < 600:
        assert left["y"] > right["y"] + right["height"], "the panel is under the canvas"
    else:
        assert right["x"] >= left["x"] + left["width"], "the panel is beside the canvas"


def test_a_reloaded_page_shows_the_run_that_went_on(open_notebook):
    notebook = open_notebook(IMPORT + "vis = FeatureVis(size=64, steps=100_000)\nvis")
    notebook.run(0)
    notebook.wait_for_step(3)
    notebook.save()
    step = notebook.step()
    notebook.page.reload(wait_until="domcontentloaded")
    notebook.wait_until_ready(kernel=False)
    notebook.wait_for_step(step + 1)
    notebook.wait_for_step(notebook.step() + 3)
    notebook.button("Pause").click()
    notebook.wait_for_rest()

    # A kernel that ends is told by a badge, and nothing pretends to work.
    notebook.expected_problems = ("Cannot send", "Kernel", "dead", "Disposed")
    notebook.page.evaluate(f"() => {KERNEL}.restart()")
    notebook.page.get_by_text("disconnected", exact=True).wait_for()
    assert notebook.button("Play").get_attribute("aria-disabled") == "true"


def test_a_saved_notebook_shows_the_picture_without_a_kernel(open_notebook, shot):
    notebook = open_notebook(
        IMPORT + "vis = FeatureVis(size=(48, 80), steps=20)\nvis", "vis.wait()"
    )
    notebook.run(0)
    notebook.run(1)
    notebook.wait_for_step(20)
    notebook.wait_for_rest()
    poster = notebook.page.locator(".jp-OutputArea-child:not(:has(.lucid-panel)) img")
    assert poster.count() == 1
    assert not poster.is_visible(), "the live view hides its poster"
    image = notebook.ask("vis.image.tolist()")
    saved = notebook.save()
    outputs = saved["cells"][0]["outputs"]
    assert [set(output["data"]) for output in outputs] == [
        {"text/plain", "application/vnd.jupyter.widget-view+json"},
        {"text/plain", "image/png"},
    ]
    png = base64.b64decode(outputs[1]["data"]["image/png"])
    assert_shows(pixels_of(png), image)
    assert len(json.dumps(saved)) < 100_000

    notebook.page.close()
    notebook.lab.end_kernels()
    reopened = open_notebook(name=notebook.name, kernel=False)
    poster = reopened.page.locator(".jp-OutputArea img")
    poster.first.wait_for(state="visible")
    shot(reopened.page, "no-kernel")
