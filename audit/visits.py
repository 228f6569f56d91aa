"""What happens to a customer in a picture: comes in, is looked at, spoken to, served, and leaves."""

import weakref
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from audit.interactions import Conversation, Event, Role
from audit.mouths import mouth_movement
from audit.person_roles import MARGIN_S, in_zone
from audit.signals import event_kinds
from audit.signals.heads import FACES_DEG
from audit.spans import common
from audit.spells import DOES, at_times, of_role, spells
from models.gaze import towards
from models.geometry import horizontal
from models.observations import People, PersonTrack, Span, span, union

Array = NDArray[np.float64]

GLANCE_S = 0.4
"""A look lasts two frames at five a second: one may be read wrong."""

SERVES_M = 3.66
"""Whoever serves stands no further away: where Hall's social zone ends."""

SERVES_S = 2.0
"""Who turns to a customer for so long serves: our choice, longer than a glance in passing."""

TURNS_AWAY_S = 10.0
"""Who serves may turn to the till or a shelf for so long: our choice."""

MOUTH_MOVES = 0.008
"""Mean change of jawOpen from frame to frame of somebody who speaks. On the rendered demo (one face) 0.011 to
0.055 in the agent's own turns, 0.001 to 0.003 in the customer's. Used only where nobody knows whose voice it
is."""

SPEAKS_S = 0.3
"""Words of greeting are no shorter ("hello" lasts 0.4 s)."""

BORDER = 0.03
"""A box that is so near to the border of the picture, as a share of its width, belongs to somebody who comes
or goes: detectors draw boxes of people who are cut to within 2 % of it."""

WALKS_IN_S = 3.0
"""Who comes in from below is cut by the lower border for no longer: our choice, two or three steps."""

WALKS_M_S = 0.3
"""Faster than this somebody walks: a quarter of a slow walk."""


class Visit(NamedTuple):
    """One customer from first to last sight. Looks and services are by any agent, in order of time."""

    track: PersonTrack
    here: Span
    came: bool
    """Whether the customer was seen coming in: by a border of the picture or the entrance, while it ran."""
    left: bool
    """Whether seen going out, in the same way."""
    going_s: float
    """From when on the customer walks out; the last sight of who does not."""
    looks: tuple[Span, ...]
    doubts: tuple[Span, ...]
    """When an agent may look at the customer, and nobody can tell."""
    served: tuple[Span, ...]
    greetings: tuple[Span, ...]
    """When an agent speaks to the customer or nods, looking there."""
    perhaps: tuple[Span, ...]
    """When somebody may greet the customer: unknown speakers, or looks in doubt."""

    @property
    def waits(self) -> Span:
        """From the first sight until somebody serves the customer, or the last one."""
        until_s = self.served[0].start_s if self.served else self.going_s
        return span(self.here.start_s, max(self.here.start_s, until_s))


_KNOWN: weakref.WeakKeyDictionary[Conversation, tuple[Visit, ...]] = weakref.WeakKeyDictionary()


def visits(conversation: Conversation) -> tuple[Visit, ...]:
    """The visits of all customers, in order of their first sight; worked out once for a conversation."""
    if conversation not in _KNOWN:
        _KNOWN[conversation] = _visits(conversation)
    return _KNOWN[conversation]


def _visits(conversation: Conversation) -> tuple[Visit, ...]:
    people = conversation.observations.people
    customers = of_role(conversation, Role.CUSTOMER)
    if people is None or not customers:
        return ()
    agents = of_role(conversation, Role.AGENT)
    readings = attention(people, agents, customers)
    apart = [_near(people, agents, customer) for customer in customers]
    moving = _mouths(people, agents) if conversation.speech(None) else ()
    return tuple(
        _visit(conversation, people, track, looks, near, moving)
        for track, looks, near in sorted(
            zip(customers, readings, apart, strict=True), key=lambda v: float(v[0].times_s[0])
        )
    )


def _visit(
    conversation: Conversation,
    people: People,
    track: PersonTrack,
    readings: Array,
    near: Array,
    moving: tuple[Span, ...],
) -> Visit:
    here, came, left = presence(people, track)
    inside = (people.times_s >= here.start_s) & (people.times_s < here.end_s)
    readings = np.where(inside, readings, 0.0)
    looks = tuple(s.span for s in spells(people.times_s, people.times_s, readings, GLANCE_S))
    doubts = _true(people.times_s, inside & np.isnan(readings))
    close = np.where(np.isnan(near), np.nan, np.minimum(readings, near))
    held = tuple(s.span for s in spells(people.times_s, people.times_s, close, SERVES_S))
    served = union(Span(s.start_s, s.end_s + TURNS_AWAY_S) for s in held)
    served = tuple(span(s.start_s, s.end_s - TURNS_AWAY_S) for s in served)
    spoken = conversation.speech(Role.AGENT)
    unknown = conversation.speech(None)
    # Where the voices are not told apart, the mouth that moves while somebody speaks does it.
    by_mouth = common(common(unknown, moving), looks)
    greetings = union(sorted((*_long(common(spoken, looks)), *_long(by_mouth), *_nods(conversation, looks))))
    perhaps = union(
        sorted(_long((*common(unknown, looks), *common(spoken, doubts), *common(unknown, doubts))))
    )
    going_s = _going_s(people, track) if left else here.end_s
    return Visit(track, here, came, left, going_s, looks, doubts, served, greetings, perhaps)


def _mouths(people: People, agents: Sequence[PersonTrack]) -> tuple[Span, ...]:
    """When the mouth of some agent moves as mouths do that speak."""
    found = [
        spell.span
        for agent in agents
        for spell in spells(
            people.times_s,
            agent.times_s,
            np.clip(mouth_movement(people, agent) / (2 * MOUTH_MOVES), 0, 1),
            SPEAKS_S,
        )
    ]
    return union(sorted(found))


def _nods(conversation: Conversation, looks: tuple[Span, ...]) -> tuple[Span, ...]:
    """Nods of an agent who looks; none where no kind of event tells nods."""
    kind = event_kinds().get("nod")
    nods: tuple[Event, ...] = kind.find(conversation) if kind else ()
    return common(union(sorted(e.span for e in nods if e.role == Role.AGENT)), looks)


def _long(found: Sequence[Span]) -> tuple[Span, ...]:
    return tuple(s for s in found if s.duration_s >= SPEAKS_S)


def presence(people: People, track: PersonTrack) -> tuple[Span, bool, bool]:
    """(from first to last sight, whether the person came in, whether the person went out meanwhile).

    Who is found or lost in the middle of the picture neither came nor went: a body in between hides people.
    """
    first_s, last_s = float(people.times_s[0]), float(people.times_s[-1])
    start_s, end_s = float(track.times_s[0]), float(track.times_s[-1])
    after = int(np.searchsorted(people.times_s, end_s, side="right"))
    gone_s = float(people.times_s[after]) if after < len(people.times_s) else end_s
    door = in_zone(people, track, "entrance")
    came = start_s - first_s >= MARGIN_S and (bool(door[0]) or _at_border(people, track, True))
    left = last_s - end_s >= MARGIN_S and (bool(door[-1]) or _at_border(people, track, False))
    return span(start_s, gone_s), came, left


def _at_border(people: People, track: PersonTrack, first: bool) -> bool:
    """Whether the first (else the last) box is cut by the left or right border, or comes up from below.

    Who stands close to the camera is cut below all the time: only who peeks in or soon is farther up walks.
    """
    width, height = people.size_px
    order = slice(None) if first else slice(None, None, -1)
    left, top, right, bottom = np.asarray(track.boxes_px[order], np.float64).T
    soon = np.abs(track.times_s[order] - track.times_s[order][0]) <= WALKS_IN_S
    margin_px = BORDER * width
    if left[0] <= margin_px or right[0] >= width - margin_px:
        return True
    walks = bool((bottom[soon] < height - margin_px).any())
    return bool(bottom[0] >= height - margin_px and (top[0] > height / 2 or walks))


def _going_s(people: People, track: PersonTrack) -> float:
    """Since when somebody has been walking at the end."""
    times_s = np.asarray(track.times_s)
    places = horizontal(np.asarray(track.position_m, np.float64), np.asarray(people.up))
    known = np.isfinite(places).all(axis=1)
    times_s, places = times_s[known], places[known]
    if len(times_s) < 2:
        return float(track.times_s[-1])
    speed = np.linalg.norm(np.diff(places, axis=0), axis=1) / np.diff(times_s)
    still = np.flatnonzero(speed < WALKS_M_S)
    return float(times_s[still[-1] + 1] if len(still) else times_s[0])


def attention(people: People, agents: Sequence[PersonTrack], customers: Sequence[PersonTrack]) -> list[Array]:
    """For each customer (k,) how surely some agent looks there at each of `people.times_s`, 0..1.

    NaN where nobody can tell: no agent is in the picture, or a head, a place is unknown, or another customer
    stands in the same direction. 0 where the customer is not there.
    """
    best = [np.full(len(people.times_s), np.nan) for _ in customers]
    for agent in agents:
        for number, readings in enumerate(_attention(people, agent, customers)):
            either = np.fmax(best[number], readings)
            doubtful = np.isnan(best[number]) | np.isnan(readings)
            first = agent is agents[0]
            best[number] = np.where(~first & doubtful & ~(either >= DOES), np.nan, either)
    there = [np.isin(people.times_s, customer.times_s) for customer in customers]
    return [np.where(here, readings, 0.0) for here, readings in zip(there, best, strict=True)]


def _attention(people: People, agent: PersonTrack, customers: Sequence[PersonTrack]) -> list[Array]:
    """The same by one agent."""
    angles, metres, readings = [], [], []
    for customer in customers:
        turned = towards(people, agent, customer)
        rows = np.searchsorted(people.times_s, turned.times_s)
        angle, sure = np.full(len(people.times_s), np.nan), np.full(len(people.times_s), np.nan)
        angle[rows] = turned.off_deg
        sure[rows] = ndtr((FACES_DEG - turned.off_deg) / turned.sd_deg)
        angles.append(angle)
        readings.append(sure)
        metres.append(_apart(people, agent, customer))
    found = []
    for number, own in enumerate(readings):
        hidden = np.zeros(len(people.times_s), bool)
        for other, theirs in enumerate(readings):
            if other != number:
                before = (metres[other] < metres[number]) | (angles[other] < angles[number])
                hidden |= (theirs >= DOES) & before
        found.append(np.where((own >= DOES) & hidden, np.nan, own))
    return found


def _near(people: People, agents: Sequence[PersonTrack], customer: PersonTrack) -> Array:
    """(k,) 1 where the nearest agent is within `SERVES_M`, 0 where not, NaN where nobody can tell."""
    nearest = np.full(len(people.times_s), np.nan)
    for agent in agents:
        nearest = np.fmin(nearest, _apart(people, agent, customer))
    return np.where(np.isnan(nearest), np.nan, (nearest <= SERVES_M).astype(np.float64))


def _apart(people: People, one: PersonTrack, other: PersonTrack) -> Array:
    """(k,) metres between two people at all times, NaN where one was not located."""
    up = np.asarray(people.up)
    places = [
        at_times(t, horizontal(np.asarray(t.position_m, np.float64), up), people.times_s)
        for t in (one, other)
    ]
    return np.asarray(np.linalg.norm(places[0] - places[1], axis=1))


def _true(times_s: Array, rows: NDArray[np.bool_]) -> tuple[Span, ...]:
    """The stretches in which `rows` are true, whatever their length."""
    return tuple(s.span for s in spells(times_s, times_s, rows.astype(np.float64), 0.0, bridge_s=0.0))
