"""How good the service was: week by week, by place and standard, what changed, and how even people are.

Everything is computed from the scores that stand (with people's words) of interactions that began in a
stretch of whole weeks (UTC, Monday to Sunday), beside the stretch of the same length before it.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)

from audit import tables as t
from audit.interactions import Channel
from audit.intervals import LEAST, LEVEL, Compared, Evenness, Interval, Sums, compare, evenness, interval
from audit.judge import Verdict
from audit.rubric import Rubric
from audit.transactions import Transactions

MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
WEEK = timedelta(days=7)
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
    agent: str = ""


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
    until = MONDAY + ((min(newest, now) - MONDAY) // WEEK + 1) * WEEK
    return Stretch(until - weeks * WEEK, until)


def overview(store: Transactions, of: Of, stretch: Stretch, *where: ColumnElement[bool]) -> Overview:
    """The overview of a stretch; `where` holds of rows of `interaction` that may be seen."""
    return store.again(lambda: _overview(store, of, stretch, where))


def _overview(
    store: Transactions, of: Of, stretch: Stretch, where: Sequence[ColumnElement[bool]]
) -> Overview:
    facts = t.interaction.c
    held, now = (*held_of(of), *where), (cast(facts.started_at >= stretch.since, Integer).label("now"),)
    both = Stretch(stretch.before.since, stretch.until)
    places = (t.scorecard.c.rubric_name, *(facts[name] for name in BY[1:]))
    with store.reading() as connection:
        cells = score_sums(connection, (*now, *places), (*begun(both), *held))
        weeks = week_sums(store, connection, (*begun(stretch), *held))
        people = score_sums(connection, (facts.agent,), (*begun(stretch), *held))
        verdicts = standard_sums(store, connection, now, (*begun(both), *held))
        titles = titles_of(connection, of.rubric)
        unknown = select(func.count()).select_from(t.interaction).where(facts.started_at.is_(None), *where)
        undated = connection.execute(unknown).scalar_one()
    sides = {
        name: _sides((cell.key[0], str(cell.key[1 + place] or ""), cell.scores) for cell in cells)
        for place, name in enumerate(BY)
    }
    sides["standard"] = _sides((row[0], row[1], row[2]) for row in verdicts)
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


def _shown(rows: list[Compared], key: Callable[[Compared], tuple[Any, ...]]) -> tuple[Compared, ...]:
    return tuple(sorted((row for row in rows if row.now.n), key=key))


class Cell(msgspec.Struct, frozen=True):
    """Scorecards that have the same `key`: their scores, how many wait, how many have critical misses."""

    key: tuple[Any, ...]
    scores: Sums
    waiting: int
    critical: int


def score_sums(
    connection: Connection, keys: Sequence[ColumnElement[Any]], held: Sequence[ColumnElement[bool]]
) -> list[Cell]:
    """The scores that stand, for each group of `keys`."""
    card, score = t.scorecard.c, t.scorecard.c.standing_score
    query = (
        select(
            *keys,
            func.count(score),
            func.sum(score),
            func.sum(score * score),
            func.sum(case((card.waiting > 0, 1), else_=0)),
            func.sum(case((card.critical_misses > 0, 1), else_=0)),
        )
        .join(t.interaction, t.interaction.c.id == card.interaction_id)
        .where(card.current, *held)
        .group_by(*keys)
    )
    return [
        Cell(tuple(row[:-5]), Sums(row[-5], row[-4] or 0.0, row[-3] or 0.0), row[-2], row[-1])
        for row in connection.execute(query)
    ]


def week_sums(
    store: Transactions, connection: Connection, held: Sequence[ColumnElement[bool]]
) -> dict[int, Sums]:
    """The scores that stand by the number of whole weeks since `MONDAY`."""
    week = week_number(store).label("week")
    return {int(cell.key[0]): cell.scores for cell in score_sums(connection, (week,), held)}


def held_of(of: Of) -> list[ColumnElement[bool]]:
    """What holds of the rows that count."""
    facts = t.interaction.c
    asked = (
        (t.scorecard.c.rubric_name, of.rubric),
        (facts.channel, of.channel and of.channel.value),
        (facts.branch, of.branch),
        (facts.team, of.team),
        (facts.agent, of.agent),
    )
    return [fact == value for fact, value in asked if value]


def begun(within: Stretch) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """That an interaction began within a stretch."""
    at = t.interaction.c.started_at
    return at >= within.since, at < within.until


def week_number(store: Transactions) -> ColumnElement[Any]:
    """The whole weeks between `MONDAY` and the beginning of an interaction."""
    begun = t.interaction.c.started_at
    if store.engine.dialect.name == "postgresql":
        since_s: ColumnElement[Any] = literal_column("extract(epoch FROM interaction.started_at)")
    else:
        since_s = cast(func.strftime("%s", begun), Float)
    weeks = f"{WEEK.total_seconds():.1f}"
    return func.floor((since_s - literal_column(f"{MONDAY.timestamp():.0f}")) / literal_column(weeks))


def standard_sums(
    store: Transactions,
    connection: Connection,
    keys: Sequence[ColumnElement[Any]],
    held: Sequence[ColumnElement[bool]],
) -> list[tuple[Any, ...]]:
    """For each group of `keys` and each standard the share met of what was met or missed.

    A row is (*keys, standard, sums). The verdicts that stand lie in a scorecard's row as words, `greet:met`.
    """
    card = t.scorecard.c
    if store.engine.dialect.name == "postgresql":
        listed = func.unnest(literal_column("scorecard.verdict_words"))
        words = listed.table_valued("value", name="word").render_derived()
    else:
        quoted = """'["' || replace(trim(scorecard.verdicts), ' ', '","') || '"]'"""
        words = func.json_each(literal_column(quoted)).table_valued("value", name="word")
    word = words.c.value
    query = (
        select(*keys, word, func.count())
        .select_from(
            t.scorecard.join(t.interaction, t.interaction.c.id == card.interaction_id).join(words, true())
        )
        .where(card.current, or_(word.like(f"%:{Verdict.MET}"), word.like(f"%:{Verdict.MISSED}")), *held)
        .group_by(*keys, word)
    )
    counted: dict[tuple[Any, ...], list[int]] = {}
    for *group, said, count in connection.execute(query):
        standard, _, verdict = str(said).partition(":")
        counted.setdefault((*group, standard), [0, 0])[verdict == Verdict.MET] += count
    return [
        (*group, Sums(missed + met, 100.0 * met, 10_000.0 * met)) for group, (missed, met) in counted.items()
    ]


def titles_of(connection: Connection, name: str = "") -> dict[str, str]:
    """Standard → its title in the newest version of the rubrics (of one, by its name)."""
    query = select(t.rubric.c.content).order_by(t.rubric.c.added_at)
    if name:
        query = query.where(t.rubric.c.name == name)
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


def weeks_of(stretch: Stretch, sums: dict[int, Sums]) -> tuple[Week, ...]:
    """The weeks of a stretch, also those in which nothing began."""
    first = (stretch.since - MONDAY) // WEEK
    count = (stretch.until - stretch.since) // WEEK
    found = (sums.get(first + n, Sums()) for n in range(count))
    return tuple(Week(stretch.since + n * WEEK, one, interval(one)) for n, one in enumerate(found))
