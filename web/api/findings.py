"""Scorecards with their findings and evidence, what people say of them, and what waits for a person."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from audit.assigning import Assigned, assign, assigned
from audit.interactions import Roles
from audit.judge import Finding, Verdict
from audit.outcomes import Evidence
from audit.releasing import keep_reply, release, withdraw
from audit.replies import Reply
from audit.reviews import LONGEST_COMMENT, Review, Stands, card_stands, keep_review, next_waiting, shown
from audit.rubric import Applied
from audit.score import Score
from audit.scorecard import Scorecard
from audit.store import Store
from models.observations import Provenance, Span
from web import interactions as pages
from web.api.interactions import redact
from web.api.operations import Made, Many, Operation, each, unchanged
from web.api.problems import ROOT
from web.reviewing import card_of
from web.rights import person, scope
from web.tokens import sees_personal_data

_Comment = Annotated[str, msgspec.Meta(max_length=LONGEST_COMMENT)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]

HIDDEN = "[words with personal data]"
"""What stands for a quote that a token without `review` is not given."""


class Judged(msgspec.Struct, frozen=True):
    """A finding as it stands: `machine` is what the machine found, `review` the person's word that holds.

    `seen` is the number of the newest review: send it with yours, so that nobody overwrites unseen.
    """

    finding: Finding
    machine: Verdict
    review: Review | None
    seen: int
    waiting: bool
    disputed: bool


class Card(msgspec.Struct, frozen=True):
    """A scorecard with people's verdicts, and all of the sum that makes its score."""

    interaction: str
    rubric: str
    rubric_version: int
    rubric_digest: str
    title: str
    score: Score
    machine_score: float | None
    waiting: tuple[str, ...]
    roles: Roles
    caveats: tuple[str, ...]
    overlays: tuple[Applied, ...]
    provenance: tuple[Provenance, ...]
    software: str


class Say(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds of a finding, and why. `seen` is that of the finding; 0 when it had no review."""

    standard: _Name
    verdict: Verdict
    comment: _Comment = ""
    seen: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None


class Reviewed(msgspec.Struct, frozen=True):
    """The review that was kept, and what stands with it."""

    review: Review
    score: float | None
    waiting: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word of the agent, of one standard or (empty) of the whole; `disputes` asks to look again."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_COMMENT)]
    standard: Annotated[str, msgspec.Meta(max_length=80)] = ""
    disputes: bool = False


class Released(msgspec.Struct, frozen=True):
    """A scorecard that its agent may see."""

    interaction: str
    rubric: str


class Next(msgspec.Struct, frozen=True):
    """What waits for a person next; null where nothing does."""

    interaction: str | None
    rubric: str | None


class After(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was looked at last."""

    after: Annotated[str, msgspec.Meta(max_length=64)] = ""
    rubric: Annotated[str, msgspec.Meta(max_length=80)] = ""


def scorecards(store: Store, identity: str) -> Many[Card]:
    return each(_card(card, card_stands(store, card)) for card in _cards(store, identity))


def scorecard(store: Store, identity: str, rubric: str) -> Card:
    card = card_of(store, identity, rubric)
    return _card(card, card_stands(store, card))


class Assignment(msgspec.Struct, frozen=True):
    """Who is to look at an interaction; null: nobody in particular."""

    interaction: str
    assigned: Assigned | None


class Give(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account that is to look at it; empty: nobody in particular any more."""

    to: Annotated[str, msgspec.Meta(max_length=80)]


def findings(store: Store, identity: str, rubric: str) -> Many[Judged]:
    card = card_of(store, identity, rubric)
    now = card_stands(store, card)
    hidden = () if sees_personal_data() else _hidden(store, identity)
    machine = {finding.standard: finding.verdict for finding in card.findings}
    newest = {review.standard: review.id for review in now.history}
    return each(
        Judged(
            _redacted(finding, hidden),
            machine[finding.standard],
            _wordless(now.of.get(finding.standard)),
            newest.get(finding.standard, 0),
            finding.standard in now.waiting,
            finding.standard in now.disputed,
        )
        for finding in now.findings
    )


def reviews(store: Store, identity: str, rubric: str) -> Many[Review]:
    return each(filter(None, map(_wordless, _reviews(store, card_of(store, identity, rubric)))))


def add_review(store: Store, identity: str, rubric: str, body: Say) -> Made:
    card = card_of(store, identity, rubric)
    unchanged(each(_reviews(store, card)))
    now = keep_review(store, card, body.standard, body.verdict, person().name, body.comment, body.seen)
    made = Reviewed(now.history[-1], now.score.score, now.waiting)
    return Made(made, f"{ROOT}/interactions/{identity}/scorecards/{rubric}/reviews")


def release_scorecard(store: Store, identity: str, rubric: str) -> Released:
    release(store, card_of(store, identity, rubric), person().name)
    return Released(identity, rubric)


def withdraw_scorecard(store: Store, identity: str, rubric: str) -> None:
    withdraw(store, card_of(store, identity, rubric))


def assignment(store: Store, identity: str) -> Assignment:
    return Assignment(identity, assigned(store, pages.find(store, identity).id))


def assign_interaction(store: Store, identity: str, body: Give) -> Assignment:
    assign(store, pages.find(store, identity).id, body.to, person().name)
    return assignment(store, identity)


def replies(store: Store, identity: str, rubric: str) -> Many[Reply]:
    said = card_stands(store, card_of(store, identity, rubric)).replies
    return each(one if sees_personal_data() else msgspec.structs.replace(one, text=HIDDEN) for one in said)


def add_reply(store: Store, identity: str, rubric: str, body: Answer) -> Made:
    card = card_of(store, identity, rubric)
    keep_reply(store, card, person().name, body.text, body.standard, body.disputes)
    address = f"{ROOT}/interactions/{identity}/scorecards/{rubric}/replies"
    return Made(card_stands(store, card).replies[-1], address)


def next_(store: Store, query: After) -> Next:
    waiting = next_waiting(store, query.after, query.rubric, scope())
    return Next(*(waiting or (None, None)))


def _cards(store: Store, identity: str) -> tuple[Scorecard, ...]:
    return pages.cards_of(store, pages.find(store, identity))


def _card(card: Scorecard, now: Stands) -> Card:
    stood = shown(card, now)
    return Card(
        card.interaction,
        card.rubric,
        card.rubric_version,
        card.rubric_digest,
        card.rubric_title,
        now.score,
        card.score.score,
        now.waiting,
        card.roles,
        stood.caveats,
        card.overlays,
        card.provenance,
        card.software,
    )


def _reviews(store: Store, card: Scorecard) -> tuple[Review, ...]:
    return card_stands(store, card).history


def _wordless(review: Review | None) -> Review | None:
    """The review; its comment may quote, and is not given to a token that is not for personal data."""
    if review is None or not review.comment or sees_personal_data():
        return review
    return msgspec.structs.replace(review, comment=HIDDEN)


def _hidden(store: Store, identity: str) -> tuple[Span, ...] | None:
    """When something personal is said; None when that cannot be known any more."""
    found = pages.find(store, identity)
    observations = pages.observations_of(store, found)
    if observations is None:
        return None
    before, after = observations.utterances or (), redact(observations, found).utterances or ()
    return tuple(one.span for one, other in zip(before, after, strict=True) if one != other)


def _redacted(finding: Finding, hidden: tuple[Span, ...] | None) -> Finding:
    if hidden == ():
        return finding

    def shown_of(one: Evidence) -> Evidence:
        # A message is a moment: what begins with it is of it.
        near = hidden is None or any(one.span & h or one.span.start_s == h.start_s for h in hidden)
        return msgspec.structs.replace(one, quote=HIDDEN) if one.quote and near else one

    return msgspec.structs.replace(finding, evidence=tuple(shown_of(one) for one in finding.evidence))


_CARD = "/interactions/<identity>/scorecards/<rubric>"
_CHANGED = (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY)

OPERATIONS = (
    Operation(
        *("GET", "/interactions/<identity>/scorecards", scorecards, "Its scorecards, last judged first"),
        Many[Card],
    ),
    Operation("GET", _CARD, scorecard, "One scorecard with its sum", Card),
    Operation("GET", f"{_CARD}/findings", findings, "Its findings with their evidence", Many[Judged]),
    Operation("GET", f"{_CARD}/reviews", reviews, "What people said of it, oldest first", Many[Review]),
    Operation(
        *("POST", f"{_CARD}/reviews", add_review, "Says what holds of a finding", Reviewed),
        body=Say,
        status=HTTPStatus.CREATED,
        problems=_CHANGED,
    ),
    Operation("GET", "/interactions/<identity>/assignment", assignment, "Who is to look at it", Assignment),
    Operation(
        *(
            "PUT",
            "/interactions/<identity>/assignment",
            assign_interaction,
            "Gives it to a person",
            Assignment,
        ),
        body=Give,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
    ),
    Operation("PUT", f"{_CARD}/release", release_scorecard, "Shows it to its agent", Released),
    Operation(
        *("DELETE", f"{_CARD}/release", withdraw_scorecard, "Shows it to its agent no more", None),
        status=HTTPStatus.NO_CONTENT,
    ),
    Operation("GET", f"{_CARD}/replies", replies, "What its agent said of it", Many[Reply]),
    Operation(
        *("POST", f"{_CARD}/replies", add_reply, "Comments on it or disputes a finding", Reply),
        body=Answer,
        status=HTTPStatus.CREATED,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
    ),
    Operation("GET", "/next", next_, "What waits for a person next", Next, After),
)
