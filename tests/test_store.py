import contextlib
import json
import threading
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from audit import database as db
from audit.database import StoreUnusable
from audit.interactions import Role
from audit.pipeline import find_rubric
from audit.scorecard import make_scorecard
from audit.store import NotStored, open_store
from audit.tables import metadata
from models.observations import Observed
from tests import build

LINES = [
    ("agent", 0, "good morning my name is Sarah how may I help you"),
    ("customer", 5, "I have a question"),
]


@pytest.fixture
def store(tmp_path, database):
    """An empty store, on SQLite and on PostgreSQL."""
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


@pytest.fixture
def on_sqlite(tmp_path):
    return open_store(tmp_path / "home")


def counts(store):
    with store.reading() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar()
            for name, table in metadata.tables.items()
        }


def answers(observed):
    """The parts of observations as they are kept, one for each need."""
    return [
        Observed(observed.recording.id, p, **{p.need: getattr(observed, p.need)}) for p in observed.provenance
    ]


def keep(store, tmp_path, **facts):
    """Keeps one judged call, and gives everything of it."""
    rubric = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    observed = build.observations(LINES)
    facts.setdefault("roles", (("agent", Role.AGENT), ("customer", Role.CUSTOMER)))
    one = build.interaction(**facts)
    card = make_scorecard(one, observed, rubric)
    store.keep(one, observed, answers(observed))
    store.keep_rubric(rubric)
    return one, observed, rubric, card, store.keep_scorecard(card)


def test_a_home_that_is_named_from_where_one_stands_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = open_store(Path("mine"))
    assert opened.home == tmp_path / "mine"


def test_what_was_kept_comes_back_the_same(store, tmp_path):
    one, observed, rubric, card, new = keep(
        store, tmp_path, agent="Sara", started_at="2026-03-02T09:00:00+00:00"
    )
    assert new
    assert store.interaction(one.id) == one
    assert store.observations(one) == observed
    assert store.rubric(rubric.digest) == rubric
    assert store.scorecards(one.id) == (card,)
    assert list(store.interactions(rubric.applies_to)) == [(one, observed)]


@pytest.mark.parametrize("name", ["voice-en", "chat-en"])
def test_a_pack_comes_back_the_same(store, name):
    pack = find_rubric(name)
    store.keep_rubric(pack)
    assert store.rubric(pack.digest) == pack
    assert store.rubric(pack.digest).digest == pack.digest


def test_keeping_the_same_again_changes_nothing(store, tmp_path):
    keep(store, tmp_path)
    before = counts(store), store.rows()
    *_, new = keep(store, tmp_path)
    assert not new
    assert (counts(store), store.rows()) == before


def test_rows_show_the_newest_score(store, tmp_path):
    keep(store, tmp_path, agent="Sara O'Hara", branch="100%")
    row = store.rows()[0]
    assert (row.rubric, row.score, row.critical_misses) == ("house", 100.0, 0)


def test_an_interaction_is_found_by_its_first_letters_or_its_title(store, tmp_path):
    keep(store, tmp_path)
    assert store.interaction(build.IDENTITY[:6]).id == store.interaction("a call").id == build.IDENTITY
    with pytest.raises(NotStored, match="no interaction 'zz' is stored"):
        store.interaction("zz")


def test_facts_may_grow_and_scores_stay(store, tmp_path):
    keep(store, tmp_path)
    one, *_ = keep(store, tmp_path, branch="Milan")
    assert store.interaction(one.id).branch == "Milan"
    assert len(store.rows()) == 1


def test_a_database_of_another_version_is_refused_with_the_remedy(store, database):
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreUnusable, match="schema 0000, expected .*; run: comport upgrade"):
        open_store(store.home, database)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "comport.db").write_text("this is a letter, not a database" * 100)
    with pytest.raises(StoreUnusable, match="not a database"):
        open_store(tmp_path)


def test_a_damaged_observations_file_is_perceived_anew(store, tmp_path):
    one, observed, *_ = keep(store, tmp_path)
    look_up = store.known(one.recording)
    assert all(look_up(p) for p in observed.provenance)
    for path in store.observations_folder.rglob("*.json"):
        path.write_bytes(path.read_bytes()[:-20])
    assert not any(look_up(p) for p in observed.provenance)


def test_a_full_database_keeps_what_it_had(on_sqlite, tmp_path):
    store = on_sqlite
    one, observed, rubric, card, _ = keep(store, tmp_path)
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    db.event.listen(
        store.engine, "connect", lambda c, _: c.execute(f"PRAGMA max_page_count={pages}"), insert=False
    )
    store.engine.dispose()
    big = msgspec.structs.replace(card, software="next", caveats=("x" * 500_000,))
    with pytest.raises(StoreUnusable, match="full.*what was stored before is untouched") as caught:
        store.keep_scorecard(big)
    assert "make room" in caught.value.line
    assert store.scorecards(one.id) == (card,)


def test_readers_see_whole_transactions_while_another_thread_writes(store, tmp_path):
    one, _, _, card, _ = keep(store, tmp_path)
    stop, seen = threading.Event(), []

    def read():
        while not stop.is_set():
            seen.append(len(store.rows()))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        for number in range(30):
            store.keep_scorecard(msgspec.structs.replace(card, software=f"v{number}"))
    finally:
        stop.set()
        reader.join()
    assert set(seen) == {1}
    with store.engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM scorecard").scalar()
    assert count == 31


def test_a_transaction_that_fails_leaves_nothing_and_only_its_own_thread_is_in_it(store, tmp_path):
    one, _, _, card, _ = keep(store, tmp_path)
    inside, seen = threading.Event(), threading.Event()

    def fail():
        with contextlib.suppress(KeyError), store.writing():
            store.keep_scorecard(msgspec.structs.replace(card, software="undone"))
            inside.set()
            seen.wait(5)
            raise KeyError

    other = threading.Thread(target=fail, daemon=True)
    other.start()
    assert inside.wait(5)
    assert store.scorecards(one.id) == (card,)
    seen.set()
    other.join()
    assert store.scorecards(one.id) == (card,)


def test_a_scorecard_is_stored_as_plain_json(store, tmp_path):
    _, _, _, card, _ = keep(store, tmp_path)
    with store.engine.connect() as connection:
        content = connection.exec_driver_sql("SELECT content FROM scorecard").scalar()
    assert json.loads(content)["findings"][0]["verdict"] == "met"
    assert card.findings[0].standard == "a"
