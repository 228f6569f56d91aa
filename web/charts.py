"""Where marks of a chart stand, in percent of its width and height: templates draw them as SVG."""

import math
from collections.abc import Sequence

import msgspec

from audit.intervals import Interval
from audit.overview import Week

STEP = 10
"""Points between two lines of a grid."""


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


def scale_of(scores: Sequence[float], intervals: Sequence[Interval | None]) -> Scale:
    """A scale that has room for all of them, ends at tens, and is at least 20 points high."""
    low = min([*scores, *(one.low for one in intervals if one)], default=0.0)
    high = max([*scores, *(one.high for one in intervals if one)], default=100.0)
    top = min(100, STEP * math.ceil(high / STEP))
    bottom = max(0, STEP * math.floor(low / STEP))
    bottom = min(bottom, max(0, top - 2 * STEP))
    return Scale(bottom, max(top, bottom + 2 * STEP))


class Mark(msgspec.Struct, frozen=True):
    """A week of a chart: `x` and `y` in percent from left and top, `bar` its share of the busiest week."""

    week: Week
    x: float
    y: float | None
    bar: float


class Trend(msgspec.Struct, frozen=True):
    scale: Scale
    marks: tuple[Mark, ...]
    band: str
    """Points of a polygon around the intervals, in a square of 100."""
    line: str
    """Points of the line through the means."""


def trend(weeks: Sequence[Week]) -> Trend:
    """The chart of some weeks; those without a score leave a gap in nothing: the line goes on to the next."""
    scored = [week for week in weeks if week.scores.mean is not None]
    scale = scale_of([week.scores.mean or 0.0 for week in scored], [week.interval for week in scored])
    most = max((week.scores.n for week in weeks), default=0) or 1
    marks = tuple(
        Mark(
            week,
            100 * (place + 0.5) / len(weeks),
            None if week.scores.mean is None else 100 - scale.at(week.scores.mean),
            week.scores.n / most,
        )
        for place, week in enumerate(weeks)
    )
    held = [(mark.x, mark.week.interval) for mark in marks if mark.week.interval]
    upper = [(x, 100 - scale.at(one.high)) for x, one in held if one]
    lower = [(x, 100 - scale.at(one.low)) for x, one in held if one]
    line = [(mark.x, mark.y) for mark in marks if mark.y is not None]
    return Trend(scale, marks, _points([*upper, *lower[::-1]]), _points(line))


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
