"""A saved notebook, opened by somebody who did not make it.

One notebook is executed without a browser, as a build would do it, and then opened in
every way there is; the picture on screen is compared with the picture of the run.
"""

from __future__ import annotations

import base64
import io
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image

from tests.browser.lab import ROOT, wait_for
from tests.browser.leaks import Leaks

STEPS = 24
CELLS = [
    f"from lucid_widgets import FeatureVis\nvis = FeatureVis(size=64, steps={STEPS})\nvis",
    "vis.wait()\nvis.save('expected.png')\nvis.to_html('page.html')",
]
RERUN = """
from lucid_widgets import FeatureVis
vis = FeatureVis(size=64, steps=4)
vis._session.runner._idle_s = 0.5
vis
"""
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A folder with the notebook, the page and the picture of one headless run."""
    folder = tmp_path_factory.mktemp("executed")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS]
    )
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        client.execute()
    # Nobody has this kernel, and no other knows its language: JupyterLab asks,
    # instead of starting one.
    notebook.metadata["kernelspec"] = {"name": "gone", "display_name": "Gone"}
    notebook.metadata["language_info"] = {"name": "text"}
    nbformat.write(notebook, folder / "shared.ipynb")
    return folder


@pytest.fixture
def shared(lab, executed, open_notebook):
    """Return a function that opens the notebook, as somebody else would.

    JupyterLab then starts a new kernel, which knows nothing of the widget. Where
    there is none at all, ipywidgets wait for one, and do not even read saved state.
    """

    def opened(name, *, trusted, with_state=True, kernel=True):
        notebook = nbformat.read(executed / "shared.ipynb", as_version=4)
        # Trust is a signature of the contents, so every notebook needs its own.
        notebook.cells.append(nbformat.v4.new_markdown_cell(name))
        if kernel:
            python = {"name": "python3", "display_name": "Python 3"}
            notebook.metadata["kernelspec"] = python
        if not with_state:
            del notebook.metadata["widgets"]
        path = lab.notebooks / name
        nbformat.write(notebook, path)
        if trusted:
            trust = [sys.executable, "-m", "jupyter", "trust", str(path)]
            subprocess.run(trust, check=True, env=lab.environment, capture_output=True)
        shown = open_notebook(
            name=name, kernel=kernel, expected_problems=["model not found"]
        )
        if not kernel:
            choose_no_kernel(shown.page)
        return shown

    return opened


def choose_no_kernel(page):
    """Answer the question for a kernel."""
    menu = page.locator(".jp-Dialog select")
    menu.wait_for(timeout=20_000)
    menu.select_option(label="No Kernel")
    page.locator(".jp-Dialog .jp-mod-accept").click()


def assert_shows(locator, executed):
    """Compare what is on screen with the run's picture, seen from afar."""
    with Image.open(executed / "expected.png") as file:
        expected = np.asarray(file.convert("RGB").resize((16, 16)), float)

    def difference():
        with Image.open(io.BytesIO(locator.screenshot())) as seen:
            pixels = np.asarray(seen.convert("RGB").resize((16, 16)), float)
        return abs(pixels - expected).mean()

    assert expected.std() > 10
    wait_for(lambda: difference() < 6, "the picture", 30)


def assert_replays(page, stage, executed):
    """Go through the filmstrip: by keyboard, then by replaying it."""
    slider = page.get_by_role("slider", name="filmstrip")
    assert slider.get_attribute("aria-valuetext").startswith(f"step {STEPS},")
    slider.focus()
    seen = [stage.screenshot()]
    for expected in (20, 16):
        page.keyboard.press("ArrowLeft")
        wait_for(
            lambda step=expected: (
                f"step {step} of" in stage.get_attribute("aria-label")
            ),
            f"step {expected}",
        )
        page.wait_for_timeout(200)
        seen.append(stage.screenshot())
    assert len(set(seen)) == 3
    page.get_by_role("button", name="Replay").click()
    wait_for(
        lambda: f"step {STEPS} of" in stage.get_attribute("aria-label"), "the end", 30
    )
    assert_shows(stage, executed)


def test_trusted_the_widget_replays_from_saved_state(shared, executed, shot):
    notebook = shared("trusted.ipynb", trusted=True)
    stage = notebook.picture()
    assert_shows(stage, executed)
    assert_replays(notebook.page, stage, executed)
    assert notebook.page.locator(".lucid-poster-hidden").count() == 1
    assert "no kernel" in notebook.page.locator(".lucid-status").inner_text()
    play = notebook.button("Play")
    assert play.get_attribute("aria-disabled") == "true"
    shot(notebook.page, "shared-trusted")


def test_copy_as_code_works_from_saved_state(shared, executed):
    notebook = shared("copy.ipynb", trusted=True)
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.button("Copy as code").click()
    notebook.button("Copied").wait_for()
    code = notebook.page.evaluate("navigator.clipboard.readText()")
    assert "render.frames(" in code or "render.render_vis(" in code
    compile(code, "copied", "exec")


def test_untrusted_the_poster_shows_the_picture(shared, executed, shot):
    notebook = shared("untrusted.ipynb", trusted=False)
    poster = notebook.page.locator(".jp-OutputArea img").first
    poster.wait_for()
    assert_shows(poster, executed)
    shot(notebook.page, "shared-untrusted")


def test_without_any_kernel_the_poster_shows_the_picture(shared, executed, shot):
    notebook = shared("kernelless.ipynb", trusted=True, kernel=False)
    poster = notebook.page.locator(".jp-OutputArea img").first
    poster.wait_for()
    assert_shows(poster, executed)
    shot(notebook.page, "shared-kernelless")


def test_without_saved_state_the_poster_shows_the_picture(shared, executed, shot):
    notebook = shared("stateless.ipynb", trusted=True, with_state=False)
    poster = notebook.page.locator(".jp-OutputArea img").first
    poster.wait_for()
    assert_shows(poster, executed)
    shot(notebook.page, "shared-stateless")


def test_notebook_7_shows_the_picture(lab, executed, browser, shot):
    path = lab.notebooks / "seven.ipynb"
    path.write_bytes((executed / "shared.ipynb").read_bytes())
    page = browser.new_context().new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{lab.url}notebooks/seven.ipynb?token={lab.token}")
    choose_no_kernel(page)
    poster = page.locator(".jp-OutputArea img").first
    poster.wait_for()
    assert_shows(poster, executed)
    shot(page, "shared-notebook-7")
    page.context.close()


def test_html_by_nbconvert_shows_the_picture_offline(executed, browser, shot):
    notebook = nbformat.read(executed / "shared.ipynb", as_version=4)
    html, _ = HTMLExporter().from_notebook_node(notebook)
    path = executed / "converted.html"
    path.write_text(html)
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    assert_shows(page.locator("img").last, executed)
    shot(page, "shared-nbconvert")
    context.close()


def test_plain_readers_find_a_png_of_the_last_frame(executed):
    notebook = nbformat.read(executed / "shared.ipynb", as_version=4)
    outputs = notebook.cells[0].outputs
    pictures = [one.data["image/png"] for one in outputs if "image/png" in one.data]
    assert len(pictures) == 1
    with Image.open(io.BytesIO(base64.b64decode(pictures[0]))) as poster:
        pixels = np.asarray(poster.convert("RGB"))
    with Image.open(executed / "expected.png") as expected:
        np.testing.assert_array_equal(pixels, np.asarray(expected))


def test_a_page_of_its_own_replays_with_the_network_blocked(executed, browser, shot):
    context = browser.new_context(offline=True, color_scheme="dark")
    page = context.new_page()
    problems, requests = [], []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((executed / "page.html").as_uri())
    stage = page.get_by_role("img").first
    assert_shows(stage, executed)
    assert_replays(page, stage, executed)
    page.get_by_text("Recipe").click()
    assert "TinyInception" in page.locator("table").inner_text()
    assert "lucid_widgets" in page.locator("pre").last.inner_text()
    assert problems == []
    assert all(url.startswith(("file:", "blob:", "data:")) for url in requests)
    shot(page, "shared-page")
    context.close()


@pytest.fixture
def page_of_a_run(executed, browser):
    """The page that replays a run, opened without a network."""
    context = browser.new_context(offline=True, viewport={"width": 420, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((executed / "page.html").as_uri())
    page.get_by_role("button", name="Compare").wait_for()
    yield page
    assert problems == []
    context.close()


def painted(page):
    """Return the pixels of the canvas."""
    url = page.evaluate(
        "() => document.querySelector('[role=img] canvas').toDataURL('image/png')"
    )
    return pixels_of_url(url)


def pixels_of_url(url):
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGB"))


def at_rest(page):
    """Return the pixels of the canvas once they are the same for half a second."""
    pictures = [painted(page)]

    def are_same():
        page.wait_for_timeout(500)
        pictures.append(painted(page))
        return np.array_equal(*pictures[-2:])

    wait_for(are_same, "a picture at rest", 20)
    return pictures[-1]


def until_painted(page, expected):
    wait_for(lambda: np.array_equal(painted(page), expected()), "the pixels", 20)


def test_two_snapshots_are_compared_by_mouse_and_by_keys(page_of_a_run, shot):
    page = page_of_a_run
    page.get_by_role("slider", name="filmstrip").focus()

    def pressed(key):
        page.keyboard.press(key)
        return at_rest(page)

    first, newest = pressed("Home"), pressed("End")
    assert not np.array_equal(first, newest)
    pressed("Home")
    page.get_by_role("button", name="Compare").click()
    divider = page.get_by_role("slider", name="divider")
    divider.wait_for()
    width = newest.shape[1]

    def split(share):
        edge = round(share * width)
        return np.concatenate([first[:, :edge], newest[:, edge:]], 1)

    until_painted(page, lambda: split(0.5))
    shot(page, "compare-narrow")
    box = page.get_by_role("img").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 90, steps=4)
    page.mouse.up()
    until_painted(page, lambda: split(0.75))
    assert divider.get_attribute("aria-valuenow") == "75"
    page.keyboard.press("Home")
    until_painted(page, lambda: newest)
    page.keyboard.press("PageUp")
    until_painted(page, lambda: split(0.1))
    page.get_by_role("slider", name="left picture").focus()
    page.keyboard.press("End")
    until_painted(page, lambda: newest)
    assert "beside step 24" in page.get_by_role("img").get_attribute("aria-label")


def test_the_picture_is_copied_and_dragged_out_with_its_recipe(page_of_a_run, executed):
    page = page_of_a_run
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            const bytes = new Uint8Array(
                await (await item.getType('image/png')).arrayBuffer());
            return 'data:,' + btoa(String.fromCharCode(...bytes));
        }"""
    )
    page.evaluate(
        """() => {
            const target = document.createElement('div');
            target.id = 'target';
            target.style.cssText = 'position: fixed; inset: 0 0 auto auto; width: 40px;'
                + 'height: 40px; background: gray';
            target.ondragover = event => event.preventDefault();
            target.ondrop = event => {
                event.preventDefault();
                window.dropped = event.dataTransfer.getData('text/html');
            };
            document.body.append(target);
        }"""
    )
    page.locator("[role=img]").drag_to(page.locator("#target"))
    page.wait_for_function("() => window.dropped")
    html = page.evaluate("window.dropped")
    url = html.partition('src="')[2].partition('"')[0]
    assert url.startswith("data:image/png;base64,")
    with Image.open(executed / "expected.png") as file:
        expected, recipe = np.asarray(file.convert("RGB")), file.info["lucid_widgets"]
    np.testing.assert_array_equal(pixels_of_url(copied), expected)
    np.testing.assert_array_equal(pixels_of_url(url), expected)
    data = base64.b64decode(url.partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.info["lucid_widgets"] == recipe


def counts_after_run(notebook, leaks, cell):
    """Run a cell that shows a short run; count what is there when all is at rest."""
    notebook.run(cell)
    wait_for(lambda: notebook.ask("vis.status") == "finished", "the end", 120)
    wait_for(lambda: leaks.count()["threads"] == 0, "the thread to end", 30)
    notebook.wait_for_step(4)
    notebook.page.wait_for_timeout(500)
    counts = leaks.count()
    return {name: counts[name] for name in ("views", "bitmaps", "threads")}


def test_scrubbing_back_and_going_on_from_there_makes_a_branch(open_notebook, shot):
    notebook = open_notebook(CELLS[0], RERUN)
    leaks = Leaks(notebook)
    counted = [counts_after_run(notebook, leaks, 1) for _ in range(4)]
    assert counted[1:] == [counted[0]] * 3, "three reruns leave nothing"
    notebook.command("notebook:clear-all-cell-outputs")
    notebook.run(0)
    wait_for(lambda: notebook.ask("vis.status") == "finished", "the end", 120)
    slider = notebook.page.get_by_role("slider", name="filmstrip")
    slider.focus()
    for _ in range(4):
        notebook.page.keyboard.press("ArrowLeft")
    wait_for(lambda: notebook.step() == 12, "step 12 to be shown")
    notebook.ask("setattr(vis, 'steps', 32)")
    notebook.button("Continue here").click()
    wait_for(lambda: notebook.ask("len(vis.branches)") == 2, "the branch")
    wait_for(lambda: notebook.step() == 32, "the end of the branch", 60)
    assert notebook.ask("vis.branches[1].start") == 12
    status = notebook.page.locator(".lucid-status")
    wait_for(lambda: "branch from step 12" in status.inner_text(), "the notice")
    wait_for(slider.is_visible, "the filmstrip")
    tree = notebook.page.get_by_role("navigation", name="branches")
    rows = tree.get_by_role("button")
    assert rows.all_inner_texts() == [
        "run\n24 steps",
        "from step 12: nothing changed\n32 steps",
    ]
    shot(notebook.page, "branch")
    rows.first.press("Enter")
    wait_for(lambda: notebook.step() == STEPS, "the first run again")
    assert notebook.ask("vis.steps") == STEPS
    wait_for(lambda: rows.first.get_attribute("aria-current") == "true", "the mark")
