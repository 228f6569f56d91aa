"""What each role does all day, in a real browser: from the login to what is refused."""

import re

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.auditlog import entries
from audit.judge import Verdict
from audit.releasing import card_replies, release, release_of
from audit.reviews import card_stands, keep_review
from audit.scope import UserRole
from audit.store import open_store
from audit.users import accounts, add_user
from tests import build
from tests.serving import served
from tests.test_browser import is_problem, pytestmark  # noqa: F401
from tests.test_web import PASSWORD, VTT, keep_call
from web import create_app

TEAM = "Milan desk"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """An account of every role, a call of Sarah Lind's in the lead's team, and one of another team."""
    folder = tmp_path_factory.mktemp("roles")
    found = open_store(folder / "home")
    add_user(found, "ana", PASSWORD, UserRole.ADMIN)
    add_user(found, "rita", PASSWORD, UserRole.REVIEWER)
    add_user(found, "theo", PASSWORD, UserRole.TRAINER)
    add_user(found, "leo", PASSWORD, UserRole.LEAD, team=TEAM)
    add_user(found, "sarah", PASSWORD, UserRole.AGENT, employee="Sarah Lind")
    add_user(found, "otto", PASSWORD, UserRole.AUDITOR)
    for title, seconds, team, agent in (
        ("of the team", 14.0, TEAM, "Sarah Lind"),
        ("of another team", 15.0, "Rome desk", "Marco Neri"),
    ):
        one = keep_call(found, folder, build.write_wav(folder / f"{title}.wav", build.tone(seconds)), title)
        with found.writing() as connection:
            row = update(t.interaction).where(t.interaction.c.id == one.id)
            connection.execute(row.values(team=team, agent=agent))
    return found


@pytest.fixture(scope="module")
def site(store):
    with served(create_app(store)) as address:
        yield address


@pytest.fixture
def enter(chromium, site):
    """Opens a window in which somebody logs in by keys alone; fails the test on any error in its console."""
    contexts, problems = [], []

    def window(name, **options):
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=site, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on(
            "console",
            lambda m: problems.append(m.text) if is_problem(m) and not REFUSED.search(m.text) else None,
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto("/interactions")
        page.focus("#name")
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("header.top")
        return page

    yield window
    for context in contexts:
        context.close()
    assert problems == []


REFUSED = re.compile("40[34]")
"""What the console says of a page that is refused, or is as if it were not there."""


def card_of(store, title):
    [card] = store.scorecards(store.interaction(title).id)
    return card


def titles(page):
    page.goto("/interactions")
    return set(page.locator("a.row").all_inner_texts())


BOTH = {"of the team", "of another team"}

ROOMS = {
    "ana": ({"Overview", "Employees", "Batches", "Administration", "Log"}, BOTH, None),
    "rita": ({"Overview", "Employees", "Batches"}, BOTH, "/admin/users"),
    "theo": ({"Overview", "Employees"}, BOTH, "/upload"),
    "leo": ({"Overview", "Employees"}, {"of the team"}, "/admin/log"),
    "sarah": ({"My own page"}, set(), "/employees"),
    "otto": ({"Overview", "Employees", "Log"}, BOTH, "/next"),
}
"""Account → (rooms beside those of everybody, calls in the list, an address that is refused)."""


@pytest.mark.parametrize("name", ROOMS)
def test_each_role_finds_its_rooms_and_calls_and_is_refused_the_rest(enter, store, name):
    rooms, calls, refused = ROOMS[name]
    page = enter(name)
    shown = set(page.locator("header.top nav a").all_inner_texts())
    assert shown == rooms | {"Interactions", "Customers", "Standards"}
    assert titles(page) >= calls and titles(page) & BOTH == calls
    for room in sorted(rooms):
        page.click(f"header.top nav a >> text='{room}'")
        assert page.locator("h1").count() == 1
    for title in BOTH - calls:
        assert page.goto(f"/interactions/{store.interaction(title).id}").status == 404
    if refused:
        assert page.goto(refused).status == 403
        assert page.inner_text("h1") == "This is not open to you"
        assert entries(store, 1, who=name, action="refused")[0].subject == refused


def test_a_reviewer_finds_corrects_and_releases_with_keys_alone(enter, store):
    page = enter("rita")
    page.focus("#search")
    page.keyboard.type("contract")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=contract**")
    page.focus("a.row >> text='of another team'")
    page.keyboard.press("Enter")
    page.wait_for_selector("#waveform >> css=canvas", state="attached")
    page.keyboard.press("j")
    page.keyboard.press("2")
    page.wait_for_selector("#finding-greets.missed .machine")
    # A comment half written is there after a reload, and is kept with the verdict that stands.
    page.keyboard.press("c")
    page.keyboard.type("gave no na")
    page.reload()
    page.wait_for_selector("#waveform >> css=canvas", state="attached")
    page.keyboard.press("j")
    page.keyboard.press("c")
    assert page.input_value("#finding-greets textarea") == "gave no na"
    page.keyboard.press("End")
    page.keyboard.type("me")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#finding-greets q >> text='gave no name'")
    page.get_by_role("button", name="Release to Marco Neri").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Marco Neri may see it since")
    card = card_of(store, "of another team")
    said = card_stands(store, card).of["greets"]
    assert (said.reviewer, said.verdict, said.comment) == ("rita", Verdict.MISSED, "gave no name")
    assert release_of(store, card.interaction, card.rubric).by == "rita"


def test_an_agent_disputes_a_lead_answers_and_a_release_is_taken_back(enter, store):
    card = card_of(store, "of the team")
    release(store, card, "rita")
    address = f"/interactions/{card.interaction}?rubric=house"
    agent, lead = enter("sarah"), enter("leo")
    assert titles(agent) == {"of the team"}
    agent.goto(address)
    assert agent.locator("[data-review]").count() == 0
    agent.click("#finding-no-blame .reply summary")
    agent.fill("#finding-no-blame .reply textarea", "I only repeated it")
    agent.get_by_role("button", name="Dispute").first.click()
    agent.wait_for_selector("text=The dispute waits for a person.")
    lead.goto(address)
    assert "I only repeated it" in lead.inner_text("#finding-no-blame")
    lead.click("#finding-no-blame .choices button >> nth=0")
    lead.wait_for_selector("#finding-no-blame.met")
    agent.reload()
    assert "leo" in agent.inner_text("#finding-no-blame")
    assert agent.locator("text=The dispute waits").count() == 0
    lead.get_by_role("button", name="Take it back").click()
    lead.wait_for_selector("text=Release to")
    assert agent.goto(address).status == 404
    assert len(card_replies(store, card)) == 1


def test_a_trainer_goes_from_an_employee_to_a_moment_and_cannot_change_it(enter, store):
    page = enter("theo")
    page.goto("/employees/Sarah Lind")
    page.locator(".clips a").first.click()
    page.wait_for_selector("#waveform >> css=canvas", state="attached")
    assert page.locator(".finding.current").count() == 1
    page.keyboard.press("1")
    assert page.locator("[data-review], form.released").count() == 0
    page.goto("/standards/house/greets")
    assert "Smile first, then speak." in page.inner_text("main")


def test_an_auditor_reads_who_did_what_and_verifies_it(enter, store):
    card = card_of(store, "of the team")
    keep_review(store, card, "thanks", Verdict.MET, "rita")
    page = enter("otto")
    page.goto(f"/interactions/{card.interaction}")
    assert page.locator("[data-review]").count() == 0
    page.goto("/admin/log")
    assert "otto" in page.inner_text("table.log")
    page.get_by_role("button", name="Verify the whole log").click()
    assert "nothing was changed" in page.inner_text("p.notice")


def test_an_admin_adds_an_account_which_logs_in_and_is_locked_out(enter, store, site):
    page = enter("ana")
    page.goto("/admin/users")
    page.fill("form[action='/admin/users'] [name=name]", "nina")
    page.select_option("form[action='/admin/users'] [name=role]", "reviewer")
    page.check("form[action='/admin/users'] [name=password]")
    page.click("form[action='/admin/users'] button[type=submit]")
    password = page.inner_text("code.secret")
    other = page.context.browser.new_context(base_url=site)
    new = other.new_page()
    new.goto("/login")
    new.fill("#name", "nina")
    new.fill("#password", password)
    new.press("#password", "Enter")
    new.wait_for_selector("header.top")
    page.locator("summary", has_text="nina").click()
    page.get_by_role("button", name=re.compile("^Lock")).locator("visible=true").click()
    page.wait_for_selector("p.notice")
    assert {one.name: one.locked for one in accounts(store)}["nina"]
    new.goto("/interactions")
    assert new.locator("#password").count() == 1
    other.close()


def test_what_is_brought_in_is_watched_until_its_scorecard_is_there(enter):
    page = enter("rita")
    page.goto("/upload")
    page.set_input_files(
        "input[type=file]", {"name": "call.vtt", "mimeType": "text/vtt", "buffer": VTT.encode()}
    )
    page.check("[name=rubric][value=voice-en]")
    page.click("text=What is known about it")
    page.fill("[name=agent]", "Sara Lind")
    page.get_by_role("button", name="Audit it").click()
    page.wait_for_selector("[role=status][data-text]")
    page.wait_for_selector("a.button.primary", timeout=60_000)
    page.click("a.button.primary")
    assert page.locator(".finding").count() > 5
    assert "Sara Lind" in page.inner_text("header.facts")


def test_a_page_turns_to_persian_and_right_to_left(enter, store):
    card = card_of(store, "of the team")
    page = enter("rita")
    page.goto(f"/interactions/{card.interaction}?rubric=house")
    english = page.inner_text(".result .total b")
    page.click("footer.languages button[value=fa]")
    page.wait_for_selector("html[dir=rtl][lang=fa]")
    assert page.url.endswith(f"/interactions/{card.interaction}?rubric=house")
    persian = page.inner_text(".result .total b")
    assert persian != english and re.fullmatch("[۰-۹٫]+", persian)
    left = "one => one.getBoundingClientRect().left"
    assert page.locator(".judged").evaluate(left) < page.locator(".listen").evaluate(left)
    page.keyboard.press("j")
    assert page.locator(".finding.current").count() == 1


def test_words_of_the_transcript_are_found_while_they_are_typed(enter, store):
    page = enter("rita")
    page.goto(f"/interactions/{card_of(store, 'of the team').interaction}")
    page.wait_for_selector("#waveform >> css=canvas", state="attached")
    page.focus("#find")
    page.keyboard.type("MY")
    assert page.inner_text("#found") == "1/2"
    page.keyboard.press("Enter")
    assert page.inner_text("#found") == "2/2"
    page.keyboard.type(" Cöntract")
    assert page.inner_text("#found") == "1/1"
    page.keyboard.type("x")
    assert page.inner_text("#found") == "not said"
    page.keyboard.press("Escape")
    assert (page.input_value("#find"), page.inner_text("#found")) == ("", "")
