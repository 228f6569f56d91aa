"""`comport import`: everything that it is given is taken, known or rejected, and it says so."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event

from audit.arrivals import Rejected
from audit.importing import TOGETHER, WANTED, last_report, take_all
from audit.intake import arrivals
from audit.interactions import Channel
from audit.originals import original
from audit.pipeline import audit_file, find_rubric, rescore
from audit.store import open_store
from tests import build
from tests.test_vcon import CHAT, b64, vcon
from tests.test_written import TICKET, USERS

COMPORT = Path(sys.executable).parent / "comport"


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "home")


@pytest.fixture
def inbox(tmp_path):
    """Three tickets (one of only notes), a vCon with a chat, a recording with facts, a broken file."""
    folder = tmp_path / "in"
    folder.mkdir()
    notes = [c | {"public": False} for c in TICKET["comments"]]
    tickets = [TICKET, TICKET | {"id": 6}, TICKET | {"id": 7, "comments": notes}]
    (folder / "tickets.json").write_text(json.dumps({"tickets": tickets, "users": USERS}))
    (folder / "chat.vcon").write_text(json.dumps(CHAT))
    build.write_wav(folder / "call.wav", build.tone(1))
    (folder / "call.meta.yaml").write_text("agent: Sara\nbranch: Milan\nlanguage: en\n")
    (folder / "broken.jsonl").write_text(
        '{"at": "2026-03-03T09:12:00Z", "from": "customer", "text": "Hi"}\nnot\n'
    )
    return folder


def test_everything_is_accounted_for(store, inbox):
    report = take_all([inbox], store)
    assert (report.taken, report.known) == (4, 0)
    assert [(Path(r.file).name, r.line, r.reason.split(";")[0]) for r in report.rejected] == [
        ("broken.jsonl", 2, "not a message: Input data was truncated"),
        ("tickets.json", None, "ticket 7: it has only private notes"),
    ]
    assert report.lacking == {"started_at": 1, "branch": 3, "customer": 1}
    assert [(Path(c.file).name, c.channel, c.new, c.lacks) for c in report.interactions] == [
        ("call.wav", "call", True, ("started_at", "customer")),
        ("chat.vcon", "chat", True, ("branch",)),
        ("tickets.json", "email", True, ("branch",)),
        ("tickets.json", "email", True, ("branch",)),
    ]
    again = take_all([inbox], store)
    assert (again.taken, again.known, again.rejected) == (0, 4, report.rejected)
    kept = last_report(store)
    assert (kept.known, kept.rejected, kept.interactions) == (4, report.rejected, ())


def chats(folder, number):
    """A folder with this many chats, each of them another one."""
    folder.mkdir()
    for n in range(number):
        line = {"at": "2026-03-02T09:00:00+01:00", "from": "agent", "name": "Tom", "text": f"Chat number {n}"}
        (folder / f"{n:02}.jsonl").write_text(json.dumps(line))
    return folder


def test_interactions_are_written_together(store, tmp_path):
    begun = []
    event.listen(store.engine, "commit", begun.append)
    folder = chats(tmp_path / "chats", 2 * TOGETHER + 5)
    assert take_all([folder], store).taken == 2 * TOGETHER + 5
    # Two that are full, the rest, and the report.
    assert len(begun) == 4
    assert take_all([folder], store).known == 2 * TOGETHER + 5


def test_one_that_the_database_refuses_takes_no_other_with_it(store, tmp_path):
    with store.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER one_is_refused BEFORE INSERT ON transcript WHEN new.words LIKE '%number 7%' "
            "BEGIN SELECT RAISE(ABORT, 'no sevens'); END"
        )
    report = take_all([chats(tmp_path / "chats", 15)], store)
    (refused,) = report.rejected
    assert (report.taken, Path(refused.file).name, "no sevens" in refused.reason) == (14, "07.jsonl", True)
    kept = [one for one, _ in store.interactions([Channel.CHAT])]
    assert {one.id for one in kept} == {one.id for one in report.interactions}


def test_the_same_twice_in_one_import_is_taken_once(store, tmp_path):
    folder = chats(tmp_path / "chats", 3)
    (folder / "again.jsonl").write_text((folder / "01.jsonl").read_text())
    report = take_all([folder], store)
    assert (report.taken, report.known, report.rejected) == (3, 1, ())


def test_what_was_taken_is_judged_without_its_file(store, inbox):
    take_all([inbox], store)
    (inbox / "chat.vcon").unlink()
    (one,) = rescore(store, find_rubric("chat-en"))
    assert one.new
    assert one.interaction.title == "Parcel"
    # A recording that nobody has listened to is not judged as if it were silent.
    (heard,) = rescore(store, find_rubric("voice-en"))
    assert {f.standard for f in heard.card.findings if f.verdict in ("met", "missed")} == {"handle-time"}
    assert "nobody has listened or looked yet; audit the recording" in heard.card.caveats[0]


def test_an_import_after_an_audit_keeps_what_was_perceived(store, inbox):
    (inbox / "call.meta.yaml").unlink()
    rubric = find_rubric("voice-en")
    first = audit_file(inbox / "call.wav", [rubric], store, engine="pocketsphinx")
    (inbox / "call.meta.yaml").write_text("agent: Sara\n")
    assert take_all([inbox / "call.wav"], store).known == 1
    stored = store.interaction(first.interaction.id)
    assert (stored.agent, stored.language) == ("Sara", "en")
    assert store.observations(stored).activity == first.observations.activity
    assert not audit_file(inbox / "call.wav", [rubric], store, engine="pocketsphinx").new


def test_with_a_rubric_it_is_audited_at_once(store, inbox):
    report = take_all([inbox / "chat.vcon"], store, [find_rubric("chat-en")])
    assert report.taken == 1
    assert [c.rubric for c in store.scorecards(report.interactions[0].id)] == ["chat-en"]


def test_a_vcon_comes_out_as_it_went_in(store, tmp_path):
    content = build.write_wav(tmp_path / "ring.wav", build.tone(1)).read_bytes()
    body = base64.urlsafe_b64encode(content).decode().rstrip("=")
    dialog = {
        "type": "recording",
        "start": "2026-03-05T14:20:00Z",
        "parties": [0, 1],
        "encoding": "base64url",
        "body": body,
    }
    extra = {
        "attachments": [{"purpose": "ticket", "body": {"n": [1, 2.5, None, "ü", 10**15]}}],
        "x_own": {"a": [[]]},
        "extensions": ["CC"],
    }
    document = vcon(dialog | {"x_level": 0.1}, CHAT["dialog"][0], **extra)
    path = tmp_path / "a.vcon"
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    report = take_all([path], store)
    assert report.taken == 2
    for one in report.interactions:
        assert json.loads(original(store, one.id)) == document
    assert original(store, "0" * 64) is None


CARD = "4111 1111 1111 1111"
"""The test number of all Visa documentation."""


@pytest.mark.parametrize("form", ["plain", "base64url", "transcript", "signed"])
def test_card_data_is_not_kept_in_a_vcon_either(store, tmp_path, form):
    asked = {
        "type": "text",
        "start": "2026-03-05T14:20:00Z",
        "parties": [0, 1],
        "encoding": "none",
        "body": "Your card number, please?",
    }
    given = asked | {
        "start": "2026-03-05T14:21:00Z",
        "parties": [1, 0],
        "body": f"Good day.\nIt is {CARD}\nThanks",
        "mediatype": "text/plain",
    }
    document = vcon(asked, given)
    if form == "base64url":
        document["dialog"][1] |= {"encoding": "base64url", "body": b64(given["body"].encode())}
    elif form == "transcript":
        document = vcon(
            asked,
            analysis=[
                {
                    "type": "transcript",
                    "vendor": "x",
                    "dialog": 0,
                    "body": [{"speaker": "c", "message": f"it is {CARD}"}],
                }
            ],
        )
    elif form == "signed":
        document = {
            "payload": b64(json.dumps(document).encode()),
            "signatures": [{"protected": "e30", "signature": "AA"}],
        }
    path = tmp_path / "a.vcon"
    path.write_text(json.dumps(document))
    (one,) = take_all([path], store).interactions
    kept = json.loads(original(store, one.id))
    assert "signatures" not in kept
    assert kept["dialog"][0] == asked
    if form == "transcript":
        assert kept["analysis"][0]["body"][0] == {"speaker": "c", "message": "it is [card number]"}
        return
    body = kept["dialog"][1]["body"]
    text = opened(body) if form == "base64url" else body
    assert text.split() == "Good day. It is [card number] Thanks".split()


def opened(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.mark.skipif(not SHARED.exists(), reason="the samples of other systems are not here")
def test_every_sample_is_taken_or_refused_with_a_reason(store):
    samples = [p for p in (SHARED / "formats").rglob("*") if p.suffix in (".json", ".vcon", ".srt")]
    report = take_all(samples, store)
    assert report.taken + report.known + len(report.rejected) >= len(samples)
    assert sorted((Path(r.file).name, r.reason[:40]) for r in report.rejected) == [
        ("ab.vcon", "item 1: no conversation in it"),
        ("azure_stt_customer_support.json", "conversation 2b601070-f418-4684-a3f8-e58"),
        ("simple-vcon.vcon", "item 1: no conversation in it"),
        ("vcon_json_schema.json", "none of the formats that end in .json: A"),
    ]
    for one in report.interactions:
        if one.file.endswith(".vcon"):
            assert json.loads(original(store, one.id)) == json.loads(Path(one.file).read_text("utf-8"))


def run(home, *arguments):
    done = subprocess.run(
        [COMPORT, "--home", home, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    return done.returncode, done.stdout, done.stderr


def test_the_command_tells_people_and_machines(tmp_path, inbox):
    home = tmp_path / "home"
    status, said, complained = run(home, "import", inbox)
    assert status == 1
    assert said.splitlines()[0] == "4 taken, 0 known, 2 rejected"
    assert "1 has no started_at: nobody said" in said
    assert f"{inbox / 'broken.jsonl'}:2: not a message" in complained
    status, said, _ = run(home, "import", inbox, "--json")
    told = json.loads(said)
    assert (status, told["taken"], told["known"]) == (1, 0, 4)
    assert [set(r) for r in told["rejected"]] == [{"file", "line", "reason"}] * 2
    status, said, _ = run(home, "import")
    assert (status, said.splitlines()[0]) == (1, "0 taken, 4 known, 2 rejected")


def test_files_that_no_format_knows_are_named_and_what_belongs_to_others_is_not(store, inbox):
    (inbox / "letter.docx").write_bytes(b"PK")
    (inbox / "prices.csv").write_text("article,price\nlamp,12\n")
    (inbox / ".hidden").write_text("")
    (inbox / "call.truth.json").write_text("{}")
    report = take_all([inbox], store)
    assert [Path(place).name for place in report.passed] == ["letter.docx", "prices.csv"]


def test_without_paths_and_without_an_import_before_it_says_so(tmp_path):
    status, _, complained = run(tmp_path / "home", "import")
    assert status == 2
    assert "nothing was imported yet; name files or folders" in complained


def test_the_facts_that_are_missed_are_facts_of_an_interaction(store, inbox):
    (arrival,) = (a for a in arrivals(inbox / "call.wav") if not isinstance(a, Rejected))
    assert all(hasattr(arrival.interaction, fact) for fact in WANTED)
