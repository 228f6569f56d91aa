"""Batches, begun and stopped by programs, with the process that does the work."""

import threading
import time

import psutil
import pytest

from audit.auditlog import entries
from audit.batch import behind, ledger
from audit.batch.driver import Busy, Cluster, drive
from audit.batch.ledger import RunState, State
from audit.batch.worker import Order
from audit.scope import UserRole
from audit.store import open_store
from audit.tokens import TokenScope, add_token
from audit.users import add_user
from tests.test_api import ROOT, is_problem
from tests.test_batch import over, stopped, write_chats
from web import create_app


class Site:
    def __init__(self, folder):
        self.calls, self.elsewhere = folder / "calls", folder / "elsewhere"
        write_chats(self.calls, 3)
        write_chats(self.elsewhere, 1)
        self.store = open_store(folder / "home")
        add_user(self.store, "rita", None, UserRole.REVIEWER)
        self.secret, _ = add_token(self.store, "rita", [TokenScope.UPLOAD])
        self.client = create_app(self.store, batches_from=[self.calls]).test_client()

    def ask(self, path, method="GET", headers=(), **body):
        sent = {"Authorization": f"Bearer {self.secret}"} | dict(headers)
        return self.client.open(f"{ROOT}{path}", method=method, headers=sent, **body)

    def begin(self, *sources, headers=(), **more):
        asked = {"sources": [str(one) for one in sources], "rubrics": ["chat-en"]} | more
        return self.ask("/batches", "POST", headers, json=asked)

    def over(self, path):
        """A batch, once nobody works on it."""
        over(self.store, int(path.rpartition("/")[2]))
        return self.ask(path).json


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.mark.timeout(400)
def test_a_batch_is_begun_once_and_what_failed_is_tried_again(site):
    (site.calls / "broken.jsonl").write_text("{", "utf-8")
    key = {"Idempotency-Key": "night"}
    begun = site.begin(site.calls, headers=key)
    path = begun.headers["Location"].removeprefix(ROOT)
    assert (begun.status_code, begun.json["files"]["waiting"]) == (202, 4)
    assert site.begin(site.calls, headers=key).headers["Location"] == f"{ROOT}{path}"
    done = site.over(path)
    assert (done["scorecards"], done["run"]["files"]["done"], done["run"]["files"]["failed"]) == (3, 3, 1)
    folder = site.store.home / "batches" / "1"
    while not (folder / "report.html").exists():
        time.sleep(0.1)
    assert (folder / "behind.txt").read_text() == ""
    # Its answer was lost, and it is over by now.
    assert site.begin(site.calls, headers=key).json["state"] == "finished"
    assert site.begin(site.calls / "chat-000.jsonl", headers=key).status_code == 422
    (site.calls / "broken.jsonl").write_text((site.calls / "chat-001.jsonl").read_text("utf-8"), "utf-8")
    etag = site.ask(path).headers["ETag"]
    again = site.ask(f"{path}/retry", "POST", {"If-Match": etag})
    assert again.status_code == 202
    assert site.over(path)["run"]["files"]["failed"] == 0
    assert site.ask(f"{path}/retry", "POST", {"If-Match": etag}).status_code == 412
    rows = [(row.who, row.subject, row.detail) for row in entries(site.store, 9, action="batch")]
    assert rows == [("rita", "batch 1", {"retried": 1}), ("rita", "batch 1", {"files": 4})]


def test_what_lies_in_a_folder_is_listed_while_others_may_write(site, monkeypatch):
    find, listed = behind.find, []

    def looked(sources):
        other = open_store(site.store.home)
        add_user(other, f"other{len(listed)}", None, UserRole.AUDITOR)
        listed.append(sources)
        return find(sources)

    monkeypatch.setattr(behind, "find", looked)
    monkeypatch.setattr(behind, "start", lambda store, number: None)
    key = {"Idempotency-Key": "night"}
    assert [site.begin(site.calls, headers=key).status_code for _ in range(2)] == [202, 202]
    assert len(listed) == 1 and len(ledger.runs(site.store, 9)) == 1
    # What was begun is known though its folder is gone.
    site.calls.rename(site.calls.with_name("moved"))
    assert site.begin(site.calls, headers=key).status_code == 202


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{elsewhere}", "lies in no folder that batches may be asked of"),
        ("{calls}/../elsewhere", "lies in no folder that batches may be asked of"),
        ("{calls}/link", "no such file or folder"),
        ("{calls}/nothing", "no such file or folder"),
        ("{calls}/circle", "no such file or folder"),
        ("{calls}/*.jsonl", "no such file or folder"),
        ("{calls}/" + 300 * "x", "no such file or folder"),
        ("{calls}/chat-000.jsonl/x", "no such file or folder"),
        ("{calls}/list.csv", "a list may name what lies elsewhere"),
        ("calls", "lies in no folder that batches may be asked of"),
        ("s3://bucket/calls", "lies in no folder that batches may be asked of"),
        ("file:///etc", "lies in no folder that batches may be asked of"),
    ],
)
def test_only_what_the_house_has_named_is_audited(site, source, says):
    (site.calls / "link").symlink_to(site.elsewhere)
    (site.calls / "circle").symlink_to("circle")
    (site.calls / "list.csv").write_text(f"path\n{site.elsewhere}/chat-000.jsonl\n", "utf-8")
    answer = site.begin(source.format(calls=site.calls, elsewhere=site.elsewhere))
    assert (answer.status_code, is_problem(answer)) == (422, True)
    assert says in answer.json["detail"]
    assert site.ask("/batches").json["items"] == []


@pytest.mark.parametrize(
    ("more", "status"),
    [({"rubrics": ["nothing"]}, 422), ({"rubrics": []}, 400), ({"sources": []}, 400), ({"engine": "x"}, 400)],
)
def test_what_is_no_batch_is_told(site, more, status):
    answer = site.begin(site.calls, **more)
    assert (answer.status_code, is_problem(answer)) == (status, True)


def test_where_the_house_names_no_folder_nothing_is_begun(site):
    site.client = create_app(site.store).test_client()
    answer = site.begin(site.calls)
    assert answer.status_code == 422 and "--batches-from" in answer.json["detail"]


def test_a_batch_is_stopped_and_what_is_worked_on_is_not_tried_again(site):
    number = stopped(site.store, site.calls)
    folder = behind.folder_of(site.store.home, number)
    folder.mkdir(parents=True)
    with behind.filelock.FileLock(folder / "lock"):
        busy = site.ask(f"/batches/{number}/retry", "POST")
        assert (busy.status_code, "is being worked on" in busy.json["detail"]) == (409, True)
        cancelled = site.ask(f"/batches/{number}/cancel", "POST")
    assert (cancelled.status_code, cancelled.json["state"]) == (200, "cancelled")
    assert cancelled.json["files"][State.WAITING] == 3
    assert site.ask(f"/batches/{number}/cancel", "POST").json == cancelled.json
    assert [row.detail for row in entries(site.store, 9, action="batch")] == [{"cancelled": True}]
    for what in ("retry", "cancel"):
        assert site.ask(f"/batches/4711/{what}", "POST").status_code == 404


def test_what_is_cancelled_while_its_process_starts_is_never_begun(site):
    number = stopped(site.store, site.calls)
    run, order = ledger.run_of(site.store, number), Order(number, 60.0, 0, str(site.store.home))
    assert site.ask(f"/batches/{number}/cancel", "POST").json["state"] == "cancelled"
    drive(site.store, run, order, Cluster(1), lambda done, of: None)
    run = site.ask(f"/batches/{number}").json["run"]
    assert (run["state"], run["files"]["waiting"], run["finished_at"] is None) == ("cancelled", 3, False)


def test_who_asks_whether_a_batch_is_worked_on_keeps_nobody_from_it(site):
    number = stopped(site.store, site.calls, RunState.CANCELLED)
    run, order = ledger.run_of(site.store, number), Order(number, 60.0, 0, str(site.store.home))
    folder = behind.folder_of(site.store.home, number)
    folder.mkdir(parents=True)
    asked = behind.filelock.FileLock(folder / "lock", thread_local=False)
    asked.acquire()
    threading.Timer(0.2, asked.release).start()
    drive(site.store, run, order, Cluster(1), lambda done, of: None)
    with asked, pytest.raises(Busy):
        drive(site.store, run, order, Cluster(1), lambda done, of: None)


@pytest.mark.timeout(400)
def test_what_is_ended_while_it_works_waits_and_has_nothing_to_complain_of(site):
    write_chats(site.calls, 1000)
    number = stopped(site.store, site.calls)
    behind.start(site.store, number)
    (process,) = [p for p in psutil.Process().children() if "audit.batch.behind" in p.cmdline()]
    while ledger.counts(site.store, number)[State.DONE] == 0:
        time.sleep(0.1)
    process.terminate()
    while behind.is_worked_on(site.store, number):
        time.sleep(0.1)
    assert ledger.run_of(site.store, number).state == RunState.INTERRUPTED
    process.wait(60)
    assert (site.store.home / "batches" / str(number) / behind.COMPLAINTS).read_text("utf-8") == ""
