"""vCon, the conversation container of the IETF, in every version seen: recordings, messages, transcripts."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from audit import vcons
from audit.arrivals import Arrival, Facts, Rejected, Start, digest_of, interaction
from audit.interactions import Channel, Party, Role
from audit.jsonfile import convert, items
from audit.mail import new_text, of_html, part_of, text_of
from audit.said import Line, Message, Told, local, spoken, written
from audit.vcons import Dialog, Vcon
from models.media import digest_file

NAME = "vCon"
SUFFIXES = (".vcon", ".json", ".jsonl")


class _Segment(msgspec.Struct):
    start: float
    end: float
    text: str
    speaker: str | int | None = None
    confidence: float | None = None


class _Transcript(msgspec.Struct):
    segments: list[_Segment]
    language: str | None = None


def _label(segment: _Segment) -> str | None:
    return None if segment.speaker is None else str(segment.speaker)


def recognises(start: Start) -> bool:
    """Every `.vcon` file; JSON with a vCon's keys, or sealed as one."""
    keys = start.keys
    plain = "vcon" in keys or {"uuid", "dialog"} <= keys
    return start.suffix == ".vcon" or plain or {"payload", "signatures"} <= keys or "ciphertext" in keys


def read(path: Path, facts: Facts) -> Iterator[Arrival | Rejected]:
    """Each recording of a vCon as an arrival, and its messages together as one.

    What lies at an address elsewhere is not fetched: it is taken where the file lies beside the vCon, or its
    transcript with times is in it.
    """
    known: dict[str, str] = {}
    for item in items(path):
        if isinstance(item, Rejected):
            yield item
            continue
        try:
            vcon = vcons.vcon_of(path, item.value, item.where)
            found = list(_arrivals(path, facts, vcon, item.where))
            same = digest_of(item.value)
            if vcon.uuid and known.setdefault(vcon.uuid, same) != same:
                told = f"{item.where}: vCon {vcon.uuid} is in the file twice, with other content"
                raise Rejected(str(path), item.line_number, told)
            if not found:
                raise Rejected(str(path), item.line_number, f"{item.where}: no conversation in it")
        except Rejected as error:
            yield Rejected(error.path, error.line_number or item.line_number, error.problem)
            continue
        document = msgspec.json.encode(item.value)
        for one in found:
            yield one if isinstance(one, Rejected) else msgspec.structs.replace(one, original=document)


def _arrivals(path: Path, facts: Facts, vcon: Vcon, where: str) -> Iterator[Arrival | Rejected]:
    messages: list[Message] = []
    mails = False
    for number, dialog in enumerate(vcon.dialog):
        place = f"{where}, dialog {number}"
        try:
            if dialog.type == "recording":
                yield _recording(path, facts, vcon, number, place)
            elif dialog.type == "text":
                messages.append(_message(path, facts, vcon, dialog, place))
                mails |= dialog.message_id is not None or dialog.media.startswith(("multipart/", "message/"))
            elif dialog.type == "incomplete":
                nobody = f"{place}: nobody spoke ({dialog.disposition or 'incomplete'})"
                yield Rejected(str(path), None, nobody)
        except Rejected as error:
            yield error
    if messages:
        labels = {m.speaker for m in messages}
        parties = [vcons.party_of(p, p.name if p.name in labels else None) for p in vcon.parties]
        said = [(m.at.isoformat(), m.speaker, m.text) for m in messages]
        told = Told(
            _source(vcon),
            digest_of("vcon", vcon.uuid, said),
            Channel.EMAIL if mails else Channel.CHAT,
            parties=tuple(parties),
            source_id=vcon.uuid,
            title=vcon.subject or "",
        )
        yield written(path, facts, told, messages)


def _source(vcon: Vcon) -> str:
    return f"vcon, {vcon.seal}" if vcon.seal else "vcon"


def _recording(path: Path, facts: Facts, vcon: Vcon, number: int, where: str) -> Arrival:
    dialog = vcon.dialog[number]
    known = [_party(vcon, n) for n in dialog.channels]
    labelled = {f"channel-{c}": p.role for c, p in enumerate(known) if p and p.role and len(known) == 2}
    if facts.agent_channel is not None:
        other = 1 - facts.agent_channel
        labelled = {f"channel-{facts.agent_channel}": Role.AGENT, f"channel-{other}": Role.CUSTOMER}
    parties = tuple(p for p in known if p)
    at = local(dialog.start or "", facts)
    known_facts = facts.model_copy(
        update={
            "started_at": facts.started_at or (at.isoformat() if at else None),
            "title": facts.title or vcon.subject,
        }
    )
    channel = Channel.VIDEO if dialog.media.startswith("video/") else Channel.CALL
    about = (known_facts, channel, {**labelled, **facts.roles}, parties, _source(vcon), vcon.uuid)
    content = vcons.body_of(path, dialog, where)
    if isinstance(content, bytes):
        vcons.check_hash(path, content, dialog, where)
        return Arrival(interaction(path, hashlib.sha256(content).hexdigest(), *about), path, enclosed=content)
    stem = path.name.removesuffix(path.suffix).removesuffix(".vcon")
    if (file := vcons.beside(path, dialog, stem, where)) is not None:
        return Arrival(interaction(file, digest_file(file), *about), file)
    return _transcribed(path, known_facts, vcon, number, parties, where)


def _party(vcon: Vcon, number: int | None) -> Party | None:
    if number is None or not 0 <= number < len(vcon.parties):
        return None
    return vcons.party_of(vcon.parties[number], None)


def _transcribed(
    path: Path, facts: Facts, vcon: Vcon, number: int, parties: tuple[Party, ...], where: str
) -> Arrival:
    """The recording by its transcript, where that has times."""
    for analysis in vcon.analysis:
        if analysis.type != "transcript" or not analysis.of(number):
            continue
        body: Any = vcons.body_of(path, analysis, where)
        if isinstance(body, dict) and "segments" in body:
            transcript = convert(path, body, _Transcript, f"{where}: transcript")
            lines = [
                Line(_label(s), s.start, s.end, s.text, sure=s.confidence or 1.0) for s in transcript.segments
            ]
            about = Told(
                _source(vcon),
                digest_of("vcon", vcon.uuid, number, body),
                parties=parties,
                source_id=vcon.uuid,
                language=transcript.language or "",
                engine=analysis.vendor or "vcon transcript",
            )
            return spoken(path, facts, about, lines)
    dialog = vcon.dialog[number]
    name = dialog.filename or "recording"
    lies = f"its recording is at {dialog.url[:120]}" if dialog.url else "it has no recording inline"
    raise Rejected(
        str(path),
        None,
        f"{where}: {lies}; nothing is fetched: put the file beside it as {Path(name).name}",
    )


def _message(path: Path, facts: Facts, vcon: Vcon, dialog: Dialog, where: str) -> Message:
    at = local(dialog.start or "", facts)
    if at is None:
        raise Rejected(str(path), None, f"{where}: start '{dialog.start}' is no time with a zone")
    body = vcons.body_of(path, dialog, where)
    if body is None:
        raise Rejected(str(path), None, f"{where}: its text is not inline, and nothing is fetched")
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    kind = dialog.media.partition(";")[0].strip().lower()
    if kind.startswith(("multipart/", "message/")):
        text = text_of(part_of(str(path), dialog.media, text))
    elif kind == "text/html":
        text = of_html(text)
    sender = dialog.sender
    party = _party(vcon, sender)
    name = (party.name or party.email or party.phone or f"party {sender}") if party else ""
    return Message(at, name, party.role if party else None, new_text(text))
