"""A hold holds whoever it was meant for, also when more is known of them later; what is erased is gone whole."""

import json
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from audit import erasures as behind
from audit import tables as t
from audit.cli import cli
from audit.database import TooSlow
from audit.erasing import erase, of_customer, of_interactions
from audit.erasures import Erasures
from audit.holds import Held, add_hold, held, remove_hold
from audit.leaving.forgetting import forget_in
from audit.pipeline import audit_file, find_rubric
from audit.retention import Retention, Times, apply_retention
from audit.store import open_store
from tests.postgres import MARKS

OLD = Retention(every=Times(media="1 day", scorecards="1 day"))


@pytest.fixture
def store(tmp_path, database):
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


@pytest.fixture
def take(store, tmp_path):
    """Takes in a chat of a customer with these facts, and gives its id."""

    def chat(name, text="My jacket is late.", **facts):
        said = (("agent", "Tom Baker", "Good morning."), ("customer", name, text))
        lines = [
            {"at": f"2024-03-02T09:0{i}:00+00:00", "from": who, "name": called, "text": words}
            for i, (who, called, words) in enumerate(said)
        ]
        path = tmp_path / f"{text.strip('.')}.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        facts = {"language": "en", **facts}
        path.with_suffix(".meta.yaml").write_text("\n".join(f"{n}: {v}" for n, v in facts.items()))
        return audit_file(path, [find_rubric("chat-en")], store).interaction.id

    return chat


@pytest.mark.parametrize("typed", ["Anna Rossi", " anna  ROSSI", "#1"])
@pytest.mark.parametrize("later", [{"customer_email": "anna@x.org"}, {"customer_id": "K77123"}])
def test_who_is_known_by_name_alone_stays_held_when_more_is_known(store, take, typed, later):
    who = typed
    if typed == "#1":
        take("Anna Rossi", customer="Anna Rossi")
        with store.reading() as connection:
            who = (
                f"#{connection.execute(select(t.person.c.id).where(t.person.c.role == 'customer')).scalar()}"
            )
    one = take("Anna Rossi", customer="Anna Rossi")
    add_hold(store, "customer", who, "law suit", "me")
    assert take("Anna Rossi", customer="Anna Rossi", **later) == one
    assert set(held(store)) == {one}
    with pytest.raises(Held, match="law suit"):
        erase(store, of_interactions(store, [one]))
    assert apply_retention(store, OLD).held == 1
    assert store.interaction(one)


def test_of_several_who_have_the_name_all_are_held(store, take):
    take("Anna Rossi")
    add_hold(store, "customer", "Anna Rossi", "law suit", "me")
    take("Anna Rossi", "My sofa is late.")
    assert len(held(store)) == 2
    other = take("Peter Grant", "My table is late.")
    assert erase(store, of_interactions(store, [other])).complete


def test_while_nobody_can_tell_whom_a_hold_is_about_nothing_is_erased(store, take):
    one, other = take("Anna Rossi"), take("Peter Grant", "My table is late.")
    hold = add_hold(store, "customer", "Anna Rossi", "law suit", "me")
    with store.writing() as connection:
        connection.execute(update(t.person).values(name="x y", name_key="x y"))
        connection.execute(update(t.interaction).values(customer="x y"))
    told = r"Anna Rossi \(no customer is known so any more\): held \(law suit\); nothing was erased"
    with pytest.raises(Held, match=told):
        erase(store, of_interactions(store, [other]))
    # What only says what would go must not promise it.
    for ask in (lambda: apply_retention(store, OLD), lambda: held(store, {other})):
        with pytest.raises(Held, match=told):
            ask()
    (store.home / "retention.yaml").write_text("every: {scorecards: 1 day}\n")
    address = str(store.engine.url.render_as_string(False))
    asked = ["--home", str(store.home), "--database", address, "retention", "apply", "--dry-run"]
    tried = CliRunner().invoke(cli, asked)
    assert tried.exit_code == 1 and "would go" not in tried.output
    assert store.interaction(one) and store.interaction(other)
    remove_hold(store, hold.number)
    assert erase(store, of_interactions(store, [other])).complete


@pytest.mark.parametrize(
    "content", [b"PAR1" + bytes(100) + b"PAR1", b"PAR1", b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1"]
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_damaged_parquet_file_is_looked_through_and_stops_nothing(store, take, content):
    one = take("Anna Rossi")
    (store.home / "broken.parquet").write_bytes(content)
    assert erase(store, of_interactions(store, [one])).complete
    other = take("Peter Grant", "My table is late.")
    (store.home / "broken.parquet").write_bytes(content + other.encode())
    left = erase(store, of_interactions(store, [other])).proof.left
    assert [trace.where for trace in left] == [str(store.home / "broken.parquet")]


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=MARKS)], indirect=True)
def test_the_statistics_of_the_database_forget_as_well(store, take):
    take("Peter Grant", "My table is late.", branch="Rome")
    one = take("Anna Rossi", "My zq7781234 is late.", branch="Xylophonstrasse", customer="Anna Rossi")
    asked = "SELECT concat(most_common_vals, most_common_elems, histogram_bounds) FROM pg_stats"
    # PostgreSQL leaves those of a table that is empty now, as this is when all is summed up.
    asked += " WHERE schemaname = 'public' AND tablename <> 'stale_sum'"
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        known = "".join(connection.exec_driver_sql(asked).scalars())
        assert "Xylophonstrasse" in known and one in known
        assert erase(store, of_customer(store, "Anna Rossi")).complete
        known = "".join(connection.exec_driver_sql(asked).scalars())
    assert "Rome" in known and "Xylophonstrasse" not in known and one not in known


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=MARKS)], indirect=True)
def test_an_erasure_behind_pages_may_take_longer_than_a_page(store, take):
    asked = of_interactions(store, [take("Anna Rossi")])
    store.limit_s = 0.001
    with pytest.raises(TooSlow), store.reading() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(0.1)")
    erasures = Erasures(store)
    number = erasures.begin(asked)
    while erasures.of(number).running:
        time.sleep(0.05)
    done = erasures.of(number)
    assert (done.problem, done.complete, store.limit_s) == ("", True, 0.001)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_done_stays_done_when_it_is_begun_again_too_late(store, take, monkeypatch):
    erasures = Erasures(store)
    number = erasures.begin(of_interactions(store, [take("Anna Rossi")]))
    finished(erasures, number)
    # It was read as open, and was finished before it was begun.
    monkeypatch.setattr(behind, "open_erasures", lambda store: (number,))
    assert erasures.resume() == (number,)
    done = finished(erasures, number)
    assert (done.problem, done.complete, done.erased.interactions) == ("", True, 1)


def finished(erasures, number):
    while erasures.of(number).running:
        time.sleep(0.05)
    return erasures.of(number)


@pytest.mark.parametrize(
    "column",
    [pa.array([["one"]]), pa.array([1]), pa.array([{"id": "one"}])],
    ids=["lists", "numbers", "records"],
)
def test_an_export_that_is_no_longer_what_was_written_is_left_as_it_is(tmp_path, column):
    pq.write_table(pa.table({"interaction": column}), tmp_path / "scorecards.parquet")
    assert forget_in(tmp_path, "parquet", ["one"]) == ([], 0)
