"""What Amazon Transcribe writes of a batch job: words with confidences, speakers or channels."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.jsonfile import decode
from audit.said import Line, Told, lines_of, spoken, word
from models.media import digest_file
from models.observations import Word

NAME = "Amazon Transcribe JSON"
SUFFIXES = (".json",)


class _Alternative(msgspec.Struct):
    content: str
    confidence: float | None = None


class _Item(msgspec.Struct):
    type: str
    alternatives: list[_Alternative]
    start_time: float | None = None
    end_time: float | None = None
    speaker_label: str | None = None


class _Channel(msgspec.Struct):
    channel_label: str
    items: list[_Item]


class _Channels(msgspec.Struct):
    channels: list[_Channel] = []


class _Placed(msgspec.Struct):
    start_time: float
    speaker_label: str


class _Turn(msgspec.Struct):
    items: list[_Placed] = []


class _Speakers(msgspec.Struct):
    segments: list[_Turn] = []


class _Results(msgspec.Struct):
    items: list[_Item] = []
    channel_labels: _Channels | None = None
    speaker_labels: _Speakers | None = None
    language_code: str | None = None


class _Document(msgspec.Struct):
    jobName: str  # noqa: N815  their name
    results: _Results


def recognises(start: Start) -> bool:
    """A job with its results."""
    return {"jobName", "results"} <= start.keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The transcript as one arrival; `ch_0` is the left channel, `channel-0`.

    Raises:
        Rejected: it is not of this form, or a time or confidence is impossible.
    """
    document = decode(path, _Document, strict=False)
    results = document.results
    told = Told(
        "amazon-transcribe",
        digest_file(path),
        source_id=document.jobName,
        language=results.language_code or "",
        engine="amazon-transcribe",
    )
    yield spoken(path, facts, told, _lines(path, results))


def _lines(path: Path, results: _Results) -> Iterator[Line]:
    if results.channel_labels and results.channel_labels.channels:
        for channel in results.channel_labels.channels:
            label = channel.channel_label.replace("ch_", "channel-")
            yield from lines_of((label, w) for _, w in _words(path, channel.items))
        return
    who = {p.start_time: p.speaker_label for s in _turns(results) for p in s.items}
    yield from lines_of(
        (label or who.get(heard.span.start_s), heard) for label, heard in _words(path, results.items)
    )


def _turns(results: _Results) -> list[_Turn]:
    return results.speaker_labels.segments if results.speaker_labels else []


def _words(path: Path, items: list[_Item]) -> Iterator[tuple[str | None, Word]]:
    """(speaker, word) with the punctuation that follows it."""
    pending: tuple[str | None, Word] | None = None
    for item in items:
        if not item.alternatives:
            continue
        best = item.alternatives[0]
        if item.start_time is None or item.end_time is None:
            if pending:
                label, heard = pending
                pending = (label, msgspec.structs.replace(heard, text=heard.text + best.content))
            continue
        if pending:
            yield pending
        sure = 1.0 if best.confidence is None else best.confidence
        pending = (item.speaker_label, word(path, item.start_time, item.end_time, best.content, sure))
    if pending:
        yield pending
