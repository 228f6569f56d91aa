"""Whose speech a channel carries: what leaks in from the other channel of a call is weaker and a bit later.

A leak (an echo of the line, a loudspeaker near a microphone) is the other's speech again: its level follows
the other's level at a fixed distance. Speech of one's own does not. Only levels are compared, so that neither
the sound of a line nor a codec between the channels matters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.observations import Activity, Span, cut_out, span
from models.sound import FLOOR_DB, LOUD_DB, Sound, levels_db

Decibels = NDArray[np.float64]

STEP_S = 0.02
"""Levels are taken fifty times a second: shorter than a syllable's rise, longer than a pitch period."""

LATEST_S = 0.4
"""A leak is sought up to so much later: ITU-T G.131 holds 0.3 s and more one way for unusable."""

ALIKE = 0.6
"""Levels of a leak correlate at least so much with the other's. Measured on the two channels of six calls
(docs/accuracy.md): 0 to 0.25 as they are (0.4 on a call of 10 s), 0.7 and more
with a leak of -10 to -30 dB at 0 to 300 ms."""

MARGIN_DB = 6.0
"""Speech of one's own stands so far above the leak that would be heard: our choice, twice the power and more
that its ups and downs leave."""

LEAST_S = 0.2
"""What is left of a stretch of speech is speech if it lasts so long: a short syllable."""

ENOUGH_S = 2.0
"""With less speech to compare nothing is called a leak."""


def without_leak(sound: Sound, activity: tuple[Activity, ...]) -> tuple[Activity, ...]:
    """The speech of two channels without what leaks in from the other one; anything else as it is."""
    if len(activity) != 2 or not all(active.spans for active in activity):
        return activity
    levels = levels_db(sound, STEP_S)
    return tuple(_own(activity[n], levels[n], levels[1 - n], activity[1 - n].spans) for n in (0, 1))


def _own(active: Activity, mine: Decibels, others: Decibels, spoken: Sequence[Span]) -> Activity:
    """What of this channel's speech is not the other's heard through."""
    loud = np.zeros(len(others), bool)
    for where in spoken:
        loud[round(where.start_s / STEP_S) : round(where.end_s / STEP_S)] = True
    loud &= others > others[loud].max(initial=FLOOR_DB) - LOUD_DB
    lags = range(min(len(others), round(LATEST_S / STEP_S) + 1))
    alike, lag, weaker_db = max((_leak(mine, others, loud, lag) for lag in lags), default=(0.0, 0, 0.0))
    if alike < ALIKE:
        return active
    through = np.roll(others, lag) + weaker_db
    through[:lag] = FLOOR_DB
    leaked = _steady(mine < through + MARGIN_DB)
    return Activity(active.speaker, _without(active.spans, leaked), active.sure)


def _leak(mine: Decibels, others: Decibels, loud: NDArray[np.bool_], lag: int) -> tuple[float, int, float]:
    """How this channel follows the other's level so many steps later: (correlation, lag, dB of the leak).

    Only steps in which this channel is the weaker are compared: in the others it speaks itself.
    """
    theirs, here = others[: len(others) - lag], mine[lag:]
    compared = loud[: len(theirs)] & (here < theirs)
    if np.count_nonzero(compared) * STEP_S < ENOUGH_S:
        return 0.0, lag, FLOOR_DB
    theirs, here = theirs[compared], here[compared]
    if theirs.std() == 0 or here.std() == 0:
        return 0.0, lag, FLOOR_DB
    return float(np.corrcoef(theirs, here)[0, 1]), lag, float(np.median(here - theirs))


def _steady(leaked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same without changes shorter than `LEAST_S`: the middle one of those around each step."""
    width = round(LEAST_S / STEP_S) | 1
    counts = np.convolve(leaked, np.ones(width), mode="same")
    return counts * 2 > width


def _without(spans: tuple[Span, ...], leaked: NDArray[np.bool_]) -> tuple[Span, ...]:
    """The parts of `spans` in which nothing leaked, where they last `LEAST_S`."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], leaked, [False]]).astype(int)))
    out = [span(a * STEP_S, b * STEP_S) for a, b in changes.reshape(-1, 2)]
    return tuple(part for part in cut_out(spans, out) if part.duration_s >= LEAST_S)
