"""What a scorecard is for other programs: two tables with fixed columns, and one object of JSON."""

import functools
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from audit import tables as t
from audit.redaction import clean, names_of
from audit.reviews import Stands, card_stands, shown
from audit.rubric import Rubric
from audit.scorecard import Scorecard
from audit.searching import Row
from audit.store import Store

SCHEMA = "comport.scorecard/1"
"""Raised when a column or key changes its meaning or goes; new ones may come without."""


class Column(NamedTuple):
    """A column: `kind` is text, integer, number, time or list (of text)."""

    name: str
    kind: str
    of: Callable[[Any], Any]


class Leaving(NamedTuple):
    """A scorecard on its way out: `say` takes personal data out of a text."""

    row: Row
    card: Scorecard
    now: Stands
    rubric: Rubric
    customer_number: int | None
    say: Callable[[str], str]
    personal: bool


def leaving(store: Store, row: Row, card: Scorecard, personal: bool) -> Leaving:
    """The stored scorecard of a row of a list, with what people said of it."""
    one = row.interaction
    rubric = _rubric(store, card.rubric_digest)
    return Leaving(
        *(row, card, card_stands(store, card), rubric),
        customer_number(store, one.id),
        str if personal else functools.partial(_say, names_of(one), one.language or _language(card)),
        personal,
    )


@functools.lru_cache(maxsize=64)
def _rubric(store: Store, digest: str) -> Rubric:
    """Read once: a rubric version never changes."""
    return store.rubric(digest)


def _language(card: Scorecard) -> str:
    return card.rubric.rpartition("-")[2][:2] or "en"


def _say(names: frozenset[str], language: str, text: str) -> str:
    return clean(text, language, names)[0]


def customer_number(store: Store, interaction: str) -> int | None:
    """Comport's own number of the customer; None where nobody is known."""
    part, person = t.taking_part.c, t.person.c
    query = (
        select(person.root_id)
        .join(t.taking_part, part.person_id == person.id)
        .where(part.interaction_id == interaction, part.main, person.role == "customer")
        .order_by(person.root_id)
        .limit(1)
    )
    with store.reading() as connection:
        return connection.execute(query).scalar()


def _at(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told).astimezone(UTC) if told else None


SCORECARDS = (
    Column("interaction", "text", lambda o: o.row.interaction.id),
    Column("channel", "text", lambda o: o.row.interaction.channel.value),
    Column("title", "text", lambda o: o.say(o.row.interaction.title)),
    Column("started_at", "time", lambda o: _at(o.row.interaction.started_at)),
    Column("duration_s", "number", lambda o: o.row.duration_s),
    Column("language", "text", lambda o: o.row.interaction.language),
    Column("agent", "text", lambda o: o.row.interaction.agent),
    Column("team", "text", lambda o: o.row.interaction.team),
    Column("branch", "text", lambda o: o.row.interaction.branch),
    Column("customer", "text", lambda o: o.row.interaction.customer if o.personal else None),
    Column("customer_number", "integer", lambda o: o.customer_number),
    Column("source", "text", lambda o: o.row.interaction.source or None),
    Column("rubric", "text", lambda o: o.card.rubric),
    Column("rubric_version", "integer", lambda o: o.card.rubric_version),
    Column("rubric_digest", "text", lambda o: o.card.rubric_digest),
    Column("judged_at", "time", lambda o: o.row.judged_at.astimezone(UTC)),
    Column("score", "number", lambda o: o.now.score.score),
    Column("machine_score", "number", lambda o: o.card.score.score),
    Column("assessed_share", "number", lambda o: o.now.score.assessed_share),
    Column("critical_misses", "list", lambda o: list(o.now.score.critical_misses)),
    Column("waiting", "integer", lambda o: len(o.now.waiting)),
    Column("reviewed", "integer", lambda o: len(o.now.of)),
    Column("caveats", "list", lambda o: list(shown(o.card, o.now).caveats)),
)


class Found(NamedTuple):
    """One standard of a scorecard on its way out."""

    leaving: Leaving
    number: int

    @property
    def stands(self) -> Any:
        return self.leaving.now.findings[self.number]

    @property
    def machine(self) -> Any:
        return self.leaving.card.findings[self.number]

    @property
    def standard(self) -> Any:
        return self.leaving.rubric.standards[self.number]

    @property
    def first(self) -> Any:
        return next(iter(self.machine.evidence), None)


def _section(one: Found) -> str | None:
    sections = one.leaving.rubric.sections
    return next((s.id for s in sections if any(x.id == one.machine.standard for x in s.standards)), None)


FINDINGS = (
    Column("interaction", "text", lambda o: o.leaving.row.interaction.id),
    Column("rubric", "text", lambda o: o.leaving.card.rubric),
    Column("rubric_version", "integer", lambda o: o.leaving.card.rubric_version),
    Column("section", "text", _section),
    Column("standard", "text", lambda o: o.machine.standard),
    Column("title", "text", lambda o: o.standard.title),
    Column("weight", "number", lambda o: o.standard.weight),
    Column("verdict", "text", lambda o: str(o.stands.verdict)),
    Column("credit", "number", lambda o: o.stands.credit),
    Column("machine_verdict", "text", lambda o: str(o.machine.verdict)),
    Column("machine_credit", "number", lambda o: o.machine.credit),
    Column("confidence", "number", lambda o: o.machine.confidence),
    Column("reason", "text", lambda o: o.leaving.say(o.machine.reason)),
    Column("evidence_count", "integer", lambda o: len(o.machine.evidence)),
    Column("first_start_s", "number", lambda o: o.first and o.first.span.start_s),
    Column("first_end_s", "number", lambda o: o.first and o.first.span.end_s),
    Column("first_quote", "text", lambda o: o.leaving.say(o.first.quote) if o.first else None),
)

TABLES: Mapping[str, tuple[Column, ...]] = {"scorecards": SCORECARDS, "findings": FINDINGS}


def found(one: Leaving) -> Iterator[Found]:
    """Each standard of the scorecard, in the rubric's order."""
    return (Found(one, number) for number in range(len(one.card.findings)))


def cells(columns: tuple[Column, ...], one: Any) -> dict[str, Any]:
    """A row of a table."""
    return {column.name: column.of(one) for column in columns}


def as_json(one: Leaving) -> dict[str, Any]:
    """The scorecard as one object: the columns of both tables, with all evidence and what people said."""
    return {
        "schema": SCHEMA,
        **_plain(cells(SCORECARDS, one)),
        "sections": [
            {"section": s.section, "title": s.title, "weight": s.weight, "score": s.score}
            for s in one.now.score.sections
        ],
        "findings": [
            {
                **{
                    k: v
                    for k, v in cells(FINDINGS[3:], each).items()
                    if not k.startswith(("first_", "evidence"))
                },
                "evidence": [
                    {
                        "start_s": e.span.start_s,
                        "end_s": e.span.end_s,
                        "role": e.role and str(e.role),
                        "quote": one.say(e.quote),
                        "value": e.value,
                        "unit": e.unit,
                        "note": one.say(e.note),
                    }
                    for e in each.machine.evidence
                ],
            }
            for each in found(one)
        ],
        "reviews": [
            {
                "standard": r.standard,
                "verdict": str(r.verdict),
                "machine": str(r.machine),
                "comment": one.say(r.comment),
                "reviewer": r.reviewer,
                "at": r.at.astimezone(UTC).isoformat(),
            }
            for r in one.now.history
        ],
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
