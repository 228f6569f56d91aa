"""Files that are brought in: what is taken, once, and audited by a process that may die."""

import io
import random
import sys
import time
from pathlib import Path

import pytest

from audit import upload_worker, uploads
from audit.scope import UserRole
from audit.store import open_store
from audit.tokens import TokenScope, add_token
from audit.uploads import BadUpload, TooLarge, UploadState, bring, look_after, upload_of
from audit.users import add_user
from web import create_app

SAMPLES = Path(__file__).parent.parent / "samples"
CHAT = (SAMPLES / "chat-late-delivery.jsonl").read_bytes()
PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "home")


def brought(store, content=CHAT, name="chat.jsonl", rubrics=("chat-en",), facts=None, key=None, owner="ana"):
    return bring(store, owner, name, io.BytesIO(content), rubrics, facts, key)


def work(store, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["upload_worker", str(store.home)])
    upload_worker.main()


# What is taken


def test_a_chat_is_brought_in_and_audited(store, monkeypatch):
    one, new = brought(store, facts={"branch": "Milan", "agent": "Tom Baker"})
    assert (one.state, new, one.file, one.size_bytes) == (UploadState.WAITING, True, "chat.jsonl", len(CHAT))
    work(store, monkeypatch)
    done = upload_of(store, one.id)
    assert (done.state, done.reasons) == (UploadState.DONE, ())
    [card] = store.scorecards(done.interactions[0])
    found = store.interaction(done.interactions[0])
    assert (card.rubric, found.branch, found.agent) == ("chat-en", "Milan", "Tom Baker")


def test_what_cannot_be_audited_says_why_without_the_place_on_the_server(store, monkeypatch):
    bad, _ = brought(store, b"not a recording at all", "call.wav")
    good, _ = brought(store)
    work(store, monkeypatch)
    failed = upload_of(store, bad.id)
    assert (failed.state, failed.interactions, len(failed.reasons)) == (UploadState.FAILED, (), 1)
    assert failed.reasons[0].startswith("call.wav: ") and str(store.home) not in failed.reasons[0]
    assert upload_of(store, good.id).state == UploadState.DONE, "the next one goes on"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/chat.jsonl", "chat.jsonl"),
        ("C:\\calls\\chat.jsonl", "chat.jsonl"),
        (".chat.jsonl", "chat.jsonl"),
        ("گفتگو.jsonl", "گفتگو.jsonl"),
        ("<script>.jsonl", "<script>.jsonl"),
    ],
)
def test_a_name_leads_out_of_no_folder(store, name, kept):
    one, _ = brought(store, name=name)
    assert one.file == kept
    folder = uploads.uploads_folder(store) / one.id
    assert [path.name for path in folder.iterdir()] == [kept]
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "comport.yaml"}, "has none of the endings"),
        ({"name": ""}, "has none of the endings"),
        ({"name": "x" * 130 + ".wav"}, "at most 120 letters"),
        ({"content": b""}, "is empty"),
        ({"rubrics": ()}, "under which rubric"),
        ({"rubrics": ("../secret.yaml",)}, "no rubric '../secret.yaml' is stored, and it is no pack"),
        ({"facts": {"channel": "smoke"}}, "channel: "),
        ({"facts": {"colour": "red"}}, "colour: "),
        ({"facts": {"started_at": "soon"}}, "started_at: "),
        ({"key": "two\nlines"}, "a key has 1 to 200 plain letters"),
    ],
)
def test_what_is_not_taken_leaves_nothing(store, change, says):
    with pytest.raises(BadUpload, match=says.replace("(", r"\(")) as problem:
        brought(store, **change)
    assert "\n" not in str(problem.value)
    folder = uploads.uploads_folder(store)
    assert not folder.exists() or list(folder.iterdir()) == []
    assert uploads.uploads(store, None) == ()


def test_what_is_too_large_is_not_kept(store, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    with pytest.raises(TooLarge, match="has more than"):
        brought(store, b"x" * 1001, "call.wav")
    assert list(uploads.uploads_folder(store).iterdir()) == []


# Once


def test_the_same_key_takes_the_same_once(store):
    one, _ = brought(store, key="k1")
    assert brought(store, key="k1") == (one, False)
    assert brought(store, key="k1", owner="ben")[0].id != one.id
    assert brought(store)[0].id != brought(store)[0].id, "without a key each is its own"
    assert len(list(uploads.uploads_folder(store).iterdir())) == 4


@pytest.mark.parametrize(
    "change", [{"content": CHAT + b"\n"}, {"facts": {"branch": "Rome"}}, {"rubrics": ("voice-en",)}]
)
def test_the_same_key_for_something_else_is_refused(store, change):
    brought(store, key="k1")
    with pytest.raises(BadUpload, match="the key 'k1' was used for another upload"):
        brought(store, key="k1", **change)


# A process that dies


def test_what_a_dead_process_left_is_tried_again_and_set_aside_in_the_end(store, monkeypatch):
    one, _ = brought(store)
    for tries in range(1, upload_worker.TRIES + 1):
        assert upload_worker._take(store).id == one.id
        assert upload_of(store, one.id).state == UploadState.RUNNING, tries
    assert upload_worker._take(store) is None
    told = upload_of(store, one.id)
    assert (told.state, told.interactions) == (UploadState.FAILED, ())
    assert told.reasons[0].startswith("set aside after 3 tries: killed")


def test_another_home_of_the_same_database_is_left_alone(store, monkeypatch, tmp_path):
    one, _ = brought(store)
    (uploads.uploads_folder(store) / one.id).rename(tmp_path / "elsewhere")
    assert upload_worker._take(store) is None
    assert upload_of(store, one.id).state == UploadState.WAITING


# Over the network


@pytest.fixture
def ask(store):
    add_user(store, "rita", PASSWORD, UserRole.REVIEWER)
    add_user(store, "ned", PASSWORD, UserRole.REVIEWER)
    secrets = {name: add_token(store, name, [TokenScope.UPLOAD])[0] for name in ("rita", "ned")}
    client = create_app(store).test_client()

    def send(method, path, who="rita", headers=(), **more):
        sent = {"Authorization": f"Bearer {secrets[who]}"} | dict(headers)
        return client.open(f"/api/v1{path}", method=method, headers=sent, **more)

    return send


def form(**change):
    return {"file": (io.BytesIO(CHAT), "chat.jsonl"), "rubric": "chat-en", "agent": "Tom Baker"} | change


def test_a_file_is_sent_and_followed_until_it_is_audited(store, ask):
    made = ask("POST", "/uploads", data=form(), headers={"Idempotency-Key": "k1"})
    assert (made.status_code, made.json["state"]) == (202, "waiting")
    again = ask("POST", "/uploads", data=form(), headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json["id"]) == (202, made.json["id"])
    address = made.headers["Location"].removeprefix("/api/v1")
    until_s = time.monotonic() + 90
    while (told := ask("GET", address).json)["state"] in ("waiting", "running"):
        assert time.monotonic() < until_s, told
        time.sleep(0.3)
    assert (told["state"], told["reasons"]) == ("done", [])
    assert store.interaction(told["interactions"][0]).agent == "Tom Baker"
    assert ask("GET", address, who="ned").status_code == 404, "what others brought in is not there"
    assert ask("GET", "/uploads", who="ned").json["items"] == []
    assert [one["id"] for one in ask("GET", "/uploads").json["items"]] == [made.json["id"]]


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"data": form(rubric="nothing")}, 422, "no rubric 'nothing' is stored"),
        ({"data": {"rubric": "chat-en"}, "content_type": "multipart/form-data"}, 400, "expected one file"),
        ({"data": form(colour="red")}, 400, "'colour' is no fact"),
        ({"data": form(channel="smoke")}, 422, "channel: "),
        ({"json": {"rubric": "chat-en"}}, 415, "expected a body of type multipart/form-data"),
        ({"data": form(title="x" * 70_000)}, 413, "too large"),
    ],
)
def test_what_is_sent_wrongly_is_told_on_one_line(store, ask, sent, status, says):
    answer = ask("POST", "/uploads", **sent)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert says in answer.json["detail"] and "\n" not in answer.json["detail"]
    assert uploads.uploads(store, None) == ()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(store, ask, monkeypatch):
    monkeypatch.setattr("web.api.uploads.MOST_BYTES", 1000)
    answer = ask("POST", "/uploads", data=form(file=(io.BytesIO(b"x" * 100_000), "call.wav")))
    assert answer.status_code == 413


def test_any_bytes_may_stand_in_a_recording(store, ask):
    noise = random.Random(1).randbytes(1_000_000)
    sent = {"rubric": "chat-en", "file": (io.BytesIO(noise), "call.wav")}
    assert ask("POST", "/uploads", data=sent, content_type="multipart/form-data").status_code == 202


def test_uploads_are_in_the_log(store, ask, monkeypatch):
    from audit.auditlog import entries

    monkeypatch.setattr(uploads, "look_after", lambda store: None)
    ask("POST", "/uploads", data=form())
    [row] = entries(store, action="upload")
    # A file may be named after a customer, and the log cannot forget.
    assert (row.who, list(row.detail)) == ("rita", ["size_bytes"])
    assert upload_of(store, row.subject).file == "chat.jsonl"


@pytest.mark.parametrize("elsewhere", [None, "elsewhere.db"])
def test_who_works_behind_works_on_the_same_database(tmp_path, monkeypatch, elsewhere):
    """Whatever the environment says, and wherever the file of SQLite lies."""
    monkeypatch.setenv("COMPORT_DATABASE_URL", f"sqlite:///{tmp_path / 'another.db'}")
    store = open_store(tmp_path / "home", elsewhere and f"sqlite:///{tmp_path / elsewhere}")
    one, _ = brought(store)
    look_after(store)
    until_s = time.monotonic() + 60
    while upload_of(store, one.id).state != UploadState.DONE:
        assert time.monotonic() < until_s
        time.sleep(0.1)
    assert not (tmp_path / "another.db").exists()
    assert (tmp_path / "home" / "comport.db").exists() == (elsewhere is None)
