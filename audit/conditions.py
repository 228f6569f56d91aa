"""Whether a standard applies: its `when`, in three values."""

from collections.abc import Sequence

import msgspec

from audit.case import Absence, Case
from audit.counts import amount
from audit.doubt import hidden
from audit.interactions import Role
from audit.outcomes import Evidence, shown, words_of
from audit.quantities import show
from audit.rules import When
from audit.signals import event_kinds, foreign
from audit.trace import traced
from audit.windows import windows
from models.observations import Span


class Condition(msgspec.Struct, frozen=True):
    """Whether it holds; None: nobody can tell."""

    holds: bool | None
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    searched: tuple[Span, ...] = ()


@traced
def condition(when: When, case: Case) -> Condition:
    """Whether a `when` holds in the conversation."""
    if when.all:
        return _all(tuple(condition(one, case) for one in when.all))
    if when.any:
        return _any(tuple(condition(one, case) for one in when.any))
    if when.not_:
        return _not(condition(when.not_, case), when.not_)
    if why := foreign(when.name, case.conversation.channel):
        return Condition(False, why)
    where = windows(when.during, when.by, case, case.conversation.whole)
    if where.lacking:
        return _absent(where.lacking)
    return _any(tuple((_measured if when.measure else _happened)(when, case, span) for span in where.spans))


def _all(parts: Sequence[Condition]) -> Condition:
    """One that surely does not hold decides, else one that nobody can tell leaves it open."""
    for wanted in (False, None):
        found = next((p for p in parts if p.holds is wanted), None)
        if found:
            return found
    return Condition(True, "", tuple(e for p in parts for e in p.evidence))


def _any(parts: Sequence[Condition]) -> Condition:
    """One that surely holds decides, else one that nobody can tell leaves it open."""
    for wanted in (True, None):
        found = next((p for p in parts if p.holds is wanted), None)
        if found:
            return found
    reason = "; ".join(dict.fromkeys(p.reason for p in parts))
    return Condition(False, reason, tuple(e for p in parts for e in p.evidence), parts[0].searched)


def _not(part: Condition, when: When) -> Condition:
    if part.holds is None:
        return part
    if not part.holds:
        return Condition(True)
    told = f"'{when.name}' did occur" if when.name and not when.measure else "what it excepts is so"
    return Condition(False, f"applies not where it is so: {told}", part.evidence, part.searched)


def _absent(lacking: Absence) -> Condition:
    return Condition(False if lacking.sure else None, lacking.reason, lacking.evidence, lacking.searched)


def _measured(when: When, case: Case, window: Span) -> Condition:
    taken = case.take(when.name, when.by, window)
    if taken.value is None:
        return Condition(None, taken.reason)
    low, high = when.band
    if taken.confidence < case.least_sure:
        return Condition(None, f"{words_of(when.name)} is not known surely")
    if taken.coverage < case.least.seen:
        return Condition(None, hidden(when.by, taken.coverage))
    if taken.still_open and taken.value <= high and not (taken.value >= low and high == float("inf")):
        return Condition(None, taken.reason)
    least, most = (taken.value if end is None else end for end in (taken.low, taken.high))
    if least < low <= most or least <= high < most:
        return Condition(None, f"{words_of(when.name)} is too near to the limit to tell")
    spans = taken.evidence or (taken.window,)
    measured = tuple(Evidence(s, None, "", taken.value, taken.unit, words_of(when.name)) for s in spans[:1])
    if low <= taken.value <= high:
        return Condition(True, "", measured)
    value = show(taken.value, taken.unit)
    return Condition(False, f"applies {_limits(when)}; {words_of(when.name)} was {value}", measured)


def _happened(when: When, case: Case, window: Span) -> Condition:
    """A phrase or event, once if nothing else is said."""
    found = case.within(when.name, when.by, window)
    sure = [e for e in found if case.surely(e)]
    if not when.at_least and not when.at_most:
        evidence = tuple(map(shown, sure))
        return Condition(True, "", evidence) if sure else _absent(case.absence(when.name, when.by, window))
    unit = (when.at_least or when.at_most or "").unit  # type: ignore[union-attr]
    low, high = when.band
    least, most = (amount(n, unit, window) for n in (len(sure), len(found)))
    told = f"applies {_limits(when)}; '{when.name}' occurred {show(least, unit)}"
    evidence = tuple(map(shown, found))
    if least > high:
        return Condition(False, told, evidence, (window,))
    if low <= least and high == float("inf"):
        return Condition(True, "", evidence)
    more = _more(when, case, window)
    if low <= least and most <= high and not more:
        return Condition(True, "", evidence)
    if most < low and not more:
        return Condition(False, told, evidence, (window,))
    return Condition(None, f"{told}; {more or 'perhaps more often'}", evidence)


def _more(when: When, case: Case, window: Span) -> str:
    """Why it may have occurred more often than was found."""
    if when.event and when.event in event_kinds():
        return case.unseen(when.event, when.by, window)
    why = case.doubt(when.name, when.by, window)[0] if when.by != Role.ANYONE else ""
    return why or case.deaf(when.by, window)


def _limits(when: When) -> str:
    parts = [
        f"from {when.at_least}" if when.at_least else "",
        f"up to {when.at_most}" if when.at_most else "",
    ]
    return " ".join(filter(None, parts))
