"""The examples inside each standard, run like tests of code."""

from collections.abc import Iterator

import msgspec

from audit.examples import Clock, CutsIn, Done, Pause, is_dialogue, read_lines
from audit.interactions import Conversation, Event, Role, Roles
from audit.judge import Verdict, judge_standard
from audit.keeping import explain_keep
from audit.quantities import DAY_S, parse_quantity
from audit.rubric import Rubric, Standard
from audit.speakers import Speakers
from models.observations import Utterance, span
from models.transcripts import observed_transcript, spread

WORDS_PER_S = 2.5
"""The pace at which an example is spoken: 150 words a minute, the upper end of comfortable speech."""

PAUSE_S = 0.5
"""Between two lines of an example."""


class ExampleResult(msgspec.Struct, frozen=True):
    """What one example gave: it passes when `found` is what was `wanted`."""

    standard: str
    wanted: Verdict
    found: Verdict
    text: str
    reason: str

    @property
    def passed(self) -> bool:
        return self.wanted == self.found


def run_examples(rubric: Rubric) -> tuple[ExampleResult, ...]:
    """The verdict on every example of every standard."""
    return tuple(result for standard in rubric.standards for result in _run(rubric, standard))


def _run(rubric: Rubric, standard: Standard) -> Iterator[ExampleResult]:
    for wanted in (Verdict.MET, Verdict.MISSED, Verdict.NO_OPPORTUNITY):
        for text in getattr(standard.examples, wanted.value):
            if standard.keep and wanted.assessed and not is_dialogue(text):
                amount = parse_quantity(text)
                credit = standard.keep.credit(amount.value)
                reason = explain_keep(standard.keep, amount.value, amount.unit)
                yield ExampleResult(
                    standard.id, wanted, Verdict.MET if credit == 1 else Verdict.MISSED, text, reason
                )
            elif not standard.ask:
                finding = judge_standard(standard, enact(text, rubric, standard.party), rubric.phases)
                yield ExampleResult(standard.id, wanted, finding.verdict, text, finding.reason)


def enact(text: str, rubric: Rubric, by: Role = Role.AGENT) -> Conversation:
    """A short dialogue (`agent: …` / `customer: …`, else one utterance of `by`) as a conversation.

    What is seen (`[agent arms_crossed 3 s]`) begins with the line that follows; `[2 s]` is a pause; after
    `[cuts in]` the next line begins before the line before it ends; `[at 17:30]` is the time of day.

    Raises:
        BadLine: something in brackets is none of these.
    """
    channel = rubric.applies_to[0]
    speaking: Role = Role.AGENT if by == Role.ANYONE else by
    utterances: list[Utterance] = []
    acted: list[Event] = []
    at_s = 0.0
    last = span(0.0, 0.0)
    began_s: float | None = None
    for line in read_lines(text):
        if isinstance(line, Done):
            where = span(at_s, at_s + line.length_s)
            acted.append(Event(line.event, where, line.role, 1.0))
            continue
        if isinstance(line, Pause):
            at_s += line.length_s
            continue
        if isinstance(line, Clock):
            began_s = (line.at_s - at_s) % DAY_S
            continue
        if isinstance(line, CutsIn):
            at_s = max(last.start_s, last.end_s - line.before_s)
            continue
        speaking = line.role or speaking
        end_s = at_s + len(line.text.split()) / WORDS_PER_S
        where = span(at_s, at_s if channel.is_text else end_s)
        words = spread(line.text, where)
        utterances.append(Utterance(where, speaking.value, rubric.language, line.text, words))
        last = span(at_s, end_s)
        # Whoever was cut off may go on longer than who cut in.
        at_s = max(end_s, *(u.span.end_s for u in utterances)) + PAUSE_S
    least_s = max([0.0, *(event.span.end_s for event in acted)])
    observations = observed_transcript("example", "example", utterances, not channel.is_text, least_s)
    speakers = Speakers(channel, observations, rubric.finder)
    roles = Roles(tuple((role.value, role) for role in Role), "named in the example", 1.0)
    return Conversation(channel, observations, roles, speakers, acted=tuple(acted), began_s=began_s)
