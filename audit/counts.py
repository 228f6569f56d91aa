"""How often something happens in a window, where some of it may have gone unheard."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from audit.interactions import Event
from audit.outcomes import Outcome, shown, untold
from audit.quantities import show
from audit.rules import Band
from models.observations import Span

LEAST_MIN = 1.0
"""A rate is counted over no less than this: one "um" in ten seconds is no habit of six a minute. Our
choice."""

MOST_DOUBTED = 50
"""So many weakly heard occurrences are tried one by one; more of them are taken for as many as it takes."""


class Count(NamedTuple):
    """The occurrences that are sure, how many more there may be, and why there may be more than these."""

    sure: Sequence[Event]
    perhaps: int
    more: Callable[[], str]
    """Empty when nothing can have gone unheard; asked only where it matters."""


def amount(times: float, unit: str, window: Span) -> float:
    """So many times in a window, as a count or as a count per minute."""
    return times / max(LEAST_MIN, window.duration_s / 60) if unit == "per min" else times


def earned(band: Band, value: float) -> float:
    """The credit of a count: of "at least" the share that was reached is earned, unless `zero_at` says
    otherwise."""
    if band.at_least and not band.zero_at:
        return min(1.0, value / band.at_least.value) if band.at_least.value else 1.0
    return band.credit(value)


def per_window(band: Band, count: Count, done: str, window: Span, confidence: float) -> Outcome:
    """What a limit on a count gives; `confidence` is how sure the hearing or seeing was."""
    unit = band.amounts[0].unit
    number = len(count.sure)
    evidence = tuple(map(shown, count.sure))
    reason = f"{done} {_told(number, unit, window)}, wanted {band.wanted}"
    possible = range(number, number + min(count.perhaps, MOST_DOUBTED) + 1)
    credits = [earned(band, amount(n, unit, window)) for n in possible]
    high = band.band[1]
    met, missed = all(c == 1 for c in credits), all(c < 1 for c in credits)
    # More of it, unheard, turns what keeps an upper limit, or falls short of a lower one.
    turns = (met and not math.isinf(high)) or (missed and amount(number, unit, window) <= high)
    if turns and (more := count.more()):
        return untold(f"{reason}; {more}", evidence)
    if met:
        sure = min([confidence, *(e.confidence for e in count.sure)]) if math.isinf(high) else confidence
        return Outcome(1.0, sure, reason, evidence)
    if missed:
        return Outcome(max(credits), confidence, reason, evidence)
    return untold(f"{reason}; perhaps {count.perhaps} more, not clearly told", evidence)


def _told(number: int, unit: str, window: Span) -> str:
    times = show(number, "times")
    if unit != "per min":
        return times
    return f"{show(amount(number, unit, window), unit)} ({times} in {show(window.duration_s, 's')})"
