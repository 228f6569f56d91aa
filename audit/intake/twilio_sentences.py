"""The sentences of a transcript from Twilio's Conversation Intelligence; its numbers are texts."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.jsonfile import decode
from audit.said import Line, Told, spoken, word
from models.media import digest_file

NAME = "Twilio sentences"
SUFFIXES = (".json",)


class _Word(msgspec.Struct):
    word: str
    start_time: float
    end_time: float
    confidence: float | None = None


class _Sentence(msgspec.Struct):
    transcript: str
    start_time: float
    end_time: float
    media_channel: int
    confidence: float = 1.0
    words: list[_Word] | None = None
    transcript_sid: str = ""


class _Document(msgspec.Struct):
    sentences: list[_Sentence]


def recognises(start: Start) -> bool:
    """A list of sentences with the address of the next page."""
    return {"sentences", "meta"} <= start.keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The sentences as one arrival. Media channel 1 is `channel-0`: who joined first, not always the agent.

    Raises:
        Rejected: it is not of this form, or a time or confidence is impossible.
    """
    document = decode(path, _Document, strict=False)
    sid = next((s.transcript_sid for s in document.sentences), "")
    told = Told("twilio", digest_file(path), source_id=sid, engine="twilio")
    first = min((s.media_channel for s in document.sentences), default=1)
    least = min(1, first)
    yield spoken(path, facts, told, (_line(path, s, least) for s in document.sentences))


def _line(path: Path, sentence: _Sentence, least: int) -> Line:
    words = tuple(
        word(
            path,
            w.start_time,
            w.end_time,
            w.word,
            sentence.confidence if w.confidence is None else w.confidence,
        )
        for w in sentence.words or ()
    )
    label = f"channel-{sentence.media_channel - least}"
    return Line(
        label, sentence.start_time, sentence.end_time, sentence.transcript, words, sure=sentence.confidence
    )
