"""What people do, read frame by frame: when somebody does it, and how much of a window could be seen."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.interactions import Conversation, Event, Role
from audit.signals import EventKind
from models.observations import People, PersonTrack, Span, span

Readings = NDArray[np.float64]
"""(n,) a number for each row of a track, 0..1: how surely somebody does it; NaN where nobody can tell."""

Read = Callable[[Conversation, PersonTrack], Readings]

DOES = 0.5
"""Somebody does it from this reading on."""

BRIDGE_S = 0.4
"""Readings to the contrary for so long do not end a spell: two frames at 5 a second, as long as landmarks
take to jump away and back."""

UNSEEN_S = 1.0
"""Who could not be seen for so long is taken to have gone on: our choice, less than most gestures last."""

STANDS_S = 1.0
"""A frame stands for so long before and after it at most, so that nobody is said to have watched a video's
damaged places, its one frame, or the sound after its end: `UNSEEN_S` on either side, so that a camera that
takes one frame in two seconds still watches."""


class Spell(NamedTuple):
    """A stretch in which somebody does something; `confidence` is the mean of its readings."""

    span: Span
    confidence: float


def spells(
    looked_s: Readings,
    times_s: Readings,
    readings: Readings,
    least_s: float,
    stays: float = DOES,
    bridge_s: float = BRIDGE_S,
) -> tuple[Spell, ...]:
    """The stretches of at least `least_s` in which `readings` at `times_s` say that somebody does it.

    A spell begins with a reading of `DOES` and lasts while they are `stays` or more. A frame stands for the
    time halfway to the frames of `looked_s` (all that were looked at) before and after it.
    """
    rows = np.searchsorted(looked_s, times_s)
    whole = np.full(len(looked_s), np.nan)
    whole[rows] = readings
    starts_s, ends_s = _reach(looked_s)
    found: list[tuple[int, int]] = []
    for first, last in _runs(whole, stays):
        if found:
            between = slice(found[-1][1] + 1, first)
            contrary_s = float((ends_s - starts_s)[between][~np.isnan(whole[between])].sum())
            if contrary_s <= bridge_s + 1e-6 and starts_s[first] - ends_s[found[-1][1]] <= UNSEEN_S + 1e-6:
                found[-1] = (found[-1][0], last)
                continue
        found.append((first, last))
    return tuple(
        Spell(span(starts_s[a], ends_s[b]), round(float(np.nanmean(whole[a : b + 1])), 3))
        for a, b in found
        if ends_s[b] - starts_s[a] >= least_s - 1e-6
    )


def _runs(readings: Readings, stays: float) -> list[tuple[int, int]]:
    """First and last index of each run of readings of `stays` or more that reaches `DOES`."""
    with np.errstate(invalid="ignore"):
        on = np.concatenate([[False], readings >= stays, [False]])
    edges = np.flatnonzero(on[1:] != on[:-1])
    pairs = zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)
    return [(a, b) for a, b in pairs if readings[a : b + 1].max() >= DOES]


def _reach(looked_s: Readings) -> tuple[Readings, Readings]:
    """From when to when each frame stands: halfway to its neighbours, at the ends as far as inside."""
    if len(looked_s) < 2:
        return looked_s, looked_s
    middles = (looked_s[1:] + looked_s[:-1]) / 2
    starts = np.concatenate([looked_s[:1], middles])
    # Before a variable frame rate ends there may be a long gap, which says nothing of what follows.
    last_s = min(looked_s[-1] - middles[-1], float(np.median(np.diff(looked_s))) / 2)
    ends = np.concatenate([middles, looked_s[-1:] + last_s])
    return starts, ends


def looked_share(people: People, window: Span) -> float:
    """The share 0..1 of the window that frames stand for, each for `STANDS_S` at most on either side.

    Of a window without length 1 where it lies within that of a frame.
    """
    looked_s = np.asarray(people.times_s, np.float64)
    if not len(looked_s):
        return 0.0
    if window.duration_s <= 0:
        return float(np.abs(looked_s - window.start_s).min() <= STANDS_S)
    starts_s, ends_s = _reach(looked_s)
    starts_s = np.clip(np.maximum(starts_s, looked_s - STANDS_S), window.start_s, window.end_s)
    ends_s = np.clip(np.minimum(ends_s, looked_s + STANDS_S), window.start_s, window.end_s)
    return float((ends_s - starts_s).sum()) / window.duration_s


def doing(
    name: str,
    means: str,
    read: Read,
    least_s: float,
    stays: float = DOES,
    bridge_s: float = BRIDGE_S,
    needs: frozenset[str] = frozenset({"people"}),
    most: float = 1.0,
) -> EventKind:
    """The kind of event that lasts while somebody does what `read` reads; it knows how much could be seen.

    No event is surer than `most`: below `outcomes.SURE` it never decides a verdict.
    """

    def find(conversation: Conversation) -> tuple[Event, ...]:
        people = conversation.observations.people
        if people is None:
            return ()
        found = [
            Event(name, spell.span, role, min(most, spell.confidence))
            for role, track in conversation.persons
            for spell in spells(
                people.times_s, track.times_s, read(conversation, track), least_s, stays, bridge_s
            )
        ]
        return tuple(sorted(found, key=lambda e: e.span))

    def seen(conversation: Conversation, of: Role, window: Span) -> float:
        return coverage(conversation, of, window, read)

    return EventKind(name, means, needs, find, shortest_s=least_s, seen=seen)


def coverage(conversation: Conversation, of: Role, window: Span, read: Read) -> float:
    """The share 0..1 of the frames looked at in the window in which `read` can tell of the role's people: at
    least one of them is there, and it can tell of all who are."""
    people = conversation.observations.people
    if people is None:
        return 0.0
    inside = within(people.times_s, window)
    told, hidden = np.zeros(len(people.times_s), bool), np.zeros(len(people.times_s), bool)
    for track in of_role(conversation, of):
        rows = np.searchsorted(people.times_s, track.times_s)
        unknown = np.isnan(read(conversation, track))
        told[rows[~unknown]] = True
        hidden[rows[unknown]] = True
    return round(float((told & ~hidden)[inside].mean()), 3) if inside.any() else 0.0


def of_role(conversation: Conversation, of: Role) -> tuple[PersonTrack, ...]:
    """The people of a role; of `ANYONE` all, also those whose role nobody knows."""
    return tuple(track for role, track in conversation.persons if of in (Role.ANYONE, role))


def nobody_of(conversation: Conversation, of: Role, window: Span) -> str:
    """Why nobody of the role was seen in the window, in words; empty when somebody was."""
    people = conversation.observations.people
    if people is None:
        return conversation.missing.get("people", "there is no picture")
    there = [(role, t) for role, t in conversation.persons if within(t.times_s, window).any()]
    if any(of in (Role.ANYONE, role) for role, _ in there):
        return ""
    unknown = sum(role is None for role, _ in there)
    if not there:
        return "nobody was seen"
    if unknown:
        if len(there) == 1:
            return f"one person was seen, and whether that is the {of} is unknown"
        return f"{len(there)} people were seen, and who of them is the {of} is unknown"
    return f"no {of} was seen"


def others(people: People, track: PersonTrack) -> tuple[PersonTrack, ...]:
    """Everybody else."""
    return tuple(one for one in people.tracks if one.label != track.label)


def at_times(track: PersonTrack, values: Readings, times_s: Readings) -> Readings:
    """`values` (n, …), a row for each of the track's, at `times_s` (k,): (k, …), NaN where it has none."""
    found = np.full((len(times_s), *values.shape[1:]), np.nan)
    _, here, there = np.intersect1d(times_s, track.times_s, return_indices=True)
    found[here] = values[there]
    return found


def within(times_s: Readings, window: Span) -> NDArray[np.bool_]:
    """Which of the times lie in the window."""
    return (times_s >= window.start_s) & (times_s < window.end_s)
