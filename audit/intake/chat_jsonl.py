"""Chats as JSON lines: `{"at": ISO time, "from": role, "name": …, "text": …}`, a message a line."""

import codecs
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start, interaction
from audit.interactions import Channel, Role
from audit.said import check_people
from models.media import digest_file
from models.observations import UNDETERMINED, Span, Utterance, span
from models.transcripts import observed_transcript, printable, spread

NAME = "chat as JSON lines"
SUFFIXES = (".jsonl",)


class _Message(msgspec.Struct, forbid_unknown_fields=True, rename={"sender": "from"}):
    at: datetime
    sender: Role
    text: str
    name: str = ""


_decode = msgspec.json.Decoder(_Message).decode


def recognises(start: Start) -> bool:
    """Every `.jsonl` file whose lines are no whole conversations; its mistakes are told line by line."""
    whole = {"comments", "conversation_parts", "dialog", "payload"}
    return start.suffix in SUFFIXES and not start.keys & whole


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """The chat as one arrival; times are seconds from its first message.

    Raises:
        Rejected: a line is no message, has no time zone, or is earlier than the line before, or too many
            people wrote.
    """
    messages: list[_Message] = []
    try:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines()
    except OSError as error:
        raise Rejected(str(path), None, f"cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            message = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            fields = 'expected {"at": time, "from": agent|customer|bot|other, "name": …, "text": …}'
            raise Rejected(str(path), number, f"not a message: {error}; {fields}") from error
        if message.sender == Role.ANYONE:
            raise Rejected(
                str(path), number, "from: anyone is nobody; expected agent, customer, bot or other"
            )
        if message.at.tzinfo is None:
            raise Rejected(
                str(path), number, "the time has no zone; expected for example 2026-03-02T10:15:00+01:00"
            )
        if messages and message.at < messages[-1].at:
            raise Rejected(
                str(path), number, "earlier than the message before it; put the lines in order of time"
            )
        messages.append(message)
    if not messages:
        raise Rejected(str(path), None, "a chat without messages")
    start = messages[0].at
    language = facts.language or UNDETERMINED
    utterances: list[Utterance] = []
    roles: dict[str, Role] = {}
    for message in messages:
        at_s = (message.at - start).total_seconds()
        speaker = printable(message.name) or str(message.sender)
        if roles.get(speaker, message.sender) != message.sender:
            speaker = f"{speaker} ({message.sender})"
        roles[speaker] = message.sender
        text = printable(message.text)
        moment: Span = span(at_s, at_s)
        utterances.append(Utterance(moment, speaker, language, text, spread(text, moment)))
    check_people(path, len(roles))
    identity = digest_file(path)
    named = facts.model_copy(
        update={
            "started_at": facts.started_at or start.isoformat(),
            "agent": facts.agent
            or next((m.name for m in messages if m.sender == Role.AGENT and m.name), None),
            "customer": facts.customer
            or next((m.name for m in messages if m.sender == Role.CUSTOMER and m.name), None),
        }
    )
    observations = observed_transcript(identity, "chat-jsonl", utterances, spoken=False)
    yield Arrival(interaction(path, identity, named, Channel.CHAT, roles), path, observations)
