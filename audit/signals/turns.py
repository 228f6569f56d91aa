"""How turns follow each other: how quickly a party answers, and how much both speak at once."""

import itertools
import statistics
from typing import NamedTuple

from audit.interactions import Conversation, Event, Role
from audit.signals import EventKind, Measure, MeasureKind, once
from audit.signals.hold import on_hold
from audit.signals.timing import CUT_IN_S, LEAST_SPEECH_S, OVERLAP_S, known_speech, untold
from audit.spans import common, cut, latest
from models.observations import TIME_DECIMALS, Span, span, union

LEAST_ANSWERS = 3
"""A median of fewer answers says nothing of a habit: our choice."""

SHOWN = 3
"""So many of the longest waits are shown as evidence."""


class Turn(NamedTuple):
    """What one party says until another takes over."""

    role: Role | None
    span: Span


@once
def turns(conversation: Conversation) -> tuple[Turn, ...]:
    """The turns in order; a short word inside the other's speech ("mhm") takes no turn."""
    spoken = sorted((s, role) for role, active in conversation.activity for s in active.spans)
    roles = dict.fromkeys(role for _, role in spoken)
    found: list[Turn] = []
    for one, role in spoken:
        around = (latest(conversation.speech(other), one.start_s) for other in roles if other != role)
        if one.duration_s < CUT_IN_S and any(o and one.end_s <= o.end_s for o in around):
            continue
        if found and found[-1].role == role:
            last = found.pop().span
            found.append(Turn(role, Span(last.start_s, max(last.end_s, one.end_s))))
        else:
            found.append(Turn(role, one))
    return tuple(found)


def response_latency(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The median time in seconds from the end of another's turn to the start of the party's next.

    An answer that begins before the end counts as 0; waits on hold are no answers.
    """
    told = known_speech("response_latency", "s", conversation, window)
    if told:
        return told
    held = [e.span for e in on_hold(conversation)]
    waits = []
    for before, after in itertools.pairwise(turns(conversation)):
        if of in (after.role, Role.ANYONE) and window.start_s <= after.span.start_s < window.end_s:
            wait = span(min(before.span.end_s, after.span.start_s), after.span.start_s)
            if not any(wait & hold for hold in held):
                waits.append(wait)
    if len(waits) < LEAST_ANSWERS:
        return untold("response_latency", "s", window, f"only {len(waits)} answers by the {of}")
    longest = sorted(sorted(waits, key=lambda w: -w.duration_s)[:SHOWN])
    median = statistics.median(w.duration_s for w in waits)
    return Measure("response_latency", median, "s", window, evidence=tuple(w for w in longest if w))


def overlap(conversation: Conversation) -> tuple[Event, ...]:
    """Stretches of at least `OVERLAP_S` in which two parties speak at once."""
    return tuple(
        Event("overlap", s, None, 1.0)
        for s in _together(conversation)
        if round(s.duration_s, TIME_DECIMALS) >= OVERLAP_S
    )


def overlap_share(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The share of the time with speech in which more than one party speaks, in per cent."""
    told = known_speech("overlap_share", "%", conversation, window)
    if told:
        return told
    spoken_s = sum(s.duration_s for s in cut(conversation.speech(Role.ANYONE), window))
    if spoken_s < LEAST_SPEECH_S:
        return untold("overlap_share", "%", window, f"only {spoken_s:.1f} s of speech")
    both = cut(_together(conversation), window)
    evidence = tuple(s for s in both if round(s.duration_s, TIME_DECIMALS) >= OVERLAP_S)
    share = 100 * sum(s.duration_s for s in both) / spoken_s
    return Measure("overlap_share", share, "%", window, evidence=evidence)


def _together(conversation: Conversation) -> tuple[Span, ...]:
    """When at least two voices speak."""
    voices = [active.spans for _, active in conversation.activity]
    pairs = itertools.combinations(voices, 2)
    return union(sorted(part for one, other in pairs for part in common(one, other)))


_ACTIVITY = frozenset({"activity"})
_WORDS = frozenset({"activity", "utterances"})

KINDS = (
    EventKind(
        "overlap",
        f"two parties speak at once for {OVERLAP_S} s or more",
        _ACTIVITY,
        overlap,
        of_party=False,
        shortest_s=OVERLAP_S,
    ),
    MeasureKind(
        "overlap_share",
        "share of the speech in which two speak at once",
        "%",
        _ACTIVITY,
        overlap_share,
        of_party=False,
    ),
    MeasureKind("response_latency", "median time until the party answers", "s", _ACTIVITY, response_latency),
)
