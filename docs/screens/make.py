"""Takes the pictures of the dashboard in this folder: python docs/screens/make.py [NAME …]

Needs the built scripts (`make web`), Chromium and the weights that see people. A small invented company
fills the overviews; the samples are the interactions one opens: one call is heard by the small test model of
Whisper, the video by PocketSphinx, the others are judged from their exact words. Of every page there is a
sheet with its English, Italian, Persian and dark form; `phone.webp` shows four pages in a narrow window, and
some pages are there once more in full. With names, only those sheets are made.
"""

import json
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyotp
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import insert, literal, select

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import million  # noqa: E402

from audit import tables as t  # noqa: E402
from audit.batch import ledger  # noqa: E402
from audit.calibrating import begin, say  # noqa: E402
from audit.customers import people  # noqa: E402
from audit.interactions import Role  # noqa: E402
from audit.judge import Verdict  # noqa: E402
from audit.pipeline import audit_file, find_rubric, pack_names  # noqa: E402
from audit.proposals import propose  # noqa: E402
from audit.rubric import Rubric  # noqa: E402
from audit.second_factor import new_secret, turn_on  # noqa: E402
from audit.store import Store, open_store  # noqa: E402
from audit.uploads import bring  # noqa: E402
from audit.users import UserRole, add_user  # noqa: E402
from models import whisper  # noqa: E402
from web import create_app  # noqa: E402
from web.server import open_server  # noqa: E402

TEST_MODEL = ROOT / "tests" / "weights" / "whisper-test-en"
SAMPLES = ROOT / "samples"
HEARD, SEEN, WRITTEN = "charged-twice", "service-desk", "chat-late-delivery"
SEEN_AT_S = 23.4
"""The step too close, in the middle."""
COUNTER = ((0.05, 0.4), (0.52, 0.38), (0.5, 0.82), (0.06, 0.72))
"""Corners of a zone drawn on the counter, as shares of the picture."""
INTERACTIONS, WORDS = 3000, 60
WIDE_PX, HIGH_PX, NARROW_PX = 1440, 900, 390
SHEET = 2 / 3
"""A page on its sheet, of its own size."""
QUALITY = 82
"""Of WebP: letters stay sharp."""
FORMS = (("en", "light"), ("it", "light"), ("fa", "light"), ("en", "dark"))

SHEETS = {
    "overview": "/",
    "interactions": "/interactions?rubric=voice-en&from=60",
    "call": "/interactions/CALL",
    "video": "/interactions/VIDEO?rubric=counter-en",
    "chat": "/interactions/CHAT",
    "employees": "/employees",
    "employee": "/employees/Agent%2003",
    "own-page": "/employees/Agent%2003",
    "customers": "/customers",
    "journey": "/customers/CUSTOMER",
    "standards": "/standards",
    "standard": "/standards/voice-en/house-greeting",
    "proposals": "/proposals/voice-en",
    "calibrations": "/calibrations",
    "calibration": "/calibrations/BLIND",
    "calibrated": "/calibrations/CLOSED",
    "batches": "/batches",
    "batch": "/batches/RUN",
    "upload": "/upload",
    "uploaded": "/uploads/UPLOAD",
    "account": "/account",
    "second-factor": "/account/second-factor",
    "joining": "/customers/CUSTOMER/join?other=C-0",
    "users": "/admin/users",
    "tokens": "/admin/tokens",
    "cameras": "/admin/cameras",
    "camera": "/admin/cameras/desk",
    "retention": "/admin/retention",
    "erase": "/admin/erase?kind=interaction&value=CALL",
    "log": "/admin/log",
    "interface": "/api/v1/",
    "login": "/login",
    "code": "/login/code",
    "first": "/#first",
    "refused": "/admin/users#agent",
}
WHO = {"login": "", "code": "tom", "first": "new", "own-page": "mia", "refused": "mia"}
"""Who opens a page, where that is not Ana, who may do everything: nobody, Tom whose code is awaited, Ana of
an installation in which nothing is, and Mia, an agent."""
FULL = {"overview": 0, "interactions": 0, "call": 0, "video": 0, "camera": 0}
"""Pages that are there in full, too, in this form of theirs."""
AGAIN = (
    ("2026-03-02T09:00:00+00:00", "agent", "Sara", "Good morning, I am Sara. What is your order number?"),
    ("2026-03-02T09:01:00+00:00", "customer", "Laura Keller", "It is 4711. The blender has not arrived."),
    ("2026-03-02T09:03:00+00:00", "agent", "Sara", "I am sorry about that. It will be there on Tuesday."),
    ("2026-03-04T09:00:00+00:00", "agent", "Tom", "Hello, this is Tom. What is your order number?"),
    (
        "2026-03-04T09:02:00+00:00",
        "customer",
        "Laura Keller",
        "I told you before, it is 4711. It has not arrived.",
    ),
    ("2026-03-04T09:03:00+00:00", "agent", "Tom", "Let me look into it, I will find out where it is."),
)
"""Two chats of one customer: when, who, their name, what they wrote."""
MIA = "Agent 03"
PROPOSED = "Let us say our own name first: who calls twice a day knows the house by now."
DIFFERS = "She says it to herself, not to the caller."
ON_PHONE = ("overview", "interactions", "call", "standards")


class Company(million.Invented):
    """A small company in whose last quarter every fourth interaction went worse."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, INTERACTIONS, WORDS)
        self.agents = [f"Agent {n:02}" for n in range(20)]
        self.branches = ["Milan", "Rome", "Bari", "Turin"]

    def _card(self, card: Any, identity: str, missed: Any, untold: Any, began: Any) -> dict[str, Any]:
        row = super()._card(card, identity, missed, untold, began)
        if began > million.NEWEST - timedelta(weeks=12) and int(identity[0], 16) % 4 == 0:
            row["score"] = row["standing_score"] = max(0.0, row["score"] - 9)
        return row


def keep_journey(store: Store, folder: Path) -> int:
    """Audits the two chats of one customer; gives her number."""
    for day in ("2026-03-02", "2026-03-04"):
        written = [
            {"at": at, "from": role, "name": name, "text": words}
            for at, role, name, words in AGAIN
            if at.startswith(day)
        ]
        chat = folder / f"{day}.jsonl"
        chat.write_text("\n".join(map(json.dumps, written)), "utf-8")
        facts = f"title: The blender\nagent: {written[0]['name']}\ncustomer: C-4711\nlanguage: en\n"
        chat.with_suffix(".meta.yaml").write_text(facts, "utf-8")
        audit_file(chat, [find_rubric("chat-en")], store)
    [customer] = people(store, Role.CUSTOMER, "C-4711", 1)
    return customer.number


def calibrate(store: Store, interaction: str) -> tuple[int, int]:
    """A calibration that is closed, in which Rita saw two standards otherwise, and one that Ana is in."""
    [card] = [one for one in store.scorecards(interaction) if one.rubric == "voice-en"]
    closed = begin(store, card, ["ana", "rita"], "ana", "ana")
    for n, finding in enumerate(card.findings):
        say(store, closed, finding.standard, finding.verdict, "ana")
        otherwise = Verdict.MISSED if finding.verdict == Verdict.MET else Verdict.MET
        said = otherwise if n in (2, 7) else finding.verdict
        say(store, closed, finding.standard, said, "rita", DIFFERS if n == 2 else "")
    blind = begin(store, card, ["ana", "rita"], "rita")
    for finding in card.findings[:3]:
        say(store, blind, finding.standard, finding.verdict, "ana")
    return blind, closed


def release_to_mia(store: Store) -> None:
    card, facts = t.scorecard.c, t.interaction.c
    hers = select(
        card.interaction_id, card.rubric_name, card.rubric_digest, literal("ana"), literal(datetime.now(UTC))
    )
    hers = hers.join(t.interaction, facts.id == card.interaction_id).where(facts.agent == MIA, card.current)
    given = ["interaction_id", "rubric_name", "rubric_digest", "released_by", "at"]
    with store.writing() as connection:
        connection.execute(insert(t.release).from_select(given, hers))


def fill(store: Store, password: str, folder: Path) -> dict[str, str]:
    """Fills the installation; gives what stands for the names in the addresses of SHEETS."""
    Company(store).fill()
    # The test model was trained on a few sentences at a time, and never with a prompt.
    whisper.PACKED_S, Rubric.names = 7.0, ()  # type: ignore[assignment,misc]
    rubrics = [find_rubric(name) for name in pack_names()]
    known = {}
    for path in sorted([*SAMPLES.glob("*.vtt"), *SAMPLES.glob("*.jsonl")]):
        if path.stem not in (HEARD, SEEN):
            known[path.stem] = audit_file(path, rubrics, store).interaction.id
    heard = audit_file(SAMPLES / f"{HEARD}.opus", rubrics, store, "whisper", str(TEST_MODEL))
    seen = audit_file(SAMPLES / f"{SEEN}.mp4", rubrics, store, "pocketsphinx")
    customer = keep_journey(store, folder)
    run = ledger.begin(
        store,
        ["/recordings/2026-11-01"],
        [rubrics[0].digest],
        ledger.Settings(),
        [ledger.Found(f"/recordings/2026-11-01/{n}.opus", 4_000_000 + n, f"{n:02}" * 32) for n in range(12)],
    )
    with (SAMPLES / f"{WRITTEN}.jsonl").open("rb") as file:
        brought, _ = bring(store, "ana", f"{WRITTEN}.jsonl", file, ["chat-en"])
    add_user(store, "ana", password, UserRole.ADMIN)
    add_user(store, "mia", password, UserRole.AGENT, employee=MIA)
    release_to_mia(store)
    add_user(store, "tom", password)
    add_user(store, "rita", password)
    propose(store, "voice-en", "change", PROPOSED, "mia", "house-greeting")
    blind, closed = calibrate(store, heard.interaction.id)
    secret = new_secret()
    turn_on(store, "tom", secret, pyotp.TOTP(secret).now())
    return {
        "CALL": heard.interaction.id,
        "VIDEO": seen.interaction.id,
        "CHAT": known[WRITTEN],
        "CUSTOMER": str(customer),
        "RUN": str(run.id),
        "BLIND": str(blind),
        "CLOSED": str(closed),
        "UPLOAD": brought.id,
    }


@contextmanager
def served(store: Store) -> Iterator[str]:
    """The address of a dashboard that runs meanwhile."""
    server = open_server(create_app(store), "127.0.0.1", 0)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"  # type: ignore[union-attr]
    finally:
        server.close()


class Camera:
    """Takes pictures of a filled and of an empty dashboard, each time logged in as who opens the page."""

    def __init__(
        self, browser: Browser, filled: str, empty: str, password: str, known: dict[str, str]
    ) -> None:
        self.browser, self.filled, self.empty, self.password, self.known = (
            browser,
            filled,
            empty,
            password,
            known,
        )
        self.entered: dict[str, Any] = {}

    def _context(self, who: str, language: str, scheme: str, width_px: int) -> BrowserContext:
        return self.browser.new_context(
            storage_state=self._enter(who) if who else None,
            viewport={"width": width_px, "height": HIGH_PX},
            locale=language,
            color_scheme=scheme,  # type: ignore[arg-type]
        )

    def _enter(self, who: str) -> Any:
        if who not in self.entered:
            context = self.browser.new_context()
            page = context.new_page()
            page.goto(f"{self._site(who)}/login")
            page.fill("#name", "ana" if who == "new" else who)
            page.fill("#password", self.password)
            page.click("main button")
            page.wait_for_load_state("networkidle")
            self.entered[who] = context.storage_state()
            context.close()
        return self.entered[who]

    def _site(self, who: str) -> str:
        return self.empty if who == "new" else self.filled

    def take(self, name: str, language: str, scheme: str, width_px: int = WIDE_PX) -> np.ndarray:
        """A page as it is seen first, BGR."""
        who = WHO.get(name, "ana")
        context = self._context(who, language, scheme, width_px)
        page = context.new_page()
        address = SHEETS[name]
        for key, value in self.known.items():
            address = address.replace(key, value)
        page.goto(self._site(who) + address)
        page.wait_for_load_state("networkidle")
        prepare(page, name)
        png = page.screenshot()
        context.close()
        return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)

    def draw_zone(self) -> None:
        """Draws the counter on the picture of a camera."""
        context = self._context("ana", "en", "light", WIDE_PX)
        page = context.new_page()
        page.goto(f"{self.filled}/admin/cameras")
        page.fill("main [name=name]", "desk")
        page.click("main .primary")
        canvas = page.locator("[data-canvas]")
        for x, y in COUNTER:
            box = canvas.bounding_box() or {"width": 0, "height": 0}
            canvas.click(position={"x": x * box["width"], "y": y * box["height"]})
        page.click("main button.primary")
        page.wait_for_load_state("networkidle")
        context.close()


def prepare(page: Page, name: str) -> None:
    """Brings a page of an interaction to the moment that its picture shows."""
    if name == "call":
        page.wait_for_selector("#waveform >> css=canvas", state="attached")
        page.keyboard.press("j")
        page.wait_for_timeout(800)
    if name == "video":
        page.wait_for_selector("#waveform >> css=canvas", state="attached")
        page.evaluate("at => { document.getElementById('media').currentTime = at }", SEEN_AT_S)
        page.evaluate("document.getElementById('finding-no-crowding').scrollIntoView({block: 'center'})")
        page.wait_for_timeout(1500)


def keep(picture: np.ndarray, name: str) -> None:
    path = HERE / f"{name}.webp"
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_WEBP_QUALITY, QUALITY]):
        raise SystemExit(f"{path.name}: cannot be written")
    sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KiB\n")


def smaller(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, None, fx=SHEET, fy=SHEET, interpolation=cv2.INTER_AREA)


def sheet(camera: Camera, name: str) -> None:
    """A page in its four forms, two beside two."""
    taken = [camera.take(name, *form) for form in FORMS]
    if name in FULL:
        keep(taken[FULL[name]], name)
    small = [smaller(one) for one in taken]
    keep(np.vstack([np.hstack(small[:2]), np.hstack(small[2:])]), f"sheets/{name}")


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    (HERE / "sheets").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        password = secrets.token_urlsafe(16)
        full, bare = open_store(Path(folder, "full")), open_store(Path(folder, "bare"))
        known = fill(full, password, Path(folder))
        add_user(bare, "ana", password, UserRole.ADMIN)
        with served(full) as filled, served(bare) as empty:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            camera = Camera(browser, filled, empty, password, known)
            camera.draw_zone()
            for name in sys.argv[1:] or SHEETS:
                sheet(camera, name)
            if not sys.argv[1:]:
                narrow = [
                    camera.take(name, *form, NARROW_PX) for name, form in zip(ON_PHONE, FORMS, strict=True)
                ]
                keep(np.hstack(narrow), "phone")
            browser.close()


if __name__ == "__main__":
    main()
