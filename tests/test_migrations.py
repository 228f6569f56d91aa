"""Databases of earlier versions, with what those versions stored in them, on SQLite and on PostgreSQL.

`databases/NNNN.json` holds one audited sample as Comport wrote it at schema NNNN. A migration comes with such a
file of the schema before it.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, MetaData, insert

from audit import database as db
from audit.database import StoreUnusable
from audit.judge import Verdict
from audit.pipeline import find_rubric, rescore
from audit.scope import UserRole
from audit.searching import Wanted, find
from audit.store import open_store
from audit.tables import metadata
from audit.upgrading import index_missing, stand_again
from audit.users import accounts

SAVED = {path.stem: path for path in sorted((Path(__file__).parent / "databases").glob("*.json"))}


def versions() -> list[str]:
    """Every schema there ever was, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(Path(db.__file__).parent / "migrations"))
    return [s.revision for s in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def fill(home, address, saved):
    """A database at the schema of `saved`, with its rows and files."""
    (home / "observations").mkdir(parents=True)
    engine = db._engine(home, address)
    db.upgrade(engine, saved["schema"])
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for name, rows in saved["tables"].items():
            table = tables.tables[name]
            times = [column.name for column in table.columns if isinstance(column.type, DateTime)]
            for row in rows:
                # As the store writes times: UTC, without a zone on SQLite.
                zone = "" if engine.dialect.name == "sqlite" else "+00:00"
                told = {n: datetime.fromisoformat(row[n] + zone) for n in times if row[n]}
                yes = {"current": bool(row["current"])} if "current" in row else {}
                # Numbers are given out by the database, as they were then.
                plain = {n: value for n, value in row.items() if n != "id" or isinstance(value, str)}
                connection.execute(insert(table).values(**{**plain, **told, **yes}))
    engine.dispose()
    for file, content in saved["observations"].items():
        path = home / "observations" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


def differences(store):
    """Between the tables and what the migrations made, but for the index of words: each kind has its own."""
    own = (
        "transcript_words",
        "scorecard_words",
        "pairs",
        "ix_transcript_pairs",
        "ix_scorecard_walk",
        "ix_scorecard_found",
        "vector",
        "ix_transcript_vector",
        "verdict_words",
        "ix_scorecard_verdict_words",
    )

    def is_shared(_object, name, *_):
        return not (name or "").startswith(own)

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_shared})
        return compare_metadata(context, metadata)


def test_the_tables_are_what_the_migrations_make(tmp_path, database):
    assert differences(open_store(tmp_path, database)) == []


def test_the_schema_is_the_newest_migration():
    assert versions()[-1] == db.SCHEMA


def test_there_is_saved_data_of_every_earlier_schema():
    assert [v for v in versions()[:-1] if v not in SAVED] == []


@pytest.mark.parametrize("version", SAVED)
def test_what_earlier_versions_stored_comes_back(tmp_path, database, version):
    saved = json.loads(SAVED[version].read_text("utf-8"))
    fill(tmp_path, database, saved)
    if version != db.SCHEMA:
        with pytest.raises(StoreUnusable, match=f"schema {version}, expected .*; run: comport upgrade"):
            open_store(tmp_path, database)
    assert db.upgrade_store(tmp_path, database) == db.SCHEMA
    store = open_store(tmp_path, database)
    facts = saved["tables"]["interaction"][0]
    (row,) = store.rows()
    one = store.interaction(facts["id"])
    assert row.interaction == one
    assert (one.title, one.agent, one.customer, one.started_at) == (
        facts["title"],
        facts["agent"],
        facts["customer"],
        "2026-03-03T08:12:00+00:00",
    )
    (card,) = store.scorecards(one.id)
    assert (card.score.score, row.rubric) == (saved["tables"]["scorecard"][0]["score"], "chat-en")
    assert store.rubric(card.rubric_digest).rubric == "chat-en"
    assert len(store.observations(one).utterances) > 5
    # Who had an account could do everything, and still can.
    assert [(one.name, one.role) for one in accounts(store)] == [("ana", UserRole.ADMIN)]
    # What the migrations cannot see comes after them, as `comport upgrade` does it.
    stand_again(store)
    index_missing(store)
    reviewed = bool(saved["tables"].get("review"))
    for wanted in (Wanted('"next steps" jacket'), Wanted(standards=("right-answer",), verdict=Verdict.MET)):
        assert len(find(store, wanted).rows) == (1 if wanted.words or reviewed else 0)
    # It goes on as a database of today: the same judged again gives a scorecard of today.
    assert [r.interaction.id for r in rescore(store, find_rubric("chat-en"))] == [one.id]
    assert differences(store) == []
    store.engine.dispose()


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path, database):
    first, *_, last = versions()
    fill(tmp_path, database, json.loads(SAVED[first].read_text("utf-8")))
    engine = db._engine(tmp_path, database)

    def fail(_connection, _cursor, statement, parameters, *_):
        if statement.startswith("UPDATE alembic_version") and last in f"{statement}{parameters}":
            raise RuntimeError("the machine fell over")

    db.event.listen(engine, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError):
        db.upgrade(engine)
    engine.dispose()
    with pytest.raises(StoreUnusable, match=f"schema {first}, expected"):
        open_store(tmp_path, database)
    assert db.upgrade_store(tmp_path, database) == db.SCHEMA
    assert len(open_store(tmp_path, database).rows()) == 1
