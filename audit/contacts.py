"""What was said in a stored interaction, line by line with its role, and where phrases are in it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from audit.interactions import Channel, Event, Interaction, Role, Roles
from audit.speakers import Speakers
from audit.store import Store
from models.observations import Observations, Span, Utterance, spoken_language
from models.phrases import Phrases

LONGEST_QUOTE = 300
"""Letters of a quote: more is a letter and no moment."""


class Moment(msgspec.Struct, frozen=True):
    """Something that was said, where it can be opened: seconds from the beginning of its interaction."""

    interaction: str
    title: str
    channel: Channel
    started_at: str | None
    span: Span
    role: Role | None
    quote: str


class Line(NamedTuple):
    """One utterance or message with its number in the interaction."""

    number: int
    role: Role | None
    said: Utterance


class Contact:
    """One interaction as it was said.

    `roles_known` tells whether everybody who speaks has a role: without, nobody can tell who asked whom.
    """

    def __init__(self, interaction: Interaction, observations: Observations, roles: dict[str, Role]) -> None:
        self.interaction, self.observations, self.roles = interaction, observations, roles
        said = observations.utterances or ()
        self.lines = tuple(
            Line(n, roles.get(u.speaker) if u.speaker is not None else None, u) for n, u in enumerate(said)
        )
        self.language = interaction.language or spoken_language(observations)
        self.roles_known = bool(self.lines) and all(line.role for line in self.lines)

    def found(self, phrases: Phrases) -> Iterator[tuple[Line, str, Event]]:
        """Every phrase that somebody says for sure, with its line, in order."""
        speakers = Speakers(self.interaction.channel, self.observations, phrases)
        hits: list[tuple[Line, str, Event]] = []
        for label in speakers.labels:
            lines = [line for line in self.lines if line.said.speaker == label]
            for name, events in speakers.said(label).items():
                hits += [(_line_of(lines, event), name, event) for event in events if event.sure and lines]
        yield from sorted(hits, key=lambda hit: (hit[0].number, hit[2].span.start_s, hit[1]))

    def moment(self, line: Line, words: str = "") -> Moment:
        """A line as evidence; of a long one the sentences around these words of it, or its beginning."""
        about = self.interaction
        text = line.said.text
        if len(text) > LONGEST_QUOTE:
            plain = " ".join(text.split())
            at = plain.find(words)
            begin = max((m.end() for m in _END.finditer(plain) if m.end() <= at), default=0)
            end = next((m.start() for m in _END.finditer(plain, at + len(words)) if at >= 0), LONGEST_QUOTE)
            cut = plain[begin : min(end, begin + LONGEST_QUOTE)]
            text = f"{'…' if begin else ''}{cut}{'…' if begin + len(cut) < len(plain) else ''}"
        return Moment(about.id, about.title, about.channel, about.started_at, line.said.span, line.role, text)


_END = re.compile(r"(?<=[.!?؟…]) ")
"""Where a sentence ends and another one begins."""


def _line_of(lines: list[Line], event: Event) -> Line:
    """The line of a speaker in which an event begins; messages of one second are told by their words."""
    begun = [line for line in lines if line.said.span.start_s <= event.span.start_s] or lines[:1]
    last = [line for line in begun if line.said.span.start_s == begun[-1].said.span.start_s]
    return next((line for line in last if event.text in line.said.text), last[-1])


def contact_of(store: Store, interaction: Interaction, observed: Observations | None = None) -> Contact:
    """A stored interaction with the roles that its source named, else those of its newest scorecard.

    Without `observed` its words are read.
    """
    observations = store.observations(interaction, ("utterances",)) if observed is None else observed
    known = dict(interaction.roles)
    if {u.speaker for u in observations.utterances or ()} - known.keys() - {None}:
        judged = next((card.roles for card in store.scorecards(interaction.id)), Roles((), "", 0.0))
        known = dict(judged.of) | known
    return Contact(interaction, observations, known)
