"""How often somebody tried something lately, counted in the database: by all server processes together.

What is counted is known by a keyed hash: neither addresses nor what was typed as a name can be read there.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select, update

from audit import tables as t
from audit.once import keyed
from audit.store import Store


def count(store: Store, what: str, lasting_s: float, times: int = 1) -> int:
    """Counts `what` so many times more, and gives how often it was counted since the first time within
    `lasting_s`; after that it begins anew."""
    row, now, digest = t.tried.c, datetime.now(UTC), keyed(store, what.encode())
    more = update(t.tried).where(row.digest == digest).values(count=row.count + times).returning(row.count)

    def write() -> int:
        with store.writing() as connection:
            connection.execute(delete(t.tried).where(row.until <= now))
            counted = connection.execute(more).scalar()
            if counted is None:
                counted, until = times, now + timedelta(seconds=lasting_s)
                connection.execute(insert(t.tried).values(digest=digest, count=times, until=until))
            return int(counted)

    return store.again(write)


def counted(store: Store, what: str) -> tuple[int, datetime]:
    """How often `what` was counted, and until when that counts: (0, now) where it was not."""
    row, now = t.tried.c, datetime.now(UTC)
    query = select(row.count, row.until).where(row.digest == keyed(store, what.encode()), row.until > now)
    with store.reading() as connection:
        found = connection.execute(query).one_or_none()
    return (found[0], found[1]) if found else (0, now)


def forget(store: Store, what: str | None = None) -> int:
    """Counts `what` (None: everything) from nothing on; gives how much was forgotten."""
    mine = [] if what is None else [t.tried.c.digest == keyed(store, what.encode())]
    with store.writing() as connection:
        return connection.execute(delete(t.tried).where(*mine)).rowcount
