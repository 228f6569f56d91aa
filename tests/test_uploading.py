"""Bringing files in on a page, zips and bombs, and progress as it is told to an open page."""

import io
import json
import random
import time
import zipfile
from pathlib import Path

import pytest

from audit.batch import ledger
from audit.batch.ledger import Found, RunState, Settings
from audit.cli import demo_account
from audit.scope import UserRole
from audit.store import open_store
from audit.uploads import BadUpload, TooLarge, uploads
from audit.users import add_user
from audit.zipped import MOST_FILES, files_in
from tests.test_overview import browser
from tests.test_web import PASSWORD, VTT, log_in, page, token
from web import create_app, streaming

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    found = open_store(tmp_path_factory.mktemp("uploading") / "home")
    add_user(found, "ana", PASSWORD)
    add_user(found, "rita", PASSWORD, UserRole.REVIEWER)
    return found


@pytest.fixture(scope="module")
def site(store):
    return create_app(store)


@pytest.fixture(scope="module")
def client(site):
    return browser(site)


def send(client, name, content, rubric="voice-en", **facts):
    form = {
        "csrf_token": token(client, "/upload"),
        "file": (io.BytesIO(content), name),
        "rubric": rubric,
        **facts,
    }
    return client.post("/upload", data=form, content_type="multipart/form-data")


def told(answer):
    """What a stream said, oldest first."""
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def test_a_recording_is_larger_than_a_form(client):
    long = VTT + "\nNOTE " + "x" * 200_000 + "\n"
    assert send(client, "long.vtt", long.encode()).status_code == 303


def test_any_bytes_may_stand_in_a_recording(client):
    # A line break at the end of each piece that is read of the body is held back: a boundary might begin there.
    content = b"RIFF" + random.Random(1).randbytes(3_000_000)
    assert send(client, "noise.wav", content).status_code == 303
    assert send(client, "breaks.wav", b"\r\n" * 500_000).status_code == 303


def test_what_stands_beside_the_file_is_short(client):
    assert send(client, "long.vtt", VTT.encode(), customer="x" * 70_000).status_code == 413


def test_what_another_site_sends_is_refused(client):
    form = {"file": (io.BytesIO(VTT.encode()), "a.vtt"), "rubric": "voice-en"}
    answer = client.post("/upload", data=form, content_type="multipart/form-data")
    assert answer.status_code == 400


def test_a_bad_file_in_a_zip_keeps_none_of_the_others_out(client, store):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good-one.vtt", VTT)
        archive.writestr("no.such", "x")
        archive.writestr("good-two.vtt", VTT)
    answer = send(client, "some.zip", packed.getvalue())
    assert answer.status_code == 422 and "no.such" in answer.text
    assert {"good-one.vtt", "good-two.vtt"} <= {one.file for one in uploads(store, "ana", 50)}


def test_a_transcript_is_brought_in_watched_and_leads_to_its_scorecard(client, store):
    answer = send(client, "call.vtt", VTT.encode(), agent="Sara Lind")
    assert answer.status_code == 303
    last = told(client.get(f"{answer.location}/events"))[-1]
    end_s = time.monotonic() + 90
    while not last["over"]:
        assert time.monotonic() < end_s, last
        last = told(client.get(f"{answer.location}/events"))[-1]
    assert last == {"share": 1.0, "text": "Done", "over": True}
    shown = page(client, answer.location)
    [link] = [a["href"] for tag, a in shown.tags if tag == "a" and a.get("class") == "button primary"]
    assert "Sara Lind" in page(client, link).text


def test_of_a_zip_every_chat_is_brought_in(client, store):
    before = len(uploads(store, None, 200))
    packed = zipped(
        {
            "a/chat.jsonl": (SAMPLES / "chat-wrong-size.jsonl").read_bytes(),
            "__MACOSX/x": b"x",
            "b.vtt": VTT.encode(),
        }
    )
    assert send(client, "week.zip", packed, "chat-en").location == "/upload"
    assert {one.file for one in uploads(store, None, 200)[: len(uploads(store, None, 200)) - before]} == {
        "chat.jsonl",
        "b.vtt",
    }


def zipped(files, **options):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def lying(content):
    """A zip that says that its files are short, and they are not."""
    size = (100_000).to_bytes(4, "little")
    return content.replace(size, (10).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"PK nothing", BadUpload, "no zip that can be read"),
        (zipped({}), BadUpload, "holds 0 files"),
        (zipped({f"{n}.vtt": b"" for n in range(MOST_FILES + 1)}), BadUpload, "holds 501 files"),
        (zipped({"bomb.vtt": b"\0" * 50_000_000}), BadUpload, "packed more than 200 times"),
        (lying(zipped({"a.vtt": bytes(range(250)) * 400})), BadUpload, "damaged|no zip that can be read"),
    ],
    ids=["no zip", "empty", "too many", "bomb", "lying"],
)
def test_a_zip_that_could_do_harm_is_refused(content, kind, said):
    with pytest.raises(kind, match=said):
        for _, file in files_in("week.zip", io.BytesIO(content)):
            while file.read(1 << 20):
                pass


def test_more_than_is_taken_is_refused_before_anything_is_unpacked(monkeypatch):
    monkeypatch.setattr("audit.zipped.MOST_BYTES", 1000)
    with pytest.raises(TooLarge):
        next(files_in("week.zip", io.BytesIO(zipped({"a.vtt": bytes(range(250)) * 5}))))


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("notes.exe", b"x", 422, "has none of the endings"),
        ("empty.vtt", b"", 422, "is empty"),
        ("a.zip", b"x", 422, "no zip that can be read"),
    ],
)
def test_what_cannot_be_taken_is_said_on_a_page(client, name, content, code, said):
    answer = send(client, name, content)
    assert (answer.status_code, said in answer.text) == (code, True)


def test_what_somebody_else_brought_in_is_not_there(site, client):
    address = send(client, "call.vtt", VTT.encode()).location
    other = browser(site, "rita")
    assert other.get(address).status_code == other.get(f"{address}/events").status_code == 404


def test_an_open_page_hears_of_a_batch_until_it_is_over(client, store, monkeypatch):
    monkeypatch.setattr(streaming, "LOOK_S", 0.02)
    files = [Found(f"/calls/{n}.wav", 10, "", "is empty" if n == 3 else "") for n in range(4)]
    run = ledger.begin(store, ["/calls"], ["0" * 64], Settings(), files)
    answer = client.get(f"/batches/{run.id}/events", buffered=False)
    parts = answer.response if hasattr(answer, "response") else answer.iter_encoded()
    stream = iter(parts)
    assert next(stream).startswith(b"retry:")
    first = json.loads(next(stream)[6:])
    assert first["text"] == "1 of 4 files (25\xa0%), 0 running, 1 without a scorecard"
    ledger.mark(store, run.id, RunState.CANCELLED)
    last = json.loads(next(stream)[6:])
    assert last["over"]
    answer.close()
    shown = page(client, f"/batches/{run.id}")
    assert "cancelled" in shown.text and "is empty" in shown.text
    assert f"Batch {run.id}" in page(client, "/batches").text
    assert client.get("/batches/999").status_code == client.get("/batches/999/events").status_code == 404


def test_when_all_streams_are_taken_an_answer_ends_at_once(site, client, store):
    run = ledger.begin(store, ["/more"], ["0" * 64], Settings(), [Found("/more/1.wav", 10, "")])
    with site.app_context():
        slots = streaming.free()
    taken = [slots.acquire(blocking=False) for _ in range(streaming.STREAMS)]
    try:
        assert all(taken)
        assert [one["over"] for one in told(client.get(f"/batches/{run.id}/events"))] == [False]
    finally:
        for _ in taken:
            slots.release()


def test_the_demo_makes_an_account_with_a_new_password_each_time(tmp_path):
    store = open_store(tmp_path / "home")
    first, second = demo_account(store), demo_account(store)
    assert first != second
    site = create_app(store)
    assert log_in(site.test_client(), "demo", first).status_code == 401
    assert log_in(site.test_client(), "demo", second).status_code == 302
