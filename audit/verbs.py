"""What `say`, `do` and `avoid` give over one window."""

from collections.abc import Callable

from audit.case import Case
from audit.counts import Count, per_window
from audit.interactions import Event, Role, clock
from audit.outcomes import Evidence, Outcome, listed, quoted, sensed, shown, untold
from audit.rules import Avoid, Do, Say
from audit.signals import event_kinds
from audit.trace import traced
from models.observations import Span


@traced
def say(rule: Say, by: Role, case: Case, window: Span) -> Outcome:
    """Phrases that are to be said: all of them, any one, or so often."""
    if rule.limited:
        return _said_so_often(rule, by, case, window)
    found: list[Event] = []
    absent: list[str] = []
    for phrase in rule.phrases:
        said = case.within(phrase, by, window)
        if said:
            found.append(max(said, key=lambda e: e.confidence))
        else:
            absent.append(phrase)
    one = not rule.all
    evidence = tuple(quoted(e, e.kind) for e in sorted(found, key=lambda e: e.span))
    weak = [e for e in found if not case.surely(e)]
    enough = bool(found) if one else not absent
    if enough and (not weak or (one and len(weak) < len(found))):
        confidence = max(e.confidence for e in found) if one else min(e.confidence for e in found)
        return Outcome(1.0, confidence, "said " + listed(found), evidence)
    if enough:
        return untold(f"perhaps said, but heard weakly: {listed(weak)}", evidence)
    doubt, near = _doubt(absent, by, case, window)
    if doubt:
        return untold(doubt, (*evidence, *near))
    # `any` with nothing found earns nothing; of `all` the share that was said is shown and earned.
    credit = 0.0 if one else len(found) / len(rule.phrases)
    missing = (" or " if one else ", ").join(f"'{p}'" for p in absent)
    told, denied = _denied(tuple(absent), by, case, window)
    return Outcome(credit, case.hearing(by, window), f"not said: {missing}{told}", (*evidence, *denied))


def _denied(phrases: tuple[str, ...], by: Role, case: Case, window: Span) -> tuple[str, tuple[Evidence, ...]]:
    """What is told of phrases that are said of what is not ("I can't promise") or only in a condition, with
    their moments."""
    found = sorted((e for p in phrases for e in case.negated(p, by, window)), key=lambda e: e.span)
    if not found:
        return "", ()
    asks = case.conversation.phrases.questions.issuperset(e.kind for e in found)
    how = "in a condition or negated" if asks else "negated"
    return f"; only {how}: {listed(found)}", tuple(quoted(e, f"{how}: {e.kind}") for e in found)


def _doubt(phrases: list[str], by: Role, case: Case, window: Span) -> tuple[str, tuple[Evidence, ...]]:
    """Why 'not said' cannot be said of these phrases, with the moments that raise the doubt."""
    for phrase in phrases:
        why, near = case.doubt(phrase, by, window)
        if why:
            return why, near
    return case.deaf(by, window), ()


def _said_so_often(rule: Say, by: Role, case: Case, window: Span) -> Outcome:
    found = _occurrences(rule.phrases, lambda name: case.within(name, by, window))
    sure = [e for e in found if case.surely(e)]
    phrases = list(rule.phrases)
    count = Count(sure, len(found) - len(sure), lambda: _doubt(phrases, by, case, window)[0])
    return per_window(rule, count, "said", window, case.hearing(by, window))


def _occurrences(names: tuple[str, ...], find: Callable[[str], tuple[Event, ...]]) -> list[Event]:
    """All of them in order of time; words that are two phrases at once count once, as the surer one."""
    found = [e for name in names for e in find(name)]
    if len(names) == 1:
        return found
    kept: list[Event] = []
    for event in sorted(found, key=lambda e: (-e.confidence, -e.span.duration_s, e.span)):
        if not any(_same_words(event, other) for other in kept):
            kept.append(event)
    return sorted(kept, key=lambda e: e.span)


def _same_words(one: Event, other: Event) -> bool:
    return bool(one.text and one.kind != other.kind and one.role == other.role and one.span & other.span)


@traced
def do(rule: Do, by: Role, case: Case, window: Span) -> Outcome:
    """Events that the party has to make happen: all of them, any one, or so often."""
    # What nobody in particular does ("stands in front") is looked for whoever it is.
    who = {name: by if event_kinds()[name].of_party else Role.ANYONE for name in rule.events}
    if rule.limited:
        return _done_so_often(rule, who, case, window)
    found: list[Event] = []
    absent: list[str] = []
    for name, whose in who.items():
        done = case.within(name, whose, window)
        if done:
            found.append(max(done, key=lambda e: e.confidence))
        else:
            absent.append(name)
    one = not rule.all
    evidence = tuple(
        Evidence(e.span, e.role, e.text, e.span.duration_s, "s", e.kind)
        for e in sorted(found, key=lambda e: e.span)
    )
    weak = [e for e in found if not case.surely(e)]
    enough = bool(found) if one else not absent
    if enough and (not weak or (one and len(weak) < len(found))):
        confidence = max(e.confidence for e in found) if one else min(e.confidence for e in found)
        return Outcome(1.0, confidence, listed(found), evidence)
    if enough:
        return untold(f"perhaps {listed(weak)}, but not {sensed(weak[0].kind)} clearly", evidence)
    doubt = next(filter(None, (case.unseen(name, who[name], window) for name in absent)), "")
    if doubt:
        return untold(doubt, evidence)
    credit = 0.0 if one else len(found) / len(rule.events)
    missing = (" or " if one else ", ").join(f"'{name}'" for name in absent)
    return Outcome(credit, 1.0, f"not done: {missing}", evidence)


def _done_so_often(rule: Do, who: dict[str, Role], case: Case, window: Span) -> Outcome:
    found = _occurrences(rule.events, lambda name: case.within(name, who[name], window))
    sure = [e for e in found if case.surely(e)]

    def doubt() -> str:
        return next(filter(None, (case.unseen(name, whose, window) for name, whose in who.items())), "")

    return per_window(rule, Count(sure, len(found) - len(sure), doubt), "done", window, 1.0)


@traced
def avoid(rule: Avoid, by: Role | None, case: Case, window: Span) -> Outcome:
    """What must not happen, or not more than so often; an event counts whoever it was, unless somebody is
    named."""
    # A written message has no length: without a limit every occurrence counts.
    longest_s = rule.longer_than.value if rule.longer_than else -1.0
    whose = (by or Role.AGENT) if rule.said else by or Role.ANYONE
    happened = [
        e
        for e in _occurrences(rule.names, lambda name: case.within(name, whose, window))
        if e.span.duration_s > longest_s
    ]
    # Nobody is accused of words that are only like the forbidden ones.
    kind = event_kinds().get(rule.event or "")
    accuses = kind.accuses if kind else 0.0
    sure = [e for e in happened if e.confidence >= max(accuses, case.needed(e)) and e.likeness == 1]
    if rule.more_than:
        count = Count(sure, len(happened) - len(sure), lambda: _maybe(rule, whose, case, window)[0])
        confidence = case.hearing(whose, window) if rule.said else 1.0
        return per_window(rule.limit, count, "happened", window, confidence)
    evidence = tuple(map(shown, happened))
    if sure:
        return Outcome(0.0, max(e.confidence for e in sure), listed(sure), evidence)
    if happened:
        likeliest = max(e.confidence for e in happened)
        measured = bool(kind) and case.least_sure <= likeliest < accuses
        doubt = f"only {100 * likeliest:.0f} % sure" if measured else f"not {sensed(rule.names[0])} clearly"
        return untold(f"perhaps {listed(happened)}, but {doubt}", evidence)
    doubt, near = _maybe(rule, whose, case, window)
    if doubt:
        return untold(doubt, near)
    told, denied = _denied(rule.said, whose, case, window)
    return Outcome(1.0, case.hearing(whose, window) if rule.said else 1.0, f"did not happen{told}", denied)


def _maybe(rule: Avoid, by: Role, case: Case, window: Span) -> tuple[str, tuple[Evidence, ...]]:
    """Why it may have happened although it was not found, with the moments that raise the doubt."""
    if rule.event:
        return case.unseen(rule.event, by, window), ()
    unknown = _occurrences(rule.said, lambda name: case.within(name, None, window))
    if unknown and by != Role.ANYONE:
        return f"{listed(unknown)}, but by whom is unknown", tuple(map(quoted, unknown))
    for phrase in rule.said:
        for near in case.meant(phrase, by, window):
            told = f"something like '{phrase}' was {sensed(phrase)} at {clock(near.span.start_s)}"
            return told, (quoted(near, f"like {phrase}"),)
    return next(filter(None, map(case.lacking, rule.said)), "") or case.deaf(by, window), ()
