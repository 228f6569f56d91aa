"""How far people stand from each other, in metres, and how they stand to each other."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from audit.interactions import Conversation, Event, Role
from audit.signals import EventKind, Measure, MeasureKind
from audit.signals.timing import untold
from audit.spells import DOES, spells, within
from models.geometry import INTERVAL, Distance, distance, facing, horizontal
from models.observations import People, PersonTrack, Span

Array = NDArray[np.float64]

NEAREST = 0.05
"""The nearest is taken from this quantile of the distances: one frame in twenty may be read wrong."""

INTIMATE_M, PERSONAL_M, SOCIAL_M = 0.46, 1.22, 3.66
"""Where Hall's intimate, personal and social zones end (The Hidden Dimension, 1966): 1.5, 4 and 12 feet."""

LEAST_S = 0.6
"""A stay in a zone lasts three frames at five a second: one frame may be read wrong."""

STAYS = 0.4
"""A stay goes on while it is likelier than this: a little hesitation between two zones is no new event."""

FRONT_DEG = 45.0
"""Somebody's front is the quarter of the circle before the body, the sides are those left and right."""

SOFT_DEG = 15.0
"""A body's direction is read 19 degrees wrong in one frame of twenty (`geometry.facing`)."""

STANDS_S = 1.0
"""People stand beside or in front of each other from so long on, who pass each other do not: our choice."""

APPROACHES_M_S = 0.3
"""Who comes nearer by so much a second approaches: a quarter of a slow walk (1.2 m/s), and three times what
places of people who stand still drift on rendered clips (0.1 m/s in 95 % of frames)."""

STEP_M = 0.4
"""An approach is one step or more: our choice, half a step of 0.75 m."""

STRIDE_S = 0.4
"""Speed is taken over so long before and after: two frames at 5 a second."""


def median_distance(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The middle of the distances between two people in the window."""
    return _metres("distance", 0.5, conversation, of, window)


def nearest_distance(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How near they come to each other in the window; the evidence is when."""
    return _metres("nearest_distance", NEAREST, conversation, of, window)


MOMENT_M = 0.1
"""The moment of the nearest distance lasts while people are at most so much further away: our choice."""


def _metres(kind: str, quantile: float, conversation: Conversation, of: Role, window: Span) -> Measure:
    people = conversation.observations.people
    if people is None:
        return untold(kind, "m", window, "there is no picture")
    looked = people.times_s[within(people.times_s, window)]
    present = [(role, t) for role, t in conversation.persons if within(t.times_s, window).any()]
    pairs = list(_pairs(present, of))
    if not pairs:
        return untold(kind, "m", window, _alone(present, of))
    apart = [_within(_apart(conversation, people, one, other), window) for one, other in pairs]
    # Who meets several people is as far away as the nearest of them.
    near = min((a for a in apart if len(a.metres)), key=lambda a: float(np.median(a.metres)), default=None)
    if near is None:
        return untold(kind, "m", window, "nobody could be located: feet and hips are out of sight")
    value, low, high = (float(np.quantile(v, quantile)) for v in (near.metres, near.low_m, near.high_m))
    moments: tuple[Span, ...] = ()
    if quantile == NEAREST:
        close = (near.metres <= value + MOMENT_M).astype(np.float64)
        moments = tuple(spell.span for spell in spells(looked, near.times_s, close, 0.0))
    coverage = round(len(near.metres) / len(looked), 3)
    return Measure(kind, value, "m", window, evidence=moments, low=low, high=high, coverage=coverage)


def _pairs(
    present: list[tuple[Role | None, PersonTrack]], of: Role
) -> Iterator[tuple[PersonTrack, PersonTrack]]:
    """Each person of the role with each other person; two people whose roles nobody knows are a pair."""
    mine = [track for role, track in present if role == of]
    if mine:
        yield from ((one, other) for one in mine for role, other in present if role != of)
    elif len(present) == 2:
        yield present[0][1], present[1][1]


def _alone(present: list[tuple[Role | None, PersonTrack]], of: Role) -> str:
    if len(present) < 2:
        return "nobody was seen" if not present else "only one person was seen"
    return f"{len(present)} people were seen, and who of them is the {of} is unknown"


def _within(apart: Distance, window: Span) -> Distance:
    rows = within(apart.times_s, window)
    return Distance(*(values[rows] for values in apart))


def _apart(conversation: Conversation, people: People, one: PersonTrack, other: PersonTrack) -> Distance:
    """Their distance, worked out once for a conversation."""
    key = (one.label, other.label)
    if key not in conversation.apart:
        conversation.apart[key] = distance(people, one, other)
    return conversation.apart[key]


class _Couple(NamedTuple):
    """Two people of whom one is the agent, or of whom nobody knows who is, over the times (k,) at which both
    could be located."""

    one: PersonTrack
    other: PersonTrack
    roles: tuple[Role | None, Role | None]
    apart: Distance


def _couples(conversation: Conversation) -> Iterator[_Couple]:
    people = conversation.observations.people
    role_of = {track.label: role for role, track in conversation.persons}
    if people is not None:
        for one, other in _pairs(list(conversation.persons), Role.AGENT):
            roles = (role_of[one.label], role_of[other.label])
            yield _Couple(one, other, roles, _apart(conversation, people, one, other))


Reading = Callable[[People, _Couple], Array]
"""(k,) how surely two people stand in a certain way, 0..1, at each time of their distance."""


def nearer(apart: Distance, metres: float) -> Array:
    """(k,) how likely the true distance is below `metres`: each half of the interval is half of a normal
    distribution, the wider half being the likelier one."""
    reach = float(ndtri(INTERVAL[1]))
    below, above = (
        (np.maximum(1e-6, w) / reach) for w in (apart.metres - apart.low_m, apart.high_m - apart.metres)
    )
    off_m = metres - apart.metres
    sides = ndtr(np.where(off_m < 0, off_m / below, off_m / above))
    share = below / (below + above)
    return np.asarray(np.where(off_m < 0, 2 * share * sides, share + (1 - share) * (2 * sides - 1)))


def closer_than(conversation: Conversation, metres: float, name: str = "too_close") -> tuple[Event, ...]:
    """When two people are likelier nearer than `metres` than not; `confidence` says how likely."""
    return _found(name, lambda _, couple: nearer(couple.apart, metres), LEAST_S, conversation)


def too_close(conversation: Conversation) -> tuple[Event, ...]:
    """When people are nearer than the rubric's `distances: {too_close: …}` allows."""
    limit_m = conversation.too_close_m
    return () if limit_m is None else closer_than(conversation, limit_m)


def _seen_too_close(conversation: Conversation, of: Role, window: Span) -> float:
    limit_m = conversation.too_close_m or 0.0
    return seen(conversation, of, window, lambda _, couple: nearer(couple.apart, limit_m))


def _zone(low_m: float, high_m: float) -> Reading:
    def read(people: People, couple: _Couple) -> Array:
        below = nearer(couple.apart, low_m) if low_m else 0.0
        return np.asarray(nearer(couple.apart, high_m) - below)

    return read


def _angles_deg(people: People, couple: _Couple) -> tuple[Array, Array, Array]:
    """(k,) from where one faces to the other, from where the other faces to the one, and between both."""
    up = np.asarray(people.up)
    faces, places = [], []
    for track in (couple.one, couple.other):
        rows = np.searchsorted(track.times_s, couple.apart.times_s)
        faces.append(facing(people, track)[rows])
        places.append(horizontal(np.asarray(track.position_m[rows], np.float64), up))
    with np.errstate(invalid="ignore", divide="ignore"):
        towards = (places[1] - places[0]) / np.linalg.norm(places[1] - places[0], axis=1, keepdims=True)
    pairs = ((faces[0], towards), (faces[1], -towards), (faces[0], faces[1]))
    first, second, between = (np.degrees(np.arccos(np.clip((a * b).sum(axis=1), -1, 1))) for a, b in pairs)
    return first, second, between


def _below(angle_deg: Array, limit_deg: float) -> Array:
    """How surely an angle is below the limit: 0.5 at it."""
    return np.asarray(np.clip(0.5 + (limit_deg - angle_deg) / (2 * SOFT_DEG), 0, 1))


def _in_front(people: People, couple: _Couple) -> Array:
    first, second, _ = _angles_deg(people, couple)
    near = nearer(couple.apart, SOCIAL_M)
    return np.asarray(np.minimum.reduce([_below(first, FRONT_DEG), _below(second, FRONT_DEG), near]))


def _beside(people: People, couple: _Couple) -> Array:
    first, second, between = _angles_deg(people, couple)
    sides = [_below(np.abs(angle - 90), FRONT_DEG) for angle in (first, second)]
    return np.asarray(np.minimum.reduce([*sides, _below(between, 90), nearer(couple.apart, SOCIAL_M)]))


def _found(name: str, read: Reading, least_s: float, conversation: Conversation) -> tuple[Event, ...]:
    people = conversation.observations.people
    if people is None:
        return ()
    events: list[Event] = []
    for couple in _couples(conversation):
        times_s = couple.apart.times_s
        for spell in spells(people.times_s, times_s, read(people, couple), least_s, STAYS):
            metres = float(np.median(couple.apart.metres[within(times_s, spell.span)]))
            who = f"{couple.one.label} and {couple.other.label}"
            detail = f"({metres:.2f} m, {who})"
            events.append(Event(name, spell.span, couple.roles[0], spell.confidence, detail=detail))
    return tuple(sorted(events, key=lambda e: e.span))


def approach(conversation: Conversation) -> tuple[Event, ...]:
    """When somebody comes nearer to another by a step or more, up to talking distance; `role` moves."""
    people = conversation.observations.people
    if people is None:
        return ()
    events: list[Event] = []
    for couple in _couples(conversation):
        times_s = couple.apart.times_s
        speeds = _closing_m_s(people, couple)
        for mover, towards, role, speed in zip(
            (couple.one, couple.other), (couple.other, couple.one), couple.roles, speeds, strict=True
        ):
            readings = np.clip(speed / (2 * APPROACHES_M_S), 0, 1)
            for spell in spells(people.times_s, times_s, readings, LEAST_S, STAYS):
                during = within(times_s, spell.span)
                ends_m = float(couple.apart.metres[during][-1])
                step_m = float(np.nansum(speed[during]) / during.sum() * spell.span.duration_s)
                if step_m >= STEP_M and ends_m <= SOCIAL_M:
                    detail = f"({mover.label} towards {towards.label}, to {ends_m:.2f} m)"
                    events.append(Event("approach", spell.span, role, spell.confidence, detail=detail))
    return tuple(sorted(events, key=lambda e: e.span))


def _closing_m_s(people: People, couple: _Couple) -> tuple[Array, Array]:
    """(k,) how fast each comes nearer to the other by moving towards where that one is, NaN where too few
    frames around say it."""
    times_s, up = couple.apart.times_s, np.asarray(people.up)
    places = []
    for track in (couple.one, couple.other):
        rows = np.searchsorted(track.times_s, times_s)
        places.append(_smooth(horizontal(np.asarray(track.position_m[rows], np.float64), up)))
    before = np.searchsorted(times_s, times_s - STRIDE_S - 1e-6)
    after = np.searchsorted(times_s, times_s + STRIDE_S + 1e-6, side="right") - 1
    passed_s = times_s[after] - times_s[before]
    gap = np.linalg.norm(places[1] - places[0], axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        towards = (places[1] - places[0]) / np.maximum(gap, 1e-6)
        one, other = (
            np.where(
                passed_s >= STRIDE_S - 1e-6, ((p[after] - p[before]) * way).sum(axis=1) / passed_s, np.nan
            )
            for p, way in ((places[0], towards), (places[1], -towards))
        )
    return one, other


def _smooth(places_m: Array) -> Array:
    """The median of each place (k, 3) and its neighbours: one frame read wrong is no movement."""
    if len(places_m) < 3:
        return places_m
    inner = np.median(np.stack([places_m[:-2], places_m[1:-1], places_m[2:]]), axis=0)
    return np.concatenate([places_m[:1], inner, places_m[-1:]])


MAYBE = 0.25
"""From here to `DOES` an event is neither found nor denied: our choice."""


def seen(conversation: Conversation, of: Role, window: Span, read: Reading | None = None) -> float:
    """The share 0..1 of the frames in the window in which the agent was there, everybody else who was there
    could be located as well, and `read` leaves no doubt. Nobody is too near to somebody who is alone."""
    people = conversation.observations.people
    if people is None:
        return 0.0
    inside = within(people.times_s, window)
    agents = [t for role, t in conversation.persons if role == Role.AGENT]
    if not agents and len(conversation.persons) > 2:
        return 0.0
    there, hidden = np.zeros(len(people.times_s), bool), np.zeros(len(people.times_s), bool)
    for track in agents or [t for _, t in conversation.persons]:
        there[np.searchsorted(people.times_s, track.times_s)] = True
    for couple in _couples(conversation):
        together = np.intersect1d(couple.one.times_s, couple.other.times_s)
        unknown = np.setdiff1d(together, couple.apart.times_s)
        if read is not None:
            readings = read(people, couple)
            unknown = np.union1d(unknown, couple.apart.times_s[(readings > MAYBE) & (readings < DOES)])
        hidden[np.searchsorted(people.times_s, unknown)] = True
    return round(float((there & ~hidden)[inside].mean()), 3) if inside.any() else 0.0


_PEOPLE = frozenset({"people"})

ACCUSES = 0.95
"""A distance makes a standard missed when all of its 90 % interval lies outside: one tail of it is 5 %."""


def _between(name: str, means: str, read: Reading, least_s: float = LEAST_S) -> EventKind:
    """A kind of event between two people: nobody in particular makes it."""

    def find(conversation: Conversation) -> tuple[Event, ...]:
        return _found(name, read, least_s, conversation)

    def look(conversation: Conversation, of: Role, window: Span) -> float:
        return seen(conversation, of, window, read)

    return EventKind(
        name, means, _PEOPLE, find, of_party=False, shortest_s=least_s, seen=look, accuses=ACCUSES
    )


KINDS = (
    _between("in_intimate_zone", "two people are nearer than 0.46 m", _zone(0.0, INTIMATE_M)),
    _between("in_personal_zone", "two people are 0.46 to 1.22 m apart", _zone(INTIMATE_M, PERSONAL_M)),
    _between("in_social_zone", "two people are 1.22 to 3.66 m apart", _zone(PERSONAL_M, SOCIAL_M)),
    EventKind(
        "too_close",
        "two people are nearer than the rubric allows",
        _PEOPLE,
        too_close,
        of_party=False,
        shortest_s=LEAST_S,
        seen=_seen_too_close,
        limit="too_close",
        accuses=ACCUSES,
    ),
    EventKind(
        "approach", "somebody comes nearer to another", _PEOPLE, approach, shortest_s=LEAST_S, seen=seen
    ),
    _between("stands_in_front", "two people stand face to face", _in_front, STANDS_S),
    _between("stands_beside", "two people stand side by side", _beside, STANDS_S),
    MeasureKind(
        "distance", "the middle of the distances between two people", "m", _PEOPLE, median_distance, False
    ),
    MeasureKind(
        "nearest_distance", "how near two people come to each other", "m", _PEOPLE, nearest_distance, False
    ),
)
