"""Where the focus goes, and what stays typed, when a list changes in place under somebody who uses keys."""

import pytest

from audit.store import open_store
from audit.users import add_user
from tests import build
from tests.serving import enter, served
from tests.test_browser import pytestmark  # noqa: F401
from tests.test_web import LINES, PASSWORD, keep_call
from web import create_app


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("focus")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    for number in range(3):
        path = build.encode(folder / f"{number}.wav", [build.tone(3 + number, 8000)] * 2, "pcm_s16le", 8000)
        keep_call(store, folder, path, title=f"call {number}", lines=LINES)
    with served(create_app(store)) as address:
        yield address


@pytest.fixture
def page(chromium, site):
    page = chromium.new_page()
    enter(page, f"{site}/interactions", "ana", PASSWORD)
    page.wait_for_selector("#listed a.row")
    page.wait_for_load_state("load")
    yield page
    page.close()


def test_escape_leaves_the_search_with_its_words(page):
    page.fill("#search", "call")
    page.wait_for_selector("#shown >> text=3 shown for")
    page.press("#search", "Escape")
    assert page.evaluate("document.activeElement.className") == "row"
    assert page.input_value("#search") == "call"
    page.wait_for_timeout(800)
    assert page.url.endswith("?search=call")


def test_the_focus_is_not_lost_when_the_list_changes_under_it(page):
    page.fill("#search", "call")
    page.press("#search", "Escape")
    # The answer comes now, to whoever is at the first row.
    page.wait_for_selector("#shown >> text=3 shown for")
    page.wait_for_function("document.activeElement.id === 'listed'")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == page.inner_text("a.row >> nth=0")


def test_the_focus_stays_away_from_a_list_in_which_it_was_not(page):
    page.fill("#search", "call")
    page.evaluate("document.activeElement.blur()")
    page.wait_for_selector("#shown >> text=3 shown for")
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement === document.body")


def test_keys_go_on_from_a_box_that_was_ticked_by_the_pointer(page):
    boxes, rows = page.locator(".pick input[name=interaction]"), page.locator("a.row")
    boxes.nth(0).click()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == rows.nth(1).inner_text()
    boxes.nth(1).click()
    page.keyboard.press(" ")
    page.keyboard.press("x")
    assert [box.is_checked() for box in boxes.all()] == [True, True, False]
