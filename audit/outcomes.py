"""What a rule gives, and what several of them give together."""

from collections.abc import Sequence

import msgspec

from audit.interactions import Event, Role, clock
from audit.signals import event_kinds
from models.observations import Span


class Evidence(msgspec.Struct, frozen=True):
    """A moment to look at: what was said, or what was measured, and by whom."""

    span: Span
    role: Role | None = None
    quote: str = ""
    value: float | None = None
    unit: str = ""
    note: str = ""
    box_px: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom of whom to look at, in the picture at the start of the span."""
    how: str = ""
    """By which pattern and tolerance these words were taken for the phrase."""


class Outcome(msgspec.Struct, frozen=True):
    """What a rule gave: `credit` None means it cannot be told, or that the rule does not apply."""

    credit: float | None
    confidence: float
    reason: str
    evidence: tuple[Evidence, ...] = ()
    applies: bool = True
    searched: tuple[Span, ...] = ()
    """Where it was looked for."""
    least: float | None = None
    most: float | None = None
    """What the credit may be at least and at most, where a part of it cannot be told; None: what it is."""

    @property
    def told(self) -> bool:
        return self.credit is not None

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that the credit may be."""
        low, high = (0.0, 1.0) if self.credit is None else (self.credit, self.credit)
        return low if self.least is None else self.least, high if self.most is None else self.most


def untold(reason: str, evidence: tuple[Evidence, ...] = ()) -> Outcome:
    """That it cannot be told."""
    return Outcome(None, 0.0, reason, evidence)


def unneeded(reason: str, searched: tuple[Span, ...] = ()) -> Outcome:
    """That the rule does not apply."""
    return Outcome(None, 1.0, reason, (), False, searched)


def _credit(outcome: Outcome) -> float:
    return 0.0 if outcome.credit is None else outcome.credit


def every_time(outcomes: Sequence[Outcome], windows: tuple[Span, ...]) -> Outcome:
    """What several opportunities of one rule give: the mean of those that could be told.

    Where one could not be told and all others were met, "met" would be a guess.
    """
    applying = [o for o in outcomes if o.applies]
    if not applying:
        return outcomes[0]
    told = [o for o in applying if o.told]
    evidence = tuple(e for o in applying for e in o.evidence)
    if not told:
        return Outcome(None, 0.0, applying[0].reason, evidence, True, windows)
    credit = sum(map(_credit, told)) / len(told)
    if credit < 1 or len(told) == len(applying):
        worst = min(told, key=_credit)
        confidence = min(o.confidence for o in told)
        reason = worst.reason if len(windows) == 1 else _tally(applying, worst)
        return Outcome(credit, confidence, reason, evidence, True, windows, *_mean_bounds(applying))
    unsure = next(o for o in applying if not o.told)
    return Outcome(None, 0.0, _tally(applying, unsure), evidence, True, windows)


def _tally(outcomes: Sequence[Outcome], shown: Outcome) -> str:
    met = sum(o.credit == 1 for o in outcomes)
    return f"{met} of {len(outcomes)} times; {shown.reason}"


def _mean_bounds(parts: Sequence[Outcome]) -> tuple[float, float]:
    """Between what the mean of their credits lies, whatever cannot be told."""
    low, high = zip(*(part.bounds for part in parts), strict=True)
    return sum(low) / len(parts), sum(high) / len(parts)


def _gather(parts: Sequence[Outcome]) -> tuple[Evidence, ...]:
    return tuple(sorted((e for part in parts for e in part.evidence), key=lambda e: e.span))


def all_of(parts: Sequence[Outcome]) -> Outcome:
    """All rules together: a sure miss decides, else one that cannot be told leaves it open; the credit is the
    mean. Rules that do not apply are left out."""
    applying = [p for p in parts if p.applies]
    if not applying:
        return unneeded("; ".join(dict.fromkeys(p.reason for p in parts)), parts[0].searched)
    told = [p for p in applying if p.told]
    reason = "; ".join(p.reason for p in applying)
    evidence = _gather(applying)
    missed = [p for p in told if _credit(p) < 1]
    if not missed and len(told) < len(applying):
        return untold(reason, evidence)
    # Of what cannot be told nothing is counted, for or against.
    credit = sum(map(_credit, told)) / len(told)
    if missed:
        confidence = max(p.confidence for p in missed)
        return Outcome(credit, confidence, reason, evidence, True, (), *_mean_bounds(applying))
    return Outcome(1.0, min(p.confidence for p in told), reason, evidence)


def any_of(parts: Sequence[Outcome]) -> Outcome:
    """One rule of several: one that is surely met decides, else one that cannot be told leaves it open; the
    credit is that of the best. Rules that do not apply are left out."""
    applying = [p for p in parts if p.applies]
    if not applying:
        return unneeded("; ".join(dict.fromkeys(p.reason for p in parts)), parts[0].searched)
    met = [p for p in applying if p.credit == 1]
    if met:
        best = max(met, key=lambda p: p.confidence)
        return Outcome(1.0, best.confidence, best.reason, best.evidence)
    reason = "; ".join(p.reason for p in applying)
    evidence = _gather(applying)
    if any(not p.told for p in applying):
        return untold(reason, evidence)
    low, high = (max(ends) for ends in zip(*(p.bounds for p in applying), strict=True))
    confidence = min(p.confidence for p in applying)
    credit = max(map(_credit, applying))
    return Outcome(credit, confidence, f"none of them: {reason}", evidence, True, (), low, high)


def not_of(part: Outcome) -> Outcome:
    """The opposite of a rule: 1 less its credit. That it is wholly met is not said while a part of the rule
    cannot be told."""
    if part.credit is None:
        return part
    low, high = part.bounds
    if not part.credit and high:
        return untold(f"a part cannot be told: {part.reason}", part.evidence)
    reason = f"not wanted: {part.reason}" if part.credit else f"as wanted: {part.reason}"
    return msgspec.structs.replace(part, credit=1 - part.credit, reason=reason, least=1 - high, most=1 - low)


MOST_LISTED = 3
"""So many events are named in a reason: all of them stand in the evidence."""


def listed(events: Sequence[Event]) -> str:
    """The first events with their times, for a reason."""
    named = [f"'{e.kind}' at {clock(e.span.start_s)} {e.detail}".strip() for e in events[:MOST_LISTED]]
    more = f" and {len(events) - MOST_LISTED} more" if len(events) > MOST_LISTED else ""
    return ", ".join(named) + more


def sensed(name: str) -> str:
    """How a phrase or event comes to be known."""
    kind = event_kinds().get(name)
    return "seen" if kind and "people" in kind.needs else "heard"


def quoted(event: Event, note: str = "") -> Evidence:
    """What was said, as evidence."""
    return Evidence(event.span, event.role, event.text, note=note, how=event.how)


def shown(event: Event) -> Evidence:
    """A phrase with its words, or an event with its length, as evidence."""
    if event.text:
        return quoted(event, event.kind)
    note = f"{event.kind} {event.detail}".strip()
    return Evidence(event.span, event.role, "", event.span.duration_s, "s", note)


def words_of(name: str) -> str:
    """The name of a kind, for people."""
    return name.replace("_", " ")
