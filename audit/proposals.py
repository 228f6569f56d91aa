"""What staff propose to change about the standards, and what was decided of it.

A proposal and its decision are rows that are only added, and stay as long as the rubric does. Only an erasure
(`audit/erasing.py`) changes their words, where these name whoever is erased.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Select, func, insert, select

from audit import tables as t
from audit.auditlog import Action, write
from audit.reviews import LONGEST_COMMENT
from audit.store import NotStored
from models.errors import ComportError
from models.transcripts import printable

if TYPE_CHECKING:
    from audit.store import Store

LONGEST_TEXT = LONGEST_COMMENT
"""Letters of a proposal and of the answer to it: as of a comment."""


class ProposalKind(StrEnum):
    """What is proposed."""

    CHANGE = "change"
    """To word or weigh a standard in another way."""
    REPEAL = "repeal"
    """To judge by a standard no more."""
    NEW = "new"
    """A standard that the rubric has not."""


class Resolution(StrEnum):
    """What was decided."""

    ADOPTED = "adopted"
    DECLINED = "declined"


class Decision(msgspec.Struct, frozen=True):
    """What was decided of a proposal, why, by whom and when."""

    outcome: Resolution
    answer: str
    by: str
    at: datetime


class Proposal(msgspec.Struct, frozen=True):
    """What somebody proposes; `version` is that of the rubric they had before them, `standard` is empty for a
    new one, `decision` None while it waits."""

    number: int
    rubric: str
    version: int
    standard: str
    kind: ProposalKind
    text: str
    by: str
    at: datetime
    decision: Decision | None


class BadProposal(ComportError):
    """A proposal or a decision that cannot be taken."""

    def __init__(self, about: str, problem: str) -> None:
        super().__init__(about, problem)
        self.about, self.problem = about, problem

    def __str__(self) -> str:
        return f"{self.about[:180]}: {self.problem}"


class DecidedBefore(ComportError):
    """Somebody decided on the same proposal meanwhile: a decision stands."""

    def __init__(self, number: int, outcome: str, by: str) -> None:
        super().__init__(number, outcome, by)
        self.number, self.outcome, self.by = number, outcome, by

    def __str__(self) -> str:
        remedy = "propose anew what is still open"
        return f"proposal {self.number}: {self.by} has {self.outcome} it already; {remedy}"


def propose(store: "Store", rubric: str, kind: str, text: str, by: str, standard: str = "") -> int:
    """Keeps a proposal about the newest version of a rubric; gives its number.

    The same that the same person proposed already, and that still waits, is not kept twice.

    Raises:
        NotStored: nothing was judged under such a rubric, or its newest version has no such standard.
        BadProposal: of no kind there is, about a standard though it is for a new one or the other way round,
            or without words, or with too many.
    """
    about = f"proposal about '{rubric[:80]}'" + (f", standard '{standard[:80]}'" if standard else "")
    if kind not in set(ProposalKind):
        raise BadProposal(about, f"'{kind[:40]}' is no kind; expected one of {', '.join(ProposalKind)}")
    if kind == ProposalKind.NEW and standard:
        raise BadProposal(about, "a new standard is no change of one that is there; leave the standard out")
    if kind != ProposalKind.NEW and not standard:
        raise BadProposal(about, f"a {kind} is about one standard; say which")
    words = _words(about, text, "say what should change, and why")
    digest = newest_digest(store, rubric)
    if standard and standard not in {one.id for one in store.rubric(digest).standards}:
        raise NotStored("standard", standard[:80], f"rubric {rubric} has none of this name now")
    row = t.proposal.c
    values = {"rubric_name": rubric, "standard": standard, "kind": str(kind), "text": words, "author": by}
    waiting = _listed().where(t.proposal_decision.c.proposal_id.is_(None))
    same = waiting.where(*(row[name] == value for name, value in values.items()))
    with store.writing() as connection:
        known = connection.execute(same).first()
        if known is not None:
            return int(known.id)
        made = insert(t.proposal).values(**values, rubric_digest=digest, at=datetime.now(UTC))
        number = int(connection.execute(made.returning(row.id)).scalar_one())
        # Not the words: they may name somebody, and the log cannot forget.
        told = {"rubric_name": rubric, "standard": standard, "kind": str(kind)}
        write(connection, Action.PROPOSED, f"proposal {number}", **told)
    return number


def decide(store: "Store", number: int, outcome: str, answer: str, by: str) -> Proposal:
    """Keeps what was decided of a proposal, once; gives it as it stands then.

    No standard changes by it: that a new version of the rubric does.

    Raises:
        NotStored: there is no such proposal.
        BadProposal: it is no outcome, or without an answer or with too long a one.
        DecidedBefore: somebody has decided on it.
    """
    about = f"proposal {number}"
    if outcome not in set(Resolution):
        raise BadProposal(about, f"'{outcome[:40]}' is no outcome; expected one of {', '.join(Resolution)}")
    words = _words(about, answer, "whoever proposed it is owed an answer in words")
    with store.writing() as connection:
        found = connection.execute(_listed().where(t.proposal.c.id == number)).one_or_none()
        if found is None:
            raise _unknown(number)
        if found.decision_outcome is not None:
            raise DecidedBefore(number, found.decision_outcome, found.decision_decided_by)
        values = {"proposal_id": number, "outcome": str(outcome), "answer": words, "decided_by": by}
        connection.execute(insert(t.proposal_decision).values(**values, at=datetime.now(UTC)))
        told = {"rubric_name": found.rubric_name, "standard": found.standard, "outcome": str(outcome)}
        write(connection, Action.DECIDED, about, **told)
    return proposal(store, number)


def proposal(store: "Store", number: int) -> Proposal:
    """The proposal of this number.

    Raises:
        NotStored: there is none.
    """
    with store.reading() as connection:
        found = connection.execute(_listed().where(t.proposal.c.id == number)).one_or_none()
    if found is None:
        raise _unknown(number)
    return _proposal(found)


def proposals(
    store: "Store",
    rubric: str = "",
    standard: str | None = None,
    *,
    waiting: bool | None = None,
    by: str = "",
    limit: int | None = None,
    before: int | None = None,
) -> tuple[Proposal, ...]:
    """Proposals, the newest first: of a rubric, of a standard (empty: of new ones), that wait or are decided,
    of one person; of those with a lower number than `before` at most `limit`."""
    row = t.proposal.c
    query = _listed().order_by(row.id.desc()).limit(limit)
    if rubric:
        query = query.where(row.rubric_name == rubric)
    if standard is not None:
        query = query.where(row.standard == standard)
    if by:
        query = query.where(row.author == by)
    if before is not None:
        query = query.where(row.id < before)
    if waiting is not None:
        decided = t.proposal_decision.c.proposal_id
        query = query.where(decided.is_(None) if waiting else decided.is_not(None))
    with store.reading() as connection:
        return tuple(map(_proposal, connection.execute(query)))


def count_waiting(store: "Store") -> int:
    """How many proposals wait for a decision."""
    decided = select(t.proposal_decision.c.proposal_id)
    with store.reading() as connection:
        query = select(func.count()).select_from(t.proposal).where(t.proposal.c.id.not_in(decided))
        return int(connection.execute(query).scalar_one())


def newest_digest(store: "Store", rubric: str) -> str:
    """The digest of the version of a rubric that was added last.

    Raises:
        NotStored: nothing was judged under it.
    """
    row = t.rubric.c
    query = select(row.digest).where(row.name == rubric)
    with store.reading() as connection:
        newest = query.order_by(row.added_at.desc(), row.version.desc()).limit(1)
        found = connection.execute(newest).scalar()
    if found is None:
        raise NotStored("rubric", rubric[:80], "audit something under it first")
    return str(found)


def _words(about: str, text: str, missing: str) -> str:
    """What somebody wrote, on one line as comments are."""
    words = printable(text).strip()
    if not words:
        raise BadProposal(about, f"nothing was said; {missing}")
    if len(words) > LONGEST_TEXT:
        raise BadProposal(about, f"it has at most {LONGEST_TEXT} letters, not {len(words)}")
    return words


def _unknown(number: int) -> NotStored:
    return NotStored("proposal", str(number), "the page of standards lists what waits")


_DECISION = ("outcome", "answer", "decided_by", "at")


def _listed() -> Select[Any]:
    """Proposals with the version of their rubric and, where there is one, their decision."""
    decision = t.proposal_decision.c
    told: Iterable[Any] = (decision[name].label(f"decision_{name}") for name in _DECISION)
    return (
        select(t.proposal, t.rubric.c.version, *told)
        .join(t.rubric, t.rubric.c.digest == t.proposal.c.rubric_digest)
        .outerjoin(t.proposal_decision, decision.proposal_id == t.proposal.c.id)
    )


def _proposal(row: Any) -> Proposal:
    decision = None
    if row.decision_outcome is not None:
        by, at = row.decision_decided_by, row.decision_at
        decision = Decision(Resolution(row.decision_outcome), row.decision_answer, by, at)
    return Proposal(
        row.id,
        row.rubric_name,
        row.version,
        row.standard,
        ProposalKind(row.kind),
        row.text,
        row.author,
        row.at,
        decision,
    )
