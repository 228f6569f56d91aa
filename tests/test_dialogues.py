"""Whole telephone dialogues in Italian and Persian and e-mail threads in English, through the pipeline, beside what
a careful person says of every standard."""

import json
import mailbox
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from audit.examples import Pause, Said, read_lines
from audit.interactions import Role
from audit.pipeline import audit_file, find_rubric
from audit.roles import ME, MINE, YOU, YOURS
from audit.scorecard import Scorecard
from audit.store import open_store
from audit.users import add_user
from models.language import tokens
from tests.serving import CHROMIUM, enter, served
from tests.test_packs import said
from tests.test_web import PASSWORD
from web import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DIALOGUES = Path(__file__).parent / "dialogues"

WORDS_PER_S, PAUSE_S = 2.5, 0.5
"""How fast the dialogues are spoken, and how long nobody speaks between two lines."""

UNHEARD = {"announces-hold", "voice-level", "clear-line"}
"""Told by the sound alone: a transcript leaves them open."""


class Dialogue(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    lines: str
    missed: list[str]
    no_opportunity: list[str]


def dialogues(rubric: str) -> list[Dialogue]:
    return msgspec.yaml.decode((DIALOGUES / f"{rubric}.yaml").read_bytes(), type=list[Dialogue])


SPOKEN, WRITTEN = ("voice-it", "voice-fa"), ("email-en",)
ALL = [(rubric, one) for rubric in (*SPOKEN, *WRITTEN) for one in dialogues(rubric)]
NAMES = [f"{rubric}: {one.name}" for rubric, one in ALL]
CALLS = [(rubric, one) for rubric, one in ALL if rubric in SPOKEN]


def clock(at_s: float) -> str:
    return f"{int(at_s // 3600):02}:{int(at_s // 60 % 60):02}:{at_s % 60:06.3f}"


def write_transcript(dialogue: Dialogue, language: str | None, folder: Path) -> Path:
    """The dialogue as a WebVTT file whose voices are `Agent` and `Customer`."""
    cues, at_s = ["WEBVTT"], 1.0
    for line in read_lines(dialogue.lines):
        if isinstance(line, Pause):
            at_s += line.length_s
        elif isinstance(line, Said):
            end_s = at_s + len(line.text.split()) / WORDS_PER_S
            voice = (line.role or Role.AGENT).capitalize()
            cues.append(f"{clock(at_s)} --> {clock(end_s)}\n<v {voice}>{line.text}")
            at_s = end_s + PAUSE_S
    path = folder / "dialogue.vtt"
    path.write_text("\n\n".join(cues) + "\n", "utf-8")
    if language:
        path.with_suffix(".meta.yaml").write_text(f"language: {language}\n", "utf-8")
    return path


def write_thread(dialogue: Dialogue, language: str, folder: Path) -> Path:
    """The dialogue as messages; only what is written in brackets passes between two of them."""
    messages, at = [], datetime(2026, 3, 2, 9, tzinfo=UTC)
    for line in read_lines(dialogue.lines):
        if isinstance(line, Pause):
            at += timedelta(seconds=line.length_s)
        elif isinstance(line, Said):
            messages.append({"at": at.isoformat(), "from": line.role, "text": line.text})
    path = folder / "thread.jsonl"
    path.write_text("".join(json.dumps(message) + "\n" for message in messages), "utf-8")
    path.with_suffix(".meta.yaml").write_text(f"channel: email\nlanguage: {language}\n", "utf-8")
    return path


def write_mailbox(dialogue: Dialogue, language: str, folder: Path) -> Path:
    """The dialogue as a mailbox, in which every e-mail quotes the one before it, as mail programs do."""
    box, at = mailbox.mbox(folder / "thread.mbox"), datetime(2026, 3, 2, 9, tzinfo=UTC)
    before: EmailMessage | None = None
    for line in read_lines(dialogue.lines):
        if isinstance(line, Pause):
            at += timedelta(seconds=line.length_s)
        elif isinstance(line, Said):
            mail = EmailMessage()
            mail["From"] = f"{line.role}@{'northwind' if line.role == Role.AGENT else 'home'}.example"
            mail["Subject"], mail["Date"] = "Re: A question", format_datetime(at)
            mail["Message-ID"] = f"<{len(box)}@mail.example>"
            body = re.sub(r" ((Kind|Best)? ?[Rr]egards,) ", r"\n\n\1\n", line.text)
            if before is not None:
                mail["References"] = before["Message-ID"]
                quoted = before.get_content().replace("\n", "\n> ")
                body += f"\n\nOn {before['Date']}, {before['From']} wrote:\n> {quoted}"
            mail.set_content(body)
            box.add(mail)
            before = mail
    box.close()
    facts = f'language: {language}\nroles: {{"@northwind.example": agent, "@home.example": customer}}\n'
    (folder / "thread.meta.yaml").write_text(facts, "utf-8")
    return folder / "thread.mbox"


def audited(rubric: str, dialogue: Dialogue, folder: Path) -> Scorecard:
    pack = find_rubric(rubric)
    write = write_thread if rubric in WRITTEN else write_transcript
    return audit_file(write(dialogue, pack.language, folder), [pack]).scorecards[0]


def wanted(rubric: str, dialogue: Dialogue) -> dict[str, str]:
    standards = find_rubric(rubric).standards
    verdicts = {s.id: "cannot_tell" if s.ask or s.id in UNHEARD else "met" for s in standards}
    verdicts |= dict.fromkeys(dialogue.missed, "missed")
    return verdicts | dict.fromkeys(dialogue.no_opportunity, "no_opportunity")


@pytest.mark.parametrize("rubric", [*SPOKEN, *WRITTEN])
def test_ten_dialogues_name_only_standards_of_their_pack(rubric: str) -> None:
    ids = {s.id for s in find_rubric(rubric).standards}
    assert len(dialogues(rubric)) == 10
    for one in dialogues(rubric):
        assert set(one.missed) | set(one.no_opportunity) <= ids
        assert not set(one.missed) & set(one.no_opportunity)


@pytest.mark.parametrize(("rubric", "dialogue"), ALL, ids=NAMES)
def test_a_dialogue_is_judged_as_a_person_judges_it(rubric: str, dialogue: Dialogue, tmp_path: Path) -> None:
    findings = audited(rubric, dialogue, tmp_path).findings
    right = wanted(rubric, dialogue)
    assert [
        f"{f.standard}: {f.verdict}, not {right[f.standard]} ({f.reason})"
        for f in findings
        if f.verdict != right[f.standard]
    ] == []


@pytest.mark.parametrize("dialogue", dialogues("email-en"), ids=lambda one: one.name)
def test_a_thread_in_a_mailbox_is_judged_as_a_person_judges_it(dialogue: Dialogue, tmp_path: Path) -> None:
    pack = find_rubric("email-en")
    done = audit_file(write_mailbox(dialogue, "en", tmp_path), [pack])
    right = wanted("email-en", dialogue)
    assert {f.standard: str(f.verdict) for f in done.scorecards[0].findings} == right


@pytest.mark.parametrize(("rubric", "dialogue"), CALLS, ids=NAMES[: len(CALLS)])
def test_who_is_the_agent_is_told_by_the_words_or_by_nothing(
    rubric: str, dialogue: Dialogue, tmp_path: Path
) -> None:
    pack = find_rubric(rubric)
    path = write_transcript(dialogue, pack.language, tmp_path)
    path.write_text(path.read_text("utf-8").replace("<v Agent>", "<v A>").replace("<v Customer>", "<v B>"))
    roles = dict(audit_file(path, [pack]).scorecards[0].roles.of)
    # An agent who says none of the house's formulas is nobody's agent.
    unknown = {"own-name", "offer-help", "recording-notice"} <= set(dialogue.missed) and not roles
    assert unknown or roles == {"A": Role.AGENT, "B": Role.CUSTOMER}


@pytest.mark.parametrize("words", [YOURS, MINE, YOU, ME])
def test_the_words_that_tell_roles_are_normal_forms(words: dict[str, frozenset[str]]) -> None:
    assert [w for language, some in words.items() for w in some if tokens(w, language) != (w,)] == []


def test_a_language_that_nobody_named_is_the_rubric_s(tmp_path: Path) -> None:
    path = write_transcript(dialogues("voice-it")[1], None, tmp_path)
    card = audit_file(path, [find_rubric("voice-it")]).scorecards[0]
    assert next(f for f in card.findings if f.standard == "pace").verdict == "met"


LATE = "late parcel, all done well"


@pytest.fixture(scope="module")
def persian_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the command line audited a Persian transcript."""
    folder = tmp_path_factory.mktemp("persian")
    one = next(d for d in dialogues("voice-fa") if d.name == LATE)
    path = write_transcript(one, "fa", folder)
    comport = [str(Path(sys.executable).parent / "comport"), "--home", str(folder / "home")]
    done = subprocess.run(
        [*comport, "audit", str(path), "--rubric", "voice-fa", "--json"],
        capture_output=True, text=True, timeout=110, check=True,
    )  # fmt: skip
    findings = json.loads(done.stdout)["audited"][0]["scorecards"][0]["findings"]
    assert {f["standard"]: f["verdict"] for f in findings} == wanted("voice-fa", one)
    return folder / "home"


@pytest.fixture(scope="module")
def site(persian_home: Path) -> Iterator[str]:
    store = open_store(persian_home)
    add_user(store, "ana", PASSWORD)
    with served(create_app(store)) as address:
        yield address


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the system's package 'chromium'")
def test_a_persian_call_is_shown_from_right_to_left(chromium: "Browser", site: str) -> None:
    page = chromium.new_page()
    enter(page, f"{site}/interactions", "ana", PASSWORD)
    page.click("a.row")
    page.wait_for_selector("#transcript")
    for where in ("#u0 p", "#finding-house-greeting q", "#finding-house-greeting h4"):
        shown = page.locator(where).first
        assert shown.evaluate("e => getComputedStyle(e).direction") == "rtl", where
    quote = page.locator("#finding-house-greeting q").first
    assert quote.get_attribute("lang") == page.locator("#u0 p").get_attribute("lang") == "fa"
    assert "نورث‌ویند" in (page.text_content("#u0 p") or "")
    # Of a line from right to left the first word stands furthest right, and nothing leaves the page.
    first, second = (page.locator("#u0 .w").nth(n).bounding_box() for n in (0, 1))
    assert first and second and first["x"] > second["x"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


HALF = "\u200c"
VARIANTS = {
    "voice-it": {
        "a bent apostrophe": lambda text: text.replace("'", "’"),
        "a space after an elision": lambda text: re.sub(r"(?<=\w)'(?=\w)", "' ", text),
        "capitals": str.upper,
    },
    "voice-fa": {
        "spaces for half-spaces": lambda text: text.replace(HALF, " "),
        "no half-space after the prefix of verbs": lambda text: re.sub(rf"\b(ن?می){HALF}", r"\1", text),
        "Arabic letters": lambda text: text.replace("ی", "ي").replace("ک", "ك"),
        "half-spaces before endings": lambda text: re.sub(r"(?<=[\w])(تون|تان)\b", rf"{HALF}\1", text),
    },
}
"""How else the same words are written."""


@pytest.mark.parametrize(("rubric", "how"), [(r, how) for r, ways in VARIANTS.items() for how in ways])
def test_every_phrase_is_found_however_its_words_are_written(rubric: str, how: str) -> None:
    pack = find_rubric(rubric)
    lines = {line for d in dialogues(rubric) for line in d.lines.splitlines() if ":" in line}
    for s in pack.standards:
        for text in (*s.examples.met, *s.examples.missed) if not s.keep else ():
            lines |= {
                line if ":" in line else f"agent: {line}" for line in text.splitlines() if "[" not in line
            }
    other = {
        line: ": ".join([line.split(": ", 1)[0], VARIANTS[rubric][how](line.split(": ", 1)[1])])
        for line in lines
    }
    changed = {line: variant for line, variant in other.items() if variant != line}
    assert changed
    lost = {
        line: gone for line, variant in changed.items() if (gone := said(pack, line) ^ said(pack, variant))
    }
    assert lost == {}
