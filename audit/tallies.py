"""Sums of scorecards by week and place, so that pages about everything need not read every scorecard.

Whoever writes what stands on a scorecard, or a fact that it is summed up by, marks its week and place as
stale in the same transaction (`outdate`); whoever reads sums first has the stale ones made anew from the
scorecards (`settle`). So a sum is never counted up or down: it is always that of the scorecards, and of those
whose scores stay though they were erased (`audit/kept_sums.py`).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Join,
    Select,
    Table,
    case,
    cast,
    delete,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from audit import tables as t
from audit.intervals import Sums
from audit.judge import Verdict
from audit.scope import Scope
from audit.transactions import Transactions

MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
"""The first Monday: weeks (UTC, Monday to Sunday) are counted from it."""

WEEK = timedelta(days=7)

AT_ONCE = 50
"""Places of a week that are summed up in one transaction, while others wait to write. Our choice."""

PLACES = ("branch", "team")


class Cell(msgspec.Struct, frozen=True):
    """Scorecards that have the same `key`: their scores, how many wait, how many have critical misses."""

    key: tuple[Any, ...]
    scores: Sums
    waiting: int
    critical: int


def week_of(at: datetime) -> int:
    """The number of whole weeks between `MONDAY` and a time."""
    return (at - MONDAY) // WEEK


def outdate(connection: Connection, interactions: Collection[str]) -> None:
    """Marks the sums that these interactions are in as stale, by the facts that are stored now."""
    facts = t.interaction.c
    found = (
        select(week_number(connection.dialect.name), *map(_place, PLACES))
        .where(facts.id.in_(interactions), facts.started_at.is_not(None))
        .distinct()
    )
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    added = dialect.insert(t.stale_sum).from_select(["week", *PLACES], found)
    connection.execute(added.on_conflict_do_nothing())


def settle(store: Transactions, first: int | None = None, last: int | None = None) -> None:
    """Makes the stale sums anew (of the weeks from `first` to `last`), of some places of a week in each
    transaction, so that others may write between two."""
    stale = t.stale_sum.c
    within = [] if first is None else [stale.week >= first]
    within += [] if last is None else [stale.week <= last]
    with store.reading() as connection:
        weeks = connection.execute(select(stale.week).where(*within).distinct()).scalars().all()
    for week in sorted(weeks):
        while store.again(lambda week=week: _settle(store, week)):  # type: ignore[misc]
            pass


def _settle(store: Transactions, week: int) -> bool:
    """Makes sums of some stale places of a week anew; whether there may be more."""
    stale = t.stale_sum.c
    # Teams of a branch together: it is the index of branches that is read.
    query = select(stale.branch, stale.team).where(stale.week == week).order_by(stale.branch, stale.team)
    with store.writing() as connection:
        places = [tuple(row) for row in connection.execute(query.limit(AT_ONCE))]
        if not places:
            return False
        for table in (t.score_sum, t.verdict_sum, t.stale_sum):
            column = table.c
            same = tuple_(column.branch, column.team).in_(places)
            connection.execute(delete(table).where(column.week == week, same))
        held = _began_at(week, places)
        for table, sums, kept in (
            (t.score_sum, scores_of, t.kept_score),
            (t.verdict_sum, verdicts_of, t.kept_verdict),
        ):
            summed = sums(week, connection.dialect.name, held)
            connection.execute(insert(table).from_select([c.name for c in table.c], summed))
            columns = (
                kept.c[c.name] if c.name in kept.c else literal_column(_NOBODY[c.name]) for c in table.c
            )
            here = tuple_(kept.c.branch, kept.c.team).in_(places)
            add(connection, table, select(*columns).where(kept.c.week == week, here))
    return len(places) == AT_ONCE


_NOBODY = {"agent": "''", "waiting": "0"}
"""What sums say of those that stayed: no employee, and nothing of them waits any more."""


def add(connection: Connection, table: Table, more: Select[Any] | dict[str, Any]) -> None:
    """Adds rows, or one, to a table of sums: to those that have the same key."""
    new = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    added = new.values(**more) if isinstance(more, dict) else new.from_select([c.name for c in table.c], more)
    numbers = [c for c in table.c if not c.primary_key]
    sums = {c.name: c + new.excluded[c.name] for c in numbers}
    connection.execute(added.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums))


def _began_at(week: int, places: Sequence[tuple[str, ...]]) -> tuple[ColumnElement[bool], ...]:
    """That an interaction began in a week at one of these places. The branch stands by itself, too: there is
    an index of branches and times."""
    facts = t.interaction.c
    branches = {place[0] for place in places}
    at = facts.branch.in_(branches)
    return (
        *within(week),
        or_(at, facts.branch.is_(None)) if "" in branches else at,
        tuple_(*map(_place, PLACES)).in_(places),
    )


def within(week: int) -> tuple[ColumnElement[bool], ...]:
    """That an interaction began in a week."""
    began, begins = t.interaction.c.started_at, MONDAY + week * WEEK
    return began >= begins, began < begins + WEEK


def _place(name: str) -> ColumnElement[str]:
    """A fact, empty where it is not known; a literal: PostgreSQL sees that it is the same in GROUP BY."""
    return func.coalesce(t.interaction.c[name], literal_column("''")).label(name)


def scores_of(week: int, _dialect: str, held: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """Rows of `score_sum` of the scorecards that are held, all of them of one week."""
    keys = (*map(_place, (*PLACES, "agent")), t.interaction.c.channel, t.scorecard.c.rubric_name)
    return (
        select(cast(literal(week), Integer), *keys, *_STANDING)
        .join_from(t.scorecard, t.interaction, t.interaction.c.id == t.scorecard.c.interaction_id)
        .where(t.scorecard.c.current, *held)
        .group_by(*keys)
    )


def verdicts_of(week: int, dialect: str, held: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """Rows of `verdict_sum` of the scorecards that are held, all of them of one week."""
    said = _said(dialect)
    keys = (*map(_place, PLACES), t.interaction.c.channel, t.scorecard.c.rubric_name, said.standard)
    return (
        select(cast(literal(week), Integer), *keys, said.met, said.missed)
        .select_from(said.rows)
        .where(t.scorecard.c.current, said.counts, *held)
        .group_by(*keys)
    )


_SCORE = t.scorecard.c.standing_score

_STANDING = (
    func.count(_SCORE),
    func.coalesce(func.sum(_SCORE), 0.0),
    func.coalesce(func.sum(_SCORE * _SCORE), 0.0),
    func.sum(case((t.scorecard.c.waiting > 0, 1), else_=0)),
    func.sum(case((t.scorecard.c.critical_misses > 0, 1), else_=0)),
)


class _Said(NamedTuple):
    """Scorecards, each with its interaction, once for each word of their verdicts (`greet:met`)."""

    rows: Join
    standard: ColumnElement[str]
    counts: ColumnElement[bool]
    met: ColumnElement[int]
    missed: ColumnElement[int]


def _said(dialect: str) -> _Said:
    if dialect == "postgresql":
        listed = func.unnest(literal_column("scorecard.verdict_words"))
        words = listed.table_valued("value").render_derived(name="word")
        standard = "split_part(word.value, ':', 1)"
    else:
        quoted = """'["' || replace(trim(scorecard.verdicts), ' ', '","') || '"]'"""
        words = func.json_each(literal_column(quoted)).table_valued("value", name="word")
        standard = "substr(word.value, 1, instr(word.value, ':') - 1)"
    met, missed = (words.c.value.like(f"%:{verdict}") for verdict in (Verdict.MET, Verdict.MISSED))
    same = t.interaction.c.id == t.scorecard.c.interaction_id
    return _Said(
        t.scorecard.join(t.interaction, same).join(words, true()),
        literal_column(standard),
        or_(met, missed),
        func.sum(case((met, 1), else_=0)),
        func.sum(case((missed, 1), else_=0)),
    )


def score_sums(
    connection: Connection, keys: Sequence[ColumnElement[Any]], held: Iterable[ColumnElement[bool]]
) -> list[Cell]:
    """The scores that stand, for each group of `keys`: read from the scorecards."""
    query = select(*keys, *_STANDING).join_from(
        t.scorecard, t.interaction, t.interaction.c.id == t.scorecard.c.interaction_id
    )
    return _cells(connection, query.where(t.scorecard.c.current, *held).group_by(*keys))


def summed_scores(
    connection: Connection, keys: Sequence[ColumnElement[Any]], held: Iterable[ColumnElement[bool]]
) -> list[Cell]:
    """The same from the sums; keys and conditions are columns of `score_sum`."""
    sums = t.score_sum.c
    columns = (sums.n, sums.total, sums.squares, sums.waiting, sums.critical)
    query = select(*keys, *map(func.sum, columns)).where(*held).group_by(*keys)
    return _cells(connection, query)


def _cells(connection: Connection, query: Select[Any]) -> list[Cell]:
    return [
        Cell(tuple(row[:-5]), Sums(row[-5], row[-4], row[-3]), row[-2], row[-1])
        for row in connection.execute(query)
        if row[-5] is not None
    ]


def standard_sums(connection: Connection, held: Iterable[ColumnElement[bool]]) -> dict[str, tuple[int, int]]:
    """Standard → (times met, times missed) as it stands: read from the scorecards."""
    said = _said(connection.dialect.name)
    query = select(said.standard, said.met, said.missed).select_from(said.rows)
    held = (t.scorecard.c.current, said.counts, *held)
    rows = connection.execute(query.where(*held).group_by(said.standard))
    return {standard: (met, missed) for standard, met, missed in rows}


def summed_standards(
    connection: Connection, keys: Sequence[ColumnElement[Any]], held: Iterable[ColumnElement[bool]]
) -> list[tuple[Any, ...]]:
    """Rows (*keys, times met, times missed) of the sums; keys and conditions are columns of `verdict_sum`."""
    sums = t.verdict_sum.c
    query = select(*keys, func.sum(sums.met), func.sum(sums.missed)).where(*held).group_by(*keys)
    return [tuple(row) for row in connection.execute(query)]


def share_met(met: int, missed: int) -> Sums:
    """The share met of what was met or missed, as scores of 100 and 0."""
    return Sums(met + missed, 100.0 * met, 10_000.0 * met)


def seen_in(table: Table, scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """What must hold of rows of sums that are of a scope; what was released of one employee is in none."""
    if scope.employee is not None:
        return (false(),)
    return () if scope.team is None else (table.c.team == scope.team, table.c.team != "")


def week_number(dialect: str) -> ColumnElement[int]:
    """`week_of` the beginning of an interaction."""
    begun = t.interaction.c.started_at
    if dialect == "postgresql":
        since_s: ColumnElement[Any] = literal_column("extract(epoch FROM interaction.started_at)")
    else:
        # Without what is below a second: that would be rounded, and up into the next week.
        since_s = cast(func.strftime("%s", func.substr(begun, 1, 19)), Float)
    weeks = f"{WEEK.total_seconds():.1f}"
    number = func.floor((since_s - literal_column(f"{MONDAY.timestamp():.0f}")) / literal_column(weeks))
    return cast(number, Integer)
