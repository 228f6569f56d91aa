"""What Amazon Transcribe Post Call Analytics writes of a call."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.interactions import Party, Role
from audit.jsonfile import decode
from audit.said import Line, Told, local, spoken, word
from models.media import digest_file

NAME = "Amazon Post Call Analytics JSON"
SUFFIXES = (".json",)


class _Word(msgspec.Struct, rename="pascal"):
    text: str
    confidence: float
    start_time: float
    end_time: float


class _Segment(msgspec.Struct, rename="pascal"):
    segment_start_time: float
    segment_end_time: float
    segment_speaker: str
    display_text: str = ""
    original_text: str = ""
    word_confidence: list[_Word] = []
    IVRSegment: bool = msgspec.field(default=False, name="IVRSegment")


class _Speaker(msgspec.Struct, rename="pascal"):
    speaker: str
    display_text: str


class _Analytics(msgspec.Struct, rename="pascal"):
    guid: str = msgspec.field(default="", name="GUID")
    agent: str = ""
    cust: str = ""
    conversation_time: str = ""
    language_code: str = ""
    speaker_labels: list[_Speaker] = []


class _Document(msgspec.Struct, rename="pascal"):
    conversation_analytics: _Analytics
    speech_segments: list[_Segment]


def recognises(start: Start) -> bool:
    """Segments of speech with their analysis."""
    return {"ConversationAnalytics", "SpeechSegments"} <= start.keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The call as one arrival; what the voice menu says is a bot's.

    Its time has no zone: it counts where the facts name the zone of the branch, and is missing elsewhere.

    Raises:
        Rejected: it is not of this form, or a time or confidence is impossible.
    """
    document = decode(path, _Document, strict=False)
    about = document.conversation_analytics
    names = {s.speaker: s.display_text for s in about.speaker_labels}
    roles = {
        label: Role(name.lower())
        for label, name in names.items()
        if name.lower() in (Role.AGENT, Role.CUSTOMER)
    }
    parties = tuple(
        Party(role, crm=cust, employee=agent)
        for role, agent, cust in ((Role.AGENT, about.agent, ""), (Role.CUSTOMER, "", about.cust))
        if agent or cust
    )
    told = Told(
        "amazon-pca",
        digest_file(path),
        roles={**roles, "voice menu": Role.BOT},
        parties=parties,
        source_id=about.guid,
        language=about.language_code,
        started_at=local(about.conversation_time, facts),
        engine="amazon-transcribe",
    )
    yield spoken(path, facts, told, (_line(path, one) for one in document.speech_segments))


def _line(path: Path, segment: _Segment) -> Line:
    words = tuple(word(path, w.start_time, w.end_time, w.text, w.confidence) for w in segment.word_confidence)
    text = segment.original_text or segment.display_text
    speaker = "voice menu" if segment.IVRSegment else segment.segment_speaker
    return Line(speaker, segment.segment_start_time, segment.segment_end_time, text, words)
