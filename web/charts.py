"""Numbers of charts: how far their scales go, and how many means lie in each step of one."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from audit.intervals import Interval
from audit.overview import Week

STEP = 10
"""Points between two lines of a grid."""

BINS = 25
"""A distribution has at most so many steps: as many as are still told apart on a telephone. Our choice."""

STACK = 6
"""So many dots fit over each other; where more employees lie in one step, bars count them. Our choice."""


class Scale(msgspec.Struct, frozen=True):
    """A stretch of scores from `low` (at 0 %) to `high` (at 100 %)."""

    low: float
    high: float

    def at(self, score: float) -> float:
        """Where a score stands, in percent from the low end; what lies beyond an end stands there."""
        return min(100.0, max(0.0, 100 * (score - self.low) / (self.high - self.low)))

    @property
    def ticks(self) -> tuple[int, ...]:
        """Scores with a line: every tenth, at most six."""
        step = STEP * math.ceil((self.high - self.low) / (5 * STEP))
        return tuple(range(int(self.low), int(self.high) + 1, step))


def scale_of(scores: Sequence[float], intervals: Iterable[Interval | None]) -> Scale:
    """A scale that has room for all of them, ends at tens, and is at least 20 points high."""
    held = [one for one in intervals if one]
    low = min([*scores, *(one.low for one in held)], default=0.0)
    high = max([*scores, *(one.high for one in held)], default=100.0)
    top = min(100, STEP * math.ceil(high / STEP))
    bottom = max(0, STEP * math.floor(low / STEP))
    bottom = min(bottom, max(0, top - 2 * STEP))
    return Scale(bottom, max(top, bottom + 2 * STEP))


def scale_of_weeks(weeks: Sequence[Week], others: Sequence[Week] = ()) -> Scale:
    """The scale of the means of some weeks and their intervals, and of the means of other people's weeks."""
    means = [week.scores.mean for week in (*weeks, *others) if week.scores.mean is not None]
    return scale_of(means, (week.interval for week in weeks))


class Bin(msgspec.Struct, frozen=True):
    """How many means (`n`) lie from `low` on, below `high`; the last one of a scale has its high end, too."""

    low: float
    high: float
    n: int


class Spread(msgspec.Struct, frozen=True):
    """Means over a scale: `bins` are those that are not empty, lowest first."""

    scale: Scale
    bins: tuple[Bin, ...]

    @property
    def most(self) -> int:
        """How many lie in the fullest."""
        return max((one.n for one in self.bins), default=0)

    @property
    def as_dots(self) -> bool:
        """Whether each mean can be a dot of its own."""
        return self.most <= STACK


def spread_of(means: Sequence[float]) -> Spread:
    """Means in steps of 1, 2 or 4 points: the finest that makes at most `BINS` of the scale."""
    scale = scale_of(means, ())
    width = next(width for width in (1, 2, 4) if (scale.high - scale.low) / width <= BINS)
    last = int((scale.high - scale.low) / width) - 1
    places = [min(last, int((mean - scale.low) // width)) for mean in means]
    found = sorted({place: places.count(place) for place in places}.items())
    return Spread(
        scale,
        tuple(Bin(scale.low + width * place, scale.low + width * (place + 1), n) for place, n in found),
    )
