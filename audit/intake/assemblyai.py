"""What AssemblyAI answers for a recording; its times are milliseconds."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.jsonfile import decode
from audit.said import Line, Told, lines_of, spoken, word
from models.media import digest_file
from models.observations import Word

NAME = "AssemblyAI JSON"
SUFFIXES = (".json",)


class _Word(msgspec.Struct):
    text: str
    start: float
    end: float
    confidence: float = 1.0
    speaker: str | None = None
    channel: str | int | None = None


class _Utterance(msgspec.Struct):
    text: str
    start: float
    end: float
    confidence: float = 1.0
    speaker: str | None = None
    channel: str | int | None = None
    words: list[_Word] = []


class _Document(msgspec.Struct):
    id: str
    status: str = "completed"
    error: str | None = None
    words: list[_Word] | None = None
    utterances: list[_Utterance] | None = None
    language_code: str | None = None
    audio_channels: int | None = None


def recognises(start: Start) -> bool:
    """A transcript with the address of its sound."""
    return {"id", "audio_url", "words"} <= start.keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The transcript as one arrival; channel 1 is the left one, `channel-0`.

    Raises:
        Rejected: it is not of this form or not finished, or a time or confidence is impossible.
    """
    document = decode(path, _Document)
    if document.status != "completed":
        told = document.error or "transcribe it first"
        raise Rejected(str(path), None, f"AssemblyAI's status is '{document.status}': {told}")
    about = Told(
        "assemblyai",
        digest_file(path),
        source_id=document.id,
        language=document.language_code or "",
        engine="assemblyai",
    )
    several = (document.audio_channels or 1) > 1
    yield spoken(path, facts, about, _lines(path, document, several))


def _lines(path: Path, document: _Document, several: bool) -> Iterator[Line]:
    if not document.utterances:
        yield from lines_of((_label(several, w), _word(path, w)) for w in document.words or ())
        return
    for one in document.utterances:
        words = tuple(_word(path, w) for w in one.words)
        label = _label(several, one)
        yield Line(label, one.start / 1000, one.end / 1000, one.text, words, sure=one.confidence)


def _word(path: Path, one: _Word) -> Word:
    return word(path, one.start / 1000, one.end / 1000, one.text, one.confidence)


def _label(several: bool, one: _Word | _Utterance) -> str | None:
    number = str(one.channel or one.speaker or "")
    return f"channel-{int(number) - 1}" if several and number.isdigit() else one.speaker
