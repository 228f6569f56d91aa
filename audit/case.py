"""A conversation while standards are judged by it: what is looked up in it is found once."""

import bisect
from collections.abc import Mapping

import msgspec

from audit.doubt import LEAST_HEARD, LEAST_SEEN, deaf, unseen
from audit.interactions import SURE, Conversation, Event, Role, clock
from audit.outcomes import Evidence, quoted, sensed
from audit.quantities import Quantity
from audit.rules import During, Needs
from audit.signals import Measure, event_kinds, measure_kinds
from audit.trace import is_tracing, traced
from models.observations import Span


class Least(msgspec.Struct, frozen=True):
    """How much must have been perceived for a verdict, each 0..1."""

    seen: float = LEAST_SEEN
    heard: float = LEAST_HEARD
    sure: float | None = None
    """None: as much as is usual for an event, see `Event.least`."""


def least_of(needs: Needs) -> Least:
    """What a standard needs; where it says nothing, as much as any."""

    def share(amount: Quantity | None, usual: float) -> float:
        return amount.value / 100 if amount else usual

    sure = needs.sure.value / 100 if needs.sure else None
    return Least(share(needs.seen, LEAST_SEEN), share(needs.heard, LEAST_HEARD), sure)


class Absence(msgspec.Struct, frozen=True):
    """That something was not found: `sure`, or because nobody can tell."""

    sure: bool
    reason: str
    evidence: tuple[Evidence, ...] = ()
    searched: tuple[Span, ...] = ()


Found = tuple[Event, ...]


class Case:
    """A conversation, the phases of the rubric it is judged under, and what was found in it so far."""

    def __init__(
        self, conversation: Conversation, phases: Mapping[str, During], least: Least | None = None
    ) -> None:
        self.conversation = conversation
        self.phases = phases
        self.least = least or Least()
        self._events: dict[tuple[str, Role | None], Found] = {}
        self._absences: dict[tuple[str, Role, Span, Least], Absence] = {}

    def under(self, least: Least) -> "Case":
        """The same case for a standard that needs so much."""
        if least == self.least:
            return self
        other = Case(self.conversation, self.phases, least)
        other._events, other._absences = self._events, self._absences
        return other

    @property
    def least_sure(self) -> float:
        """How sure a measure must be."""
        return SURE if self.least.sure is None else self.least.sure

    def surely(self, event: Event) -> bool:
        """Whether a verdict may rest on an event."""
        return event.confidence >= self.needed(event)

    def needed(self, event: Event) -> float:
        """How sure an event must be."""
        return event.least if self.least.sure is None else self.least.sure

    def events(self, name: str, by: Role | None) -> Found:
        """Occurrences of a phrase or event by a role in order of time; None: phrases by nobody knows whom."""
        key = (name, by)
        if key not in self._events:
            if by is None:
                self._events[key] = self.conversation.said(name, None)
            else:
                self._events[key] = events_of(name, by, self.conversation)
        return self._events[key]

    def within(self, name: str, by: Role | None, window: Span) -> Found:
        """Those in a window: a phrase counts where it begins, an event wherever it reaches into."""
        events = self.events(name, by)
        if not events:
            return ()
        if name not in event_kinds():
            first = bisect.bisect_left(events, window.start_s, key=lambda e: e.span.start_s)
            last = bisect.bisect_left(events, window.end_s, key=lambda e: e.span.start_s)
            return events[first:last]
        return tuple(e for e in events if e.span & window)

    def negated(self, phrase: str, by: Role, window: Span) -> Found:
        """Where a phrase is said in a window of what is not."""
        if phrase in event_kinds():
            return ()
        found = self.conversation.negated(phrase, by)
        return tuple(e for e in found if window.start_s <= e.span.start_s < window.end_s)

    def doubt(self, phrase: str, by: Role, window: Span) -> tuple[str, tuple[Evidence, ...]]:
        """Why it cannot be said that a phrase was not said in a window, with the moments that raise the
        doubt."""
        if by != Role.ANYONE:
            for event in self.within(phrase, None, window):
                where = clock(event.span.start_s)
                return f"'{phrase}' was said at {where}, but by whom is unknown", (quoted(event, phrase),)
        for near in self.conversation.near(phrase, by, window) if self.is_vague(phrase) else ():
            where = clock(near.span.start_s)
            told = f"something like '{phrase}' was {sensed(phrase)} at {where}"
            return told, (quoted(near, f"like {phrase}"),)
        return self.lacking(phrase), ()

    def meant(self, phrase: str, by: Role, window: Span) -> Found:
        """Sentences in a window that perhaps mean a phrase."""
        if not self.conversation.phrases.has_meaning(phrase):
            return ()
        return self.conversation.near(phrase, by, window, misheard=False)

    def is_vague(self, phrase: str) -> bool:
        """Whether words may be more or less like a phrase: misheard, or in meaning."""
        return self.conversation.recognised or self.conversation.phrases.has_meaning(phrase)

    def lacking(self, phrase: str) -> str:
        """Why it cannot be said that a phrase was not said in other words; empty where that can be, or is not
        asked."""
        remedy = self.conversation.phrases.lacking(phrase)
        return f"whether '{phrase}' was said in other words cannot be told: {remedy}" if remedy else ""

    def deaf(self, by: Role, window: Span) -> str:
        """Why words in a window may have gone unheard; empty when hearing was good enough."""
        return deaf(self.conversation, by, window, self.least.heard)

    def unseen(self, name: str, by: Role, window: Span) -> str:
        """Why an event may have gone unseen in a window; empty when it could not."""
        return unseen(name, by, self.conversation, window, self.least.seen)

    def hearing(self, by: Role, window: Span) -> float:
        """How sure one can be that nothing was missed in a window: the mean probability of its words."""
        return self.conversation.heard(by).mean_probability(window)

    def absence(self, name: str, by: Role, inside: Span) -> Absence:
        """That a phrase or event was not surely found in a part of the conversation."""
        key = (name, by, inside, self.least)
        if key not in self._absences or is_tracing():
            self._absences[key] = _absence(name, by, self, inside)
        return self._absences[key]

    def take(self, name: str, by: Role, window: Span) -> Measure:
        """A measure of a role over a window."""
        return take(name, by, self.conversation, window)


@traced
def events_of(name: str, by: Role, conversation: Conversation) -> Found:
    """Occurrences of a phrase or an event kind by a role."""
    kind = event_kinds().get(name)
    if kind is None:
        return conversation.said(name, by)
    if conversation.acted is not None and "people" in kind.needs:
        found = tuple(sorted((e for e in conversation.acted if e.kind == name), key=lambda e: e.span))
    else:
        found = kind.find(conversation)
    return tuple(e for e in found if by in (Role.ANYONE, e.role))


@traced
def take(name: str, by: Role, conversation: Conversation, window: Span) -> Measure:
    """A measure of a role over a window; without value and with the reason where it cannot be taken."""
    kind = measure_kinds()[name]
    reason = next((why for need, why in conversation.missing.items() if need in kind.needs), "")
    if reason:
        return Measure(name, None, kind.unit, window, 0.0, reason=reason)
    return kind.take(conversation, by, window)


@traced
def _absence(name: str, by: Role, case: Case, inside: Span) -> Absence:
    who = "" if by == Role.ANYONE else f" by the {by}"
    phrase = name not in event_kinds()
    perhaps: Found = case.within(name, by, inside)
    unknown: Found = case.within(name, None, inside) if by != Role.ANYONE and phrase else ()
    if not perhaps and unknown:
        where = clock(unknown[0].span.start_s)
        reason = f"'{name}' was said at {where}, but by whom is unknown"
        return Absence(False, reason, (quoted(unknown[0], name),))
    if not perhaps and phrase and case.is_vague(name):
        perhaps = case.conversation.near(name, by, inside)
    if perhaps:
        where = clock(perhaps[0].span.start_s)
        reason = f"something like '{name}'{who} was {sensed(name)} at {where}"
        return Absence(False, reason, (quoted(perhaps[0], f"like {name}"),))
    doubt = case.lacking(name) or case.deaf(by, inside) if phrase else case.unseen(name, by, inside)
    return Absence(False, doubt) if doubt else Absence(True, f"'{name}'{who} did not occur", (), (inside,))
