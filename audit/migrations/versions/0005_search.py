"""the index of words and verdicts that a search looks through, and indices for what lists are filtered by

Words lie in files that a migration does not see: `comport upgrade` adds them after it.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BATCH = 1000
"""Scorecards brought up to date at a time."""

WORDS_ON_SQLITE = (
    # The words stay in `transcript`; this table holds only where each of them stands.
    "CREATE VIRTUAL TABLE transcript_words USING fts5"
    "(words, content='transcript', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER transcript_added AFTER INSERT ON transcript BEGIN "
    "INSERT INTO transcript_words(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER transcript_removed AFTER DELETE ON transcript BEGIN "
    "INSERT INTO transcript_words(transcript_words, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER transcript_changed AFTER UPDATE ON transcript BEGIN "
    "INSERT INTO transcript_words(transcript_words, rowid, words) VALUES ('delete', old.id, old.words); "
    "INSERT INTO transcript_words(rowid, words) VALUES (new.id, new.words); END",
)

WORDS_ON_POSTGRESQL = (
    "ALTER TABLE transcript ADD COLUMN vector tsvector "
    "GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED",
    "CREATE INDEX ix_transcript_vector ON transcript USING gin (vector)",
    # A column and no index of an expression: of a column the planner knows how common each word is.
    "ALTER TABLE scorecard ADD COLUMN verdict_words text[] "
    "GENERATED ALWAYS AS (string_to_array(verdicts, ' ')) STORED",
    "CREATE INDEX ix_scorecard_verdict_words ON scorecard USING gin (verdict_words) WHERE current",
)


def upgrade() -> None:
    op.create_table(
        "transcript",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_transcript_interaction_id_interaction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript")),
        sa.UniqueConstraint("interaction_id", name=op.f("uq_transcript_interaction_id")),
    )
    op.add_column("scorecard", sa.Column("verdicts", sa.Text(), nullable=False, server_default=""))
    _fill()
    # As queries say it: SQLite uses an index of some rows only where they say the same.
    current = sa.text("current"), sa.text("current = 1")
    for table, columns, where in (
        ("scorecard", ["judged_at", "id"], current),
        ("scorecard", ["rubric_name", "judged_at", "id"], current),
        ("scorecard", ["standing_score"], current),
        ("interaction", ["customer", "started_at"], (None, None)),
        ("interaction", ["agent"], (None, None)),
        ("interaction", ["team"], (None, None)),
        ("interaction", ["branch"], (None, None)),
        ("interaction", ["started_at"], (None, None)),
    ):
        name = op.f(f"ix_{table}_{'_'.join(columns)}")
        op.create_index(name, table, columns, postgresql_where=where[0], sqlite_where=where[1])
    op.drop_index(op.f("ix_scorecard_current"), "scorecard")
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in WORDS_ON_SQLITE if on_sqlite else WORDS_ON_POSTGRESQL:
        op.execute(statement)


def _fill() -> None:
    """The verdicts of the machine; `comport upgrade` puts people's in their place."""
    columns = (sa.column("id", sa.Integer), sa.column("content", sa.Text), sa.column("verdicts", sa.Text))
    card = sa.table("scorecard", *columns)
    connection = op.get_bind()
    last = 0
    while True:
        rows = connection.execute(
            sa.select(card.c.id, card.c.content).where(card.c.id > last).order_by(card.c.id).limit(BATCH)
        ).all()
        if not rows:
            return
        for row in rows:
            findings = [(f["standard"], f["verdict"]) for f in json.loads(row.content)["findings"]]
            told = dict.fromkeys(
                word for name, verdict in findings for word in (f"{name}:{verdict}", verdict)
            )
            verdicts = f" {' '.join(told)} "
            connection.execute(sa.update(card).where(card.c.id == row.id).values(verdicts=verdicts))
        last = rows[-1].id
