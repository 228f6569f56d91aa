"""What leaves: rows, lines of JSON and vCons, with nothing lost but what had to be removed, which is listed."""

import base64
import csv
import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from audit.arrivals import Rejected
from audit.cli import cli
from audit.intake import arrivals
from audit.interactions import Channel, Interaction, Party, Role
from audit.leaving import ExportUnsaved, write_export
from audit.leaving.rows import FINDINGS, SCORECARDS, TABLES
from audit.leaving.tables import cell
from audit.pipeline import audit_arrival, audit_file, find_rubric
from audit.redaction import clean
from audit.reviews import Verdict, keep_review
from audit.scorecard import make_scorecard
from audit.searching import Wanted
from audit.store import open_store
from bench.round_trip import lost
from models.frames import Frames
from models.media import decode, probe
from models.observations import Observed, Provenance, gather
from tests import build
from tests.test_pictures import SIZE_PX, person, rough
from tests.test_vcon import CHAT, b64, text, vcon

CARD = "4111 1111 1111 1111"
ROOT = Path(__file__).parent.parent

# What the IETF's schema of the unsigned form asks for, as far as our documents can break it.
BODY = {"encoding": {"enum": ["base64url", "json", "none"]}, "url": {"type": "string"}}
INDEX = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "array", "items": {"type": "integer"}}]}
VCON = {
    "type": "object",
    "required": ["uuid", "created_at"],
    "properties": {
        "vcon": {"const": "0.4.0"},
        "redacted": {"type": "object", "required": ["type"]},
        "parties": {"type": "array", "items": {"type": "object"}},
        "dialog": {
            "type": "array",
            "items": {
                "required": ["type", "start"],
                "properties": {
                    **BODY,
                    "type": {"enum": ["recording", "text", "transfer", "incomplete", "recording-set"]},
                    "duration": {"type": "number", "minimum": 0},
                },
            },
        },
        "analysis": {
            "type": "array",
            "items": {
                "required": ["type", "vendor"],
                "properties": {**BODY, "dialog": INDEX, "schema": {"type": "string"}},
            },
        },
        "attachments": {"type": "array", "items": {"required": ["start", "party", "dialog"]}},
    },
}


@pytest.fixture
def store(tmp_path, database):
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


@pytest.fixture
def chat(store, tmp_path):
    """A judged chat whose customer gives everything away."""
    rows = [
        ("agent", "Tom Baker", "Hello Laura, I am Tom. How can I help you?"),
        ("customer", "Laura Brown", "=cmd|calc my jacket is wrong, write to laura@example.org please"),
        ("agent", "Tom Baker", "I am sorry, Mrs Brown. What can I do for you?"),
    ]
    lines = [
        {"at": f"2026-03-02T09:0{i}:00+01:00", "from": who, "name": name, "text": said}
        for i, (who, name, said) in enumerate(rows)
    ]
    path = tmp_path / "Laura Brown is angry.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return audit_file(path, [find_rubric("chat-en")], store)


def exported(store, folder, form, **more):
    done = write_export(store, folder, form, Wanted(), **more)
    assert done.left_out == ()
    return done


def vcons(done):
    return [json.loads(Path(file).read_text("utf-8")) for file in done.files]


def test_rows_of_csv_and_parquet_are_the_same_and_have_no_customer_in_them(store, chat, tmp_path):
    (card,) = chat.scorecards
    keep_review(store, card, "right-answer", Verdict.MET, "ana", "Laura said so")
    exported(store, tmp_path / "csv", "csv")
    exported(store, tmp_path / "parquet", "parquet")
    for name, columns in TABLES.items():
        with (tmp_path / "csv" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            plain = list(csv.DictReader(file))
        typed = pq.read_table(tmp_path / "parquet" / f"{name}.parquet").to_pylist()
        assert list(plain[0]) == [column.name for column in columns] == list(typed[0])
        assert [[cell(value) for value in row.values()] for row in typed] == [list(r.values()) for r in plain]
        told = json.dumps([plain, str(typed)])
        assert "Laura" not in told and "laura@" not in told and "Brown" not in told
    (row,) = pq.read_table(tmp_path / "parquet" / "scorecards.parquet").to_pylist()
    assert row["title"] == "[name] [name] is angry"
    assert (row["agent"], row["customer"], row["reviewed"]) == ("Tom Baker", None, 1)
    assert row["score"] == store.rows()[0].score and row["machine_score"] == card.score.score
    assert row["started_at"].isoformat() == "2026-03-02T08:00:00+00:00"
    findings = pq.read_table(tmp_path / "parquet" / "findings.parquet").to_pylist()
    assert [f["standard"] for f in findings] == [f.standard for f in card.findings]
    assert next(f for f in findings if f["standard"] == "right-answer")["verdict"] == "met"


def test_with_personal_data_everything_is_given_but_card_data(store, chat, tmp_path):
    exported(store, tmp_path / "out", "json", personal=True)
    (line,) = (tmp_path / "out" / "scorecards.jsonl").read_text("utf-8").splitlines()
    told = json.loads(line)
    assert told["customer"] == "Laura Brown" and told["title"] == "Laura Brown is angry"
    exported(store, tmp_path / "without", "json")
    (line,) = (tmp_path / "without" / "scorecards.jsonl").read_text("utf-8").splitlines()
    assert "Laura" not in line and json.loads(line)["schema"] == "comport.scorecard/1"
    assert told.keys() == json.loads(line).keys()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+39 02", "'+39 02"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("a=b", "a=b"),
        (-2.5, "-2.5"),
        (None, ""),
        (["=a", "b"], "'=a; b"),
        ("سلام", "سلام"),
    ],
)
def test_no_cell_is_a_formula(value, shown):
    assert cell(value) == shown


@pytest.mark.parametrize(
    ("text_", "cleaned", "kinds"),
    [
        ("I am  Laura\nBrown's sister", "I am  [name]\n[name] sister", ("name", "name")),
        (f"card {CARD} thanks", "card [card number] thanks", ("card number",)),
        ("write to laura@example.org, please", "write to [email] please", ("email",)),
        ("call +39 02 5550 1234 now", "call [phone] now", ("phone",)),
        ("nothing here", "nothing here", ()),
        ("", "", ()),
    ],
)
def test_a_text_is_cleaned_where_it_stands(text_, cleaned, kinds):
    assert clean(text_, "en", frozenset({"laura", "brown"})) == (cleaned, kinds)


def test_the_manual_names_every_column_with_its_type():
    manual = (ROOT / "docs" / "export.md").read_text("utf-8").partition("## JSON")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+)", manual, re.MULTILINE))
    wanted = {column.name: column.kind for column in (*SCORECARDS, *FINDINGS)}
    assert rows == wanted


# -- vCons -------------------------------------------------------------------------------------------------


def ring(tmp_path):
    path = build.write_wav(tmp_path / "ring.wav", build.tone(1, 8000), build.tone(1, 8000, 600), rate_hz=8000)
    return path.read_bytes()


RICH = {
    "vcon": "0.0.1",
    "subject": "A jacket",
    "extensions": ["CC"],
    "x_own": {"a": [[1, 2.5, None, True, "ü"]]},
    "attachments": [{"type": "tags", "encoding": "json", "body": ["priority:high"]}],
    "analysis": [
        {"type": "summary", "dialog": 0, "vendor": "Other", "encoding": "none", "body": "All well."}
    ],
}


def audit_all(path, store):
    """Audits all conversations of a file; a dialog in which nobody spoke is none."""
    for arrival in arrivals(path):
        if not isinstance(arrival, Rejected):
            audit_arrival(arrival, [find_rubric("chat-en"), find_rubric("voice-en")], store, "pocketsphinx")


def taken(store, tmp_path, document):
    path = tmp_path / "a.vcon"
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    audit_all(path, store)
    return document


def test_a_vcon_comes_back_with_nothing_lost(store, tmp_path):
    sound = {"type": "recording", "start": "2026-03-05T14:20:00Z", "parties": [0, 1], "encoding": "base64url",
             "mimetype": "audio/x-wav", "x_level": 0.1, "body": b64(ring(tmp_path))}  # fmt: skip
    before = taken(store, tmp_path, vcon(*CHAT["dialog"], **RICH))
    taken(store, tmp_path, vcon(sound, **RICH) | {"uuid": "0191"})
    done = exported(store, tmp_path / "out", "vcon", personal=True)
    assert len(done.files) == 2 and done.removed == {}
    for after in vcons(done):
        jsonschema.validate(after, VCON)
        given = before if after["uuid"] == "0190" else vcon(sound, **RICH)
        assert set(lost(given, after)) <= {"vcon", "uuid"}
        ours = [a for a in after["analysis"] if a["vendor"] == "Comport"]
        assert {a["schema"] for a in ours} >= {"comport.scorecard/1", "comport.export/1"}
        (card,) = [a["body"] for a in ours if a["schema"] == "comport.scorecard/1"]
        assert card["findings"] and card["rubric"] in ("chat-en", "voice-en")
    # The same goes in again as the same, and out again with our words once.
    again = open_store(tmp_path / "again")
    for file in done.files:
        audit_all(Path(file), again)
    assert {r.interaction.id for r in again.rows()} == {r.interaction.id for r in store.rows()}
    scores = {(r.interaction.id, r.rubric): r.score for r in store.rows()}
    assert {(r.interaction.id, r.rubric): r.score for r in again.rows()} == scores
    for other in vcons(exported(again, tmp_path / "out2", "vcon", personal=True)):
        same = next(v for v in vcons(done) if v["uuid"] == other["uuid"])
        assert len(other["analysis"]) == len(same["analysis"])


def body_of(where):
    """The place of a body, whether something in it or beside it is meant."""
    beside = r"\.(body|encoding|mediatype|content_hash|url)\b.*"
    return re.sub(beside, ".body", where)


def test_what_a_vcon_loses_without_personal_data_is_listed(store, tmp_path):
    document = vcon(
        text("2026-03-05T14:20:00Z", 1, "I am Laura Brown, write to laura@example.org"),
        text("2026-03-05T14:21:00Z", 0, "Thank you Laura, I am Sara. How can I help you?"),
        text("2026-03-05T14:22:00Z", 1, "<p>It is <b>Laura</b></p>", mediatype="text/html"),
        {"type": "incomplete", "start": "2026-03-05T14:23:00Z", "disposition": "no-answer", "parties": [0],
         "party_history": [{"party": 1, "time": "2026-03-05T14:23:00Z", "event": "keydown", "button": "4"},
                           {"party": 1, "time": "2026-03-05T14:23:01Z", "event": "drop"}]},
        **RICH
        | {
            "subject": "Laura Brown",
            "attachments": [
                {"body": b64(b"\x89PNG\xff\xfe"), "encoding": "base64url", "mediatype": "image/png"},
                {"body": b64(b"for laura@example.org"), "encoding": "base64url", "filename": "laura.txt"},
                {"url": "https://example.org/laura.pdf", "content_hash": "sha512-xx"},
                {"body": '{"customer": {"tel": "+39 06 6982 1234"}}', "encoding": "json"},
            ],
        },
    )  # fmt: skip
    taken(store, tmp_path, document)
    done = exported(store, tmp_path / "out", "vcon")
    (after,) = vcons(done)
    jsonschema.validate(after, VCON)
    told = json.dumps(after)
    for secret in ("Laura", "Brown", "laura", "6982", "https://example.org", "keydown", b64(b"\x89PNG")):
        assert secret not in told
    assert after["parties"][0] == document["parties"][0]
    assert after["parties"][1] == {"meta": {"role": "customer"}}
    assert after["redacted"] == {"uuid": "0190", "type": "personal data and card data"}
    assert [d.get("body") for d in after["dialog"]] == [
        "I am [name] [name] write to [email]", "Thank you [name] I am Sara. How can I help you?", "It is [name]", None,
    ]  # fmt: skip
    (report,) = [a["body"] for a in after["analysis"] if a.get("schema") == "comport.export/1"]
    listed = {one["where"] for one in report["removed"]}
    changed = {w for w in lost(document, after) if w not in ("vcon", "uuid")}
    # With a body goes what is said of it: its encoding, its hash.
    assert {body_of(where) for where in changed} <= {body_of(where) for where in listed}
    assert {"parties[1].name", "parties[1].mailto", "subject", "dialog[0].body", "dialog[2].body",
            "dialog[3].party_history", "attachments[0].body", "attachments[1].body", "attachments[1].filename",
            "attachments[2].url", "attachments[3].body.customer.tel"} <= listed  # fmt: skip


def keep_call(store, tmp_path, lines, **facts):
    """A judged call with these words, as a recogniser would have heard them."""
    path = tmp_path / "call.wav"
    rng = np.random.default_rng(0)
    build.write_wav(path, rng.uniform(-0.5, 0.5, 160000), rng.uniform(-0.5, 0.5, 160000))
    recording = probe(path)
    said = tuple(build.utterance(*one) for one in lines)
    answers = [Observed(recording.id, Provenance("utterances", "engine", "1", "", ()), utterances=said)]
    roles = (("channel-0", Role.AGENT), ("channel-1", Role.CUSTOMER))
    one = Interaction(recording.id, Channel.CALL, "a call", str(path), recording.id, roles=roles, **facts)
    observed = gather(recording, answers, ())
    store.keep(one, observed, answers)
    rubric = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    store.keep_rubric(rubric)
    store.keep_scorecard(make_scorecard(one, store.observations(one), rubric))
    return one


def test_a_call_of_another_form_leaves_as_a_vcon_that_is_silent_where_it_must_be(store, tmp_path):
    lines = [
        ("channel-0", 0.2, "good morning my name is Tom"),
        ("channel-1", 4.0, f"it is {CARD}"),
        ("channel-0", 8.0, "thank you Laura"),
    ]
    parties = (Party(Role.AGENT, "Tom Baker"), Party(Role.CUSTOMER, "Laura Brown", email="laura@example.org"))
    started = {"started_at": "2026-03-05T14:20:00+01:00"}
    keep_call(store, tmp_path, lines, customer="Laura Brown", agent="Tom Baker", parties=parties, **started)
    for personal in (False, True):
        folder = tmp_path / f"out-{personal}"
        (after,) = vcons(exported(store, folder, "vcon", personal=personal))
        jsonschema.validate(after, VCON)
        (dialog,) = after["dialog"]
        assert (dialog["type"], dialog["start"], dialog["mediatype"]) == (
            "recording", "2026-03-05T13:20:00+00:00", "audio/flac",
        )  # fmt: skip
        (folder / "a.flac").write_bytes(base64.urlsafe_b64decode(dialog["body"] + "=="))
        sound = decode(folder / "a.flac").sound
        assert not sound.read(4.8, 6.4).any() and sound.read(1.0, 3.0).any()
        assert sound.read(8.8, 9.2).any() == personal
        told = json.dumps({k: v for k, v in after.items() if k != "dialog"})
        assert ("Laura" in told, "4111" in told) == (personal, False)
        (words,) = [a["body"] for a in after["analysis"] if a["type"] == "transcript"]
        assert words["segments"][1]["text"] == "it is [card number]"
    (after,) = vcons(exported(store, tmp_path / "quiet", "vcon", media=False))
    assert "body" not in after["dialog"][0]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("known", [True, False])
def test_a_video_leaves_with_customers_faces_blurred_and_all_where_nobody_knows_them(store, tmp_path, known):
    picture = np.random.default_rng(0).integers(0, 255, (*SIZE_PX[::-1], 3), np.uint8)
    path = build.write_video(tmp_path / "a.mp4", [picture] * 8)
    recording = probe(path)
    seen = build.people([person(0, 50), person(1, 400)], SIZE_PX)
    answers = [Observed(recording.id, Provenance("people", "detector", "1", "", ()), people=seen)]
    roles = (("person-0", Role.AGENT), ("person-1", Role.CUSTOMER)) if known else ()
    started = {"started_at": "2026-03-05T14:20:00+01:00", "roles": roles}
    one = Interaction(recording.id, Channel.IN_PERSON, "a visit", str(path), recording.id, **started)
    store.keep(one, gather(recording, answers, ()), answers)
    rubric = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    store.keep_rubric(rubric)
    store.keep_scorecard(make_scorecard(one, store.observations(one), rubric))
    (after,) = vcons(exported(store, tmp_path / "out", "vcon"))
    (dialog,) = after["dialog"]
    assert dialog["mediatype"] == "video/mp4"
    (tmp_path / "b.mp4").write_bytes(base64.urlsafe_b64decode(dialog["body"] + "=="))
    for frame in Frames(tmp_path / "b.mp4", 5.0):
        agent, customer = (rough(frame.picture, box) for box in ((85, 25, 115, 60), (435, 25, 465, 60)))
        sharp = rough(picture, (435, 25, 465, 60))
        assert customer < sharp / 4 and (agent > sharp / 2) == known
    (report,) = [a["body"] for a in after["analysis"] if a["schema"] == "comport.export/1"]
    assert [r["kind"] for r in report["removed"]] == ["face, from the picture"] * (1 if known else 2)


def test_of_a_time_that_nobody_told_a_vcon_has_none(store, tmp_path):
    keep_call(store, tmp_path, [("channel-0", 0.2, "good morning")])
    (after,) = vcons(exported(store, tmp_path / "out", "vcon"))
    assert after["dialog"] == []
    assert [a["type"] for a in after["analysis"]] == ["transcript", "report", "report"]


def test_a_recording_that_is_gone_is_left_out_and_the_rest_goes_on(store, chat, tmp_path):
    one = keep_call(store, tmp_path, [("channel-0", 0.2, "good")], started_at="2026-03-05T14:20:00+01:00")
    Path(one.path).unlink()
    done = write_export(store, tmp_path / "out", "vcon", Wanted())
    assert len(done.files) == 1 and done.left_out[0].startswith(one.id[:12])


def test_an_export_needs_an_empty_folder_and_filters_as_a_search_does(store, chat, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("")
    with pytest.raises(ExportUnsaved, match="it is not empty.; give an empty folder"):
        write_export(store, tmp_path / "full", "csv", Wanted())
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportUnsaved):
        write_export(store, tmp_path / "file" / "x", "csv", Wanted())
    url = store.engine.url.render_as_string(hide_password=False)
    base = ["--home", str(store.home), *(["--database", url] if "postgresql" in url else []), "export"]
    for words, count in (([], 1), (["jacket"], 1), (["trousers"], 0), (["--agent", "Tom Baker"], 1)):
        folder = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        done = CliRunner().invoke(cli, [*base, str(folder), "--format", "json", *words, "--json"])
        assert (done.exit_code, json.loads(done.output)["scorecards"]) == (0, count), done.output


def test_speakers_without_personal_data_are_called_by_their_roles(tmp_path):
    """A chat whose times have no zone has no dialog: its words stand in the analysis."""
    store = open_store(tmp_path / "home")
    path = tmp_path / "wa.txt"
    path.write_text(
        "03/03/2026, 10:15 - Laura Brownlow: Hello, my parcel has not arrived\n"
        "03/03/2026, 10:16 - Northwind: Good morning, may I have your order number?\n"
        "03/03/2026, 10:17 - Laura Brownlow: It is NW-1234\n"
    )
    (tmp_path / "wa.meta.yaml").write_text("country: GB\ncustomer: C-1007\nlanguage: en\n")
    audit_file(path, [find_rubric("chat-en")], store)
    for personal, who in ((False, {"agent", "customer"}), (True, {"Laura Brownlow", "Northwind"})):
        write_export(store, tmp_path / str(personal), "vcon", Wanted(), personal=personal)
        [file] = (tmp_path / str(personal)).glob("*.vcon")
        [words] = [a["body"] for a in json.loads(file.read_text())["analysis"] if a["type"] == "transcript"]
        assert {segment["speaker"] for segment in words["segments"]} == who
        assert ("Brownlow" in file.read_text()) == personal
