"""Time in person: who comes in, how long until somebody notices, greets and serves, and the queue."""

from collections.abc import Callable, Iterator

import numpy as np

from audit.interactions import Conversation, Event, Role
from audit.signals import EventKind, Measure, MeasureKind
from audit.signals.timing import untold
from audit.spells import Readings, nobody_of, spells, within
from audit.visits import GLANCE_S, Visit, presence, visits
from audit.voices import NO_SOUND
from models.observations import Span, span

QUEUE_S = 2.0
"""So many people wait at once for so long: shorter is one leaving as the next one comes. Our choice. So in
less of a picture no queue could be seen, and that there is none cannot be told."""

ROUNDING_S = 0.01
"""Times of frames are rounded."""


def enters(conversation: Conversation) -> tuple[Event, ...]:
    """The moment at which somebody comes in, by the border of the picture or the zone `entrance`."""
    return _passing("enters", conversation)


def leaves(conversation: Conversation) -> tuple[Event, ...]:
    """From when somebody walks out until nothing is seen of them."""
    return _passing("leaves", conversation)


def _passing(name: str, conversation: Conversation) -> tuple[Event, ...]:
    people = conversation.observations.people
    if people is None:
        return ()
    going = {visit.track.label: visit.going_s for visit in visits(conversation)}
    found = []
    for role, track in conversation.persons:
        here, came, left = presence(people, track)
        if name == "enters" and came:
            after = float(people.times_s[np.searchsorted(people.times_s, here.start_s + 1e-3)])
            found.append(Event(name, span(here.start_s, after), role, 1.0, detail=f"({track.label})"))
        elif name == "leaves" and left:
            start_s = going.get(track.label, float(track.times_s[-1]))
            found.append(Event(name, span(start_s, here.end_s), role, 1.0, detail=f"({track.label})"))
    return tuple(sorted(found, key=lambda e: e.span))


def waits(conversation: Conversation) -> tuple[Event, ...]:
    """From a customer's first sight until somebody serves, or the customer leaves."""
    return _each("waits", Role.CUSTOMER, conversation, lambda visit: (visit.waits,))


def noticed(conversation: Conversation) -> tuple[Event, ...]:
    """The moment at which an agent first looks at a customer who came in."""
    return _each("noticed", Role.AGENT, conversation, _first_look)


def _first_look(visit: Visit) -> tuple[Span, ...]:
    first = visit.looks[:1] if visit.came else ()
    return tuple(span(look.start_s, look.start_s + GLANCE_S) for look in first)


def greeted(conversation: Conversation) -> tuple[Event, ...]:
    """The first words (or nod) of an agent who looks at a customer."""
    return _each("greeted", Role.AGENT, conversation, lambda visit: visit.greetings[:1])


def served(conversation: Conversation) -> tuple[Event, ...]:
    """When an agent within talking distance is turned to a customer."""
    return _each("served", Role.AGENT, conversation, lambda visit: visit.served)


def _each(
    name: str, role: Role, conversation: Conversation, of: Callable[[Visit], tuple[Span, ...]]
) -> tuple[Event, ...]:
    found = [
        Event(name, one, role, 1.0, detail=f"({visit.track.label})")
        for visit in visits(conversation)
        for one in of(visit)
        if one
    ]
    return tuple(sorted(found, key=lambda e: e.span))


def who_is_known(conversation: Conversation, of: Role, window: Span) -> float:
    """1 when everybody in the window has a role, or the roles do not matter; else 0."""
    here = [role for role, track in conversation.persons if within(track.times_s, window).any()]
    return float(of == Role.ANYONE or None not in here)


def looks_are_known(conversation: Conversation, of: Role, window: Span) -> float:
    """The share 0..1 of the frames of the window in which it could be told of every customer there whether an
    agent looks. Where no customer is, nobody can be overlooked."""
    people = conversation.observations.people
    if people is None or not who_is_known(conversation, Role.AGENT, window):
        return 0.0
    looked_s = people.times_s[within(people.times_s, window)]
    doubtful = np.zeros(len(looked_s), bool)
    for visit in visits(conversation):
        for doubt in visit.doubts:
            doubtful |= within(looked_s, doubt)
    return round(1 - float(doubtful.mean()), 3) if len(looked_s) else 0.0


def time_to_notice(conversation: Conversation, of: Role, window: Span) -> Measure:
    """From when a customer comes in until an agent looks there; of several customers the longest."""
    return _until("time_to_notice", conversation, window, lambda v: v.looks, lambda v: v.doubts)


def time_to_greeting_seen(conversation: Conversation, of: Role, window: Span) -> Measure:
    """From when a customer comes in until an agent who looks there speaks or nods; of several the longest."""
    if not conversation.activity:
        return untold("time_to_greeting_seen", "s", window, conversation.missing.get("activity", NO_SOUND))
    return _until("time_to_greeting_seen", conversation, window, lambda v: v.greetings, lambda v: v.perhaps)


def _until(
    name: str,
    conversation: Conversation,
    window: Span,
    surely: Callable[[Visit], tuple[Span, ...]],
    perhaps: Callable[[Visit], tuple[Span, ...]],
) -> Measure:
    lacking = _lacking(conversation, window)
    if lacking:
        return untold(name, "s", window, lacking)
    came = [v for v in visits(conversation) if v.came and window.start_s <= v.here.start_s < window.end_s]
    if not came:
        return untold(name, "s", window, "no customer was seen coming in")
    taken = [_waited(name, window, visit, surely(visit), perhaps(visit)) for visit in came]
    unknown = next((m for m in taken if m.value is None), None)
    longest = max((m for m in taken if m.value is not None), key=lambda m: m.value or 0.0, default=None)
    # One who was perhaps never noticed leaves open what the longest time is.
    return unknown or longest or untold(name, "s", window, "no customer was seen coming in")


def _waited(
    name: str, window: Span, visit: Visit, surely: tuple[Span, ...], perhaps: tuple[Span, ...]
) -> Measure:
    start_s = visit.here.start_s
    sure_s = next((s.start_s for s in surely), None)
    maybe_s = next((s.start_s for s in perhaps if sure_s is None or s.start_s < sure_s), None)
    what = name.removeprefix("time_to_").removesuffix("_seen").replace("greeting", "greet")
    if sure_s is None and maybe_s is not None:
        return untold(name, "s", window, f"whether somebody did {what} {visit.track.label} could not be told")
    if sure_s is None:
        waited = span(start_s, visit.here.end_s)
        reason = f"nobody was seen to {what} {visit.track.label}"
        return Measure(
            name, round(waited.duration_s, 3), "s", window, 1.0, (waited,), reason, still_open=True
        )
    waited = span(start_s, sure_s)
    low = None if maybe_s is None else round(max(0.0, maybe_s - start_s), 3)
    high = None if maybe_s is None else round(waited.duration_s, 3)
    return Measure(name, round(waited.duration_s, 3), "s", window, 1.0, (waited,), low=low, high=high)


def waiting_time(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The longest wait of a customer that begins in the window, from first sight until somebody serves."""
    lacking = _lacking(conversation, window)
    if lacking:
        return untold("waiting_time", "s", window, lacking)
    found = [v for v in visits(conversation) if window.start_s <= v.here.start_s < window.end_s]
    if not found:
        return untold("waiting_time", "s", window, "no customer was seen coming")
    longest = max(found, key=lambda v: v.waits.duration_s)
    # Who was lost from sight, or is there at the end, may have waited on; who was there at the start, before.
    open_ = not longest.came or (not longest.served and not longest.left)
    reason = (
        f"{longest.track.label} was not seen from the first to the last moment of the wait" if open_ else ""
    )
    evidence = (longest.waits,) if longest.waits else ()
    waited_s = round(longest.waits.duration_s, 3)
    return Measure("waiting_time", waited_s, "s", window, 1.0, evidence, reason, open_)


def queue_length(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The most customers who wait at the same time in the window; untold where nobody at all was seen, as a
    dark, covered or tilted camera shows no queue either, and where less is seen than a queue lasts."""
    lacking = _lacking(conversation, window, agent=False)
    people = conversation.observations.people
    if lacking or people is None:
        return untold("queue_length", "people", window, lacking)
    if not conversation.persons:
        return untold("queue_length", "people", window, "nobody was seen")
    looked_s = people.times_s[within(people.times_s, window)]
    seen_s = _seen_s(people.times_s, looked_s)
    if seen_s < QUEUE_S - ROUNDING_S:
        return untold("queue_length", "people", window, f"only {round(seen_s, 1):g} s of picture")
    waiting = np.zeros(len(looked_s))
    for visit in visits(conversation):
        waiting += within(looked_s, visit.waits)
    for count in range(int(waiting.max(initial=0)), 0, -1):
        held = spells(looked_s, looked_s, (waiting >= count).astype(np.float64), QUEUE_S)
        if held:
            return Measure("queue_length", count, "people", window, evidence=tuple(s.span for s in held))
    return Measure("queue_length", 0, "people", window)


def _seen_s(times_s: Readings, looked_s: Readings) -> float:
    """How long frames at `looked_s` show, of those at `times_s`: each stands for the time to the next one."""
    if not len(looked_s) or len(times_s) < 2:
        return 0.0
    return float(looked_s[-1] - looked_s[0] + np.median(np.diff(times_s)))


def _lacking(conversation: Conversation, window: Span, agent: bool = True) -> str:
    """Why nobody can tell how customers were received; empty when somebody can."""
    people = conversation.observations.people
    if people is None:
        return conversation.missing.get("people", "there is no picture")
    if not who_is_known(conversation, Role.AGENT, window):
        unknown = sum(r is None and within(t.times_s, window).any() for r, t in conversation.persons)
        return f"who is agent and who customer is unknown of {unknown} of the people seen"
    return nobody_of(conversation, Role.AGENT, window) if agent and conversation.persons else ""


_PEOPLE = frozenset({"people"})
_BOTH = frozenset({"people", "activity"})


def _kinds() -> Iterator[EventKind | MeasureKind]:
    yield EventKind("enters", "somebody comes in", _PEOPLE, enters, seen=who_is_known)
    yield EventKind("waits", "a customer is there and nobody serves", _PEOPLE, waits, seen=looks_are_known)
    yield EventKind("noticed", "an agent first looks at a newcomer", _PEOPLE, noticed, seen=looks_are_known)
    yield EventKind(
        "greeted", "an agent first speaks or nods to a customer", _BOTH, greeted, seen=looks_are_known
    )
    yield EventKind(
        "served", "an agent is turned to a customer nearby", _PEOPLE, served, seen=looks_are_known
    )
    yield EventKind("leaves", "somebody goes out", _PEOPLE, leaves, seen=who_is_known)
    yield MeasureKind("queue_length", "customers who wait at once", "people", _PEOPLE, queue_length, False)
    yield MeasureKind("waiting_time", "longest wait of a customer", "s", _PEOPLE, waiting_time, False)
    yield MeasureKind("time_to_notice", "until an agent looks at a newcomer", "s", _PEOPLE, time_to_notice)
    yield MeasureKind(
        "time_to_greeting_seen", "until an agent greets a newcomer", "s", _BOTH, time_to_greeting_seen
    )


KINDS = tuple(_kinds())
