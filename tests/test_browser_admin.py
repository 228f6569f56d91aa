"""The pages of accounts and the log in a real browser: at every width, in the dark, from right to left, by keys."""

import pyotp
import pytest

from audit.auditlog import Action, Actor, acting, record
from audit.scope import UserRole
from audit.store import open_store
from audit.users import accounts, add_user
from tests.serving import enter, served
from tests.test_browser import pytestmark  # noqa: F401
from tests.test_web import PASSWORD, keep_call, stereo
from web import create_app

LONG = "a-very-long-name-of-somebody-who-works-here@a-department.northwind.example"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """(address, store): accounts with long names, a log with long rows, a call that was released to nobody yet."""
    folder = tmp_path_factory.mktemp("admin")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    add_user(store, LONG, PASSWORD, UserRole.LEAD, team="Milan desk, second floor, evening shift")
    add_user(store, "sarah", PASSWORD, UserRole.AGENT, employee="Sarah Lind")
    keep_call(store, folder, stereo(folder))
    with acting(Actor(LONG, "browser at 2001:db8:85a3:8d3:1319:8a2e:370:7348")):
        for _ in range(3):
            record(store, Action.VIEW, "f" * 64, note="x" * 300)
    with served(create_app(store)) as address:
        yield address, store


@pytest.fixture
def browse(chromium, site):
    """Opens a window, logged in; fails the test on any error in its console."""
    contexts, problems = [], []

    def window(width_px=1440, name="ana", **options):
        context = chromium.new_context(viewport={"width": width_px, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: problems.append(m.text) if m.type in ("error", "warning") else None)
        enter(page, f"{site[0]}/login", name, PASSWORD)
        page.wait_for_selector("header.top")
        return page

    yield window
    for context in contexts:
        context.close()
    assert problems == []


PAGES = ("/admin/users", "/admin/tokens", "/admin/log", "/account", "/account/second-factor")


@pytest.mark.parametrize(
    ("width_px", "options"),
    [(1440, {}), (390, {"color_scheme": "dark"}), (390, {"locale": "fa"}), (1024, {"locale": "it"})],
)
def test_no_page_is_wider_than_the_window_and_each_control_has_a_name(browse, site, width_px, options):
    page = browse(width_px, **options)
    for path in PAGES:
        page.goto(site[0] + path)
        for details in page.query_selector_all("details.change"):
            details.evaluate("one => one.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width_px, path
        assert page.evaluate("document.documentElement.dir") == (
            "rtl" if options.get("locale") == "fa" else "ltr"
        )
        unnamed = page.evaluate(
            """[...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, summary")]
            .filter(one => !(one.labels?.length || one.textContent.trim() || one.ariaLabel))
            .map(one => one.outerHTML)"""
        )
        assert unnamed == [], path
        assert len(page.query_selector_all("h1")) == 1, path


def test_a_role_is_given_by_keys_alone(browse, site):
    page = browse()
    page.goto(f"{site[0]}/admin/users")
    page.locator("summary", has_text="sarah").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "role"
    page.keyboard.type("Rev")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "role"
    page.keyboard.press("Enter")
    page.wait_for_selector("p.notice")
    assert {one.name: one.role for one in accounts(site[1])}["sarah"] == "reviewer"


def test_the_log_is_narrowed_and_verified_by_keys_alone(browse, site):
    page = browse()
    page.goto(f"{site[0]}/admin/log")
    page.focus("#who")
    page.keyboard.type(LONG)
    page.keyboard.press("Enter")
    page.wait_for_url("**who=**")
    assert page.locator("table.log tbody tr").count() == 3
    page.get_by_role("button", name="Verify the whole log").focus()
    page.keyboard.press("Enter")
    assert "nothing was changed" in page.locator("p.notice").inner_text()


def test_a_second_factor_is_turned_on_and_asked_for(browse, site):
    add_user(site[1], "vera", PASSWORD, UserRole.REVIEWER)
    page = browse(name="vera")
    page.goto(f"{site[0]}/account")
    page.get_by_role("link", name="Turn it on").click()
    box = page.locator(".qr svg").bounding_box()
    assert box["width"] == pytest.approx(box["height"]) and box["width"] > 150
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.fill("#code", pyotp.TOTP(secret).now())
    page.press("#code", "Enter")
    recovery = page.locator(".codes code").first.inner_text()
    page.get_by_role("link", name="I have written them down").click()
    page.get_by_role("button", name="Log out").click()
    page.fill("#name", "vera")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("#code")
    page.fill("#code", recovery)
    page.press("#code", "Enter")
    page.wait_for_selector("header.top")
