"""Tries are counted by all server processes together."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from audit import tables as t
from audit.store import open_store
from audit.tries import count, counted, forget
from audit.users import add_user
from tests.test_web import ELSEWHERE, PASSWORD, WRONG, log_in
from web import create_app


@pytest.fixture
def store(tmp_path, database):
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


def later(store, by):
    """As if this much time had passed."""
    with store.writing() as connection:
        for row in connection.execute(select(t.tried)).all():
            mine = update(t.tried).where(t.tried.c.digest == row.digest)
            connection.execute(mine.values(until=row.until - by))


def test_what_is_tried_is_counted_until_its_time_is_over(store):
    assert counted(store, "a")[0] == 0
    assert [count(store, "a", 900) for _ in range(3)] == [1, 2, 3]
    assert (count(store, "b", 60, 5), counted(store, "a")[0], counted(store, "b")[0]) == (5, 3, 5)
    until = counted(store, "a")[1]
    assert timedelta(seconds=880) < until - datetime.now(UTC) <= timedelta(seconds=900)
    later(store, timedelta(seconds=600))
    assert (counted(store, "a")[0], counted(store, "b")[0]) == (3, 0)
    assert count(store, "a", 900) == 4, "the time counts from the first"
    assert counted(store, "a")[1] < until
    later(store, timedelta(seconds=300))
    assert count(store, "a", 900) == 1
    with store.reading() as connection:
        assert len(connection.execute(select(t.tried)).all()) == 1, "what is over is forgotten"
    assert (forget(store, "a"), forget(store), counted(store, "a")[0]) == (1, 0, 0)


def test_nobody_reads_there_who_tried_what(store):
    count(store, "secret name 192.0.2.7", 900)
    with store.reading() as connection:
        [row] = connection.execute(select(t.tried)).all()
    assert len(row.digest) == 64 and "192.0.2.7" not in str(row)
    (store.home / "secret.key").write_bytes(bytes(32))
    assert counted(store, "secret name 192.0.2.7")[0] == 0, "the hash is keyed"


def test_several_processes_count_together_and_a_restart_forgets_nothing(store):
    add_user(store, "ana", PASSWORD)
    apps = [
        create_app(open_store(store.home, store.engine.url.render_as_string(hide_password=False)))
        for _ in range(2)
    ]
    codes = [log_in(apps[n % 2].test_client(), "ana", WRONG).status_code for n in range(6)]
    assert codes == [401] * 5 + [429]
    for app in (*apps, create_app(store)):
        refused = log_in(app.test_client(), "ana", PASSWORD)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert log_in(apps[1].test_client(), "ana", PASSWORD, place=ELSEWHERE).status_code == 302
    later(store, timedelta(minutes=16))
    assert log_in(apps[0].test_client(), "ana", PASSWORD).status_code == 302
