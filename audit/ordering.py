"""What `order` gives: which steps were taken, and how many of them in their order."""

from typing import NamedTuple

from audit.case import Case
from audit.interactions import Event, Role, clock
from audit.outcomes import Outcome, shown, untold
from audit.quantities import show
from audit.rules import Step
from audit.signals import event_kinds
from audit.trace import traced
from models.observations import Span


class _Taken(NamedTuple):
    """A step that somebody took: when, and with which event. Of two
    that begin together the shorter comes first: "hello" before "hello, this is Tom"."""

    at: tuple[float, float, int]
    number: int
    event: Event


class _Chain(NamedTuple):
    """Steps in their order, the last of them and those before it."""

    length: int
    last: _Taken
    before: "_Chain | None"

    def steps(self) -> dict[int, _Taken]:
        rest = self.before.steps() if self.before else {}
        return {**rest, self.last.number: self.last}


@traced
def order(steps: tuple[Step, ...], by: Role, case: Case, window: Span) -> Outcome:
    """The share of the steps that were taken in their order; optional ones count only if they were taken."""
    found = {number: _find(step, number, by, case, window) for number, step in enumerate(steps)}
    sure = {n: [t for t in taken if case.surely(t.event)] for n, taken in found.items()}
    counted = [n for n, step in enumerate(steps) if sure[n] or not step.optional]
    chain = _longest(steps, sorted(t for n in counted for t in sure[n]))
    kept = chain.steps() if chain else {}
    evidence = tuple(
        sorted((shown((kept.get(n) or sure[n][0]).event) for n in counted if sure[n]), key=lambda e: e.span)
    )
    absent = [n for n in counted if not sure[n]]
    wrong = [n for n in counted if sure[n] and n not in kept]
    if len(kept) == len(counted):
        path = ", ".join(f"'{t.event.kind}' at {clock(t.event.span.start_s)}" for t in kept.values())
        return Outcome(1.0, min(t.event.confidence for t in kept.values()), f"in order: {path}", evidence)
    # What was done in the wrong order is a sure miss, whatever else went unheard.
    doubt = "" if wrong else _doubt(steps, absent, found, by, case, window)
    if doubt:
        return untold(doubt, evidence)
    told = [f"{_named(steps[n])} is missing" for n in absent]
    told += [_misplaced(steps, n, sure[n], kept) for n in wrong]
    confidence = case.hearing(by, window) if absent and not wrong else 1.0
    return Outcome(len(kept) / len(counted), confidence, "; ".join(told), evidence)


def _find(step: Step, number: int, by: Role, case: Case, window: Span) -> list[_Taken]:
    """Every time a step was taken in the window."""
    return [
        _Taken((event.span.start_s, event.span.end_s, len(event.text)), number, event)
        for name in step.names
        for event in case.within(name, _whose(step, name, by), window)
        if window.start_s <= event.span.start_s
    ]


def _whose(step: Step, name: str, by: Role) -> Role:
    kind = event_kinds().get(name)
    return Role.ANYONE if kind and not kind.of_party else step.by or by


def _longest(steps: tuple[Step, ...], taken: list[_Taken]) -> _Chain | None:
    """The most steps in their order, each within its time of the step before it.

    Of the chains that are equally long and end with the same step only the latest is kept: it leaves the
    least time to the next step.
    """
    ending: dict[int, dict[int, _Chain]] = {}
    for one in taken:
        within = steps[one.number].within
        best: _Chain | None = None
        for number, chains in ending.items():
            if number >= one.number:
                continue
            for chain in chains.values():
                in_time = within is None or one.at[0] - chain.last.event.span.end_s <= within.value
                if chain.last.at < one.at and in_time and (best is None or chain.length > best.length):
                    best = chain
        chain = _Chain(best.length + 1 if best else 1, one, best)
        ending.setdefault(one.number, {})[chain.length] = chain
    every = (c for chains in ending.values() for c in chains.values())
    return max(every, key=lambda c: c.length, default=None)


def _doubt(
    steps: tuple[Step, ...],
    absent: list[int],
    found: dict[int, list[_Taken]],
    by: Role,
    case: Case,
    window: Span,
) -> str:
    """Why a step may have been taken that was not found; empty when none can."""
    for number in absent:
        for weak in found[number]:
            return f"perhaps '{weak.event.kind}' at {clock(weak.at[0])}, but not clearly told"
        for name in steps[number].names:
            whose = _whose(steps[number], name, by)
            phrase = name not in event_kinds()
            why = case.doubt(name, whose, window)[0] if phrase else case.unseen(name, whose, window)
            if why or (phrase and (why := case.deaf(whose, window))):
                return why
    return ""


def _named(step: Step) -> str:
    return " or ".join(f"'{name}'" for name in step.names)


def _misplaced(steps: tuple[Step, ...], number: int, taken: list[_Taken], kept: dict[int, _Taken]) -> str:
    """How a step that was taken is not in its place."""
    before = [t for n, t in kept.items() if n < number]
    after = [t for n, t in kept.items() if n > number]
    first, last = taken[0], taken[-1]
    name, within = _named(steps[number]), steps[number].within
    if before and last.at <= before[-1].at:
        return f"{name} at {clock(last.at[0])} came too early, before '{before[-1].event.kind}'"
    if within and before:
        late_s = next((t for t in taken if t.at > before[-1].at), last).at[0] - before[-1].event.span.end_s
        if late_s > within.value:
            return f"{name} came {show(late_s, 's')} after '{before[-1].event.kind}', wanted within {within}"
    if after:
        return f"{name} at {clock(first.at[0])} came too late, after '{after[0].event.kind}'"
    return f"{name} at {clock(first.at[0])} is out of order"
