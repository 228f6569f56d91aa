"""Half-open stretches of time, in seconds from the start of a recording."""

import bisect
from collections.abc import Iterable

import msgspec

TIME_DECIMALS = 3
"""Times are kept to the millisecond: finer than any engine here resolves (10 to 20 ms), and
coarse enough that two runs write the same bytes."""


class Span(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """A half-open stretch of time `[start_s, end_s)` in seconds; empty spans are falsy."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return max(0.0, self.end_s - self.start_s)

    def __bool__(self) -> bool:
        return self.end_s > self.start_s

    def __and__(self, other: "Span") -> "Span":
        """The overlap of both spans, empty when they do not meet."""
        start_s = max(self.start_s, other.start_s)
        return Span(start_s, max(start_s, min(self.end_s, other.end_s)))

    def shifted(self, by_s: float) -> "Span":
        return span(self.start_s + by_s, self.end_s + by_s)


def span(start_s: float, end_s: float) -> Span:
    """A span rounded to `TIME_DECIMALS`, never negative in length."""
    start_s = round(float(start_s), TIME_DECIMALS)
    return Span(start_s, max(start_s, round(float(end_s), TIME_DECIMALS)))


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The time that any of `spans` (in order of start) covers, as spans that do not touch."""
    joined: list[Span] = []
    for one in spans:
        if joined and one.start_s <= joined[-1].end_s:
            joined[-1] = Span(joined[-1].start_s, max(joined[-1].end_s, one.end_s))
        else:
            joined.append(one)
    return tuple(joined)


def cut_out(spans: Iterable[Span], out: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of `spans` when the time of `out` (in order, not overlapping) is taken away."""
    out = tuple(out)
    left: list[Span] = []
    for one in spans:
        at_s = one.start_s
        for gone in out[bisect.bisect_right(out, at_s, key=lambda o: o.end_s) :]:
            if gone.start_s >= one.end_s:
                break
            if gone.start_s > at_s:
                left.append(Span(at_s, gone.start_s))
            at_s = gone.end_s
        if at_s < one.end_s:
            left.append(Span(at_s, one.end_s))
    return tuple(left)
