"""Standards against one conversation: a finding each, with its evidence or the span that was searched."""

import functools
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from audit.case import Case, least_of
from audit.conditions import condition
from audit.interactions import Channel, Conversation, Role
from audit.keeping import keep
from audit.ordering import order
from audit.outcomes import Evidence, Outcome, all_of, any_of, every_time, not_of, unneeded, untold
from audit.portraits import portraits
from audit.rubric import Rubric, Standard, listens_to
from audit.rules import During, Rule
from audit.signals import foreign
from audit.spells import nobody_of
from audit.trace import traced
from audit.verbs import avoid, do, say
from audit.voices import poor
from audit.windows import windows
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
    case = Case(conversation, rubric.phases)
    found = (_judge(standard, case, rubric.listens_to[standard.id]) for standard in rubric.standards)
    return tuple(_of_messages(one, conversation.channel) for one in found)


@traced
def judge_standard(
    standard: Standard, conversation: Conversation, phases: Mapping[str, During] | None = None
) -> Finding:
    """The finding on one standard; `phases` are those of its rubric."""
    found = _judge(standard, Case(conversation, phases or {}), listens_to(standard, phases or {}))
    return _of_messages(found, conversation.channel)


def _judge(standard: Standard, shared: Case, listens: tuple[Role, ...]) -> Finding:
    """Each opportunity is judged, the credit is the mean of theirs."""
    case = shared.under(least_of(standard.needs))
    unsure = functools.partial(Finding, standard.id, Verdict.CANNOT_TELL, None, 0.0)
    if standard.ask is None and case.conversation.recognised:
        muffled = next(filter(None, (poor(case.conversation, role) for role in listens)), "")
        if muffled:
            return unsure(muffled)
    if standard.when:
        applies = condition(standard.when, case)
        if applies.holds is None and standard.ask is None:
            return unsure(f"whether it applies: {applies.reason}", applies.evidence)
        if applies.holds is False:
            evidence, searched = applies.evidence, applies.searched
            return Finding(standard.id, Verdict.NO_OPPORTUNITY, None, 1.0, applies.reason, evidence, searched)
    if standard.ask is not None:
        return unsure(*_shown(standard, case.conversation))
    return _found(standard, apply(standard, None, case, case.conversation.whole))


def _of_messages(finding: Finding, channel: Channel) -> Finding:
    """In writing the words of a message come one by one only while it is judged: they have its time,
    which is kept rounded."""
    if not channel.is_text:
        return finding
    evidence = tuple(msgspec.structs.replace(e, span=e.span.shifted(0.0)) for e in finding.evidence)
    searched = tuple(s.shifted(0.0) for s in finding.searched)
    return msgspec.structs.replace(finding, evidence=evidence, searched=searched)


def _found(standard: Standard, gave: Outcome) -> Finding:
    if not gave.applies:
        searched = gave.searched
        return Finding(standard.id, Verdict.NO_OPPORTUNITY, None, 1.0, gave.reason, (), searched)
    # What zeroes a section or form must be sure to earn nothing, whatever cannot be told.
    open_ = standard.critical is not None and gave.credit == 0 and gave.bounds[1] > 0
    if open_:
        gave = untold(f"{gave.reason}; critical, and a part of it cannot be told", gave.evidence)
    if gave.credit is None:
        verdict, credit, confidence = Verdict.CANNOT_TELL, None, 0.0
    else:
        verdict = Verdict.MET if gave.credit == 1 else Verdict.MISSED
        credit, confidence = round(gave.credit, 6), round(gave.confidence, 3)
    return Finding(standard.id, verdict, credit, confidence, gave.reason, gave.evidence, gave.searched)


def apply(rule: Rule, by: Role | None, case: Case, inside: Span) -> Outcome:
    """What a rule gives over all its windows inside a part of the conversation; `by` is whom the rule around
    it is about."""
    whose = rule.by or by
    where = windows(rule.during, whose or Role.AGENT, case, inside)
    if where.lacking:
        lacking = where.lacking
        if lacking.sure:
            return unneeded(lacking.reason, lacking.searched)
        about = "whether it applies: " if rule.during and rule.during.names else ""
        return Outcome(None, 0.0, f"{about}{lacking.reason}", lacking.evidence)
    return every_time([outcome(rule, whose, case, window) for window in where.spans], where.spans)


@traced
def outcome(rule: Rule, by: Role | None, case: Case, window: Span) -> Outcome:
    """What a rule gives over one window; of `say` with `do` what both give together."""
    if rule.inner:
        parts = [apply(one, by, case, window) for one in rule.inner]
        return not_of(parts[0]) if rule.not_ else any_of(parts) if rule.any else all_of(parts)
    if why := next(filter(None, (foreign(name, case.conversation.channel) for name in rule.named)), ""):
        return unneeded(why, (window,))
    party = by or Role.AGENT
    gave: list[Outcome] = []
    if rule.say:
        gave.append(say(rule.say, party, case, window))
    if rule.do:
        gave.append(do(rule.do, party, case, window))
    if rule.avoid:
        gave.append(avoid(rule.avoid, by, case, window))
    if rule.keep:
        gave.append(keep(rule.keep, party, case, window))
    if rule.order:
        gave.append(order(rule.order, party, case, window))
    return gave[0] if len(gave) == 1 else all_of(gave)


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
