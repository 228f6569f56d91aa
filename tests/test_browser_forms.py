"""The forms of keep times, holds, batches, tokens and the list in a real browser, by keys alone, at every width."""

import json
import zipfile

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.assigning import assigned_among
from audit.auditlog import entries
from audit.batch import behind, ledger
from audit.batch.ledger import RunState, Settings
from audit.holds import holds
from audit.interactions import Channel
from audit.retention import read_retention
from audit.scope import UserRole
from audit.store import open_store
from audit.tokens import TokenScope, add_token, bearer, revoke_token
from audit.users import add_user, user_names
from tests.serving import enter, served
from tests.test_accessible import AXE, RUN, pytestmark  # noqa: F401
from tests.test_batch import write_chats
from tests.test_web import PASSWORD, keep_call, stereo
from web import create_app


class Site:
    def __init__(self, folder):
        self.folder, self.store = folder, open_store(folder / "home")
        add_user(self.store, "ana", PASSWORD)
        self.calls = [
            keep_call(self.store, folder, stereo(folder, f"{n}.wav", 4.0 + n), f"call {n}") for n in range(3)
        ]
        with self.store.writing() as connection:
            for one, branch in zip(self.calls, ("Milan", "Milan", "Rome"), strict=True):
                facts = update(t.interaction).where(t.interaction.c.id == one.id)
                connection.execute(facts.values(branch=branch, customer="Laura Brown"))
        add_user(self.store, "rita", PASSWORD, UserRole.REVIEWER)
        self.address = ""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    made = Site(folder)
    with served(create_app(made.store, batches_from=[write_chats(folder / "chats", 3)])) as made.address:
        yield made


@pytest.fixture
def browse(chromium, site):
    """Opens a window, logged in as ana; fails the test on any error in its console but a form that is refused."""
    contexts, problems = [], []

    def window(width_px=1440, **options):
        context = chromium.new_context(
            viewport={"width": width_px, "height": 900}, base_url=site.address, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        refused = "422 (UNPROCESSABLE ENTITY)"
        page.on(
            "console",
            lambda m: problems.append(m.text) if m.type == "error" and refused not in m.text else None,
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        enter(page, "/login", "ana", PASSWORD)
        page.wait_for_selector("header.top")
        return page

    yield window
    for context in contexts:
        context.close()
    assert problems == []


def tab_to(page, wanted, most=60):
    """Goes on by the Tab key until an expression about the focused element `one` holds."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"(one => {wanted})(document.activeElement)"):
            return
    raise AssertionError(f"no Tab leads to {wanted}")


def fits(page, width_px):
    """Whether nothing is wider than the window, and axe has no serious complaint."""
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(AXE.read_text("utf-8"))
    return (page.evaluate("document.documentElement.scrollWidth") <= width_px, page.evaluate(RUN))


@pytest.mark.parametrize("scripts", [True, False])
def test_keep_times_are_set_by_keys_alone(browse, site, scripts):
    file = site.store.home / "retention.yaml"
    file.unlink(missing_ok=True)
    page = browse(java_script_enabled=scripts)
    page.goto("/admin/retention")
    field = page.get_by_label("Call: Recordings, in days", exact=True)
    field.focus()
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    page.wait_for_selector(".wrong")
    told = field.get_attribute("aria-describedby")
    assert page.locator(f"#{told}").inner_text() == "Whole days, 1 to 99999, or nothing"
    assert field.input_value() == "soon" and not file.exists()
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("90")
    page.keyboard.press("Tab")
    page.keyboard.type("365")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The next run removes nothing.")
    assert not file.exists()
    page.get_by_role("button", name="Keep these times").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("p.notice.fine")
    times = read_retention(file).of(Channel.CALL)
    assert (times.media, times.transcripts, times.scorecards) == (90, 365, None)
    assert entries(site.store, 1)[0].subject == "retention.yaml"
    file.unlink()


@pytest.mark.parametrize(
    ("width_px", "options"),
    [(320, {}), (320, {"locale": "fa-IR", "color_scheme": "dark"}), (320, {"locale": "it-IT"}), (1024, {})],
)
def test_the_form_of_keep_times_fits_with_its_problems(browse, width_px, options):
    page = browse(width_px, bypass_csp=True, **options)
    page.goto("/admin/retention")
    for name in ("call-media", "social-scorecards"):
        page.fill(f"[name={name}]", "۱۰۰۰۰۰" if "fa" in options.get("locale", "") else "100000")
    page.press("[name=call-media]", "Enter")
    page.wait_for_selector(".wrong")
    assert page.locator(".wrong").count() == 2
    assert fits(page, width_px) == (True, [])
    for name in ("call-media", "social-scorecards"):
        page.fill(f"[name={name}]", "9")
    page.press("[name=call-media]", "Enter")
    page.wait_for_selector("[name=looked]", state="attached")
    assert fits(page, width_px) == (True, [])


def test_an_interaction_is_held_and_freed_by_keys_alone(browse, site):
    page = browse(320)
    page.goto(f"/interactions/{site.calls[0].id}")
    page.locator("summary", has_text="Legal hold").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("case 12")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.keyboard.press("Enter")
    page.wait_for_selector("p.notice.fine")
    assert [(one.value, one.reason) for one in holds(site.store)] == [(site.calls[0].id, "case 12")]
    page.goto(f"/interactions/{site.calls[0].id}")
    page.locator("summary", has_text="Legal hold held").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").startswith("Lift hold")
    page.keyboard.press("Enter")
    page.wait_for_selector("p.notice.fine")
    assert holds(site.store) == ()


@pytest.mark.timeout(300)
def test_a_batch_is_begun_by_keys_alone_and_the_open_page_shows_when_it_is_over(browse, site):
    page = browse()
    page.goto("/batches")
    page.focus("#sources")
    assert page.input_value("#sources") == str(site.folder / "chats")
    tab_to(page, "one.value === 'chat-en'")
    page.keyboard.press("Space")
    tab_to(page, "one.textContent.trim() === 'Begin'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/batches/*?begun=1")
    page.wait_for_selector("text=· finished ·", timeout=120_000)
    assert "3 of 3 files" in page.locator("[data-text]").inner_text()
    assert page.get_by_role("button", name="Try again").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_a_batch_is_cancelled_by_keys_after_it_was_asked_once_more(browse, site, scripts):
    digest = behind.newest_version(site.store, "chat-en")
    chats = [str(site.folder / "chats")]
    number = ledger.begin(site.store, chats, [digest], Settings(), list(behind.find(chats)), True).id
    ledger.mark(site.store, number, RunState.INTERRUPTED)
    page = browse(320, java_script_enabled=scripts)
    page.goto(f"/batches/{number}")
    assert not page.get_by_role("button", name="Yes, cancel it").is_visible()
    page.locator("summary", has_text="Cancel the batch").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Yes, cancel it"
    assert ledger.run_of(site.store, number).state == RunState.INTERRUPTED
    page.keyboard.press("Enter")
    page.wait_for_selector("text=· cancelled ·")
    assert ledger.run_of(site.store, number).state == RunState.CANCELLED


@pytest.mark.parametrize(
    ("width_px", "options"),
    [(320, {}), (320, {"locale": "fa-IR", "color_scheme": "dark"}), (320, {"locale": "it-IT"}), (1024, {})],
)
def test_the_form_of_batches_fits_with_its_problems(browse, width_px, options):
    page = browse(width_px, bypass_csp=True, **options)
    page.goto("/batches")
    for source, box in (("/etc/a-folder-of-a-very-long-name-that-is-not-the-house's", True), (" ", False)):
        page.fill("#sources", source)
        page.get_by_label("chat-en", exact=True).set_checked(box)
        page.click("form.bring button")
        page.wait_for_selector("#sources-problem")
        assert fits(page, width_px) == (True, [])
    assert page.locator(".wrong").count() == 2


@pytest.mark.parametrize("scripts", [True, False])
def test_several_are_chosen_in_the_list_and_given_to_somebody_by_keys_alone(browse, site, scripts):
    with site.store.writing() as connection:
        connection.execute(t.assignment.delete())
    page = browse(java_script_enabled=scripts)
    page.goto("/interactions")
    for title in ("call 2", "call 0"):
        tab_to(page, f"one.ariaLabel === 'Choose {title}'")
        page.keyboard.press("Space")
    tab_to(page, "one.id === 'assign-to'")
    page.keyboard.type("rita")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("p.notice.fine >> text=Assigned: 2 interactions.")
    found = assigned_among(site.store, [one.id for one in site.calls])
    assert found == {site.calls[0].id: "rita", site.calls[2].id: "rita"}
    assert page.locator("tr", has_text="for rita").count() == 2


@pytest.mark.parametrize("scripts", [True, False])
def test_the_list_is_downloaded_by_keys_alone(browse, site, scripts):
    page = browse(java_script_enabled=scripts)
    page.goto("/interactions?branch=Milan")
    page.locator("summary", has_text="Export").focus()
    page.keyboard.press("Enter")
    tab_to(page, "one.id === 'format'")
    page.keyboard.type("JSON")
    page.keyboard.press("Tab")
    with page.expect_download() as coming:
        page.keyboard.press("Enter")
    assert coming.value.suggested_filename.endswith(".zip")
    with zipfile.ZipFile(coming.value.path()) as zipped:
        inside = {name: zipped.read(name).decode() for name in zipped.namelist()}
    rows = [json.loads(line) for line in inside["scorecards.jsonl"].splitlines()]
    assert {row["interaction"] for row in rows} == {one.id for one in site.calls[:2]}
    assert "Laura" not in "".join(inside.values())
    logged = entries(site.store, 1, action="export")[0]
    assert (logged.who, logged.detail) == ("ana", {"format": "json", "personal": False})


@pytest.mark.parametrize("locale", ["en-GB", "fa-IR", "it-IT"])
def test_the_forms_of_the_list_fit_on_a_small_phone(browse, locale):
    page = browse(320, bypass_csp=True, locale=locale)
    page.goto("/interactions?branch=Milan")
    for details in page.locator("details.change").all():
        details.evaluate("one => one.open = true")
    assert fits(page, 320) == (True, [])


@pytest.mark.parametrize("scripts", [True, False])
def test_a_token_is_made_and_revoked_by_keys_alone(browse, site, scripts):
    page = browse(320, java_script_enabled=scripts)
    page.goto("/admin/users")
    tab_to(page, "one.getAttribute('href') === '/admin/tokens'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/tokens")
    tab_to(page, "one.id === 'user'")
    page.keyboard.type("rita")
    page.keyboard.press("Tab")
    page.keyboard.type("nightly export")
    tab_to(page, "one.value === 'read'")
    page.keyboard.press("Space")
    tab_to(page, "one.textContent.trim() === 'Make it'")
    page.keyboard.press("Enter")
    secret = page.locator("code.secret").inner_text()
    made = bearer(site.store, secret).token
    assert (made.user, made.scopes, made.purpose) == ("rita", ("read",), "nightly export")
    assert page.url == f"{site.address}/admin/tokens"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    tab_to(page, f"one.textContent === 'Revoke token {made.number}'")
    assert not page.get_by_role("button", name="Yes, revoke it").first.is_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Yes, revoke it"
    page.keyboard.press("Enter")
    page.wait_for_selector("p.notice.fine")
    assert bearer(site.store, secret) is None
    assert page.locator("code.secret").count() == 0


@pytest.mark.parametrize(
    ("width_px", "options"),
    [(320, {}), (320, {"locale": "fa-IR", "color_scheme": "dark"}), (320, {"locale": "it-IT"}), (1024, {})],
)
def test_the_page_of_tokens_fits_with_its_problems_and_its_secret(browse, site, width_px, options):
    name = "a-very-long-name-of-a-program@a-department.northwind.example"
    if name not in user_names(site.store):
        add_user(site.store, name, PASSWORD, UserRole.REVIEWER)
        revoke_token(site.store, add_token(site.store, name, list(TokenScope), "x" * 80)[1].number)
    bearer(site.store, add_token(site.store, name, list(TokenScope), "w" * 80)[0])
    page = browse(width_px, bypass_csp=True, **options)
    page.goto("/admin/tokens")
    page.select_option("#user", name)
    page.fill("#days", "999")
    page.press("#days", "Enter")
    page.wait_for_selector("#days-problem")
    assert page.locator(".wrong").count() == 2 and page.input_value("#user") == name
    for details in page.locator("details.change").all():
        details.evaluate("one => one.open = true")
    assert fits(page, width_px) == (True, [])
    page.fill("#days", "9")
    page.check("[name=scope][value=read]")
    page.press("#days", "Enter")
    page.wait_for_selector("code.secret")
    assert fits(page, width_px) == (True, [])
