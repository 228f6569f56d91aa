"""What a worker of a batch writes: many interactions together, and none that keeps another out."""

import random
import shutil
import string

import pytest
from sqlalchemy import event

from audit.batch import ledger
from audit.batch.driver import _give_back
from audit.batch.ledger import Settings, State
from audit.batch.sources import find
from audit.batch.worker import Order, _bench, folder_of, said_by, work
from audit.rubricfile import load_rubric
from audit.store import open_store
from tests.postgres import MARKS
from tests.test_batch import RUBRIC, write_chats

MOST_STATEMENTS = 6
"""For each chat of twenty, as counted here: 4; 40 when each was written alone."""


@pytest.fixture
def made(tmp_path, database):
    """Starts a batch over a folder of files and lets one worker do all of it; gives what became of them."""
    (tmp_path / "quick.yaml").write_text(RUBRIC)
    rubric, home = load_rubric(tmp_path / "quick.yaml"), tmp_path / "home"
    store = open_store(home, database)
    store.keep_rubric(rubric)

    def run(folder, before=lambda bench: None):
        begun = ledger.begin(store, [str(folder)], [rubric.digest], Settings(), find([str(folder)]))
        folder_of(home, begun.id).mkdir(parents=True)
        order = Order(begun.id, 7200.0, 0, str(home), str(store.engine.url.render_as_string(False)))
        before(_bench(order))
        items = tuple(number for number, *_ in ledger.waiting(store, begun.id))
        assert work(order, items) == len(items)
        return {one.location.rpartition("/")[2]: one for one in ledger.items(store, begun.id)}

    run.ask = lambda query: ask(store, query)
    yield run
    _bench.cache_clear()
    store.engine.dispose()


def ask(store, query):
    with store.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_twenty_chats_take_few_statements(made, tmp_path):
    number, told = 20, []

    def count(bench):
        event.listen(bench.store.engine, "before_cursor_execute", lambda *args: told.append(args[2]))

    done = made(write_chats(tmp_path / "calls", number), count)
    assert {item.state for item in done.values()} == {State.DONE}
    assert made.ask("SELECT count(*), count(DISTINCT interaction_id) FROM scorecard") == [(number, number)]
    assert made.ask("SELECT count(*) FROM batch_result WHERE interaction_id IS NOT NULL") == [(number,)]
    assert len(told) / number <= MOST_STATEMENTS


def test_copies_of_a_chat_are_one_interaction_and_each_of_them_is_done(made, tmp_path):
    folder = write_chats(tmp_path / "calls", 3)
    for name in ("copy", "other"):
        shutil.copy(folder / "chat-001.jsonl", folder / f"{name}.jsonl")
    assert {item.state for item in made(folder).values()} == {State.DONE}
    assert made.ask("SELECT count(*) FROM batch_result") == [(5,)]
    assert made.ask("SELECT count(*) FROM scorecard WHERE current = true") == [(3,)]


def test_what_the_database_refuses_keeps_nothing_else_out(made, tmp_path):
    folder = write_chats(tmp_path / "calls", 6)
    (folder / "chat-003.meta.yaml").write_text("agent: Refused")
    (folder / "broken.jsonl").write_text("nonsense")

    def refuse(bench):
        with bench.store.writing() as connection:
            for statement in REFUSING[connection.dialect.name]:
                connection.exec_driver_sql(statement)

    done = made(folder, refuse)
    failed = {name: item.reason for name, item in done.items() if item.state == State.FAILED}
    assert set(failed) == {"chat-003.jsonl", "broken.jsonl"}
    assert "unexpected IntegrityError" in failed["chat-003.jsonl"] and "\n" not in failed["chat-003.jsonl"]
    assert "broken.jsonl:1: not a message" in failed["broken.jsonl"]
    assert sum(item.state == State.DONE for item in done.values()) == 5
    assert made.ask("SELECT count(*) FROM scorecard") == [(5,)]
    assert made.ask("SELECT count(*) FROM transcript") == [(5,)]


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=MARKS)], indirect=True)
def test_a_value_too_long_for_an_index_keeps_nothing_else_out(made, tmp_path):
    folder = write_chats(tmp_path / "calls", 4)
    # What can be packed well fits, however long it is.
    name = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=6000))
    (folder / "chat-002.meta.yaml").write_text(f"agent: {name}")
    done = made(folder)
    failed = {name: item.reason for name, item in done.items() if item.state == State.FAILED}
    assert set(failed) == {"chat-002.jsonl"}
    assert "cannot take a value (index row" in failed["chat-002.jsonl"]
    assert name not in failed["chat-002.jsonl"]
    assert made.ask("SELECT count(*) FROM scorecard") == [(3,)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_worker_said_before_its_scheduler_was_lost_blames_nobody_later(tmp_path, database):
    store = open_store(tmp_path / "home", database)
    folder = write_chats(tmp_path / "calls", 2)
    run = ledger.begin(store, [str(folder)], ["digest"], Settings(), find([str(folder)]))
    numbers = [number for number, *_ in ledger.waiting(store, run.id)]
    folder_of(store.home, run.id).mkdir(parents=True)
    with store.writing() as connection:
        ledger.take(connection, numbers, "one:1")
    said = said_by(store.home, run.id, numbers[0])
    said.write_text("memory: 1")
    _give_back(store, run.id)
    assert not said.exists()
    assert [item.tries for item in ledger.items(store, run.id, (State.WAITING,))] == [0, 0]


REFUSING = {
    "sqlite": [
        "CREATE TRIGGER refuse BEFORE INSERT ON interaction WHEN NEW.agent = 'Refused' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END"
    ],
    "postgresql": ["ALTER TABLE interaction ADD CONSTRAINT refuse CHECK (agent <> 'Refused')"],
}


def test_every_interaction_of_a_file_is_noted_and_more_than_one_transaction_takes(made, tmp_path):
    folder = tmp_path / "calls"
    folder.mkdir()
    message = "From a@b.org Tue Mar  3 08:00:00 2026\nFrom: {0}\nTo: help@house.org\n"
    message += "Date: {1}\nMessage-ID: <{2}@x>\n"
    message += "Subject: Order {2}\n\nWhere is my order {2}?\n\n"
    mails = [
        message.format(f"c{n}@mail.org", f"Tue, 3 Mar 2026 08:{n % 60:02}:00 +0000", f"10000{n:03}")
        for n in range(120)
    ]
    (folder / "all.mbox").write_text("".join(mails))
    (item,) = made(folder).values()
    assert made.ask("SELECT count(*), count(DISTINCT number) FROM batch_result") == [(120, 120)]
    # The rubric is for chats only.
    assert item.state == State.FAILED and "(and 119 more)" in item.reason
