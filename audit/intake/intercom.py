"""Conversations of Intercom; notes among colleagues are left out."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from audit.arrivals import Arrival, Facts, Rejected, Start, digest_of
from audit.interactions import Channel, Party, Role
from audit.jsonfile import Item, convert, items
from audit.mail import new_text, of_html
from audit.said import Message, Told, written

NAME = "Intercom conversations"
SUFFIXES = (".json", ".jsonl", ".ndjson")


class _Author(msgspec.Struct, frozen=True):
    type: str = ""
    id: str | int | None = None
    name: str | None = None
    email: str | None = None
    from_ai_agent: bool = False


class _Part(msgspec.Struct):
    part_type: str = ""
    body: str | None = None
    created_at: int | None = None
    author: _Author = _Author()


class _Parts(msgspec.Struct):
    conversation_parts: list[_Part] = []
    total_count: int | None = None


class _Source(msgspec.Struct):
    type: str = ""
    subject: str | None = None
    body: str | None = None
    author: _Author = _Author()


class _Conversation(msgspec.Struct):
    id: str | int
    created_at: int
    source: _Source
    conversation_parts: _Parts | None = None
    title: str | None = None


ROLES = {
    **dict.fromkeys(("user", "lead", "contact"), Role.CUSTOMER),
    **dict.fromkeys(("admin", "team"), Role.AGENT),
    "bot": Role.BOT,
}

CHANNELS = {
    "email": Channel.EMAIL,
    **dict.fromkeys(("facebook", "instagram", "twitter", "whatsapp"), Channel.SOCIAL),
}

LATEST_S = 253_402_300_800
"""The end of the year 9999: later seconds are none."""


def recognises(start: Start) -> bool:
    """A conversation with its source, or a list of them."""
    keys = start.keys
    return {"type", "conversations"} <= keys or {"source", "conversation_parts"} <= keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """Each conversation as one arrival."""
    for item in items(path, ("conversations", "data")):
        if isinstance(item, Rejected):
            yield item
            continue
        try:
            yield _conversation(path, facts, item)
        except Rejected as error:
            yield Rejected(error.path, error.line_number or item.line_number, error.problem)


def _conversation(path: Path, facts: Facts, item: Item) -> Arrival:
    where = f"conversation {item.value.get('id', item.where)}"
    one = convert(path, item.value, _Conversation, where)
    if one.conversation_parts is None:
        raise Rejected(str(path), None, f"{where}: a list without its parts; export each conversation whole")
    first = _Part("comment", one.source.body, one.created_at, one.source.author)
    messages: list[Message] = []
    parties: dict[str, Party] = {}
    for number, part in enumerate([first, *one.conversation_parts.conversation_parts]):
        if not part.body or part.part_type == "note":
            continue
        if part.created_at is None or not 0 < part.created_at < LATEST_S:
            raise Rejected(
                str(path), None, f"{where}, part {number}: created_at {part.created_at} is no time"
            )
        role = Role.BOT if part.author.from_ai_agent else ROLES.get(part.author.type)
        known = str(part.author.id or "")
        name = part.author.name or part.author.email or (f"{part.author.type} {known}" if known else "")
        text = new_text(of_html(part.body))
        messages.append(Message(datetime.fromtimestamp(part.created_at, UTC), name, role, text))
        crm, employee = (known, "") if role == Role.CUSTOMER else ("", known if role == Role.AGENT else "")
        party = Party(role, part.author.name or "", name, part.author.email or "", "", crm, employee)
        parties.setdefault(f"{role} {known or name}", party)
    said = [(m.at.isoformat(), m.speaker, m.text) for m in messages]
    told = Told(
        "intercom",
        digest_of("intercom", str(one.id), said),
        CHANNELS.get(one.source.type, Channel.CHAT),
        parties=tuple(parties.values()),
        source_id=str(one.id),
        title=one.title or of_html(one.source.subject or "").strip() or f"conversation {one.id}",
    )
    return written(path, facts, told, messages)
