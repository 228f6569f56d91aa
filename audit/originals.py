"""Documents as they came in, kept so that they can be given out again with nothing lost but card data."""

import base64
import binascii
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update

from audit import tables as t
from audit.interactions import Interaction
from audit.records import interaction_of
from audit.store import Store
from models.cutting import cut_words
from models.observations import UNDETERMINED, Span, Utterance
from models.transcripts import spread


def keep_original(store: Store, interaction: str, document: bytes | None) -> None:
    """Stores the document (JSON) that an interaction came in without card data, instead of an earlier one;
    without one, nothing."""
    if document is None:
        return
    row = {"document": zlib.compress(without_card_data(document)), "added_at": datetime.now(UTC)}
    with store.writing() as connection:
        same = t.original.c.interaction_id == interaction
        if not connection.execute(update(t.original).where(same).values(**row)).rowcount:
            connection.execute(insert(t.original).values(interaction_id=interaction, **row))


def original(store: Store, interaction: str) -> bytes | None:
    """The document that an interaction came in, None where its format is not given out again."""
    with store.reading() as connection:
        packed = connection.execute(
            select(t.original.c.document).where(t.original.c.interaction_id == interaction)
        ).scalar()
    return None if packed is None else zlib.decompress(packed)


def together(store: Store, one: Interaction) -> tuple[Interaction, ...]:
    """All interactions that came in the same vCon, this one among them."""
    if not (one.source.startswith("vcon") and one.source_id):
        return (one,)
    row = t.interaction.c
    query = select(t.interaction).where(row.source_id == one.source_id, row.source.startswith("vcon"))
    with store.reading() as connection:
        found = tuple(interaction_of(r) for r in connection.execute(query.order_by(row.id)))
    same = original(store, one.id)
    return tuple(other for other in found if other.id == one.id or original(store, other.id) == same)


def recut_originals(store: Store) -> int:
    """Takes card data out of the documents that earlier versions kept; gives of how many."""
    with store.reading() as connection:
        names = connection.execute(select(t.original.c.interaction_id)).scalars().all()
    changed = 0
    for name in names:
        document = original(store, name)
        if document is not None and without_card_data(document) is not document:
            keep_original(store, name, document)
            changed += 1
    return changed


class _Text(NamedTuple):
    """A text of the document and who says it, as far as its neighbours tell."""

    text: str
    speaker: str


def without_card_data(document: bytes) -> bytes:
    """The JSON document with marks for card data and secrets in its texts, also in encoded ones; the same
    object when there are none. A seal holds no longer then, so what was sealed is given without it.

    Sound and pictures in it are left as they are.
    """
    value = json.loads(document)
    sealed = opened(value.get("payload"), "base64url") if isinstance(value, dict) else None
    body = value if sealed is None else sealed
    texts = list(_texts(body, ""))
    said = tuple(
        Utterance(Span(at, at), one.speaker, UNDETERMINED, one.text, spread(one.text, Span(at, at)))
        for at, one in enumerate(texts)
    )
    cut, found = cut_words(said)
    if not found:
        return document
    return json.dumps(_with(body, (one.text for one in cut)), ensure_ascii=False).encode()


_SPEAKERS = ("originator", "speaker", "speaker_id", "participant_id", "parties", "party", "channel", "from")
"""Where vCons and the transcripts in them say who speaks."""

_TECHNICAL = {
    *(
        *_SPEAKERS,
        "uuid",
        "id",
        "url",
        "content_hash",
        "signature",
        "alg",
        "protected",
        "payload",
        "filename",
    ),
    *("start", "end", "encoding", "mediatype", "mimetype", "message_id", "created_at", "updated_at"),
    *("duration", "vcon", "tel", "sip", "stir", "timestamp", "date"),
}
"""Keys of values that hold no words; there are digits in some of them."""


def _texts(value: Any, speaker: str) -> Iterator[_Text]:
    """The texts of a value in their order; `_with` puts others in the same order into their places."""
    if isinstance(value, dict):
        named = next((repr(value[key]) for key in _SPEAKERS if key in value), speaker)
        for key, one in value.items():
            if key not in _TECHNICAL:
                inside = opened(one, value.get("encoding")) if key == "body" else None
                yield from _texts(one if inside is None else inside, named)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, speaker)
    elif isinstance(value, str):
        yield _Text(value, speaker)


def _with(value: Any, texts: Iterator[str]) -> Any:
    if isinstance(value, dict):
        done = {}
        for key, one in value.items():
            inside = opened(one, value.get("encoding")) if key == "body" else None
            if key in _TECHNICAL:
                done[key] = one
            elif inside is None:
                done[key] = _with(one, texts)
            else:
                done[key] = closed(_with(inside, texts), inside, one, value["encoding"])
        return done
    if isinstance(value, list):
        return [_with(one, texts) for one in value]
    return next(texts) if isinstance(value, str) else value


def opened(body: Any, encoding: Any) -> Any:
    """What an encoded body holds if it is text or JSON, else None."""
    if not isinstance(body, str):
        return None
    try:
        if encoding in ("base64url", "base64"):
            plain = "".join(body.split()).rstrip("=").replace("+", "-").replace("/", "_")
            text = base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4)).decode()
        elif encoding == "json":
            text = body
        else:
            return None
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text if encoding != "json" else None


def closed(value: Any, before: Any, body: str, encoding: str) -> str:
    """A body encoded as it was; the very same where nothing in it changed."""
    if value == before:
        return body
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if encoding == "json" else base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
