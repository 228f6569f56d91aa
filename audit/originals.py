"""Documents as they came in, kept whole so that they can be given out again with nothing lost."""

import zlib
from datetime import UTC, datetime

from sqlalchemy import insert, select, update

from audit import tables as t
from audit.store import Store


def keep_original(store: Store, interaction: str, document: bytes | None) -> None:
    """Stores the document that an interaction came in, instead of an earlier one; without one, nothing."""
    if document is None:
        return
    row = {"document": zlib.compress(document), "added_at": datetime.now(UTC)}
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
