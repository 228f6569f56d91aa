"""axe-core over every page in a real browser: no serious violation of WCAG 2.2 AA, in light and dark, also in Persian."""

import threading
from pathlib import Path

import pytest
import waitress

from audit.batch import ledger
from audit.batch.ledger import Found, Settings
from audit.store import open_store
from audit.users import add_user
from tests.test_browser import CHROMIUM, FLAGS
from tests.test_overview import company, keep
from tests.test_web import PASSWORD, keep_call, keep_video, stereo
from web import create_app

AXE = Path(__file__).parent.parent / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the system's package 'chromium'"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there: run make web"),
]

RUN = """async () => {
  const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
  return found.violations.filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")}`)
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A browser logged in to a filled dashboard: gives what axe finds at an address."""
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("accessible")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    keep(store, *company(folder))
    call = keep_call(store, folder, stereo(folder))
    video = keep_video(store, folder)
    run = ledger.begin(store, ["/calls"], ["0" * 64], Settings(), [Found("/calls/1.wav", 10, "", "is empty")])
    server = waitress.create_server(create_app(store), host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    site = f"http://127.0.0.1:{server.effective_port}"
    known = {"CALL": call.id, "VIDEO": video.id, "RUN": str(run.id)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = {}

        def found(address, locale, scheme):
            if (locale, scheme) not in opened:
                # axe comes from outside of the policy; what it looks at stays as it is.
                context = browser.new_context(locale=locale, color_scheme=scheme, bypass_csp=True)
                page = opened[locale, scheme] = context.new_page()
                page.goto(f"{site}/login")
                page.fill("#name", "ana")
                page.fill("#password", PASSWORD)
                page.click("main button")
                page.wait_for_selector(".tiles")
            page = opened[locale, scheme]
            for name, value in known.items():
                address = address.replace(name, value)
            page.goto(site + address)
            for summary in page.locator("main summary").all():
                summary.click()
            # What lies under the bar of the frame at the moment is not too small.
            page.evaluate("scrollTo(0, 0)")
            page.evaluate(AXE.read_text("utf-8"))
            return page.evaluate(RUN)

        yield found
        browser.close()
    server.close()


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/interactions",
        "/interactions?search=nothing-of-this",
        "/interactions/CALL",
        "/interactions/VIDEO",
        "/employees",
        "/employees/Ada",
        "/customers",
        "/standards",
        "/standards/house/greets",
        "/upload",
        "/batches",
        "/batches/RUN",
        "/admin/users",
        "/admin/log",
        "/account",
        "/nowhere",
    ],
)
@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("fa-IR", "dark")])
def test_no_page_has_a_serious_violation(pages, address, locale, scheme):
    assert pages(address, locale, scheme) == []
