"""Why a standard has its verdict, step by step: what the judge itself asked and found on its way."""

from collections.abc import Callable
from typing import Any

import msgspec

from audit.conditions import Condition
from audit.interactions import Conversation, Event, Interaction, Role, clock
from audit.judge import Finding, judge_standard
from audit.outcomes import Outcome
from audit.pattern import unfold
from audit.quantities import show
from audit.rubric import Rubric, Standard
from audit.scorecard import look_at, make_scorecard
from audit.signals import Measure, event_kinds
from audit.trace import Step, tracing
from audit.workbench.wording import rule_words, when_words, written
from models.observations import Observations, Span
from models.phrases import Phrases

MOST_SHOWN = 8
"""So many occurrences are listed in one step; how many more there are is said."""


class Told(msgspec.Struct, frozen=True):
    """One step in words, with the steps inside it."""

    text: str
    inside: tuple["Told", ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """The finding, the steps that led to it, and what it does to the score."""

    standard: str
    title: str
    rule: str
    interaction: str
    finding: Finding
    steps: tuple[Told, ...]
    credit: str
    share: str


def explain(
    rubric: Rubric, standard: Standard, interaction: Interaction, observations: Observations
) -> Explanation:
    """Judges the standard as always, and tells what was asked and found; nothing is judged a second way."""
    conversation = look_at(interaction, observations, rubric)
    with tracing() as steps:
        finding = judge_standard(standard, conversation, rubric.phases)
    (judged,) = steps
    rule = written(standard)
    outcomes = [step.gave for step in judged.inside if step.name == "outcome" and step.gave.applies]
    return Explanation(
        standard.id,
        standard.title,
        rule_words(rule) + (f"; applies {when_words(rule['when'])}" if rule.get("when") else ""),
        interaction.id,
        finding,
        _Teller(rubric, conversation).tell(judged.inside),
        _credit(finding, outcomes),
        _share(rubric, standard, interaction, observations),
    )


def _credit(finding: Finding, outcomes: list[Outcome]) -> str:
    """The sum that made the credit."""
    if finding.credit is None:
        return f"no credit: {finding.verdict.value.replace('_', ' ')}, so it leaves the sum"
    told = [o.credit for o in outcomes if o.credit is not None]
    if len(told) < 2:
        return f"credit {finding.credit:.2f}"
    terms = " + ".join(f"{credit:.2f}" for credit in told)
    untold = len(outcomes) - len(told)
    left = f"; {untold} could not be told" if untold else ""
    return f"credit ({terms}) / {len(told)} = {finding.credit:.2f}{left}"


def _share(rubric: Rubric, standard: Standard, interaction: Interaction, observations: Observations) -> str:
    """What the standard does to the score of its section and of the form, by the scorecard's own sum."""
    score = make_scorecard(interaction, observations, rubric).score
    section, line = next((s, x) for s in score.sections for x in s.lines if x.standard == standard.id)
    if line.points is None or section.score is None or score.score is None:
        return "it leaves the sum"
    if line.bonus:
        return f"it adds {line.points:.1f} of {line.bonus:g} bonus points to the form ({score.score:.1f})"
    form = sum(s.weight for s in score.sections if s.score is not None)
    in_section = 100 * line.weight / section.assessed_weight
    in_form = in_section * section.weight / form
    zeroed = f"; the section is 0 because of {', '.join(section.zeroed_by)}" if section.zeroed_by else ""
    zeroed += f"; the form is 0 because of {', '.join(score.zeroed_by)}" if score.zeroed_by else ""
    return (
        f"{line.weight:g} × {line.credit:.2f} = {line.points:.2f} of {section.assessed_weight:g} points in "
        f"'{section.section}' ({section.score:.1f}); it can move the form ({score.score:.1f}) "
        f"by {in_form:.1f} points and takes {in_form * (1 - (line.credit or 0)):.1f} of them away{zeroed}"
    )


class _Teller:
    """Puts the judge's steps into words."""

    def __init__(self, rubric: Rubric, conversation: Conversation) -> None:
        self._rubric, self._conversation = rubric, conversation
        self._words: dict[str, Callable[[Step], Told | None]] = {
            "condition": self._applies,
            "_absence": self._inner("was it nowhere, or only not heard or seen?"),
            "outcome": self._opportunity,
            "events_of": self._occurrences,
            "said": self._occurrences,
            "near": self._likest,
            "take": self._measure,
            "deaf": self._doubt("could words have gone unheard?"),
            "unseen": self._doubt("could it have gone unseen?"),
            "poor": self._doubt("is the sound too poor?"),
        }

    def tell(self, steps: tuple[Step, ...]) -> tuple[Told, ...]:
        """The steps in words, in order; of steps that repeat each other the first."""
        told: list[Told] = []
        for step in steps:
            teller = self._words.get(step.name)
            # A function that only calls others adds nothing of its own.
            found = [teller(step)] if teller else list(self.tell(step.inside))
            told += [one for one in found if one is not None and one not in told]
        return tuple(told)

    def _inner(self, text: str) -> Callable[[Step], Told | None]:
        return lambda step: Told(text, self.tell(step.inside))

    def _applies(self, step: Step) -> Told:
        gave: Condition = step.gave
        no = "cannot tell" if gave.holds is None else "no opportunity"
        answer = "yes" if gave.holds else f"{no}: {gave.reason}"
        return Told(f"does it apply? {answer}", self.tell(step.inside))

    def _opportunity(self, step: Step) -> Told:
        gave: Outcome = step.gave
        credit = "cannot be told" if gave.credit is None else f"credit {gave.credit:.2f}"
        sure = f", {gave.confidence:.0%} sure" if gave.credit is not None else ""
        return Told(
            f"looked at {_times(step.given['window'])}: {credit}{sure}: {gave.reason}", self.tell(step.inside)
        )

    def _occurrences(self, step: Step) -> Told:
        name = step.given.get("name") or step.given.get("phrase", "")
        events: tuple[Event, ...] = step.gave
        found = f"{len(events)} time{'' if len(events) == 1 else 's'}" if events else "not found"
        shown = tuple(Told(self._event(event)) for event in events[:MOST_SHOWN])
        more = (Told(f"and {len(events) - MOST_SHOWN} more"),) if len(events) > MOST_SHOWN else ()
        who = step.given["by"] if "by" in step.given else step.given.get("role")
        return Told(f"'{name}' {_who(who)}: {found}", (*shown, *more))

    def _likest(self, step: Step) -> Told:
        events: tuple[Event, ...] = step.gave
        shown = tuple(Told(self._event(event)) for event in events[:MOST_SHOWN])
        found = "these words" if events else "nothing"
        return Told(f"like '{step.given['phrase']}' {_who(step.given.get('role'))}: {found}", shown)

    def _event(self, event: Event) -> str:
        words = f" “{event.text}”" if event.text else ""
        told = [f"{event.confidence:.0%} sure"]
        if event.kind not in event_kinds():
            told.append(event.how)
            told += [f"pattern: {pattern}" for pattern in self._patterns(event)]
        detail = f" {event.detail}" if event.detail else ""
        return f"{_times(event.span)} {_who(event.role)}{words}{detail} ({'; '.join(told)})"

    def _patterns(self, event: Event) -> list[str]:
        """The first pattern of the phrase that these words have in them, each sought alone."""
        rubric = self._rubric
        found = []
        for pattern in rubric.phrases.get(event.kind, ()):
            alone = {event.kind: tuple(unfold(pattern, rubric.language, rubric.slots))}
            finder = Phrases(rubric.language, alone)
            if finder.find(finder.prepare(event.text.split()), tolerant=self._conversation.recognised):
                found.append(pattern)
        return found[:1]

    def _measure(self, step: Step) -> Told:
        taken: Measure = step.gave
        name = taken.kind.replace("_", " ")
        where = f"{name} {_who(step.given.get('by'))} in {_times(taken.window)}"
        if taken.value is None:
            return Told(f"{where}: cannot be told: {taken.reason}")
        told = [f"{taken.confidence:.0%} sure", f"could be measured in {taken.coverage:.0%} of the time"]
        if taken.low is not None and taken.high is not None:
            low, high = (show(value, taken.unit) for value in (taken.low, taken.high))
            told.append(f"between {low} and {high} in 9 of 10 cases")
        if taken.still_open:
            told.append("or more: the record ended")
        moments = tuple(Told(_times(moment)) for moment in taken.evidence[:MOST_SHOWN])
        return Told(f"{where}: {show(taken.value, taken.unit)} ({'; '.join(told)})", moments)

    def _doubt(self, question: str) -> Callable[[Step], Told | None]:
        return lambda step: Told(f"{question} {f'yes: {step.gave}' if step.gave else 'no'}")


def _who(role: Any) -> str:
    if role == Role.ANYONE:
        return "by anyone"
    return f"by the {role}" if role else "by an unknown speaker"


def _times(span: Span) -> str:
    return f"{clock(span.start_s)}–{clock(span.end_s)}"
