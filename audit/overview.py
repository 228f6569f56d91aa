"""How good the service was: week by week, by place and standard, what changed, and how even people are.

Everything is computed from the scores that stand (with people's words) of interactions that began in a
stretch of whole weeks (UTC, Monday to Sunday), beside the stretch of the same length before it. It is read
from sums by week and place (`audit/tallies.py`).
"""

import functools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Integer, Table, cast, func, literal_column, select

from audit import tables as t
from audit.interactions import Channel
from audit.intervals import LEAST, LEVEL, Compared, Evenness, Interval, Sums, compare, evenness, interval
from audit.rubric import Rubric
from audit.scope import EVERYTHING, Scope
from audit.tallies import (
    MONDAY,
    WEEK,
    seen_in,
    settle,
    share_met,
    summed_scores,
    summed_standards,
    week_of,
)
from audit.transactions import Transactions

WEEKS = (4, 12, 26, 52)
"""Lengths of a stretch that pages offer: a month, a quarter, half a year, a year."""


class Stretch(msgspec.Struct, frozen=True):
    """Whole weeks: from `since` on, before `until`."""

    since: datetime
    until: datetime

    @property
    def before(self) -> "Stretch":
        """The one of the same length before it."""
        return Stretch(self.since - (self.until - self.since), self.since)

    @property
    def last_day(self) -> datetime:
        return self.until - timedelta(days=1)


class Of(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which scorecards count; empty is any."""

    rubric: str = ""
    channel: Channel | None = None
    branch: str = ""
    team: str = ""


class Week(msgspec.Struct, frozen=True):
    begins: datetime
    scores: Sums
    interval: Interval | None


class Overview(msgspec.Struct, frozen=True):
    """What the start page shows; `whole` compares everything, `weeks` are the stretch's, oldest first."""

    stretch: Stretch
    whole: Compared
    weeks: tuple[Week, ...]
    by: dict[str, tuple[Compared, ...]]
    """`rubric`, `channel`, `branch`, `team`: their rows, those with the most interactions first."""
    standards: tuple[Compared, ...]
    """The share met, in percent of what was met or missed, of each standard; the lowest first."""
    titles: dict[str, str]
    changes: tuple[tuple[str, Compared], ...]
    """(kind, row) of everything that changed, the largest difference first."""
    compared: int
    """How many differences were looked at for that."""
    evenness: Evenness | None
    waiting: int
    """Interactions with findings that wait for a person."""
    critical: int
    """Interactions with critical misses."""
    undated: int
    """Interactions, of all, of which nobody knows when they began: they are nowhere on this page."""


BY = ("rubric", "channel", "branch", "team")


def newest_stretch(store: Transactions, weeks: int) -> Stretch:
    """The stretch that ends with the week of the newest interaction: what is old is not nothing."""
    now = datetime.now(UTC)
    with store.reading() as connection:
        newest = connection.execute(select(func.max(t.interaction.c.started_at))).scalar() or now
    until = MONDAY + (week_of(min(newest, now)) + 1) * WEEK
    return Stretch(until - weeks * WEEK, until)


def overview(store: Transactions, of: Of, stretch: Stretch, scope: Scope = EVERYTHING) -> Overview:
    """The overview of a stretch, of what lies within a scope."""
    settle(store, week_of(stretch.before.since), week_of(stretch.last_day))
    return store.again(lambda: _overview(store, of, stretch, scope))


def _overview(store: Transactions, of: Of, stretch: Stretch, scope: Scope) -> Overview:
    both = Stretch(stretch.before.since, stretch.until)
    sums, verdicts = t.score_sum, t.verdict_sum
    held = (*begun(sums, stretch), *held_of(sums, of), *seen_in(sums, scope))
    of_both = (*begun(sums, both), *held_of(sums, of), *seen_in(sums, scope))
    places = (sums.c.rubric_name, *(sums.c[name] for name in BY[1:]))
    with store.reading() as connection:
        cells = summed_scores(connection, (_is_now(sums, stretch), *places), of_both)
        weeks = {cell.key[0]: cell.scores for cell in summed_scores(connection, (sums.c.week,), held)}
        people = summed_scores(connection, (sums.c.agent,), held)
        standards = summed_standards(
            connection,
            (_is_now(verdicts, stretch), verdicts.c.standard),
            (*begun(verdicts, both), *held_of(verdicts, of), *seen_in(verdicts, scope)),
        )
        titles = titles_of(connection, *filter(None, [of.rubric]))
        facts = t.interaction.c
        unknown = select(func.count(facts.id)).where(facts.started_at.is_(None), *scope.interactions())
        undated = connection.execute(unknown).scalar_one()
    sides = {
        name: _sides((cell.key[0], str(cell.key[1 + place]), cell.scores) for cell in cells)
        for place, name in enumerate(BY)
    }
    sides["standard"] = _sides((now, name, share_met(met, missed)) for now, name, met, missed in standards)
    sides[""] = _sides((cell.key[0], "", cell.scores) for cell in cells) or {"": (Sums(), Sums())}
    compared = sum(min(a.n, b.n) >= LEAST for rows in sides.values() for a, b in rows.values())
    level = 1 - (1 - LEVEL) / max(1, compared)
    rows = {
        kind: [compare(name, *pair, level, kind == "standard") for name, pair in found.items()]
        for kind, found in sides.items()
    }
    changes = [(kind, row) for kind, found in rows.items() for row in found if row.changed]
    return Overview(
        stretch,
        rows[""][0],
        weeks_of(stretch, weeks),
        {kind: _shown(rows[kind], lambda row: (-row.now.n, row.name)) for kind in BY},
        _shown(rows["standard"], lambda row: (row.now.mean or 0.0, row.name)),
        titles,
        tuple(sorted(changes, key=lambda one: -abs(one[1].difference or 0.0))),
        compared,
        evenness([cell.scores for cell in people if cell.key[0]]),
        sum(cell.waiting for cell in cells if cell.key[0]),
        sum(cell.critical for cell in cells if cell.key[0]),
        undated,
    )


def begun(table: Table, within: Stretch) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """That sums are of the weeks of a stretch."""
    return table.c.week >= week_of(within.since), table.c.week < week_of(within.until)


def held_of(table: Table, of: Of) -> tuple[ColumnElement[bool], ...]:
    """What holds of the sums that count."""
    asked = (
        ("rubric_name", of.rubric),
        ("channel", of.channel and of.channel.value),
        ("branch", of.branch),
        ("team", of.team),
    )
    return tuple(table.c[name] == value for name, value in asked if value)


def _is_now(table: Table, stretch: Stretch) -> ColumnElement[int]:
    """1 for sums of the stretch, 0 for those before it."""
    return cast(table.c.week >= literal_column(str(week_of(stretch.since))), Integer).label("now")


def _shown(rows: list[Compared], key: Callable[[Compared], tuple[Any, ...]]) -> tuple[Compared, ...]:
    return tuple(sorted((row for row in rows if row.now.n), key=key))


def titles_of(connection: Connection, *names: str) -> dict[str, str]:
    """Standard → its title in the newest version of these rubrics, of all where none is named."""
    query = select(t.rubric.c.content).order_by(t.rubric.c.added_at)
    if names:
        query = query.where(t.rubric.c.name.in_(names))
    versions = connection.execute(query.with_only_columns(t.rubric.c.digest, t.rubric.c.content)).all()
    return {key: title for row in versions for key, title in _titles(row.digest, row.content).items()}


@functools.lru_cache(maxsize=64)
def _titles(_digest: str, content: str) -> dict[str, str]:
    return {one.id: one.title for one in Rubric.model_validate_json(content).standards}


def _sides(rows: Iterable[tuple[int, str, Sums]]) -> dict[str, tuple[Sums, Sums]]:
    """Name → (now, before), of rows (whether it is now, name, sums)."""
    sides: dict[str, tuple[Sums, Sums]] = {}
    for now, name, sums in rows:
        one, other = sides.get(name, (Sums(), Sums()))
        sides[name] = (one + sums, other) if now else (one, other + sums)
    return sides


def weeks_of(stretch: Stretch, sums: dict[int, Sums], shares: bool = False) -> tuple[Week, ...]:
    """The weeks of a stretch, also those in which nothing began; `shares` says that sums are of 0 and 100."""
    first = week_of(stretch.since)
    count = week_of(stretch.until) - first
    found = (sums.get(first + n, Sums()) for n in range(count))
    return tuple(Week(stretch.since + n * WEEK, one, interval(one, shares)) for n, one in enumerate(found))


def standard_weeks(
    store: Transactions, rubric: str, standard: str, stretch: Stretch, scope: Scope = EVERYTHING
) -> tuple[Week, ...]:
    """The share met of one standard, in percent of what was met or missed, in each week of a stretch."""
    settle(store, week_of(stretch.since), week_of(stretch.last_day))
    sums = t.verdict_sum
    of_it = (sums.c.rubric_name == rubric, sums.c.standard == standard)

    def read() -> tuple[Week, ...]:
        with store.reading() as connection:
            rows = summed_standards(
                connection, (sums.c.week,), (*begun(sums, stretch), *of_it, *seen_in(sums, scope))
            )
        return weeks_of(stretch, {week: share_met(met, missed) for week, met, missed in rows}, shares=True)

    return store.again(read)
