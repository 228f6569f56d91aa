"""What people say of findings: kept beside the machine's verdicts, and counted in the score that stands."""

import hashlib
from collections.abc import Callable, Container, Iterable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from audit import tables as t
from audit.auditlog import Action, write
from audit.indexing import verdicts_of
from audit.judge import Finding, Verdict
from audit.replies import Reply, open_disputes, replies_of
from audit.rubric import Rubric, Standard
from audit.scope import EVERYTHING, Scope
from audit.score import Score, add_up
from audit.scorecard import Scorecard, awaited_caveat
from audit.tallies import outdate
from audit.webhooks import announce, told_of
from models.errors import ComportError
from models.transcripts import printable

if TYPE_CHECKING:
    from audit.store import Store

LONGEST_COMMENT = 4000
"""Letters of a comment: two pages, so that one cannot fill the database. Our choice."""


class Review(msgspec.Struct, frozen=True):
    """One person's word on one finding; `id` counts up, so that the newest is told by it.

    `machine` is the verdict that they saw. A review holds as long as the wording of the standard does
    (`standard_digest`), whatever the machine finds later.
    """

    id: int
    interaction: str
    rubric: str
    standard: str
    standard_digest: str
    verdict: Verdict
    machine: Verdict
    comment: str
    reviewer: str
    at: datetime

    @property
    def agrees(self) -> bool:
        return self.verdict == self.machine


class Stands(msgspec.Struct, frozen=True):
    """A scorecard with what people said of it: what holds now, beside what the machine found.

    `findings` and `score` are with the people's verdicts; `of` has the newest review that holds of each
    reviewed standard, `history` all, oldest first. `waiting` are standards that need a person: asked,
    not told by the machine, a critical miss that nobody confirmed, or disputed by the agent since the last
    review. `replies` are what the agent said, oldest first.
    """

    findings: tuple[Finding, ...]
    score: Score
    of: dict[str, Review]
    history: tuple[Review, ...]
    waiting: tuple[str, ...]
    disputed: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()


class ReviewConflict(ComportError):
    """Somebody else reviewed the same finding meanwhile."""

    def __init__(self, standard: str, reviewer: str, verdict: str) -> None:
        super().__init__(standard, reviewer, verdict)
        self.standard, self.reviewer, self.verdict = standard, reviewer, verdict

    def __str__(self) -> str:
        said = self.verdict.replace("_", " ")
        return (
            f"standard '{self.standard}': {self.reviewer} said '{said}' after you opened it; "
            "look at it, then say yours again"
        )


class BadReview(ComportError):
    """A review that cannot be taken."""

    def __init__(self, standard: str, problem: str) -> None:
        super().__init__(standard, problem)
        self.standard, self.problem = standard, problem

    def __str__(self) -> str:
        return f"standard '{self.standard[:80]}': {self.problem}"


def no_standard(card: Scorecard, standard: str) -> BadReview:
    """Says that a scorecard has no such standard, and which ids are near, or else which it has."""
    ids = [finding.standard for finding in card.findings]
    near = get_close_matches(standard.strip().lower().replace(" ", "-"), ids)
    told = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(ids)}"
    return BadReview(standard, f"rubric {card.rubric} has none of this name; {told}")


def standard_digest(standard: Standard) -> str:
    """The SHA-256 of a standard's wording: all that it says."""
    return hashlib.sha256(standard.model_dump_json().encode()).hexdigest()


def stands(
    card: Scorecard, rubric: Rubric, reviews: Iterable[Review], replies: tuple[Reply, ...] = ()
) -> Stands:
    """What holds of a scorecard when people's verdicts go before the machine's.

    Who agrees with the machine confirms its credit too; another verdict has credit 1 (met) or 0 (missed).
    """
    digests = {standard.id: standard_digest(standard) for standard in rubric.standards}
    history = tuple(sorted(reviews, key=lambda review: review.id))
    newest = {r.standard: r for r in history if digests.get(r.standard) == r.standard_digest}
    findings = tuple(_reviewed(finding, newest.get(finding.standard)) for finding in card.findings)
    confirmed = frozenset(name for name, review in newest.items() if review.verdict == Verdict.MISSED)
    score = add_up(rubric, findings, confirmed)
    disputed = tuple(s for s in open_disputes(replies, history) if s in digests)
    waiting = tuple(dict.fromkeys((*_waiting(score, findings, newest), *disputed)))
    return Stands(findings, score, newest, history, waiting, disputed, replies)


def _waiting(
    score: Score, findings: tuple[Finding, ...], reviewed: Container[str] = frozenset()
) -> tuple[str, ...]:
    untold = (f.standard for f in findings if f.verdict == Verdict.CANNOT_TELL)
    return tuple(dict.fromkeys((*score.awaiting, *(s for s in untold if s not in reviewed))))


def _reviewed(finding: Finding, review: Review | None) -> Finding:
    if review is None:
        return finding
    if review.verdict == finding.verdict:
        return msgspec.structs.replace(finding, confidence=1.0)
    credit = {Verdict.MET: 1.0, Verdict.MISSED: 0.0}.get(review.verdict)
    return msgspec.structs.replace(finding, verdict=review.verdict, credit=credit, confidence=1.0)


def keep_review(
    store: "Store",
    card: Scorecard,
    standard: str,
    verdict: Verdict,
    reviewer: str,
    comment: str = "",
    seen: int | None = None,
) -> Stands:
    """Stores what a person says of a finding, and the score that stands with it; nothing is overwritten.

    `seen` is the id of the newest review of this standard that the person saw (0: none); None does not ask.

    Raises:
        BadReview: the scorecard has no such standard, or the comment is too long.
        ReviewConflict: somebody else said something else after what was seen.
    """
    rubric = store.rubric(card.rubric_digest)
    machine = next((f for f in card.findings if f.standard == standard), None)
    wording = next((s for s in rubric.standards if s.id == standard), None)
    if machine is None or wording is None:
        raise no_standard(card, standard)
    comment = printable(comment).strip()
    if len(comment) > LONGEST_COMMENT:
        raise BadReview(standard, f"a comment has at most {LONGEST_COMMENT} letters, this one {len(comment)}")
    with store.writing() as connection:
        current = (
            t.scorecard.c.interaction_id == card.interaction,
            t.scorecard.c.rubric_name == card.rubric,
            t.scorecard.c.current,
        )
        # Of two people who review at once, the second waits for the first and sees what they said.
        connection.execute(select(t.scorecard.c.id).where(*current).with_for_update()).all()
        said = reviews_of(connection, card.interaction, card.rubric)
        last = next((r for r in reversed(said) if r.standard == standard), None)
        if seen is not None and last is not None and last.id != seen and last.reviewer != reviewer:
            raise ReviewConflict(standard, last.reviewer, last.verdict)
        row = {
            "interaction_id": card.interaction,
            "rubric_name": card.rubric,
            "rubric_digest": card.rubric_digest,
            "standard": standard,
            "standard_digest": standard_digest(wording),
            "verdict": verdict.value,
            "machine": machine.verdict.value,
            "comment": comment,
            "reviewer": reviewer,
            "at": datetime.now(UTC),
        }
        connection.execute(insert(t.review).values(**row))
        # Not the comment: it may name a customer, and the log cannot forget.
        told = {name: row[name] for name in ("rubric_name", "standard", "verdict", "machine")}
        write(connection, Action.REVIEW, card.interaction, **told, said_by=reviewer)
        now = _stands_now(connection, card, rubric)
        connection.execute(
            update(t.scorecard)
            .where(*current)
            .values(**_columns(now.score, now.findings, now.waiting, len(now.of)))
        )
        outdate(connection, (card.interaction,))
        said_of = {name: row[name] for name in ("standard", "verdict", "machine", "reviewer")}
        announce(connection, "review", [{**told_of(card, now.score), **said_of}])
    return now


def _columns(
    score: Score, findings: tuple[Finding, ...], waiting: tuple[str, ...], reviewed: int
) -> dict[str, Any]:
    return {
        "standing_score": score.score,
        "critical_misses": len(score.critical_misses),
        "waiting": len(waiting),
        "reviewed": reviewed,
        "verdicts": verdicts_of(findings),
    }


def standing(connection: Connection, card: Scorecard, rubric: Callable[[str], Rubric]) -> dict[str, Any]:
    """The columns of a scorecard's row that say what stands; `rubric` gives one by its digest."""
    said = reviews_of(connection, card.interaction, card.rubric)
    replies = replies_of(connection, card.interaction, card.rubric)
    if not said and not replies:
        return _columns(card.score, card.findings, _waiting(card.score, card.findings), 0)
    now = stands(card, rubric(card.rubric_digest), said, replies)
    return _columns(now.score, now.findings, now.waiting, len(now.of))


def all_standing(
    connection: Connection, cards: Sequence[Scorecard], rubric: Callable[[str], Rubric]
) -> list[dict[str, Any]]:
    """What `standing` gives for each of some scorecards under one rubric, with few questions to the
    database."""
    names, discussed = [card.interaction for card in cards], set[str]()
    for table in (t.review, t.reply):
        of_these = table.c.interaction_id.in_(names), table.c.rubric_name == cards[0].rubric
        discussed |= set(connection.execute(select(table.c.interaction_id).where(*of_these)).scalars())
    return [
        standing(connection, card, rubric)
        if card.interaction in discussed
        else _columns(card.score, card.findings, _waiting(card.score, card.findings), 0)
        for card in cards
    ]


def reviews_of(connection: Connection, interaction: str, rubric: str) -> tuple[Review, ...]:
    """All that people said of an interaction under a rubric, oldest first."""
    columns = t.review.c
    rows = connection.execute(
        select(t.review)
        .where(columns.interaction_id == interaction, columns.rubric_name == rubric)
        .order_by(columns.id)
    )
    return tuple(
        Review(
            row.id,
            row.interaction_id,
            row.rubric_name,
            row.standard,
            row.standard_digest,
            Verdict(row.verdict),
            Verdict(row.machine),
            row.comment,
            row.reviewer,
            row.at,
        )
        for row in rows
    )


def card_stands(store: "Store", card: Scorecard) -> Stands:
    """What holds of a stored scorecard."""
    rubric = store.rubric(card.rubric_digest)
    with store.reading() as connection:
        return _stands_now(connection, card, rubric)


def _stands_now(connection: Connection, card: Scorecard, rubric: Rubric) -> Stands:
    said = reviews_of(connection, card.interaction, card.rubric)
    return stands(card, rubric, said, replies_of(connection, card.interaction, card.rubric))


def shown(card: Scorecard, now: Stands) -> Scorecard:
    """The scorecard as pages show it: with the findings, the score and the caveats that stand."""
    before, after = (awaited_caveat(score) for score in (card.score, now.score))
    caveats = tuple(c for c in card.caveats if c not in before)
    return msgspec.structs.replace(card, findings=now.findings, score=now.score, caveats=caveats + after)


def next_waiting(
    store: "Store", after: str, rubric: str, scope: Scope = EVERYTHING
) -> tuple[str, str] | None:
    """The (interaction, rubric) of the scope that waits for a person next; after the last comes the first.

    They come in the order in which they were judged first. None when nothing waits but this one.
    """
    columns = t.scorecard.c
    waiting = select(columns.interaction_id, columns.rubric_name).where(
        columns.current, columns.waiting > 0, *scope.scorecards()
    )
    with store.reading() as connection:
        here = connection.execute(
            select(columns.id).where(
                columns.interaction_id == after, columns.rubric_name == rubric, columns.current
            )
        ).scalar()
        for part in (columns.id > (here or 0), columns.id < (here or 0)):
            row = connection.execute(waiting.where(part).order_by(columns.id).limit(1)).one_or_none()
            if row is not None:
                return row.interaction_id, row.rubric_name
    return None
