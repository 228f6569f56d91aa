"""What Whisper, faster-whisper, WhisperX and the verbose OpenAI interface write as JSON."""

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.jsonfile import decode
from audit.said import Line, Told, spoken, word
from models.media import digest_file
from models.observations import Word

NAME = "Whisper or WhisperX JSON"
SUFFIXES = (".json",)


class _Word(msgspec.Struct):
    word: str
    start: float | None = None
    end: float | None = None
    probability: float | None = None
    score: float | None = None


class _Segment(msgspec.Struct):
    start: float
    end: float
    text: str = ""
    speaker: str | None = None
    avg_logprob: float | None = None
    words: list[_Word] | None = None


class _Document(msgspec.Struct):
    segments: list[_Segment]
    language: str | None = None


_LANGUAGES = {
    "english": "en",
    "italian": "it",
    "persian": "fa",
    "german": "de",
    "french": "fr",
    "spanish": "es",
}
"""The OpenAI interface writes the language out."""


def recognises(start: Start) -> bool:
    """Segments beside a language, a text or WhisperX's list of words."""
    keys = start.keys
    return "segments" in keys and bool(keys & {"language", "text", "word_segments"}) and "vcon" not in keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The transcript as one arrival; voices are those that WhisperX tells apart.

    Raises:
        Rejected: it is not of this form, or a time or confidence is impossible.
    """
    document = decode(path, _Document)
    language = (document.language or "").lower()
    told = Told(
        "whisper", digest_file(path), language=_LANGUAGES.get(language, language), engine="whisper (imported)"
    )
    yield spoken(path, facts, told, (_line(path, one) for one in document.segments))


def _line(path: Path, segment: _Segment) -> Line:
    """A segment; where WhisperX could not place a word in time, the words are spread over the segment."""
    sure = math.exp(min(0.0, segment.avg_logprob)) if segment.avg_logprob is not None else 1.0
    words: list[Word] = []
    for one in segment.words or ():
        if one.start is None or one.end is None:
            words = []
            break
        given = one.probability if one.probability is not None else one.score
        words.append(word(path, one.start, one.end, one.word, sure if given is None else given))
    text = segment.text or " ".join(w.text for w in words)
    return Line(segment.speaker, segment.start, segment.end, text, tuple(words), sure=round(sure, 4))
