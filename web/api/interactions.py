"""Interactions: found, read, heard; with words redacted for tokens that are not for personal data."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from flask import Response, request
from flask.typing import ResponseReturnValue

from audit import searching
from audit.aftermath import Outcome, outcomes_of
from audit.interactions import Channel, Interaction, Role
from audit.judge import Verdict
from audit.redaction import personal
from audit.searching import LONGEST_WORDS, Place, Wanted, place_of
from audit.store import Store
from audit.waits import Wait
from audit.waveform import waveform_json
from models.observations import Observations
from web import interactions as pages
from web import people
from web.api.operations import Many, Operation, each, following
from web.api.problems import ROOT
from web.playback import is_media
from web.rights import person, scope
from web.tokens import sees_personal_data

_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_WORDS)]
_Score = Annotated[float, msgspec.Meta(ge=0, le=100)]
_CURSOR = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,17}-[0-9]{1,18}$")]


class AskedPage(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"least": "from", "most": "to"}
):
    """What to look for, as `comport search` takes it, all that is given must hold; how much of it from where
    on."""

    search: _Text = ""
    rubric: _Text = ""
    standard: _Text = ""
    """Ids of standards, with spaces between."""
    verdict: Verdict | None = None
    least: _Score | None = None
    most: _Score | None = None
    agent: _Text = ""
    team: _Text = ""
    branch: _Text = ""
    customer: _Text = ""
    channel: Channel | None = None
    language: _Text = ""
    since: date | None = None
    until: date | None = None
    waiting: bool = False
    mine: bool = False
    """Only what is assigned to the account of the token."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    after: _CURSOR | None = None
    """Where the page before ended; `next` of an answer has it."""

    @property
    def wanted(self) -> Wanted:
        last = None if self.until == date.max else self.until
        return Wanted(
            self.search,
            self.rubric,
            tuple(self.standard.split()),
            self.verdict,
            self.least,
            self.most,
            *(self.agent, self.team, self.branch, self.customer),
            channel=self.channel,
            language=self.language,
            since=self.since.isoformat() if self.since else "",
            until=last.isoformat() if last else "",
            needs_person=self.waiting,
            assigned=person().name if self.mine else "",
        )


class Facts(msgspec.Struct, frozen=True):
    """What is known of an interaction beside what was said in it."""

    id: str
    title: str
    channel: Channel
    started_at: str | None
    agent: str | None
    customer: str | None
    branch: str | None
    team: str | None
    language: str | None
    time_zone: str | None
    source: str
    source_id: str


class Found(msgspec.Struct, frozen=True):
    """An interaction with its score under one rubric; `score` is what stands with people's verdicts."""

    interaction: Facts
    duration_s: float
    rubric: str
    rubric_version: int
    score: float | None
    machine_score: float | None
    assessed_share: float
    critical_misses: int
    waiting: int
    reviewed: int
    judged_at: datetime


class One(msgspec.Struct, frozen=True):
    """One interaction, its recording, and under which rubrics it was judged."""

    interaction: Facts
    duration_s: float
    channels: int
    has_media: bool
    rubrics: tuple[str, ...]


class SaidLine(msgspec.Struct, frozen=True):
    """What one speaker said without a break; times in seconds from the beginning."""

    start_s: float
    end_s: float
    speaker: str | None
    role: Role | None
    language: str
    text: str


class Words(msgspec.Struct, frozen=True):
    """What was said, in order. `redacted`: personal data and names of customers are marks in brackets.

    Card data and secrets are never in it. `missing`: why there are no words.
    """

    lines: tuple[SaidLine, ...]
    redacted: bool
    missing: str | None = None


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`redacted` asks for marks in the place of personal data where they would not be put otherwise."""

    redacted: bool = False


class Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which moment of a finding, and under which rubric where there are several."""

    moment: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    rubric: _Text = ""


class Under(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As judged under which rubric, where there are several."""

    rubric: _Text = ""


def facts_of(one: Interaction) -> Facts:
    """Without the path: where files lie on the server is nothing for others. The customer is told to whom
    personal data is."""
    told = {name: getattr(one, name) for name in Facts.__struct_fields__}
    return Facts(**(told if sees_personal_data() else told | {"customer": None}))


def list_interactions(store: Store, query: AskedPage) -> Many[Found]:
    place = place_of(query.after) if query.after else None
    page = searching.find(store, query.wanted, query.limit, older_than=place, scope=scope())
    return Many(
        tuple(
            Found(facts_of(row.interaction), *(getattr(row, n) for n in Found.__struct_fields__[1:]))
            for row in page.rows
        ),
        _next(query, page.older),
    )


def _next(query: AskedPage, older: Place | None) -> str | None:
    return following(f"{ROOT}/interactions", query, after=str(older)) if older else None


def interaction(store: Store, identity: str) -> One:
    found = pages.find(store, identity)
    recording = pages.recording_of(store, found)
    cards = pages.cards_of(store, found)
    names = tuple(card.rubric for card in cards)
    return One(facts_of(found), recording.duration_s, recording.channels, is_media(recording), names)


def transcript(store: Store, identity: str, query: Given) -> Words:
    found = pages.find(store, identity)
    redacted = query.redacted or not sees_personal_data()
    observations = pages.observations_of(store, found)
    if observations is None:
        return Words((), redacted, "what was heard is damaged; audit it again")
    if redacted:
        observations = redact(observations, found)
    card = next(iter(pages.cards_of(store, found)), None)
    lines = tuple(
        SaidLine(
            said.utterance.span.start_s,
            said.utterance.span.end_s,
            said.utterance.speaker,
            said.role,
            said.utterance.language,
            said.utterance.text,
        )
        for said in pages.transcript(found, observations, card)
    )
    return Words(lines, redacted, dict(observations.missing).get("utterances"))


def redact(observations: Observations, found: Interaction) -> Observations:
    """The same with marks in the place of personal data and of customers' names."""
    if observations.utterances is None:
        return observations
    return msgspec.structs.replace(observations, utterances=personal(observations, found)[0])


def media(store: Store, identity: str) -> ResponseReturnValue:
    return pages.media(store, identity, as_it_is=True)


def waveform(store: Store, identity: str) -> Response:
    return _with_etag(
        Response(waveform_json(store, pages.find(store, identity)), mimetype="application/json")
    )


def waits(store: Store, identity: str, query: Under) -> Response:
    return _with_etag(pages.waiting(store, identity))  # it reads the query itself


def people_seen(store: Store, identity: str, query: Under) -> Response:
    return _with_etag(people.people(store, identity))


def _with_etag(response: Response) -> Response:
    response.add_etag()
    response.make_conditional(request)
    return response


def frame(store: Store, identity: str, standard: str, query: Picture) -> ResponseReturnValue:
    return people.frame(store, identity, standard)  # it reads the query itself


def interaction_outcomes(store: Store, identity: str) -> Many[Outcome]:
    found = pages.find(store, identity)
    return each(outcomes_of(store, [found.id]).get(found.id, ()))


_ONE = "/interactions/<identity>"

OPERATIONS = (
    Operation(
        *("GET", "/interactions", list_interactions, "Finds interactions, last judged first"),
        Many[Found],
        AskedPage,
    ),
    Operation("GET", _ONE, interaction, "One interaction", One),
    Operation("GET", f"{_ONE}/transcript", transcript, "What was said", Words, Given),
    Operation(
        *("GET", f"{_ONE}/media", media, "The recording or a range of it, silent where card data is said"),
        "audio/*, video/*",
        problems=(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, HTTPStatus.UNPROCESSABLE_ENTITY),
    ),
    Operation("GET", f"{_ONE}/waveform", waveform, "How loud it is over time", dict[str, Any]),
    Operation(
        *("GET", f"{_ONE}/waits", waits, "Its silences and holds, as it was judged by them"),
        list[Wait],
        Under,
    ),
    Operation(
        *("GET", f"{_ONE}/people", people_seen, "Where everybody in the picture is, and the zones"),
        dict[str, Any],
        Under,
    ),
    Operation(
        *("GET", f"{_ONE}/frames/<standard>", frame, "The picture of a finding"),
        "image/jpeg",
        Picture,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
    ),
    Operation("GET", f"{_ONE}/outcomes", interaction_outcomes, "What became of it", Many[Outcome]),
)
