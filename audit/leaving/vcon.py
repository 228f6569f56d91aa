"""An interaction as a vCon: the one that it came in, or a new one, with our words and scorecards attached."""

import base64
import hashlib
import json
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from audit.interactions import Interaction, Role
from audit.leaving.cleaning import Cleaning
from audit.leaving.rows import SCHEMA, Leaving, as_json
from audit.originals import opened, original
from audit.redacting import roles_of, write_copy
from audit.redaction import personal, secrets, silences
from audit.speakers import is_recognised
from audit.store import Store
from models.observations import Observations, Utterance

VERSION = "0.4.0"
"""The vCon of the IETF drafts that Comport writes; what came in an earlier form keeps its own keys beside."""

VENDOR = "Comport"

MEDIA = {".flac": "audio/flac", ".mp4": "video/mp4"}


OF_THE_BODY = ("alg", "signature", "filename")
"""What a dialog says of its recording: of another one it is not true."""


class Part(NamedTuple):
    """One interaction of a vCon, with its scorecards."""

    interaction: Interaction
    cards: tuple[Leaving, ...]


def make_vcon(
    store: Store, parts: Sequence[Part], with_personal: bool, with_media: bool
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The vCon of these interactions, which came together, and what was removed from it.

    Raises:
        UnreadableMedia: a recording is gone, damaged, or another one than was audited.
        ObservationsUnreadable: what was perceived is damaged, so that nobody knows what has to go.
    """
    first = parts[0].interaction
    kept = original(store, first.id)
    document = _plain(json.loads(kept)) if kept else _new(store, first)
    if document.get("vcon") is not None:
        document["vcon"] = VERSION
    names = [one.interaction for one in parts]
    cleaning = None if with_personal else Cleaning(names, document)
    dialogs = {p.interaction.id: _dialogs(document, p.interaction, parts) for p in parts}
    media = {
        n: p.interaction
        for p in parts
        for n in dialogs[p.interaction.id]
        if not p.interaction.channel.is_text
    }
    gone: list[dict[str, str]] = []
    for number, dialog in enumerate(document.get("dialog", [])):
        if dialog.get("type") == "recording":
            said = [key for key in OF_THE_BODY if key in dialog]
            gone += _with_sound(store, dialog, number, media.get(number), cleaning, with_media)
            beside = "what is said of a recording that is another one now"
            gone += [{"where": f"dialog[{number}].{k}", "kind": beside} for k in said if k not in dialog]
    if cleaning:
        document = cleaning.document(document)
        gone += cleaning.gone
    document["analysis"] = [
        *(a for a in document.get("analysis", []) if a.get("vendor") != VENDOR),
        *(
            one
            for part in parts
            for one in _analyses(store, part, dialogs[part.interaction.id], with_personal)
        ),
    ]
    completed = list(_completed(document))
    inside = [part.interaction.id for part in parts]
    about = {
        "schema": "comport.export/1",
        "interactions": inside,
        "removed": gone,
        "completed": completed,
    }
    document["analysis"].append(_analysis("report", "comport.export/1", about, []))
    document["updated_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    if gone:
        _renamed(document, gone)
    return document, gone


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    """What is sealed without its seal, which would not hold for anything else."""
    inside = opened(document.get("payload"), "base64url")
    return inside if isinstance(inside, dict) else document


def _renamed(document: dict[str, Any], gone: list[dict[str, str]]) -> None:
    """What was redacted is another vCon: a new name, and where it comes from."""
    before = str(document.get("uuid", ""))
    document["uuid"] = _uuid(f"{before}\n{json.dumps(gone)}")
    document.pop("amended", None)
    document["redacted"] = {"uuid": before, "type": "personal data and card data"}


def _uuid(of: str) -> str:
    """A UUID of version 8: the same for the same."""
    number = int.from_bytes(hashlib.sha256(of.encode()).digest()[:16], "big")
    return str(uuid.UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | (8 << 76) | (2 << 62)))


def _dialogs(document: dict[str, Any], one: Interaction, parts: Sequence[Part]) -> list[int]:
    """The numbers of the dialogs that an interaction consists of."""
    dialogs = document.get("dialog", [])
    texts = [n for n, d in enumerate(dialogs) if d.get("type") == "text"]
    if one.channel.is_text:
        return texts
    recordings = [n for n, d in enumerate(dialogs) if d.get("type") == "recording"]
    inside = {n: _digest(dialogs[n]) for n in recordings}
    mine = [n for n, digest in inside.items() if digest == one.recording]
    if mine:
        return mine
    # A recording beside the vCon has no bytes in it to be told by: it is the one that nothing else is.
    others = {p.interaction.recording for p in parts if p.interaction.id != one.id}
    left = [n for n, digest in inside.items() if digest is None or digest not in others]
    return left if len(left) == 1 else []


def _digest(dialog: dict[str, Any]) -> str | None:
    body = _bytes(dialog)
    return None if body is None else hashlib.sha256(body).hexdigest()


def _bytes(dialog: dict[str, Any]) -> bytes | None:
    body = dialog.get("body")
    if not isinstance(body, str) or not body or dialog.get("encoding") not in ("base64url", "base64"):
        return None
    plain = "".join(body.split()).rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def _with_sound(
    store: Store,
    dialog: dict[str, Any],
    number: int,
    one: Interaction | None,
    cleaning: Cleaning | None,
    with_media: bool,
) -> list[dict[str, str]]:
    """Puts in the recording of a dialog as it may leave; gives what is gone."""
    where = f"dialog[{number}].body"
    if one is None:
        if cleaning is None:
            return []
        _without_body(dialog)
        return [{"where": where, "kind": "recording that was not audited"}]
    observations = store.observations(one)
    if not observations.recording.channels and observations.recording.size_px is None:
        # Only its transcript was taken: what lies elsewhere holds all that was taken out of the words.
        told = (
            [{"where": f"dialog[{number}].url", "kind": "address of the recording"}]
            if "url" in dialog
            else []
        )
        if cleaning is not None:
            _without_body(dialog)
        return told if cleaning is not None else []
    if not with_media:
        _without_body(dialog)
        return [{"where": where, "kind": "recording, as asked for"}]
    secret = secrets(observations)
    untouched = _bytes(dialog) is not None and observations.recording.size_px is None
    if cleaning is None and not secret:
        if _bytes(dialog) is None:
            _embed(dialog, Path(one.path), None)
        return []
    said = personal(observations, one)[1] if cleaning is not None else ()
    if untouched and observations.utterances is not None and not silences((*said, *secret)):
        return []
    with tempfile.TemporaryDirectory() as folder:
        path, gone, left_out = write_copy(store, one, observations, said, Path(folder))
        if path is None:
            _without_body(dialog)
        else:
            _embed(dialog, path, MEDIA[path.suffix])
    told = [{"where": where, "kind": f"{g.kind}, from the {g.where}"} for g in gone if g.where != "text"]
    return [*told, *({"where": where, "kind": reason} for reason in left_out)]


def _without_body(dialog: dict[str, Any]) -> None:
    for key in ("body", "encoding", "url", "content_hash", *OF_THE_BODY):
        dialog.pop(key, None)


def _embed(dialog: dict[str, Any], path: Path, mediatype: str | None) -> None:
    if mediatype:
        _without_body(dialog)
        dialog["mediatype"] = mediatype
        if "mimetype" in dialog:
            dialog["mimetype"] = mediatype
    content = path.read_bytes()
    dialog["body"] = base64.urlsafe_b64encode(content).decode().rstrip("=")
    dialog["encoding"] = "base64url"


def _new(store: Store, one: Interaction) -> dict[str, Any]:
    """A vCon of an interaction that came in another form; times that nobody told are not invented."""
    observations = store.observations(one)
    roles = roles_of(store, one)
    parties = [
        {
            key: value
            for key, value in (
                ("role", str(p.role) if p.role else ""),
                ("name", p.name or p.label or ""),
                ("mailto", p.email),
                ("tel", p.phone),
                ("uuid", p.crm or p.employee),
            )
            if value
        }
        for p in one.parties
    ]
    known = {p.label or p.name: n for n, p in enumerate(one.parties)}
    labels = dict.fromkeys(u.speaker for u in observations.utterances or () if u.speaker)
    for label in labels:
        role = roles.get(label)
        same = [n for n, p in enumerate(parties) if role and p.get("role") == role]
        if label not in known and len(same) == 1:
            known[label] = same[0]
        elif label not in known:
            known[label] = len(parties)
            name = one.agent if role == Role.AGENT else one.customer if role == Role.CUSTOMER else None
            parties.append({**({"role": str(role)} if role else {}), "name": name or label})
    document: dict[str, Any] = {
        "vcon": VERSION,
        "uuid": _uuid(one.id),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "subject": one.title,
        "parties": parties,
        "dialog": [],
    }
    if one.started_at and one.channel.is_text:
        document["dialog"] = [_message(one, u, known) for u in observations.utterances or ()]
    elif one.started_at and (observations.recording.channels or observations.recording.size_px):
        whose = [known[f"channel-{c}"] for c in range(2) if f"channel-{c}" in known]
        document["dialog"] = [
            {
                "type": "recording",
                "start": one.started_at,
                "duration": observations.recording.duration_s,
                "parties": whose or list(range(len(parties))),
                "mediatype": "video/mp4" if observations.recording.size_px else "audio/x-wav",
            }
        ]
    return document


def _message(one: Interaction, said: Utterance, known: dict[str, int]) -> dict[str, Any]:
    at = datetime.fromisoformat(one.started_at or "") + timedelta(seconds=said.span.start_s)
    sender = known.get(said.speaker or "")
    return {
        "type": "text",
        "start": at.isoformat(),
        **({"parties": [sender, *(n for n in known.values() if n != sender)]} if sender is not None else {}),
        "mediatype": "text/plain",
        "encoding": "none",
        "body": said.text,
    }


def _analyses(store: Store, part: Part, dialogs: list[int], with_personal: bool) -> Iterator[dict[str, Any]]:
    """Our words, where we recognised them or they have no other place, and the scorecards."""
    one = part.interaction
    observations: Observations = store.observations(one)
    said = observations.utterances or ()
    if said and (is_recognised(observations) or not dialogs):
        shown = said if with_personal else personal(observations, one)[0]
        # In writing the label of a speaker is their name.
        roles = dict(roles_of(store, one))
        labels = dict.fromkeys(u.speaker for u in said)
        called = {
            label: label if with_personal else str(roles.get(label or "") or f"speaker-{number}")
            for number, label in enumerate(labels, 1)
        }
        segments = [
            {"start": u.span.start_s, "end": u.span.end_s, "speaker": called[u.speaker], "text": u.text}
            for u in shown
        ]
        body = {"language": shown[0].language, "segments": segments}
        yield _analysis("transcript", "comport.transcript/1", body, dialogs)
    for card in part.cards:
        yield _analysis("report", SCHEMA, as_json(card), dialogs)


def _analysis(kind: str, schema: str, body: Any, dialogs: list[int]) -> dict[str, Any]:
    from audit.scorecard import SOFTWARE

    return {
        "type": kind,
        **({"dialog": dialogs} if dialogs else {}),
        "mediatype": "application/json",
        "vendor": VENDOR,
        "product": f"Comport {SOFTWARE}",
        "schema": schema,
        "encoding": "json",
        "body": msgspec.to_builtins(body),
    }


def _completed(document: dict[str, Any]) -> Iterator[str]:
    """Puts in what today's vCon asks for and an earlier one lacks; says where. What is there stays."""
    began = document.get("created_at") or datetime.now(UTC).isoformat(timespec="seconds")
    need = {
        "dialog": (("start", began),),
        "attachments": (("start", began), ("party", 0), ("dialog", 0)),
        "analysis": (("type", "unknown"), ("vendor", "unknown")),
    }
    if "created_at" not in document:
        document["created_at"] = began
        yield "created_at"
    if isinstance(document.get("redacted"), dict) and "type" not in document["redacted"]:
        document["redacted"]["type"] = "unknown"
        yield "redacted.type"
    for party in document.get("parties", []):
        if "email" in party and "mailto" not in party:
            party["mailto"] = party["email"]
    for group, wanted in need.items():
        for number, piece in enumerate(document.get(group, [])):
            for key, value in wanted:
                if piece.get(key) is None:
                    piece[key] = value
                    yield f"{group}[{number}].{key}"
            if piece.get("encoding") == "base64":
                body = "".join(str(piece["body"]).split())
                piece["encoding"] = "base64url"
                piece["body"] = body.rstrip("=").replace("+", "-").replace("/", "_")
            if "mimetype" in piece and "mediatype" not in piece:
                piece["mediatype"] = piece["mimetype"]
            if piece.get("alg") and piece.get("signature") and "content_hash" not in piece:
                piece["content_hash"] = f"{str(piece['alg']).lower().replace('-', '')}-{piece['signature']}"
