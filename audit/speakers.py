"""The words of each speaker of an interaction, and where they say the phrases of a rubric."""

import math
from collections.abc import Sequence

import msgspec

from audit.confidence import Confidence
from audit.events import Channel, Event
from audit.quotation import quoted
from models.cutting import is_mark
from models.language import BREAK, tokens
from models.observations import Observations, Span, Utterance
from models.phrases import Match, Phrases, Prepared
from models.transcripts import WRITTEN

PAUSE_S = 1.5
"""No phrase reaches over a longer pause. Source: 92 % of the pauses within turns of a real call are
shorter (`bench/pauses.py`)."""


MESSAGE_S = 0.0001
"""A written message has no length; its words lie within less time than a saved time can tell apart."""

PLACE_DECIMALS = 10
"""So finely the words of a message are told apart: it has fewer than a million."""


class Track(msgspec.Struct, frozen=True):
    """The words of one speaker in order, with `BREAK` where no phrase can reach across."""

    texts: tuple[str, ...]
    spans: tuple[Span, ...]
    probabilities: tuple[float, ...]

    def event(self, match: Match) -> Event:
        """A phrase found among these words as an event; its confidence is likeness times hearing."""
        where = slice(match.start, match.end)
        spans, heard = self.spans[where], self.probabilities[where]
        return Event(
            match.phrase,
            Span(spans[0].start_s, spans[-1].end_s),
            None,
            round(match.likeness * sum(heard) / len(heard), 3),
            " ".join(text for text in self.texts[where] if text != BREAK),
            match.likeness,
            how=match.how,
        )


def is_recognised(observations: Observations) -> bool:
    """Whether the words come from a recogniser and not from a transcript."""
    return any(p.need == "utterances" and p.engine != WRITTEN for p in observations.provenance)


def _place(start_s: float, index: int, words: int) -> Span:
    """The time of one of so many words that were sent at one time: they come one by one."""
    begin_s, end_s = (start_s + MESSAGE_S * number / words for number in (index, index + 1))
    return Span(round(begin_s, PLACE_DECIMALS), round(end_s, PLACE_DECIMALS))


class Speakers:
    """The words of each speaker label of some observations, and where they say the phrases of a rubric."""

    def __init__(
        self,
        channel: Channel,
        observations: Observations,
        phrases: Phrases,
        confidence: Confidence | None = None,
    ) -> None:
        self._written = channel.is_text
        self._recognised = is_recognised(observations)
        self.phrases = phrases
        # Words that a person wrote were not misheard: their phrases are what they are.
        self._confidence = confidence if self._recognised else None
        self.sure = min((a.sure for a in observations.activity or ()), default=1.0)
        """How surely the voices were told apart, 0..1."""
        self._of: dict[str | None, list[Utterance]] = {}
        # Messages may have one time: so many words of it come before a message, and there are so many.
        self._before: dict[int, int] = {}
        self._words: dict[float, int] = {}
        for utterance in observations.utterances or ():
            self._of.setdefault(utterance.speaker, []).append(utterance)
            at_s = utterance.span.start_s
            self._before[id(utterance)] = self._words.get(at_s, 0)
            self._words[at_s] = self._before[id(utterance)] + len(utterance.words)
        for activity in observations.activity or ():
            self._of.setdefault(activity.speaker, [])
        self.labels = tuple(self._of)
        self._tracks: dict[str | None, Track] = {}
        self._prepared: dict[str | None, Prepared] = {}
        self._said: dict[str | None, dict[str, tuple[Event, ...]]] = {}
        self._negated: dict[str | None, dict[str, tuple[Event, ...]]] = {}

    @property
    def language(self) -> str:
        """The language that the phrases are in: what is spoken, where nothing else is known."""
        return self.phrases.language

    def track(self, speaker: str | None) -> Track:
        """All words of one speaker, in order."""
        if speaker not in self._tracks:
            self._tracks[speaker] = self._make_track(self._of.get(speaker, []))
        return self._tracks[speaker]

    def _make_track(self, utterances: list[Utterance]) -> Track:
        texts: list[str] = []
        spans: list[Span] = []
        probabilities: list[float] = []
        end_s = math.inf
        for utterance in utterances:
            others = quoted([w.text for w in utterance.words]) if self._written else frozenset()
            if self._written and texts and utterance.words:
                end_s = -math.inf
            for index, word in enumerate(utterance.words):
                where = word.span
                if where.start_s - end_s > PAUSE_S:
                    texts.append(BREAK)
                    spans.append(Span(spans[-1].end_s, where.start_s))
                    probabilities.append(1.0)
                if self._written and not where:
                    at_s = utterance.span.start_s
                    where = _place(at_s, self._before[id(utterance)] + index, self._words[at_s])
                # What was cut is no word, what is quoted no own one; no phrase reaches over it.
                texts.append(BREAK if index in others or is_mark(word.text) else word.text)
                spans.append(where)
                probabilities.append(word.probability)
                end_s = where.end_s
        return Track(tuple(texts), tuple(spans), tuple(probabilities))

    def forms(self, speaker: str | None) -> Sequence[str]:
        """The normal forms of a speaker's words, each word by itself."""
        if self.language != "fa":
            return self._prepare(speaker).forms
        return [form for word in self.track(speaker).texts for form in tokens(word, self.language)]

    def said(self, speaker: str | None) -> dict[str, tuple[Event, ...]]:
        """Every phrase this speaker says, by its name; the events have no role yet.

        What is negated is not said ("I can't promise"): it stands in `negated`.
        """
        if speaker not in self._said:
            found: dict[str, tuple[Event, ...]] = {}
            negated: dict[str, tuple[Event, ...]] = {}
            track = self.track(speaker)
            # What a person wrote was not misheard: only recognised words are matched with tolerance.
            for match in self.phrases.find(self._prepare(speaker), tolerant=self._recognised):
                event = track.event(match)
                curve = None if match.meant else self._confidence
                likely = curve.of(match.phrase, event.confidence) if curve else None
                if curve and likely is not None:
                    event = msgspec.structs.replace(event, confidence=likely, least=curve.sure)
                into = negated if match.negated else found
                into[match.phrase] = (*into.get(match.phrase, ()), event)
            self._said[speaker], self._negated[speaker] = found, negated
        return self._said[speaker]

    def negated(self, speaker: str | None) -> dict[str, tuple[Event, ...]]:
        """Every phrase that this speaker says of what is not, by its name."""
        self.said(speaker)
        return self._negated[speaker]

    def near(
        self, phrase: str, speaker: str | None, window: Span, misheard: bool = True
    ) -> tuple[Event, ...]:
        """Words of the speaker like a phrase that begin in a window, the likest first, that are no other
        phrase of the rubric. Not `misheard`: only words that may mean it."""
        track = self.track(speaker)

        def inside(first: int, end: int) -> bool:
            return any(window.start_s <= s.start_s < window.end_s for s in track.spans[first:end])

        near = self.phrases.near(phrase, self._prepare(speaker), self._recognised and misheard, inside)
        events = [e for m in near if window.start_s <= (e := track.event(m)).span.start_s < window.end_s]
        if not events:
            return ()
        others = [e.span for name, found in self.said(speaker).items() if name != phrase for e in found]
        others += [e.span for e in self.negated(speaker).get(phrase, ())]
        return tuple(
            e for e in events if not any((e.span & o).duration_s > e.span.duration_s / 2 for o in others)
        )

    def _prepare(self, speaker: str | None) -> Prepared:
        if speaker not in self._prepared:
            self._prepared[speaker] = self.phrases.prepare(self.track(speaker).texts)
        return self._prepared[speaker]
