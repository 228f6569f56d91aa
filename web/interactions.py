"""The list of interactions, and one interaction with everything that made its score."""

import functools
import hashlib
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from flask import Blueprint, Response, abort, current_app, render_template, request, send_file
from flask.typing import ResponseReturnValue

from audit import copies
from audit.assigning import assignable, assigned, assigned_among, reviewers
from audit.copies import Copy, CopyFailed, CopyUnready
from audit.evidence import is_visual, moments
from audit.interactions import Interaction, Role
from audit.judge import Finding
from audit.outcomes import Evidence
from audit.redaction import Gone, secrets
from audit.releasing import release_of
from audit.replies import Reply
from audit.reviews import Review, Stands, card_stands, shown
from audit.rubric import Rubric, Standard
from audit.saved import Saved
from audit.score import Line, SectionScore
from audit.scorecard import Scorecard
from audit.searching import BadSearch, Page
from audit.searching import find as find_rows
from audit.store import NotStored, Store
from audit.waits import NEEDS, waits
from audit.waveform import waveform_json
from models.observations import (
    PERCEIVED,
    Observations,
    ObservationsUnreadable,
    ObservationsUnsaved,
    Recording,
    Span,
    Utterance,
)
from models.playable import media_type
from web import views
from web.in_place import in_place
from web.listing import asked, fields, places, rubric_names
from web.playback import copy_told, file_problem, is_media, playback_of
from web.retention import holding
from web.rights import may, scope
from web.wording import told

PAGE_ROWS = 50
"""Rows of the list on one page: two screens, so that the end can still be seen."""

EARLIER_S = 1.0
"""So much before its evidence the player starts, so that the first word is not cut off."""

SHOWN_CHIPS = 6
"""Moments shown at once under one finding; the others open on demand."""


class Judged(msgspec.Struct, frozen=True):
    """One standard as the scorecard shows it: its line of the sum, its finding, and its own text."""

    line: Line
    finding: Finding
    standard: Standard
    moments: tuple[Evidence, ...]
    """What to look at: the evidence, or the searched spans when there is none."""
    frames: tuple[tuple[int, Evidence], ...] = ()
    """The moments that a picture shows, each with its number; none of what was only heard."""
    machine: Finding | None = None
    """What the machine found, where a person said something of it."""
    review: Review | None = None
    """The person's word that holds."""
    history: tuple[Review, ...] = ()
    """All that people said of it, oldest first."""
    replies: tuple[Reply, ...] = ()
    """What the agent said of it, oldest first."""
    disputed: bool = False
    """The agent disputes it, and nobody has reviewed it since."""


class Part(msgspec.Struct, frozen=True):
    """One section of a scorecard."""

    score: SectionScore
    judged: tuple[Judged, ...]


class Said(msgspec.Struct, frozen=True):
    """One utterance with the role that said it, and its clock time (UTC) in a written conversation."""

    role: Role | None
    utterance: Utterance
    clock_time: str


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("interactions", __name__)
    for rule, view in (
        ("/interactions", index),
        ("/interactions/<identity>", interaction),
        ("/interactions/<identity>/media", media),
        ("/interactions/<identity>/peaks.json", waveform),
        ("/interactions/<identity>/waits.json", waiting),
    ):
        # Flask-WTF asks views for their names, which a partial has only when they are copied onto it.
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound)
    return blueprint


def index(store: Store) -> ResponseReturnValue:
    try:
        return list_page(store)
    except BadSearch as error:
        if not in_place():
            raise
        return list_page(store, told(error), Page((), None, None), "en"), HTTPStatus.UNPROCESSABLE_ENTITY


def list_page(store: Store, problem: str = "", page: Page | None = None, lang: str = "") -> str:
    """The list that the address asks for, or this page of it, with what went wrong, in this language.

    Raises:
        BadSearch: it asks for something that cannot be understood.
    """
    wanted = asked(request.args)
    if page is None:
        page = find_rows(store, wanted, PAGE_ROWS, *places(request.args), scope=scope())
    return render_template(
        "interactions.html",
        page=page,
        wanted=wanted,
        asked=fields(wanted),
        problem=problem,
        problem_lang=lang,
        given=request.args.get("given", 0, type=int),
        here={name: value for name, value in request.args.items() if name in ("older", "newer")},
        reviewers=reviewers(store, scope().team) if may("review") else (),
        given_to=assigned_among(store, [row.interaction.id for row in page.rows]) if may("compare") else {},
        done="done" in request.args,
        rubrics=rubric_names(store),
        views=_views(store, fields(wanted)),
        team=scope().team,
    )


class View(msgspec.Struct, frozen=True):
    """A kept view with the fields of the form that ask for it; `open` when just these are asked for now."""

    saved: Saved
    fields: dict[str, str]
    open: bool


def _views(store: Store, now: dict[str, str]) -> tuple[View, ...]:
    kept = [(one, fields(one.wanted)) for one in views.seen(store)]
    return tuple(View(one, wanted, wanted == now) for one, wanted in kept)


def interaction(store: Store, identity: str) -> ResponseReturnValue:
    found = find(store, identity)
    cards = cards_of(store, found)
    wanted = request.args.get("rubric", "")
    card = next((c for c in cards if c.rubric == wanted), None) if wanted else next(iter(cards), None)
    if wanted and card is None:
        abort(404)
    observations = observations_of(store, found)
    recording = recording_of(store, found)
    machine, now = card, card_stands(store, card) if card else None
    if card and now:
        card = shown(card, now)
        cards = tuple(card if one is machine else one for one in cards)
    return render_template(
        "interaction.html",
        **listening(store, found, recording, observations, card),
        cards=cards,
        card=card,
        parts=judged_parts(machine, now, store.rubric(machine.rubric_digest)) if machine and now else (),
        assigned=assigned(store, found.id) if may("compare") else None,
        assignable=assignable(store, found.id) if may("review") else (),
        holding=holding(store, [found.id]) if may("admin") else (),
        newest=newest_of(now) if now else 0,
        judged=judgement(machine) if machine else "",
        release=release_of(store, found.id, card.rubric) if card else None,
        replies=tuple(reply for reply in now.replies if not reply.standard) if now else (),
        here=is_media(recording) and not file_problem(Path(found.path), recording),
        earlier_s=EARLIER_S,
        shown_chips=SHOWN_CHIPS,
    )


def listening(
    store: Store,
    found: Interaction,
    recording: Recording,
    observations: Observations | None,
    card: Scorecard | None,
) -> dict[str, Any]:
    """What `_listen.html` shows: player and transcript, with the roles of this scorecard."""
    gone = gone_of(store, found)
    playback = playback_of(Path(found.path), recording, gone) if is_media(recording) else None
    return {
        "interaction": found,
        "recording": recording,
        "said": transcript(found, observations, card) if observations else (),
        "unreadable": observations is None,
        "missing": dict(observations.missing) if observations else {},
        "sides": channel_roles(recording.channels, card),
        "playback": playback,
        "copying": copy_told(copy_asked(store, found, recording, gone))
        if playback and not playback.problem and gone is not None
        else None,
        "waited": observations is not None and observations.activity is not None,
        "watched": observations is not None and observations.people is not None and is_media(recording),
        "zoned": bool(observations and observations.people and observations.people.camera.zones),
    }


def media(store: Store, identity: str, as_it_is: bool = False) -> ResponseReturnValue:
    """The recording, or the copy that is played: `as_it_is` only where something has to be silent.

    Raises:
        CopyUnready: the copy is being made.
        CopyFailed: it could not be.
    """
    found = find(store, identity)
    recording, path = recording_of(store, found), Path(found.path)
    gone = gone_of(store, found)
    if not is_media(recording) or file_problem(path, recording) or gone is None:
        abort(404)
    copy = copy_asked(store, found, recording, gone, as_it_is)
    if copy.failed:
        raise CopyFailed(path.name, copy.failed)
    if not copy.ready:
        raise CopyUnready(path.name, copy.share)
    response = send_file(
        copy.path,
        mimetype=media_type(copy.path),
        conditional=True,
        etag=recording.id if copy.path == path else copy.path.stem,
        max_age=0,
        download_name=path.name,
    )
    response.cache_control.private = True
    return response


def copy_asked(
    store: Store, found: Interaction, recording: Recording, gone: Collection[Gone], as_it_is: bool = False
) -> Copy:
    """What is played of a recording; what is not made yet is asked for."""
    copy = copies.copy_of(store, found, recording, gone, as_it_is)
    if not copy.ready and not copy.failed:
        try:
            copies.ask(store, found)
        except ObservationsUnsaved as error:
            return msgspec.structs.replace(copy, failed=told(error))
    return copy


def waveform(store: Store, identity: str) -> ResponseReturnValue:
    return Response(waveform_json(store, find(store, identity)), mimetype="application/json")


def waiting(store: Store, identity: str) -> Response:
    found = find(store, identity)
    card = card_asked_for(store, found)
    observations = observations_of(store, found, NEEDS)
    if card is None or observations is None or observations.activity is None:
        raise NotStored("waits of interaction", found.title, "audit it again")
    content = msgspec.json.encode(waits(found, observations, card, store.rubric(card.rubric_digest)))
    return Response(content, mimetype="application/json")


def find(store: Store, identity: str) -> Interaction:
    """The interaction with exactly this id that whoever asks may see: an address is no search.

    Raises:
        NotStored: there is none, or it is none of theirs; nobody is told which.
    """
    if not _IDENTITY.fullmatch(identity):
        abort(404)
    found = store.interaction(identity, scope())
    if found.id != identity:
        raise NotStored("interaction", identity, "the list shows what is stored")
    return found


_IDENTITY = re.compile("[0-9a-f]{64}")


def cards_of(store: Store, found: Interaction) -> tuple[Scorecard, ...]:
    """The current scorecards of an interaction that whoever asks may see, last judged first."""
    return store.scorecards(found.id, scope())


def card_asked_for(store: Store, found: Interaction) -> Scorecard | None:
    """The scorecard that the page shows: under the rubric that the address asks for, or the newest."""
    wanted = request.args.get("rubric", "")
    return next((c for c in cards_of(store, found) if wanted in ("", c.rubric)), None)


def recording_of(store: Store, found: Interaction) -> Recording:
    recording = store.recording(found.recording)
    if recording is None:
        raise NotStored("recording", found.recording[:12], "audit it again")
    return recording


def observations_of(
    store: Store, found: Interaction, needs: Collection[str] = PERCEIVED
) -> Observations | None:
    """What was perceived of these needs; None when it was lost on disk, which leaves a scorecard as it is."""
    try:
        return store.observations(found, needs)
    except ObservationsUnreadable as error:
        current_app.logger.warning("%s", error.line)
        return None


def gone_of(store: Store, found: Interaction) -> tuple[Gone, ...] | None:
    """What must not be heard when the recording is played; None when that cannot be known any more."""
    try:
        return secrets(store.observations(found, ("utterances", "levels")))
    except ObservationsUnreadable as error:
        current_app.logger.warning("%s", error.line)
        return None


def judged_parts(card: Scorecard, now: Stands, rubric: Rubric) -> tuple[Part, ...]:
    """The sections of a scorecard, each standard beside its finding and its place in the sum."""
    findings = {finding.standard: finding for finding in now.findings}
    machine = {finding.standard: finding for finding in card.findings}
    standards = {standard.id: standard for standard in rubric.standards}
    return tuple(
        Part(
            section,
            tuple(
                Judged(
                    line,
                    findings[line.standard],
                    standards[line.standard],
                    _moments(findings[line.standard]),
                    _frames(findings[line.standard], standards[line.standard]),
                    machine[line.standard] if line.standard in now.of else None,
                    now.of.get(line.standard),
                    tuple(review for review in now.history if review.standard == line.standard),
                    tuple(reply for reply in now.replies if reply.standard == line.standard),
                    line.standard in now.disputed,
                )
                for line in section.lines
            ),
        )
        for section in now.score.sections
    )


def newest_of(now: Stands) -> int:
    """The number of the newest word of people; 0 where nobody said one."""
    return now.history[-1].id if now.history else 0


def judgement(card: Scorecard) -> str:
    """What tells a scorecard from the one that judging the interaction anew makes."""
    return hashlib.sha256(msgspec.json.encode(card)).hexdigest()[:16]


def _moments(finding: Finding) -> tuple[Evidence, ...]:
    if finding.evidence or not finding.verdict.assessed:
        return finding.evidence
    return tuple(Evidence(span, note="searched") for span in finding.searched)


SHOWN_FRAMES = 3
"""Pictures under a question that a person answers; a verdict has one, of its first moment."""


def _frames(finding: Finding, standard: Standard) -> tuple[tuple[int, Evidence], ...]:
    if not is_visual(standard):
        return ()
    return tuple(enumerate(moments(finding)))[: SHOWN_FRAMES if standard.ask else 1]


def transcript(found: Interaction, observations: Observations, card: Scorecard | None) -> tuple[Said, ...]:
    """Who said what, in order; with the clock time (UTC) of written messages when their start is known."""
    roles: dict[str | None, Role] = dict(card.roles.of if card else found.roles)
    started = datetime.fromisoformat(found.started_at).astimezone(UTC) if found.started_at else None
    written = found.channel.is_text and started is not None

    def clock_time(span: Span) -> str:
        return (started + timedelta(seconds=span.start_s)).strftime("%H:%M:%S") if written and started else ""

    return tuple(
        Said(roles.get(u.speaker), u, clock_time(u.span))
        for u in sorted(observations.utterances or (), key=lambda u: u.span)
    )


def channel_roles(channels: int, card: Scorecard | None) -> tuple[str, ...]:
    """The role heard on each sound channel, empty where it is unknown or several speak on it."""
    of = dict(card.roles.of) if card else {}
    return tuple(str(of.get(f"channel-{n}", "")) for n in range(channels))
