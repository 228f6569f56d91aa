"""Blind calibrations: begun, judged, closed, and what they show then."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import msgspec

from audit import calibrated
from audit import calibrating as kept
from audit.agreement import Agreement
from audit.calibrated import MACHINE, Beside, Judge, Overall, Understood
from audit.calibrating import LEAST, MOST, Asked, Calibration, Word
from audit.judge import Verdict
from audit.reviews import LONGEST_COMMENT
from audit.store import Store
from web.api.operations import Made, Many, Operation, following
from web.api.problems import ROOT
from web.calibrating import known
from web.reviewing import card_of
from web.rights import may, person, scope

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class Begun(msgspec.Struct, frozen=True):
    """A calibration: who was asked and how much each has said, and what you said yourself, by standard.

    What others said and what the machine found is in none of it: `/result` gives that once it is closed.
    `expert` is null where people are compared with one another.
    """

    number: int
    interaction: str
    title: str
    rubric: str
    rubric_digest: str
    standards: tuple[str, ...]
    begun_by: str
    expert: str | None
    at: datetime
    closed_at: datetime | None
    people: tuple[Asked, ...]
    waits_for_me: bool
    mine: dict[str, Word]


class Result(msgspec.Struct, frozen=True):
    """What a closed calibration shows, the standards on which people differ first; agreements are null where
    nothing could be compared."""

    number: int
    expert: str | None
    standards: tuple[Beside, ...]
    people: dict[str, Agreement | None]
    machine: Agreement | None


class Agreements(msgspec.Struct, frozen=True):
    """Of all closed calibrations: each person, the machine, and each standard, those first
    on which people differ most."""

    people: tuple[Judge, ...]
    machine: Judge | None
    standards: tuple[Understood, ...]


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only closed ones, or only open ones; `before` is the number of the last of the page before."""

    closed: bool | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    before: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The accounts that judge, and which of them (null: none) the others are compared with."""

    people: Annotated[tuple[_Name, ...], msgspec.Meta(min_length=LEAST, max_length=MOST)]
    expert: _Name | None = None


class SayWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What you say of a standard, in the place of what you said before."""

    verdict: Verdict
    comment: Annotated[str, msgspec.Meta(max_length=LONGEST_COMMENT)] = ""


def begin_calibration(store: Store, identity: str, rubric: str, body: Begin) -> Made:
    card = card_of(store, identity, rubric)
    number = kept.begin(store, card, body.people, person().name, body.expert or "")
    return Made(calibration(store, number), f"{ROOT}/calibrations/{number}")


def list_calibrations(store: Store, query: Listed) -> Many[Begun]:
    found = kept.calibrations(store, scope(), closed=query.closed, limit=query.limit, before=query.before)
    further = len(found) == query.limit
    return Many(
        tuple(_begun(store, one) for one in found),
        following(f"{ROOT}/calibrations", query, before=found[-1].number) if further else None,
    )


def calibration(store: Store, number: int) -> Begun:
    return _begun(store, known(store, number))


def say_word(store: Store, number: int, standard: str, body: SayWord) -> Begun:
    known(store, number)
    now = kept.say(store, number, standard, body.verdict, person().name, body.comment)
    return _begun(store, now)


def close_calibration(store: Store, number: int) -> Begun:
    known(store, number)
    kept.close(store, number, person().name, any_=may("admin"))
    return calibration(store, number)


def calibration_result(store: Store, number: int) -> Result:
    one = known(store, number)
    shown = calibrated.result(store, kept.heard(store, number, scope()))
    return Result(number, one.expert or None, shown.standards, shown.people, shown.machine)


def agreements(store: Store) -> Agreements:
    found: Overall = calibrated.overall(store, kept.all_heard(store, scope()))
    machine = next((one for one in found.people if one.name == MACHINE), None)
    return Agreements(tuple(one for one in found.people if one.name != MACHINE), machine, found.standards)


def _begun(store: Store, one: Calibration) -> Begun:
    me = person().name
    mine = kept.own_words(store, one.number, me) if kept.may_say(store, one.number, me) else {}
    return Begun(
        one.number,
        one.interaction,
        one.title,
        one.rubric,
        one.rubric_digest,
        one.standards,
        one.begun_by,
        one.expert or None,
        one.at,
        one.closed_at,
        one.people,
        one.waits_for(me),
        mine,
    )


_NUMBER = "/calibrations/<int:number>"
_REFUSED = (HTTPStatus.UNPROCESSABLE_ENTITY,)
_CLOSED = (HTTPStatus.CONFLICT,)

OPERATIONS = (
    Operation(
        "POST",
        "/interactions/<identity>/scorecards/<rubric>/calibrations",
        begin_calibration,
        "Asks people to judge it without seeing each other",
        Begun,
        body=Begin,
        status=HTTPStatus.CREATED,
        problems=_REFUSED,
    ),
    Operation(
        *("GET", "/calibrations", list_calibrations, "Calibrations, the newest first", Many[Begun]),
        Listed,
    ),
    Operation(
        *("GET", "/calibrations/agreements", agreements, "How far people and machine agree", Agreements)
    ),
    Operation("GET", _NUMBER, calibration, "One calibration, with one's own words", Begun),
    Operation(
        *("PUT", f"{_NUMBER}/words/<standard>", say_word, "Says what one thinks of a standard", Begun),
        body=SayWord,
        problems=(*_CLOSED, *_REFUSED),
    ),
    Operation("POST", f"{_NUMBER}/closing", close_calibration, "Closes it", Begun),
    Operation(
        *("GET", f"{_NUMBER}/result", calibration_result, "What was said, once it is closed", Result),
        problems=_CLOSED,
    ),
)
