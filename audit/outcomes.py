"""What one opportunity of a standard gives: the rules of its verbs over one window of a conversation."""

from collections.abc import Callable, Sequence

import msgspec

from audit.doubt import LEAST_SEEN, deaf, hidden, unseen
from audit.interactions import SURE, Conversation, Event, Role, clock
from audit.quantities import show
from audit.rubric import Avoid, Do, Keep, Say, Standard, Verb
from audit.signals import Measure, event_kinds, measure_kinds
from audit.trace import traced
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


class Outcome(msgspec.Struct, frozen=True):
    """What one opportunity gave: `credit` None means it cannot be told."""

    credit: float | None
    confidence: float
    reason: str
    evidence: tuple[Evidence, ...] = ()


@traced
def outcome(standard: Standard, conversation: Conversation, window: Span) -> Outcome:
    """What the window gives; of a standard with two verbs (`say` and `do`) what both give together."""
    parts = [_VERBS[verb](standard, conversation, window) for verb in standard.verbs]
    if len(parts) == 1:
        return parts[0]
    evidence = tuple(sorted((e for part in parts for e in part.evidence), key=lambda e: e.span))
    reason = "; ".join(part.reason for part in parts)
    told = [part.credit for part in parts if part.credit is not None]
    # One part that surely failed is enough to miss both; one that cannot be told leaves it open.
    if len(told) < len(parts) and (not told or min(told) == 1):
        return Outcome(None, 0.0, reason, evidence)
    return Outcome(sum(told) / len(parts), min(part.confidence for part in parts), reason, evidence)


def sensed(name: str) -> str:
    """How a phrase or event comes to be known."""
    kind = event_kinds().get(name)
    return "seen" if kind and "people" in kind.needs else "heard"


@traced
def events_of(name: str, by: Role, conversation: Conversation) -> tuple[Event, ...]:
    """Occurrences of a phrase or an event kind by a role."""
    kind = event_kinds().get(name)
    if kind is None:
        return conversation.said(name, by)
    if conversation.acted is not None and "people" in kind.needs:
        found = tuple(sorted((e for e in conversation.acted if e.kind == name), key=lambda e: e.span))
    else:
        found = kind.find(conversation)
    return tuple(e for e in found if by in (Role.ANYONE, e.role))


def quoted(event: Event, note: str = "") -> Evidence:
    return Evidence(event.span, event.role, event.text, note=note)


@traced
def _say(standard: Standard, conversation: Conversation, window: Span) -> Outcome:
    rule = standard.say or Say()
    found: list[Event] = []
    absent: list[str] = []
    for phrase in rule.phrases:
        said = [e for e in conversation.said(phrase, standard.party) if _starts_in(e, window)]
        if said:
            found.append(max(said, key=lambda e: e.confidence))
        else:
            absent.append(phrase)
    evidence = tuple(quoted(e, e.kind) for e in sorted(found, key=lambda e: e.span))
    weak = [e for e in found if not e.sure]
    enough = bool(found) if rule.any else not absent
    if enough and (not weak or (rule.any and len(weak) < len(found))):
        confidence = max(e.confidence for e in found) if rule.any else min(e.confidence for e in found)
        return Outcome(1.0, confidence, "said " + _listed(found), evidence)
    if enough:
        return Outcome(None, 0.0, f"perhaps said, but heard weakly: {_listed(weak)}", evidence)
    doubt, near = _doubt(absent, standard.party, conversation, window)
    if doubt:
        return Outcome(None, 0.0, doubt, (*evidence, *near))
    # `any` with nothing found earns nothing; of `all` the share that was said is shown and earned.
    credit = 0.0 if rule.any else len(found) / len(rule.phrases)
    missing = " or ".join(f"'{p}'" for p in absent) if rule.any else ", ".join(f"'{p}'" for p in absent)
    return Outcome(credit, _hearing(conversation, standard.party, window), f"not said: {missing}", evidence)


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
                return f"'{phrase}' was said at {where}, but by whom is unknown", (quoted(event, phrase),)
        if conversation.recognised:
            near = next((e for e in conversation.near(phrase, by) if _starts_in(e, window)), None)
            if near:
                where = clock(near.span.start_s)
                return f"something like '{phrase}' was heard at {where}", (quoted(near, f"like {phrase}"),)
    return deaf(conversation, by, (window,)), ()


def _hearing(conversation: Conversation, by: Role, window: Span) -> float:
    """How sure one can be that nothing was missed in the window: the mean probability of its words."""
    return conversation.heard(by).mean_probability(window)


@traced
def _avoid(standard: Standard, conversation: Conversation, window: Span) -> Outcome:
    rule = standard.avoid or Avoid()
    names = rule.said or (rule.event or "",)
    # A written message has no length: without a limit every occurrence counts.
    longest_s = rule.longer_than.value if rule.longer_than else -1.0
    by = standard.party if rule.said else standard.by or Role.ANYONE
    happened = [
        e
        for name in names
        for e in events_of(name, by, conversation)
        # A phrase counts where it begins, an event wherever it reaches into.
        if (_starts_in(e, window) if rule.said else e.span & window) and e.span.duration_s > longest_s
    ]
    evidence = tuple(
        quoted(e, e.kind)
        if e.text
        else Evidence(e.span, e.role, "", e.span.duration_s, "s", f"{e.kind} {e.detail}".strip())
        for e in sorted(happened, key=lambda e: e.span)
    )
    # Nobody is accused of words that are only like the forbidden ones.
    kind = event_kinds().get(rule.event or "")
    least = kind.accuses if kind else SURE
    sure = [e for e in happened if e.confidence >= (kind.accuses if kind else e.least) and e.likeness == 1]
    if sure:
        return Outcome(0.0, max(e.confidence for e in sure), f"{_listed(sure)}", evidence)
    if happened:
        likeliest = max(e.confidence for e in happened)
        measured = SURE <= likeliest < least
        doubt = f"only {100 * likeliest:.0f} % sure" if measured else f"not {sensed(names[0])} clearly"
        return Outcome(None, 0.0, f"perhaps {_listed(happened)}, but {doubt}", evidence)
    unknown = [e for name in rule.said for e in conversation.said(name, None) if _starts_in(e, window)]
    if unknown and by != Role.ANYONE:
        return Outcome(None, 0.0, f"{_listed(unknown)}, but by whom is unknown", tuple(map(quoted, unknown)))
    doubt = (
        deaf(conversation, by, (window,)) if rule.said else unseen(rule.event or "", by, conversation, window)
    )
    if doubt:
        return Outcome(None, 0.0, doubt)
    confidence = _hearing(conversation, by, window) if rule.said else 1.0
    return Outcome(1.0, confidence, "did not happen")


@traced
def _keep(standard: Standard, conversation: Conversation, window: Span) -> Outcome:
    rule = standard.keep
    if rule is None:
        return Outcome(None, 0.0, "no measure")
    taken = take(rule.measure, standard.party, conversation, window)
    if taken.value is None:
        return Outcome(None, 0.0, taken.reason)
    who = standard.party if measure_kinds()[rule.measure].of_party else None
    # Moments of a distance show the distance, others how long they last.
    evidence = tuple(
        Evidence(s, who, "", *((taken.value, "m") if taken.unit == "m" else (s.duration_s, "s")))
        for s in taken.evidence or ()
    ) or (Evidence(taken.window, who, "", taken.value, taken.unit),)
    if taken.confidence < SURE:
        return Outcome(None, 0.0, f"{words_of(rule.measure)} rests on words heard weakly", evidence)
    if taken.coverage < LEAST_SEEN:
        return Outcome(None, 0.0, hidden(standard.party, taken.coverage), evidence)
    told = explain_keep(rule, taken.value, taken.unit)
    if taken.low is not None and taken.high is not None:
        return _within_error(rule, taken, taken.low, taken.high, told, evidence)
    if taken.still_open:
        # The true value is this or more: only beyond a band, or inside one without upper end, is it told.
        low, high = rule.band
        if taken.value <= high and not (taken.value >= low and high == float("inf")):
            return Outcome(None, 0.0, taken.reason, evidence)
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
        return Outcome(1.0, round(min(taken.confidence, inside), 3), told, evidence)
    return Outcome(None, 0.0, f"too near to the limit to tell: {told}", evidence)


def explain_keep(rule: Keep, value: float, unit: str) -> str:
    """A measured value beside its target, in words."""
    if rule.between:
        target = f"between {rule.between[0]} and {rule.between[1]}"
    else:
        target = f"at most {rule.at_most}" if rule.at_most else f"at least {rule.at_least}"
    return f"{words_of(rule.measure)} {show(value, unit)}, wanted {target}"


@traced
def take(name: str, by: Role, conversation: Conversation, window: Span) -> Measure:
    kind = measure_kinds()[name]
    reason = next((why for need, why in conversation.missing.items() if need in kind.needs), "")
    if reason:
        return Measure(name, None, kind.unit, window, 0.0, reason=reason)
    return kind.take(conversation, by, window)


def words_of(name: str) -> str:
    return name.replace("_", " ")


@traced
def _do(standard: Standard, conversation: Conversation, window: Span) -> Outcome:
    rule = standard.do or Do()
    # What nobody in particular does ("stands in front") is looked for whoever it is.
    who = {name: standard.party if event_kinds()[name].of_party else Role.ANYONE for name in rule.events}
    found: list[Event] = []
    absent: list[str] = []
    for name, by in who.items():
        done = [e for e in events_of(name, by, conversation) if e.span & window]
        if done:
            found.append(max(done, key=lambda e: e.confidence))
        else:
            absent.append(name)
    evidence = tuple(
        Evidence(e.span, e.role, e.text, e.span.duration_s, "s", e.kind)
        for e in sorted(found, key=lambda e: e.span)
    )
    weak = [e for e in found if not e.sure]
    enough = bool(found) if rule.any else not absent
    if enough and (not weak or (rule.any and len(weak) < len(found))):
        confidence = max(e.confidence for e in found) if rule.any else min(e.confidence for e in found)
        return Outcome(1.0, confidence, _listed(found), evidence)
    if enough:
        told = f"perhaps {_listed(weak)}, but not {sensed(weak[0].kind)} clearly"
        return Outcome(None, 0.0, told, evidence)
    doubt = next(filter(None, (unseen(name, who[name], conversation, window) for name in absent)), "")
    if doubt:
        return Outcome(None, 0.0, doubt, evidence)
    credit = 0.0 if rule.any else len(found) / len(rule.events)
    missing = (" or " if rule.any else ", ").join(f"'{name}'" for name in absent)
    return Outcome(credit, 1.0, f"not done: {missing}", evidence)


_VERBS: dict[Verb, Callable[[Standard, Conversation, Span], Outcome]] = {
    Verb.SAY: _say,
    Verb.DO: _do,
    Verb.AVOID: _avoid,
    Verb.KEEP: _keep,
}
