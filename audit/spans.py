"""Spans in order of time: what of them lies in a window, between them, or in both of two lists."""

import bisect
import itertools

from models.observations import Span, span


def cut(spans: tuple[Span, ...], window: Span) -> tuple[Span, ...]:
    """The parts of `spans` inside `window`."""
    start_s, end_s = window.start_s, window.end_s
    if start_s >= end_s:
        return ()
    return tuple(
        one if start_s <= one.start_s and one.end_s <= end_s else one & window
        for one in spans
        if one.start_s < end_s and start_s < one.end_s and one.start_s < one.end_s
    )


def common(one: tuple[Span, ...], other: tuple[Span, ...]) -> tuple[Span, ...]:
    """When both have a span; each is in order, and its own spans do not overlap."""
    found: list[Span] = []
    first = 0
    for mine in one:
        while first < len(other) and other[first].end_s <= mine.start_s:
            first += 1
        for theirs in itertools.islice(other, first, None):
            if theirs.start_s >= mine.end_s:
                break
            found.append(mine & theirs)
    return tuple(found)


def latest(spans: tuple[Span, ...], time_s: float) -> Span | None:
    """The last of `spans` (in order) that begins by this time."""
    after = bisect.bisect_right(spans, time_s, key=lambda s: s.start_s)
    return spans[after - 1] if after else None


def gaps(spans: tuple[Span, ...], window: Span) -> tuple[Span, ...]:
    """What of `window` none of `spans` (in order, not overlapping) covers."""
    found: list[Span] = []
    at_s = window.start_s
    for one in cut(spans, window):
        if one.start_s > at_s:
            found.append(span(at_s, one.start_s))
        at_s = max(at_s, one.end_s)
    if window.end_s > at_s:
        found.append(span(at_s, window.end_s))
    return tuple(found)
