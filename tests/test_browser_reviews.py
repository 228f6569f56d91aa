"""Reviewing with keys alone, in a real browser."""

import pytest

from audit.judge import Verdict
from audit.reviews import card_stands, keep_review
from audit.store import open_store
from audit.users import add_user
from tests import build
from tests.test_browser import browse, open_call, pytestmark, site  # noqa: F401
from tests.test_web import PASSWORD, keep_call


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """A store with three calls that wait for a person."""
    folder = tmp_path_factory.mktemp("reviews")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    for title, seconds in (("first", 14.0), ("second", 15.0), ("third", 16.0)):
        keep_call(store, folder, build.write_wav(folder / f"{title}.wav", build.tone(seconds)), title)
    return store


def said(store, title):
    """(what people said of each standard, the score that stands)."""
    [card] = store.scorecards(store.interaction(title).id)
    now = card_stands(store, card)
    return {name: (r.reviewer, str(r.verdict), r.comment) for name, r in now.of.items()}, now.score.score


def test_a_call_is_reviewed_with_keys_alone(browse, calls):  # noqa: F811
    page = browse()
    open_call(page, "first")
    page.keyboard.press("j")
    assert page.get_attribute(".finding.current", "id") == "finding-greets"
    before = page.text_content(".result .total b")
    page.keyboard.press("2")
    page.wait_for_selector("#finding-greets.missed .machine")
    assert "The machine: Met" in page.inner_text("#finding-greets .machine")
    assert page.text_content(".result .total b") != before
    assert page.get_attribute(".finding.current", "id") == "finding-greets"
    # A comment, kept with the verdict that stands.
    page.keyboard.press("c")
    page.keyboard.type("said no name 123")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#finding-greets q >> text='said no name 123'")
    verdicts, score = said(calls, "first")
    assert verdicts["greets"] == ("ana", "missed", "said no name 123")
    assert page.text_content(".result .total b") == f"{score:.1f}"
    page.keyboard.press("n")
    page.wait_for_selector("h1 >> text='first'", state="detached")


def test_a_half_written_comment_is_kept_after_a_reload(browse, calls):  # noqa: F811
    page = browse()
    open_call(page, "second")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("half a thou")
    page.reload()
    page.wait_for_selector("#waveform >> css=canvas", state="attached")
    assert page.input_value("#finding-greets textarea") == "half a thou"
    page.click("#finding-greets .choices button >> nth=0")
    page.wait_for_selector("#finding-greets .machine")
    assert page.input_value("#finding-greets textarea") == ""
    assert said(calls, "second")[0]["greets"] == ("ana", "met", "half a thou")


def test_an_open_page_shows_what_somebody_else_said_and_overwrites_nothing(browse, calls):  # noqa: F811
    page = browse()
    open_call(page, "second")
    page.keyboard.press("j")
    page.keyboard.press("j")
    [card] = calls.scorecards(calls.interaction("second").id)
    keep_review(calls, card, "no-blame", Verdict.MET, "ben", "only quotes")
    page.keyboard.press("3")
    # Either the page has asked and shows it, or the answer to the key says so: Ben's word stands.
    page.wait_for_selector("#finding-no-blame q >> text='only quotes'")
    assert said(calls, "second")[0]["no-blame"][0] == "ben"
    assert "ben said “Met” after you opened it" in page.inner_text("#finding-no-blame .conflict")
    page.keyboard.press("3")
    page.wait_for_selector("#finding-no-blame.no_opportunity")
    assert said(calls, "second")[0]["no-blame"][:2] == ("ana", "no_opportunity")


def test_what_others_say_comes_into_an_open_page_and_leaves_alone_what_is_being_written(browse, calls):  # noqa: F811
    page = browse()
    open_call(page, "third")
    page.evaluate("window.here = true")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("half a thou")
    [card] = calls.scorecards(calls.interaction("third").id)
    keep_review(calls, card, "greets", Verdict.MISSED, "ben", "no name")
    page.wait_for_selector("#finding-greets.missed q >> text='no name'")
    page.keyboard.type("ght")
    assert page.input_value("#finding-greets textarea") == "half a thought"
    assert page.get_attribute(".finding.current", "id") == "finding-greets"
    assert page.evaluate("window.here === true")
    # What Ben said was seen by now: another verdict goes over it.
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.wait_for_selector("#finding-greets.met q >> text='half a thought'")
    assert said(calls, "third")[0]["greets"] == ("ana", "met", "half a thought")


def test_a_verdict_is_sent_once_however_often_its_key_is_pressed(browse, calls):  # noqa: F811
    page = browse()
    open_call(page, "third")
    sent = []
    page.route(
        "**/reviews", lambda route: (sent.append(1), page.wait_for_timeout(300), route.continue_())[-1]
    )
    page.focus("#finding-no-blame")
    page.evaluate("document.querySelector('#finding-no-blame .choices button').focus()")
    for _ in range(3):
        page.keyboard.press("Enter")
    page.wait_for_selector("#finding-no-blame .machine")
    page.wait_for_timeout(500)
    assert len(sent) == 1
    [card] = calls.scorecards(calls.interaction("third").id)
    assert [one.standard for one in card_stands(calls, card).history].count("no-blame") == 1
    # The button that was pressed came anew; whoever goes on by keys goes on from its finding.
    assert page.evaluate("document.activeElement.id") == "finding-no-blame"
