"""What a customer had to do twice: asked for what was given, the problem explained again."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from audit import phrasebook as book
from audit.contacts import Contact, Line, Moment
from audit.identities import numbers_in
from audit.indexing import fold
from audit.interactions import Event, Role
from models.language import FILLERS, frequency


class Kind(StrEnum):
    """What happened."""

    ASKED_AGAIN = "asked_again"
    """The house asks for what the customer gave before."""
    EXPLAINED_AGAIN = "explained_again"
    """The customer says that they say it again."""
    CAME_BACK = "came_back"
    """The customer comes back about the same."""
    TOLD_DIFFERENTLY = "told_differently"
    """The house says something else than before."""


class Again(msgspec.Struct, frozen=True):
    """One of these, with both moments; `earlier` is None where it was not found.

    `sure`: False where it is only likely that both are about the same thing; `detail` tells why.
    """

    kind: Kind
    what: str
    earlier: Moment | None
    later: Moment
    sure: bool
    detail: str = ""


class Heard(NamedTuple):
    """A contact with the phrases of the book that are in it, and the numbers that are said in it."""

    contact: Contact
    found: tuple[tuple[Line, str, Event], ...]
    numbers: frozenset[str]

    def of(self, part: str, role: Role) -> Iterator[tuple[Line, str, Event]]:
        """What a role says of one part of the book: the line, of what, and where."""
        for line, name, event in self.found:
            if name.partition(":")[0] == part and line.role == role:
                yield line, name.partition(":")[2], event


GIVEN_DIGITS = 4
"""Digits of a number that counts as given: order numbers have four at least; years are none."""

_YEAR = re.compile(r"(19|20)\d\d|1[34]\d\d")


def heard(contact: Contact) -> Heard:
    """A contact as it is looked at here; without roles, or in a language that the book lacks, nothing is in
    it but numbers."""
    found: tuple[tuple[Line, str, Event], ...] = ()
    if contact.roles_known and contact.language in book.languages():
        found = tuple(contact.found(book.finder(contact.language)))
    numbers = frozenset(n for line in contact.lines for n in given_numbers(line))
    return Heard(contact, found, numbers)


def given_numbers(line: Line) -> tuple[str, ...]:
    """The numbers of orders, contracts, customers in a line."""
    return tuple(n for n in numbers_in((line.said,), GIVEN_DIGITS) if not _YEAR.fullmatch(n))


def same_matter(one: Heard, other: Heard) -> bool | None:
    """Whether two contacts are about the same: yes where they share a number, no where both have numbers and
    share none, None where nobody can tell."""
    if one.numbers & other.numbers:
        return True
    return False if one.numbers and other.numbers else None


ANSWER_LINES = 2
"""A question is answered in the customer's next two lines: our choice."""


def asked_again(contacts: Iterable[Heard]) -> Iterator[Again]:
    """What the house asks although the customer gave it before, in this contact or an earlier one.

    An order number counts only where the customer then gives the same one again, or none: who asks for the
    number of another order asks for something new. The problem counts only between contacts about the same.
    """
    given: dict[str, list[Moment]] = {}
    numbers: dict[str, Moment] = {}
    before: list[Heard] = []
    for one in contacts:
        asked = {(line.number, what): words for line, what, words in _questions(one)}
        gives = {(line.number, what) for line, what, _ in one.of(book.GIVES, Role.CUSTOMER)}
        waiting: list[tuple[str, int]] = []
        for line in one.contact.lines:
            moment = one.contact.moment(line)
            if line.role == Role.AGENT:
                for what in sorted(what for number, what in asked if number == line.number):
                    later = one.contact.moment(line, asked[line.number, what])
                    yield from _asked(one, line, what, later, given, numbers, before)
                    waiting.append((what, ANSWER_LINES))
                continue
            if line.role != Role.CUSTOMER:
                continue
            for what in sorted(
                {w for number, w in gives if number == line.number} | _answers(one, line, waiting)
            ):
                given.setdefault(what, []).append(moment)
            for number in given_numbers(line):
                numbers.setdefault(number, one.contact.moment(line, number))
            waiting = [(what, left - 1) for what, left in waiting if left > 1]
        before.append(one)


def _questions(one: Heard) -> Iterator[tuple[Line, str, str]]:
    """What the agent asks for in which line, and with which words."""
    for part in (book.ASKS_IF, book.ASKS):
        for line, what, event in one.of(part, Role.AGENT):
            if part == book.ASKS or re.search("[?؟]", line.said.text):
                yield line, what, event.text


def _answers(one: Heard, line: Line, waiting: list[tuple[str, int]]) -> set[str]:
    """What a customer's line gives that was asked for just before; nothing where they do not know."""
    if any(other.number == line.number for other, name, _ in one.found if name == book.UNKNOWN):
        return set()
    text = line.said.text
    found = set()
    for what, _ in waiting:
        if what == "name" and len(text.split()) <= LONGEST_NAME_LINE and _has_name(one, text):
            found.add(what)
        if what == "address" and re.search(r"\d", text):
            found.add(what)
        if what == "email" and "@" in text:
            found.add(what)
    return found


def _has_name(one: Heard, text: str) -> bool:
    """Whether a word of a line may be a name: "mm, oh good" has none; "John" alone is too common to tell."""
    language = one.contact.language or "en"
    words = (w for w in fold(text, language) if w.isalpha() and len(w) > 2 and w not in FILLERS)
    return any(frequency(word, language) < RARE for word in words)


LONGEST_NAME_LINE = 8
"""Words of a line that answers with a name: "yes of course, it's Laura Keller, 20095". Our choice."""


def _asked(
    one: Heard,
    line: Line,
    what: str,
    later: Moment,
    given: dict[str, list[Moment]],
    numbers: dict[str, Moment],
    before: list[Heard],
) -> Iterator[Again]:
    if what == "number":
        answered = _next_numbers(one, line)
        known = [number for number in answered if number in numbers]
        if known:
            told = f"{known[0]} was given before"
            yield Again(Kind.ASKED_AGAIN, what, numbers[known[0]], later, True, told)
        elif not answered and (told := _said_here(one, line)):
            yield Again(Kind.ASKED_AGAIN, what, numbers[told], later, True, f"{told} was given before")
        return
    if what == "problem":
        if (earlier := _same_problem(one, before)) is not None:
            yield Again(Kind.ASKED_AGAIN, what, earlier, later, True, "an earlier contact was about the same")
        return
    if given.get(what):
        yield Again(Kind.ASKED_AGAIN, what, given[what][0], later, True)


def _next_numbers(one: Heard, line: Line) -> list[str]:
    """The numbers in the customer's next lines."""
    next_ones = [x for x in one.contact.lines[line.number + 1 :] if x.role == Role.CUSTOMER][:ANSWER_LINES]
    return [number for other in next_ones for number in given_numbers(other)]


def _said_here(one: Heard, line: Line) -> str:
    """A number that the customer gave in this contact before a line."""
    earlier = (x for x in one.contact.lines[: line.number] if x.role == Role.CUSTOMER)
    return next((number for other in earlier for number in given_numbers(other)), "")


def _same_problem(one: Heard, before: list[Heard]) -> Moment | None:
    for other in reversed(before):
        if same_matter(one, other):
            return _problem(other)
    return None


def _problem(one: Heard) -> Moment | None:
    """The customer's first line that says something: the longest of the first three."""
    first = [line for line in one.contact.lines if line.role == Role.CUSTOMER][:3]
    best = max(first, key=lambda line: len(line.said.text.split()), default=None)
    return None if best is None else one.contact.moment(best)


def explained_again(contacts: Iterable[Heard]) -> Iterator[Again]:
    """Where the customer says that they said it before, and contacts about the same as an earlier one."""
    before: list[Heard] = []
    for one in contacts:
        for line, _, event in one.of(book.REPEATS, Role.CUSTOMER):
            earlier = _same_problem(one, before)
            if earlier is None:
                earlier = next((m for other in reversed(before) if (m := _problem(other))), None)
            if earlier is None and (first := _problem(one)) and first.span.start_s < line.said.span.start_s:
                earlier = first
            later = one.contact.moment(line, event.text)
            yield Again(Kind.EXPLAINED_AGAIN, "problem", earlier, later, True, event.text)
        for other in reversed(before):
            earlier, now = _problem(other), _problem(one)
            shared = sorted(one.numbers & other.numbers)
            words = () if shared or same_matter(one, other) is False else _alike(other, one)
            if earlier and now and (shared or words):
                told = f"both name {shared[0]}" if shared else f"both say {', '.join(words)}"
                yield Again(Kind.CAME_BACK, "problem", earlier, now, bool(shared), told)
                break
        before.append(one)


RARE = 1e-4
"""A word that is rarer than one in ten thousand says what a contact is about: our choice."""

LEAST_SHARED, SHARE = 3, 0.5
"""So many such words, and such a share of the fewer ones, make two problems alike: our choice."""


def _alike(one: Heard, other: Heard) -> tuple[str, ...]:
    """The words that make two problems alike, the rarest first; none where they are not."""
    if one.contact.language != other.contact.language:
        return ()
    some, others = _subject(one), _subject(other)
    shared = some & others
    if len(shared) < LEAST_SHARED or len(shared) < SHARE * min(len(some), len(others)):
        return ()
    language = one.contact.language or "en"
    return tuple(sorted(shared, key=lambda word: (frequency(word, language), word))[:LEAST_SHARED])


def _subject(one: Heard) -> frozenset[str]:
    language = one.contact.language or "en"
    first = [line for line in one.contact.lines if line.role == Role.CUSTOMER][:3]
    words = {word for line in first for word in fold(line.said.text, language)}
    return frozenset(w for w in words if not w.isdigit() and frequency(w, language) < RARE)
