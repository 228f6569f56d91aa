"""What is stored, found again by words and by everything that stands on a scorecard."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    func,
    literal_column,
    select,
    tuple_,
    union,
)

from audit import tables as t
from audit.identities import GIVEN_KINDS, name_key, spellings
from audit.interactions import Channel, Interaction, Role
from audit.judge import Verdict
from audit.records import interaction_of
from audit.scope import EVERYTHING, Scope
from audit.searched_words import Words, asked, has_phrase, is_common, is_said_in, matching, said
from audit.transactions import Transactions
from models.errors import ComportError

LONGEST_WORDS = 400
"""Letters of a search: more than anybody types, few enough for a database to plan."""


class Row(msgspec.Struct, frozen=True):
    """One interaction with its newest score under one rubric, as lists show it."""

    interaction: Interaction
    duration_s: float
    rubric: str
    rubric_version: int
    score: float | None
    """With what people said: the score that stands."""
    machine_score: float | None
    assessed_share: float
    critical_misses: int
    waiting: int
    """Findings that need a person."""
    reviewed: int
    """Findings that have a person's word."""
    judged_at: datetime


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What to look for; all that is given must hold.

    `words`: every word, "a phrase" in quotes, the beginning of a word with a star (`refund*`), in the
    transcript or the facts. `verdict` is that of all `standards`, or of any one when there are none.
    `customer` is a name, an address, a number in any spelling: what is joined over channels is found, too.
    `since` and `until` are days (UTC) on which the interaction began, both included.
    """

    words: str = ""
    rubric: str = ""
    standards: tuple[str, ...] = ()
    verdict: Verdict | None = None
    least_score: float | None = None
    most_score: float | None = None
    agent: str = ""
    team: str = ""
    branch: str = ""
    customer: str = ""
    channel: Channel | None = None
    language: str = ""
    since: str = ""
    until: str = ""
    needs_person: bool = False
    critical: bool = False
    """With critical misses that stand."""
    assigned: str = ""
    """The account that is to look at it."""


class Place(msgspec.Struct, frozen=True):
    """A place in the list: the row judged then, with this number."""

    judged_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{round(self.judged_at.timestamp() * 1e6)}-{self.id}"


class Page(msgspec.Struct, frozen=True):
    """Rows, last judged first, and where those before and after them begin (None: there are none)."""

    rows: tuple[Row, ...]
    newer: Place | None
    older: Place | None


class BadSearch(ComportError):
    """Something of a search cannot be understood."""

    def __init__(self, field: str, found: str, expected: str) -> None:
        super().__init__(field, found, expected)
        self.field, self.found, self.expected = field, found, expected

    def __str__(self) -> str:
        return f"{self.field} '{self.found[:80]}': expected {self.expected}"


def place_of(written: str) -> Place:
    """The place that `str` of one has written.

    Raises:
        BadSearch: it is none.
    """
    found = re.fullmatch(r"(\d{1,17})-(\d{1,18})", written)
    if not found:
        raise BadSearch("place", written, "one that a page of the list has given")
    return Place(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1])), int(found[2]))


def find(
    store: Transactions,
    wanted: Wanted,
    limit: int | None = 100,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    scope: Scope = EVERYTHING,
) -> Page:
    """Interactions of the scope with their current score under each rubric, last judged first.

    They are counted from a place in the list and not from its top: a page takes as long wherever it lies,
    and nothing is left out or shown twice when more is judged meanwhile.

    Raises:
        BadSearch: a day is none, or the words are too long.
    """
    return store.again(lambda: _find(store, wanted, limit, older_than, newer_than, scope))


def _find(
    store: Transactions,
    wanted: Wanted,
    limit: int | None,
    older_than: Place | None,
    newer_than: Place | None,
    scope: Scope,
) -> Page:
    card = t.scorecard.c
    key = tuple_(card.judged_at, card.id)
    dialect = store.engine.dialect.name
    if len(wanted.words) > LONGEST_WORDS:
        raise BadSearch("words", wanted.words, f"at most {LONGEST_WORDS} letters")
    words = asked(wanted.words, wanted.language)
    # Of one person's there are few: how many others say it need not be known.
    many = bool(words) and not (wanted.agent or wanted.customer) and is_common(store, words)
    chosen = _chosen(wanted, words, dialect, many, scope)
    for place, beyond in ((older_than, key.__lt__), (newer_than, key.__gt__)):
        if place is not None:
            chosen = chosen.where(beyond(tuple_(place.judged_at, place.id)))
    upwards = newer_than is not None
    shown = _in_order((card.judged_at, card.id), upwards)
    order = shown
    if words and not many and dialect == "postgresql":
        # All that fit, and of them the newest: asked for both at once it walks through everything from the
        # newest on, because it thinks words that it has no figures of far more frequent than they are.
        fitting = chosen.add_columns(card.judged_at, card.interaction_id).cte("fitting")
        fitting = fitting.prefix_with("MATERIALIZED")
        order = _in_order((fitting.c.judged_at, fitting.c.id), upwards)
        chosen = select(fitting.c.id)
        if has_phrase(words):
            # The index knew pairs of neighbours: from the newest on each is looked into, until a page is
            # full. With an offset PostgreSQL sorts before it looks.
            sorted_ = select(fitting).order_by(*order).offset(literal_column("0")).subquery("sorted")
            order = _in_order((sorted_.c.judged_at, sorted_.c.id), upwards)
            chosen = select(sorted_.c.id).where(is_said_in(sorted_.c.interaction_id, words))
    # Only what a page shows is put together: of a hundred thousand that fit a database would do it for all;
    # and once, wherever in its plan PostgreSQL puts it.
    few = chosen.order_by(*order).limit(None if limit is None else limit + 1).cte("few")
    few = few.prefix_with("MATERIALIZED", dialect="postgresql")
    query = _listed().join(few, few.c.id == card.id).order_by(*shown)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    more = limit is not None and len(rows) > limit
    rows = rows[:limit]
    if upwards:
        rows = rows[::-1]
    if not rows:
        return Page((), None, None)
    first, last = (Place(row.judged_at, row._mapping[card.id]) for row in (rows[0], rows[-1]))
    newer = first if (more if upwards else older_than is not None) else None
    older = last if (more or upwards) else None
    return Page(tuple(_row(row) for row in rows), newer, older)


def _in_order(columns: Iterable[ColumnElement[Any]], upwards: bool) -> tuple[ColumnElement[Any], ...]:
    return tuple(column.asc() if upwards else column.desc() for column in columns)


def _listed() -> Select[Any]:
    """What a list shows of scorecards."""
    card = t.scorecard.c
    version = t.rubric.c.version.label("rubric_version")
    return (
        select(t.interaction, t.recording.c.duration_s, *_SHOWN, version)
        .select_from(t.scorecard)
        .join(t.interaction, t.interaction.c.id == card.interaction_id)
        .join(t.rubric, t.rubric.c.digest == card.rubric_digest)
        .join(t.recording, t.recording.c.id == t.interaction.c.recording_id)
    )


def rows_of(store: Transactions, interaction: str) -> tuple[Row, ...]:
    """The current scorecards of one interaction as rows of a list, last judged first."""

    def read() -> tuple[Row, ...]:
        with store.reading() as connection:
            card = t.scorecard.c
            query = _listed().where(card.interaction_id == interaction, card.current)
            newest = (card.judged_at.desc(), card.id.desc())
            return tuple(_row(row) for row in connection.execute(query.order_by(*newest)))

    return store.again(read)


def _row(row: Any) -> Row:
    return Row(
        interaction_of(row),
        row.duration_s,
        row.rubric_name,
        row.rubric_version,
        row.standing_score,
        row.score,
        row.assessed_share,
        row.critical_misses,
        row.waiting,
        row.reviewed,
        row.judged_at,
    )


_SHOWN = [c for c in t.scorecard.c if c.name not in ("content", "verdicts")]
"""Columns of a scorecard that lists show; all of it is a hundred times as long."""


def _chosen(wanted: Wanted, words: Words, dialect: str, many: bool, scope: Scope) -> Select[Any]:
    """The numbers of all scorecards of the scope that fit, in no order; only tables that are asked for are
    looked at."""
    card, facts = t.scorecard.c, tuple(_facts(wanted, scope))
    query: Select[Any] = select(card.id).where(
        card.current, *facts, *_findings(wanted, dialect), *scope.scorecards()
    )
    if facts:
        query = query.join(t.interaction, t.interaction.c.id == card.interaction_id)
    if wanted.words.strip():
        query = query.join(t.transcript, t.transcript.c.interaction_id == card.interaction_id)
        query = query.where(said(words, dialect, many))
    return query


def _facts(wanted: Wanted, scope: Scope) -> Iterator[ColumnElement[bool]]:
    facts = t.interaction.c
    for fact, value in (
        (facts.agent, wanted.agent),
        (facts.team, wanted.team),
        (facts.branch, wanted.branch),
        (facts.channel, wanted.channel and wanted.channel.value),
        (facts.language, wanted.language),
    ):
        if value:
            yield fact == value
    if wanted.customer:
        yield facts.id.in_(_of_customer(wanted.customer, scope))
    if wanted.assigned:
        whose = select(t.assignment.c.interaction_id).join(t.user, t.user.c.id == t.assignment.c.user_id)
        yield facts.id.in_(whose.where(t.user.c.name == wanted.assigned))
    if wanted.since:
        yield facts.started_at >= day_of("since", wanted.since)
    if wanted.until:
        yield facts.started_at < day_of("until", wanted.until) + timedelta(days=1)


def _of_customer(who: str, scope: Scope) -> CompoundSelect[Any]:
    """The interactions of whom facts name so, and of customers with this identity or name over all channels:
    as far as the scope tells of it."""
    facts, part, row, one = t.interaction.c, t.taking_part.c, t.person.alias().c, t.person.c
    # Each by itself: an index answers it.
    ways = [and_(row.kind.in_(GIVEN_KINDS), row.value.in_(spellings(who)))]
    ways += [row.name_key == key] if (key := name_key(who)) else []
    known = [select(row.root_id).where(row.role == Role.CUSTOMER.value, way) for way in ways]
    if scope != EVERYTHING:
        seen = select(part.person_id).join(t.interaction, facts.id == part.interaction_id)
        known = [query.where(row.id.in_(seen.where(*scope.interactions()))) for query in known]
    theirs = (
        select(part.interaction_id)
        .join(t.person, one.id == part.person_id)
        .where(part.main, one.root_id.in_(union(*known)))
    )
    return select(facts.id).where(facts.customer == who).union(theirs)


def _findings(wanted: Wanted, dialect: str) -> Iterator[ColumnElement[bool]]:
    card = t.scorecard.c
    if wanted.rubric:
        yield card.rubric_name == wanted.rubric
    if wanted.least_score is not None:
        yield card.standing_score >= wanted.least_score
    if wanted.most_score is not None:
        yield card.standing_score <= wanted.most_score
    if wanted.needs_person:
        yield card.waiting > 0
    if wanted.critical:
        yield card.critical_misses > 0
    if wanted.verdict and not wanted.standards:
        yield _has((str(wanted.verdict),), dialect)
    for standard in wanted.standards:
        verdicts = (wanted.verdict,) if wanted.verdict else tuple(Verdict)
        yield _has(tuple(f"{standard}:{verdict}" for verdict in verdicts), dialect)


def day_of(field: str, written: str) -> datetime:
    """The beginning of a day (UTC) that has a day after it.

    Raises:
        BadSearch: it is no day.
    """
    try:
        day = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC)
        _ = day + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise BadSearch(field, written, "a day such as 2026-03-05") from error
    return day


def _has(words: tuple[str, ...], dialect: str) -> ColumnElement[bool]:
    """Whether the verdicts of a scorecard have one of these words."""
    if dialect == "postgresql":
        listed: ColumnElement[Any] = literal_column("scorecard.verdict_words")
        asked = func.string_to_array(" ".join(words), literal_column("' '"))
        return listed.op("&&", is_comparison=True)(asked)
    known = [f'"{word}"' for word in words if _VERDICT.fullmatch(word)]
    if not known:
        return literal_column("1") == literal_column("0")
    # With the plus, rows are walked in their order, and looked up in those that have the words.
    return literal_column("+scorecard.id").in_(matching("scorecard_words", " OR ".join(known)))


_VERDICT = re.compile(r"[a-z0-9:_-]+")
"""A verdict as a word, as standards are named: anything else would be a query of its own to FTS5."""
