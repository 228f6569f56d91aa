"""What `keep` gives: a measure beside its band."""

from audit.case import Case
from audit.doubt import hidden
from audit.interactions import SURE, Role
from audit.outcomes import Evidence, Outcome, untold, words_of
from audit.quantities import show
from audit.rules import Keep
from audit.signals import Measure, measure_kinds
from audit.trace import traced
from models.observations import Span


@traced
def keep(rule: Keep, by: Role, case: Case, window: Span) -> Outcome:
    """A measure of the party over the window, inside its band or not."""
    taken = case.take(rule.measure, by, window)
    if taken.value is None:
        return untold(taken.reason)
    who = by if measure_kinds()[rule.measure].of_party else None
    # Moments of a distance show the distance, others how long they last.
    evidence = tuple(
        Evidence(s, who, "", *((taken.value, "m") if taken.unit == "m" else (s.duration_s, "s")))
        for s in taken.evidence or ()
    ) or (Evidence(taken.window, who, "", taken.value, taken.unit),)
    if taken.confidence < case.least_sure:
        return untold(f"{words_of(rule.measure)} rests on words heard weakly", evidence)
    if taken.coverage < case.least.seen:
        return untold(hidden(by, taken.coverage), evidence)
    told = explain_keep(rule, taken.value, taken.unit)
    if taken.low is not None and taken.high is not None:
        return _within_error(rule, taken, taken.low, taken.high, told, evidence)
    if taken.still_open:
        # The true value is this or more: only beyond a band, or inside one without upper end, is it told.
        low, high = rule.band
        if taken.value <= high and not (taken.value >= low and high == float("inf")):
            return untold(taken.reason, evidence)
        told = f"{taken.reason}: {told}"
    return Outcome(rule.credit(taken.value), taken.confidence, told, evidence)


def _within_error(
    rule: Keep, taken: Measure, least: float, most: float, told: str, evidence: tuple[Evidence, ...]
) -> Outcome:
    """The outcome of a measure that is known with an error: missed only when all of it lies outside the band,
    met when most of it lies inside."""
    low, high = rule.band
    value = taken.value if taken.value is not None else least
    from_, to = show(least, taken.unit), show(most, taken.unit)
    if from_ != to:
        told = f"{told} (between {from_} and {to} in 9 of 10 cases)"
    if most < low or least > high:
        return Outcome(rule.credit(value), taken.confidence, told, evidence)
    inside = 1.0 if most <= least else (min(most, high) - max(least, low)) / (most - least)
    if rule.credit(value) == 1 and inside >= SURE:
        if inside < 1:
            beyond = f"{100 * (1 - inside):.0f} % of that lies beyond the limit"
            told = f"{told}; {beyond}, so that it may be otherwise"
        return Outcome(1.0, round(min(taken.confidence, inside), 3), told, evidence)
    return untold(f"too near to the limit to tell: {told}", evidence)


def explain_keep(rule: Keep, value: float, unit: str) -> str:
    """A measured value beside its target, in words."""
    return f"{words_of(rule.measure)} {show(value, unit)}, wanted {rule.wanted}"
