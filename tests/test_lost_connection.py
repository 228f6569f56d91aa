"""A team's database: it goes away and comes back, others write at the same time, and its password stays secret."""

import multiprocessing
import os
import pickle
import subprocess
import threading
import time

import msgspec
import pytest

from audit.database import ConnectionLost, StoreUnusable, TooSlow
from audit.pipeline import audit_file, find_rubric
from audit.store import open_store
from audit.transactions import Transactions
from tests import build, postgres
from tests.test_cli import COMPORT
from tests.test_store import counts, keep
from web import create_app

pytestmark = [*postgres.MARKS]


@pytest.fixture
def address(server):
    return server.new_database()


@pytest.fixture
def store(tmp_path, address):
    one = open_store(tmp_path / "home", address)
    yield one
    one.engine.dispose()


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_server_that_was_started_again_is_used_again(server, store, tmp_path, how):
    one, *_ = keep(store, tmp_path)
    server.stop(how)
    server.start()
    assert store.interaction(one.id) == one
    *_, new = keep(store, tmp_path)
    assert not new


def test_a_question_that_takes_too_long_is_ended_and_told_on_one_line(store, tmp_path):
    one, *_ = keep(store, tmp_path)
    store.limit_s = 0.2
    told = r"did not answer within 0\.2 s; ask for less: .* --query-limit"
    with pytest.raises(TooSlow, match=told), store.reading() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(20)")
    assert store.interaction(one.id) == one
    # What writes is not ended: others wait for it milliseconds.
    with store.writing() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(0.5)")


def test_work_waits_until_the_server_is_back(server, store, tmp_path):
    server.stop()
    starter = threading.Timer(1.0, server.start)
    starter.start()
    one, _, _, card, new = keep(store, tmp_path)
    starter.join()
    assert new
    assert store.scorecards(one.id) == (card,)


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_transaction_that_lost_its_connection_is_done_again_whole(server, store, tmp_path, how):
    one, observed, rubric, card, _ = keep(store, tmp_path)
    before, tries = counts(store), []

    def work():
        with store.writing():
            tries.append(len(tries))
            store.keep_scorecard(msgspec.structs.replace(card, software="first"))
            if len(tries) == 1:
                server.stop(how)
                server.start()
            store.keep_scorecard(msgspec.structs.replace(card, software="second"))

    store.again(work)
    assert tries == [0, 1]
    assert counts(store) == before | {"scorecard": before["scorecard"] + 2}
    assert [c.software for c in store.scorecards(one.id)] == ["second"]


def test_an_audit_survives_that_the_server_goes_away_in_it(server, store, monkeypatch):
    seen = []
    really = type(store).keep_scorecards

    def keep_scorecards(self, cards, *contents):
        done = really(self, cards, *contents)
        if not seen:
            seen.extend(cards)
            server.stop("immediate")
            server.start()
        return done

    monkeypatch.setattr(type(store), "keep_scorecards", keep_scorecards)
    path = build.SAMPLES / "chat-wrong-size.jsonl"
    done = audit_file(path, [find_rubric("chat-en")], store)
    assert (seen, done.new) == (list(done.scorecards), True)
    assert store.scorecards(done.interaction.id) == done.scorecards


def test_a_server_that_stays_away_is_told_in_one_line(server, store, tmp_path):
    store.patience_s = 0.3
    server.stop()
    try:
        begun_s = time.monotonic()
        with pytest.raises(ConnectionLost, match="no connection .*; see that the server runs") as caught:
            store.rows()
        assert 0.3 <= time.monotonic() - begun_s < 10
        assert "\n" not in caught.value.line
        assert pickle.loads(pickle.dumps(caught.value)).line == caught.value.line
        with pytest.raises(StoreUnusable, match="check the address, and that the server runs"):
            open_store(store.home, server.url().render_as_string(hide_password=False))
    finally:
        server.start()


def test_pages_say_that_the_database_is_away_and_come_back_with_it(server, store):
    store.patience_s = 0.1
    visitor = create_app(store).test_client()
    server.stop()
    try:
        answer = visitor.get("/healthz")
        assert answer.status_code == 503
        assert "The database does not answer" in answer.text
    finally:
        server.start()
    assert visitor.get("/healthz").get_json() == {"status": "ok"}


def _keep_many(home, address, number, barrier):
    store = open_store(home, address)
    barrier.wait(30)
    for turn in range(5):
        keep(store, home, branch=f"{number}, turn {turn}")


def test_processes_that_write_the_same_at_the_same_time_leave_it_once(tmp_path, address):
    """Also the tables are made once, by whichever process comes first."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    others = [
        context.Process(target=_keep_many, args=(folder, address, number, barrier))
        for number, folder in enumerate(folders)
    ]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0] * 4
    found = counts(open_store(tmp_path, address))
    assert {n: found[n] for n in ("recording", "interaction", "observation", "rubric", "scorecard")} == {
        **dict.fromkeys(("recording", "interaction", "rubric", "scorecard"), 1),
        "observation": 2,
    }


SECRET = "v3ry%2Fsecret"
ADDRESSES = [
    f"postgresql://stranger:{SECRET}@127.0.0.1:1/comport",
    f"postgresql+psycopg://stranger@127.0.0.1:1/comport?password={SECRET}",
    f"postgresql://stranger:{SECRET}@127.0.0.1:port/comport",
    f"mysql://stranger:{SECRET}@127.0.0.1/comport",
    f"stranger:{SECRET}",
    f"postgresql://stranger:{SECRET}@127.0.0.1:1/comport?connect_timeout=soon",
]


@pytest.mark.parametrize(
    ("command", "address"),
    [
        *((("show",), address) for address in ADDRESSES),
        *((command, ADDRESSES[0]) for command in (("upgrade",), ("doctor",), ("user", "list"))),
    ],
)
def test_no_command_shows_the_password(tmp_path, command, address):
    call = [str(COMPORT), "--home", str(tmp_path), *command]
    environment = {**os.environ, "COMPORT_DATABASE_URL": address}
    done = subprocess.run(call, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    for secret in (SECRET, "v3ry", "secret"):
        assert secret not in done.stdout + done.stderr


def test_a_wrong_password_is_refused_and_not_shown(server, tmp_path):
    server.execute("CREATE ROLE stranger LOGIN PASSWORD 'another'")
    address = server.url(name="stranger", password="v3ry/secret").render_as_string(hide_password=False)
    with pytest.raises(StoreUnusable, match="password authentication failed") as caught:
        open_store(tmp_path, address)
    assert "secret" not in caught.value.line


def test_what_customers_said_is_in_no_error(store, tmp_path):
    *_, card, _ = keep(store, tmp_path)
    with store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE scorecard DROP COLUMN digest")
    said = msgspec.structs.replace(card, caveats=("my number is 4111",))
    with pytest.raises(StoreUnusable, match="digest") as caught:
        Transactions.again(store, lambda: store.keep_scorecard(said))
    assert "4111" not in caught.value.line + str(caught.value.__cause__)
