"""The same question over all channels: what was answered, beside what the house has approved."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from audit.answers import APPROVED, ASK, WRONG, Answers
from audit.contacts import Contact, Line, Moment, contact_of
from audit.interactions import Channel, Event, Role
from audit.store import Store
from models.observations import ObservationsUnreadable

TURNS = 3
"""An answer is given in one of the agent's next three turns, or it is none: our choice."""


class Given(StrEnum):
    """What was answered."""

    APPROVED = "approved"
    WRONG = "wrong"
    CANNOT_TELL = "cannot_tell"
    """In words that the file does not have."""
    UNANSWERED = "unanswered"
    """Nobody of the house said anything after it."""


class Answered(msgspec.Struct, frozen=True):
    """A question that was asked, and what was answered; `how` tells by which pattern."""

    question: str
    given: Given
    asked: Moment
    answer: Moment | None
    how: str = ""


class Count(msgspec.Struct, frozen=True):
    """How often a question was asked on a channel, and what was answered."""

    question: str
    channel: Channel
    asked: int
    approved: int
    wrong: int
    cannot_tell: int
    unanswered: int


class Comparison(msgspec.Struct, frozen=True):
    """All questions of some interactions, counted by channel; `caveats` are for everybody who reads it."""

    interactions: int
    counts: tuple[Count, ...]
    answers: tuple[Answered, ...]
    caveats: tuple[str, ...]


def answered_in(contact: Contact, answers: Answers) -> tuple[Answered, ...]:
    """Every question of the file that somebody other than the house asks, with the answer.

    Of several answers in the agent's next `TURNS` turns the last one counts: people correct themselves.
    """
    if not contact.language or contact.language not in answers.languages or not contact.roles_known:
        return ()
    found = list(contact.found(answers.finder(contact.language)))
    questions = [
        (line, name.partition(":")[2])
        for line, name, _ in found
        if name.startswith(f"{ASK}:") and line.role not in (Role.AGENT, Role.BOT)
    ]
    told = [(line, name, event) for line, name, event in found if line.role == Role.AGENT]
    return tuple(
        _answered(contact, line, question, _turns(contact, line, questions), told)
        for line, question in dict.fromkeys(questions)
    )


def _turns(contact: Contact, asked: Line, questions: list[tuple[Line, str]]) -> list[Line]:
    """The agent's lines that may answer: the next turns, until something else is asked."""
    end = min(
        (line.number for line, _ in questions if line.number > asked.number), default=len(contact.lines)
    )
    found: list[Line] = []
    turns, before = 0, None
    for line in contact.lines[asked.number + 1 : end]:
        if line.role == Role.AGENT:
            turns += before != Role.AGENT
            if turns > TURNS:
                break
            found.append(line)
        before = line.role
    return found


def _answered(
    contact: Contact, line: Line, question: str, turns: list[Line], told: list[tuple[Line, str, Event]]
) -> Answered:
    asked = contact.moment(line)
    if not turns:
        return Answered(question, Given.UNANSWERED, asked, None)
    numbers = {turn.number for turn in turns}
    kinds = {f"{APPROVED}:{question}": Given.APPROVED, f"{WRONG}:{question}": Given.WRONG}
    hits = [(at, kinds[name], event) for at, name, event in told if name in kinds and at.number in numbers]
    if not hits:
        return Answered(question, Given.CANNOT_TELL, asked, contact.moment(turns[0]))
    at, given, event = hits[-1]
    return Answered(question, given, asked, contact.moment(at), event.how)


def compare(
    store: Store,
    answers: Answers,
    channels: Iterable[Channel] = tuple(Channel),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Comparison:
    """The questions of everything that is stored on these channels, in the languages of the file."""
    found: list[Answered] = []
    seen, unknown, damaged = 0, 0, 0
    total = store.count(channels)
    for number, (interaction, observed) in enumerate(store.interactions(channels), start=1):
        progress(number, total)
        if isinstance(observed, ObservationsUnreadable):
            damaged += 1
            continue
        contact = contact_of(store, interaction, observed)
        if contact.language not in answers.languages or not contact.lines:
            continue
        seen += 1
        unknown += not contact.roles_known
        found += answered_in(contact, answers)
    return Comparison(
        seen, tuple(_counted(answers, found)), tuple(found), tuple(_caveats(answers, unknown, damaged))
    )


def _counted(answers: Answers, found: list[Answered]) -> Iterator[Count]:
    for question in answers.questions:
        for channel in Channel:
            some = [one.given for one in found if (one.question, one.asked.channel) == (question.id, channel)]
            if some:
                numbers = {given.value: some.count(given) for given in Given}
                yield Count(question.id, channel, len(some), **numbers)


def _caveats(answers: Answers, unknown: int, damaged: int) -> Iterator[str]:
    if unknown:
        yield f"{unknown} interactions were left out: who is the agent is unknown in them"
    if damaged:
        yield f"{damaged} interactions were left out: their observations are damaged"
    for language in answers.languages:
        finder = answers.finder(language)
        lacking = {told for q in answers.questions if (told := finder.lacking(f"{APPROVED}:{q.id}"))}
        for told in sorted(lacking):
            yield f"what only means the approved answer was not sought in '{language}': {told}"
