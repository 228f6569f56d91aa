"""phrases by pairs of words on PostgreSQL, verdicts as words on SQLite, indices with all that lists read"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ON_POSTGRESQL = (
    # Each pair of neighbours as a number below 2^20: in four hundred thousand texts of four hundred different
    # pairs a number that nobody said stands in some hundred and sixty, which are then read.
    "CREATE FUNCTION comport_pair(pair text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ "
    "SELECT hashtext(pair) & 1048575 $$",
    "CREATE FUNCTION comport_pairs(words text) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ "
    "SELECT array_agg(DISTINCT hashtext(word || ' ' || next) & 1048575) FROM ("
    "SELECT word, lead(word) OVER (ORDER BY place) AS next "
    "FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS u(word, place)) AS pair "
    "WHERE next IS NOT NULL $$",
    "ALTER TABLE transcript ADD COLUMN pairs integer[] GENERATED ALWAYS AS (comport_pairs(words)) STORED",
    "CREATE INDEX ix_transcript_pairs ON transcript USING gin (pairs)",
)

ON_SQLITE = (
    # What stands in a row behind `content` is read slowly: these hold all that lists are ordered and chosen
    # by; `current`, too, or the row is opened for it.
    "CREATE INDEX ix_scorecard_walk ON scorecard "
    "(judged_at, id, standing_score, waiting, rubric_name, interaction_id, current) WHERE current = 1",
    "CREATE INDEX ix_scorecard_found ON scorecard (interaction_id, judged_at, id, current) WHERE current = 1",
    # The verdicts stay in `scorecard`; this table holds only in which rows each of them stands.
    "CREATE VIRTUAL TABLE scorecard_words USING fts5(verdicts, content='scorecard', content_rowid='id', "
    "detail='none', tokenize=\"unicode61 remove_diacritics 0 tokenchars ':-_'\")",
    "CREATE TRIGGER scorecard_added AFTER INSERT ON scorecard BEGIN "
    "INSERT INTO scorecard_words(rowid, verdicts) VALUES (new.id, new.verdicts); END",
    "CREATE TRIGGER scorecard_removed AFTER DELETE ON scorecard BEGIN "
    "INSERT INTO scorecard_words(scorecard_words, rowid, verdicts) "
    "VALUES ('delete', old.id, old.verdicts); END",
    "CREATE TRIGGER scorecard_changed AFTER UPDATE OF verdicts ON scorecard BEGIN "
    "INSERT INTO scorecard_words(scorecard_words, rowid, verdicts) "
    "VALUES ('delete', old.id, old.verdicts); "
    "INSERT INTO scorecard_words(rowid, verdicts) VALUES (new.id, new.verdicts); END",
    "INSERT INTO scorecard_words(scorecard_words) VALUES ('rebuild')",
)


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in ON_SQLITE if on_sqlite else ON_POSTGRESQL:
        # A colon before a word would be taken for a parameter.
        op.execute(sa.text(statement.replace(":", "\\:")))
