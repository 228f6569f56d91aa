"""One customer's interactions in order over channels: who waited how long, and what had to be said twice."""

from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import select

from audit import phrasebook as book
from audit import tables as t
from audit.aftermath import Outcome, outcomes_of
from audit.answers import Answers
from audit.contacts import Contact, Moment, contact_of
from audit.customers import Person, find_person, interactions_of
from audit.interactions import SURE, Channel, Conversation, Role, Roles
from audit.promises import answered_differently, told_differently
from audit.repeats import Again, asked_again, explained_again, heard
from audit.sameness import Answered, answered_in
from audit.scope import EVERYTHING, Scope
from audit.signals import measure_kinds
from audit.speakers import Speakers
from audit.store import Store
from models.observations import ObservationsUnreadable

MOST_STEPS = 200
"""Interactions of one customer that are looked at, the last ones: more is a company or a wrong merge."""

SOUND = ("utterances", "activity", "levels")
"""What has to be known of a call to tell how long somebody was on hold."""


class Wait(msgspec.Struct, frozen=True):
    """Who waited in an interaction, for whom: in all and at longest, seconds, with where the longest began.

    `seconds` is None where it cannot be told, and `reason` says why.
    """

    who: Role
    what: str
    seconds: float | None
    longest_s: float | None = None
    longest: Moment | None = None
    reason: str = ""


class Step(msgspec.Struct, frozen=True):
    """One interaction of a journey; `since_last_s` is the time since the end of the one before.

    `unanswered`: the last message before it was the customer's, and nobody had answered.
    """

    interaction: str
    channel: Channel
    title: str
    started_at: str | None
    duration_s: float
    agent: str | None
    branch: str | None
    since_last_s: float | None
    unanswered: bool
    waits: tuple[Wait, ...]
    outcomes: tuple[Outcome, ...]
    scores: tuple[tuple[str, float | None], ...]
    """The score that each rubric gives, as it stands."""


class Journey(msgspec.Struct, frozen=True):
    """A customer's way through the house; `caveats` say what could not be looked at."""

    customer: Person
    steps: tuple[Step, ...]
    again: tuple[Again, ...]
    answers: tuple[Answered, ...]
    caveats: tuple[str, ...]


def journey_of(store: Store, customer: str, answers: Answers | None = None) -> Journey:
    """The journey of a customer (an address, a number or a name, as `find_person` takes them).

    `answers` adds what was answered to the questions of that file.

    Raises:
        NotStored: no or more than one customer fits.
    """
    return journey_of_person(store, find_person(store, Role.CUSTOMER, customer), answers)


def journey_of_person(
    store: Store, person: Person, answers: Answers | None = None, scope: Scope = EVERYTHING
) -> Journey:
    """The same of a customer who is known, as far as interactions and scorecards lie within a scope."""
    ids = interactions_of(store, person, scope)
    caveats = []
    if len(ids) > MOST_STEPS:
        caveats.append(f"only the last {MOST_STEPS} of {len(ids)} interactions are looked at")
    contacts: list[Contact] = []
    for one in ids[-MOST_STEPS:]:
        about = store.interaction(one)
        try:
            needs = ("utterances",) if about.channel.is_text else SOUND
            contacts.append(contact_of(store, about, store.observations(about, needs)))
        except ObservationsUnreadable as error:
            caveats.append(f"{about.title} could not be read: {error}")
    timed = [one for one in contacts if one.interaction.started_at]
    caveats += _caveats(contacts)
    listened = [heard(one) for one in timed]
    answered = [found for one in timed for found in answered_in(one, answers)] if answers else []
    again = [
        *asked_again(listened),
        *explained_again(listened),
        *told_differently(listened),
        *answered_differently(answered),
    ]
    again.sort(key=lambda one: (_time(one.later.started_at), one.later.span.start_s, one.kind))
    return Journey(person, _steps(store, contacts, scope), tuple(again), tuple(answered), tuple(caveats))


def _caveats(contacts: list[Contact]) -> list[str]:
    def told(count: int, why: str) -> list[str]:
        return [f"{count} of {len(contacts)} interactions {why}"] if count else []

    silent = sum(not one.lines for one in contacts)
    unknown = sum(bool(one.lines) and not one.roles_known for one in contacts)
    foreign = sum(one.roles_known and one.language not in book.languages() for one in contacts)
    return [
        *told(
            sum(not c.interaction.started_at for c in contacts),
            "have no time: they stand last, compared with none",
        ),
        *told(silent, "have no words yet: audit them"),
        *told(unknown, "were not looked at for repetition: who is who in them is unknown"),
        *told(
            foreign,
            f"were not looked at for repetition: only {', '.join(book.languages())} are known; "
            "a language that is missing goes into the .meta.yaml beside the file, as language: en",
        ),
    ]


def _time(started_at: str | None) -> datetime:
    return datetime.fromisoformat(started_at) if started_at else datetime.max.replace(tzinfo=UTC)


def _steps(store: Store, contacts: list[Contact], scope: Scope) -> tuple[Step, ...]:
    became = outcomes_of(store, [one.interaction.id for one in contacts])
    scores = _scores(store, [one.interaction.id for one in contacts], scope)
    steps = []
    for before, one in zip([None, *contacts], contacts, strict=False):
        about = one.interaction
        duration_s = one.observations.recording.duration_s
        steps.append(
            Step(
                about.id,
                about.channel,
                about.title,
                about.started_at,
                duration_s,
                about.agent,
                about.branch,
                _since(before, one) if before else None,
                before is not None and before.interaction.channel.is_text and _left_waiting(before),
                _waits(one),
                became.get(about.id, ()),
                scores.get(about.id, ()),
            )
        )
    return tuple(steps)


def _scores(store: Store, ids: list[str], scope: Scope) -> dict[str, tuple[tuple[str, float | None], ...]]:
    card = t.scorecard.c
    current = (
        select(card.interaction_id, card.rubric_name, card.standing_score)
        .where(card.interaction_id.in_(ids), card.current, *scope.scorecards())
        .order_by(card.rubric_name)
    )

    def read() -> dict[str, tuple[tuple[str, float | None], ...]]:
        found: dict[str, tuple[tuple[str, float | None], ...]] = {}
        with store.reading() as connection:
            for one in connection.execute(current):
                told = (one.rubric_name, one.standing_score)
                found[one.interaction_id] = (*found.get(one.interaction_id, ()), told)
        return found

    return store.again(read)


def _since(before: Contact, one: Contact) -> float | None:
    """Seconds from the end of one contact to the beginning of the next; 0 where they overlap."""
    if not before.interaction.started_at or not one.interaction.started_at:
        return None
    end = _time(before.interaction.started_at) + timedelta(seconds=before.observations.recording.duration_s)
    return max(0.0, (_time(one.interaction.started_at) - end).total_seconds())


def _left_waiting(one: Contact) -> bool:
    return next((line.role == Role.CUSTOMER for line in reversed(one.lines) if line.role != Role.BOT), False)


def _waits(one: Contact) -> tuple[Wait, ...]:
    channel = one.interaction.channel
    if channel.is_text:
        if not one.roles_known:
            return (Wait(Role.CUSTOMER, "answers", None, reason="who is who is unknown"),)
        return tuple(
            wait
            for who, of in ((Role.CUSTOMER, Role.AGENT), (Role.AGENT, Role.CUSTOMER))
            if (wait := _answers_awaited(one, who, of)) is not None
        )
    if channel in (Channel.CALL, Channel.VIDEO):
        return (_on_hold(one),)
    return ()


def _answers_awaited(one: Contact, who: Role, of: Role) -> Wait | None:
    """How long one waited for the messages of the other; bots answer nobody."""
    asked = None
    waits = []
    for line in one.lines:
        if line.role == who:
            asked = asked or line
        elif line.role == of and asked:
            waits.append((line.said.span.start_s - asked.said.span.start_s, asked))
            asked = None
    if not waits:
        return None
    longest_s, line = max(waits, key=lambda wait: wait[0])
    return Wait(who, "answers", sum(s for s, _ in waits), longest_s, one.moment(line))


def _on_hold(one: Contact) -> Wait:
    if one.language not in book.languages():
        return Wait(Role.CUSTOMER, "hold", None, reason=f"no phrases are known in '{one.language}'")
    channel = one.interaction.channel
    speakers = Speakers(channel, one.observations, book.finder(one.language))
    known = Roles(tuple(one.roles.items()), "", 1.0)
    conversation = Conversation(channel, one.observations, known, speakers)
    kinds = measure_kinds()
    held, longest = (
        kinds[name].take(conversation, Role.AGENT, conversation.whole)
        for name in ("hold_time", "longest_hold")
    )
    if held.value and held.confidence < SURE:
        return Wait(Role.CUSTOMER, "hold", None, reason="somebody was perhaps put on hold")
    if held.value is None:
        return Wait(Role.CUSTOMER, "hold", None, reason=held.reason)
    return Wait(Role.CUSTOMER, "hold", held.value, longest.value)
