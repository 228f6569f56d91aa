"""What staff propose about the standards: listed, proposed, and decided on."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec

from audit import proposals as kept
from audit.proposals import LONGEST_TEXT, Proposal, ProposalKind, Resolution
from audit.store import NotStored, Store
from web.api.findings import HIDDEN
from web.api.operations import Made, Many, Operation, each, following
from web.api.problems import ROOT
from web.proposals import seen
from web.rights import person
from web.tokens import sees_personal_data

_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]


class DecidedOn(msgspec.Struct, frozen=True):
    """What was decided of a proposal, why, by whom and when."""

    outcome: Resolution
    answer: str
    by: str
    at: datetime


class Proposed(msgspec.Struct, frozen=True):
    """What somebody proposes; `version` is that of the rubric they had before them.

    `standard` is null for a new one, `by` where the name is not for this account: only those who decide and
    whoever proposed it learn it. `decision` is null while it waits.
    """

    number: int
    rubric: str
    version: int
    standard: str | None
    kind: ProposalKind
    text: str
    by: str | None
    at: datetime
    decision: DecidedOn | None


class Waiting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what waits, or only what is decided; `before` is the number of the last of the page before."""

    waiting: bool | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    before: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None


class NewStandard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A standard that the rubric should have, and why."""

    text: _Words


class ToStandard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a standard should change, or be judged by no more: how, and why."""

    kind: Literal["change", "repeal"]
    text: _Words


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is decided of a proposal, and the answer in words."""

    outcome: Resolution
    answer: _Words


def list_proposals(store: Store, query: Waiting) -> Many[Proposed]:
    found = kept.proposals(store, waiting=query.waiting, limit=query.limit, before=query.before)
    further = len(found) == query.limit
    return Many(
        tuple(map(_shown, found)),
        following(f"{ROOT}/proposals", query, before=found[-1].number) if further else None,
    )


def rubric_proposals(store: Store, rubric: str) -> Many[Proposed]:
    kept.newest_digest(store, rubric)
    return each(map(_shown, kept.proposals(store, rubric)))


def standard_proposals(store: Store, rubric: str, standard: str) -> Many[Proposed]:
    digest = kept.newest_digest(store, rubric)
    found = kept.proposals(store, rubric, standard)
    if not found and standard not in {one.id for one in store.rubric(digest).standards}:
        raise NotStored("standard", standard, f"rubric {rubric} has none of this name now")
    return each(map(_shown, found))


def proposal(store: Store, number: int) -> Proposed:
    return _shown(kept.proposal(store, number))


def propose_standard(store: Store, rubric: str, body: NewStandard) -> Made:
    return _made(store, kept.propose(store, rubric, ProposalKind.NEW, body.text, person().name))


def propose_change(store: Store, rubric: str, standard: str, body: ToStandard) -> Made:
    return _made(store, kept.propose(store, rubric, body.kind, body.text, person().name, standard))


def decide_proposal(store: Store, number: int, body: Decide) -> Proposed:
    return _shown(kept.decide(store, number, body.outcome, body.answer, person().name))


def _made(store: Store, number: int) -> Made:
    return Made(proposal(store, number), f"{ROOT}/proposals/{number}")


def _shown(one: Proposal) -> Proposed:
    """As the account may see it; its words may name somebody: no token without `review` gets them."""
    one, whole, of = seen(one), sees_personal_data(), one.decision
    answered = DecidedOn(of.outcome, of.answer if whole else HIDDEN, of.by, of.at) if of else None
    return Proposed(
        one.number,
        one.rubric,
        one.version,
        one.standard or None,
        one.kind,
        one.text if whole else HIDDEN,
        one.by or None,
        one.at,
        answered,
    )


_RUBRIC = "/standards/<rubric>/proposals"
_STANDARD = "/standards/<rubric>/<standard>/proposals"
_NUMBER = "/proposals/<int:number>"
_REFUSED = (HTTPStatus.UNPROCESSABLE_ENTITY,)

OPERATIONS = (
    Operation(
        *("GET", "/proposals", list_proposals, "What staff propose, the newest first", Many[Proposed]),
        Waiting,
    ),
    Operation("GET", _RUBRIC, rubric_proposals, "Those about a rubric, the newest first", Many[Proposed]),
    Operation("GET", _STANDARD, standard_proposals, "Those about a standard", Many[Proposed]),
    Operation("GET", _NUMBER, proposal, "One proposal", Proposed),
    Operation(
        *("POST", _RUBRIC, propose_standard, "Proposes a new standard", Proposed),
        body=NewStandard,
        status=HTTPStatus.CREATED,
        problems=_REFUSED,
    ),
    Operation(
        *("POST", _STANDARD, propose_change, "Proposes to change or repeal a standard", Proposed),
        body=ToStandard,
        status=HTTPStatus.CREATED,
        problems=_REFUSED,
    ),
    Operation(
        *("POST", f"{_NUMBER}/decision", decide_proposal, "Decides on a proposal, once", Proposed),
        body=Decide,
        problems=(HTTPStatus.CONFLICT, *_REFUSED),
    ),
)
