"""Blind calibration in a real browser: what is kept at once, what is typed, and what a page never shows."""

import re

import pytest

from audit.calibrating import begin, calibration, own_words, say
from audit.judge import Verdict
from audit.store import open_store
from audit.users import add_user
from tests.serving import served
from tests.test_browser import REGIONS
from tests.test_browser import pytestmark as in_browser
from tests.test_calibrating import NAMES, say_all
from tests.test_web import PASSWORD, keep_call, stereo
from web import create_app

pytestmark = in_browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    store = open_store(folder / "home")
    for name in ("ana", "ben"):
        add_user(store, name, PASSWORD)
    [card] = store.scorecards(keep_call(store, folder, stereo(folder)).id)
    with served(create_app(store)) as address:
        yield store, card, address


@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_judges_and_sees_the_result_with_the_last_word(chromium, site, javascript):
    store, card, address = site
    number = begin(store, card, ["ana", "ben"], "ben")
    say_all(store, number, "ben", standards=NAMES[:-1])
    say(store, number, "greets", Verdict.MISSED, "ben", "a secret word")
    say(store, number, "answer", Verdict.MET, "ben")
    context = chromium.new_context(base_url=address, java_script_enabled=javascript)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/login")
    page.fill("#name", "ana")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("header.top")
    asked.clear()
    page.goto(f"/calibrations/{number}")
    form = page.locator("#finding-thanks")
    form.locator("summary", has_text="Comment").click()
    form.locator("textarea").fill("half a word")
    if javascript:
        page.reload()
        assert form.locator("textarea").input_value() == "half a word"
        page.wait_for_selector("#waveform :not(.failed)")
        page.evaluate("window.here = true")
    page.click("#say-thanks-missed")
    page.wait_for_selector('#say-thanks-missed[aria-pressed="true"]')
    word = own_words(store, number, "ana")["thanks"]
    assert (word.verdict, word.comment) == (Verdict.MISSED, "half a word")
    assert form.locator("textarea").input_value() == "half a word"
    if javascript:
        assert page.evaluate("window.here") and page.evaluate("localStorage.length") == 0
        page.keyboard.press("j")
        page.keyboard.press("1")
        page.wait_for_selector('#say-silence-met[aria-pressed="true"]')
        assert page.evaluate(REGIONS) == []
        assert page.locator("[data-moment], .waits, .chip").count() == 0
    assert not [url for url in asked if re.search(r"waits|scorecard|reviews|/interactions/\w+(\?|$)", url)]
    assert "a secret word" not in page.content()
    for standard in ("greets", "no-blame", "silence", "answer"):
        page.click(f"#say-{standard}-met")
        if standard != "answer":
            page.wait_for_selector(f'#say-{standard}-met[aria-pressed="true"]')
    page.wait_for_selector("text=a secret word")
    assert calibration(store, number).closed_at is not None
    assert "People differ on 2 of 5 standards." in page.content()
    context.close()
