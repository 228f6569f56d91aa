"""Told something different from before: days and amounts that the house names about the same thing."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from audit import phrasebook as book
from audit.contacts import Moment
from audit.due import Due, amount, due
from audit.interactions import Role
from audit.repeats import Again, Heard, Kind, same_matter
from audit.sameness import Answered, Given

_SENTENCE = re.compile(r"(?<=[.!?؟…])\s+")


SIGNS = ".,;:!?؟،…"
"""Signs that end a sentence and belong to no value."""


class _Promise(NamedTuple):
    heard: Heard
    topic: str
    kind: str
    value: Due | float
    said: str
    moment: Moment


def told_differently(contacts: Iterable[Heard]) -> Iterator[Again]:
    """Days and amounts about the same topic that differ from what was said in an earlier contact.

    Contacts about different numbers are not compared; where no number tells, it is marked as unsure. A later
    day counts against "within" and a day; an earlier one only against a day.
    """
    before: list[_Promise] = []
    for one in contacts:
        here = list(_promises(one))
        told: set[tuple[str, str]] = set()
        for new in here:
            if (new.topic, new.kind) in told:
                continue
            old = next((p for p in reversed(before) if (p.topic, p.kind) == (new.topic, new.kind)), None)
            matter = old and same_matter(old.heard, one)
            if old is None or matter is False or not _differs(old.value, new.value):
                continue
            told.add((new.topic, new.kind))
            detail = f"{_shown(old)}, then {_shown(new)}"
            yield Again(Kind.TOLD_DIFFERENTLY, new.topic, old.moment, new.moment, bool(matter), detail)
        before += here


def _shown(one: _Promise) -> str:
    if not isinstance(one.value, Due):
        return f"“{one.said.strip(SIGNS)}”"
    return f"“{one.said.strip(SIGNS)}” ({'by ' if one.value.by else ''}{one.value.day})"


def _promises(one: Heard) -> Iterator[_Promise]:
    day = _day(one)
    for line, topic, word in one.of(book.TOPIC, Role.AGENT):
        sentence = next((s for s in _SENTENCE.split(line.said.text) if _within(word.text, s)), line.said.text)
        # "Is Tuesday all right?" promises nothing.
        if sentence.rstrip().endswith(("?", "؟")):
            continue
        for other, kind, value in one.of(book.VALUE, Role.AGENT):
            if other.number != line.number or not _within(value.text, sentence):
                continue
            language = one.contact.language or "en"
            read = amount(value.text, language) if kind == "money" else day and due(value.text, language, day)
            if read:
                yield _Promise(one, topic, kind, read, value.text, one.contact.moment(line, value.text))


def _within(words: str, sentence: str) -> bool:
    return words in " ".join(sentence.split())


def _day(one: Heard) -> date | None:
    """The day of a contact where its branch lives."""
    about = one.contact.interaction
    if not about.started_at:
        return None
    at = datetime.fromisoformat(about.started_at)
    return (at.astimezone(ZoneInfo(about.time_zone)) if about.time_zone else at).date()


def _differs(old: Due | float, new: Due | float) -> bool:
    if isinstance(old, Due) and isinstance(new, Due):
        return new.day > old.day or (new.day < old.day and not old.by and not new.by)
    return old != new


def answered_differently(answers: Iterable[Answered]) -> Iterator[Again]:
    """The same question of the approved-answers file that was answered differently from before."""
    last: dict[str, Answered] = {}
    for one in answers:
        if one.given not in (Given.APPROVED, Given.WRONG) or one.answer is None:
            continue
        old = last.get(one.question)
        wrong = (one.given, old and old.given) == (Given.WRONG, Given.WRONG)
        if old and (old.given != one.given or (wrong and old.how != one.how)):
            detail = f"first {old.given}, then {one.given}"
            yield Again(Kind.TOLD_DIFFERENTLY, one.question, old.answer, one.answer, True, detail)
        last[one.question] = one
