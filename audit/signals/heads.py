"""Where heads turn: to the other person or away, up and down, from side to side."""

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from audit.interactions import Conversation, Role
from audit.signals import Measure, MeasureKind
from audit.signals.timing import untold
from audit.spells import DOES, Readings, doing, of_role, within
from models.gaze import heads, towards
from models.observations import PersonTrack, Span

FACES_DEG = 45.0
"""A head turned so far from somebody still faces that person: the eyes do the rest (a head turns about seven
tenths of the way, Stiefelhagen and Zhu 2002). Rendered eye contact: precision 0.99, recall 0.99."""

AWAY_DEG = 60.0
"""A head turned further faces somebody else, or nobody: between the two neither is said."""

UNSURE_DEG = 45.0
"""A direction known no better than this is none."""

LEAST_FACING_S = 0.6
LEAST_AWAY_S = 1.0
"""Our choice: glances aside are shorter."""

SWING_DEG = 5.0
"""The least turn of a head that counts as one swing of a nod or a shake."""

NOISE = 4.0
"""A swing must also be so many times what the reading jumps by itself (median of its changes)."""

SWING_S = 0.7
"""The longest swing: slower ones are looks down or aside. Nods and shakes repeat 0.8 to 3.7 times a second
(Hadar 1985), so that one swing takes at most 0.63 s."""

SWINGS = 3
"""So many swings to and fro make a nod or a shake: down, up, down. One look down and up is two."""

SURE_FRAMES_PER_S = 10.0
"""With fewer pictures a second a nod may fall between them: it can be found, but nobody can tell that there
was none. Of simulated nods of 10 degrees nine in ten are found at 10 pictures a second up to 3 Hz, at 5 only
around 1.2 Hz (`bench/heads.py`)."""

CLEAR_DEG = 6.0
"""Nor where a swing has to be larger than this to stand out from the noise."""

LEAST_FRAMES_PER_S = 4.0
"""With fewer none can be found."""


def facing(conversation: Conversation, track: PersonTrack) -> Readings:
    """How surely the head faces somebody else (n,), 0..1: of several the one it faces most.

    0 where nobody else was seen; NaN where nobody can tell.
    """
    return _within(FACES_DEG, conversation, track)[0]


def away(conversation: Conversation, track: PersonTrack) -> Readings:
    """How surely somebody else is there, and the head is turned to none of them (n,)."""
    near, alone = _within(AWAY_DEG, conversation, track)
    return np.where(alone, 0.0, 1.0 - near)


def _within(
    limit_deg: float, conversation: Conversation, track: PersonTrack
) -> tuple[Readings, NDArray[np.bool_]]:
    """How surely the head points at somebody else to within the limit (n,); where nobody else is there."""
    people = conversation.observations.people
    near, alone = np.full(len(track.times_s), np.nan), np.ones(len(track.times_s), np.bool_)
    unknown = ~alone
    own = next((role for role, one in conversation.persons if one.label == track.label), None)
    for role, other in conversation.persons:
        # Colleagues at the same counter are not who the rule is about.
        if people is None or other.label == track.label or (role == own and role is not None):
            continue
        there = np.isin(track.times_s, other.times_s)
        found = towards(people, track, other)
        # Its error spreads to both sides.
        sides = [ndtr((side - found.off_deg) / found.sd_deg) for side in (limit_deg, -limit_deg)]
        sure = np.full(len(track.times_s), np.nan)
        known = found.sd_deg <= UNSURE_DEG
        sure[np.searchsorted(track.times_s, found.times_s[known])] = (sides[0] - sides[1])[known]
        near = np.fmax(near, sure)
        alone[there] = False
        unknown |= there & np.isnan(sure)
    # A head that is turned to nobody of whom one can tell may be turned to somebody else.
    near[unknown & (near < DOES)] = np.nan
    return np.where(alone, 0.0, near), alone


def facing_share(conversation: Conversation, of: Role, window: Span) -> Measure:
    """The share of the time with somebody else there in which the role's head faces them, in per cent."""
    people = conversation.observations.people
    if people is None:
        return untold("facing_share", "%", window, "there is no picture")
    found, together = [np.zeros(0)], 0
    for track in of_role(conversation, of):
        near, alone = _within(FACES_DEG, conversation, track)
        there = near[within(track.times_s, window) & ~alone]
        together += len(there)
        found.append(there[np.isfinite(there)])
    faces = np.concatenate(found)
    if not together:
        return untold("facing_share", "%", window, f"the {of} was never seen with somebody else")
    if not len(faces):
        return untold("facing_share", "%", window, f"where the head of the {of} is turned could not be seen")
    low, value, high = (100 * float((faces >= least).mean()) for least in (0.9, DOES, 0.1))
    coverage = round(len(faces) / together, 3)
    return Measure("facing_share", value, "%", window, low=low, high=high, coverage=coverage)


def nodding(conversation: Conversation, track: PersonTrack) -> Readings:
    """1 where the head nods (n,), 0 where it surely does not, NaN where nobody can tell."""
    return _swinging(conversation, track, 1, 0)


def shaking(conversation: Conversation, track: PersonTrack) -> Readings:
    """1 where the head is shaken (n,), 0 where it surely is not, NaN where nobody can tell."""
    return _swinging(conversation, track, 0, 1)


def _swinging(conversation: Conversation, track: PersonTrack, axis: int, across: int) -> Readings:
    people = conversation.observations.people
    found = np.full(len(track.times_s), np.nan)
    if people is None or len(people.times_s) < 2:
        return found
    frames_per_s = 1 / float(np.median(np.diff(people.times_s)))
    if frames_per_s < LEAST_FRAMES_PER_S:
        return found
    turns = np.asarray(track.head_deg, np.float64)
    seen = heads(people, track).face & np.isfinite(turns[:, axis])
    rows = np.flatnonzero(seen)
    if len(rows) < SWINGS + 1:
        return found
    jumps = np.abs(np.diff(turns[rows, axis]))
    least_deg = max(SWING_DEG, NOISE * float(np.median(jumps)))
    # Frames of 10 a second may be 0.101 s apart.
    if frames_per_s >= 0.95 * SURE_FRAMES_PER_S and least_deg <= CLEAR_DEG:
        found[seen] = 0.0
    breaks = np.flatnonzero(np.diff(track.times_s[rows]) > SWING_S / 2) + 1
    for part in np.split(rows, breaks):
        for first, last in _series(track.times_s[part], turns[part, axis], least_deg):
            inside = part[first : last + 1]
            other = np.ptp(turns[inside, across])
            if other < np.ptp(turns[inside, axis]) / 2:
                found[inside] = 1.0
    return found


def _series(times_s: Readings, degrees: Readings, least_deg: float) -> list[tuple[int, int]]:
    """First and last row of each series of `SWINGS` or more quick swings of at least `least_deg`."""
    ends = _ends(degrees, least_deg)
    quick = [times_s[b] - times_s[a] <= SWING_S + 1e-6 for a, b in itertools.pairwise(ends)]
    found, first = [], 0
    for row in range(len(quick) + 1):
        if row == len(quick) or not quick[row]:
            if row - first >= SWINGS:
                found.append((ends[first], ends[row]))
            first = row + 1
    return found


def _ends(degrees: Readings, least_deg: float) -> list[int]:
    """The rows at which the movement turns back by at least `least_deg`, in order."""
    ends: list[int] = []
    low = high = 0
    rising: bool | None = None
    for row, value in enumerate(degrees):
        low = row if value < degrees[low] else low
        high = row if value > degrees[high] else high
        if rising is not False and degrees[high] - value >= least_deg:
            ends.append(high)
            rising, low, high = False, row, row
        elif rising is not True and value - degrees[low] >= least_deg:
            ends.append(low)
            rising, low, high = True, row, row
    # The last swing ends where the movement went furthest.
    if rising is not None:
        ends.append(high if rising else low)
    return ends


KINDS = (
    doing("faces_other", "the head is turned to somebody else", facing, LEAST_FACING_S),
    doing("looks_away", "somebody else is there, and the head is turned elsewhere", away, LEAST_AWAY_S),
    doing("nod", "the head goes down and up and down again", nodding, 0.0, bridge_s=0.0),
    doing("head_shake", "the head turns from side to side and back", shaking, 0.0, bridge_s=0.0),
    MeasureKind(
        "facing_share",
        "share of the time in which the head is turned to the other person",
        "%",
        frozenset({"people"}),
        facing_share,
    ),
)
