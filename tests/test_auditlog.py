"""The audit log: what is in it, that it is one chain, and that a change of it is found."""

import multiprocessing
import re
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from audit.auditlog import Action, Actor, Seal, acting, entries, record, verify
from audit.judge import Verdict
from audit.reviews import keep_review
from audit.scope import UserRole
from audit.store import open_store
from audit.users import add_user, remove_user, set_locked, set_password, set_role
from tests.test_web import PASSWORD, WRONG, app, call, client, log_in, store, token, visitor  # noqa: F401
from web.logbook import Looks


def chain(store, number=5):  # noqa: F811
    for n in range(1, number + 1):
        with acting(Actor(f"user{n}", "a test")):
            record(store, Action.VIEW, f"call {n}", place="سلام\0\ud800 “x”")


def told(store):  # noqa: F811
    return [(one.who, one.action, one.subject) for one in reversed(entries(store, 1000))]


def test_rows_come_back_as_they_were_written(tmp_path, database):
    store = open_store(tmp_path, database)  # noqa: F811
    chain(store, 3)
    newest, *_ = found = entries(store)
    assert [one.id for one in found] == [3, 2, 1]
    assert (newest.who, newest.origin, newest.action, newest.subject) == ("user3", "a test", "view", "call 3")
    assert newest.detail == {"place": "سلام ? “x”"}
    assert abs(newest.at.timestamp() - time.time()) < 60
    assert [one.id for one in entries(store, who="user2")] == [2]
    assert [one.id for one in entries(store, subject="call 1", action="view")] == [1]
    assert [one.id for one in entries(store, before=3, limit=1)] == [2]
    assert entries(store, since=found[0].at, until=found[0].at) == ()
    assert [one.id for one in entries(store, since=found[1].at)] == [3, 2]
    assert verify(store).problems == ()


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_log SET who = 'eve'", "DELETE FROM audit_log WHERE id = 2", "TRUNCATE audit_log"],
)
def test_the_database_lets_nobody_change_a_row(tmp_path, database, change):
    store = open_store(tmp_path, database)  # noqa: F811
    if "TRUNCATE" in change and database is None:
        pytest.skip("SQLite has no TRUNCATE")
    chain(store, 2)
    with (
        pytest.raises(DatabaseError, match="the audit log can only be added to"),
        store.engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        connection.execute(text(change))
    assert verify(store).rows == 2


SWAP = (
    "UPDATE audit_log SET id = -2 WHERE id = 2",
    "UPDATE audit_log SET id = 2 WHERE id = 3",
    "UPDATE audit_log SET id = 3 WHERE id = -2",
)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        (("UPDATE audit_log SET who = 'eve' WHERE id = 3",), ["row 3 was changed, or is not in its place"]),
        (("UPDATE audit_log SET at_us = at_us + 1 WHERE id = 1",), ["row 1 was changed"]),
        (("UPDATE audit_log SET detail = '{}' WHERE id = 5",), ["row 5 was changed"]),
        (("UPDATE audit_log SET digest = '0' WHERE id = 2",), ["row 2 was changed", "row 3 was changed"]),
        (("DELETE FROM audit_log WHERE id = 2",), ["row 2 is missing"]),
        (("DELETE FROM audit_log WHERE id IN (3, 4)",), ["rows 3 to 4 are missing"]),
        (("DELETE FROM audit_log WHERE id = 1",), ["row 1 is missing"]),
        (SWAP, ["row 2 was changed", "row 3 was changed", "row 4 was changed"]),
        (("DELETE FROM audit_log WHERE id = 5",), ["row 5, of which the seal was kept, is gone"]),
        (("DELETE FROM audit_log",), ["row 5, of which the seal was kept, is gone"]),
    ],
)
def test_a_log_that_was_changed_behind_the_triggers_names_the_row(tmp_path, database, changes, problems):
    store = open_store(tmp_path, database)  # noqa: F811
    chain(store)
    before = verify(store)
    assert (before.rows, before.problems) == (5, ())
    if store.engine.dialect.name == "sqlite":
        off = ("DROP TRIGGER audit_log_no_update", "DROP TRIGGER audit_log_no_delete")
    else:
        off = ("DROP TRIGGER audit_log_kept ON audit_log",)
    with store.writing() as connection:
        for statement in (*off, *changes):
            connection.execute(text(statement))
    found = verify(store, before.seal).problems
    assert len(found) == len(problems)
    assert all(one.startswith(start) for one, start in zip(found, problems, strict=True)), found


def test_a_log_that_was_written_anew_is_told_by_its_seal(tmp_path):
    store, other = open_store(tmp_path / "a"), open_store(tmp_path / "b")  # noqa: F811
    chain(store, 3)
    chain(other, 3)
    assert verify(other).problems == ()
    assert verify(other, verify(store).seal).problems == (
        "row 3, of which the seal was kept, is not what it was",
    )
    assert verify(store, Seal(2, entries(store)[1].digest)).problems == ()


def _write_many(home, address, name, number):
    store = open_store(home, address)  # noqa: F811
    threads = [
        threading.Thread(target=lambda: [record(store, Action.VIEW, name) for _ in range(number)])
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_and_processes_write_one_chain(tmp_path, database):
    store = open_store(tmp_path, database)  # noqa: F811
    fresh = multiprocessing.get_context("spawn")
    others = [fresh.Process(target=_write_many, args=(tmp_path, database, f"call {n}", 20)) for n in range(2)]
    for one in others:
        one.start()
    for one in others:
        one.join()
    assert [one.exitcode for one in others] == [0, 0]
    found = verify(store)
    assert (found.rows, found.problems) == (80, ())
    assert [len(entries(store, 1000, subject=f"call {n}")) for n in range(2)] == [40, 40]


def test_a_change_that_is_not_kept_leaves_no_row(store):  # noqa: F811
    before = told(store)
    with pytest.raises(RuntimeError), store.writing():
        set_password(store, "ana", "another long password")
        raise RuntimeError
    assert told(store) == before


def test_changes_of_accounts_are_logged_by_whoever_made_them(store):  # noqa: F811
    with acting(Actor("boss", "a test")):
        add_user(store, "ben", PASSWORD, UserRole.LEAD, "Milan")
        set_role(store, "ben", UserRole.AUDITOR)
        set_password(store, "ben", "another long password")
        set_locked(store, "ben", True)
        set_locked(store, "ben", False)
        remove_user(store, "ben")
    happened = ["user added", "role", "password", "locked", "unlocked", "user removed"]
    assert told(store)[1:] == [("boss", action, "ben") for action in happened]
    assert PASSWORD not in str(entries(store))
    added = entries(store, action="user added", subject="ben")[0]
    assert added.detail == {"role": "lead", "team": "Milan"}


def test_a_verdict_is_logged_with_what_it_says(store, call):  # noqa: F811
    [card] = store.scorecards(call.id)
    keep_review(store, card, "greets", Verdict.MISSED, "ben", "no name")
    [found] = entries(store, action="review")
    assert found.subject == call.id
    assert found.detail == {
        "rubric_name": "house",
        "standard": "greets",
        "verdict": "missed",
        "machine": "met",
        "said_by": "ben",
    }


def test_what_a_visitor_does_is_logged(app, store, call):  # noqa: F811
    browser = app.test_client()
    log_in(browser, "ana", WRONG)
    log_in(browser, "pass word typed as a name", WRONG)
    log_in(browser)
    for path in ("", "", "/peaks.json", "/media", "/media", "/reviews?rubric=house"):
        browser.get(f"/interactions/{call.id}{path}", headers={"Range": "bytes=1-5"})
    browser.get(f"/interactions/{'0' * 64}")
    form = {"rubric": "house", "standard": "greets", "verdict": "missed", "seen": 0}
    browser.post(f"/interactions/{call.id}/reviews", data=form | {"csrf_token": token(browser, "/")})
    browser.post("/logout", data={"csrf_token": token(browser, "/")})
    assert told(store)[1:] == [
        ("nobody", "log in refused", "ana"),
        ("nobody", "log in refused", "a name that is none"),
        ("ana", "log in", "ana"),
        ("ana", "view", call.id),
        ("ana", "play", call.id),
        ("ana", "refused", "0" * 64),
        ("ana", "review", call.id),
        ("ana", "log out", "ana"),
    ]
    assert {one.origin for one in entries(store)[:-1]} == {"browser at 127.0.0.1"}
    assert verify(store).problems == ()


def test_what_cannot_be_logged_is_not_shown(app, client, store, call):  # noqa: F811
    with store.writing() as connection:
        connection.execute(text("DROP TRIGGER audit_log_no_update"))
        connection.execute(text("ALTER TABLE audit_log RENAME TO gone"))
    answer = client.get(f"/interactions/{call.id}")
    assert answer.status_code == 500
    assert "good morning" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_one_look_is_one_row_for_a_while(monkeypatch):
    looks, now_s = Looks(), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    assert [looks.is_new("s", "view", "a") for _ in range(2)] == [True, False]
    assert looks.is_new("s", "play", "a") and looks.is_new("other", "view", "a")
    now_s += 15 * 60 + 1  # a float of a large clock is rounded
    assert looks.is_new("s", "view", "a")


def test_the_command_line_is_logged_and_shows_the_log(tmp_path):
    from click.testing import CliRunner

    from audit.cli import cli

    def comport(*arguments, stdin=None):
        return CliRunner().invoke(cli, ["--home", str(tmp_path), *arguments], input=stdin)

    comport("user", "add", "ana", "--password-stdin", stdin=f"{PASSWORD}\n")
    shown = comport("log", "show", "--json").output
    assert '"subject":"cli user add"' in shown and '"name":"ana"' in shown and PASSWORD not in shown
    assert re.search(r'"who":"os:[^"]+"', shown)
    verified = comport("log", "verify")
    assert (verified.exit_code, "4 rows, nothing was changed; seal 4:" in verified.output) == (0, True)
    seal = verified.output.split()[-1]
    with open_store(tmp_path).writing() as connection:
        connection.execute(text("DROP TRIGGER audit_log_no_delete"))
        connection.execute(text("DELETE FROM audit_log WHERE id = 2"))
    hurt = comport("log", "verify", "--seal", seal)
    assert (hurt.exit_code, "row 2 is missing" in hurt.output) == (1, True)
    assert "is no seal" in comport("log", "verify", "--seal", "x").output
    for command in ("search Keller", "journey Keller", "customer join Keller x --because Keller"):
        comport(*command.split())
    assert "Keller" not in comport("log", "show", "--json").output
