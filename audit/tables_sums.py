"""Tables of sums over scorecards, by week and place; a part of `audit.tables`. See `audit.tallies`."""

from sqlalchemy import Column, Float, Integer, String, Table, Text

from audit.tablebase import metadata

# A week is counted from the first Monday of 1970; what is not known of an interaction is an empty text.
score_sum = Table(
    "score_sum",
    metadata,
    Column("week", Integer, primary_key=True, autoincrement=False),
    Column("branch", Text, primary_key=True),
    Column("team", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("rubric_name", String(80), primary_key=True),
    # Of the scores that stand: how many, their sum, the sum of their squares.
    Column("n", Integer, nullable=False),
    Column("total", Float, nullable=False),
    Column("squares", Float, nullable=False),
    # Scorecards with findings that wait for a person, and with critical misses.
    Column("waiting", Integer, nullable=False),
    Column("critical", Integer, nullable=False),
)

verdict_sum = Table(
    "verdict_sum",
    metadata,
    Column("week", Integer, primary_key=True, autoincrement=False),
    Column("branch", Text, primary_key=True),
    Column("team", Text, primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("rubric_name", String(80), primary_key=True),
    Column("standard", String(80), primary_key=True),
    Column("met", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
)

# Weeks and places in which something changed since they were summed up.
stale_sum = Table(
    "stale_sum",
    metadata,
    Column("week", Integer, primary_key=True, autoincrement=False),
    Column("branch", Text, primary_key=True),
    Column("team", Text, primary_key=True),
)

# Sums of scorecards that were erased and whose scores stay, without anybody; they count with the others.
kept_score = Table(
    "kept_score",
    metadata,
    Column("week", Integer, primary_key=True, autoincrement=False),
    Column("branch", Text, primary_key=True),
    Column("team", Text, primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("rubric_name", String(80), primary_key=True),
    Column("n", Integer, nullable=False),
    Column("total", Float, nullable=False),
    Column("squares", Float, nullable=False),
    Column("critical", Integer, nullable=False),
)

kept_verdict = Table(
    "kept_verdict",
    metadata,
    Column("week", Integer, primary_key=True, autoincrement=False),
    Column("branch", Text, primary_key=True),
    Column("team", Text, primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("rubric_name", String(80), primary_key=True),
    Column("standard", String(80), primary_key=True),
    Column("met", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
)
