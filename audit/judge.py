"""Standards against one conversation: a finding each, with its evidence or the span that was searched."""

import functools
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from audit.doubt import deaf, unseen
from audit.interactions import Conversation, Role, clock
from audit.outcomes import Evidence, Outcome, events_of, outcome, quoted, sensed, take, words_of
from audit.portraits import portraits
from audit.quantities import Quantity, show
from audit.rubric import During, Rubric, Standard, When
from audit.signals import event_kinds, kinds
from audit.spells import nobody_of
from audit.trace import traced
from audit.voices import poor
from models.observations import Span


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    NO_OPPORTUNITY = "no_opportunity"
    CANNOT_TELL = "cannot_tell"

    @property
    def assessed(self) -> bool:
        return self in (Verdict.MET, Verdict.MISSED)


class Finding(msgspec.Struct, frozen=True):
    """The machine's verdict on one standard; `credit` is None unless it was assessed."""

    standard: str
    verdict: Verdict
    credit: float | None
    confidence: float
    reason: str
    evidence: tuple[Evidence, ...] = ()
    searched: tuple[Span, ...] = ()


def judge(rubric: Rubric, conversation: Conversation) -> tuple[Finding, ...]:
    """A finding for every standard, in the rubric's order; the conversation is as this rubric looks at it."""
    return tuple(judge_standard(standard, conversation) for standard in rubric.standards)


@traced
def judge_standard(standard: Standard, conversation: Conversation) -> Finding:
    """The finding on one standard: each opportunity is judged, the credit is the mean of theirs."""
    finding = functools.partial(Finding, standard.id)
    if standard.ask is not None:
        return finding(Verdict.CANNOT_TELL, None, 0.0, *_shown(standard, conversation))
    muffled = next(filter(None, (poor(conversation, role) for role in _listens_to(standard))), "")
    if muffled and conversation.recognised:
        return finding(Verdict.CANNOT_TELL, None, 0.0, muffled)
    stopped = _unapplied(standard, conversation)
    if stopped:
        return stopped
    windows = tuple(_windows(standard.during, standard.party, conversation))
    if not windows and standard.during and standard.during.anchor:
        return _not_applying(standard, standard.during.anchor, standard.during.by, conversation)
    if not windows:
        return finding(Verdict.CANNOT_TELL, None, 0.0, f"no words of the {standard.party} to look at")
    outcomes = [outcome(standard, conversation, window) for window in windows]
    told = [o for o in outcomes if o.credit is not None]
    evidence = tuple(e for o in outcomes for e in o.evidence)
    if not told:
        return finding(Verdict.CANNOT_TELL, None, 0.0, outcomes[0].reason, evidence, windows)
    credit = sum(o.credit for o in told if o.credit is not None) / len(told)
    confidence = round(min(o.confidence for o in told), 3)
    if credit < 1 or len(told) == len(outcomes):
        worst = min(told, key=lambda o: o.credit if o.credit is not None else 1.0)
        reason = worst.reason if len(windows) == 1 else _tally(outcomes, worst)
        verdict = Verdict.MET if credit == 1 else Verdict.MISSED
        return finding(verdict, round(credit, 6), confidence, reason, evidence, windows)
    # What could be told was met, but not every opportunity could be told: "met" would be a guess.
    unsure = next(o for o in outcomes if o.credit is None)
    return finding(Verdict.CANNOT_TELL, None, 0.0, _tally(outcomes, unsure), evidence, windows)


def _shown(standard: Standard, conversation: Conversation) -> tuple[str, tuple[Evidence, ...]]:
    """Why an `ask` has no verdict yet, and the pictures for whoever answers it."""
    waits = "awaits a person"
    if not standard.show or "people" in conversation.missing:
        return waits, ()
    lacking = nobody_of(conversation, standard.party, conversation.whole)
    pictures = portraits(conversation, standard.party)
    evidence = tuple(
        Evidence(p.span, standard.party, note="sharp picture", box_px=p.box_px) for p in pictures
    )
    return (f"{waits}; no pictures: {lacking}" if lacking else waits), evidence


def _listens_to(standard: Standard) -> Iterator[Role]:
    """Whose words the standard depends on."""
    when, during = standard.when, standard.during

    def of_words(name: str | None) -> bool:
        return bool(name) and (name not in kinds() or "utterances" in kinds()[name or ""].needs)

    if (
        standard.say
        or (standard.avoid and standard.avoid.said)
        or (standard.keep and of_words(standard.keep.measure))
    ):
        yield standard.party
    if standard.do and any(of_words(event) for event in standard.do.events):
        yield standard.party
    if standard.avoid and of_words(standard.avoid.event):
        yield standard.by or Role.ANYONE
    if when and (when.said or of_words(when.event) or of_words(when.measure)):
        yield when.by
    if during and of_words(during.anchor):
        yield during.by


def _tally(outcomes: list[Outcome], shown: Outcome) -> str:
    met = sum(o.credit == 1 for o in outcomes)
    return f"{met} of {len(outcomes)} times; {shown.reason}"


@traced
def _unapplied(standard: Standard, conversation: Conversation) -> Finding | None:
    """The finding when the rule's `when` does not hold, or nobody can tell; None when it does."""
    when = standard.when
    if when is None:
        return None
    unsure = functools.partial(Finding, standard.id, Verdict.CANNOT_TELL, None)
    unneeded = functools.partial(Finding, standard.id, Verdict.NO_OPPORTUNITY, None, 1.0)
    if when.measure:
        taken = take(when.measure, when.by, conversation, conversation.whole)
        if taken.value is None:
            return unsure(0.0, f"whether it applies: {taken.reason}")
        low = when.at_least.value if when.at_least else float("-inf")
        high = when.at_most.value if when.at_most else float("inf")
        if taken.still_open and taken.value <= high and not (taken.value >= low and high == float("inf")):
            return unsure(0.0, f"whether it applies: {taken.reason}")
        if low <= taken.value <= high:
            return None
        shown = show(taken.value, taken.unit)
        return unneeded(f"applies {_band(when)}; {words_of(when.measure)} was {shown}")
    name = when.said or when.event or ""
    if any(e.sure for e in events_of(name, when.by, conversation)):
        return None
    return _not_applying(standard, name, when.by, conversation)


@traced
def _not_applying(standard: Standard, name: str, by: Role, conversation: Conversation) -> Finding:
    """The finding when a phrase or event that makes the rule apply was not surely found."""
    who = "" if by == Role.ANYONE else f" by the {by}"
    perhaps = events_of(name, by, conversation)
    unknown = conversation.said(name, None) if by != Role.ANYONE and name not in event_kinds() else ()
    if not perhaps and unknown:
        where = clock(unknown[0].span.start_s)
        reason = f"whether it applies: '{name}' was said at {where}, but by whom is unknown"
        return Finding(standard.id, Verdict.CANNOT_TELL, None, 0.0, reason, (quoted(unknown[0], name),))
    if not perhaps and conversation.recognised and name not in event_kinds():
        perhaps = conversation.near(name, by)
    if perhaps:
        where = clock(perhaps[0].span.start_s)
        reason = f"whether it applies: something like '{name}'{who} was {sensed(name)} at {where}"
        evidence = (quoted(perhaps[0], f"like {name}"),)
        return Finding(standard.id, Verdict.CANNOT_TELL, None, 0.0, reason, evidence)
    whole = (conversation.whole,)
    seen = name in event_kinds()
    doubt = unseen(name, by, conversation, whole[0]) if seen else deaf(conversation, by, whole)
    if doubt:
        return Finding(standard.id, Verdict.CANNOT_TELL, None, 0.0, f"whether it applies: {doubt}")
    reason = f"'{name}'{who} did not occur"
    return Finding(standard.id, Verdict.NO_OPPORTUNITY, None, 1.0, reason, (), whole)


def _band(rule: When) -> str:
    parts = [
        f"from {rule.at_least}" if rule.at_least else "",
        f"up to {rule.at_most}" if rule.at_most else "",
    ]
    return " ".join(filter(None, parts))


def _windows(during: During | None, by: Role, conversation: Conversation) -> Iterator[Span]:
    """The parts of the interaction that the rule looks at; for an anchored rule one per occurrence."""
    whole = conversation.whole
    if during is None:
        yield whole
    elif during.first or during.last:
        yield from _edge(during.first or during.last, during.first is not None, by, conversation)  # type: ignore[arg-type]
    else:
        anchor = during.anchor or ""
        reach_s = during.within.value if during.within else float("inf")
        for event in events_of(anchor, during.by, conversation):
            if not event.sure:
                continue
            if during.before:
                yield Span(max(whole.start_s, event.span.start_s - reach_s), event.span.start_s)
            else:
                yield Span(
                    event.span.end_s, max(event.span.end_s, min(whole.end_s, event.span.end_s + reach_s))
                )


def _edge(amount: Quantity, first: bool, by: Role, conversation: Conversation) -> Iterator[Span]:
    whole = conversation.whole
    if amount.unit == "s":
        length_s = min(amount.value, whole.end_s)
        yield Span(0.0, length_s) if first else Span(whole.end_s - length_s, whole.end_s)
        return
    turns = list(_turns(by, conversation))
    if turns:
        edge = turns[: int(amount.value)] if first else turns[-int(amount.value) :]
        yield Span(0.0, edge[-1].end_s) if first else Span(edge[0].start_s, whole.end_s)


def _turns(by: Role, conversation: Conversation) -> Iterator[Span]:
    """What a role said between two utterances of others, as one span each."""
    pending: Span | None = None
    for role, utterance in conversation.utterances:
        if by in (Role.ANYONE, role):
            # A written message has no length; a moment later still belongs to it.
            end_s = max(utterance.span.end_s, utterance.span.start_s + 0.001)
            pending = Span(pending.start_s if pending else utterance.span.start_s, end_s)
        elif pending:
            yield pending
            pending = None
    if pending:
        yield pending
