"""What Amazon Transcribe Call Analytics and Amazon Connect Contact Lens write of calls and chats."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start
from audit.interactions import Channel, Party, Role
from audit.jsonfile import decode
from audit.said import Line, Message, Told, local, spoken, word, written
from models.media import digest_file
from models.observations import Word

NAME = "Amazon Call Analytics or Contact Lens JSON"
SUFFIXES = (".json",)

ROLES = {
    "AGENT": Role.AGENT,
    "CUSTOMER": Role.CUSTOMER,
    "SYSTEM": Role.BOT,
    "CUSTOM_BOT": Role.BOT,
    "SUPERVISOR": Role.OTHER,
}


class _Participant(msgspec.Struct, rename="pascal"):
    participant_role: str = ""
    participant_id: str = ""


class _Item(msgspec.Struct, rename="pascal"):
    content: str
    type: str
    confidence: float = 1.0
    begin_offset_millis: float | None = None
    end_offset_millis: float | None = None


class _Turn(msgspec.Struct, rename="pascal"):
    content: str = ""
    begin_offset_millis: float | None = None
    end_offset_millis: float | None = None
    participant_role: str = ""
    participant_id: str = ""
    items: list[_Item] = []
    absolute_time: str = ""
    content_type: str = "text/plain"
    display_name: str = ""


class _Metadata(msgspec.Struct, rename="pascal"):
    contact_id: str = ""


class _Document(msgspec.Struct, rename="pascal"):
    transcript: list[_Turn]
    participants: list[_Participant]
    channel: str = "VOICE"
    language_code: str = ""
    job_name: str = ""
    customer_metadata: _Metadata | None = None


def recognises(start: Start) -> bool:
    """A transcript with its participants."""
    return {"Transcript", "Participants"} <= start.keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The call or chat as one arrival; agent and customer are who the file says they are.

    Raises:
        Rejected: it is not of this form, or a time or confidence is impossible.
    """
    document = decode(path, _Document)
    contact = document.customer_metadata.contact_id if document.customer_metadata else ""
    of = {p.participant_id or p.participant_role: p.participant_role for p in document.participants}
    told = Told(
        "amazon-call-analytics",
        digest_file(path),
        source_id=contact or document.job_name,
        language=document.language_code,
    )
    if document.channel == "CHAT":
        messages = list(_messages(path, facts, document, of))
        named = {m.role: m.speaker for m in messages if m.role and m.speaker}
        parties = tuple(Party(role, name, name) for role, name in named.items())
        yield written(path, facts, told._replace(channel=Channel.CHAT, parties=parties), messages)
        return
    labels = {key: ROLES[role] for key, role in of.items() if role in ROLES}
    told = told._replace(roles=labels, engine="amazon-transcribe")
    yield spoken(path, facts, told, (_line(path, n, t) for n, t in enumerate(document.transcript, start=1)))


def _line(path: Path, number: int, turn: _Turn) -> Line:
    if turn.begin_offset_millis is None or turn.end_offset_millis is None:
        raise Rejected(str(path), None, f"turn {number} has no BeginOffsetMillis and EndOffsetMillis")
    words: list[Word] = []
    for item in turn.items:
        if item.begin_offset_millis is not None and item.end_offset_millis is not None:
            times = item.begin_offset_millis / 1000, item.end_offset_millis / 1000
            words.append(word(path, *times, item.content, item.confidence))
        elif words:
            words[-1] = msgspec.structs.replace(words[-1], text=words[-1].text + item.content)
    start_s, end_s = turn.begin_offset_millis / 1000, turn.end_offset_millis / 1000
    return Line(turn.participant_id or turn.participant_role, start_s, end_s, turn.content, tuple(words))


def _messages(path: Path, facts: Facts, document: _Document, of: dict[str, str]) -> Iterator[Message]:
    """The messages of a chat; events such as 'joined' are none."""
    for number, turn in enumerate(document.transcript, start=1):
        if not turn.content_type.startswith("text/"):
            continue
        at = local(turn.absolute_time, facts)
        if at is None:
            raise Rejected(
                str(path), None, f"message {number}: AbsoluteTime '{turn.absolute_time}' is no time"
            )
        role = ROLES.get(turn.participant_role or of.get(turn.participant_id, ""))
        yield Message(at, turn.display_name, role, turn.content)
