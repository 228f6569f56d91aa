"""axe-core over every page in a real browser: no serious violation of WCAG 2.2 AA, in light and dark, in every language."""

from pathlib import Path

import pyotp
import pytest

from audit.batch import ledger
from audit.batch.ledger import Found, Settings
from audit.calibrating import begin, close, say
from audit.camera_files import add_camera
from audit.customers import people
from audit.interactions import Role
from audit.judge import Verdict
from audit.pipeline import audit_file, find_rubric
from audit.second_factor import new_secret, turn_on
from audit.store import open_store
from audit.uploads import bring
from audit.users import add_user
from models.camera import Zone
from tests.serving import CHROMIUM, served
from tests.test_joining import fill as propose
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


SAMPLE = Path(__file__).parent.parent / "samples" / "chat-wrong-size.jsonl"

WHO = {"/login": "nobody", "/login/code": "tom", "/#first-steps": "newcomer"}
"""Address → who opens it, where that is not Ana: nobody, somebody whose code is awaited, and Ana of a dashboard
in which nothing is."""


@pytest.fixture(scope="module")
def pages(chromium, tmp_path_factory):
    """A browser logged in to a filled dashboard: gives what axe finds at an address."""
    folder = tmp_path_factory.mktemp("accessible")
    store = open_store(folder / "home")
    add_user(store, "ana", PASSWORD)
    keep(store, *company(folder))
    call = keep_call(store, folder, stereo(folder))
    video = keep_video(store, folder)
    add_camera(store, "desk", (640, 360), [Zone("counter", ((0.0, 0.0), (90.0, 0.0), (90.0, 90.0)))])
    run = ledger.begin(store, ["/calls"], ["0" * 64], Settings(), [Found("/calls/1.wav", 10, "", "is empty")])
    chat = audit_file(SAMPLE, [find_rubric("chat-en")], store).interaction
    propose(store)
    [customer] = people(store, Role.CUSTOMER, "Laura", 1)
    with SAMPLE.open("rb") as file:
        brought, _ = bring(store, "ana", SAMPLE.name, file, ["chat-en"])
    add_user(store, "tom", PASSWORD)
    secret = new_secret()
    assert turn_on(store, "tom", secret, pyotp.TOTP(secret).now())
    [card] = store.scorecards(call.id)
    shut = begin(store, card, ["ana", "tom"], "ana", "tom")
    for standard in ("greets", "thanks"):
        say(store, shut, standard, Verdict.MET, "ana", "clear")
        say(store, shut, standard, Verdict.MISSED, "tom")
    close(store, shut, "ana")
    opened_ = begin(store, card, ["ana", "tom"], "ana")
    say(store, opened_, "greets", Verdict.CANNOT_TELL, "ana", "too quiet")
    empty = open_store(folder / "empty")
    add_user(empty, "ana", PASSWORD)
    known = {"CALL": call.id, "VIDEO": video.id, "RUN": str(run.id), "CHAT": chat.id}
    known |= {"CUSTOMER": str(customer.number), "UPLOAD": brought.id}
    known |= {"OPEN": str(opened_), "SHUT": str(shut)}
    with served(create_app(store)) as filled, served(create_app(empty)) as bare:
        opened = {}

        def enter(locale, scheme, who):
            # axe comes from outside of the policy; what it looks at stays as it is.
            context = chromium.new_context(locale=locale, color_scheme=scheme, bypass_csp=True)
            page = context.new_page()
            site = bare if who == "newcomer" else filled
            page.goto(f"{site}/login")
            if who != "nobody":
                page.fill("#name", "ana" if who == "newcomer" else who)
                page.fill("#password", PASSWORD)
                page.click("main button")
                page.wait_for_url(f"{site}/login/code" if who == "tom" else f"{site}/")
            return page, site

        def found(address, locale, scheme):
            who = WHO.get(address, "ana")
            if (locale, scheme, who) not in opened:
                opened[locale, scheme, who] = enter(locale, scheme, who)
            page, site = opened[locale, scheme, who]
            for name, value in known.items():
                address = address.replace(name, value)
            page.goto(site + address.removesuffix("#first-steps"))
            assert page.url.removeprefix(site) == address.removesuffix("#first-steps")
            for summary in page.locator("main summary").all():
                summary.click()
            # What lies under the bar of the frame at the moment is not too small.
            page.evaluate("scrollTo(0, 0)")
            page.evaluate(AXE.read_text("utf-8"))
            return page.evaluate(RUN)

        yield found
        for page, _ in opened.values():
            page.context.close()


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/interactions",
        "/interactions?search=nothing-of-this",
        "/interactions/CALL",
        "/interactions/VIDEO",
        "/interactions/CALL/calibration?rubric=house",
        "/calibrations",
        "/calibrations/OPEN",
        "/calibrations/SHUT",
        "/employees",
        "/employees/Ada",
        "/customers",
        "/customers/CUSTOMER",
        "/customers/proposals",
        "/customers/CUSTOMER/join?other=C-2001",
        "/standards",
        "/standards/house/greets",
        "/proposals/house",
        "/upload",
        "/uploads/UPLOAD",
        "/batches",
        "/batches/RUN",
        "/admin/users",
        "/admin/tokens",
        "/admin/log",
        "/admin/retention?due=1",
        "/admin/erase?kind=interaction&value=CALL",
        "/admin/cameras",
        "/admin/cameras/desk",
        "/account",
        "/account/second-factor",
        "/api/v1/",
        "/interactions/CHAT",
        "/login",
        "/login/code",
        "/#first-steps",
        "/nowhere",
    ],
)
@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("it-IT", "light"), ("fa-IR", "dark")])
def test_no_page_has_a_serious_violation(pages, address, locale, scheme):
    assert pages(address, locale, scheme) == []
