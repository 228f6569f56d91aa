"""How often people who reviewed a finding agreed with the machine, standard by standard."""

from collections import Counter

import msgspec
from sqlalchemy import ColumnElement, Select, func, select

from audit import tables as t
from audit.judge import Verdict
from audit.transactions import Transactions

SHOWN = 20
"""Disagreements listed of one standard: an hour of listening. Our choice."""


class Agreement(msgspec.Struct, frozen=True):
    """Of findings that a person and the machine gave a verdict on: how many, and how many alike (0 to 1).

    `kappa` is Cohen's (1960): agreement beyond chance; None where both always said the same one verdict,
    which leaves nothing that chance could be told from.
    """

    n: int
    agreed: float
    kappa: float | None


class Apart(msgspec.Struct, frozen=True):
    """A finding on which a person and the machine differ."""

    interaction: str
    title: str
    rubric: str
    machine: Verdict
    person: Verdict
    comment: str


def agreement(pairs: Counter[tuple[str, str]]) -> Agreement:
    """Of pairs (machine's verdict, person's verdict) with how often each came."""
    n = sum(pairs.values())
    alike = sum(count for (machine, person), count in pairs.items() if machine == person) / n
    sides = [Counter[str](), Counter[str]()]
    for pair, count in pairs.items():
        for side, verdict in zip(sides, pair, strict=True):
            side[verdict] += count
    chance = sum(sides[0][verdict] * sides[1][verdict] for verdict in sides[0]) / n**2
    return Agreement(n, alike, None if chance == 1 else (alike - chance) / (1 - chance))


def agreements(store: Transactions) -> dict[tuple[str, str], Agreement]:
    """(rubric, standard) → agreement, by the newest word on each reviewed finding.

    What the machine could not tell is left out: there is nothing to agree with.
    """
    review = t.review.c
    query = (
        select(review.rubric_name, review.standard, review.machine, review.verdict, func.count())
        .where(review.id.in_(_newest()), review.machine != Verdict.CANNOT_TELL)
        .group_by(review.rubric_name, review.standard, review.machine, review.verdict)
    )
    pairs: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    with store.reading() as connection:
        for rubric, standard, machine, person, count in connection.execute(query):
            pairs.setdefault((rubric, standard), Counter())[machine, person] += count
    return {key: agreement(found) for key, found in pairs.items()}


def apart(store: Transactions, rubric: str, standard: str, *seen: ColumnElement[bool]) -> tuple[Apart, ...]:
    """The newest findings of a standard on which a person differs; `seen` holds of rows of `scorecard`."""
    review, facts, card = t.review.c, t.interaction.c, t.scorecard.c
    query = (
        select(facts.id, facts.title, review.rubric_name, review.machine, review.verdict, review.comment)
        .join(t.interaction, facts.id == review.interaction_id)
        .join(t.scorecard, (card.interaction_id == facts.id) & (card.rubric_name == review.rubric_name))
        .where(review.rubric_name == rubric, review.standard == standard, review.id.in_(_newest()))
        .where(card.current, *seen)
        .where(review.machine != Verdict.CANNOT_TELL, review.machine != review.verdict)
        .order_by(review.id.desc())
        .limit(SHOWN)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return tuple(Apart(*row[:3], Verdict(row[3]), Verdict(row[4]), row[5]) for row in rows)


def _newest() -> Select[tuple[int]]:
    review = t.review.c
    return select(func.max(review.id)).group_by(review.interaction_id, review.rubric_name, review.standard)
