"""Standards against one conversation: a finding each, with its evidence or the span that was searched."""

import functools
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import msgspec

from audit.doubt import LEAST_SEEN, deaf, hidden, unseen
from audit.interactions import Conversation, Event, Role, clock
from audit.portraits import portraits
from audit.quantities import Quantity, show
from audit.rubric import Avoid, During, Keep, Rubric, Say, Standard, Verb, When
from audit.signals import Measure, event_kinds, kinds, measure_kinds
from audit.spells import nobody_of
from audit.voices import poor
from models.observations import Span

SURE = 0.5
"""A verdict resting on hearing or likeness below this is not given: even odds are a guess."""


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    NO_OPPORTUNITY = "no_opportunity"
    CANNOT_TELL = "cannot_tell"

    @property
    def assessed(self) -> bool:
        return self in (Verdict.MET, Verdict.MISSED)


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


class Finding(msgspec.Struct, frozen=True):
    """The machine's verdict on one standard; `credit` is None unless it was assessed."""

    standard: str
    verdict: Verdict
    credit: float | None
    confidence: float
    reason: str
    evidence: tuple[Evidence, ...] = ()
    searched: tuple[Span, ...] = ()


class _Outcome(msgspec.Struct, frozen=True):
    """What one opportunity gave: `credit` None means it cannot be told."""

    credit: float | None
    confidence: float
    reason: str
    evidence: tuple[Evidence, ...] = ()


def judge(rubric: Rubric, conversation: Conversation) -> tuple[Finding, ...]:
    """A finding for every standard, in the rubric's order; the conversation is as this rubric looks at it."""
    return tuple(judge_standard(standard, conversation) for standard in rubric.standards)


def judge_standard(standard: Standard, conversation: Conversation) -> Finding:
    """The finding on one standard: each opportunity is judged, the credit is the mean of theirs."""
    finding = functools.partial(Finding, standard.id)
    if standard.verb == Verb.ASK:
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
    outcomes = [_VERBS[standard.verb](standard, conversation, window) for window in windows]
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
    if standard.avoid and of_words(standard.avoid.event):
        yield standard.by or Role.ANYONE
    if when and (when.said or of_words(when.event) or of_words(when.measure)):
        yield when.by
    if during and of_words(during.anchor):
        yield during.by


def _tally(outcomes: list[_Outcome], shown: _Outcome) -> str:
    met = sum(o.credit == 1 for o in outcomes)
    return f"{met} of {len(outcomes)} times; {shown.reason}"


def _unapplied(standard: Standard, conversation: Conversation) -> Finding | None:
    """The finding when the rule's `when` does not hold, or nobody can tell; None when it does."""
    when = standard.when
    if when is None:
        return None
    unsure = functools.partial(Finding, standard.id, Verdict.CANNOT_TELL, None)
    unneeded = functools.partial(Finding, standard.id, Verdict.NO_OPPORTUNITY, None, 1.0)
    if when.measure:
        taken = _take(when.measure, when.by, conversation, conversation.whole)
        if taken.value is None:
            return unsure(0.0, f"whether it applies: {taken.reason}")
        low = when.at_least.value if when.at_least else float("-inf")
        high = when.at_most.value if when.at_most else float("inf")
        if taken.still_open and taken.value <= high and not (taken.value >= low and high == float("inf")):
            return unsure(0.0, f"whether it applies: {taken.reason}")
        if low <= taken.value <= high:
            return None
        shown = show(taken.value, taken.unit)
        return unneeded(f"applies {_band(when)}; {_words(when.measure)} was {shown}")
    name = when.said or when.event or ""
    if any(e.confidence >= SURE for e in _events(name, when.by, conversation)):
        return None
    return _not_applying(standard, name, when.by, conversation)


def _not_applying(standard: Standard, name: str, by: Role, conversation: Conversation) -> Finding:
    """The finding when a phrase or event that makes the rule apply was not surely found."""
    who = "" if by == Role.ANYONE else f" by the {by}"
    perhaps = _events(name, by, conversation)
    unknown = conversation.said(name, None) if by != Role.ANYONE and name not in event_kinds() else ()
    if not perhaps and unknown:
        where = clock(unknown[0].span.start_s)
        reason = f"whether it applies: '{name}' was said at {where}, but by whom is unknown"
        return Finding(standard.id, Verdict.CANNOT_TELL, None, 0.0, reason, (_quoted(unknown[0], name),))
    if not perhaps and conversation.recognised and name not in event_kinds():
        perhaps = conversation.near(name, by)
    if perhaps:
        where = clock(perhaps[0].span.start_s)
        reason = f"whether it applies: something like '{name}'{who} was {_sensed(name)} at {where}"
        evidence = (_quoted(perhaps[0], f"like {name}"),)
        return Finding(standard.id, Verdict.CANNOT_TELL, None, 0.0, reason, evidence)
    whole = (conversation.whole,)
    seen = name in event_kinds()
    doubt = unseen(name, by, conversation, whole[0]) if seen else deaf(conversation, by, whole)
    if doubt:
        return Finding(standard.id, Verdict.CANNOT_TELL, None, 0.0, f"whether it applies: {doubt}")
    reason = f"'{name}'{who} did not occur"
    return Finding(standard.id, Verdict.NO_OPPORTUNITY, None, 1.0, reason, (), whole)


def _sensed(name: str) -> str:
    """How a phrase or event comes to be known."""
    kind = event_kinds().get(name)
    return "seen" if kind and "people" in kind.needs else "heard"


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
        for event in _events(anchor, during.by, conversation):
            if event.confidence < SURE:
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


def _events(name: str, by: Role, conversation: Conversation) -> tuple[Event, ...]:
    """Occurrences of a phrase or an event kind by a role."""
    kind = event_kinds().get(name)
    if kind is None:
        return conversation.said(name, by)
    return tuple(e for e in kind.find(conversation) if by in (Role.ANYONE, e.role))


def _quoted(event: Event, note: str = "") -> Evidence:
    return Evidence(event.span, event.role, event.text, note=note)


def _say(standard: Standard, conversation: Conversation, window: Span) -> _Outcome:
    rule = standard.say or Say()
    found: list[Event] = []
    absent: list[str] = []
    for phrase in rule.phrases:
        said = [e for e in conversation.said(phrase, standard.party) if _starts_in(e, window)]
        if said:
            found.append(max(said, key=lambda e: e.confidence))
        else:
            absent.append(phrase)
    evidence = tuple(_quoted(e, e.kind) for e in sorted(found, key=lambda e: e.span))
    weak = [e for e in found if e.confidence < SURE]
    enough = bool(found) if rule.any else not absent
    if enough and (not weak or (rule.any and len(weak) < len(found))):
        confidence = max(e.confidence for e in found) if rule.any else min(e.confidence for e in found)
        return _Outcome(1.0, confidence, "said " + _listed(found), evidence)
    if enough:
        return _Outcome(None, 0.0, f"perhaps said, but heard weakly: {_listed(weak)}", evidence)
    doubt, near = _doubt(absent, standard.party, conversation, window)
    if doubt:
        return _Outcome(None, 0.0, doubt, (*evidence, *near))
    # `any` with nothing found earns nothing; of `all` the share that was said is shown and earned.
    credit = 0.0 if rule.any else len(found) / len(rule.phrases)
    missing = " or ".join(f"'{p}'" for p in absent) if rule.any else ", ".join(f"'{p}'" for p in absent)
    return _Outcome(credit, _hearing(conversation, standard.party, window), f"not said: {missing}", evidence)


MOST_LISTED = 3
"""So many events are named in a reason: all of them stand in the evidence."""


def _listed(events: Sequence[Event]) -> str:
    named = [f"'{e.kind}' at {clock(e.span.start_s)} {e.detail}".strip() for e in events[:MOST_LISTED]]
    more = f" and {len(events) - MOST_LISTED} more" if len(events) > MOST_LISTED else ""
    return ", ".join(named) + more


def _starts_in(event: Event, window: Span) -> bool:
    return window.start_s <= event.span.start_s < window.end_s


def _doubt(
    phrases: list[str], by: Role, conversation: Conversation, window: Span
) -> tuple[str, tuple[Evidence, ...]]:
    """Why 'not said' cannot be said of these phrases, with the moments that raise the doubt."""
    for phrase in phrases:
        for event in conversation.said(phrase, None) if by != Role.ANYONE else ():
            if _starts_in(event, window):
                where = clock(event.span.start_s)
                return f"'{phrase}' was said at {where}, but by whom is unknown", (_quoted(event, phrase),)
        if conversation.recognised:
            near = next((e for e in conversation.near(phrase, by) if _starts_in(e, window)), None)
            if near:
                where = clock(near.span.start_s)
                return f"something like '{phrase}' was heard at {where}", (_quoted(near, f"like {phrase}"),)
    return deaf(conversation, by, (window,)), ()


def _hearing(conversation: Conversation, by: Role, window: Span) -> float:
    """How sure one can be that nothing was missed in the window: the mean probability of its words."""
    return conversation.heard(by).mean_probability(window)


def _avoid(standard: Standard, conversation: Conversation, window: Span) -> _Outcome:
    rule = standard.avoid or Avoid()
    names = rule.said or (rule.event or "",)
    # A written message has no length: without a limit every occurrence counts.
    longest_s = rule.longer_than.value if rule.longer_than else -1.0
    by = standard.party if rule.said else standard.by or Role.ANYONE
    happened = [
        e
        for name in names
        for e in _events(name, by, conversation)
        # A phrase counts where it begins, an event wherever it reaches into.
        if (_starts_in(e, window) if rule.said else e.span & window) and e.span.duration_s > longest_s
    ]
    evidence = tuple(
        _quoted(e, e.kind)
        if e.text
        else Evidence(e.span, e.role, "", e.span.duration_s, "s", f"{e.kind} {e.detail}".strip())
        for e in sorted(happened, key=lambda e: e.span)
    )
    # Nobody is accused of words that are only like the forbidden ones.
    sure = [e for e in happened if e.confidence >= SURE and e.likeness == 1]
    if sure:
        return _Outcome(0.0, max(e.confidence for e in sure), f"{_listed(sure)}", evidence)
    if happened:
        return _Outcome(
            None, 0.0, f"perhaps {_listed(happened)}, but not {_sensed(names[0])} clearly", evidence
        )
    unknown = [e for name in rule.said for e in conversation.said(name, None) if _starts_in(e, window)]
    if unknown and by != Role.ANYONE:
        return _Outcome(
            None, 0.0, f"{_listed(unknown)}, but by whom is unknown", tuple(map(_quoted, unknown))
        )
    doubt = (
        deaf(conversation, by, (window,)) if rule.said else unseen(rule.event or "", by, conversation, window)
    )
    if doubt:
        return _Outcome(None, 0.0, doubt)
    confidence = _hearing(conversation, by, window) if rule.said else 1.0
    return _Outcome(1.0, confidence, "did not happen")


def _keep(standard: Standard, conversation: Conversation, window: Span) -> _Outcome:
    rule = standard.keep
    if rule is None:
        return _Outcome(None, 0.0, "no measure")
    taken = _take(rule.measure, standard.party, conversation, window)
    if taken.value is None:
        return _Outcome(None, 0.0, taken.reason)
    who = standard.party if measure_kinds()[rule.measure].of_party else None
    # Moments of a distance show the distance, others how long they last.
    evidence = tuple(
        Evidence(s, who, "", *((taken.value, "m") if taken.unit == "m" else (s.duration_s, "s")))
        for s in taken.evidence or ()
    ) or (Evidence(taken.window, who, "", taken.value, taken.unit),)
    if taken.confidence < SURE:
        return _Outcome(None, 0.0, f"{_words(rule.measure)} rests on words heard weakly", evidence)
    if taken.coverage < LEAST_SEEN:
        return _Outcome(None, 0.0, hidden(standard.party, taken.coverage), evidence)
    told = explain_keep(rule, taken.value, taken.unit)
    if taken.low is not None and taken.high is not None:
        return _within_error(rule, taken, taken.low, taken.high, told, evidence)
    if taken.still_open:
        # The true value is this or more: only beyond a band, or inside one without upper end, is it told.
        low, high = rule.band
        if taken.value <= high and not (taken.value >= low and high == float("inf")):
            return _Outcome(None, 0.0, taken.reason, evidence)
        told = f"{taken.reason}: {told}"
    return _Outcome(rule.credit(taken.value), taken.confidence, told, evidence)


def _within_error(
    rule: Keep, taken: Measure, least: float, most: float, told: str, evidence: tuple[Evidence, ...]
) -> _Outcome:
    """The outcome of a measure that is known with an error: missed only when all of it lies outside the band,
    met when most of it lies inside."""
    low, high = rule.band
    value = taken.value if taken.value is not None else least
    told = f"{told} (between {show(least, taken.unit)} and {show(most, taken.unit)} in 9 of 10 cases)"
    if most < low or least > high:
        return _Outcome(rule.credit(value), taken.confidence, told, evidence)
    inside = 1.0 if most <= least else (min(most, high) - max(least, low)) / (most - least)
    if rule.credit(value) == 1 and inside >= SURE:
        return _Outcome(1.0, round(min(taken.confidence, inside), 3), told, evidence)
    return _Outcome(None, 0.0, f"too near to the limit to tell: {told}", evidence)


def explain_keep(rule: Keep, value: float, unit: str) -> str:
    """A measured value beside its target, in words."""
    if rule.between:
        target = f"between {rule.between[0]} and {rule.between[1]}"
    else:
        target = f"at most {rule.at_most}" if rule.at_most else f"at least {rule.at_least}"
    return f"{_words(rule.measure)} {show(value, unit)}, wanted {target}"


def _take(name: str, by: Role, conversation: Conversation, window: Span) -> Measure:
    kind = measure_kinds()[name]
    reason = next((why for need, why in conversation.missing.items() if need in kind.needs), "")
    if reason:
        return Measure(name, None, kind.unit, window, 0.0, reason=reason)
    return kind.take(conversation, by, window)


def _words(name: str) -> str:
    return name.replace("_", " ")


_VERBS: dict[Verb, Callable[[Standard, Conversation, Span], _Outcome]] = {
    Verb.SAY: _say,
    Verb.AVOID: _avoid,
    Verb.KEEP: _keep,
}
