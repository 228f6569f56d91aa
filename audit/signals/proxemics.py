"""How far people stand from each other, in metres."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audit.interactions import Conversation, Role
from audit.signals import Measure, MeasureKind
from audit.signals.timing import untold
from models.geometry import Distance, distance
from models.observations import PersonTrack, Span

NEAREST = 0.05
"""The nearest is taken from this quantile of the distances: one frame in twenty may be read wrong."""


def median_distance(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The middle of the distances between two people in the window."""
    return _metres("distance", 0.5, conversation, of, window)


def nearest_distance(conversation: Conversation, of: Role, window: Span) -> Measure:
    """How near they come to each other in the window."""
    return _metres("nearest_distance", NEAREST, conversation, of, window)


def _metres(kind: str, quantile: float, conversation: Conversation, of: Role, window: Span) -> Measure:
    people = conversation.observations.people
    if people is None:
        return untold(kind, "m", window, "there is no picture")
    looked = people.times_s[(people.times_s >= window.start_s) & (people.times_s < window.end_s)]
    present = [(role, t) for role, t in conversation.persons if _rows(t.times_s, window).any()]
    pairs = list(_pairs(present, of))
    if not pairs:
        return untold(kind, "m", window, _alone(present, of))
    apart = [_within(distance(people, one, other), window) for one, other in pairs]
    # Who meets several people is as far away as the nearest of them.
    near = min((a for a in apart if len(a.metres)), key=lambda a: float(np.median(a.metres)), default=None)
    if near is None:
        return untold(kind, "m", window, "nobody could be located: feet and hips are out of sight")
    value, low, high = (float(np.quantile(v, quantile)) for v in (near.metres, near.low_m, near.high_m))
    return Measure(
        kind, value, "m", window, low=low, high=high, coverage=round(len(near.metres) / len(looked), 3)
    )


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
    rows = _rows(apart.times_s, window)
    return Distance(*(values[rows] for values in apart))


def _rows(times_s: NDArray[np.float64], window: Span) -> NDArray[np.bool_]:
    return (times_s >= window.start_s) & (times_s < window.end_s)


_PEOPLE = frozenset({"people"})

KINDS = (
    MeasureKind(
        "distance", "the middle of the distances between two people", "m", _PEOPLE, median_distance, False
    ),
    MeasureKind(
        "nearest_distance", "how near two people come to each other", "m", _PEOPLE, nearest_distance, False
    ),
)
