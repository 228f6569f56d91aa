"""Batches on their pages: begun, tried again, and cancelled, with the rights and the log of programs."""

import re
import threading
import time
from html import unescape

import pytest

from audit.auditlog import entries
from audit.batch import behind, ledger
from audit.batch.ledger import RunState, State
from audit.scope import UserRole
from audit.store import open_store
from audit.users import add_user
from tests.test_batch import over, stopped, write_chats
from tests.test_uploading import told
from tests.test_web import PASSWORD, log_in, send
from web import create_app, streaming


class Site:
    def __init__(self, folder):
        self.calls, self.elsewhere = folder / "calls", folder / "elsewhere"
        write_chats(self.calls, 3)
        write_chats(self.elsewhere, 1)
        self.store = open_store(folder / "home")
        add_user(self.store, "rita", PASSWORD, UserRole.REVIEWER)
        self.app = create_app(self.store, batches_from=[self.calls])
        self.client = self.app.test_client()
        assert log_in(self.client, "rita").status_code == 302

    def get(self, address):
        return unescape(self.client.get(address).text)

    def send(self, address, **form):
        return send(self.client, address, **form)

    def begin(self, sources, rubric="chat-en", **more):
        return self.send("/batches", sources=str(sources), rubric=rubric, **more)

    def stopped(self):
        return stopped(self.store, self.calls)

    def over(self, number):
        over(self.store, number)
        return self.get(f"/batches/{number}")


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.mark.timeout(400)
def test_a_batch_is_begun_watched_and_what_failed_is_tried_again(site):
    (site.calls / "broken.jsonl").write_text("{", "utf-8")
    assert f'<code dir="ltr">{site.calls}</code>' in site.get("/batches")
    begun = site.begin(site.calls)
    assert (begun.status_code, begun.location) == (303, "/batches/1?begun=1")
    page = site.get(begun.location)
    assert "It begins in a moment." in page or "running" in page
    assert re.search(r'data-events="/batches/1/events\?shown=(interrupted|running)"', page)
    done = site.over(1)
    assert "4 of 4 files" in done and "broken.jsonl" in done and "Try again what failed" in done
    assert "Cancel the batch" not in done and "data-events" not in done
    rows = entries(site.store, 9, action="batch")
    assert [(row.who, row.subject, row.detail) for row in rows] == [("rita", "batch 1", {"files": 4})]
    (site.calls / "broken.jsonl").unlink()
    write_chats(site.calls, 4)
    (site.calls / "chat-003.jsonl").rename(site.calls / "broken.jsonl")
    for _ in range(100):
        if not behind.is_worked_on(site.store, 1):
            break
        time.sleep(0.1)
    assert site.send("/batches/1/retry").location == "/batches/1?begun=1"
    done = site.over(1)
    assert "Try again what failed" not in done and "0 without a scorecard" in done


@pytest.mark.parametrize(
    ("form", "field", "says"),
    [
        ({"sources": " \n "}, "sources", "Name at least one folder or file."),
        ({"sources": "x\n" * 51}, "sources", "At most 50 lines"),
        ({"sources": "x" * 1001}, "sources", "At most 50 lines"),
        ({"sources": "/etc"}, "sources", "lies in no folder that batches may be asked of"),
        ({"sources": "{calls}/../elsewhere"}, "sources", "lies in no folder"),
        ({"sources": "{calls}/none"}, "sources", "no such file or folder"),
        ({"sources": "{calls}/<i>.csv"}, "sources", "no such file or folder"),
        ({"sources": "s3://bucket/calls"}, "sources", "lies in no folder"),
        ({"rubric": []}, "rubric", "Choose what it is to be judged under."),
        ({"rubric": "nothing"}, "rubric", "it is no pack"),
    ],
)
def test_what_is_no_batch_is_told_at_its_field(site, form, field, says):
    asked = {"sources": str(site.calls), "rubric": "chat-en"} | form
    asked["sources"] = asked["sources"].replace("{calls}", str(site.calls))
    answer = site.send("/batches", **asked)
    assert answer.status_code == 422 and "<i>" not in answer.text
    [problem] = re.findall(rf'id="{field}-problem"[^>]*>([^<]*)<', answer.text)
    assert says in unescape(problem) and answer.text.count('-problem"') >= 2
    assert ledger.runs(site.store, 9) == () or list(ledger.runs(site.store, 9)) == []


def test_where_the_house_names_no_folder_the_page_says_so(site):
    site.client = create_app(site.store).test_client()
    log_in(site.client, "rita")
    page = site.get("/batches")
    assert "comport serve --batches-from" in page and 'name="sources"' not in page
    assert site.begin(site.calls).status_code == 422


def test_a_batch_is_cancelled_once_and_what_is_worked_on_is_not_tried_again(site):
    number = site.stopped()
    page = site.get(f"/batches/{number}")
    assert "Yes, cancel it" in page and "Go on, and try again what failed" in page
    folder = behind.folder_of(site.store.home, number)
    folder.mkdir(parents=True)
    with behind.filelock.FileLock(folder / "lock"):
        busy = site.send(f"/batches/{number}/retry")
        assert busy.status_code == 409 and "It is being worked on" in busy.text
        for _ in range(2):
            assert site.send(f"/batches/{number}/cancel").location == f"/batches/{number}"
    page = site.get(f"/batches/{number}")
    assert "cancelled" in page and "Yes, cancel it" not in page
    assert ledger.counts(site.store, number)[State.WAITING] == 3
    assert [row.detail for row in entries(site.store, 9, action="batch")] == [{"cancelled": True}]
    for what in ("retry", "cancel"):
        assert site.send(f"/batches/4711/{what}").status_code == 404
        assert site.send(f"/batches/١/{what}").status_code == 404


def test_a_page_that_waits_for_a_batch_hears_when_it_runs(site, monkeypatch):
    monkeypatch.setattr(streaming, "LOOK_S", 0.02)
    number = site.stopped()
    threading.Timer(0.5, ledger.mark, (site.store, number, RunState.RUNNING)).start()
    heard = told(site.client.get(f"/batches/{number}/events?shown=interrupted"))
    assert [one["over"] for one in heard] == [False, True]
    assert told(site.client.get(f"/batches/{number}/events?shown=finished"))[-1]["over"]


@pytest.mark.parametrize("role", [UserRole.TRAINER, UserRole.LEAD, UserRole.AGENT, UserRole.AUDITOR])
def test_who_may_not_bring_begins_and_stops_nothing(site, role):
    more = {"team": "A"} if role == UserRole.LEAD else {"employee": "Ada"} if role == UserRole.AGENT else {}
    add_user(site.store, "other", PASSWORD, role, **more)
    number = site.stopped()
    site.client = site.app.test_client()
    log_in(site.client, "other")
    for address in ("/batches", f"/batches/{number}/retry", f"/batches/{number}/cancel"):
        answer = site.send(address, sources=str(site.calls), rubric="chat-en")
        assert answer.status_code == 403
    assert site.client.get(f"/batches/{number}").status_code == 403
    assert ledger.run_of(site.store, number).state == RunState.INTERRUPTED


def test_what_another_site_sends_is_refused(site):
    number = site.stopped()
    for address in ("/batches", f"/batches/{number}/retry", f"/batches/{number}/cancel"):
        assert site.client.post(address, data={"rubric": "chat-en"}).status_code == 400
