"""What Deepgram answers for a recording."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.jsonfile import decode
from audit.said import Line, Told, lines_of, spoken, word
from models.media import digest_file
from models.observations import Word

NAME = "Deepgram JSON"
SUFFIXES = (".json",)


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float
    confidence: float = 1.0
    punctuated_word: str | None = None
    speaker: int | None = None


class _Alternative(msgspec.Struct):
    words: list[_Word] = []
    languages: list[str] = []


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative]
    detected_language: str | None = None


class _Utterance(msgspec.Struct):
    start: float
    end: float
    transcript: str
    words: list[_Word] = []
    channel: int = 0
    speaker: int | None = None
    confidence: float = 1.0


class _Results(msgspec.Struct):
    channels: list[_Channel]
    utterances: list[_Utterance] | None = None


class _Metadata(msgspec.Struct):
    request_id: str = ""


class _Document(msgspec.Struct):
    metadata: _Metadata
    results: _Results


def recognises(start: Start) -> bool:
    """Results with their metadata, and no job of another system."""
    return {"metadata", "results"} <= start.keys and "jobName" not in start.keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The transcript as one arrival. `created` in it is when Deepgram was asked, not when the call was.

    Raises:
        Rejected: it is not of this form, or a time or confidence is impossible.
    """
    document = decode(path, _Document)
    results = document.results
    spoke = [
        c.detected_language or next(iter(c.alternatives[0].languages), "")
        for c in results.channels
        if c.alternatives
    ]
    told = Told(
        "deepgram",
        digest_file(path),
        source_id=document.metadata.request_id,
        language=next(iter(spoke), ""),
        engine="deepgram",
    )
    yield spoken(path, facts, told, _lines(path, results))


def _lines(path: Path, results: _Results) -> Iterator[Line]:
    several = len(results.channels) > 1
    if results.utterances:
        for one in results.utterances:
            label = _label(several, one.channel, one.speaker)
            # An utterance may hold a short answer of somebody else: each word says whose it is.
            words = _words(path, one.words, one.channel, several)
            yield from lines_of((who or label, heard) for who, heard in words)
            if not one.words:
                yield Line(label, one.start, one.end, one.transcript, sure=one.confidence)
        return
    for number, channel in enumerate(results.channels):
        for best in channel.alternatives[:1]:
            yield from lines_of(_words(path, best.words, number, several))


def _words(path: Path, words: list[_Word], channel: int, several: bool) -> Iterator[tuple[str | None, Word]]:
    for one in words:
        text = one.punctuated_word or one.word
        yield _label(several, channel, one.speaker), word(path, one.start, one.end, text, one.confidence)


def _label(several: bool, channel: int, speaker: int | None) -> str | None:
    if several:
        return f"channel-{channel}"
    return None if speaker is None else f"speaker-{speaker}"
