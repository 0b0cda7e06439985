"""The widgets about units, as a person meets them; cells in `explorers.py`."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from tests.browser.explorers import AXE, CELLS, LOOKS
from tests.browser.lab import wait_for


def test_a_grid_shows_icons_of_the_channels_in_view_and_leaves_the_rest(explorers):
    grid = explorers.show("grid")
    explorers.wait_for_icons(grid, 4)
    assert grid.locator(".lucid-tile").count() == 100
    assert grid.get_by_role("listbox").get_attribute("aria-label") == "channels"
    held = explorers.ask("len(grid.icons.held)")
    assert 0 < held < 100
    assert explorers.ask("grid.error") == ""


def test_a_channel_is_chosen_by_mouse_and_keys_and_python_sees_it(explorers):
    grid = explorers.show("grid")
    tiles = grid.locator(".lucid-tile")
    tiles.nth(2).click()
    wait_for(
        lambda: explorers.ask("grid.selection")["unit"] == "mixed4a:2", "channel 2"
    )
    explorers.page.keyboard.press("ArrowRight")
    explorers.page.keyboard.press("ArrowDown")
    box = grid.get_by_role("listbox")
    columns = int(tiles.first.get_attribute("id").rpartition("-")[2])  # of the first
    active = int(box.get_attribute("aria-activedescendant").rpartition("-")[2])
    channel = active - columns
    assert channel > 4
    wait_for(
        lambda: explorers.ask("grid.selection")["unit"] == f"mixed4a:{channel}",
        "the row below",
    )
    assert tiles.nth(channel).get_attribute("aria-selected") == "true"
    explorers.ask("setattr(grid, 'selection', 'mixed4a:99')")
    wait_for(
        lambda: tiles.nth(99).get_attribute("aria-selected") == "true", "channel 99"
    )
    assert tiles.nth(99).is_visible()


def test_scrolling_asks_for_other_icons(explorers):
    grid = explorers.show("grid")
    grid.locator(".lucid-tile").nth(98).scroll_into_view_if_needed()
    # Those in view come from the top down; on a busy machine the last one takes long.
    wanted = "[unit.channel for unit in grid.icons._wanted]"
    wait_for(lambda: 98 in explorers.ask(wanted), "channel 98 to be asked for")
    wait_for(lambda: 0 not in explorers.ask(wanted), "channel 0 to be forgotten")


def test_sorting_and_filtering_from_the_page(explorers):
    grid = explorers.show("grid", again=True)
    grid.get_by_label("Filter").fill("7-9, 20")
    wait_for(lambda: grid.locator(".lucid-tile").count() == 4, "four channels")
    explorers.ask("setattr(grid, 'image', photo)")
    grid.get_by_label("Sort by").select_option("activation")
    wait_for(lambda: explorers.ask("len(grid.activations)") == 272, "activations")
    values, order = explorers.ask("(grid.activations, grid.order)")
    assert order == sorted([7, 8, 9, 20], key=lambda channel: -values[channel])
    captions = grid.locator(".lucid-tile-caption").all_inner_texts()
    wait_for(
        lambda: (
            grid.locator(".lucid-tile-caption").all_inner_texts()
            == list(map(str, order))
        ),
        f"the order {order}, not {captions}",
    )
    grid.get_by_label("Layer").select_option("mixed3a")
    wait_for(lambda: explorers.ask("grid.layer") == "mixed3a", "the other layer")
    grid.get_by_label("Filter").fill("0-99")
    grid.get_by_label("Layer").select_option("mixed4a")
    wait_for(lambda: grid.locator(".lucid-tile").count() == 100, "all of them")


def test_a_linked_feature_vis_draws_what_is_chosen_and_leads_in_turn(explorers):
    explorers.show("grid", again=True)  # all tiles, sorted by channel
    explorers.show("linked")
    grid = explorers.show("grid")
    grid.locator(".lucid-tile").nth(5).click()
    wait_for(
        lambda: explorers.ask("(vis.layer, vis.channel)") == ("mixed4a", 5), "the run"
    )
    explorers.ask("setattr(vis, 'channel', 8)")
    tile = grid.locator(".lucid-tile").nth(8)
    wait_for(lambda: tile.get_attribute("aria-selected") == "true", "the tile")
    explorers.ask("vis.close()")


def test_groups_light_up_the_photo_where_they_are_active(explorers, shot):
    output = explorers.show("groups")
    tiles = output.locator(".lucid-tile")
    wait_for(lambda: tiles.count() == 4, "four groups", 60)
    explorers.wait_for_icons(output, 5)  # the photo, and a picture of each
    tiles.nth(1).click()
    wait_for(lambda: explorers.ask("groups.selection['unit'] == groups.units[1]"), "it")
    light = """canvas => {
        const { data } = canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height);
        return [...data].filter((_, i) => i % 4 === 3);
    }"""
    mask = output.locator(".lucid-photo-cells")
    dark = mask.evaluate(light)
    maps = explorers.ask("np.frombuffer(groups.maps, 'u1').reshape(4, -1)[1].tolist()")
    assert len(dark) == len(maps)
    assert all(abs(d - 0.85 * (255 - m)) <= 1 for d, m in zip(dark, maps, strict=True))
    explorers.page.keyboard.press("ArrowRight")
    wait_for(lambda: mask.evaluate(light) != dark, "another map")
    output.locator(".lucid-photo").hover()
    assert "here" in tiles.first.inner_text()
    output.get_by_label("Class").fill("goldfish")
    output.get_by_label("Class").press("Enter")
    wait_for(lambda: explorers.ask("len(groups.attributions)") == 4, "attributions")
    output.get_by_label("Layer").select_option("mixed3b")
    wait_for(lambda: explorers.ask("groups.units[0]").startswith("mixed3b@"), "groups")
    explorers.assert_accessible(".lucid-neuron-groups")
    explorers.wait_for_icons(output, 5)
    for theme, width, look in LOOKS:
        explorers.look(output, shot, f"groups-{look}", theme, width)


def test_a_photo_is_read_with_mouse_and_keys_and_the_place_is_shared(explorers):
    output = explorers.show("dictionary")
    photo = output.get_by_role("application")
    photo.wait_for()
    words = output.locator(".lucid-word")
    wait_for(lambda: words.count() == 4, "four channels")
    explorers.wait_for_icons(output, 4)
    rows, columns = explorers.ask("words.grid")
    box = photo.bounding_box()
    where = output.locator("[aria-live=polite]")
    photo.hover(position={"x": 0.4 * box["width"] / columns, "y": box["height"] - 3})
    wait_for(lambda: f"row {rows - 1}, column 0:" in where.inner_text(), "the corner")
    expected = explorers.ask(f"[str(u) for u, _ in words.words_at({rows - 1}, 0)]")
    assert where.inner_text().endswith(", ".join(expected))
    assert explorers.ask("words.selection")["position"] is None, "only looked at"
    photo.click(position={"x": 3, "y": 3})
    explorers.page.keyboard.press("ArrowDown")
    explorers.page.keyboard.press("ArrowRight")
    wait_for(
        lambda: explorers.ask("words.selection")["position"] == [1, 1],
        "row 1, column 1",
    )
    first = words.first
    first.click()
    unit = explorers.ask("str(words.words_at(1, 1)[0][0])")
    wait_for(lambda: explorers.ask("words.selection")["unit"] == unit, "its unit")
    assert first.get_attribute("aria-pressed") == "true"


def test_another_photo_comes_from_a_file_and_what_is_none_is_refused(explorers):
    output = explorers.show("dictionary")
    before = explorers.ask("words.photo_size")
    file = io.BytesIO()
    Image.new("CMYK", (120, 60), (0, 200, 200, 0)).save(file, "JPEG")
    chooser = output.locator("input[type=file]")
    photo = {"name": "red.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
    chooser.set_input_files(photo)
    wait_for(lambda: explorers.ask("words.photo_size") != before, "the photo")
    red, green, _ = explorers.ask("words.image.mean((0, 1)).tolist()")
    assert red > green + 0.4
    chooser.set_input_files({**photo, "buffer": b"no image at all"})
    alert = output.get_by_role("alert")
    wait_for(lambda: "no image that can be read" in alert.inner_text(), "the refusal")
    chooser.set_input_files(photo)
    wait_for(lambda: not alert.inner_text(), "the error to go")


def test_side_by_side_one_choice_leads_all(explorers, browser, shot):
    output = explorers.show("explorer")
    output.locator(".lucid-word").first.wait_for()
    output.locator(".lucid-tile").nth(3).click()
    wait_for(
        lambda: explorers.ask("explorer.vis.channel") == 3, "the picture to follow"
    )
    assert explorers.ask("explorer.words.selection")["unit"] == "mixed4a:3"
    output.get_by_label("Layer").first.select_option("mixed3a")
    wait_for(lambda: explorers.ask("explorer.grid.layer") == "mixed3a", "the grid")
    explorers.wait_for_icons(output, 4)
    assert explorers.ask("explorer.words.worker.wait(50)") is True
    path = explorers.ask("str(explorer.to_html('explorer.html').resolve())")
    page = browser.new_page()
    try:
        page.goto(f"file://{path}")
        page.locator(".lucid-word").nth(1).click()
        chosen = page.locator(".lucid-tile[aria-selected=true]")
        wait_for(lambda: chosen.count() == 1, "the grid to follow with no kernel")
        shot(page, "explorer-page")
    finally:
        page.close()
    explorers.ask("explorer.close()")


def test_the_mixture_is_moved_by_keys_and_mouse_while_the_picture_runs(explorers, shot):
    output = explorers.show("mixer")
    pad = output.get_by_role("application")
    pad.focus()
    explorers.page.keyboard.press("ArrowDown")
    explorers.page.keyboard.press("ArrowRight")
    wait_for(lambda: explorers.ask("mixer.point") == [0.55, 0.05], "the point")
    box = pad.bounding_box()
    pad.click(position={"x": 0.3 * box["width"], "y": 0.85 * box["height"]})
    wait_for(lambda: explorers.ask("mixer.weights")[2] > 0.9, "the lower corner")
    numbers = "mixer.vis.objective.numbers[0][[3, 30]].tolist()"
    third, thirtieth = explorers.ask(numbers)
    assert third < -0.9
    assert 0 <= thirtieth < 0.1
    explorers.wait_for_icons(output, 3, 180)
    explorers.assert_accessible(".lucid-mixer")
    shot(output, "mixer")
    explorers.ask("mixer.close()")


def test_a_grid_of_activations_grows_over_the_photo(explorers, shot):
    output = explorers.show("activations")
    explorers.wait_for_icons(output, 2)  # the photo, and the first look at the icons
    wait_for(lambda: explorers.ask("activations.done") == 1, "all of it", 120)
    sheet = output.locator(".lucid-wide .lucid-photo-overlay")
    sizes = explorers.ask("[40 * n for n in activations.grid]")
    size = "image => [image.naturalHeight, image.naturalWidth]"
    wait_for(lambda: sheet.evaluate(size) == sizes, "the sheet")
    box = output.get_by_role("application")
    box.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):  # the first: the middle
        explorers.page.keyboard.press(key)
    row, column = explorers.ask("[n // 2 + 1 for n in activations.grid]")
    told = f"row {row}, column {column}"
    wait_for(lambda: told in output.inner_text(), told)
    position = "activations.selection['position']"
    wait_for(lambda: explorers.ask(position) == [row, column], "the kernel to know")
    assert told in output.inner_text()
    assert output.locator(".lucid-close-up").is_visible()
    explorers.assert_accessible(".lucid-activation-grid")
    for theme, width, look in LOOKS:
        explorers.look(output, shot, f"activations-{look}", theme, width)
    explorers.ask("activations.close()")


def test_caricatures_grow_beside_the_photo_and_layers_come_and_go(explorers, shot):
    output = explorers.show("caricature")
    explorers.wait_for_icons(output, 3)
    names = output.locator(".lucid-strip-line span")
    assert names.all_inner_texts() == ["photo", "conv2d1", "conv2d2"]
    output.get_by_label("Closer to the photo").press("ArrowRight")
    wait_for(lambda: explorers.ask("strip.cossim_pow") == 0.1, "the slider")
    output.get_by_role("button", name="remove conv2d2").click()
    wait_for(lambda: explorers.ask("strip.strip") == ["conv2d1"], "one layer")
    output.get_by_label("Add").select_option("conv2d0")
    wait_for(
        lambda: explorers.ask("strip.shown") == ["conv2d1", "conv2d0"], "the strip"
    )
    explorers.wait_for_icons(output, 3)
    wait_for(lambda: explorers.ask("len(strip.sheet)"), "the kept strip")
    explorers.assert_accessible(".lucid-caricature")
    for theme, width, look in LOOKS:
        explorers.look(output, shot, f"caricature-{look}", theme, width)


def test_a_photo_dreams_and_takes_over_what_changes(explorers, shot):
    output = explorers.show("deepdream")
    dream = output.locator(".lucid-dream img")
    wait_for(lambda: explorers.ask("dream.version") > 0, "the dream")
    size = "async image => (await (await fetch(image.src)).blob()).size"
    photo = output.locator(".lucid-awake img").evaluate(size)
    # It begins as the photo, and may have ended before anybody looks.
    wait_for(lambda: dream.evaluate(size) != photo, "the dream to be seen")
    wait_for(lambda: explorers.ask("dream.done") == 1, "its end")
    output.get_by_label("Only").fill("30")
    wait_for(lambda: explorers.ask("dream.target") == "conv2d2:30", "the unit")
    output.get_by_label("Jitter").press("ArrowRight")
    wait_for(lambda: explorers.ask("dream.jitter") == 33, "the jitter")
    wait_for(
        lambda: explorers.ask("(dream.done, dream.status)") == (1, "resting"), "it"
    )
    before = explorers.ask("dream.version")
    output.get_by_role("button", name="Again").click()
    wait_for(lambda: explorers.ask("dream.version") > before, "another")
    assert explorers.ask("dream.error") == ""
    # Until it rests its newest picture may come in between.
    wait_for(
        lambda: explorers.ask("(dream.done, dream.status)") == (1, "resting"), "its end"
    )
    wait_for(lambda: explorers.ask("len(dream.moment_sizes)") > 1, "the moments")
    growth = output.get_by_label("How it grew")
    growth.focus()
    now = dream.get_attribute("src")
    explorers.page.keyboard.press("Home")
    wait_for(lambda: dream.get_attribute("src") != now, "its beginning")
    wait_for(
        lambda: "picture 1 of" in (growth.get_attribute("aria-valuetext") or ""),
        "its number",
    )
    output.get_by_role("button", name="Replay").click()
    now = "as it is now"
    wait_for(lambda: growth.get_attribute("aria-valuetext") == now, "all of it")
    explorers.assert_accessible(".lucid-deepdream")
    for theme, width, look in LOOKS:
        explorers.look(output, shot, f"deepdream-{look}", theme, width)


def test_a_map_is_moved_and_zoomed_and_a_cell_chosen_by_mouse_and_keys(explorers, shot):
    output = explorers.show("atlas")
    atlas = output.get_by_role("application", name="map of 16 cells")
    atlas.wait_for()
    box = atlas.bounding_box()
    at = {"x": box["width"] / 2 + 20, "y": box["height"] / 2 + 20}
    atlas.click(position=at)
    wait_for(lambda: explorers.ask("atlas.selection['unit']"), "a cell")
    chosen = explorers.ask("atlas.cell_of(atlas.selection['unit'])")
    row, column = explorers.ask("atlas.found.coordinates.tolist()")[chosen]
    assert (row, column) == (2, 2)
    told = output.locator("[aria-live=polite]")
    count = explorers.ask(f"int(atlas.found.counts[{chosen}])")
    wait_for(lambda: f": {count} activations" in told.inner_text(), "the count")
    classes = output.locator(".lucid-atlas-classes").inner_text()
    assert "goldfish" in classes
    assert "beacon" in classes
    explorers.page.keyboard.press("ArrowLeft")
    wait_for(
        lambda: (
            explorers.ask(
                "atlas.found.coordinates[atlas.cell_of(atlas.selection['unit'])].tolist()"
            )
            == [2, 1]
        ),
        "the neighbour",
    )
    pixels = "canvas => canvas.toDataURL()"
    for act in (
        lambda: explorers.page.mouse.wheel(0, -300),
        lambda: explorers.page.keyboard.press("Shift+ArrowLeft"),
        lambda: explorers.page.keyboard.press("0"),
    ):
        before = atlas.evaluate(pixels)
        act()
        wait_for(lambda: atlas.evaluate(pixels) != before, "another view")  # noqa: B023
    before = atlas.evaluate(pixels)
    explorers.page.mouse.down()
    explorers.page.mouse.move(box["x"] + 60, box["y"] + 90, steps=4)
    explorers.page.mouse.up()
    wait_for(lambda: atlas.evaluate(pixels) != before, "the map to be dragged")
    before = atlas.evaluate(pixels)
    pinch(explorers.page, atlas.bounding_box())
    wait_for(lambda: atlas.evaluate(pixels) != before, "two fingers to zoom")
    explorers.wait_for_icons(output)  # of the chosen cell
    explorers.assert_accessible(".lucid-atlas-explorer")
    for theme, width, look in LOOKS:
        explorers.look(output, shot, f"atlas-{look}", theme, width)


def pinch(page, box):
    """Put two fingers on the middle of something, and move them apart."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 45), ("touchMove", 80)):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_places_and_channels_answer_one_another_without_the_kernel(explorers, shot):
    output = explorers.show("attribution")
    words = output.locator(".lucid-word")
    wait_for(lambda: words.count() > 4, "channels")
    explorers.wait_for_icons(output, 4)
    photo = output.get_by_role("application")
    told = output.locator("[aria-live=polite]")
    cells = output.locator(".lucid-photo-cells")
    colours = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    whole = cells.evaluate(colours)
    values = "attributed._values"
    strongest = explorers.ask(f"int({values}.sum((0, 1)).argmax())")
    assert words.first.get_attribute("title") == f"mixed4a:{strongest}"
    words.first.hover()
    wait_for(lambda: f"map of mixed4a:{strongest}" in told.inner_text(), "its map")
    own = cells.evaluate(colours)
    assert own != whole
    alpha = explorers.ask(
        f"(lambda v: (204 * np.sqrt(abs(v) / abs(v).max())).ravel().tolist())"
        f"({values}[..., {strongest}])"
    )
    assert all(abs(a - b) <= 2 for a, b in zip(own[3::4], alpha, strict=True))
    rows, columns = explorers.ask("attributed.grid")
    box = photo.bounding_box()
    photo.hover(position={"x": box["width"] - 3, "y": 0.5 * box["height"] / rows})
    corner = explorers.ask(f"int({values}[0, -1].argmax())")
    wait_for(lambda: f"row 0, column {columns - 1}" in told.inner_text(), "the corner")
    unit = f"mixed4a:{corner}"
    wait_for(lambda: words.first.get_attribute("title") == unit, "its channels")
    versus = output.get_by_label("rather than")
    versus.fill("tab")
    offers = output.locator("datalist option")
    wait_for(lambda: offers.count() > 0, "names to choose from")
    versus.fill("<img src=x onerror='window.attacked = true'>")
    assert explorers.ask("attributed.error") == "", "nobody has finished yet"
    versus.press("Enter")
    alert = output.get_by_role("alert")
    wait_for(lambda: "no class" in alert.inner_text(), "the refusal", 60)
    assert versus.get_attribute("aria-invalid") == "true"
    assert explorers.page.evaluate("window.attacked") is None
    versus.fill("lemon")
    versus.press("Enter")
    wait_for(lambda: len(explorers.ask("attributed.sides")) == 2, "the pair")
    wait_for(lambda: "for lemon" in output.inner_text(), "its name")
    assert versus.input_value() == "lemon"
    explorers.assert_accessible(".lucid-attribution-explorer")
    for theme, width, look in LOOKS:
        explorers.look(output, shot, f"attribution-{look}", theme, width)
    explorers.ask("attributed.close()")


def test_pairs_of_channels_stand_beside_each_other(explorers, shot):
    output = explorers.show("compare")
    tiles = output.locator(".lucid-tile")
    depth = "compare.model.get_layer('mixed3a').depth"
    wait_for(lambda: tiles.count() == explorers.ask(depth), "pairs")
    explorers.wait_for_icons(output, 4)
    (a, b, r) = explorers.ask("compare.pairs[0]")
    assert f"{a} · {b}" in tiles.first.inner_text()
    assert f"{r:.2f}" in tiles.first.inner_text()
    assert tiles.first.locator("img").count() == 2
    tiles.first.click()
    explorers.page.keyboard.press("ArrowRight")
    a, b, _ = explorers.ask("compare.pairs[1]")
    told = "(compare.selection['unit'], compare.match)"
    wait_for(
        lambda: explorers.ask(told) == (f"mixed3a:{a}", f"mixed3b:{b}"), "the pair"
    )
    output.locator("select").nth(1).select_option("mixed3a")
    output.locator("select").nth(2).select_option("same number")
    wait_for(
        lambda: explorers.ask("compare.matching") == "same number", "the other way"
    )
    best = "[similarity for *_, similarity in compare.pairs[:1]]"
    wait_for(lambda: explorers.ask(best) == [1], "equal channels")
    explorers.assert_accessible(".lucid-compare-models")
    for theme, width, look in LOOKS:
        explorers.look(output, shot, f"compare-{look}", theme, width)
    explorers.ask("compare.close()")


def test_text_never_becomes_markup(explorers):
    output = explorers.show("hostile")
    assert output.locator(".lucid-tile").count() == 6
    caption = output.locator(".lucid-tile-caption").first.inner_text()
    assert caption.startswith("<img src=x")
    assert explorers.page.evaluate("window.attacked") is None
    explorers.ask("hostile.close()")


def test_the_widgets_are_accessible(explorers):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm --prefix js ci")
    for name in ("channel-grid", "semantic-dictionary"):
        explorers.show("grid" if name == "channel-grid" else "dictionary")
        explorers.assert_accessible(f".lucid-{name}")


def test_the_widgets_look_at_home(explorers, shot):
    for name, count in (("grid", 8), ("dictionary", 4)):
        output = explorers.show(name)
        explorers.wait_for_icons(output, count, 180)
        for theme, width, look in LOOKS:
            explorers.look(output, shot, f"{name}-{look}", theme, width)


def test_a_reloaded_page_shows_the_grid_again(explorers):
    notebook = explorers.notebook
    # A widget that another test closed could not be shown again, and says so.
    notebook.command("notebook:clear-all-cell-outputs")
    explorers.show("grid")
    notebook.save()
    notebook.page.reload(wait_until="domcontentloaded")
    notebook.wait_until_ready(kernel=False)
    grid = explorers.show("grid")
    explorers.wait_for_icons(grid, 8)
    grid.locator(".lucid-tile").nth(3).click()
    wait_for(lambda: explorers.ask("grid.selection")["unit"] == "mixed4a:3", "a choice")


def test_without_widgets_there_is_a_poster_and_the_page_works_with_no_network(
    explorers, browser, shot
):
    explorers.show("grid", again=True)
    explorers.ask("setattr(grid, 'filter', '0-11')")
    wait_for(lambda: explorers.ask("len(grid.kept_index)") >= 12, "all icons", 180)
    wait_for(lambda: explorers.ask("grid.status") == "resting", "rest", 60)
    number = list(CELLS).index("grid")
    kinds = [set(output["data"]) for output in explorers.notebook.outputs(number)]
    assert kinds == [
        {"text/plain", "application/vnd.jupyter.widget-view+json"},
        {"text/plain", "image/png"},
    ]

    def poster_side() -> int:
        saved = explorers.notebook.outputs(number)[1]["data"]["image/png"]
        with Image.open(io.BytesIO(base64.b64decode(saved))) as poster:
            return min(poster.size)

    wait_for(lambda: poster_side() > 60, "the poster")
    path = explorers.ask("str(grid.to_html('grid.html').resolve())")
    context = browser.new_context(offline=True, color_scheme="dark")
    try:
        page = context.new_page()
        problems = []
        page.on(
            "console", lambda m: problems.append(m.text) if m.type == "error" else 0
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"file://{path}")
        tiles = page.locator(".lucid-tile")
        tiles.nth(8).wait_for()
        wait_for(lambda: explorers.icons(page.locator("body")) >= 8, "kept icons")
        tiles.nth(2).click()
        page.keyboard.press("ArrowRight")
        wait_for(lambda: tiles.nth(3).get_attribute("aria-selected") == "true", "3")
        assert "no kernel" in page.get_by_role("status").inner_text()
        assert page.get_by_label("Layer").is_disabled()
        shot(page, "grid-page")
        assert problems == []
    finally:
        context.close()
