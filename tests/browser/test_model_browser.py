"""ModelBrowser, as a person meets it; its cell is in `explorers.py`."""

from __future__ import annotations

from tests.browser.explorers import AXE, LOOKS
from tests.browser.lab import wait_for


def diagram(browser):
    return browser.locator(".lucid-diagram")


def test_a_layer_is_chosen_in_the_picture_and_its_channels_come(explorers):
    browser = explorers.show("browser")
    explorers.wait_for_icons(browser, 4)
    box = diagram(browser).locator("[role=option][title^='mixed3b,']")
    box.click()
    # What is linked with ipywidgets.link follows.
    wait_for(lambda: explorers.ask("follower.layer") == "mixed3b", "the layer")
    assert explorers.ask("browser.layer") == "mixed3b"
    facts = browser.locator(".lucid-facts")
    wait_for(lambda: "192" in facts.inner_text(), "the shape")
    assert browser.locator(".lucid-tile").count() == 192
    explorers.wait_for_icons(browser, 4)
    explorers.ask("setattr(follower, 'layer', 'mixed5a')")
    chosen = diagram(browser).locator("[aria-selected=true]")
    wait_for(
        lambda: chosen.get_attribute("title").startswith("mixed5a,"), "the other way"
    )
    assert chosen.is_visible()


def test_arrow_keys_walk_through_the_picture_and_choose(explorers):
    browser = explorers.show("browser")
    explorers.ask("setattr(browser, 'layer', 'mixed4a')")
    chosen = diagram(browser).locator("[aria-selected=true]")
    wait_for(lambda: chosen.get_attribute("title").startswith("mixed4a,"), "mixed4a")
    diagram(browser).focus()
    explorers.page.keyboard.press("ArrowDown")
    explorers.page.keyboard.press("ArrowRight")
    wait_for(lambda: explorers.ask("browser.layer").startswith("mixed4b_"), "a way")
    explorers.page.keyboard.press("End")
    wait_for(lambda: explorers.ask("browser.layer") == "softmax2", "the last layer")
    assert explorers.ask("browser.error") == ""
    active = diagram(browser).get_attribute("aria-activedescendant")
    assert browser.locator(f"#{active}").is_visible()


def test_a_channel_is_selected_in_the_strip(explorers):
    browser = explorers.show("browser")
    explorers.ask("setattr(browser, 'layer', 'mixed3a')")
    tile = browser.locator(".lucid-tile[title='mixed3a:2']")
    tile.click()
    wait_for(
        lambda: explorers.ask("browser.selection")["unit"] == "mixed3a:2", "channel 2"
    )
    wait_for(lambda: tile.get_attribute("aria-selected") == "true", "its tile")


def test_it_is_accessible_and_looks_at_home(explorers, shot):
    browser = explorers.show("browser")
    if AXE.exists():
        explorers.assert_accessible(".lucid-model-browser")
    explorers.wait_for_icons(browser, 6)
    for theme, width, look in LOOKS:
        explorers.look(browser, shot, f"browser-{look}", theme, width)


def test_its_page_works_with_no_kernel(explorers, browser, shot):
    explorers.show("browser")
    assert explorers.ask("browser.worker.wait(50)") is True
    path = explorers.ask("str(browser.to_html('browser.html').resolve())")
    context = browser.new_context(offline=True, color_scheme="dark")
    try:
        page = context.new_page()
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"file://{path}")
        page.locator("[role=option][title^='conv2d2,']").click()
        wait_for(
            lambda: "conv2d2_pre_relu" in page.locator(".lucid-facts").inner_text(),
            "what is known about the layer",
        )
        shot(page, "browser-page")
        assert problems == []
    finally:
        context.close()
