"""Transcripts of Genesys Cloud, with the conversation's details where they lie beside."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.interactions import Party, Role
from audit.jsonfile import decode
from audit.said import Line, Told, local, spoken, word
from models.media import digest_file

NAME = "Genesys Cloud transcript"
SUFFIXES = (".json",)

DETAILS_SUFFIX = ".conversation.json"
"""The details of the conversation lie beside its transcript under this name."""


class _Duration(msgspec.Struct):
    milliseconds: float = 0.0


class _Word(msgspec.Struct, rename="camel"):
    word: str
    start_time_ms: float
    duration: _Duration
    confidence: float = 1.0


class _Phrase(msgspec.Struct, rename="camel"):
    text: str
    start_time_ms: float
    duration: _Duration
    participant_purpose: str = ""
    confidence: float = 1.0
    words: list[_Word] = []


class _Transcript(msgspec.Struct, rename="camel"):
    phrases: list[_Phrase]
    language: str = ""


class _Document(msgspec.Struct, rename="camel"):
    transcripts: list[_Transcript] | None = None
    conversation_id: str = ""


class _Session(msgspec.Struct, rename="camel"):
    media_type: str = ""
    ani: str | None = None


class _Participant(msgspec.Struct, rename="camel"):
    purpose: str = ""
    participant_name: str | None = None
    name: str | None = None
    user_id: str | None = None
    external_contact_id: str | None = None
    sessions: list[_Session] = []


class _Details(msgspec.Struct, rename="camel"):
    participants: list[_Participant]
    conversation_id: str = ""
    id: str = ""
    conversation_start: str = ""
    start_time: str = ""


ROLES = {
    **dict.fromkeys(("external", "customer"), Role.CUSTOMER),
    **dict.fromkeys(("internal", "agent", "user"), Role.AGENT),
    **dict.fromkeys(("ivr", "acd", "bot", "botflow", "voicemail"), Role.BOT),
}
LATEST_MS = 253_402_300_800_000
"""The end of the year 9999."""

DAY_MS = 24 * 3600 * 1000


def recognises(start: Start) -> bool:
    """Transcripts of a conversation, or its details."""
    keys = start.keys
    details = "participants" in keys and bool(keys & {"conversationStart", "conversationId"})
    return {"transcripts", "conversationId"} <= keys or details


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The transcript as one arrival; times are seconds from its first phrase.

    Raises:
        Rejected: it is not of this form, it is only the details, or those beside it are another call's.
    """
    document = decode(path, _Document)
    if document.transcripts is None:
        wanted = f"its transcript is expected, and these beside it as NAME{DETAILS_SUFFIX}"
        raise Rejected(str(path), None, f"only the details of a conversation; {wanted}")
    phrases = [(p, t.language) for t in document.transcripts for p in t.phrases if p.text.strip()]
    first_ms = min((p.start_time_ms for p, _ in phrases), default=0.0)
    if not 0 <= first_ms < LATEST_MS:
        raise Rejected(str(path), None, f"startTimeMs {first_ms:g} is no time")
    details = _details(path, document.conversation_id)
    begun = datetime.fromtimestamp(first_ms / 1000, UTC)
    if details and (at := local(details.conversation_start or details.start_time, facts)):
        begun = at
    purposes = {p.participant_purpose for p, _ in phrases}
    told = Told(
        "genesys",
        digest_file(path),
        roles={p: ROLES[p] for p in purposes if p in ROLES},
        parties=tuple(_party(p) for p in details.participants if p.purpose in ROLES) if details else (),
        source_id=document.conversation_id,
        # Times of 1970 are offsets: then nobody said when the call was.
        started_at=begun if details or first_ms > DAY_MS else None,
        engine="genesys",
    )
    yield spoken(path, facts, told, (_line(path, p, language, first_ms) for p, language in phrases))


def _line(path: Path, phrase: _Phrase, language: str, first_ms: float) -> Line:
    words = tuple(word(path, *_times_s(w, first_ms), w.word, w.confidence) for w in phrase.words)
    speaker = phrase.participant_purpose or None
    return Line(speaker, *_times_s(phrase, first_ms), phrase.text, words, language, phrase.confidence)


def _times_s(said: _Phrase | _Word, first_ms: float) -> tuple[float, float]:
    start_ms = said.start_time_ms - first_ms
    return round(start_ms / 1000, 3), round((start_ms + said.duration.milliseconds) / 1000, 3)


def _details(path: Path, conversation: str) -> _Details | None:
    beside = path.with_name(path.name.removesuffix(path.suffix) + DETAILS_SUFFIX)
    if not beside.is_file():
        return None
    details = decode(beside, _Details)
    if conversation and conversation not in (details.conversation_id, details.id):
        raise Rejected(str(beside), None, f"the details of another conversation than {conversation}")
    return details


def _party(participant: _Participant) -> Party:
    role = ROLES[participant.purpose]
    ani = next((s.ani for s in participant.sessions if s.ani), "") if role == Role.CUSTOMER else ""
    phone = ani.removeprefix("tel:") if ani.startswith(("tel:", "+")) else ""
    name = participant.participant_name or participant.name or ""
    return Party(
        role,
        name,
        phone=phone,
        crm=(participant.external_contact_id or "") if role == Role.CUSTOMER else "",
        employee=(participant.user_id or "") if role == Role.AGENT else "",
    )
