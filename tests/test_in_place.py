"""What changes of a page without loading it anew, in a real browser, and what the server answers to it."""

import re
from pathlib import Path

import pytest

from audit.assigning import assigned_among
from audit.users import add_user, set_password
from tests.serving import enter, served
from tests.test_browser import pytestmark as in_browser
from tests.test_browser_forms import Site, tab_to
from tests.test_web import PASSWORD, app, call, client, log_in, store, token, visitor  # noqa: F401
from web import create_app

TEMPLATES = Path(__file__).parent.parent / "web" / "templates"

HERE = "window.here = true"
"""Marks a page: what is loaded anew has lost it."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("in-place"))
    add_user(made.store, "eve", PASSWORD)
    with served(create_app(made.store)) as made.address:
        yield made


@pytest.fixture
def browse(chromium, site):
    """Opens the list, logged in; fails the test on any error in the console but the statuses that it awaits."""
    contexts, problems = [], []

    def window(path="/interactions", who="ana", awaited="no status", **options):
        context = chromium.new_context(base_url=site.address, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        told = lambda m: m.type == "error" and not re.search(awaited, m.text)  # noqa: E731
        page.on("console", lambda m: problems.append(m.text) if told(m) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        enter(page, "/login", who, PASSWORD)
        page.wait_for_selector("header.top")
        page.goto(path)
        page.evaluate(HERE)
        return page

    yield window
    for context in contexts:
        context.close()
    assert problems == []


def titles(page):
    return page.locator("table.list a.row").all_inner_texts()


def stayed(page):
    """Whether the page was not loaded anew."""
    return page.evaluate("window.here === true")


class TestList:
    pytestmark = in_browser

    def test_typing_searches_in_place_and_the_caret_stays(self, browse, site):
        page = browse()
        assert page.inner_text("#shown") == "3 shown"
        page.fill("#search", "call")
        page.focus("#search")
        page.keyboard.press("Home")
        page.keyboard.type('"')
        page.keyboard.press("End")
        page.keyboard.type(' 2"')
        page.wait_for_selector('#shown >> text=1 shown for “"call 2"”')
        assert titles(page) == ["call 2"]
        assert page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]") == [
            "search",
            8,
        ]
        assert page.url == f"{site.address}/interactions?search=%22call%202%22"
        assert page.get_attribute("#shown", "role") == "status"
        assert page.inner_text("#filtered").strip() == "(1)"
        assert page.locator("summary", has_text="Keep this view").count() == 1
        assert stayed(page)
        page.reload()
        assert (titles(page), page.input_value("#search")) == (["call 2"], '"call 2"')

    def test_a_filter_counts_as_soon_as_it_is_chosen_and_nothing_kept_in_the_browser_tells_of_it(
        self, browse
    ):
        page = browse()
        page.click("summary >> text=Filters")
        page.fill("[name=branch]", "Milan")
        page.wait_for_selector("#shown >> text=2 shown")
        page.select_option("[name=channel]", "chat")
        page.wait_for_selector("#listed >> text=Nothing fits")
        assert page.inner_text("#shown") == "0 shown"
        assert page.is_visible("[name=branch]") and stayed(page)
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]

    def test_keys_go_through_the_list_choose_search_and_open(self, browse):
        page = browse()

        def focused():
            return page.evaluate("document.activeElement.textContent")

        shown = titles(page)
        page.keyboard.press("j")
        assert focused() == shown[0]
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert focused() == shown[2]
        page.keyboard.press("k")
        assert focused() == shown[1]
        page.keyboard.press("x")
        chosen = page.locator(".pick input")
        assert [box.is_checked() for box in chosen.all()] == [False, True, False]
        page.keyboard.press("/")
        page.keyboard.type("jk2")
        assert page.input_value("#search") == "jk2"
        page.wait_for_selector("#listed >> text=Nothing fits")
        page.fill("#search", '"call 2"')
        page.wait_for_selector('#shown >> text=1 shown for “"call 2"”')
        page.keyboard.press("Escape")
        assert focused() == "call 2"
        page.keyboard.press("Enter")
        page.wait_for_url("**/interactions/*")
        assert page.inner_text("h1") == "call 2"

    def test_the_keys_of_the_list_are_told_and_can_be_switched_off(self, browse):
        page = browse()
        page.keyboard.press("?")
        assert "next, previous interaction" in page.inner_text("#keys")
        page.uncheck("#keys-on")
        page.click("#keys >> text=Close")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.matches('a.row')") is False

    def test_the_last_question_wins(self, browse):
        page = browse(awaited="htmx:(afterRequest|sendAbort)")
        page.route(
            "**/interactions?search=slow", lambda route: page.wait_for_timeout(1500) or route.continue_()
        )
        with page.expect_request("**/interactions?search=slow"):
            page.fill("#search", "slow")
        page.fill("#search", "")
        page.press("#search", "Enter")
        page.wait_for_timeout(2500)
        assert (page.inner_text("#shown"), len(titles(page))) == ("3 shown", 3)
        assert page.url.endswith("/interactions")

    def test_what_cannot_be_searched_is_told_in_place(self, browse):
        page = browse(awaited=r"422 \(")
        page.click("summary >> text=Filters")
        page.fill("[name=since]", "9999-12-31")
        page.wait_for_selector("#listed .problem >> text=since '9999-12-31': expected a day")
        assert page.input_value("[name=since]") == "9999-12-31" and stayed(page)
        page.fill("[name=since]", "")
        page.wait_for_selector("#shown >> text=3 shown")
        assert page.locator(".problem").count() == 0

    def test_pages_follow_each_other_in_place_and_back_leads_back(self, browse, monkeypatch):
        monkeypatch.setattr("web.interactions.PAGE_ROWS", 2)
        page = browse()
        first = titles(page)
        page.focus("#older")
        page.keyboard.press("Enter")
        page.wait_for_selector("#shown >> text=1 shown")
        [last] = titles(page)
        assert last not in first and stayed(page)
        # The link that was pressed is gone: the next Tab goes on in the list.
        assert page.evaluate("document.activeElement.id") == "listed"
        page.go_back()
        page.wait_for_selector("#shown >> text=2 shown")
        assert titles(page) == first

    def test_chosen_ones_stay_chosen_while_they_are_listed(self, browse, site):
        page = browse(awaited=r"422 \(")
        for title in ("call 0", "call 2"):
            page.get_by_label(f"Choose {title}", exact=True).check()
        page.fill("#search", "call")
        page.wait_for_selector("#shown >> text=3 shown for")
        page.fill("#search", '"call 2"')
        page.wait_for_selector("#shown >> text=1 shown for")
        page.fill("#search", "")
        page.wait_for_selector("#shown >> text=3 shown")
        chosen = "all => all.filter(one => one.checked).map(one => one.ariaLabel)"
        # What could not be seen any more is not given to somebody unseen.
        assert page.eval_on_selector_all(".pick input", chosen) == ["Choose call 2"]
        tab_to(page, "one.id === 'assign-to'")
        page.keyboard.type("rita")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Assigned: 1 interaction.")
        assert assigned_among(site.store, [one.id for one in site.calls]) == {site.calls[2].id: "rita"}
        assert page.eval_on_selector_all(".pick input", chosen) == [] and stayed(page)
        page.click("#assign button")
        page.wait_for_selector("text=Choose interactions first.")
        assert stayed(page)

    def test_whoever_is_logged_out_meanwhile_comes_to_the_login_and_back(self, browse, site):
        page = browse("/interactions?branch=Milan", who="eve", awaited=r"401 \(")
        set_password(site.store, "eve", PASSWORD + "2")
        page.fill("#search", "call")
        page.wait_for_url("**/login?next=**")
        page.fill("#name", "eve")
        page.fill("#password", PASSWORD + "2")
        page.press("#password", "Enter")
        page.wait_for_url("**/interactions?branch=Milan")

    @pytest.mark.parametrize("status", [403, 500, 502])
    def test_an_error_of_the_server_is_told_and_what_was_there_stays(self, browse, status):
        page = browse(awaited=f"{status}")
        page.route("**/interactions?search=*", lambda route: route.fulfill(status=status, body="<b>no</b>"))
        page.fill("#search", "call")
        page.wait_for_selector("#told >> text=The server could not do it; try again.")
        assert page.get_attribute("#told", "role") == "alert"
        assert len(titles(page)) == 3 and stayed(page)

    def test_a_server_that_does_not_answer_is_told(self, browse):
        page = browse(locale="it-IT", awaited="ERR_FAILED|htmx:")
        page.route("**/interactions?search=*", lambda route: route.abort())
        page.fill("#search", "call")
        page.wait_for_selector("#told >> text=Il server non risponde")
        page.unroute("**/interactions?search=*")
        page.fill("#search", "call 1")
        page.wait_for_selector("#shown >> text=“call 1”")
        assert page.inner_text("#told") == ""

    def test_a_verdict_that_did_not_come_through_is_told_beside_it_and_the_comment_stays(self, browse, site):
        page = browse(f"/interactions/{site.calls[0].id}", awaited="ERR_FAILED|htmx:|500")
        page.click("#finding-greets .comment summary")
        page.fill("#finding-greets textarea", "heard it")
        problem = page.locator("#problem-greets")
        page.route("**/reviews", lambda route: route.abort())
        page.click("#finding-greets .choices button >> nth=0")
        page.wait_for_selector("#problem-greets >> text=Not kept: the server does not answer.")
        page.unroute("**/reviews")
        page.route("**/reviews", lambda route: route.fulfill(status=500, body="no"))
        page.click("#finding-greets .choices button >> nth=0")
        page.wait_for_selector("#problem-greets >> text=Not kept: The server could not do it; try again.")
        assert page.input_value("#finding-greets textarea") == "heard it"
        page.unroute("**/reviews")
        page.click("#finding-greets .choices button >> nth=0")
        page.wait_for_selector("#finding-greets q >> text=heard it")
        assert (problem.inner_text(), page.input_value("#finding-greets textarea")) == ("", "")
        assert stayed(page)

    def test_a_call_is_given_and_released_while_it_is_being_heard(self, browse, site):
        page = browse(f"/interactions/{site.calls[1].id}")
        page.select_option("#assign-to", "rita")
        page.click("#handling button >> text=Assign")
        page.wait_for_selector("#handling >> text=To be looked at by rita, says ana")
        page.click("#finding-greets .comment summary")
        page.fill("#finding-greets textarea", "half a thought")
        page.click("#released button")
        page.wait_for_selector("#released >> text=released by ana")
        # The button is gone; what came in its place has the focus.
        assert page.evaluate("document.activeElement.id") == "released"
        page.click("#released button")
        page.wait_for_selector("#released >> text=Release to Sarah Lind")
        assert page.input_value("#finding-greets textarea") == "half a thought"
        assert stayed(page)


def test_a_part_of_a_page_is_never_the_way_to_the_login(app, client, call):  # noqa: F811
    stranger = app.test_client()
    answer = stranger.get("/interactions", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"], answer.text) == (401, "true", "")
    assert answer.headers["Vary"] == "HX-Request, Cookie"
    assert stranger.get("/interactions").location == "/login?next=/interactions"
    assert "HX-Refresh" not in client.get("/interactions", headers={"HX-Request": "true"}).headers


def test_no_template_holds_what_would_be_run():
    """No `hx-on`, no `js:`, no filter of a trigger: nothing of a page is ever evaluated."""
    for page in TEMPLATES.glob("*.html"):
        text = page.read_text("utf-8")
        assert not re.search(r"hx-on|hx-vars|js:|javascript:|hx-request|hx-ext", text), page.name
        for trigger in re.findall(r'hx-trigger="([^"]*)"', text):
            assert not re.search(r"[\[{]", trigger), page.name
        # What is asked, and what is taken of the answer, is never what somebody wrote.
        for name, value in re.findall(r'hx-([a-z-]+)="([^"]*)"', text):
            made = re.findall(r"{{\s*(.*?)\s*}}", value)
            assert all(re.fullmatch(r"url_for\(.*\)|assign|address", one) for one in made), page.name
            assert not made or name in ("get", "post"), page.name


def test_a_form_of_somebody_who_logged_out_meanwhile_leads_to_the_login(client, call):  # noqa: F811
    form = {"csrf_token": token(client, f"/interactions/{call.id}"), "standard": "greets", "verdict": "met"}
    client.post("/logout", data={"csrf_token": form["csrf_token"]})
    address = f"/interactions/{call.id}/reviews"
    answer = client.post(address, data=form, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")
    answer = client.post(address, data=form)
    assert (answer.status_code, answer.location) == (302, "/login")
