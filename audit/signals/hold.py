"""Waiting: holds (announced, or heard by their music or tones) and dead air."""

import functools
import math
from collections.abc import Callable

from audit.interactions import Conversation, Event, Role
from audit.signals import EventKind, Measure, MeasureKind, once
from audit.signals.timing import SILENCE_S, pauses, untold
from audit.spans import cut, gaps
from audit.voices import no_levels, unheard
from models.observations import TIME_DECIMALS, Span, union

ANNOUNCEMENT = "goes-on-hold"
"""The phrase of a rubric with which an agent puts somebody on hold."""

ANNOUNCED_S = 15.0
"""A hold begins so soon after its announcement, the other's "yes, of course" between them: our choice."""

MURMUR_S = 2.0
"""Whoever waits may murmur for so long without ending the hold: our choice."""

SOUNDING_SHARE = 0.2
"""Music or tones fill this share of a hold that is not announced: our choice; a ringing tone sounds for 1 of
5 or 2 of 6 seconds (ITU-T E.180)."""

DEAD_AIR_S = 15.0
"""A silence of this length that nobody explained is dead air. Source: unexplained silence above 15 s fails in
the Genesys example form (help.mypurecloud.com, p=400461)."""

HEARD, PERHAPS = 0.9, 0.4
"""How sure a hold is that only its music or tones tell of (`bench/levels.py` finds no music in speech), and
one that only words like an announcement tell of."""


@once
def on_hold(conversation: Conversation) -> tuple[Event, ...]:
    """Waits that the agent announced with the phrase `goes-on-hold`, or that music or tones fill.

    Where recognised words are only like an announcement the hold is doubtful.
    """
    said = _announcements(conversation)
    like = functools.cache(lambda: _like_announcements(conversation))
    sounds = _sounds(conversation)
    found: list[Event] = []
    for wait in _waits(conversation):
        announced = next((e for e in said if _opens(e, wait)), None)
        sounding_s = sum(s.duration_s for s in cut(sounds, wait))
        heard = sounding_s >= max(SILENCE_S, SOUNDING_SHARE * wait.duration_s)
        if announced:
            # Each announcement opens one hold.
            said = [e for e in said if e.span.start_s > announced.span.start_s]
            detail = "announced, with music or tones" if heard else "announced"
            found.append(Event("on_hold", wait, announced.role, announced.confidence, detail=detail))
        elif any(_opens(e, wait) for e in like()):
            found.append(Event("on_hold", wait, None, HEARD if heard else PERHAPS, detail=UNSURE))
        elif heard:
            found.append(Event("on_hold", wait, None, HEARD, detail=UNANNOUNCED))
    return tuple(found)


UNANNOUNCED, UNSURE = "with music or tones, not announced", "perhaps announced"


def _announcements(conversation: Conversation) -> list[Event]:
    said = (e for role in (Role.AGENT, None) for e in conversation.said(ANNOUNCEMENT, role))
    return sorted(said, key=lambda e: e.span)


def _like_announcements(conversation: Conversation) -> tuple[Event, ...]:
    if not conversation.recognised:
        return ()
    return conversation.near(ANNOUNCEMENT, Role.AGENT, Span(-math.inf, math.inf))


def _opens(announcement: Event, wait: Span) -> bool:
    words = announcement.span
    return words.start_s <= wait.start_s <= words.end_s + ANNOUNCED_S


def unannounced_hold(conversation: Conversation) -> tuple[Event, ...]:
    """Holds heard by their music or tones that nobody announced; doubtful where it was perhaps announced."""
    return tuple(
        Event("unannounced_hold", e.span, None, HEARD if e.detail == UNANNOUNCED else 0.0)
        for e in on_hold(conversation)
        if e.detail == UNANNOUNCED or (e.detail == UNSURE and e.confidence == HEARD)
    )


def dead_air(conversation: Conversation) -> tuple[Event, ...]:
    """Silences of at least `DEAD_AIR_S` that are no hold; doubtful where one was perhaps announced."""
    held = {e.span: e.confidence for e in on_hold(conversation)}
    return tuple(
        Event("dead_air", wait, None, 0.0 if wait in held else 1.0)
        for wait in _waits(conversation)
        if round(wait.duration_s, TIME_DECIMALS) >= DEAD_AIR_S and held.get(wait, 0.0) <= PERHAPS
    )


@once
def _waits(conversation: Conversation) -> tuple[Span, ...]:
    """Stretches in which nobody speaks for `SILENCE_S` or more; music is no speech, and a murmur of somebody
    who is not the agent ends no wait."""
    if unheard(conversation):
        return ()
    music = union(sorted(s for one in conversation.observations.levels or () for s in one.music))
    if music:
        voices = [
            (role, part)
            for role, active in conversation.activity
            for s in active.spans
            for part in gaps(music, s)
        ]
        silences = gaps(union(sorted(s for _, s in voices)), conversation.whole)
        agent = union(sorted(s for role, s in voices if role in (Role.AGENT, None)))
    else:
        silences = pauses(conversation)
        agent = union(sorted((*conversation.speech(Role.AGENT), *conversation.speech(None))))
    found: list[Span] = []
    for one in (s for s in silences if round(s.duration_s, TIME_DECIMALS) >= SILENCE_S):
        if found:
            between = Span(found[-1].end_s, one.start_s)
            if between.duration_s <= MURMUR_S and not any(cut(agent, between)):
                found[-1] = Span(found[-1].start_s, one.end_s)
                continue
        found.append(one)
    return tuple(found)


def _sounds(conversation: Conversation) -> tuple[Span, ...]:
    levels = conversation.observations.levels or ()
    tones = [tone.span for one in levels for tone in one.tones]
    return union(sorted([s for one in levels for s in one.music] + tones))


def hold_count(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How often somebody is put on hold in the window."""
    return _measure("hold_count", "times", conversation, window, lambda held: float(len(held)))


def hold_time(conversation: Conversation, of: Role, window: Span) -> Measure:
    """Seconds on hold in all."""
    return _measure("hold_time", "s", conversation, window, lambda held: sum(s.duration_s for s in held))


def longest_hold(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The longest hold in seconds, 0 without any."""
    return _measure(
        "longest_hold", "s", conversation, window, lambda held: max((s.duration_s for s in held), default=0.0)
    )


def unannounced_holds(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How often somebody is put on hold without a word; untold where one was perhaps announced."""
    if conversation.observations.levels is None:
        return untold("unannounced_holds", "times", window, no_levels(conversation))
    if why := unheard(conversation):
        return untold("unannounced_holds", "times", window, why)
    found = [e for e in unannounced_hold(conversation) if e.span & window]
    confidence = min((e.confidence for e in found), default=1.0)
    spans = tuple(e.span for e in found)
    return Measure("unannounced_holds", float(len(found)), "times", window, confidence, spans)


def _measure(
    kind: str,
    unit: str,
    conversation: Conversation,
    window: Span,
    figure: Callable[[tuple[Span, ...]], float],
) -> Measure:
    if why := unheard(conversation):
        return untold(kind, unit, window, why)
    holds = [e for e in on_hold(conversation) if e.span & window]
    held = cut(tuple(e.span for e in holds), window)
    confidence = min((e.confidence for e in holds), default=1.0)
    return Measure(kind, figure(held), unit, window, confidence, held)


_WORDS = frozenset({"activity", "utterances"})
"""Where there are words there are levels, too (`Rubric.needs`); a transcript tells of announced holds."""

KINDS = (
    EventKind(
        "on_hold",
        f"a wait that the agent announces with the phrase '{ANNOUNCEMENT}', or with music or tones in it",
        _WORDS,
        on_hold,
        of_party=False,
        shortest_s=SILENCE_S,
    ),
    EventKind(
        "unannounced_hold",
        "a hold with music or tones that nobody announces",
        _WORDS | {"levels"},
        unannounced_hold,
        of_party=False,
        shortest_s=SILENCE_S,
    ),
    EventKind(
        "dead_air",
        f"nobody speaks for {DEAD_AIR_S:.0f} s or more, and it is no hold",
        _WORDS,
        dead_air,
        of_party=False,
        shortest_s=DEAD_AIR_S,
    ),
    MeasureKind(
        "hold_count", "how often somebody is put on hold", "times", _WORDS, hold_count, of_party=False
    ),
    MeasureKind("hold_time", "time on hold in all", "s", _WORDS, hold_time, of_party=False),
    MeasureKind(
        "unannounced_holds",
        "how often somebody is put on hold without a word",
        "times",
        _WORDS | {"levels"},
        unannounced_holds,
        of_party=False,
    ),
    MeasureKind("longest_hold", "longest time on hold", "s", _WORDS, longest_hold, of_party=False),
)
