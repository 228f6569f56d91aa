"""A proposal half written is kept by the browser until it is sent, and its decision, in a real browser."""

import pytest

from audit.proposals import proposals, propose
from audit.scope import UserRole
from tests.serving import enter, served
from tests.test_browser_forms import pytestmark  # noqa: F401
from tests.test_proposals import fill
from tests.test_web import PASSWORD
from web import create_app


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proposals")
    return fill(folder / "home", folder, roles=(UserRole.ADMIN, UserRole.AGENT))


def test_what_is_typed_outlives_a_reload_and_not_its_sending(chromium, store):
    with served(create_app(store)) as site:
        page = chromium.new_context(base_url=site).new_page()
        problems = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto("/login")
        page.fill("#name", "admin")
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.goto("/standards/house/greets")
        area = page.locator('[data-draft="proposal house greets"]')
        area.fill("Within 20 s")
        page.reload()
        assert area.input_value() == "Within 20 s"
        # Nothing of it stands on the page of another standard.
        page.goto("/standards/house/thanks")
        assert page.locator('[data-draft="proposal house thanks"]').input_value() == ""
        page.goto("/standards/house/greets")
        page.click("text=Propose a change >> nth=-1")
        page.wait_for_selector("text=Your proposal is kept.")
        # The address says no more that something was sent: what is typed next is kept again.
        assert page.url == f"{site}/standards/house/greets#proposal-1"
        page.click("#proposals > details > summary")
        assert area.input_value() == ""
        area.fill("And louder")
        page.click("#proposal-1 summary")
        page.locator('[data-draft="decision 1"]').fill("From March")
        page.reload()
        assert area.input_value() == "And louder"
        page.click("text=Adopt it")
        page.wait_for_selector("text=The decision is kept.")
        assert page.locator(".decision").inner_text().startswith("Adopted")
        assert area.input_value() == "And louder"
        [one] = proposals(store)
        assert (one.text, one.kind, one.decision.answer) == ("Within 20 s", "change", "From March")
        # Without a draft of its own, the page of the rubric keeps one too.
        propose(store, "house", "new", "Thanks by name", "agent")
        page.goto("/proposals/house")
        page.locator('[data-draft="proposal house "]').fill("Half a word")
        page.reload()
        assert page.locator('[data-draft="proposal house "]').input_value() == "Half a word"
        assert problems == []
        page.context.close()


def test_what_is_typed_is_shown_to_no_other_account_of_the_same_browser(chromium, store):
    with served(create_app(store)) as site:
        page = chromium.new_context(base_url=site).new_page()

        def typed_by(name):
            enter(page, "/standards/house/thanks", name, PASSWORD)
            area = page.locator('[data-draft="proposal house thanks"]')
            area.wait_for(state="attached")
            page.wait_for_load_state("load")
            return area

        area = typed_by("agent")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        area.fill("My lead speaks too fast")
        for name, shown in (("admin", ""), ("agent", "My lead speaks too fast")):
            page.click(".who button")
            page.wait_for_selector("#password")
            assert typed_by(name).input_value() == shown
        page.context.close()
