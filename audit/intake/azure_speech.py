"""What Azure Speech writes of a recording, and conversations as Azure Language takes them."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start, digest_of
from audit.interactions import Role
from audit.jsonfile import decode
from audit.said import Line, Told, spoken
from models.media import digest_file

NAME = "Azure Speech or conversation JSON"
SUFFIXES = (".json",)

TICKS_HZ = 10_000_000
"""Azure counts time in steps of 100 ns."""


class _Best(msgspec.Struct):
    display: str = ""
    confidence: float = 1.0


class _Phrase(msgspec.Struct, rename="camel"):
    offset_in_ticks: float
    duration_in_ticks: float
    n_best: list[_Best]
    channel: int = 0
    speaker: int | None = None
    locale: str = ""


class _Timing(msgspec.Struct):
    offset: float
    duration: float


class _Item(msgspec.Struct, rename="camel"):
    text: str
    participant_id: str = ""
    role: str = ""
    conversation_item_level_timing: _Timing | None = None


class _Conversation(msgspec.Struct, rename="camel"):
    id: str
    conversation_items: list[_Item]
    language: str = ""


class _Input(msgspec.Struct):
    conversations: list[_Conversation]


class _Document(msgspec.Struct, rename="camel"):
    recognized_phrases: list[_Phrase] | None = None
    analysis_input: _Input | None = None


def recognises(start: Start) -> bool:
    """Phrases of batch transcription, or the input of conversation analysis."""
    return bool(start.keys & {"recognizedPhrases", "analysisInput"})


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The transcript as one arrival, or each conversation whose items have times.

    Raises:
        Rejected: it is not of this form, or a time or confidence is impossible.
    """
    document = decode(path, _Document)
    if document.recognized_phrases is not None:
        phrases = document.recognized_phrases
        several = len({p.channel for p in phrases}) > 1
        language = next((p.locale for p in phrases if p.locale), "")
        told = Told("azure-speech", digest_file(path), language=language, engine="azure-speech")
        yield spoken(path, facts, told, (_line(p, several) for p in phrases if p.n_best))
    for one in document.analysis_input.conversations if document.analysis_input else ():
        try:
            yield _conversation(path, facts, one)
        except Rejected as error:
            yield error


def _line(phrase: _Phrase, several: bool) -> Line:
    start_s = phrase.offset_in_ticks / TICKS_HZ
    label = f"channel-{phrase.channel}" if several else None
    if phrase.speaker is not None and not several:
        label = f"speaker-{phrase.speaker}"
    end_s = start_s + phrase.duration_in_ticks / TICKS_HZ
    return Line(label, start_s, end_s, phrase.n_best[0].display, sure=phrase.n_best[0].confidence)


def _conversation(path: Path, facts: Facts, one: _Conversation) -> Arrival:
    roles: dict[str, Role] = {}
    lines = []
    for number, item in enumerate(one.conversation_items, start=1):
        timing = item.conversation_item_level_timing
        if timing is None:
            told = "has no time (conversationItemLevelTiming), and none is guessed"
            raise Rejected(str(path), None, f"conversation {one.id}: item {number} {told}")
        said = (item.role or item.participant_id).lower()
        if said in (Role.AGENT, Role.CUSTOMER):
            roles[item.participant_id] = Role(said)
        start_s = timing.offset / TICKS_HZ
        lines.append(Line(item.participant_id, start_s, start_s + timing.duration / TICKS_HZ, item.text))
    about = Told(
        "azure-speech",
        digest_of("azure", one.id, [tuple(line[:4]) for line in lines]),
        roles=roles,
        source_id=one.id,
        language=one.language,
        engine="azure-speech",
    )
    return spoken(path, facts, about, lines)
