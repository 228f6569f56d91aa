"""Tables that compare people and standards, icons and rooms, in a narrow window of a real browser."""

import pytest

from audit.store import open_store
from audit.users import add_user
from tests.serving import enter, served
from tests.test_browser import pytestmark  # noqa: F401
from tests.test_overview import company, keep
from tests.test_web import PASSWORD
from web import create_app

BROKEN = """() => [...document.querySelectorAll(".compare th")].flatMap(head => {
  const broken = [], range = document.createRange();
  const texts = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/\\S+/g)) {
    range.setStart(texts.currentNode, word.index);
    range.setEnd(texts.currentNode, word.index + word[0].length);
    const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
    if (lines.size > 1) broken.push(word[0]);
  }
  return broken;
})"""
"""The words of headings that stand on more than one line."""

LONG = "Massimiliano Bianchi-Montefeltro"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    rubric, rows = company(folder)
    keep(store, rubric, [(row[0], LONG if row[1] == "Ada" else row[1], *row[2:]) for row in rows])
    with served(create_app(store)) as address:
        yield address


@pytest.mark.parametrize("language", ["en", "it", "fa"])
def test_no_word_is_broken_and_no_table_wider_than_the_window(chromium, site, language):
    context = chromium.new_context(locale=language)
    page = context.new_page()
    enter(page, f"{site}/login", "ana", PASSWORD)
    page.wait_for_selector("header.top")
    for width_px in (390, 320):
        page.set_viewport_size({"width": width_px, "height": 900})
        for path in ("/", "/employees", f"/employees/{LONG}"):
            page.goto(site + path)
            assert page.locator(".compare th").count(), path
            assert page.evaluate(BROKEN) == [], (path, width_px)
            assert page.evaluate("document.documentElement.scrollWidth") <= width_px, (path, width_px)
    context.close()


DRAWN = """() => [...document.querySelectorAll(".icon")].filter(one => one.checkVisibility())
  .map(one => [one.querySelector("use").getAttribute("href").split("#")[1], one.getBBox().width])"""


def test_in_a_narrow_window_the_rooms_stand_below_as_icons_with_their_names(chromium, site):
    context = chromium.new_context(locale="en", viewport={"width": 390, "height": 800})
    page = context.new_page()
    enter(page, f"{site}/login", "ana", PASSWORD)
    page.wait_for_selector("header.top")
    page.wait_for_load_state("networkidle")
    drawn = page.evaluate(DRAWN)
    assert {"chart-line", "users", "log-out"} <= {name for name, _ in drawn}
    assert all(width_px > 5 for _, width_px in drawn), drawn
    rooms = page.get_by_role("navigation", name="Rooms")
    assert rooms.bounding_box()["y"] > 700
    for name in ("Overview", "Interactions", "Standards"):
        box = rooms.get_by_role("link", name=name, exact=True).bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24  # WCAG 2.2, 2.5.8
    rooms.get_by_role("link", name="Interactions", exact=True).click()
    page.wait_for_url("**/interactions")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    last = page.locator("footer.languages").bounding_box()
    assert last["y"] + last["height"] <= page.get_by_role("navigation", name="Rooms").bounding_box()["y"] + 1
    context.close()
